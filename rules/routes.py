"""Who is told of an alert by what it is: the first route of the user's that fits. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from orders.subject import FactValue
from rules.alert import Severity
from rules.matchers import Matcher
from rules.quiet import QuietWish

Facts = Mapping[str, FactValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What an alert must be, all of it, and the notify groups it then goes to."""

    notify: tuple[str, ...]
    rules: tuple[str, ...] = ()
    """Patterns of rule ids, such as `dispute-*`; this and the next three: empty means any."""
    abouts: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    marketplaces: tuple[str, ...] = ()
    amount: Matcher | None = None
    """A test on `order.amount`."""
    goes_on: bool = False
    """The routes behind it are asked too."""
    quiet: QuietWish | None = None

    def fits(self, envelope: "Envelope") -> bool:
        return (
            (not self.rules or any(fnmatchcase(envelope.rule, one) for one in self.rules))
            and (not self.abouts or envelope.about in self.abouts)
            and (not self.severities or envelope.severity in self.severities)
            and (not self.marketplaces or envelope.marketplace in self.marketplaces)
            and (self.amount is None or self.amount.holds(envelope.facts, envelope.now))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What routes look at."""

    rule: str
    about: str
    severity: Severity
    facts: Facts
    now: datetime

    @property
    def marketplace(self) -> object:
        named = (self.facts.get(f"{about}.marketplace") for about in ("order", self.about))
        return next(filter(None, named), None)


def taken(routes: Sequence[Route], envelope: Envelope) -> Iterator[tuple[int, Route]]:
    """The routes an alert takes, each with its number from 1."""
    for number, route in enumerate(routes, start=1):
        if route.fits(envelope):
            yield number, route
            if not route.goes_on:
                return


def groups_by_route(routes: Sequence[Route], envelope: Envelope) -> tuple[str, ...] | None:
    """The groups of all routes taken; None where no route fits."""
    found = [route for _, route in taken(routes, envelope)]
    if not found:
        return None
    return tuple(dict.fromkeys(group for route in found for group in route.notify))


def quiet_by_route(routes: Sequence[Route], envelope: Envelope) -> QuietWish | None:
    """What the first of the routes taken that speaks of quiet hours says."""
    return next((route.quiet for _, route in taken(routes, envelope) if route.quiet), None)
