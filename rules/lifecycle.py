"""The life of an alert: pending, firing, acknowledged, snoozed, resolved; and what is told of it.

Pure: judgements and live alerts in, changed alerts and announcements out. The same judgements again
change nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orders.belief import believed_name, is_unverified
from orders.facts.stake import Worth
from orders.subject import FactType, FactValue, Subject
from parsers.notice import Money
from parsers.user_yaml import duration
from rules.alert import Alert, AlertState, Announcement, Cause, Severity, Timing
from rules.evaluate import Evaluation
from rules.routes import Envelope, Facts, groups_by_route, quiet_by_route
from rules.rulebook import Rule, Rulebook
from rules.schedule import CHANNELS, Channel, Plan, planned, quiet_end, reminders, slot
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
    before = _by_key(live, ())
    scope = _Scope(
        before=before,
        holding=holding,
        quiet=_quieted(holding, before),
        known=known,
        plan=plan,
        now=now,
        silent=silent,
    )
    moved = [scope.moved(key) for key in dict.fromkeys((*before, *holding))]
    announcements = _together([told for _, told in moved], holding, now)
    after = _by_key([alert for alert, _ in moved], announcements)
    return Step(
        alerts=scope.changed(after),
        announcements=tuple(announcements),
        wake_at=_wake_at(after.values(), judged, now),
    )


def _by_key(alerts: Iterable[Alert], announcements: Iterable[Announcement]) -> dict[Key, Alert]:
    """The alerts, those that are announced as the announcement has them."""
    every = (*alerts, *(one.alert for one in announcements))
    return {alert.key: alert for alert in every}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """All that bears on the alerts of one scope at one time."""

    before: Mapping[Key, Alert]
    holding: Mapping[Key, Evaluation]
    quiet: Collection[Key]
    """Alerts that another one quiets."""
    known: Collection[str] | None
    plan: Plan
    now: datetime
    silent: bool

    def moved(self, key: Key) -> tuple[Alert, Announcement | None]:
        """The alert of that key as it is now, and what is told of it."""
        judgement = self.holding.get(key)
        if judgement is None:
            muted = self.silent or key in self.quiet or self._taken_out(key)
            return _without(self.before[key], self.plan, self.now, muted=muted)
        moment = _Moment(
            plan=self.plan,
            now=self.now,
            silent=self.silent,
            muted=key in self.quiet or judgement.quiet,
            window=_window(self.before.values(), judgement.subject.order, self.now, self.plan),
        )
        return _with(self.before.get(key) or _opened(judgement, self.now), judgement, moment)

    def changed(self, after: Mapping[Key, Alert]) -> tuple[Alert, ...]:
        return tuple(alert for key, alert in after.items() if alert != self.before.get(key))

    def _taken_out(self, key: Key) -> bool:
        return self.known is not None and key[0] not in self.known


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
    return min((at for at in filter(None, instants) if at > now), default=None)


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


def _with(was: Alert, judgement: Evaluation, moment: _Moment) -> tuple[Alert, Announcement | None]:
    """The alert while its condition holds."""
    news = _news(judgement.rule, judgement.subject)
    new = _refreshed(was, judgement)
    if new.state is AlertState.SETTLED:
        return new, None
    if new.state is AlertState.PENDING:
        return _pending(new, judgement, news, moment)
    if _tells_more(was, judgement, news) or _has_slept(was, moment.now):
        return _firing(_woken(new), judgement, news, moment, fresh=True)
    if new.state is AlertState.FIRING:
        return _firing(new, judgement, news, moment, fresh=False)
    return new, None


def _tells_more(alert: Alert, judgement: Evaluation, news: Mapping[str, str]) -> bool:
    """It is worse than before, or says something else."""
    if judgement.severity.rank > alert.severity.rank:
        return True
    return any(alert.told[name] != value for name, value in news.items() if name in alert.told)


def _has_slept(alert: Alert, now: datetime) -> bool:
    return alert.state is AlertState.SNOOZED and _is_reached(alert.snoozed_until, now)


def _is_reached(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


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
    groups = _groups(judgement.rule, alert, moment.plan, judgement.subject.facts, moment.now)
    return _told(fired, judgement, news, moment, Cause.FIRING, groups)


def _firing(
    alert: Alert, judgement: Evaluation, news: Mapping[str, str], moment: _Moment, *, fresh: bool
) -> tuple[Alert, Announcement | None]:
    """Told again because of something new (`fresh`), because a repeat is due, or to others because
    nobody reacted.
    """
    again = fresh or _is_reached(_repeat_at(alert, judgement), moment.now)
    if moment.silent or moment.muted:
        untold = again and not moment.muted
        told = {**alert.told, **news}
        alert = replace(alert, told=told, told_at=None if untold else alert.told_at)
        return replace(alert, next_at=_next_at(alert, judgement)), None
    escalates = _is_reached(_escalate_at(alert, judgement.rule), moment.now)
    groups = _heard_by(alert, judgement, moment, again=again, escalates=escalates)
    alert = _counted(alert, repeated=again and not fresh, escalates=escalates)
    if groups is None:
        return replace(alert, next_at=_next_at(alert, judgement)), None
    return _told(alert, judgement, news, moment, Cause.REPEAT, groups)


def _counted(alert: Alert, *, repeated: bool, escalates: bool) -> Alert:
    return replace(alert, repeats=alert.repeats + repeated, escalated=alert.escalated or escalates)


def _heard_by(
    alert: Alert, judgement: Evaluation, moment: _Moment, *, again: bool, escalates: bool
) -> tuple[str, ...] | None:
    """The groups it is told to now; None where there is nothing to tell."""
    if not again and not escalates:
        return None
    rule, facts = judgement.rule, judgement.subject.facts
    groups = _groups(rule, alert, moment.plan, facts, moment.now) if again else ()
    more = rule.escalate.notify if escalates and rule.escalate else ()
    return tuple(dict.fromkeys((*groups, *more)))


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
    calm = _plan_for(rule, alert, plan, judgement.subject.facts, moment.now)
    when = slot(calm, alert.severity, rule.group, start, alert.due_at, moment.now)
    folded = plan.channel(alert.severity).folds(rule.group)
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
    if muted or not _ends_aloud(alert, now):
        return over, None
    when = slot(plan, Severity.INFO, "now", now, None, now)  # good news wakes nobody
    announcement = Announcement(
        cause=Cause.RESOLVED,
        alert=over,
        groups=alert.groups,
        delivery=when.delivery,
        not_before=when.at,
    )
    return over, announcement


def _ends_aloud(alert: Alert, now: datetime) -> bool:
    """Whether its end is worth a word: not where it only lapsed, was settled by hand or was never
    told; what still waits in the outbox is not sent once its alert has ended.
    """
    if alert.state in (AlertState.PENDING, AlertState.SETTLED):
        return False
    waits = alert.told_at is not None and alert.told_at > now
    return alert.sent and not waits and not _is_reached(alert.lapses_at, now)


def _next_at(alert: Alert, judgement: Evaluation) -> datetime | None:
    return _earliest(_repeat_at(alert, judgement), _escalate_at(alert, judgement.rule))


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)


def _repeat_at(alert: Alert, judgement: Evaluation) -> datetime | None:
    """When the alert is told again. After a deadline has passed it is told once more and then no
    longer. What is good to know is told once.
    """
    rule, last = judgement.rule, alert.told_at or alert.fired_at
    if last is None or _is_told_once(alert, rule):
        return None
    if rule.by_deadline and alert.due_at:
        return _reminder_at(alert, alert.due_at, judgement.subject, last)
    return _repetition_at(alert, rule, last)


def _is_told_once(alert: Alert, rule: Rule) -> bool:
    return rule.by_deadline and alert.severity is Severity.INFO


def _reminder_at(alert: Alert, due: datetime, subject: Subject, last: datetime) -> datetime | None:
    opened = subject.facts.get("watch.opened_at", alert.since)
    instants = reminders(opened if isinstance(opened, datetime) else alert.since, due)
    return next((at for at in instants if at > last), None)


def _repetition_at(alert: Alert, rule: Rule, last: datetime) -> datetime | None:
    if not rule.repeat or (alert.repeats and _is_reached(alert.due_at, last)):
        return None
    return last + rule.repeat[min(alert.repeats, len(rule.repeat) - 1)]


def _escalate_at(alert: Alert, rule: Rule) -> datetime | None:
    if rule.escalate is None or alert.escalated or alert.fired_at is None:
        return None
    return alert.fired_at + rule.escalate.after


def _groups(rule: Rule, alert: Alert, plan: Plan, facts: Facts, now: datetime) -> tuple[str, ...]:
    """The rule's own, else those of the routes it takes, else those of the severity."""
    if rule.notify is not None:
        return rule.notify
    routed = groups_by_route(plan.routes, _envelope(rule, alert, facts, now))
    return plan.channel(alert.severity).notify if routed is None else routed


def _plan_for(rule: Rule, alert: Alert, plan: Plan, facts: Facts, now: datetime) -> Plan:
    """With the quiet hours of the rule, else those of a route it takes. A rule that says itself
    whom to tell takes none.
    """
    wish = rule.quiet_hours
    if wish is None and rule.notify is None:
        wish = quiet_by_route(plan.routes, _envelope(rule, alert, facts, now))
    return planned(plan, wish)


def _envelope(rule: Rule, alert: Alert, facts: Facts, now: datetime) -> Envelope:
    return Envelope(rule=rule.id, about=rule.about, severity=alert.severity, facts=facts, now=now)


def _news(rule: Rule, subject: Subject) -> dict[str, str]:
    """What the title says that can change: placeholder → value."""
    types, names = known(rule.about), _changing_names(rule)
    values = {**subject.facts, **({"due": subject.due_at} if subject.due_at else {})}
    return {
        name: _printed(value)
        for name, value in sorted(values.items())
        if name in names and types[name] in NEWS
    }


def _changing_names(rule: Rule) -> set[str]:
    """Placeholders of its title, but those that the clock alone changes."""
    found = (one for text in rule.title.values() for one in slots(parse(text)))
    return {one.name for one in found if one.filter not in ("left", "ago")}


def _printed(value: FactValue) -> str:
    return value.isoformat(timespec="minutes") if isinstance(value, datetime) else str(value)


def _quieted(holding: Mapping[Key, Evaluation], before: Mapping[Key, Alert]) -> frozenset[Key]:
    """Keys of alerts that another one quiets: for the same subject, or for the same order when the
    abouts differ.
    """
    orders = {key: alert.order for key, alert in before.items()} | {
        key: one.subject.order for key, one in holding.items()
    }
    quiet: set[Key] = set()
    for key, judgement in holding.items():
        if not _is_held(judgement, before.get(key)):
            quiet |= _silenced(judgement, orders)
    return frozenset(quiet)


def _is_held(judgement: Evaluation, alert: Alert | None) -> bool:
    """It waits for its `for:` to pass, and rings for nobody yet."""
    return bool(judgement.rule.hold) and (alert is None or alert.state is AlertState.PENDING)


def _silenced(judgement: Evaluation, orders: Mapping[Key, str | None]) -> set[Key]:
    own = judgement.subject.order
    return {
        other
        for other, order in orders.items()
        if _silences(judgement, other, same_order=order is not None and order == own)
    }


def _silences(judgement: Evaluation, other: Key, *, same_order: bool) -> bool:
    """Whether the alert of that key is quieted. What is not believed quiets nothing that is."""
    name, about, subject = other
    rule, own = judgement.rule, judgement.subject
    if not own.believed and not is_unverified(subject):
        return False
    same_thing = believed_name(subject) == believed_name(own.id)
    if name in rule.quiets and (same_thing if about == rule.about else same_order):
        return True
    return same_order and name in rule.quiets_order


def _window(live: Iterable[Alert], order: str | None, now: datetime, plan: Plan) -> datetime:
    """When the next message that waits for company goes out: with one that already waits, else
    after `group_wait`.
    """
    end = now + plan.group_wait
    waiting = (alert.told_at for alert in live if alert.order == order and alert.told_at)
    return min((at for at in waiting if now < at <= end), default=end)


def _together(
    announcements: Iterable[Announcement | None], holding: Mapping[Key, Evaluation], now: datetime
) -> list[Announcement]:
    """What waits only for company goes along when something of its order goes out at once."""
    told = list(filter(None, announcements))
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


def backlog(
    book: Rulebook,
    live: Iterable[Alert],
    plan: Plan,
    now: datetime,
    facts: Mapping[Key, Facts] | None = None,
) -> Step:
    """After a silent time: everything that still fires and has something untold, as one digest.

    Told at once, or at the end of the quiet hours when nothing critical is among it. The scopes are
    to be judged again
    afterwards: their repeats count from what is told here.
    `facts`: what is known of each alert's subject, for routes.
    """
    rules = {rule.id: rule for rule in book.rules}
    due = [alert for alert in filter(_is_untold, live) if alert.rule in rules]
    together = _backlog_at(due, plan, now)
    told = []
    for alert in sorted(due, key=lambda one: (-one.severity.rank, one.since, one.key)):
        known_of_it = (facts or {}).get(alert.key, {})
        groups = _groups(rules[alert.rule], alert, plan, known_of_it, now)
        calm = _plan_for(rules[alert.rule], alert, plan, known_of_it, now)
        at = together if calm is plan else _backlog_at([alert], calm, now)
        after = replace(alert, told_at=at, groups=groups)
        told.append(
            Announcement(
                cause=_backlog_cause(alert),
                alert=after,
                groups=groups,
                delivery=Timing.DIGEST,
                not_before=at,
            )
        )
    return Step(alerts=tuple(one.alert for one in told), announcements=tuple(told), wake_at=None)


def _is_untold(alert: Alert) -> bool:
    return alert.state is AlertState.FIRING and alert.told_at is None


def _backlog_cause(alert: Alert) -> Cause:
    told_before = alert.sent or alert.groups or alert.repeats
    return Cause.REPEAT if told_before else Cause.FIRING


def _backlog_at(due: Iterable[Alert], plan: Plan, now: datetime) -> datetime:
    urgent = any(not plan.channel(alert.severity).quiet for alert in due)
    return now if urgent else quiet_end(plan, now) or now


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
