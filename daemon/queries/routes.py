"""Who would get an alert, and which route says so."""

from datetime import datetime
from itertools import chain
from typing import Any

from daemon.pipeline.setup import Setup
from daemon.settings import Settings, WrittenRoute
from daemon.store.alerts import AlertRow
from rules.alert import Severity
from rules.quiet import QuietWish
from rules.routes import Envelope, Route, taken
from rules.rulebook import Rule
from rules.schedule import planned, slot


def of_rule(rule: Rule, marketplace: str | None, now: datetime) -> Envelope:
    """An alert of the rule about which nothing but its marketplace is known."""
    facts = {"order.marketplace": marketplace} if marketplace else {}
    return Envelope(rule=rule.id, about=rule.about, severity=rule.severity, facts=facts, now=now)


def of_alert(row: AlertRow, now: datetime) -> Envelope:
    """The alert as it is."""
    alert = row.alert
    return Envelope(
        rule=alert.rule,
        about=alert.about,
        severity=alert.severity,
        facts=row.subject.facts,
        now=now,
    )


def listed_routes(setup: Setup, settings: Settings | None) -> list[dict[str, Any]]:
    """The routes in the order they are tried, each as it is written; then what holds for the alerts
    that none of them takes, by severity.
    """
    written = settings.routes if settings else ()
    rows = [
        _told(setup, str(number), _conditions(route), route.notify) | {"continue": route.goes_on}
        for number, route in enumerate(written, start=1)
    ]
    return rows + [
        _told(setup, "", [("severity", one.value)], setup.plan.channel(one).notify)
        | {"continue": False}
        for one in Severity
    ]


def _told(
    setup: Setup, number: str, conditions: list[tuple[str, str]], groups: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "route": number,
        "when": conditions,
        "groups": list(groups),
        "targets": list(setup.reached(groups)),
    }


def _conditions(route: WrittenRoute) -> list[tuple[str, str]]:
    """Keys and values as in config.yaml; nothing for a route that takes every alert."""
    named = {
        "rule": route.rule,
        "about": route.about,
        "severity": [one.value for one in route.severity],
        "marketplace": route.marketplace,
        "order.amount": [f"{key}: {value}" for key, value in (route.amount or {}).items()],
    }
    return [(key, ", ".join(values)) for key, values in named.items() if values]


def way(setup: Setup, rule: Rule | None, envelope: Envelope) -> dict[str, Any]:
    """The groups and targets that are told, and why these."""
    own = rule is not None and rule.notify is not None
    routes = [] if own else list(taken(setup.plan.routes, envelope))
    if rule is not None and rule.notify is not None:
        groups, because = rule.notify, "the rule's own notify"
    elif routes:
        groups = tuple(dict.fromkeys(chain.from_iterable(route.notify for _, route in routes)))
        because = " and ".join(f"route {number}" for number, _ in routes)
    else:
        groups = setup.plan.channel(envelope.severity).notify
        because = f"alerts: {envelope.severity.value}"
    return {
        "rule": envelope.rule,
        "severity": envelope.severity.value,
        "groups": list(groups),
        "targets": list(setup.reached(groups)),
        "because": because,
        **_time(setup, rule, envelope, routes),
    }


def _time(
    setup: Setup, rule: Rule | None, envelope: Envelope, routes: list[tuple[int, Route]]
) -> dict[str, Any]:
    """When it goes out if it is decided now, and what it waits for."""
    wish, whose = _quiet(rule, routes)
    plan, group, now = planned(setup.plan, wish), rule.group if rule else None, envelope.now
    when = slot(plan, envelope.severity, group, now, None, now)
    folded = plan.channel(envelope.severity).folds(group)
    waits_for = "digest" if folded else "quiet hours" if when.at > now else None
    return {
        "at": when.at.isoformat(),
        "waits_for": waits_for,
        "quiet_of": whose if waits_for == "quiet hours" else None,
    }


def _quiet(
    rule: Rule | None, routes: list[tuple[int, Route]]
) -> tuple[QuietWish | None, str | None]:
    """Whose word on the quiet hours counts."""
    if rule is not None and rule.quiet_hours is not None:
        return rule.quiet_hours, "rule"
    for number, route in routes:
        if route.quiet is not None:
            return route.quiet, f"route {number}"
    return None, None
