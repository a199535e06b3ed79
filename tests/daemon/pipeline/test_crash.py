"""Killed at any step, failing at any call: nothing lost, the ledger right, a repeat only where an
answer was lost.

The mailbox is a list, and the target a file that every message is appended to; everything between
them is real.
"""

import json
import os
import signal
import sqlite3
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import event

from daemon.mailbox.arrived import Arrived
from daemon.pipeline.deliver import recover, send_next
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import build
from daemon.push.delivery import Delivery, SendOutcome, SendResult
from daemon.settings import Settings
from daemon.store.errors import StoreError
from daemon.store.store import FILE, Store
from daemon.worker.reading import inline
from parsers.frame import Frame
from parsers.notice import Reading
from tests.servers import sample_mail

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVERY = 40
"""In the normal suite every fortieth statement is a place to die, and all commits and sends; in the
soak all are.
"""

MAILS = (
    sample_mail.cancel_requested("249-0000000-0000001", at=START + timedelta(minutes=1)),
    sample_mail.shipped("249-0000000-0000001", at=START + timedelta(minutes=2)),
    sample_mail.judged("8100000000000001", at=START + timedelta(minutes=3)),
    sample_mail.private(at=START + timedelta(minutes=4)),
)


@cache
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
                "group_wait": "0s",
            }
        ),
        rules=None,
        packs=None,
    )


@cache
def readings() -> dict[bytes, Reading]:
    reads = inline(None)
    return {raw: reads(raw, setup().frame("main")) for raw in MAILS}


def reads(raw: bytes, frame: Frame) -> Reading:
    del frame
    return readings()[raw]


class Steps:
    """Counts what the disk and the network see, and does `at` at the chosen step."""

    def __init__(self, at: int, then) -> None:
        self.at, self.then, self.names = at, then, []

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.at:
            self.then()

    def listen(self, store: Store) -> None:
        event.listen(store._engine, "before_cursor_execute", lambda *_: self("statement"))
        event.listen(store._engine, "commit", lambda _: self("commit"))


def go(folder: Path, steps: Steps) -> None:
    """What the service does: open, take what the cursor has not passed, send what waits."""
    clock = lambda: START + timedelta(hours=1)  # noqa: E731
    with Store.open(folder / FILE) as store:
        steps.listen(store)
        pipeline = Pipeline(store, setup(), reads, clock=clock)
        recover(store, setup(), clock())
        with store.write() as ledger:
            ledger.mailboxes.ensure(["main"], clock())
            ledger.mailboxes.first_run_over("main")
        poll = pipeline.begin_poll("main", backfill=timedelta(days=90))
        last = poll.cursors.get("INBOX", (1, 0))[1]
        for uid, raw in enumerate(MAILS, start=1):
            if uid > last:
                pipeline.take(poll, arrived(uid, raw))
        pipeline.end_poll(poll, clock())
        pipeline.sweep()

        def send(parcel: Delivery) -> SendResult:
            steps("before the call")
            with (folder / "phone").open("a") as phone:
                phone.write(json.dumps([parcel.key, parcel.title + parcel.note]) + "\n")
            steps("after the call")
            return SendResult(outcome=SendOutcome.SENT)

        while send_next(store, setup(), send, "phone", clock) is not None:
            pass


def arrived(uid: int, raw: bytes) -> Arrived:
    return Arrived(
        mailbox="main",
        folder="INBOX",
        uidvalidity=1,
        uid=uid,
        internal_date=START + timedelta(minutes=uid),
        size=len(raw),
        raw=raw,
        header=b"",
    )


def phone(folder: Path) -> list[tuple[str, str]]:
    lines = (folder / "phone").read_text().splitlines() if (folder / "phone").exists() else []
    return [tuple(json.loads(line)) for line in lines]


def ledger_of(folder: Path):
    with Store.open(folder / FILE) as store, store.read() as ledger:
        return (
            [
                (row.place.uid, row.state, row.outcome)
                for row in sorted(ledger.mails.listed(), key=lambda row: row.id)
            ],
            sorted(str(row) for row in ledger.orders.listed()),
            sorted(str(row) for row in ledger.orders.watches(open_only=False)),
            sorted((row.order_key, row.id, row.at) for row in ledger.orders.findings()),
            sorted(
                (row.alert.rule, row.alert.subject, row.alert.state)
                for row in ledger.alerts.all_live()
            ),
            sorted(event.origin for event in ledger.all_events()),
            ledger.mailboxes.cursor("main", "INBOX"),
        )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    steps = Steps(0, lambda: None)
    go(folder, steps)
    return ledger_of(folder), phone(folder), tuple(steps.names)


def die_at(step: int, folder: Path) -> None:
    """Run in a process of its own that ends by SIGKILL at the step."""
    pid = os.fork()
    if pid == 0:
        try:
            go(folder, Steps(step, lambda: os.kill(os.getpid(), signal.SIGKILL)))
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), f"step {step} was not reached"


def check(folder: Path, undisturbed, step: int, name: str) -> bool:
    """The invariants after a crash and a second run; whether a message was repeated."""
    ledger, told, _ = undisturbed
    go(folder, Steps(0, lambda: None))
    assert ledger_of(folder) == ledger, f"step {step}, {name}"
    keys = [key for key, _ in phone(folder)]
    assert set(keys) == {key for key, _ in told}, f"step {step}, {name}: lost or foreign"
    repeated = len(keys) - len(set(keys))
    if repeated:
        assert repeated == 1, f"step {step}, {name}"
        assert name != "before the call"
        twice = next(key for key in keys if keys.count(key) == 2)
        assert [
            title.endswith("(maybe a repeat)") for key, title in phone(folder) if key == twice
        ] == [False, True]
    return bool(repeated)


def places(names: tuple[str, ...], every: int) -> list[tuple[int, str]]:
    return [
        (step, name)
        for step, name in enumerate(names, start=1)
        if name != "statement" or step % every == 0
    ]


def test_a_second_run_finds_nothing_to_do(tmp_path):
    go(tmp_path, Steps(0, lambda: None))
    before = ledger_of(tmp_path), phone(tmp_path)
    go(tmp_path, Steps(0, lambda: None))

    assert (ledger_of(tmp_path), phone(tmp_path)) == before


@pytest.mark.parametrize("every", [EVERY, pytest.param(1, marks=pytest.mark.soak)])
def test_killed_at_any_step_nothing_is_lost(tmp_path, undisturbed, every, record_property):
    repeats = 0
    tried = places(undisturbed[2], every)
    for step, name in tried:
        folder = tmp_path / str(step)
        folder.mkdir()
        die_at(step, folder)
        repeats += check(folder, undisturbed, step, name)

    record_property("tried", len(tried))
    record_property("doubled", repeats)
    sent = sum(name == "after the call" for name in undisturbed[2])
    between = sum(name == "after the call" for _, name in tried)
    assert len(tried) > 20
    assert between == sent
    assert repeats >= sent


@pytest.mark.parametrize(
    ("code", "every"),
    [
        (sqlite3.SQLITE_IOERR, EVERY),
        pytest.param(sqlite3.SQLITE_IOERR, 1, marks=pytest.mark.soak),
        *(
            pytest.param(code, EVERY, marks=pytest.mark.soak)
            for code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)
        ),
    ],
)
def test_a_disk_that_fails_at_any_call_loses_nothing(
    tmp_path, undisturbed, code, every, record_property
):
    def fail() -> None:
        broken = sqlite3.OperationalError("made to fail")
        broken.sqlite_errorcode = code
        raise broken

    tried = [(step, name) for step, name in places(undisturbed[2], every) if "call" not in name]
    record_property("tried", len(tried))
    for step, name in tried:
        folder = tmp_path / str(step)
        folder.mkdir()
        with pytest.raises(StoreError):
            go(folder, Steps(step, fail))
        check(folder, undisturbed, step, name)
