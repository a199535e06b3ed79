import io
import json
import logging
import os
import sys
import threading
import time
from datetime import datetime

import pytest

from daemon import logs
from daemon.secrets import resolve
from daemon.settings import Secret

log = logging.getLogger("daemon.somewhere")


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Logging is global: hand it back as it was."""
    root = logging.getLogger()
    before = root.level, list(root.handlers), sys.excepthook, threading.excepthook
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    monkeypatch.setattr(logs, "_hidden", logs._Hidden())
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    sys.excepthook, threading.excepthook = before[2:]
    logging.captureWarnings(False)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def written():
    """A stream that is no terminal and no journal."""
    return io.StringIO()


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_sign_that_commands_a_terminal_or_turns_a_line_reaches_the_log(written, form):
    signs = "\x1b]52;c;aGk=\x07 \x9b2J \u202e\u2066\u200f\u061c\ufeff\u2028\U000e0041 end"
    logs.start(form, stream=written, environment={})
    log.warning("said %s", signs)
    try:
        int(signs)
    except ValueError:
        log.exception("and raised")

    assert "end" in written.getvalue()
    assert [char for char in written.getvalue() if not (char.isprintable() or char == "\n")] == []
    if form == "json":
        assert json.loads(written.getvalue().splitlines()[0])["message"] == f"said {signs}"


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("order=249-0000000-0000001 shipped", "order=…0000001 shipped"),
        ("order=D01-0000000-0000001", "order=…0000001"),
        ("order=8100000000000001", "order=…0001"),
        ("uid=123456 size=1234567890", "uid=123456 size=1234567890"),
        ("from me.you+x@mail.example.org", "from <address>"),
        ("target ntfy://my-secret-topic failed", "target ntfy://… failed"),
        ("tgram://123:abc/456?x=1", "tgram://…"),
        ("post https://hooks.slack.com/services/T1/B1/xyz", "post https://hooks.slack.com/…"),
        ("get https://me:pass@host.example:8080/a?b", "get https://host.example:8080/…"),
        ("see https://example.org for more", "see https://example.org for more"),
        ("url='json://me:pass@host/x'", "url='json://…'"),
    ],
)
def test_what_is_private_is_masked(said, logged):
    assert logs.mask(said) == logged


def test_numbers_and_addresses_may_be_seen_while_debugging_but_never_urls():
    said = "order=8100000000000001 me@example.org ntfy://topic"

    assert logs.mask(said, level=logging.DEBUG) == "order=8100000000000001 me@example.org ntfy://…"


def test_a_secret_that_was_read_is_in_no_line_in_any_form(written):
    resolve(Secret(value='hunter2 "ü/'), what="a password")
    logs.start("json", stream=written, level=logging.DEBUG)

    log.debug("login %s %r", 'hunter2 "ü/', ["hunter2%20%22%C3%BC%2F"])
    try:
        int('hunter2 "ü/')
    except ValueError:
        log.exception("failed")

    assert "hunter2" not in written.getvalue()
    assert written.getvalue().count("***") >= 3


def test_the_list_of_secrets_does_not_grow_for_ever():
    for number in range(2_000):
        logs.hide(f"token-{number:05}")

    assert len(logs._hidden.words) == logs.HIDDEN_AT_MOST
    assert logs.mask("token-01999") == "***"


def test_json_is_one_object_a_line_with_the_time_in_utc(written):
    logs.start("json", stream=written)

    log.info("notice read kind=%s\nsecond line", "shipment.shipped")
    log.debug("not shown")

    (line,) = written.getvalue().splitlines()
    said = json.loads(line)
    assert said["message"] == "notice read kind=shipment.shipped\nsecond line"
    assert (said["level"], said["logger"]) == ("info", "daemon.somewhere")
    assert datetime.fromisoformat(said["at"]).utcoffset().total_seconds() == 0


def test_a_line_for_eyes_cannot_be_broken_or_command_the_terminal(written):
    logs.start(stream=written)

    log.warning("subject=%s", "evil\r\n2026 info\x1b[2J\u202e")

    assert written.getvalue().endswith(
        "warning  daemon.somewhere: subject=evil\\r\\n2026 info\\x1b[2J\\u202e\n"
    )


def test_under_systemd_lines_are_json_with_a_priority_and_no_time(tmp_path):
    with (tmp_path / "journal").open("w+") as journal:
        seen = os.fstat(journal.fileno())
        logs.start(stream=journal, environment={"JOURNAL_STREAM": f"{seen.st_dev}:{seen.st_ino}"})
        log.error("mailbox unreachable mailbox=main")
        journal.seek(0)
        line = journal.read()

    assert line.startswith("<3>{")
    assert json.loads(line[3:]) == {
        "level": "error",
        "logger": "daemon.somewhere",
        "message": "mailbox unreachable mailbox=main",
    }


def test_a_terminal_started_from_a_service_is_no_journal(written):
    logs.start(stream=written, environment={"JOURNAL_STREAM": "1:2"})

    log.info("hello")

    assert written.getvalue().endswith("info     daemon.somewhere: hello\n")


def test_starting_again_replaces_and_does_not_double(written):
    logs.start(stream=io.StringIO())
    logs.start(stream=written)

    log.info("once")

    assert written.getvalue().count("once") == 1


def test_libraries_that_write_mails_into_the_log_are_kept_quiet(written):
    logs.start(stream=written, level=logging.DEBUG)

    logging.getLogger("mailparser").error("raw header")
    logging.getLogger("imapclient.imaplib").debug("the whole mail")
    logging.getLogger("apscheduler.executors").info("ran")

    assert written.getvalue() == ""


def test_a_fault_of_ours_in_a_thread_is_logged_and_masked(written):
    logs.start(stream=written)

    def fall():
        raise KeyError("me@example.org")

    thread = threading.Thread(target=fall)
    thread.start()
    thread.join()

    assert "this is our fault error=KeyError" in written.getvalue()
    assert "Traceback" in written.getvalue()
    assert "me@example.org" not in written.getvalue()


def test_a_long_line_is_masked_in_time_that_grows_with_its_length():
    started = time.monotonic()

    logs.mask("a@" * 50_000 + "1" * 100_000 + ".-" * 50_000 + "x://" * 20_000)

    assert time.monotonic() - started < 2
