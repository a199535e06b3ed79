"""The reading process: it reads, it is killed when it hangs, and it can say nothing but
readings.
"""

import json
import os
import signal
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from daemon.worker import budget
from daemon.worker.reading import (
    ReadingChild,
    ReadingError,
    ReadingStoppedError,
    StandInError,
    frame_from_json,
    frame_to_json,
    inline,
)
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


def test_a_header_tells_whether_its_body_is_worth_fetching(child):
    here = inline(None)
    headers = [raw.partition(b"\r\n\r\n")[0] for raw in MAILS]

    assert [child.wanted(one, FRAME) for one in headers] == [
        here.wanted(one, FRAME) for one in headers
    ]
    assert child.wanted(headers[0], FRAME)
    assert not child.wanted(headers[3], FRAME)


def test_what_cannot_be_found_out_of_a_header_is_fetched():
    with ReadingChild(None) as child:
        child(MAILS[0], FRAME)
        child._seconds = 1.0
        os.kill(child._worker.process.pid, signal.SIGSTOP)

        assert child.wanted(b"From: a@example.org", FRAME)


@pytest.mark.parametrize(
    "zone", [ZoneInfo("Asia/Tokyo"), timezone(timedelta(hours=-3, minutes=-30)), UTC]
)
def test_how_a_mailbox_is_read_arrives_in_the_child(zone):
    frame = Frame(
        authserv_ids=("mx.example.net", ""),
        addresses=("me@example.org",),
        relays=("duck",),
        zone=zone,
        role="both",
        trust_all=True,
    )
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    arrived = frame_from_json(json.dumps(frame_to_json(frame)))

    assert replace(arrived, zone=UTC) == replace(frame, zone=UTC)
    assert moment.astimezone(arrived.zone).isoformat() == moment.astimezone(zone).isoformat()


def test_a_close_ends_the_reading_in_hand_and_finds_nothing_out():
    child = ReadingChild(None)
    child(MAILS[0], FRAME)
    os.kill(child._worker.process.pid, signal.SIGSTOP)
    threading.Timer(0.3, child.close).start()
    began = time.monotonic()
    with pytest.raises(ReadingStoppedError):
        child(MAILS[0], FRAME)

    assert time.monotonic() - began < 5
    with pytest.raises(ReadingStoppedError):
        child.wanted(b"From: a@example.org", FRAME)


def spin(prose: int) -> bytes:
    """A mail that takes the reader long: lines that nearly fit every phrase."""
    return sample_mail.amazon("Bomb") + b"the parcel of your order has been shipped to \r\n" * prose


def test_a_mail_that_takes_its_time_is_refused_for_good_and_the_child_goes_on(monkeypatch):
    monkeypatch.setattr(budget, "MAIL_CPU", 0.01)
    with ReadingChild(None) as child:
        child(MAILS[3], FRAME)
        first = child._worker
        with pytest.raises(ReadingError, match=r"0\.01 s of processor time") as caught:
            child(spin(2_000), FRAME)

        assert caught.value.lasting
        assert child._worker is first
        assert child(MAILS[3], FRAME).outcome is Outcome.FOREIGN


def test_what_a_server_gives_in_the_place_of_a_mail_is_no_mail(child):
    notice = (
        b"Subject: Retrieval using the IMAP4 protocol failed for the following message: 7\r\n"
        b"\r\nThe server couldn't retrieve the following message.\r\n"
    )
    assert child.wanted(notice.partition(b"\r\n\r\n")[0], FRAME)
    with pytest.raises(StandInError):
        child(notice, FRAME)
    with pytest.raises(StandInError):
        inline(None)(notice, FRAME)
