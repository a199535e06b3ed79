"""The view of one order: the order, what contradicts itself, what is awaited, and where each event
came to lie.
"""

from dataclasses import dataclass
from datetime import tzinfo

from orders.contradictions import contradictions
from orders.fold import fold
from orders.history import History
from orders.matching import Placement, gather
from orders.order import Finding, Order, Watch
from orders.policy import Policy
from orders.shelf import Memory, Shelf
from orders.watches import watches


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All we know of one order, a pure function of the events on the shelf."""

    order: Order
    """Has no events when none names the order (any more): nothing to show."""
    findings: tuple[Finding, ...]
    """By the time they became true."""
    watches: tuple[Watch, ...]
    """By due time; met and void ones too."""
    placements: tuple[Placement, ...]
    """Of every event that belongs here or might, by time; twins have level L0."""


def view(key: str, shelf: Shelf, policy: Policy, zone: tzinfo) -> View:
    """The order of that key as it stands on the shelf.

    `zone` is the user's: a date without a time is the end of that day there.
    """
    memory = Memory(shelf)
    placements = gather(key, memory)
    history = History(key, placements, zone)
    order = fold(history)
    return View(
        order=order,
        findings=contradictions(history, order, memory),
        watches=watches(history, order, policy),
        placements=_with_twins(placements, history),
    )


def _with_twins(placements: tuple[Placement, ...], history: History) -> tuple[Placement, ...]:
    kept = {placement.event.origin for placement in (*history.placements, *history.possible)}
    marked = [
        placement
        if placement.event.origin in kept
        else Placement(
            event=placement.event, level="L0", confidence=placement.confidence, keys=placement.keys
        )
        for placement in placements
    ]
    return tuple(sorted(marked, key=lambda placement: (placement.event.at, placement.event.origin)))
