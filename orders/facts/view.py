"""The view of one order: the order, what contradicts itself, what is awaited, and where each event
came to lie.
"""

from dataclasses import dataclass
from datetime import tzinfo

from orders.deadlines.policy import Policy
from orders.deadlines.watches import watches
from orders.findings.contradictions import contradictions
from orders.fold.history import History
from orders.fold.order_fold import fold
from orders.matching.index import CachedIndex, EventIndex
from orders.matching.level import Level
from orders.matching.match import Match, gather
from orders.order import Finding, Order, Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All we know of one order, a pure function of the events in the index."""

    order: Order
    """Has no events when none names the order (any more): nothing to show."""
    findings: tuple[Finding, ...]
    """By the time they became true."""
    watches: tuple[Watch, ...]
    """By due time; met and void ones too."""
    matches: tuple[Match, ...]
    """Of every event that belongs here or might, by time; twins have level L0."""


def view(key: str, index: EventIndex, policy: Policy, zone: tzinfo) -> View:
    """The order of that key as it stands in the index.

    `zone` is the user's: a date without a time is the end of that day there.
    """
    memory = CachedIndex(index)
    matches = gather(key, memory)
    history = History(key, matches, zone)
    order = fold(history)
    return View(
        order=order,
        findings=contradictions(history, order, memory),
        watches=watches(history, order, policy),
        matches=_with_twins(matches, history),
    )


def _with_twins(matches: tuple[Match, ...], history: History) -> tuple[Match, ...]:
    kept = {matched.event.origin for matched in (*history.matches, *history.possible)}
    marked = [
        matched
        if matched.event.origin in kept
        else Match(
            event=matched.event, level=Level.TWIN, confidence=matched.confidence, keys=matched.keys
        )
        for matched in matches
    ]
    return tuple(sorted(marked, key=lambda matched: (matched.event.at, matched.event.origin)))
