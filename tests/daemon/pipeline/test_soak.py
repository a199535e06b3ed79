"""A day of virtual time with faults of every kind, thrown by seeded dice: the invariants hold at
its end.

Mail arrives all day; the ledger fails and is opened anew, readers die, workers are killed between
any two lines, the
server gives its UIDs anew, the clock jumps, targets refuse or swallow their answers.
"""

import random
import sqlite3
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from daemon.mailbox.arrived import Arrived, Cursor, Polled
from daemon.pipeline.deliver import recover, send_next
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import build
from daemon.push.delivery import Delivery, SendOutcome, SendResult
from daemon.settings import Settings
from daemon.store.errors import StoreError
from daemon.store.mails import MailState
from daemon.store.outbox import OutboxState
from daemon.store.store import FILE, Store
from daemon.worker.reading import ReadingError, inline
from parsers.frame import Frame
from tests.servers import sample_mail

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """The process ends here."""


class World:
    """The server, the target and the dice."""

    def __init__(self, seed: int, *, calm: bool) -> None:
        self.dice = random.Random(seed)
        self.calm = calm
        self.now = START
        self.mails: list[bytes] = []
        self.uidvalidity, self.first_uid = 1, 1
        self.got: list[tuple[str, str]] = []
        self.swallowed = 0
        self.reads = READS
        self.unmarked = False
        """The target answered, and the answer may not be written down yet."""
        self.armed = 0
        """Calls of the ledger until the next one fails; 0: none does."""

    def chance(self, one_in: int) -> bool:
        return not self.calm and self.dice.randrange(one_in) == 0

    def read(self, raw: bytes, frame: Frame):
        if self.chance(40):
            raise (
                ReadingError("the reading process ended (signal 9)") if self.chance(2) else Killed
            )
        return self.reads(raw, frame)

    def send(self, parcel: Delivery) -> SendResult:
        self.unmarked = False
        if self.chance(6):
            return SendResult(outcome=SendOutcome.FAILED, reason="503")
        self.got.append((parcel.key, parcel.title))
        if self.chance(20):
            self.swallowed += 1
            raise Killed
        if self.chance(10):
            self.swallowed += 1
            return SendResult(outcome=SendOutcome.UNSURE, reason="no answer")
        self.unmarked = True
        return SendResult(outcome=SendOutcome.SENT)

    def touch(self, *_) -> None:
        if self.armed:
            self.armed -= 1
            if not self.armed:
                self.swallowed += self.unmarked
                broken = sqlite3.OperationalError("made to fail")
                broken.sqlite_errorcode = self.dice.choice(
                    [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY]
                )
                raise broken


def setup():
    channel = {"notify": ["all"], "group": "now"}
    box = {
        "id": "main",
        "host": "imap.example.org",
        "user": "me@example.org",
        "password": {"env": "X"},
        "authserv_ids": [sample_mail.STAMP],
    }
    return build(
        Settings.model_validate(
            {
                "version": 1,
                "mailboxes": [box],
                "targets": [{"id": "phone", "url": {"env": "HOME"}}],
                "notify": {"all": ["phone"]},
                "alerts": {"critical": channel, "warning": channel, "info": channel},
                "rate_limit": 1000,
            }
        ),
        rules=None,
        packs=None,
    )


SETUP = setup()
READS = inline(None)


def arrivals(world: World) -> None:
    """Mail of this minute; the same for every seed of the faults."""
    number = len(world.mails) // 2
    if int((world.now - START) / MINUTE) % 9 == 0:
        make = (
            sample_mail.placed,
            sample_mail.judged,
            sample_mail.cancel_requested,
            sample_mail.shipped,
        )[number % 4]
        order = (
            f"249-0000000-{number // 4:07d}"
            if make is not sample_mail.judged
            else f"81000000000{number:05d}"
        )
        world.mails += [
            make(order, at=world.now),
            sample_mail.private(f"letter {number}", at=world.now),
        ]


def minute(world: World, folder) -> None:
    """One life of the service, a minute long at most."""
    with Store.open(folder / FILE) as store:
        event.listen(store._engine, "before_cursor_execute", world.touch)
        event.listen(store._engine, "commit", world.touch)
        if world.chance(12):
            world.armed = world.dice.randrange(1, 200)
        pipeline = Pipeline(store, SETUP, world.read, clock=lambda: world.now)
        with suppress(StoreError, Killed):
            recover(store, SETUP, world.now)
            poll(world, pipeline)
            pipeline.sweep()
            while send_next(store, SETUP, world.send, "phone", lambda: world.now):
                pass
        world.armed, world.unmarked = 0, False


def poll(world: World, pipeline: Pipeline) -> None:
    one = pipeline.begin_poll("main", backfill=timedelta(days=90))
    cursor = one.cursors.get("INBOX")
    if cursor and cursor[0] != world.uidvalidity:
        pipeline.renumbered(one, "INBOX", world.uidvalidity)
        cursor = None
    last = cursor[1] if cursor else 0
    for uid, raw in enumerate(world.mails, start=world.first_uid):
        if uid <= last:
            continue
        mail = Arrived(
            mailbox="main",
            folder="INBOX",
            uidvalidity=world.uidvalidity,
            uid=uid,
            internal_date=world.now,
            size=len(raw),
            raw=raw,
            header=b"",
        )
        if b"friend@" in raw:
            pipeline.skip(one, [mail])
        else:
            pipeline.take(one, mail)
    highest = world.first_uid + len(world.mails) - 1
    pipeline.looked(
        one,
        Polled(
            folder="INBOX",
            cursor=Cursor(uidvalidity=world.uidvalidity, last_uid=max(last, highest)),
        ),
    )
    pipeline.end_poll(one, world.now + 5 * MINUTE)


def day(folder, seed: int, *, calm: bool, hours: int) -> World:
    world = World(seed, calm=calm)
    for _ in range(hours * 60):
        arrivals(world)
        if world.chance(240):
            world.uidvalidity += 1
            world.first_uid = world.dice.randrange(1, 5000)
        minute(world, folder)
        world.now += MINUTE
    world.calm = True
    for _ in range(12):  # the faults are over: what was put off comes now
        world.now += timedelta(hours=1)
        minute(world, folder)
    return world


def picture(folder):
    with Store.open(folder / FILE) as store, store.read() as ledger:
        return (
            sorted(event.origin for event in ledger.all_events()),
            sorted((row.number, row.status, row.events) for row in ledger.orders.listed()),
            sorted((row.order_key, row.id) for row in ledger.orders.findings()),
        )


def check(folder, world: World, calm_folder) -> None:
    with Store.open(folder / FILE) as store, store.read() as ledger:
        quarantined = ledger.mails.listed(states=(MailState.QUARANTINE,))
        waiting = ledger.outbox.listed(states=(OutboxState.NEW, OutboxState.SENDING))
        dead = ledger.outbox.listed(states=(OutboxState.DEAD,))
        ended = [row.alert.rule for row in ledger.alerts.listed(limit=10_000)]
    with Store.open(folder / FILE) as store:
        # What was set aside because its reader died is read at last, and then nothing is missing.
        Pipeline(store, SETUP, world.read, clock=lambda: world.now).reread(
            world.reads, [row.id for row in quarantined]
        )
    assert picture(folder) == picture(calm_folder)
    keys = Counter(key for key, _ in world.got)
    repeats = sum(count - 1 for count in keys.values())
    assert repeats <= world.swallowed
    assert waiting == ()
    assert {row.error for row in dead} <= {"it was no longer true when it could be sent"}
    assert "dispute-judged-invalid" in ended


@pytest.mark.parametrize(
    ("hours", "seeds"),
    [
        (2, 2),
        pytest.param(24, 2, marks=pytest.mark.soak),
        pytest.param(24, 6, marks=pytest.mark.endurance),
    ],
    ids=["two hours", "two days", "six days"],
)
def test_a_day_full_of_faults_ends_well(tmp_path, hours, seeds):
    calm = tmp_path / "calm"
    calm.mkdir()
    day(calm, 0, calm=True, hours=hours)
    for seed in range(seeds):
        folder = tmp_path / str(seed)
        folder.mkdir()
        check(folder, day(folder, seed, calm=False, hours=hours), calm)
