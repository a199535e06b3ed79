"""A button is pressed on a phone, and its alerts ring no more: real ledger, rules, Apprise; a sink
plays ntfy.
"""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from daemon.http import WebError
from daemon.pipeline.acknowledge import hear
from daemon.pipeline.deliver import send_next
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import build
from daemon.push import Notifier
from daemon.settings import Secret, Settings, Target
from daemon.store.store import Store
from rules.alert import AlertState
from tests.servers.sink import Reply

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def sender():
    with Notifier() as one:
        yield one


def no_mail(raw, frame):
    raise AssertionError("no mail is read here")


class Phone:
    """One target with answers, one mailbox that cannot be read, and the message about it."""

    def __init__(self, sink, sender, setup):
        self.sink, self.sender, self.now = sink, sender, START
        url, answers = (
            Secret(value=f"ntfy://{sink.host}/topic"),
            Secret(value=f"http://{sink.host}/answers"),
        )
        self.setup = replace(setup, targets=(Target(id="phone", url=url, answers=answers),))
        self.store = Store.memory()
        self.pipeline = Pipeline(self.store, self.setup, no_mail, clock=self.clock)

    def clock(self):
        return self.now

    def pass_(self, **span):
        self.now += timedelta(**span)
        self.pipeline.sweep()

    def fail(self):
        later = self.now + timedelta(hours=1)
        self.pipeline.fail_poll(
            "main", kind="login", what="the password is refused", permanent=True, next_poll_at=later
        )

    def send(self):
        """Send what is due; the requests that came of it."""
        before = len(self.sink.requests)
        while send_next(self.store, self.setup, self.sender.send, "phone", self.clock):
            pass
        return self.sink.requests[before:]

    def press(self, request, *, number=1):
        """What ntfy tells when the button under the message is pressed."""
        token = re.search(r"body=(\S+),", request.headers["x-actions"])[1]
        line = {"id": f"press{number}", "event": "message", "message": token}
        self.sink.plan.append(Reply(body=json.dumps(line).encode() + b"\n"))

    def hear(self):
        return hear(self.store, self.setup, "phone", self.clock)

    def states(self):
        with self.store.read() as ledger:
            return [row.alert.state for row in ledger.alerts.listed()]


@pytest.fixture(scope="module")
def setup():
    """Rules and packs as shipped, every alert told at once."""
    box = {"id": "main", "host": "imap.example.org", "user": "me", "password": {"value": "x"}}
    alerts = {severity: {"group": "now"} for severity in ("critical", "warning", "info")}
    return build(
        Settings.model_validate({"version": 1, "mailboxes": [box], "alerts": alerts}),
        rules=None,
        packs=None,
    )


@pytest.fixture
def phone(http_sink, sender, setup):
    one = Phone(http_sink, sender, setup)
    yield one
    one.store.close()


def test_a_pressed_button_acknowledges_and_the_alert_repeats_no_more(phone):
    phone.fail()
    phone.pass_(minutes=2)
    (message,) = phone.send()
    phone.press(message)

    assert phone.hear() == 1

    assert phone.states() == [AlertState.ACKED]
    phone.pass_(hours=23)
    assert phone.send() == ()


def test_unanswered_it_is_told_again(phone):
    phone.fail()
    phone.pass_(minutes=2)
    phone.send()
    phone.pass_(hours=23)
    phone.pass_(hours=2)

    assert len(phone.send()) == 1


def test_a_button_counts_once_even_when_somebody_repeats_what_it_wrote(phone):
    phone.fail()
    phone.pass_(minutes=2)
    (message,) = phone.send()
    phone.press(message)
    phone.hear()
    phone.pass_(days=1, hours=1)  # it becomes critical and rings again

    assert phone.states() == [AlertState.FIRING]

    phone.press(message, number=2)

    assert phone.hear() == 0
    assert phone.states() == [AlertState.FIRING]


def test_reading_the_topic_goes_on_where_it_ended(phone):
    phone.fail()
    phone.pass_(minutes=2)
    (message,) = phone.send()
    phone.press(message)
    phone.hear()
    phone.sink.plan.append(Reply(body=b""))

    phone.hear()

    assert [one.path for one in phone.sink.requests[-2:]] == [
        "/answers/json?poll=1&since=12h",
        "/answers/json?poll=1&since=press1",
    ]


def test_a_topic_that_cannot_be_read_changes_nothing(phone):
    phone.sink.plan.append(Reply(status=503))

    with pytest.raises(WebError, match="503"):
        phone.hear()


def test_a_target_without_answers_is_asked_nothing(phone):
    bare = phone.setup.targets[0].model_copy(update={"answers": None})
    phone.setup = replace(phone.setup, targets=(bare,))

    assert phone.hear() == 0
    assert phone.sink.requests == ()


def test_a_message_with_nothing_to_acknowledge_has_no_button(phone):
    phone.fail()
    phone.pass_(minutes=2)
    phone.send()
    poll = phone.pipeline.begin_poll("main", backfill=timedelta(0))
    phone.pipeline.end_poll(poll, phone.now + timedelta(minutes=5))
    phone.pass_(minutes=2)

    resolved = phone.send()

    assert resolved
    assert [one.headers.get("x-actions") for one in resolved] == [None] * len(resolved)
