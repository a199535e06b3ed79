"""The life of an alert: pending, firing, acknowledged, snoozed, resolved; and what is told of it.

Pure: judgements and live alerts in, changed alerts and announcements out. The same judgements again
change nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orders.belief import believed_name, is_unverified
from orders.facts.stake import Worth
from orders.subject import FactType, Subject
from parsers.notice import Money
from parsers.user_yaml import duration
from rules.alert import Alert, AlertState, Announcement, Cause, Severity, Timing
from rules.evaluate import Evaluation
from rules.rulebook import Rule, Rulebook
from rules.schedule import CHANNELS, Channel, Plan, quiet_end, reminders, slot
from rules.templates import known, parse, slots

__all__ = [
    "CHANNELS",
    "Channel",
    "Plan",
    "Step",
    "acknowledge",
    "advance",
    "backlog",
    "resolve",
    "snooze",
    "snooze_until",
]

NEWS = (FactType.TIME, FactType.MONEY, FactType.NUMBER, FactType.CHOICE)
"""Placeholders of a title whose change is told; a text only names the thing, and names get better
with every mail.
"""

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one `advance` comes to."""

    alerts: tuple[Alert, ...] = ()
    """All that are new or changed."""
    announcements: tuple[Announcement, ...] = ()
    wake_at: datetime | None = None
    """The next instant anything here can change without new mail, aware UTC."""


def advance(
    judgements: Iterable[Evaluation],
    live: Iterable[Alert],
    plan: Plan,
    now: datetime,
    *,
    silent: bool = False,
    known: Collection[str] | None = None,
) -> Step:
    """Move every alert of one scope (an order, a mailbox …) to `now`.

    `live` are all alerts of the scope that have not ended; one without a judgement that holds has
    lost its condition.
    `silent`: history is being read. Alerts open without hold and nothing is told; see `backlog`.
    `known`: ids of the rules in force. The alerts of a rule that was taken out end without a word.
    """
    judged = tuple(_told_once(one, plan.worth) for one in judgements)
    holding = {one.key: one for one in judged if one.holds}
    before = {alert.key: alert for alert in live}
    quiet = _quieted(holding, before)
    after: dict[Key, Alert] = {}
    announcements: list[Announcement] = []
    for key in dict.fromkeys((*before, *holding)):
        judgement = holding.get(key)
        if judgement is None:
            muted = silent or key in quiet or (known is not None and key[0] not in known)
            alert, announcement = _without(before[key], plan, now, muted=muted)
        else:
            window = _window(before.values(), judgement.subject.order, now, plan)
            muted = key in quiet or judgement.quiet
            moment = _Moment(plan=plan, now=now, silent=silent, muted=muted, window=window)
            alert, announcement = _with(before.get(key), judgement, moment)
        after[key] = alert
        announcements += [announcement] if announcement else []
    announcements = _together(announcements, holding, now)
    after |= {one.alert.key: one.alert for one in announcements}
    changed = [alert for key, alert in after.items() if alert != before.get(key)]
    return Step(
        alerts=tuple(changed),
        announcements=tuple(announcements),
        wake_at=_wake_at(after.values(), judged, now),
    )


def _told_once(judgement: Evaluation, worth: Worth) -> Evaluation:
    """The judgement without reminders, and no louder for its deadline, where the user says that so
    little money is not worth them.
    """
    amount = judgement.subject.facts.get("order.stake")
    if not isinstance(amount, Money) or not worth.is_small(amount):
        return judgement
    rule = replace(judgement.rule, repeat=(), by_deadline=False, escalate=None)
    return replace(judgement, rule=rule, severity=rule.severity)


def _wake_at(
    alerts: Iterable[Alert], judged: Iterable[Evaluation], now: datetime
) -> datetime | None:
    """The next instant at which a live alert or a judgement can change by the clock."""
    instants = [alert.next_at for alert in alerts if not alert.state.ended]
    instants += [one.flips_at for one in judged]
    return min((at for at in instants if at is not None and at > now), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """What deciding about one alert depends on, besides itself."""

    plan: Plan
    now: datetime
    silent: bool
    muted: bool
    """Quieted: by another rule that rings for the same thing, or by its own `quiet_while`."""
    window: datetime
    """When a message about this order that may wait for company goes out."""


def _with(
    alert: Alert | None, judgement: Evaluation, moment: _Moment
) -> tuple[Alert, Announcement | None]:
    """The alert while its condition holds."""
    now, rule = moment.now, judgement.rule
    if alert is None:
        alert = _opened(judgement, now)
    risen = judgement.severity.rank > alert.severity.rank
    news = _news(rule, judgement.subject)
    changed = any(alert.told[name] != value for name, value in news.items() if name in alert.told)
    alert = _refreshed(alert, judgement)
    match alert.state:
        case AlertState.SETTLED:
            return alert, None
        case AlertState.PENDING:
            return _pending(alert, judgement, news, moment)
        case AlertState.SNOOZED if alert.snoozed_until and alert.snoozed_until <= now:
            return _firing(_woken(alert), judgement, news, moment, fresh=True)
        case _ if risen or changed:
            return _firing(_woken(alert), judgement, news, moment, fresh=True)
        case AlertState.FIRING:
            return _firing(alert, judgement, news, moment, fresh=False)
        case _:
            return alert, None


def _woken(alert: Alert) -> Alert:
    return replace(alert, state=AlertState.FIRING, acked_at=None, snoozed_until=None)


def _opened(judgement: Evaluation, now: datetime) -> Alert:
    rule, subject = judgement.rule, judgement.subject
    return Alert(
        rule=rule.id,
        about=rule.about,
        subject=subject.id,
        episode=int(now.timestamp()),
        state=AlertState.PENDING,
        severity=judgement.severity,
        since=now,
    )


def _refreshed(alert: Alert, judgement: Evaluation) -> Alert:
    """With the newest of its subject; the severity never falls, so that it cannot rise twice."""
    subject = judgement.subject
    return replace(
        alert,
        severity=max(alert.severity, judgement.severity, key=lambda one: one.rank),
        order=subject.order,
        orders=subject.orders,
        mails=subject.mails,
        due_at=subject.due_at,
        lapses_at=judgement.ends_at,
    )


def _pending(
    alert: Alert, judgement: Evaluation, news: Mapping[str, str], moment: _Moment
) -> tuple[Alert, Announcement | None]:
    ripe = alert.since + judgement.rule.hold
    if moment.muted:
        return replace(alert, next_at=None), None
    if ripe > moment.now and not moment.silent:
        return replace(alert, next_at=ripe), None
    fired = replace(alert, state=AlertState.FIRING, fired_at=moment.now)
    if moment.silent:
        fired = replace(fired, told=news)
        return replace(fired, next_at=_next_at(fired, judgement)), None
    groups = _groups(judgement.rule, alert.severity, moment.plan)
    return _told(fired, judgement, news, moment, Cause.FIRING, groups)


def _firing(
    alert: Alert, judgement: Evaluation, news: Mapping[str, str], moment: _Moment, *, fresh: bool
) -> tuple[Alert, Announcement | None]:
    """Told again because of something new (`fresh`), because a repeat is due, or to others because
    nobody reacted.
    """
    rule, now = judgement.rule, moment.now
    repeat_at, escalate_at = _repeat_at(alert, judgement), _escalate_at(alert, rule)
    repeats = repeat_at is not None and repeat_at <= now
    if moment.silent or moment.muted:
        untold = moment.silent and not moment.muted and (fresh or repeats)
        told = {**alert.told, **news}
        alert = replace(alert, told=told, told_at=None if untold else alert.told_at)
        return replace(alert, next_at=_next_at(alert, judgement)), None
    groups: tuple[str, ...] = ()
    if fresh or repeats:
        groups = _groups(rule, alert.severity, moment.plan)
        alert = replace(alert, repeats=alert.repeats + (not fresh))
    if rule.escalate and escalate_at and escalate_at <= now:
        groups = tuple(dict.fromkeys((*groups, *rule.escalate.notify)))
        alert = replace(alert, escalated=True)
    elif not (fresh or repeats):
        return replace(alert, next_at=_earliest(repeat_at, escalate_at)), None
    return _told(alert, judgement, news, moment, Cause.REPEAT, groups)


def _told(
    alert: Alert,
    judgement: Evaluation,
    news: Mapping[str, str],
    moment: _Moment,
    cause: Cause,
    groups: tuple[str, ...],
) -> tuple[Alert, Announcement]:
    """The alert with its announcement."""
    rule, plan = judgement.rule, moment.plan
    at_once = cause is Cause.REPEAT or alert.severity is Severity.CRITICAL or alert.order is None
    start = moment.now if at_once else moment.window
    when = slot(plan, alert.severity, rule.group, start, alert.due_at, moment.now)
    folded = rule.group == "digest" or (rule.group is None and plan.channel(alert.severity).digest)
    alert = replace(
        alert,
        told={**alert.told, **news},
        groups=tuple(dict.fromkeys((*alert.groups, *groups))),
        told_at=when.at,
        sent=alert.sent or (rule.resolved and not folded),
    )
    alert = replace(alert, next_at=_next_at(alert, judgement))
    return alert, Announcement(
        cause=cause, alert=alert, groups=groups, delivery=when.delivery, not_before=when.at
    )


def _without(
    alert: Alert, plan: Plan, now: datetime, *, muted: bool
) -> tuple[Alert, Announcement | None]:
    """The alert whose condition is lost; said once, to those who were told that it fires."""
    state = AlertState.DROPPED if alert.state is AlertState.PENDING else AlertState.RESOLVED
    over = replace(
        alert, state=state, resolved_at=alert.resolved_at or now, next_at=None, snoozed_until=None
    )
    settled = alert.state in (AlertState.PENDING, AlertState.SETTLED)
    lapsed = alert.lapses_at is not None and alert.lapses_at <= now
    if muted or settled or lapsed or not alert.sent or (alert.told_at and alert.told_at > now):
        return over, None  # what still waits in the outbox is not sent once its alert has ended
    when = slot(plan, Severity.INFO, "now", now, None, now)  # good news wakes nobody
    announcement = Announcement(
        cause=Cause.RESOLVED,
        alert=over,
        groups=alert.groups,
        delivery=when.delivery,
        not_before=when.at,
    )
    return over, announcement


def _next_at(alert: Alert, judgement: Evaluation) -> datetime | None:
    return _earliest(_repeat_at(alert, judgement), _escalate_at(alert, judgement.rule))


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)


def _repeat_at(alert: Alert, judgement: Evaluation) -> datetime | None:
    """When the alert is told again. After a deadline has passed it is told once more and then no
    longer.
    """
    rule, last = judgement.rule, alert.told_at or alert.fired_at
    if last is None:
        return None
    if rule.by_deadline and alert.severity is Severity.INFO:
        return None  # good to know is told once
    if rule.by_deadline and alert.due_at:
        opened = judgement.subject.facts.get("watch.opened_at", alert.since)
        instants = reminders(opened if isinstance(opened, datetime) else alert.since, alert.due_at)
        return next((at for at in instants if at > last), None)
    if not rule.repeat or (alert.due_at and alert.due_at <= last and alert.repeats):
        return None
    return last + rule.repeat[min(alert.repeats, len(rule.repeat) - 1)]


def _escalate_at(alert: Alert, rule: Rule) -> datetime | None:
    if rule.escalate is None or alert.escalated or alert.fired_at is None:
        return None
    return alert.fired_at + rule.escalate.after


def _groups(rule: Rule, severity: Severity, plan: Plan) -> tuple[str, ...]:
    return plan.channel(severity).notify if rule.notify is None else rule.notify


def _news(rule: Rule, subject: Subject) -> dict[str, str]:
    """What the title says that can change: placeholder → value."""
    types = known(rule.about)
    names = {
        one.name
        for text in rule.title.values()
        for one in slots(parse(text))
        if one.filter not in ("left", "ago")
    }
    values = {**subject.facts, **({"due": subject.due_at} if subject.due_at else {})}
    return {
        name: value.isoformat(timespec="minutes") if isinstance(value, datetime) else str(value)
        for name, value in sorted(values.items())
        if name in names and types[name] in NEWS
    }


def _quieted(holding: Mapping[Key, Evaluation], before: Mapping[Key, Alert]) -> frozenset[Key]:
    """Keys of alerts that another one quiets: for the same subject, or for the same order when the
    abouts differ.
    """
    subjects = {key: alert.order for key, alert in before.items()} | {
        key: one.subject.order for key, one in holding.items()
    }
    quiet: set[Key] = set()
    for key, judgement in holding.items():
        alert = before.get(key)
        rule, own = judgement.rule, judgement.subject.order
        if rule.hold and (alert is None or alert.state is AlertState.PENDING):
            continue
        quiet |= {
            other
            for other, order in subjects.items()
            if _silences(judgement, other, same_order=order is not None and order == own)
        }
    return frozenset(quiet)


def _silences(judgement: Evaluation, other: Key, *, same_order: bool) -> bool:
    """Whether the alert of that key is quieted. What is not believed quiets nothing that is."""
    name, about, subject = other
    rule, own = judgement.rule, judgement.subject
    if not own.believed and not is_unverified(subject):
        return False
    same = believed_name(subject) == believed_name(own.id) if about == rule.about else same_order
    return (name in rule.quiets and same) or (name in rule.quiets_order and same_order)


def _window(live: Iterable[Alert], order: str | None, now: datetime, plan: Plan) -> datetime:
    """When the next message that waits for company goes out: with one that already waits, else
    after `group_wait`.
    """
    end = now + plan.group_wait
    waiting = (alert.told_at for alert in live if alert.order == order and alert.told_at)
    return min((at for at in waiting if now < at <= end), default=end)


def _together(
    told: list[Announcement], holding: Mapping[Key, Evaluation], now: datetime
) -> list[Announcement]:
    """What waits only for company goes along when something of its order goes out at once."""
    at_once = {
        one.alert.order for one in told if one.not_before <= now and one.delivery is Timing.NOW
    }

    def moved(one: Announcement) -> Announcement:
        if (
            one.delivery is not Timing.NOW
            or one.alert.order not in at_once
            or one.not_before <= now
        ):
            return one
        alert = replace(one.alert, told_at=now)
        return replace(
            one, not_before=now, alert=replace(alert, next_at=_next_at(alert, holding[alert.key]))
        )

    return [moved(one) for one in told]


def backlog(book: Rulebook, live: Iterable[Alert], plan: Plan, now: datetime) -> Step:
    """After a silent time: everything that still fires and has something untold, as one digest.

    Told at once, or at the end of the quiet hours when nothing critical is among it. The scopes are
    to be judged again
    afterwards: their repeats count from what is told here.
    """
    rules = {rule.id: rule for rule in book.rules}
    due = [
        alert
        for alert in live
        if alert.state is AlertState.FIRING and alert.told_at is None and alert.rule in rules
    ]
    urgent = any(not plan.channel(alert.severity).quiet for alert in due)
    at = now if urgent else quiet_end(plan, now) or now
    told = []
    for alert in sorted(due, key=lambda one: (-one.severity.rank, one.since, one.key)):
        groups = _groups(rules[alert.rule], alert.severity, plan)
        after = replace(alert, told_at=at, groups=groups)
        cause = Cause.REPEAT if alert.sent or alert.groups or alert.repeats else Cause.FIRING
        told.append(
            Announcement(
                cause=cause, alert=after, groups=groups, delivery=Timing.DIGEST, not_before=at
            )
        )
    return Step(alerts=tuple(one.alert for one in told), announcements=tuple(told), wake_at=None)


def acknowledge(alert: Alert, now: datetime) -> Alert:
    """Seen: no repeats any more, listed until its condition is lost; a rise in severity rings
    again.
    """
    if alert.state not in (AlertState.FIRING, AlertState.SNOOZED):
        return alert
    return replace(alert, state=AlertState.ACKED, acked_at=now, snoozed_until=None, next_at=None)


def snooze(alert: Alert, until: datetime, now: datetime) -> Alert:
    """Silent until `until`, then told again by itself."""
    if alert.state not in (AlertState.FIRING, AlertState.ACKED, AlertState.SNOOZED) or until <= now:
        return alert
    return replace(
        alert, state=AlertState.SNOOZED, snoozed_until=until, acked_at=None, next_at=until
    )


def resolve(alert: Alert, now: datetime) -> Alert:
    """Done, says the user: does not ring again until its condition was lost and became true once
    more.
    """
    if alert.state.ended or alert.state is AlertState.SETTLED:
        return alert
    return replace(
        alert, state=AlertState.SETTLED, resolved_at=now, snoozed_until=None, next_at=None
    )


def snooze_until(text: str, alert: Alert, now: datetime) -> datetime:
    """The instant `text` means: a duration from now (8h), or one before the deadline
    (deadline-24h).

    Raises ValueError, in words, when there is no deadline or the instant has passed.
    """
    start, _, rest = text.partition("-")
    if start == "deadline":
        if alert.due_at is None:
            raise ValueError("this alert has no deadline; write a duration such as 8h")
        until = alert.due_at - (duration(rest) if rest else timedelta(0))
    else:
        until = now + duration(text)
    if until <= now:
        raise ValueError(f"{text} has already passed")
    return until
