"""One look at a folder: what is new, in the order of its UIDs, headers first, whole mails only
where wanted.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from daemon.mailbox.arrived import Arrived, Cursor, Polled
from daemon.mailbox.connection import (
    BODY_BYTES,
    HEADER_BYTES,
    Connection,
    Folder,
    Shown,
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


@dataclass(slots=True)
class Tally:
    seen: int = 0
    gone: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)


def poll(
    talk: Connection,
    folder: str,
    cursor: Cursor | None,
    since: datetime | None,
    wanted: Wanted,
    sink: Sink,
    *,
    unfinished: bool = False,
    on_reset: Callable[[int], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Polled:
    """Give every mail after `cursor` to `sink`, once, UIDs ascending. Raises MailboxError, and
    whatever `sink` raises.

    `since` bounds the first run, a run after a reset, and with `unfinished` the rest of a first run
    that was cut off:
    mails the server received earlier are passed over. `on_reset` hears the new UIDVALIDITY before
    any mail.
    `progress` hears how many of how many mails are done.
    """
    state = talk.examine(folder)
    reset = cursor is not None and _is_reset(cursor, state)
    if reset and on_reset:
        on_reset(state.uidvalidity)
    known = 0 if cursor is None or reset else cursor.last_uid
    last = _last(talk, state, known)
    bound = since if cursor is None or reset or unfinished else None
    uids = _new(talk, state, known + 1, last, bound)
    tally = Tally()
    for start in range(0, len(uids), BATCH):
        for mail in _mails(talk, state, uids[start : start + BATCH], bound, wanted, tally):
            sink(mail)
        if progress:
            progress(min(start + BATCH, len(uids)), len(uids))
    return _polled(state, max(known, last), tally, reset=reset)


def rescan(
    talk: Connection,
    folder: str,
    cursor: Cursor,
    known: Callable[[int, int], Iterable[int]],
    since: datetime | None,
    wanted: Wanted,
    sink: Sink,
) -> Polled:
    """Look through the last 1,000 UIDs before the cursor for mails that were never given to a sink.

    A server made of several machines may show UID 8 before UID 7. `known(first, last)` tells the
    UIDs that are on
    record; the cursor stays where it is. After a UIDVALIDITY change nothing is done: the next poll
    reads anew.
    """
    state = talk.examine(folder)
    tally = Tally()
    first, last = max(1, cursor.last_uid - RESCAN + 1), cursor.last_uid
    if last < 1 or _is_reset(cursor, state):
        return _polled(state, last, tally, reset=last >= 1)
    on_record = set(known(first, last))
    late = [uid for uid in _new(talk, state, first, last, since) if uid not in on_record]
    for start in range(0, len(late), BATCH):
        for mail in _mails(talk, state, late[start : start + BATCH], since, wanted, tally):
            sink(mail)
    return _polled(state, last, tally)


def fetch(
    talk: Connection, folder: str, uidvalidity: int, uids: Sequence[int], sink: Sink
) -> Polled:
    """Ask again for single mails, such as those that were `missing`. Nothing is given when
    UIDVALIDITY has changed.
    """
    state = talk.examine(folder)
    tally = Tally()
    last = max(uids, default=0)
    if state.uidvalidity != uidvalidity:
        return _polled(state, last, tally, reset=True)
    for start in range(0, len(uids), BATCH):
        for mail in _mails(
            talk, state, sorted(uids)[start : start + BATCH], None, lambda _header: True, tally
        ):
            sink(mail)
    return _polled(state, last, tally)


def _is_reset(cursor: Cursor, state: Folder) -> bool:
    if cursor.uidvalidity != state.uidvalidity:
        return True
    # Where the server counts no generations, going backwards is the only sign of one.
    return state.uidvalidity == 0 and state.uidnext is not None and state.uidnext <= cursor.last_uid


def _last(talk: Connection, state: Folder, known: int) -> int:
    if state.uidnext is not None:
        return state.uidnext - 1
    return talk.last_uid() if state.exists else known


def _new(
    talk: Connection, state: Folder, first: int, last: int, since: datetime | None
) -> list[int]:
    """UIDs that exist in the range. SINCE compares days in whatever zone the server likes, so one
    more is asked for.
    """
    if last < first:
        return []
    day: date | None = (since - timedelta(days=1)).date() if since else None
    parts = state.exists // WINDOW + 1
    width = (last - first) // parts + 1
    return [
        uid
        for start in range(first, last + 1, width)
        for uid in talk.search(start, min(start + width - 1, last), day)
    ]


def _mails(
    talk: Connection,
    state: Folder,
    uids: Sequence[int],
    since: datetime | None,
    wanted: Wanted,
    tally: Tally,
) -> Iterator[Arrived]:
    shown = [mail for mail in _headers(talk, uids, tally) if not _is_older(mail, since)]
    needed = [mail for mail in shown if mail.header is None or wanted(mail.header[:HEADER_BYTES])]
    groups = iter(_groups(needed))
    bodies: dict[int, bytes] = {}
    asked = -1  # highest UID whose body was asked for
    ours = {mail.uid for mail in needed}
    for mail in shown:
        if mail.uid in ours and mail.uid > asked:
            group = next(groups)
            asked = group[-1].uid
            bodies = _bodies(talk, group)
        raw = bodies.pop(mail.uid, None)
        if mail.uid in ours and raw is None and not talk.search(mail.uid, mail.uid):
            tally.gone.append(mail.uid)
            continue
        yield _arrived(talk, state, mail, raw, tally, needed=mail.uid in ours)


def _arrived(
    talk: Connection, state: Folder, mail: Shown, raw: bytes | None, tally: Tally, *, needed: bool
) -> Arrived:
    missing = needed and raw is None
    tally.seen += 1
    if missing:
        tally.missing.append(mail.uid)
    return Arrived(
        mailbox=talk.account.id,
        folder=state.name,
        uidvalidity=state.uidvalidity,
        uid=mail.uid,
        internal_date=mail.received or datetime.now(UTC),
        size=max(mail.size, len(raw or b"")),
        raw=raw,
        header=(mail.header or _header_of(raw or b""))[:HEADER_BYTES],
        flags=mail.flags,
        truncated=raw is not None and mail.size > len(raw) >= BODY_BYTES,
        missing=missing,
        gmail_id=mail.gmail_id,
    )


def _header_of(raw: bytes) -> bytes:
    head, blank, _ = raw.partition(b"\r\n\r\n")
    return head + blank


def _is_older(mail: Shown, since: datetime | None) -> bool:
    return since is not None and mail.received is not None and mail.received < since


def _headers(talk: Connection, uids: Sequence[int], tally: Tally) -> list[Shown]:
    """What the server shows of `uids`, ascending. What it leaves out is asked for again; what is
    left then is gone.
    """
    shown = _patiently(talk, "header", uids, lambda some: talk.headers(uid_set(some)))
    again = [uid for uid in uids if uid not in shown or shown[uid].header is None]
    if again:
        shown |= _patiently(talk, "header", again, lambda some: talk.headers(uid_set(some)))
    lost = [uid for uid in uids if uid not in shown]
    there = set(talk.search(lost[0], lost[-1])) if lost else set()
    for uid in lost:
        if uid in there:
            shown[uid] = Shown(uid=uid, received=None, size=0, header=None, flags=(), gmail_id="")
        else:
            tally.gone.append(uid)
    return [shown[uid] for uid in uids if uid in shown]


def _bodies(talk: Connection, group: Sequence[Shown]) -> dict[int, bytes]:
    beginning = group[0].size > BODY_BYTES
    uids = [mail.uid for mail in group]
    found = _patiently(talk, "body", uids, lambda some: talk.bodies(some, beginning=beginning))
    if again := [uid for uid in uids if uid not in found]:
        found |= _patiently(
            talk, "body", again, lambda some: talk.bodies(some, beginning=beginning)
        )
    return found


def _groups(mails: Sequence[Shown]) -> list[list[Shown]]:
    """Mails to ask for together; one over 8 MB stands alone."""
    groups: list[list[Shown]] = []
    total = 0
    for mail in mails:
        total += mail.size
        if not groups or total > BODY_BYTES or len(groups[-1]) >= BODIES:
            groups.append([])
            total = mail.size
        groups[-1].append(mail)
    return groups


def _patiently(
    talk: Connection,
    what: str,
    uids: Sequence[int],
    ask: Callable[[Sequence[int]], dict[int, Found]],
) -> dict[int, Found]:
    """Ask for all at once, save for mails on which the connection broke before (see `Breaks`)."""
    place = (what, talk.folder.name, talk.folder.uidvalidity) if talk.folder else (what, "", 0)
    breaks = talk.meter.breaks
    found: dict[int, Found] = {}
    for group in breaks.groups(place, uids):
        with breaks.watching(place, group):
            found |= _one_by_one_if_refused(talk, group, ask)
    return found


def _one_by_one_if_refused(
    talk: Connection, uids: Sequence[int], ask: Callable[[Sequence[int]], dict[int, Found]]
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
        talk.flags(uids)
    found: dict[int, Found] = {}
    for uid in uids:
        try:
            found |= ask([uid])
        except MailboxError as refusal:
            if refusal.kind is not MailboxErrorKind.TEMPORARY:
                raise
    return found


def _polled(state: Folder, last: int, tally: Tally, *, reset: bool = False) -> Polled:
    return Polled(
        folder=state.name,
        cursor=Cursor(uidvalidity=state.uidvalidity, last_uid=last),
        seen=tally.seen,
        gone=tuple(tally.gone),
        missing=tuple(tally.missing),
        reset=reset,
        unstable=state.uidvalidity == 0,
    )
