"""Row 25: SIGTERM, SIGINT and SIGHUP in every phase of the real command's life, and a second start
beside it.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.home import DISPUTE, ORDERS, Home, idling, wait_until
from tests.servers import sample_mail
from tests.servers.fake_imap import Faults, Mail, running
from tests.servers.sink import Reply

PHASES = (
    "not yet ready",
    "a server that does not greet",
    "a login without an answer",
    "a folder that does not open",
    "a search without an answer",
    "a mail that is never given",
    "idling",
    "a refused password",
    "a server that is not there",
    "a push without an answer",
    "a push that failed",
)


LONG = (
    "a server that does not greet",
    "a folder that does not open",
    "a mail that is never given",
    "a push that failed",
)
"""Phases like another one: tried in the soak."""


@contextmanager
def command(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """`orderbell run` as a user starts it."""
    program = str(Path(sys.executable).with_name("orderbell"))
    places = ["--config", home.files.config, "--state", home.files.state]
    with (home.folder / "log").open("ab") as log:
        process = subprocess.Popen([program, *places, "run"], stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def home(tmp_path, http_sink):
    with running() as mail:
        now = datetime.now(UTC)
        mail.mails = {1: Mail(sample_mail.placed(ORDERS[0], at=now - timedelta(days=2)))}
        yield Home(tmp_path, mail, http_sink)


def bring_to(phase: str, home: Home):
    """Arrange the phase; returns what tells that it has come."""
    match phase:
        case "not yet ready":
            return (home.folder / "state").exists
        case "a server that does not greet":
            home.mail.faults = Faults(stall_at=0)
            return lambda: bool(home.mail._connections)
        case "idling":
            return lambda: idling(home.mail) and bool(home.sink.requests)
        case "a refused password":
            (home.folder / "password").write_text("wrong")
            return lambda: home.mail.logins > 0
        case "a server that is not there":
            home.mail.close()
            return lambda: b"mailbox failed" in (home.folder / "log").read_bytes()
        case "a push without an answer":
            home.sink.always = Reply(hang=60)
            return lambda: bool(home.sink.requests)
        case "a push that failed":
            home.sink.always = Reply(status=503)
            return lambda: bool(home.sink.requests) and b"503" in (home.folder / "log").read_bytes()
    name = {
        "a login without an answer": "AUTHENTICATE",
        "a folder that does not open": "EXAMINE",
        "a search without an answer": "UID SEARCH",
        "a mail that is never given": "UID FETCH",
    }[phase]
    home.mail.answers[name] = b""
    return lambda: any(name.encode() in line for line in home.mail.said)


def heal(home: Home) -> None:
    home.mail.answers.clear()
    home.mail.faults = Faults()
    home.sink.always = Reply()


@pytest.mark.parametrize(
    "phase", [pytest.param(one, marks=[pytest.mark.soak] if one in LONG else []) for one in PHASES]
)
def test_the_service_ends_soon_in_whatever_phase_it_is_told_to(home, phase, record_property):
    come = bring_to(phase, home)
    with command(home) as process:
        wait_until(lambda: come() or process.poll() is not None)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM if PHASES.index(phase) % 2 else signal.SIGINT)
        process.wait(20)
        took = time.monotonic() - began
    said = (home.folder / "log").read_text()
    record_property("tried", 1)

    assert process.returncode in (
        (0, 1, -signal.SIGTERM, -signal.SIGINT) if phase == "not yet ready" else (0,)
    ), said
    assert took < 10
    assert "Traceback" not in said or phase == "not yet ready"


@pytest.mark.soak
@pytest.mark.parametrize(
    "phase",
    [phase for phase in PHASES if phase not in ("not yet ready", "a server that is not there")],
)
def test_a_reload_in_whatever_phase_breaks_nothing(home, phase, record_property):
    come = bring_to(phase, home)
    with command(home) as process:
        wait_until(come)
        for _ in range(3):
            process.send_signal(signal.SIGHUP)
            time.sleep(0.2)
        (home.folder / "password").write_text("secret")
        home.configure("digest: {at: '07:00'}")
        heal(home)
        home.mail.hang_up()
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "files read again" in (home.folder / "log").read_text(), 30)
        if phase != "a refused password":
            wait_until(lambda: idling(home.mail), 60)
            home.mail.deliver(sample_mail.judged(DISPUTE, at=datetime.now(UTC)))
            wait_until(
                lambda: any(DISPUTE in one.json["message"] for one in home.sink.requests), 60
            )
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    record_property("tried", 4)

    assert process.returncode == 0
    assert "Traceback" not in (home.folder / "log").read_text()


def test_a_broken_file_at_a_reload_leaves_the_service_as_it_was(home, record_property):
    with command(home) as process:
        wait_until(lambda: idling(home.mail))
        home.files.config.write_text("version: 2\n")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "rejected" in (home.folder / "log").read_text())
        home.mail.deliver(sample_mail.judged(DISPUTE, at=datetime.now(UTC)))
        wait_until(lambda: any(DISPUTE in one.json["message"] for one in home.sink.requests))
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    record_property("tried", 1)

    assert process.returncode == 0


def test_a_second_start_is_refused_and_the_first_goes_on(home, record_property):
    with command(home) as first:
        wait_until(lambda: idling(home.mail))
        with command(home) as second:
            second.wait(20)
        home.mail.deliver(sample_mail.judged(DISPUTE, at=datetime.now(UTC)))
        wait_until(lambda: any(DISPUTE in one.json["message"] for one in home.sink.requests))
        first.send_signal(signal.SIGTERM)
        first.wait(20)
    record_property("tried", 1)

    assert (first.returncode, second.returncode) == (0, 7)
