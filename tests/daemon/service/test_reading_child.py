"""The reading process: it reads, it is killed when it hangs, and it can say nothing but
readings.
"""

import io
import os
import pickle
import signal
import threading
import time
from datetime import UTC
from pathlib import Path

import pytest

from daemon.worker.reading import Frame, ReadingChild, ReadingError, _Careful, inline
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
        child._process.kill()
        child._process.wait()

        assert child(MAILS[0], FRAME).outcome is Outcome.NOTICES


def test_a_child_that_hangs_is_killed_in_time():
    with ReadingChild(None, seconds=1.0) as child:
        child.warm()
        os.kill(child._process.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(ReadingError, match="longer than 1 s"):
            child(MAILS[0], FRAME)

        assert time.monotonic() - began < 5
        assert child._process is None


def test_a_child_killed_while_reading_is_told():
    with ReadingChild(None) as child:
        child.warm()
        os.kill(child._process.pid, signal.SIGSTOP)
        process = child._process
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
        kept = child._process
        child.rest(idle=0)

        assert kept is not None
        assert child._process is None


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize(
    "answer",
    [
        pickle.dumps(Evil()),
        b"cparsers.notice\nEnum.__subclasses__\n.",
        b"cbuiltins\neval\n.",
        pickle.dumps(ReadingChild),
    ],
)
def test_an_overrun_child_can_say_nothing_but_readings(answer):
    with pytest.raises(pickle.UnpicklingError, match="no part of a reading"):
        _Careful(io.BytesIO(answer)).load()


def test_the_child_knows_no_secret_of_ours(monkeypatch):
    monkeypatch.setenv("ORDERBELL_PASSWORD", "hunter2")
    with ReadingChild(None) as child:
        child.warm()
        time.sleep(0.2)
        environment = Path(f"/proc/{child._process.pid}/environ").read_bytes()

    assert b"hunter2" not in environment
