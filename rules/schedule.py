"""When and to whom an alert goes out: channels, quiet hours, the digest, reminders before a
deadline. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta, tzinfo

from orders.facts.stake import Worth
from rules.alert import Severity, Timing
from rules.quiet import QuietWish
from rules.routes import Route

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """How alerts of one severity go out."""

    notify: tuple[str, ...] = ()
    """Names of notify groups."""
    digest: bool = False
    """In the daily digest rather than at once."""
    quiet: bool = True
    """Held during the quiet hours."""

    def folds(self, group: str | None) -> bool:
        """Whether it is a line of the digest; `group` is the rule's own wish (now, digest)."""
        return group == "digest" or (group is None and self.digest)


CHANNELS: Mapping[Severity, Channel] = {
    Severity.CRITICAL: Channel(quiet=False),
    Severity.WARNING: Channel(),
    Severity.INFO: Channel(digest=True),
}
"""What holds where the configuration says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the user's configuration says about telling."""

    channels: Mapping[Severity, Channel] = field(default_factory=lambda: CHANNELS)
    routes: tuple[Route, ...] = ()
    """Asked before the severity's groups, and after a rule's own `notify`."""
    quiet_from: time | None = None
    quiet_to: time | None = None
    """The quiet hours, in `quiet_zone`; they may span midnight. None: no quiet hours."""
    quiet_zone: tzinfo = UTC
    digest_at: time = time(8)
    zone: tzinfo = UTC
    """The zone of `digest_at`."""
    group_wait: timedelta = timedelta(seconds=60)
    """Alerts of one order fired within this go out together; critical ones never wait for
    company.
    """
    worth: Worth = field(default_factory=Worth)
    """What is at stake below its limit is told once."""

    def channel(self, severity: Severity) -> Channel:
        return self.channels.get(severity, CHANNELS[severity])


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The place in time of one announcement."""

    at: datetime
    delivery: Timing


def slot(
    plan: Plan,
    severity: Severity,
    group: str | None,
    start: datetime,
    due: datetime | None,
    now: datetime,
) -> Slot:
    """When an alert decided at `now`, to go out from `start` on, goes out, and how.

    `group` is the rule's own wish (now, digest) or None. Neither the digest nor the quiet hours
    keep back an alert
    whose deadline would pass meanwhile.
    """
    channel = plan.channel(severity)

    if channel.folds(group):
        return _held(next_clock(plan.digest_at, plan.zone, now), due, now)
    end = quiet_end(plan, start) if channel.quiet else None
    return Slot(at=start, delivery=Timing.NOW) if end is None else _held(end, due, now)


def _held(until: datetime, due: datetime | None, now: datetime) -> Slot:
    """Held for the others, unless its deadline would pass meanwhile."""
    too_late = due is not None and now < due <= until
    if too_late:
        return Slot(at=now, delivery=Timing.NOW)
    return Slot(at=until, delivery=Timing.DIGEST)


def planned(plan: Plan, wish: QuietWish | None) -> Plan:
    """The plan for one alert whose rule or route says something of the quiet hours."""
    if wish is None:
        return plan
    if wish.holds is not None:
        channels = {one: replace(plan.channel(one), quiet=wish.holds) for one in Severity}
        return replace(plan, channels=channels)
    zone = wish.zone or plan.quiet_zone
    return replace(plan, quiet_from=wish.begin, quiet_to=wish.end, quiet_zone=zone)


def quiet_end(plan: Plan, at: datetime) -> datetime | None:
    """The end of the quiet hours that `at` lies in (start included, end not), aware UTC; None when
    it lies in none.
    """
    if plan.quiet_from is None or plan.quiet_to is None:
        return None
    clock = at.astimezone(plan.quiet_zone).time()
    inside = _is_between(plan.quiet_from, clock, plan.quiet_to)
    return next_clock(plan.quiet_to, plan.quiet_zone, at) if inside else None


def _is_between(start: time, clock: time, end: time) -> bool:
    """On a clock's face, over midnight where the start is later; never from one time to itself."""
    if start <= end:
        return start <= clock < end
    return clock >= start or clock < end


def next_clock(clock: time, zone: tzinfo, after: datetime) -> datetime:
    """The first instant after `after` at which a clock in `zone` shows `clock`, aware UTC."""
    today = after.astimezone(zone).date()
    days = (datetime.combine(today + n * DAY, clock, tzinfo=zone).astimezone(UTC) for n in range(3))
    return next(at for at in days if at > after)


def reminders(opened: datetime, due: datetime) -> tuple[datetime, ...]:
    """The instants to remind of a deadline, ascending, the deadline itself last: closer together as
    it comes nearer.
    """
    span = due - opened
    before: tuple[timedelta, ...]
    if span >= 8 * DAY:
        before = (5 * DAY, 2 * DAY, DAY, 6 * HOUR)
    elif span >= 3 * DAY:
        before = (2 * DAY, DAY, 6 * HOUR)
    else:
        before = (span / 2, 6 * HOUR, HOUR)
    return tuple(at for at in sorted({due - gap for gap in (*before, timedelta(0))}) if at > opened)
