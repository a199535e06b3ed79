"""A notifier fails for hours of virtual time: nothing is lost, nothing floods, the others are not
held up.

Real ledger, rules and Apprise; two sinks play the services.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from daemon.pipeline.deliver import send_next
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.scopes import target_scope
from daemon.pipeline.setup import build
from daemon.push import Notifier
from daemon.settings import Secret, Settings, Target
from daemon.store.outbox import OutboxState, Outgoing
from daemon.store.store import Store
from tests.servers.sink import Reply, Sink

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
BOXES = tuple(f"box{number}" for number in range(12))
ALERTS = {f"Mailbox {box} cannot be read" for box in BOXES}
DOWN = Reply(status=503)


def no_mail(raw, frame):
    raise AssertionError("no mail is read here")


class House:
    """Twelve mailboxes, any of which may fail, and two targets: a phone whose service may fail, and
    a chat.
    """

    def __init__(self, phone, chat, sender, setup):
        self.sinks = {"phone": phone, "chat": chat}
        self.sender, self.now = sender, START
        urls = {name: Secret(value=f"json://{sink.host}/") for name, sink in self.sinks.items()}
        self.setup = replace(
            setup, targets=tuple(Target(id=name, url=url) for name, url in urls.items())
        )
        self.store = Store.memory()
        self.pipeline = Pipeline(self.store, self.setup, no_mail, clock=lambda: self.now)

    def fail(self, *boxes):
        for box in boxes:
            self.pipeline.fail_poll(
                box,
                kind="login",
                what="the password is refused",
                permanent=True,
                next_poll_at=self.now,
            )

    def recover(self, box):
        """A good poll, after which no history waits to be read."""
        poll = self.pipeline.begin_poll(box, backfill=timedelta(0))
        self.pipeline.end_poll(poll, self.now)

    def pass_(self, span, step=timedelta(minutes=1)):
        """Let time go by as the service does: sweep, then send what is due."""
        end = self.now + span
        while self.now < end:
            self.now = min(end, self.now + step)
            self.pipeline.sweep()
            for target in self.sinks:
                while send_next(self.store, self.setup, self.sender.send, target, lambda: self.now):
                    pass

    def got(self, name):
        """Titles and bodies the service took, in order."""
        return [(one.json["title"], one.json["message"]) for one in self.sinks[name].requests]

    def titles(self, name):
        return Counter(title for title, _ in self.got(name))

    def outbox(self, name):
        with self.store.read() as ledger:
            return [row for row in ledger.outbox.listed() if row.target == name]


@pytest.fixture(scope="module")
def sender():
    with Notifier() as one:
        yield one


@pytest.fixture(scope="module")
def setup():
    """Rules and packs as shipped, every alert told at once to everybody."""
    boxes = [
        {"id": box, "host": "imap.example.org", "user": "me", "password": {"value": "x"}}
        for box in BOXES
    ]
    alerts = {severity: {"group": "now"} for severity in ("critical", "warning", "info")}
    return build(
        Settings.model_validate({"version": 1, "mailboxes": boxes, "alerts": alerts}),
        rules=None,
        packs=None,
    )


@pytest.fixture
def house(sender, setup):
    with Sink() as phone, Sink() as chat:
        one = House(phone, chat, sender, setup)
        yield one
        one.store.close()


def test_six_hours_without_the_phone_lose_nothing_and_end_in_one_list(house):
    house.sinks["phone"].always = DOWN
    for box in BOXES:
        house.fail(box)
        house.pass_(timedelta(minutes=30))
    refused = len(house.got("phone"))
    house.sinks["phone"].always = Reply()
    house.sinks["phone"].clear()
    house.pass_(timedelta(hours=1))

    told = house.got("phone")
    said = "\n".join(f"{title}\n{body}" for title, body in told)
    assert not [alert for alert in ALERTS if alert not in said], "lost"
    assert len(told) <= 3, "a list, not a flood"
    assert refused < 150, "the broken service is not hammered"
    assert {row.state for row in house.outbox("phone")} <= {OutboxState.SENT, OutboxState.FOLDED}


def test_the_other_target_is_not_held_up_and_hears_of_it(house):
    house.sinks["phone"].always = DOWN
    for box in BOXES:
        house.fail(box)
        house.pass_(timedelta(minutes=2))

    chat = house.titles("chat")
    assert {title: chat[title] for title in ALERTS} == dict.fromkeys(ALERTS, 1)
    assert chat["Alerts do not reach phone"] == 1


def test_a_service_that_asks_for_patience_gets_it_and_then_each_message_once(house):
    house.sinks["phone"].plan.extend([Reply(status=429, headers={"Retry-After": "60"})] * 3)
    house.fail("box0")
    house.pass_(timedelta(minutes=20), step=timedelta(seconds=5))

    assert house.titles("phone") == {"Mailbox box0 cannot be read": 4}, (
        "three refusals and the message"
    )
    assert [row.state for row in house.outbox("phone")] == [OutboxState.SENT]


def test_a_lost_answer_is_sent_once_more_and_marked(house):
    house.sinks["phone"].plan.append(Reply(cut=True))
    house.fail("box0")
    house.pass_(timedelta(minutes=20), step=timedelta(seconds=5))

    assert [title for title, _ in house.got("phone")] == [
        "Mailbox box0 cannot be read",
        "Mailbox box0 cannot be read (maybe a repeat)",
    ]
    assert len({one.headers["idempotency-key"] for one in house.sinks["phone"].requests}) == 1


def test_what_came_to_an_end_meanwhile_is_not_told_late(house):
    house.recover("box0")
    house.pass_(timedelta(minutes=5))
    house.sinks["phone"].always = DOWN
    house.fail("box0")
    house.pass_(timedelta(hours=2))
    house.recover("box0")
    house.pass_(timedelta(minutes=5))
    house.sinks["phone"].always = Reply()
    house.sinks["phone"].clear()
    house.pass_(timedelta(hours=2))

    assert "Mailbox box0 cannot be read" not in house.titles("phone")


def test_a_mailbox_that_failed_before_its_first_run_is_well_after_it(house):
    house.fail("box0")
    house.pass_(timedelta(minutes=5))
    house.recover("box0")
    house.pass_(timedelta(minutes=5))

    assert house.titles("chat") == {
        "Mailbox box0 cannot be read": 1,
        "Cleared: Mailbox box0 cannot be read": 1,
        "0 mails, 0 orders, 0 need you": 1,
    }


def test_a_list_that_could_not_be_sent_either_keeps_every_line(house):
    house.sinks["phone"].always = DOWN
    for box in BOXES[:4]:
        house.fail(box)
        house.pass_(timedelta(hours=7), step=timedelta(minutes=1))
    house.sinks["phone"].always = Reply()
    house.sinks["phone"].clear()
    house.pass_(timedelta(hours=2))
    said = "\n".join(f"{title}\n{body}" for title, body in house.got("phone"))

    assert [box for box in BOXES[:4] if f"Mailbox {box} cannot be read" not in said] == []
    assert "• 2 things to know" not in said


def test_after_seven_days_a_message_is_given_up_and_stays_in_sight(house):
    house.sinks["phone"].always = DOWN
    with house.store.write() as ledger:
        message = ledger.alerts.new_message(house.now, "alerts")
        out = Outgoing(
            key="k", target="phone", message=message, severity="info", title="Shipped", body=""
        )
        ledger.outbox.add(out, house.now)
    house.pass_(timedelta(days=6), step=timedelta(minutes=15))

    assert [row.state for row in house.outbox("phone") if row.key == "k"] == [OutboxState.NEW]

    house.pass_(timedelta(days=2), step=timedelta(minutes=15))

    (given_up,) = [row for row in house.outbox("phone") if row.key == "k"]
    assert given_up.state is OutboxState.DEAD
    assert given_up.error == "the service answered 503: a fault of its own"


def test_three_quarters_of_a_months_messages_are_told_once_a_month(house):
    phone, chat = house.setup.targets
    house.setup = house.pipeline.setup = replace(
        house.setup, targets=(phone.model_copy(update={"monthly": 4}), chat)
    )
    warned = "phone takes few more messages this month"
    for box in ("box0", "box1"):
        house.fail(box)
        house.pass_(timedelta(hours=1))
    assert house.titles("chat")[warned] == 0

    for box in ("box2", "box3"):
        house.fail(box)
        house.pass_(timedelta(hours=1))
    assert house.titles("chat")[warned] == 1
    assert "Sent this month: 3. Left: 1." in next(
        body for title, body in house.got("chat") if title == warned
    )

    for box in BOXES[:4]:
        house.recover(box)
    house.pass_(timedelta(days=29), step=timedelta(hours=6))
    with house.store.read() as ledger:
        assert [row.alert.rule for row in ledger.alerts.live(target_scope("phone"))] == [
            "target-month-ending"
        ]

    house.pass_(timedelta(days=2), step=timedelta(hours=6))
    with house.store.read() as ledger:
        assert ledger.alerts.live(target_scope("phone")) == (), "a new month, a new count"
    assert house.titles("chat")[warned] == 1


def test_what_waited_for_the_morning_still_says_what_to_do(house):
    house.setup = house.pipeline.setup = replace(
        house.setup, plan=replace(house.setup.plan, quiet_from=time(8), quiet_to=time(12))
    )
    house.fail("box0", "box1")
    house.pass_(timedelta(hours=2))
    assert house.got("phone") == []

    house.pass_(timedelta(hours=2))
    ((title, body),) = house.got("phone")
    assert title == "Mailbox box0 cannot be read and 1 more"
    assert "To do: orderbell doctor says what to mend." in body
    assert "Mailbox box1 cannot be read" in body


def test_after_a_night_of_many_there_is_a_list(house):
    house.setup = house.pipeline.setup = replace(
        house.setup, plan=replace(house.setup.plan, quiet_from=time(8), quiet_to=time(12))
    )
    house.fail(*BOXES)
    house.pass_(timedelta(hours=4))

    ((title, body),) = house.got("phone")
    assert title == "12 things to know"
    assert "• Mailbox box11 cannot be read" in body


def test_a_server_that_is_away_as_well_clears_no_trouble_somebody_must_mend(house):
    house.fail(BOXES[0])
    house.pass_(timedelta(minutes=5))
    house.pipeline.fail_poll(
        BOXES[0], kind="unreachable", what="no answer", permanent=False, next_poll_at=house.now
    )
    house.pass_(timedelta(minutes=5))

    assert [text for text in house.titles("phone") if text.startswith("Cleared")] == []
