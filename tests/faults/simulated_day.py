"""A day of virtual time for the real pipeline, ledger, rules, lifecycle and outbox, with whatever
goes wrong in a day.

Played are only the mailbox, which follows the rules of IMAP and breaks them as servers do, and the
two targets.
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import event

from daemon.mailbox.arrived import Arrived, Cursor, Polled
from daemon.mailbox.errors import MailboxError, MailboxErrorKind
from daemon.pipeline.deliver import recover, send_next
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import Setup, build
from daemon.push.delivery import Delivery, SendOutcome, SendResult
from daemon.service.mailbox_poll import MailboxPoll, Pace
from daemon.settings import Settings
from daemon.store.errors import StoreError
from daemon.store.store import FILE, rescue
from daemon.worker.reading import ReadingError, inline
from tests.servers import sample_mail

START = datetime(2026, 10, 24, 12, tzinfo=UTC)
"""In the night that follows, clocks in Berlin are put back."""
MINUTE = timedelta(minutes=1)
FOLDERS = ("INBOX", "Shops")
TARGETS = ("phone", "chat")
REMEMBERED = 500
CODES = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)


class Died(BaseException):
    """The process ends here, as by SIGKILL."""


@cache
def setup() -> Setup:
    box = {
        "id": "main",
        "host": "imap.example.org",
        "user": "me",
        "password": {"value": "x"},
        "authserv_ids": [sample_mail.STAMP],
        "addresses": ["me@example.org"],
        "folders": list(FOLDERS),
    }
    now = {"notify": ["all"], "group": "now"}
    written = {
        "version": 1,
        "mailboxes": [box],
        "targets": [{"id": name, "url": {"value": "json://localhost"}} for name in TARGETS],
        "notify": {"all": list(TARGETS)},
        "alerts": {"critical": now, "warning": now, "info": {"notify": ["all"], "group": "digest"}},
        "timezone": "Europe/Berlin",
        "rate_limit": 1000,
    }
    return build(Settings.model_validate(written), rules=None, packs=None)


@cache
def reads():
    return inline(None)


@cache
def reading(raw: bytes):
    return reads()(raw, setup().frame("main"))


class KilledNowAndThen:
    """Reads; on an evil day its process dies."""

    def __init__(self, day: "Day") -> None:
        self._day = day

    def __call__(self, raw: bytes, frame: object):
        if self._day.evil and self._day.dice.random() < 0.03:
            self._day.faults["the reader was killed"] += 1
            raise ReadingError("the reading process ended (signal 9)")
        return reading(raw)

    def wanted(self, header: bytes, frame: object) -> bool:
        return reads().wanted(header, setup().frame("main"))


@dataclass
class Folder:
    uidvalidity: int = 1
    mails: dict[int, tuple[bytes, datetime, datetime]] = field(default_factory=dict)
    """UID → mail, when it was received, from when on the server shows it."""
    uidnext: int = 1

    def add(self, raw: bytes, received: datetime, shown: datetime) -> None:
        self.mails[self.uidnext] = raw, received, shown
        self.uidnext += 1


class Feed:
    """A session with the played server: what `look` asks of a `daemon.mailbox.Session`."""

    def __init__(self, day: "Day") -> None:
        self._day = day
        self.left: int | None = None
        """Mails that are still given before the line breaks."""

    def poll(self, folder, cursor, since, wanted, sink, options):
        box = self._day.folders[folder]
        reset = cursor is not None and cursor.uidvalidity != box.uidvalidity
        if reset:
            options.on_reset(box.uidvalidity)
        first = 0 if cursor is None or reset else cursor.last_uid
        bound = since if cursor is None or reset or options.unfinished else None
        return self._give(
            folder, self._shown(box, bound, first), box.uidnext - 1, wanted, sink, reset=reset
        )

    def rescan(self, folder, cursor, known, since, wanted, sink):
        box = self._day.folders[folder]
        on_record = set(known(1, cursor.last_uid))
        late = [
            uid
            for uid in self._shown(box, since, 0)
            if uid <= cursor.last_uid and uid not in on_record
        ]
        return self._give(folder, late, cursor.last_uid, wanted, sink)

    def fetch(self, folder, uidvalidity, uids, sink):
        box = self._day.folders[folder]
        there = [uid for uid in uids if uid in box.mails and uidvalidity == box.uidvalidity]
        polled = self._give(folder, there, max(uids, default=0), lambda _header: True, sink)
        return replace(polled, gone=tuple(uid for uid in uids if uid not in there))

    def _shown(self, box: Folder, since: datetime | None, after: int) -> list[int]:
        return [
            uid
            for uid, (_, received, shown) in sorted(box.mails.items())
            if uid > after and shown <= self._day.now and (since is None or received >= since)
        ]

    def _give(self, folder, uids, last, wanted, sink, *, reset=False) -> Polled:
        box, missing = self._day.folders[folder], []
        for uid in uids:
            if self.left == 0:
                raise MailboxError(MailboxErrorKind.UNREACHABLE, "the line is cut", "")
            self.left = None if self.left is None else self.left - 1
            raw, received, _ = box.mails[uid]
            header = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            ours = wanted(header)
            bodiless = ours and self._day.dice.random() < self._day.evil / 20
            missing += [uid] if bodiless else []
            sink(
                Arrived(
                    mailbox="main",
                    folder=folder,
                    uidvalidity=box.uidvalidity,
                    uid=uid,
                    internal_date=received,
                    size=len(raw),
                    raw=raw if ours and not bodiless else None,
                    header=header,
                    missing=bodiless,
                )
            )
        cursor = Cursor(uidvalidity=box.uidvalidity, last_uid=last)
        return Polled(
            folder=folder, cursor=cursor, seen=len(uids), missing=tuple(missing), reset=reset
        )


class Target:
    """Takes messages, or does not, or takes them and loses the answer."""

    def __init__(self, day: "Day") -> None:
        self.day = day
        self.got: list[tuple[str, str]] = []
        self.answers_lost: Counter[str] = Counter()
        self.down_until = START
        self.unmarked: str | None = None
        """Sent, and not yet written down."""

    def send(self, parcel: Delivery) -> SendResult:
        chance = self.day.dice.random() if self.day.evil else 1.0
        if self.day.now < self.down_until:
            return SendResult(
                outcome=SendOutcome.FAILED, reason="the service answered 503: a fault of its own"
            )
        if chance < 0.05:
            return SendResult(
                outcome=SendOutcome.UNSURE, reason="no answer came, and nothing had arrived"
            )
        self.got.append((parcel.key, f"{parcel.title}{parcel.note}\n{parcel.body}"))
        if chance < 0.12:
            self.answers_lost[parcel.key] += 1
            return SendResult(outcome=SendOutcome.UNSURE, reason="the answer was lost")
        if chance < 0.15:
            self.answers_lost[parcel.key] += 1
            raise Died
        self.unmarked = parcel.key
        return SendResult(outcome=SendOutcome.SENT, reason="")

    def doubled(self) -> Counter[str]:
        return Counter(key for key, _ in self.got) - Counter({key for key, _ in self.got})


class Day:
    """`evil` 0: a day on which nothing goes wrong; 1: something does every few minutes."""

    def __init__(self, folder: Path, seed: int, evil: float) -> None:
        self.path, self.evil = folder / FILE, evil
        self.dice, self.mail_dice = random.Random(seed), random.Random(seed)
        self.now, self.steady = START, START
        self.folders = {name: Folder() for name in FOLDERS}
        self.shown: list[bytes] = []
        """Every mail the server showed."""
        self.moves: list[Callable[[], None]] = []
        self.targets = {name: Target(self) for name in TARGETS}
        self.faults: Counter[str] = Counter()
        self._until_failure: int | None = None
        self._failure: BaseException | None = None
        self._server_back = START
        self._last_poll, self._last_rescan = START - timedelta(days=1), START - timedelta(days=1)
        self._failed_at = 0
        self._settled = False
        self._orders = [f"249-0000000-{number:07}" for number in range(1, 31)]
        self._disputes = [f"81000000000{number:05}" for number in range(1, 21)]
        self._open()

    # the process

    def _open(self) -> None:
        self.store, _ = rescue(self.path, self.now)
        event.listen(self.store._engine, "before_cursor_execute", self._call)
        event.listen(self.store._engine, "commit", self._call)
        self.pipeline = Pipeline(
            self.store, setup(), KilledNowAndThen(self), clock=lambda: self.now
        )
        recover(self.store, setup(), self.now)

    def _call(self, *_: object) -> None:
        if self._until_failure is None:
            return
        self._until_failure -= 1
        if self._until_failure == 0:
            self._until_failure, failure = None, self._failure
            raise failure

    def _alive(self, work: Callable[[], object]) -> None:
        """Do it as the service does: a failing ledger is tried again later, a dead process is
        started again.
        """
        try:
            with suppress(StoreError):
                self._work(work)
        except Died:
            self._until_failure = None
            self.store.close()
            self._open()

    def _work(self, work: Callable[[], object]) -> None:
        try:
            work()
        except MailboxError as error:
            self.pipeline.fail_poll(
                "main",
                kind=error.kind.value,
                what=error.what,
                permanent=False,
                next_poll_at=self.now + MINUTE,
            )

    # the world

    def run(self, span: timedelta) -> None:
        end = self.steady + span
        while self.steady < end:
            self.steady += MINUTE
            self.now += MINUTE
            self._receive()
            if self.evil and self.dice.random() < self.evil / 4:
                self._misfortune()
            self._alive(self._poll)
            self._alive(self.pipeline.sweep)
            for name in TARGETS:
                self._alive(lambda name=name: self._send(name))

    def settle(self) -> None:
        """Nothing more goes wrong, and the hours pass that the last tries need."""
        self.evil, self._until_failure, self.now, self._settled = (
            0,
            None,
            max(self.now, self.steady),
            True,
        )
        self._server_back = self.now
        for target in self.targets.values():
            target.down_until = self.now
        self.run(timedelta(hours=3))

    def close(self) -> None:
        self.store.close()

    def _receive(self) -> None:
        """The same mails at the same times, whatever else happens."""
        dice = self.mail_dice
        if self._settled or dice.random() > 0.12:
            return
        at, number = self.steady, dice.choice(self._orders)
        raw = dice.choice(
            [
                lambda: sample_mail.placed(number, f"Lamp {number[-3:]}", at=at),
                lambda: sample_mail.cancel_requested(number, at=at),
                lambda: sample_mail.shipped(number, at=at),
                lambda: sample_mail.judged(
                    dice.choice(self._disputes), dice.choice(["Valid", "Invalid"]), at=at
                ),
                lambda: sample_mail.forged(number, at=at),
                lambda: sample_mail.private(f"Hello at {at}", at=at),
                lambda: sample_mail.amazon(
                    f"Something nobody has seen {at.minute % 7}", "Strange words", at=at
                ),
                lambda: sample_mail.amazon("Bomb", *["x"] * 3, at=at) + b"\r\n\r\n" * 30_000,
            ]
        )()
        self.shown.append(raw)
        hidden = (
            timedelta(minutes=self.dice.randrange(1, 50))
            if self.evil and self.dice.random() < 0.15
            else MINUTE * 0
        )
        self.folders["INBOX"].add(raw, self.now, self.now + hidden)

    def _misfortune(self) -> None:
        name, happen = self.dice.choice(
            [
                ("killed", lambda: self._fail_soon(Died())),
                ("killed", lambda: self._fail_soon(Died())),
                ("the ledger fails", lambda: self._fail_soon(self._broken())),
                ("UIDs given anew", self._renumber),
                ("a mail is moved", self._move),
                ("a mail is copied", self._copy),
                ("the server is away", self._server_away),
                ("the line is cut", lambda: setattr(self, "_cut", self.dice.randrange(4))),
                ("a target is away", self._target_away),
                ("the clock jumps", self._clock_jump),
                (
                    "the machine sleeps",
                    lambda: setattr(self, "now", self.now + MINUTE * self.dice.randrange(1, 40)),
                ),
            ]
        )
        self.faults[name] += 1
        happen()

    def _fail_soon(self, failure: BaseException) -> None:
        self._until_failure, self._failure = self.dice.randrange(1, 60), failure

    def _broken(self) -> BaseException:
        error = sqlite3.OperationalError("made to fail")
        error.sqlite_errorcode = self.dice.choice(CODES)
        return error

    def _renumber(self) -> None:
        box = self.folders[self.dice.choice(FOLDERS)]
        box.uidvalidity += 1
        if self.dice.random() < 0.5:
            box.mails = dict(enumerate((box.mails[uid] for uid in sorted(box.mails)), start=1))
            box.uidnext = len(box.mails) + 1

    def _move(self) -> None:
        self._copy(gone=True)

    def _copy(self, *, gone: bool = False) -> None:
        box = self.folders["INBOX"]
        if not box.mails:
            return
        uid = self.dice.choice(sorted(box.mails))
        raw, received, shown = box.mails[uid]
        self.folders["Shops"].add(raw, received, max(shown, self.now))
        if gone:
            del box.mails[uid]

    def _server_away(self) -> None:
        self._server_back = self.now + MINUTE * self.dice.randrange(1, 20)

    def _target_away(self) -> None:
        self.targets[self.dice.choice(TARGETS)].down_until = (
            self.now + MINUTE * self.dice.randrange(1, 60)
        )

    def _clock_jump(self) -> None:
        """The clock of the machine is put somewhere else, and soon put right."""
        self.now = (
            self.steady
            if self.now != self.steady
            else self.now + MINUTE * self.dice.choice([-60, -5, 5, 60])
        )

    _cut: int | None = None

    def _poll(self) -> None:
        if self.steady - self._last_poll < 5 * MINUTE and not self._failed_at:
            return
        self._failed_at = 1
        self._last_poll = self.steady
        if self.now < self._server_back:
            raise MailboxError(MailboxErrorKind.UNREACHABLE, "the server does not answer", "")
        feed = Feed(self)
        feed.left, self._cut = self._cut, None
        rescan = self.steady - self._last_rescan >= timedelta(hours=1)
        box = setup().mailbox("main")
        pace = Pace(every=5 * MINUTE, backfill=timedelta(days=90))
        MailboxPoll(feed, self.pipeline, box, pace).run(rescan=rescan)
        if rescan:
            self._last_rescan = self.steady
        self._failed_at = 0

    def _send(self, name: str) -> None:
        target = self.targets[name]
        more = True
        while more:
            target.unmarked = None
            try:
                more = (
                    send_next(self.store, setup(), target.send, name, lambda: self.now) is not None
                )
            except (Died, StoreError):
                if target.unmarked:
                    target.answers_lost[target.unmarked] += 1
                raise
