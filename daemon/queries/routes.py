"""Who would get an alert, and which route says so."""

from datetime import datetime
from typing import Any

from daemon.pipeline.setup import Setup
from daemon.settings import Settings, WrittenRoute
from daemon.store.alerts import AlertRow
from rules.alert import Severity
from rules.routes import Envelope, taken
from rules.rulebook import Rule


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
    routes = list(taken(setup.plan.routes, envelope))
    if rule is not None and rule.notify is not None:
        groups, because = rule.notify, "the rule's own notify"
    elif routes:
        groups = tuple(dict.fromkeys(group for _, route in routes for group in route.notify))
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
    }
