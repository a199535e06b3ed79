"""The same pipeline over mails from files under a virtual clock: the alerts they would have sent.

Only clock, mailbox and push are replaced. Nothing is sent, and no state but a ledger in memory is
touched.
"""

import mailbox as mailboxes
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

from daemon.mailbox.arrived import Arrived
from daemon.pipeline.compose import Message, word
from daemon.pipeline.intake import Intake
from daemon.pipeline.notes import Note, marketplace_of
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import Setup
from daemon.settings import Target
from daemon.store.store import Store
from daemon.worker.reading import Reader
from orders.event import Event
from parsers.frame import Frame
from parsers.notice import Role
from parsers.sniff import NO_MAIL, looks_like_mail
from parsers.user_yaml import Fault, UserFileError

Named = tuple[str, Callable[[], bytes]]

MAILBOX = "replay"
HEADER = 256 << 10
AFTERWARDS = timedelta(days=1)
"""How long the clock runs after the last mail when nobody says: holds end, the digest comes."""
FIELD = re.compile(rb"^(date|received):(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One mail in a file."""

    name: str
    at: datetime
    """When it arrived, as its own header says, aware UTC; with the last of the others when it does
    not say.
    """
    load: Callable[[], bytes]
    frame: Frame | None = None
    """How the mails of its own mailbox are read, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One alert as it would have gone out."""

    at: datetime
    rule: str
    severity: str
    state: str
    """firing, repeat or resolved."""
    orders: tuple[str, ...]
    title: str
    body: str
    message: int
    """The same for alerts that go out as one message."""

    def to_json(self, zone: tzinfo) -> dict[str, Any]:
        return {
            "at": self.at.astimezone(zone).isoformat(timespec="seconds"),
            "rule": self.rule,
            "severity": self.severity,
            "state": self.state,
            "orders": list(self.orders),
            "title": self.title,
            "body": self.body,
            "message": self.message,
        }


def mails(path: Path) -> tuple[Filed, ...]:
    """The mails of a folder of .eml files (and the folders in it), an mbox file, a Maildir or one
    .eml, by date.

    Raises WrittenError when there is none.
    """
    if not path.exists():
        raise _refusal(path, "no such file or folder")
    if path.is_dir():
        found = tuple(_from_folder(path))
    elif path.suffix == ".eml":
        if not looks_like_mail(path.read_bytes()):
            raise _refusal(path, NO_MAIL)
        found = ((path.name, path.read_bytes),)
    else:
        found = tuple(_from_mbox(path))
    if not found:
        raise _refusal(
            path, "no mails there; give a folder of .eml files, an mbox file or a Maildir"
        )
    times = [_arrival(load()[:HEADER]) for _, load in found]
    last = max((at for at in times if at is not None), default=_modified(path))
    dated = [
        Filed(name=name, at=at or last, load=load)
        for (name, load), at in zip(found, times, strict=True)
    ]
    return tuple(sorted(dated, key=lambda mail: (mail.at, mail.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is replayed."""

    mails: Sequence[Filed] = ()
    orders: Sequence[Event] = ()
    """Known before the first mail."""
    notes: Sequence[Note] = ()
    """Told meanwhile."""
    until: datetime | None = None
    """When the clock stops; None: a day after the last mail or note."""

    @property
    def steps(self) -> list[Filed | Note]:
        """What happens, in its order."""
        every: list[Filed | Note] = [*self.mails, *self.notes]
        found = sorted(every, key=lambda step: step.at)
        return [step for step in found if self.until is None or step.at <= self.until]

    @property
    def begin(self) -> datetime | None:
        """When the first of it happens."""
        every: list[Filed | Note | Event] = [*self.mails, *self.notes, *self.orders]
        return min((one.at for one in every), default=None)


def replay(
    scenario: Scenario, setup: Setup, reads: Reader, frame: Frame, target: Target | None = None
) -> Iterator[Rung]:
    """Every alert in the order of sending. `frame` says how mails are read that bring none of their
    own; `target` gives the language.
    """
    begin = scenario.begin
    if begin is None:
        return
    clock = _Clock(begin)
    rung: list[Rung] = []
    with Store.memory() as store:
        pipeline = Pipeline(
            store,
            setup,
            reads,
            clock=clock,
            said=lambda message: rung.extend(_rung(setup, message, target)),
        )
        if scenario.orders:
            pipeline.record(scenario.orders)
        for uid, step in enumerate(scenario.steps, start=1):
            _run(pipeline, clock, step.at)
            if isinstance(step, Note):
                pipeline.note(step, *_home(store, step, frame))
            else:
                for message in _take(pipeline, step, step.frame or frame, uid):
                    rung.extend(_rung(setup, message, target))
            yield from _drain(rung)
        _run(pipeline, clock, scenario.until or clock.now + AFTERWARDS)
        yield from _drain(rung)


@dataclass(slots=True)
class _Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


def _run(pipeline: Pipeline, clock: _Clock, until: datetime) -> None:
    """Let the clock go on to `until`, stopping wherever something is due."""
    while (due := pipeline.next_due()) is not None and due <= until:
        clock.now = max(clock.now, due)
        pipeline.sweep()
    clock.now = max(clock.now, until)


def _take(pipeline: Pipeline, filed: Filed, frame: Frame, uid: int) -> tuple[Message, ...]:
    raw = filed.load()
    header = re.split(rb"\r?\n\r?\n", raw[:HEADER], maxsplit=1)[0]
    arrived = Arrived(
        mailbox=MAILBOX,
        folder="files",
        uidvalidity=1,
        uid=uid,
        internal_date=filed.at,
        size=len(raw),
        raw=raw,
        header=header,
    )
    intake = Intake(store=pipeline.store, setup=pipeline.setup, reads=pipeline.reads, frame=frame)
    if pipeline.reads.wanted(header, frame):
        return intake.take(arrived, filed.at)
    intake.ignore([arrived], filed.at)
    return ()


def _home(store: Store, note: Note, frame: Frame) -> tuple[str, Role]:
    """Marketplace and role of the order the note is about: as the ledger knows it, else by the look
    of its number.
    """
    with store.read() as ledger:
        rows = ledger.orders.find(note.order)
    if rows:
        return rows[0].marketplace, Role(rows[0].role)
    return marketplace_of(note.order), Role.SELLER if frame.role == "seller" else Role.BUYER


def _rung(setup: Setup, message: Message, target: Target | None) -> Iterator[Rung]:
    for row in sorted(message.said, key=lambda one: -one.alert.severity.rank):
        text = word(setup, row, target, message.at)
        alert = row.alert
        yield Rung(
            at=message.at,
            rule=alert.rule,
            severity=alert.severity.value,
            state=row.cause.value,
            orders=alert.orders,
            title=text.title,
            body=text.body,
            message=message.number,
        )


def _drain(rung: list[Rung]) -> Iterator[Rung]:
    ready, rung[:] = tuple(rung), []
    yield from ready


def _from_folder(folder: Path) -> Iterator[Named]:
    maildir = (folder / "cur").is_dir() and (folder / "new").is_dir()
    for base, folders, names in os.walk(folder):
        folders.sort()
        inside = Path(base)
        if inside.name == "tmp" and maildir:
            continue
        for name in sorted(names):
            if name.endswith(".eml") or inside.name in ("cur", "new"):
                path = inside / name
                yield str(path.relative_to(folder)), path.read_bytes


def _from_mbox(path: Path) -> Iterator[Named]:
    with path.open("rb") as file:
        if not file.read(5) == b"From ":
            raise _refusal(path, "neither an mbox file (it begins with “From ”) nor a folder")
    box = mailboxes.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            yield f"{path.name}#{key}", partial(bytes, box.get_bytes(key))
    finally:
        box.close()


def _arrival(head: bytes) -> datetime | None:
    """Its Date, unless that lies more than a day after the moment the last server received it."""
    header = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    sent: datetime | None = None
    received: datetime | None = None
    for match in FIELD.finditer(header):
        text = b" ".join(match[2].split()).decode("ascii", "replace")
        if match[1].lower() == b"date":
            sent = sent or _instant(text)
        else:
            received = received or _instant(text.rpartition(";")[2].strip())
    if sent and received and sent > received + timedelta(days=1):
        return received
    return sent or received


def _instant(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _refusal(path: Path, what: str) -> UserFileError:
    return UserFileError([Fault(file=str(path), line=0, column=0, what=what)])
