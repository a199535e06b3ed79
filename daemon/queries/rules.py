"""The rules as rows, and why one of them rings for an order or does not."""

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from daemon.pipeline.scopes import order_scope_facts
from orders.belief import COUNTED
from orders.deadlines.policy import shipped
from orders.facts.view import View
from orders.subject import Subject
from parsers.errors import OrderbellError
from parsers.user_yaml import did_you_mean
from rules.explain import explain
from rules.rulebook import Rule, Rulebook
from rules.silence import silences

NAMES = {
    "trigger": "opened by",
    "stated": "date in a mail",
    "base": "counted from",
    "only": "only if",
    "meets": "met by",
    "voids": "void by",
    "lapses": "lapsed by",
}
"""Columns of the policy table in words."""


class UnknownRuleError(OrderbellError):
    """No rule is called so."""


def listed_rules(book: Rulebook, language: str = "en") -> list[Mapping[str, Any]]:
    """The worst first, those switched off last; titles in the language, where they have it."""
    every = sorted(
        (*book.rules, *book.idle),
        key=lambda rule: (not rule.enabled, -rule.severity.rank, rule.id),
    )
    return [
        {
            "id": rule.id,
            "enabled": rule.enabled,
            "about": rule.about,
            "severity": rule.severity.value,
            "title": rule.title.get(language)
            or rule.title.get("en")
            or next(iter(rule.title.values())),
            "source": rule.source,
            "changed": list(rule.changed),
        }
        for rule in every
    ]


def find_rule(book: Rulebook, name: str) -> Rule:
    """The rule, in effect or switched off. Raises UnknownRuleError with a suggestion."""
    try:
        return book.rule(name)
    except KeyError:
        known = [rule.id for rule in (*book.rules, *book.idle)]
        hint = did_you_mean(name, known) or "; orderbell rules list lists them"
        raise UnknownRuleError(f"no rule {name!r}{hint}") from None


def explained(rule: Rule, shown: View, now: datetime, zone: tzinfo) -> Iterator[str]:
    """Test by test, for each thing of the order the rule speaks of."""
    kinds = rule.kinds
    subjects = [
        subject
        for subject in order_scope_facts(shown, now).subjects
        if subject.about == rule.about
        and (not kinds or subject.facts.get(f"{rule.about}.kind") in kinds)
    ]
    if not subjects:
        kind = f" of the kind {' or '.join(sorted(kinds))}" if kinds else ""
        yield f"{rule.id} speaks of a {rule.about}{kind}, and order {shown.order.number} has none"
    for subject in subjects:
        yield str(explain(rule, subject, now, zone))
        yield from _counted_from(subject)


def _counted_from(subject: Subject) -> Iterator[str]:
    """Why a deadline is due when it is, and which events that counts."""
    row = shipped().row_of(str(subject.facts.get("watch.key")))
    if row is None:
        return
    yield f"  due as {subject.facts.get('watch.why')}"
    for counts in dict.fromkeys(row.counts.values()):
        columns = [NAMES.get(name, name) for name, how in row.counts.items() if how is counts]
        yield f"    {', '.join(columns)}: counts {COUNTED[counts]}"


def silence_lines(rule: Rule, book: Rulebook) -> Iterator[str]:
    """What can keep the rule silent, and which events that counts."""
    yield f"{rule.id} is silent when"
    for silence in silences(rule, book):
        yield f"  {silence}"
