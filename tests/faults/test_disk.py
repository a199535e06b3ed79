"""Rows 2 to 4, the whole road: the ledger fails for a while, the disk is full, the file is
damaged.
"""

import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from daemon.push.notifier import Notifier
from daemon.service import watcher
from daemon.store.store import Store
from tests.faults.home import DISPUTE, ORDERS, Home, idling, wait_until
from tests.servers import sample_mail
from tests.servers.fake_imap import Mail, running


@pytest.fixture
def home(tmp_path, http_sink):
    with running() as mail:
        mail.mails = {
            1: Mail(sample_mail.placed(ORDERS[0], at=datetime.now(UTC) - timedelta(days=2)))
        }
        yield Home(tmp_path, mail, http_sink)


@pytest.fixture(scope="module")
def sender():
    with Notifier() as one:
        yield one


def heard(home: Home, words: str) -> bool:
    return any(words in one.json["title"] + one.json["message"] for one in home.sink.requests)


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_IOERR,
        *(
            pytest.param(one, marks=pytest.mark.soak)
            for one in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)
        ),
    ],
)
def test_a_ledger_that_fails_for_a_while_is_tried_calmly_and_loses_nothing(
    home, code, caplog, monkeypatch, record_property
):
    monkeypatch.setattr(watcher, "STORE_SECONDS", 1.0)
    failing = False

    def fail(*_: object) -> None:
        if failing:
            broken = sqlite3.OperationalError("made to fail")
            broken.sqlite_errorcode = code
            raise broken

    with home.running() as service:
        wait_until(
            lambda: idling(home.mail) and home.sink.requests and not home.ledger()["waiting"]
        )
        event.listen(service.store._engine, "before_cursor_execute", fail)
        failing = True
        home.mail.deliver(sample_mail.judged(DISPUTE, at=datetime.now(UTC)))
        time.sleep(3)
        lines = len(caplog.records)
        told_while_failing = heard(home, DISPUTE)
        failing = False
        wait_until(lambda: heard(home, DISPUTE), 60)
    record_property("tried", 1)
    record_property("doubled", home.told().total() - len(home.told()))

    assert not told_while_failing
    assert lines < 40, "no storm in the log"
    assert set(home.told().values()) == {1}
    assert heard(home, "Orderbell: the disk") or code == sqlite3.SQLITE_BUSY


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, where we may make one."""
    place = tmp_path / "small"
    place.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "orderbell-test", str(place)]
    if (
        os.getuid()
        or shutil.which("mount") is None
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("no right to mount a small disk; the store's own test limits the pages instead")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(path: Path) -> None:
    filler = os.open(path, os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while True:
            os.write(filler, bytes(1024))
    os.close(filler)


def test_a_full_disk_is_told_and_the_mail_waits_until_there_is_space(
    home, small_disk, monkeypatch, record_property
):
    monkeypatch.setattr(watcher, "STORE_SECONDS", 1.0)
    (home.folder / "state").symlink_to(small_disk)
    with home.running():
        wait_until(
            lambda: idling(home.mail) and home.sink.requests and not home.ledger()["waiting"]
        )
        fill(small_disk / "filler")
        home.mail.deliver(
            sample_mail.judged(DISPUTE, "Invalid", at=datetime.now(UTC)) + b"x" * 60_000
        )
        wait_until(lambda: heard(home, "the disk is full"), 30)
        told_while_full = heard(home, DISPUTE)
        (small_disk / "filler").unlink()
        wait_until(lambda: heard(home, DISPUTE), 60)
    with sqlite3.connect(home.files.ledger) as ledger:
        verdict = ledger.execute("PRAGMA integrity_check").fetchone()
    ledger.close()
    record_property("tried", 1)
    record_property("doubled", home.told().total() - len(home.told()))

    assert not told_while_full
    assert verdict == ("ok",)
    assert set(home.told().values()) == {1}


def wounds(count: int, size: int, log: int) -> list[tuple[str, int, int]]:
    """Which file, where, and what is done to the byte there: places spread over the ledger and over
    its log.
    """
    ledger = [("", at * size // count, 0xFF) for at in range(count * 2 // 3)]
    return ledger + [("-wal", at * log // (count // 3), 0xFF) for at in range(count // 3)]


@pytest.mark.parametrize(
    "count", [12, pytest.param(51, marks=[pytest.mark.soak, pytest.mark.timeout(600)])]
)
def test_a_damaged_ledger_is_restored_and_the_mail_read_again_without_a_word(
    home, sender, count, record_property
):
    home.once(send=sender.send)
    now = datetime.now(UTC)
    home.mail.add(
        sample_mail.cancel_requested(ORDERS[0], at=now),
        sample_mail.shipped(ORDERS[0], at=now),
        sample_mail.judged(DISPUTE, at=now),
    )
    home.once(send=sender.send)
    whole, before = home.folder / "whole", home.ledger()
    events = before["events"]
    # The log as a killed process leaves it: with pages that were never brought into the file.
    with Store.open(home.files.ledger) as store:
        with store.write() as ledger:
            ledger.state.set("padding", now, "x" * 20_000)
        shutil.copytree(home.files.state, whole)
    size, log = (
        (whole / "ledger.sqlite").stat().st_size,
        (whole / "ledger.sqlite-wal").stat().st_size,
    )
    told, restored = home.told(), 0
    for side, at, mask in wounds(count, size, log):
        shutil.rmtree(home.files.state)
        shutil.copytree(whole, home.files.state)
        home.files.state.chmod(0o700)
        path = home.files.state / f"ledger.sqlite{side}"
        broken = bytearray(path.read_bytes())
        if side and at % 2:
            del broken[at:]
        else:
            broken[at : at + 32] = bytes(one ^ mask for one in broken[at : at + 32])
        path.write_bytes(broken)
        home.sink.clear()
        home.once(send=sender.send)
        restored += bool(list(home.files.state.glob("*.broken-*")))

        assert home.ledger()["events"] == events, (side, at)
        again = [title for title in home.told() if title in told and "need you" not in title]
        assert again == [], (side, at)
    record_property("tried", count)

    assert log > 20_000
    assert restored > 0
