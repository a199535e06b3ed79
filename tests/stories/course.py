"""The course of a story by its events alone: orders folded and judged under a virtual clock, as the
pipeline does it, without reading, database and push; any number of endings from one beginning.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from orders.event import Event
from orders.facts.describe import describe
from orders.facts.view import View, view
from orders.matching.match import affected_orders, now_matched
from orders.order import WatchState
from parsers.notice import Role
from rules.alert import Alert, Severity
from rules.evaluate import evaluate
from rules.lifecycle import advance
from tests.orders.list_index import ListIndex
from tests.stories import story as made
from tests.stories.story import Told

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Said:
    """One thing told about one order."""

    at: datetime
    rule: str
    order: str
    severity: Severity
    cause: str
    key: tuple[str, str, str]


@dataclass
class Scope:
    """One order: how it stands, its live alerts, and when to look again."""

    view: View
    alerts: dict[tuple[str, str, str], Alert] = field(default_factory=dict)
    wake_at: datetime | None = None


class Course:
    """A story under way."""

    def __init__(self) -> None:
        self.index = ListIndex()
        self.scopes: dict[str, Scope] = {}
        self.said: list[Said] = []

    def copy(self) -> "Course":
        other = Course()
        other.index = ListIndex(self.index.events)
        other.scopes = {
            key: replace(scope, alerts=dict(scope.alerts)) for key, scope in self.scopes.items()
        }
        other.said = list(self.said)
        return other

    def take(self, events: Iterable[Event], now: datetime) -> None:
        """Append events that come at `now`, and judge the orders they touch."""
        fresh = [event for event in events if self.index.add(event)]
        keys: dict[str, None] = {}
        for event in fresh:
            now_matched(event, self.index)
            keys |= dict.fromkeys(affected_orders(event, self.index, among=fresh))
        for key in keys:
            seen = view(key, self.index, made.set_up().policy, made.ZONE)
            scope = self.scopes.setdefault(key, Scope(seen))
            scope.view = seen
            self._judge(scope, now)

    def run(self, until: datetime) -> None:
        """Look at each order whenever it asks for it."""
        while True:
            due = [scope for scope in self.scopes.values() if scope.wake_at is not None]
            scope = min(due, key=lambda scope: scope.wake_at, default=None)
            if scope is None or scope.wake_at > until:
                return
            self._judge(scope, scope.wake_at)

    def _judge(self, scope: Scope, now: datetime) -> None:
        setup = made.set_up()
        subjects = describe(scope.view, now)
        live = [alert for alert in scope.alerts.values() if not alert.state.ended]
        step = advance(evaluate(setup.rulebook, subjects, now), live, setup.plan, now)
        for alert in step.alerts:
            scope.alerts[alert.key] = alert
            if alert.state.ended:  # what still waits is not sent any more
                self.said = [said for said in self.said if said.key != alert.key or said.at <= now]
        for one in step.announcements:
            alert = one.alert
            self.said.append(
                Said(one.not_before, alert.rule, alert.order or "", alert.severity, one.cause, alert.key)
            )  # fmt: skip
        missed = [
            watch.due_at + INSTANT
            for watch in scope.view.watches
            if watch.state is WatchState.OPEN and watch.due_at >= now
        ]
        instants = [at for at in (step.wake_at, min(missed, default=None)) if at is not None]
        scope.wake_at = min((at for at in instants if at > now), default=None)


@dataclass(frozen=True)
class Undisturbed:
    """A story's whole course, and how it stood before each of its events."""

    steps: tuple[tuple[datetime, tuple[Event, ...]], ...]
    before: tuple[Course, ...]
    said: tuple[Said, ...]
    until: datetime

    @property
    def events(self) -> Sequence[Event]:
        return [event for _, events in self.steps for event in events]

    def with_mail(self, at: datetime, events: Iterable[Event]) -> tuple[Said, ...]:
        """What is said when these events come at `at`, too."""
        done = sum(time <= at for time, _ in self.steps)
        course = self.before[done].copy()
        course.run(at)
        course.take(events, at)
        for time, own in self.steps[done:]:
            course.run(time)
            course.take(own, time)
        course.run(self.until)
        return tuple(said for said in course.said if said.at <= self.until)


@cache
def undisturbed(folder: Path) -> Undisturbed:
    told = made.load(folder)
    steps = _steps(told)
    course, before = Course(), []
    for at, events in steps:
        before.append(course.copy())
        course.run(at)
        course.take(events, at)
    before.append(course.copy())
    course.run(told.story.until)
    said = tuple(said for said in course.said if said.at <= told.story.until)
    return Undisturbed(steps, tuple(before), said, told.story.until)


def _steps(told: Told) -> tuple[tuple[datetime, tuple[Event, ...]], ...]:
    """What comes when: an imported file first, then mails and notes by time."""
    role = Role.SELLER if told.story.role == "seller" else Role.BUYER
    mails = [
        (one.at, made._of_mail(one, number, told.story))
        for number, one in enumerate(made.filed(told), start=1)
    ]
    notes = [
        (
            note.at,
            (
                made.written_notes.event_of(
                    note,
                    marketplace=made.written_notes.marketplace_of(note.order),
                    role=role,
                    seen=note.at,
                    name=f"{told.folder.name}{at}",
                ),
            ),
        )
        for at, note in enumerate(made.noted(told))
    ]
    steps = sorted([*mails, *notes], key=lambda step: step[0])
    files = made.imported(told)
    if files:
        steps.insert(0, (min([steps[0][0], *(event.at for event in files)]), files))
    return tuple((at, events) for at, events in steps if at <= told.story.until)


def lost(before: Sequence[Said], after: Sequence[Said]) -> list[Said]:
    """What was told before and is not told, as loudly and no later, after. Good news is not
    counted.
    """
    slack = timedelta(minutes=2)
    told = [said for said in after if said.cause != "resolved"]

    def count(side: Sequence[Said], one: Said, at: datetime) -> int:
        return sum(
            other.rule == one.rule
            and other.order == one.order
            and other.severity.rank >= one.severity.rank
            and other.at <= at
            for other in side
        )

    wanted = [said for said in before if said.cause != "resolved"]
    return [
        said for said in wanted if count(told, said, said.at + slack) < count(wanted, said, said.at)
    ]
