"""One look at a folder: what is new, in the order of its UIDs, headers first, whole mails only
where wanted.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from daemon.mailbox.arrived import Arrived, Cursor, Polled
from daemon.mailbox.connection import (
    BODY_BYTES,
    HEADER_BYTES,
    Connection,
    FetchedHeader,
    Folder,
    uid_set,
)
from daemon.mailbox.errors import MailboxError, MailboxErrorKind

BATCH = 200
"""Headers asked for in one command."""
BODIES = 50
"""Whole mails asked for in one command, as long as they stay below 8 MB together."""
RESCAN = 1000
WINDOW = 100_000
"""Mails in one search: an answer of about 1 MB."""

Wanted = Callable[[bytes], bool]
Sink = Callable[[Arrived], None]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOptions:
    """What not every look at a folder needs."""

    unfinished: bool = False
    """A first run was cut off: what the server received before `since` is passed over still."""
    on_reset: Callable[[int], None] | None = None
    """Hears the new UIDVALIDITY before any mail."""
    progress: Callable[[int, int], None] | None = None
    """Hears how many of how many mails are done."""


class FolderPoll:
    """One look at one folder, which is open. Every method raises MailboxError, and whatever the
    sink raises.
    """

    def __init__(self, connection: Connection, folder: Folder, wanted: Wanted, sink: Sink) -> None:
        self._connection = connection
        self._folder = folder
        self._wanted = wanted
        self._sink = sink
        self._seen = 0
        self._gone: list[int] = []
        self._missing: list[int] = []

    def new(self, cursor: Cursor | None, since: datetime | None, options: PollOptions) -> Polled:
        """Give every mail after `cursor` to the sink, once, UIDs ascending.

        `since` bounds the first run, a run after a reset, and an unfinished one: mails the server
        received earlier are passed over.
        """
        reset = cursor is not None and self._is_reset(cursor)
        if reset and options.on_reset:
            options.on_reset(self._folder.uidvalidity)
        known = 0 if cursor is None or reset else cursor.last_uid
        last = self._last(known)
        bound = since if cursor is None or reset or options.unfinished else None
        self._give(self._existing(known + 1, last, bound), bound, options.progress)
        return self._polled(max(known, last), reset=reset)

    def late(
        self,
        cursor: Cursor,
        known: Callable[[int, int], Iterable[int]],
        since: datetime | None,
    ) -> Polled:
        """Look through the last 1,000 UIDs before the cursor for mails that were never given.

        A server made of several machines may show UID 8 before UID 7. `known(first, last)` tells
        the UIDs that are on record; the cursor stays where it is. After a UIDVALIDITY change
        nothing is done: the next poll reads anew.
        """
        first, last = max(1, cursor.last_uid - RESCAN + 1), cursor.last_uid
        if last < 1 or self._is_reset(cursor):
            return self._polled(last, reset=last >= 1)
        on_record = set(known(first, last))
        late = [uid for uid in self._existing(first, last, since) if uid not in on_record]
        self._give(late, since)
        return self._polled(last)

    def again(self, uidvalidity: int, uids: Sequence[int]) -> Polled:
        """Ask again for single mails, such as those that were `missing`. Nothing is given when
        UIDVALIDITY has changed.
        """
        last = max(uids, default=0)
        if self._folder.uidvalidity != uidvalidity:
            return self._polled(last, reset=True)
        self._give(sorted(uids))
        return self._polled(last)

    def _is_reset(self, cursor: Cursor) -> bool:
        state = self._folder
        if cursor.uidvalidity != state.uidvalidity:
            return True
        # Where the server counts no generations, going backwards is the only sign of one.
        backwards = state.uidnext is not None and state.uidnext <= cursor.last_uid
        return state.uidvalidity == 0 and backwards

    def _last(self, known: int) -> int:
        if self._folder.uidnext is not None:
            return self._folder.uidnext - 1
        return self._connection.last_uid() if self._folder.exists else known

    def _existing(self, first: int, last: int, since: datetime | None) -> list[int]:
        """UIDs that exist in the range. SINCE compares days in whatever zone the server likes, so
        one more is asked for.
        """
        if last < first:
            return []
        day: date | None = (since - timedelta(days=1)).date() if since else None
        width = (last - first) // (self._folder.exists // WINDOW + 1) + 1
        return [
            uid
            for start in range(first, last + 1, width)
            for uid in self._connection.search(start, min(start + width - 1, last), day)
        ]

    def _give(
        self,
        uids: Sequence[int],
        since: datetime | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        for start in range(0, len(uids), BATCH):
            for mail in self._mails(uids[start : start + BATCH], since):
                self._seen += 1
                if mail.missing:
                    self._missing.append(mail.uid)
                self._sink(mail)
            if progress:
                progress(min(start + BATCH, len(uids)), len(uids))

    def _mails(self, uids: Sequence[int], since: datetime | None) -> Iterator[Arrived]:
        shown, gone = headers(self._connection, uids)
        self._gone += gone
        shown = [mail for mail in shown if not _is_older(mail, since)]
        needed = [mail for mail in shown if self._is_needed(mail)]
        groups = iter(_groups(needed))
        bodies: dict[int, bytes] = {}
        asked = -1  # highest UID whose body was asked for
        ours = {mail.uid for mail in needed}
        for mail in shown:
            if mail.uid in ours and mail.uid > asked:
                group = next(groups)
                asked = group[-1].uid
                bodies = _bodies(self._connection, group)
            raw = bodies.pop(mail.uid, None)
            missing = mail.uid in ours and raw is None
            if missing and not self._connection.search(mail.uid, mail.uid):
                self._gone.append(mail.uid)
                continue
            yield self._arrived(mail, raw, missing=missing)

    def _is_needed(self, mail: FetchedHeader) -> bool:
        return mail.header is None or self._wanted(mail.header[:HEADER_BYTES])

    def _arrived(self, mail: FetchedHeader, raw: bytes | None, *, missing: bool) -> Arrived:
        return Arrived(
            mailbox=self._connection.account.id,
            folder=self._folder.name,
            uidvalidity=self._folder.uidvalidity,
            uid=mail.uid,
            internal_date=mail.received or datetime.now(UTC),
            size=max(mail.size, len(raw or b"")),
            raw=raw,
            header=(mail.header or _header_of(raw or b""))[:HEADER_BYTES],
            flags=mail.flags,
            missing=missing,
        )

    def _polled(self, last: int, *, reset: bool = False) -> Polled:
        return Polled(
            folder=self._folder.name,
            cursor=Cursor(uidvalidity=self._folder.uidvalidity, last_uid=last),
            seen=self._seen,
            gone=tuple(self._gone),
            missing=tuple(self._missing),
            reset=reset,
        )


def headers(
    connection: Connection, uids: Sequence[int]
) -> tuple[list[FetchedHeader], tuple[int, ...]]:
    """What the server shows of `uids`, ascending, and those of them that are gone.

    What it leaves out is asked for again; what it refuses for good is shown without a header.
    """

    def ask(some: Sequence[int]) -> dict[int, FetchedHeader]:
        return connection.headers(uid_set(some))

    shown = _patiently(connection, "header", uids, ask)
    again = [uid for uid in uids if uid not in shown or shown[uid].header is None]
    if again:
        shown |= _patiently(connection, "header", again, ask)
    lost = [uid for uid in uids if uid not in shown]
    there = set(connection.search(lost[0], lost[-1])) if lost else set()
    for uid in there.intersection(lost):
        shown[uid] = FetchedHeader(uid=uid, received=None, size=0, header=None, flags=())
    return [shown[uid] for uid in uids if uid in shown], tuple(
        uid for uid in lost if uid not in there
    )


def _bodies(connection: Connection, group: Sequence[FetchedHeader]) -> dict[int, bytes]:
    beginning = group[0].size > BODY_BYTES

    def ask(some: Sequence[int]) -> dict[int, bytes]:
        return connection.bodies(some, beginning=beginning)

    uids = [mail.uid for mail in group]
    found = _patiently(connection, "body", uids, ask)
    if again := [uid for uid in uids if uid not in found]:
        found |= _patiently(connection, "body", again, ask)
    return found


def _groups(mails: Sequence[FetchedHeader]) -> list[list[FetchedHeader]]:
    """Mails to ask for together; one over 8 MB stands alone."""
    groups: list[list[FetchedHeader]] = []
    total = 0
    for mail in mails:
        total += mail.size
        if not groups or total > BODY_BYTES or len(groups[-1]) >= BODIES:
            groups.append([])
            total = mail.size
        groups[-1].append(mail)
    return groups


def _header_of(raw: bytes) -> bytes:
    head, blank, _ = raw.partition(b"\r\n\r\n")
    return head + blank


def _is_older(mail: FetchedHeader, since: datetime | None) -> bool:
    return since is not None and mail.received is not None and mail.received < since


def _patiently(
    connection: Connection,
    what: str,
    uids: Sequence[int],
    ask: Callable[[Sequence[int]], dict[int, Found]],
) -> dict[int, Found]:
    """Ask for all at once, save for mails on which the connection broke before (`PoisonMails`)."""
    folder = connection.folder
    place = (what, folder.name, folder.uidvalidity) if folder else (what, "", 0)
    poison = connection.meter.poison
    found: dict[int, Found] = {}
    for group in poison.groups(place, uids):
        with poison.watching(place, group):
            found |= _one_by_one_if_refused(connection, group, ask)
    return found


def _one_by_one_if_refused(
    connection: Connection, uids: Sequence[int], ask: Callable[[Sequence[int]], dict[int, Found]]
) -> dict[int, Found]:
    """When the server refuses, ask for each mail alone, so that a broken one does not hide the
    others.

    A refusal of everything, down to the flags, is the server's trouble and is raised.
    """
    try:
        return ask(uids)
    except MailboxError as refusal:
        if refusal.kind is not MailboxErrorKind.TEMPORARY:
            raise
        connection.flags(uids)
    found: dict[int, Found] = {}
    for uid in uids:
        try:
            found |= ask([uid])
        except MailboxError as refusal:
            if refusal.kind is not MailboxErrorKind.TEMPORARY:
                raise
    return found
