"""What keeps a rule silent, and which events each of these counts."""

from collections.abc import Iterator
from dataclasses import dataclass

from orders.belief import COUNTED, CountedEvents
from rules.fields import ABOUTS
from rules.rulebook import Rule, Rulebook

_OTHER = {"mail": CountedEvents.MAIL, "sender": CountedEvents.STRANGERS}
"""Abouts that are no part of an order and no part of the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One thing that keeps a rule silent."""

    by: str
    counts: CountedEvents

    def __str__(self) -> str:
        return f"{self.by}: counts {COUNTED[self.counts]}"


def silences(rule: Rule, book: Rulebook) -> tuple[Silence, ...]:
    """Everything that can keep an alert of the rule silent while these rules are in force."""
    return tuple(
        Silence(by=by, counts=counts_of(about))
        for by, about in (*_its_own(rule), *_of_others(rule, book))
    )


def counts_of(about: str) -> CountedEvents:
    """Which events the facts of such a subject are made from (`orders.facts.describe` makes what
    other mail adds a subject of its own).
    """
    if "order.number" in ABOUTS[about]:
        return CountedEvents.BELIEVED
    return _OTHER.get(about, CountedEvents.SERVICE)


def _its_own(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "its tests no longer hold", rule.about
    if rule.quiet_while is not None:
        yield "its quiet_while holds", rule.about


def _of_others(rule: Rule, book: Rulebook) -> Iterator[tuple[str, str]]:
    for other in book.rules:
        if rule.id in other.quiets:
            yield f"{other.id} rings for the same", other.about
        if rule.id in other.quiets_order:
            yield f"{other.id} rings for the same order", other.about
