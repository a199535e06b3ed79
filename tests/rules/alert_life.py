"""A rule book of a few rules, a subject, and a clock that moves: what the tests of the alert's life
share.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from textwrap import dedent

from orders.subject import Subject
from parsers.user_yaml import parse
from rules.alert import Alert, Announcement
from rules.evaluate import evaluate
from rules.lifecycle import Plan, Step, advance
from rules.rulebook import Rulebook, build

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def book(rules: str) -> Rulebook:
    made, faults = build(parse("version: 1\nrules:\n" + dedent(rules), "test.yaml"), None)
    assert faults == []
    return made


def subject(
    name="one", *, about="watch", order="aliexpress:buyer:1", due_at=None, **facts
) -> Subject:
    table = {key.replace("__", "."): value for key, value in facts.items()}
    if due_at:
        table["watch.due_at"] = due_at
    return Subject(about=about, id=name, facts=table, order=order, orders=("1",), due_at=due_at)


def told(step: Step) -> list[tuple[str, str]]:
    return [(one.cause.value, one.alert.rule) for one in step.announcements]


@dataclass
class Life:
    """One scope under a virtual clock, as the pipeline keeps it."""

    book: Rulebook
    plan: Plan = field(default_factory=Plan)
    now: datetime = NOW
    alerts: dict[tuple[str, str, str, int], Alert] = field(default_factory=dict)
    said: list[tuple[timedelta, Announcement]] = field(default_factory=list)
    wake_at: datetime | None = None

    def live(self) -> list[Alert]:
        return [alert for alert in self.alerts.values() if not alert.state.ended]

    def see(self, *subjects: Subject, silent: bool = False) -> Step:
        step = advance(
            evaluate(self.book, subjects, self.now), self.live(), self.plan, self.now, silent=silent
        )
        self.keep(step)
        return step

    def keep(self, step: Step) -> None:
        for alert in step.alerts:
            self.alerts[(*alert.key, alert.episode)] = alert
        self.said += [(self.now - NOW, one) for one in step.announcements]
        self.wake_at = step.wake_at

    def run(self, until: timedelta, *subjects: Subject) -> list[tuple[timedelta, str]]:
        """Run every wake-up until NOW + `until`; what was said meanwhile."""
        before = len(self.said)
        self.see(*subjects)
        while self.wake_at is not None and self.wake_at <= NOW + until:
            assert self.wake_at > self.now
            self.now = self.wake_at
            self.see(*subjects)
        self.now = NOW + until
        return [(at, one.cause.value) for at, one in self.said[before:]]

    def one(self) -> Alert:
        (alert,) = self.alerts.values()
        return alert
