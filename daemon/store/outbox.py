"""Rows of messages on their way: one for each message and target, claimed before they are sent."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, func, select, union, update

from daemon.store.dialect import add, upsert
from daemon.store.tables import SENDING, TO_SEND, outbox, target

STRANGE = "strange-"
"""Stands in the key of a message that is only there because of mail nobody vouches for."""


class OutboxState(StrEnum):
    NEW = "new"
    SENDING = "sending"
    """Committed before the call: found at a start, nobody knows whether it went out."""
    SENT = "sent"
    UNSURE = "unsure"
    """It was sent and no answer came; goes out once more, marked, or not, as the target wants
    it.
    """
    DEAD = "dead"
    """Given up, shown in the list."""
    FOLDED = "folded"
    """Went out as a line of a later message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to be put into the outbox of one target."""

    key: str
    """The same for every try of one message."""
    target: str
    message: int
    severity: str
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    id: int
    key: str
    """The same for every try of one message."""
    target: str
    message: int
    state: OutboxState
    tries: int
    severity: str
    title: str
    body: str
    created_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None
    error: str | None
    doubt: bool
    """An earlier try may have gone out."""
    limited: bool
    """Held back by the hour's limit."""

    @property
    def strange(self) -> bool:
        """Only mail that nobody vouches for is the cause of it."""
        return STRANGE in self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    id: str
    failures: int
    """In a row."""
    permanent: bool
    failing_since: datetime | None
    last_ok_at: datetime | None
    last_error: str | None


BY_STRANGERS = outbox.c.key.contains(STRANGE)


class Outbox:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, one: Outgoing, now: datetime) -> int | None:
        """A message for one target, due at once; None when the same key is already there."""
        values = asdict(one) | {"state": OutboxState.NEW, "created_at": now, "next_try_at": now}
        number: int | None = add(self._connection, outbox, values, returning="id")
        return number

    def due_for(self, target_id: str, now: datetime, *, limit: int = 200) -> tuple[OutboxRow, ...]:
        """What can be sent to the target now: what strangers cause last, the critical before the
        rest, then oldest first.
        """
        statement = select(outbox).where(
            TO_SEND, outbox.c.target == target_id, outbox.c.next_try_at <= now
        )
        order = (BY_STRANGERS, outbox.c.severity != "critical", outbox.c.id)
        return self._rows(statement.order_by(*order).limit(limit))

    def due_targets(self, now: datetime) -> tuple[str, ...]:
        """Targets that something can be sent to now, or whose sending was never marked."""
        ready = select(outbox.c.target).where(TO_SEND, outbox.c.next_try_at <= now)
        begun = select(outbox.c.target).where(SENDING)
        return tuple(sorted(self._connection.execute(union(ready, begun)).scalars()))

    def claim(self, number: int) -> OutboxRow | None:
        """Take the row for sending, one try more; None when somebody else has it or it is done."""
        statement = (
            update(outbox)
            .where(outbox.c.id == number, outbox.c.state.in_((OutboxState.NEW, OutboxState.UNSURE)))
            .values(state=OutboxState.SENDING, tries=outbox.c.tries + 1)
            .returning(outbox)
        )
        row = self._connection.execute(statement).mappings().one_or_none()
        return None if row is None else _row(row)

    def end(
        self,
        number: int,
        state: OutboxState,
        *,
        error: str | None = None,
        doubt: bool = False,
        next_try_at: datetime | None = None,
        sent_at: datetime | None = None,
    ) -> None:
        values = {
            "state": state,
            "error": error,
            "doubt": doubt,
            "next_try_at": next_try_at,
            "sent_at": sent_at,
        }
        self._connection.execute(update(outbox).where(outbox.c.id == number).values(values))

    def doubt_waiting(self) -> int:
        """Treat all that waits as if its sender had died: after a restore it may have gone out.

        The next start marks each as its target wants it. How many.
        """
        statement = (
            update(outbox)
            .where(outbox.c.state.in_((OutboxState.NEW, OutboxState.UNSURE)))
            .values(state=OutboxState.SENDING)
        )
        return self._connection.execute(statement).rowcount

    def left_sending(self, target_id: str | None = None) -> tuple[OutboxRow, ...]:
        """Rows, of the target or of all, whose sender died between the call and its mark."""
        statement = select(outbox).where(SENDING)
        return self._rows(statement.where(outbox.c.target == target_id) if target_id else statement)

    def with_key(self, key: str, target_id: str) -> OutboxRow | None:
        rows = self._rows(select(outbox).where(outbox.c.key == key, outbox.c.target == target_id))
        return rows[0] if rows else None

    def listed(
        self, *, states: Collection[OutboxState] = (), limit: int = 1000
    ) -> tuple[OutboxRow, ...]:
        """Newest first."""
        statement: Select[Any] = select(outbox)
        if states:
            statement = statement.where(outbox.c.state.in_(states))
        return self._rows(statement.order_by(outbox.c.id.desc()).limit(limit))

    def of_message(self, number: int) -> tuple[OutboxRow, ...]:
        """What was made of the message, one row a target."""
        return self._rows(select(outbox).where(outbox.c.message == number).order_by(outbox.c.id))

    def waiting(self, target_id: str) -> int:
        """Messages that wait for the target."""
        counted = (
            self._connection.execute(
                select(func.count()).where(outbox.c.target == target_id, waits)
            ).scalar_one()
            for waits in (TO_SEND, SENDING)  # each as its index says it
        )
        return sum(map(int, counted))

    def counts(self) -> dict[tuple[str, OutboxState], int]:
        """How many messages of each target have which state."""
        statement = select(outbox.c.target, outbox.c.state, func.count().label("rows")).group_by(
            outbox.c.target, outbox.c.state
        )
        return {
            (row.target, OutboxState(row.state)): row.rows
            for row in self._connection.execute(statement)
        }

    def sent_times(
        self, target_id: str, since: datetime, *, strange: bool = False
    ) -> tuple[datetime, ...]:
        """When the target was sent to since then, oldest first; with `strange` only what strangers
        caused.
        """
        statement = select(outbox.c.sent_at).where(
            outbox.c.target == target_id, outbox.c.sent_at > since
        )
        if strange:
            statement = statement.where(BY_STRANGERS)
        return tuple(self._connection.execute(statement.order_by(outbox.c.sent_at)).scalars())

    def hold_back(self, number: int, until: datetime) -> None:
        """The target had its share of this hour."""
        values = {"next_try_at": until, "limited": True}
        self._connection.execute(update(outbox).where(outbox.c.id == number).values(values))

    def hurry(self, target_id: str, now: datetime) -> None:
        """Everything that waits for the target is due now."""
        statement = update(outbox).where(
            TO_SEND, outbox.c.target == target_id, outbox.c.next_try_at > now
        )
        self._connection.execute(statement.values(next_try_at=now))

    # targets

    def target(self, target_id: str) -> TargetRow:
        row = (
            self._connection.execute(select(target).where(target.c.id == target_id))
            .mappings()
            .one_or_none()
        )
        if row is None:
            return TargetRow(
                id=target_id,
                failures=0,
                permanent=False,
                failing_since=None,
                last_ok_at=None,
                last_error=None,
            )
        return TargetRow(**row)

    def failing_targets(self) -> tuple[str, ...]:
        """Targets whose last try failed."""
        statement = select(target.c.id).where(target.c.failing_since.is_not(None))
        return tuple(self._connection.execute(statement.order_by(target.c.id)).scalars())

    def target_ok(self, target_id: str, now: datetime) -> None:
        values = {
            "failures": 0,
            "permanent": False,
            "failing_since": None,
            "last_ok_at": now,
            "last_error": None,
        }
        upsert(self._connection, target, {"id": target_id} | values)

    def target_failed(
        self, target_id: str, now: datetime, reason: str, *, permanent: bool
    ) -> TargetRow:
        before = self.target(target_id)
        values = {
            "failures": before.failures + 1,
            "permanent": permanent,
            "failing_since": before.failing_since or now,
            "last_ok_at": before.last_ok_at,
            "last_error": reason,
        }
        upsert(self._connection, target, {"id": target_id} | values)
        return self.target(target_id)

    def _rows(self, statement: Select[Any]) -> tuple[OutboxRow, ...]:
        return tuple(_row(row) for row in self._connection.execute(statement).mappings())


def _row(row: Any) -> OutboxRow:
    return OutboxRow(**(dict(row) | {"state": OutboxState(row["state"])}))
