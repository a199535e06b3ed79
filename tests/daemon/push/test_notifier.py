import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from daemon.push import Delivery, Notifier, SendOutcome
from daemon.worker import process
from tests.daemon.push.recorded import MAIL
from tests.servers.mail_sink import MailSink
from tests.servers.sink import Reply, Sink


@pytest.fixture(scope="module")
def sender():
    with Notifier() as one:
        yield one


def delivery(url, key="k"):
    return Delivery(
        target="phone", url=url, title="Title", body="Body", severity="critical", key=key
    )


def running(process_id):
    """Alive; one that has ended and waits to be counted by its parent is not."""
    try:
        return (
            Path("/proc", str(process_id), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except FileNotFoundError:
        return False


def children(sender):
    return [child.process.pid for child in (*sender._idle, *sender._busy)]


def test_a_message_arrives_with_its_key(sender, http_sink):
    answer = sender.send(delivery(f"json://{http_sink.host}/hook", key="refund-short/1/firing"))

    assert answer.outcome is SendOutcome.SENT
    assert http_sink.requests[0].headers["idempotency-key"] == "refund-short/1/firing"


@pytest.mark.parametrize(
    ("reply", "outcome", "permanent", "words"),
    [
        (
            Reply(status=429, headers={"Retry-After": "30"}),
            SendOutcome.FAILED,
            False,
            "too many messages",
        ),
        (Reply(status=500), SendOutcome.FAILED, False, "answered 500"),
        (Reply(status=401), SendOutcome.FAILED, True, "token or password"),
        (Reply(status=410), SendOutcome.FAILED, True, "removed"),
        (Reply(cut=True), SendOutcome.UNSURE, False, "answer was lost"),
    ],
)
def test_an_answer_tells_sent_failed_and_unsure_apart(
    sender, http_sink, reply, outcome, permanent, words
):
    http_sink.plan.append(reply)

    answer = sender.send(delivery(f"ntfy://{http_sink.host}/topic"))

    assert (answer.outcome, answer.permanent) == (outcome, permanent)
    assert words in answer.reason
    assert len(http_sink.requests) == 1, "never sent twice in one try"


def test_a_slow_service_is_waited_for_and_not_sent_to_again(sender, http_sink):
    http_sink.plan.append(Reply(hang=5))

    answer = sender.send(delivery(f"ntfy://{http_sink.host}/topic"))

    assert answer.outcome is SendOutcome.SENT
    assert len(http_sink.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_takes_the_message_nowhere_else(sender, http_sink, status):
    with Sink() as elsewhere:
        http_sink.plan.append(
            Reply(status=status, headers={"Location": f"http://{elsewhere.host}/"})
        )

        answer = sender.send(delivery(f"json://{http_sink.host}/hook"))

        assert (answer.outcome, answer.permanent) == (SendOutcome.FAILED, True)
        assert elsewhere.requests == ()


def test_a_host_that_is_not_there_is_a_plain_failure(sender):
    assert sender.send(delivery("ntfy://127.0.0.1:9/topic")).outcome is SendOutcome.FAILED
    assert sender.send(delivery("ntfy://nowhere.invalid/topic")).outcome is SendOutcome.FAILED


def test_a_server_that_speaks_no_tls_gets_nothing(sender, http_sink):
    answer = sender.send(delivery(f"ntfys://{http_sink.host}/topic"))

    assert answer.outcome is SendOutcome.FAILED
    assert http_sink.requests == ()


@pytest.mark.parametrize(
    "reply", [Reply(hang=60), Reply(drip=0.2, body=b"x" * 1_000)], ids=["hangs", "drips"]
)
def test_a_service_that_never_ends_is_left_at_the_deadline_with_no_process_behind(http_sink, reply):
    http_sink.always = reply
    with Notifier() as impatient:
        assert impatient.check("json://localhost") is None  # it has started
        impatient._deadline = 3.0
        (child,) = children(impatient)
        started = time.monotonic()

        answer = impatient.send(delivery(f"ntfy://{http_sink.host}/topic"))

        assert answer.outcome is SendOutcome.UNSURE
        assert 2.9 < time.monotonic() - started < 8
        assert not running(child)


def test_a_dead_service_holds_back_no_other(http_sink):
    with Sink(Reply(hang=60)) as dead, Notifier(deadline=20.0) as sender:
        stuck = threading.Thread(target=sender.send, args=[delivery(f"ntfy://{dead.host}/topic")])
        stuck.start()
        dead.wait(1)

        answer = sender.send(delivery(f"ntfy://{http_sink.host}/topic"))

        assert answer.outcome is SendOutcome.SENT
        assert stuck.is_alive(), "the dead one is still being waited for"
        sender.close()
        stuck.join(10)


def test_closing_ends_what_is_under_way_as_unsure(http_sink):
    http_sink.always = Reply(hang=60)
    sender = Notifier()
    answers = []
    sending = threading.Thread(
        target=lambda: answers.append(sender.send(delivery(f"ntfy://{http_sink.host}/topic")))
    )
    sending.start()
    http_sink.wait(1)
    pids = children(sender)

    sender.close()
    sending.join(10)

    assert [answer.outcome for answer in answers] == [SendOutcome.UNSURE]
    assert not any(running(pid) for pid in pids)
    assert sender.send(delivery(f"ntfy://{http_sink.host}/topic")).outcome is SendOutcome.FAILED


def test_a_child_is_kept_and_replaced_when_old(http_sink, monkeypatch):
    with Notifier() as sender:
        sender.send(delivery(f"json://{http_sink.host}/"))
        first = children(sender)
        sender.send(delivery(f"json://{http_sink.host}/"))

        assert children(sender) == first

        monkeypatch.setattr(process, "FRESH", 0.0)
        sender.send(delivery(f"json://{http_sink.host}/"))

        assert children(sender) != first
        assert not running(first[0])


def test_a_process_that_cannot_start_has_sent_nothing(http_sink, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Notifier() as sender:
        answer = sender.send(delivery(f"json://{http_sink.host}/"))

    assert (answer.outcome, answer.reason) == (
        SendOutcome.FAILED,
        "the sending process did not start",
    )


def test_a_daemon_that_is_killed_leaves_no_process_behind(tmp_path):
    script = f"""
import pathlib, time
from daemon.push import Notifier
sender = Notifier()
sender.check("json://localhost")
pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(sender._idle[0].process.pid))
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script]) as daemon:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert daemon.poll() is None
            time.sleep(0.02)
        child = int((tmp_path / "pid").read_text())
        assert running(child)
        daemon.kill()

    ended = time.monotonic() + 5
    while running(child):
        assert time.monotonic() < ended
        time.sleep(0.02)


def test_the_daemon_itself_never_loads_apprise():
    script = "import sys, daemon.push; sys.exit('apprise' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_no_url_can_be_seen_in_the_list_of_processes(http_sink):
    with Notifier() as sender:
        sender.send(delivery(f"ntfy://{http_sink.host}/a-secret-topic"))
        (child,) = children(sender)
        seen = b"".join(
            Path("/proc", str(child), name).read_bytes() for name in ("cmdline", "environ")
        )

    assert b"a-secret-topic" not in seen


def test_no_reason_names_the_url(sender, http_sink):
    http_sink.always = Reply(status=400)
    urls = [
        f"ntfy://{http_sink.host}/a-secret-topic",
        "nfty://a-secret-topic",
        "ntfy://a-secret-topic:x/y?optional=1",
    ]
    reasons = [sender.send(delivery(url)).reason for url in urls]

    assert all(reasons)
    assert not [reason for reason in reasons if "a-secret-topic" in reason]


@pytest.mark.parametrize(
    ("refusal", "outcome", "permanent"),
    [
        ({}, SendOutcome.SENT, False),
        ({"AUTH": "535 5.7.8 wrong"}, SendOutcome.FAILED, True),
        ({"RCPT": "550 nobody here"}, SendOutcome.FAILED, True),
        ({"DATA": "451 later"}, SendOutcome.FAILED, False),
    ],
)
def test_a_mail_server_that_refuses_is_understood(sender, refusal, outcome, permanent):
    with MailSink() as sink:
        sink.refuse = refusal

        answer = sender.send(delivery(MAIL.format(host=sink.host)))

    assert (answer.outcome, answer.permanent) == (outcome, permanent), answer.reason
