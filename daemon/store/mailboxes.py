"""Rows of mailboxes: epoch, cursors, when to poll next, what went wrong."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, update

from daemon.store.dialect import add, upsert
from daemon.store.errors import StoreError, StoreErrorKind
from daemon.store.tables import cursor, mail, mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxRow:
    id: str
    epoch: int
    first_run: bool
    """Its history is being read, and nothing of it is pushed."""
    next_poll_at: datetime | None
    last_ok_at: datetime | None
    failing_since: datetime | None
    last_error: str | None
    last_error_kind: str | None
    permanent: bool
    """Trying again will not help: somebody has to change something."""
    last_mail_at: datetime | None
    """When the last marketplace mail arrived."""


class Mailboxes:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, ids: Collection[str], now: datetime) -> None:
        """A row for each mailbox; a new one is due at once."""
        for name in ids:
            add(self._connection, mailbox, {"id": name, "next_poll_at": now})

    def get(self, name: str) -> MailboxRow:
        """Raises KeyError."""
        row = (
            self._connection.execute(select(mailbox).where(mailbox.c.id == name))
            .mappings()
            .one_or_none()
        )
        if row is None:
            raise KeyError(name)
        return MailboxRow(**row)

    def all(self) -> tuple[MailboxRow, ...]:
        rows = self._connection.execute(select(mailbox).order_by(mailbox.c.id)).mappings()
        return tuple(MailboxRow(**row) for row in rows)

    def begin_poll(self, name: str, next_poll_at: datetime) -> int:
        """Raise the epoch and return it: older workers of this mailbox are fenced off from now on.

        `next_poll_at`: when somebody else should try, should this poll never end.
        """
        statement = (
            update(mailbox)
            .where(mailbox.c.id == name)
            .values(epoch=mailbox.c.epoch + 1, next_poll_at=next_poll_at)
            .returning(mailbox.c.epoch)
        )
        return int(self._connection.execute(statement).scalar_one())

    def due(self, now: datetime) -> tuple[str, ...]:
        """Mailboxes that should be polled now."""
        statement = (
            select(mailbox.c.id)
            .where(mailbox.c.next_poll_at <= now)
            .order_by(mailbox.c.next_poll_at)
        )
        return tuple(self._connection.execute(statement).scalars())

    def hurry(self, name: str, now: datetime) -> None:
        """Poll it soon: a person has mended something."""
        self._set(name, next_poll_at=now)

    def fence(self, name: str, epoch: int) -> None:
        """Raises StoreError(FENCED) when a newer worker has begun."""
        current = self._connection.execute(
            select(mailbox.c.epoch).where(mailbox.c.id == name)
        ).scalar_one_or_none()
        if current != epoch:
            raise StoreError(
                StoreErrorKind.FENCED, f"mailbox {name}: another worker has taken over"
            )

    def cursor(self, name: str, folder: str) -> tuple[int, int] | None:
        """(UIDVALIDITY, last UID) of the folder."""
        statement = select(cursor.c.uidvalidity, cursor.c.last_uid).where(
            cursor.c.mailbox == name, cursor.c.folder == folder
        )
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else (row.uidvalidity, row.last_uid)

    def advance(self, name: str, folder: str, uidvalidity: int, uid: int) -> None:
        """Move the cursor on; within one UIDVALIDITY it never goes back."""
        found = self.cursor(name, folder)
        if found and found[0] == uidvalidity and found[1] >= uid:
            return
        row = {"mailbox": name, "folder": folder, "uidvalidity": uidvalidity, "last_uid": uid}
        upsert(self._connection, cursor, row)

    def renumber(self, name: str, folder: str, uidvalidity: int) -> None:
        """The server gives UIDs anew. Rows of mails that were none of ours, or were never read to
        their end, go.

        They tell nothing any more: what is still there is read under its new number. Where the
        server counts no
        generations (UIDVALIDITY 0 again), the old rows get a generation of ours, below zero.
        """
        ours = (mail.c.mailbox == name, mail.c.folder == folder)
        unread = and_(mail.c.state.in_(("new", "ignored")), mail.c.digest.is_(None))
        self._connection.execute(delete(mail).where(*ours, unread))
        lowest = self._connection.execute(
            select(func.min(mail.c.uidvalidity)).where(*ours)
        ).scalar_one()
        statement = update(mail).where(*ours, mail.c.uidvalidity == uidvalidity)
        self._connection.execute(statement.values(uidvalidity=min(0, lowest or 0) - 1))
        self._connection.execute(
            delete(cursor).where(cursor.c.mailbox == name, cursor.c.folder == folder)
        )

    def forget_cursors(self) -> None:
        """Read every mailbox again from its `backfill` on, silently: after a restored copy."""
        self._connection.execute(delete(cursor))
        self._connection.execute(update(mailbox).values(first_run=True))

    def succeeded(
        self, name: str, now: datetime, next_poll_at: datetime, *, missing: str | None = None
    ) -> None:
        """A poll came to its end. `missing` says which folders are not there: the rest is read, and
        this stays told.
        """
        self._set(
            name,
            last_ok_at=now,
            next_poll_at=next_poll_at,
            failing_since=(self.get(name).failing_since or now) if missing else None,
            last_error=missing,
            last_error_kind="folder" if missing else None,
            permanent=missing is not None,
        )

    def failed(
        self,
        name: str,
        now: datetime,
        *,
        kind: str,
        what: str,
        permanent: bool,
        next_poll_at: datetime,
    ) -> None:
        before = self.get(name)
        self._set(
            name,
            failing_since=before.failing_since or now,
            last_error=what,
            last_error_kind=kind,
            permanent=permanent
            or before.permanent,  # a server that is away as well has mended nothing
            next_poll_at=next_poll_at,
        )

    def first_run_over(self, name: str) -> None:
        self._set(name, first_run=False)

    def heard(self, name: str, arrived: datetime) -> None:
        """A marketplace mail arrived then."""
        statement = update(mailbox).where(
            mailbox.c.id == name,
            (mailbox.c.last_mail_at.is_(None)) | (mailbox.c.last_mail_at < arrived),
        )
        self._connection.execute(statement.values(last_mail_at=arrived))

    def _set(self, name: str, **values: Any) -> None:
        self._connection.execute(update(mailbox).where(mailbox.c.id == name).values(values))
