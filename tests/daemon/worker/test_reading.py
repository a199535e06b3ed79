"""The reading process: it reads, it is killed when it hangs, and it can say nothing but
readings.
"""

import os
import signal
import threading
import time
from datetime import UTC
from pathlib import Path

import pytest

from daemon.worker.reading import ReadingChild, ReadingError, inline
from parsers.frame import Frame
from parsers.notice import Outcome
from tests.servers import sample_mail

FRAME = Frame(zone=UTC, authserv_ids=(sample_mail.STAMP,))
MAILS = (
    sample_mail.placed("249-0000000-0000001"),
    sample_mail.judged("8100000000000001"),
    sample_mail.forged("249-0000000-0000001"),
    sample_mail.private(),
    b"",
    b"\xff\x00" * 1000,
)


@pytest.fixture(scope="module")
def child():
    with ReadingChild(None) as one:
        yield one


def test_the_child_reads_what_we_would_read(child):
    here = inline(None)

    assert [child(raw, FRAME) for raw in MAILS] == [here(raw, FRAME) for raw in MAILS]


def test_a_child_that_died_meanwhile_is_replaced():
    with ReadingChild(None) as child:
        child(MAILS[0], FRAME)
        child._worker.process.kill()
        child._worker.process.wait()

        assert child(MAILS[0], FRAME).outcome is Outcome.NOTICES


def test_a_child_that_hangs_is_killed_in_time():
    with ReadingChild(None) as child:
        child(MAILS[0], FRAME)
        child._seconds = 1.0
        os.kill(child._worker.process.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(ReadingError, match="no answer within 1 s"):
            child(MAILS[0], FRAME)

        assert time.monotonic() - began < 5
        assert not child._worker.usable()


def test_a_child_killed_while_reading_is_told():
    with ReadingChild(None) as child:
        child(MAILS[0], FRAME)
        os.kill(child._worker.process.pid, signal.SIGSTOP)
        process = child._worker.process
        threading.Timer(0.5, process.kill).start()
        with pytest.raises(ReadingError, match="signal 9"):
            child(MAILS[0], FRAME)
        again = child(MAILS[0], FRAME)

        assert again.outcome is Outcome.NOTICES


def test_a_pack_broken_by_hand_stops_no_mail(tmp_path):
    (tmp_path / "amazon").mkdir()
    (tmp_path / "amazon" / "pack.yaml").write_text("nonsense: [")
    with ReadingChild(tmp_path) as child:
        assert child(MAILS[0], FRAME).outcome is Outcome.NOTICES


def test_an_idle_child_gives_its_memory_back():
    with ReadingChild(None) as child:
        child(MAILS[0], FRAME)
        child.rest(idle=3600)
        kept = child._worker
        child.rest(idle=0)

        assert kept is not None
        assert child._worker is None


def test_a_working_directory_offers_the_child_no_modules(tmp_path, monkeypatch):
    (tmp_path / "resource.py").write_text("raise SystemExit('I was here')")
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "__init__.py").write_text("raise SystemExit('and I')")
    monkeypatch.chdir(tmp_path)
    with ReadingChild(None) as child:
        assert child(MAILS[0], FRAME).outcome is Outcome.NOTICES


def test_the_child_knows_no_secret_of_ours(monkeypatch):
    monkeypatch.setenv("ORDERBELL_PASSWORD", "hunter2")
    with ReadingChild(None) as child:
        child.warm()
        time.sleep(0.2)
        environment = Path(f"/proc/{child._worker.process.pid}/environ").read_bytes()

    assert b"hunter2" not in environment
