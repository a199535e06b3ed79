"""What people told, newest first, and what they took back: appended, never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from daemon.store.dialect import add
from daemon.store.tables import told


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAnswer:
    """How one alert stood before and after it was answered, as `codec.answer_to_json` writes it."""

    alert: int
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRow:
    id: int
    at: datetime
    kind: str
    """note, assignment, import, ack, snooze, resolve or undo."""
    channel: str
    """terminal, phone, star …"""
    what: str
    """In short, where its events do not say it: the files of an import."""
    answers: tuple[AlertAnswer, ...] = ()
    undoes: int | None = None


class ToldRows:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        kind: str,
        channel: str,
        at: datetime,
        *,
        what: str = "",
        answers: tuple[AlertAnswer, ...] = (),
        undoes: int | None = None,
    ) -> int:
        """Write down that it was told; the number of its row."""
        written = [
            {"alert": one.alert, "before": one.before, "after": one.after} for one in answers
        ]
        values = {
            "at": at,
            "kind": kind,
            "channel": channel,
            "what": what,
            "answers": written or None,
            "undoes": undoes,
        }
        return int(add(self._connection, told, values, returning="id"))

    def get(self, number: int) -> ToldRow | None:
        rows = self._rows(select(told).where(told.c.id == number))
        return rows[0] if rows else None

    def standing(self, limit: int) -> tuple[ToldRow, ...]:
        """What was told and not taken back, newest first."""
        undone = select(told.c.undoes).where(told.c.undoes.is_not(None))
        statement = select(told).where(told.c.undoes.is_(None), told.c.id.not_in(undone))
        return self._rows(statement.order_by(told.c.at.desc(), told.c.id.desc()).limit(limit))

    def undone(self, number: int) -> bool:
        found = self._connection.execute(select(told.c.id).where(told.c.undoes == number))
        return found.first() is not None

    def _rows(self, statement: Select[Any]) -> tuple[ToldRow, ...]:
        return tuple(_row(row) for row in self._connection.execute(statement))


def _row(row: Any) -> ToldRow:
    return ToldRow(
        id=row.id,
        at=row.at,
        kind=row.kind,
        channel=row.channel,
        what=row.what,
        answers=tuple(AlertAnswer(**one) for one in row.answers or ()),
        undoes=row.undoes,
    )
