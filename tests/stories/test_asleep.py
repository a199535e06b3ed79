"""Storyboard 14: the program is off for ten days; what was missed comes once, together, the worst
first.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from daemon.mailbox.arrived import Arrived, Cursor, Polled
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import build
from daemon.settings import Settings
from daemon.store.store import Store
from tests.stories.story import FOLDER, filed, load, moment, reads

OFF, ON = moment("2026-03-03 12:00"), moment("2026-03-13 12:00")
STORY = load(FOLDER / "aliexpress-return-missed")


def set_up():
    box = {
        "id": "main",
        "host": "imap.example.jp",
        "user": "hanako@example.jp",
        "password": {"value": "x"},
    }
    written = {"version": 1, "mailboxes": [box | {"unverified": "trust"}], "timezone": "Asia/Tokyo"}
    return build(Settings.model_validate(written), rules=None, packs=None)


@dataclass
class Service:
    """The service over one ledger; `restart` is a new process that finds the old file."""

    store: Store
    now: datetime
    messages: list = field(default_factory=list)
    uid: int = 0

    def restart(self):
        self.pipeline = Pipeline(
            self.store, set_up(), reads(), clock=lambda: self.now, said=self.messages.append
        )

    def poll(self, mails=()):
        poll = self.pipeline.begin_poll("main", backfill=timedelta(0))
        for mail in mails:
            self.uid += 1
            raw = mail.load()
            header = raw.split(b"\n\n", 1)[0]
            self.pipeline.take(
                poll,
                Arrived(
                    mailbox="main", folder="INBOX", uidvalidity=1, uid=self.uid, internal_date=mail.at, size=len(raw),
                    raw=raw, header=header,
                ),
            )  # fmt: skip
        self.pipeline.looked(
            poll, Polled(folder="INBOX", cursor=Cursor(uidvalidity=1, last_uid=self.uid))
        )
        self.pipeline.end_poll(poll, self.now + timedelta(minutes=5))
        self.pipeline.sweep()

    def run_until(self, end, mails):
        """Poll every hour, taking in what has arrived by then."""
        waiting = [mail for mail in mails if mail.at <= end]
        while self.now <= end:
            ready = [mail for mail in waiting if mail.at <= self.now]
            waiting = [mail for mail in waiting if mail.at > self.now]
            self.poll(ready)
            self.now += timedelta(hours=1)


@pytest.fixture(scope="module")
def told():
    """Messages before the sleep, at the waking, and in the hour after it."""
    mails = filed(STORY)
    with Store.memory() as store:
        service = Service(store, mails[0].at - timedelta(hours=1))
        service.restart()
        service.poll()
        service.run_until(OFF, mails)
        before = list(service.messages)
        service.now = ON
        service.messages.clear()
        service.restart()
        service.poll([mail for mail in mails if OFF < mail.at <= ON])
        woken = list(service.messages)
        service.messages.clear()
        service.now += timedelta(minutes=5)
        service.poll()
        yield before, woken, list(service.messages)


def rules_of(messages):
    return [row.alert.rule for message in messages for row in message.said]


def test_before_the_sleep_the_deadline_was_told(told):
    before, _, _ = told

    assert "return-parcel-due" in rules_of(before)
    assert "return-window-missed" not in rules_of(before)


def test_what_was_missed_comes_as_one_message(told):
    _, woken, _ = told

    assert len([message for message in woken if message.said]) == 1
    assert "return-window-missed" in rules_of(woken)


def test_nothing_is_told_twice(told):
    _, woken, after = told
    said = Counter((row.alert.rule, row.alert.subject) for message in woken for row in message.said)

    assert [key for key, times in said.items() if times > 1] == []
    assert [rule for rule in rules_of(after) if rule in rules_of(woken)] == []


def test_reminders_of_the_sleep_do_not_come_one_by_one(told):
    _, woken, _ = told

    assert Counter(rules_of(woken))["return-parcel-due"] <= 1


def test_the_worst_stands_first(told):
    _, woken, _ = told
    ranks = [row.alert.severity.rank for message in woken for row in message.said]

    assert max(ranks) == 2
