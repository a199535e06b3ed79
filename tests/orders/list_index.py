"""An index of events in memory: what the store does in SQL, in a page of Python."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from orders.belief import is_believed
from orders.event import Event
from orders.matching.index import (
    RefKind,
    is_unmatched,
    order_keys,
    references,
)
from orders.matching.match import now_matched
from parsers.notice import Role

LAST = "\U0010ffff"
"""Sorts behind every key."""


class ListIndex:
    """An index in memory, for replays and tests. Adding an event twice changes nothing."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events: dict[str, Event] = {}
        self._references: dict[tuple[RefKind, str, str], list[Event]] = defaultdict(list)
        self._orders: dict[tuple[str, Role], list[tuple[datetime, str]]] = defaultdict(list)
        self._believed: dict[tuple[str, Role], list[tuple[datetime, str]]] = defaultdict(list)
        self._unmatched: dict[tuple[str, Role], dict[str, Event]] = defaultdict(dict)
        self._assignments: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            self.add(event)

    def add(self, event: Event) -> bool:
        """Append `event`; False when its origin is already here."""
        if event.origin in self._events:
            return False
        self._events[event.origin] = event
        for kind, value in references(event):
            self._references[kind, event.marketplace, value].append(event)
        keys = order_keys(event)
        for key in keys:
            insort(self._orders[event.marketplace, event.role], (event.at, key))
            if is_believed(event):
                insort(self._believed[event.marketplace, event.role], (event.at, key))
        if is_unmatched(event):
            self._unmatched[event.marketplace, event.role][event.origin] = event
        if event.assigns is not None:
            self._assignments[event.assigns].append(event)
        self._forget(event)
        return True

    def _forget(self, event: Event) -> None:
        """As the store does: what has a sure home now is no longer unmatched."""
        for origin in now_matched(event, self):
            self._unmatched[event.marketplace, event.role].pop(origin, None)

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(self._events.values())

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of all orders named by any event, sorted."""
        return tuple(sorted({key for orders in self._orders.values() for _, key in orders}))

    def by_reference(self, kind: RefKind, marketplace: str, value: str) -> tuple[Event, ...]:
        return tuple(self._references.get((kind, marketplace, value), ()))

    def by_origin(self, origin: str) -> Event | None:
        return self._events.get(origin)

    def open_orders(
        self,
        marketplace: str,
        role: Role,
        since: datetime,
        until: datetime,
        most: int | None = None,
        *,
        believed: bool = False,
    ) -> tuple[str, ...]:
        orders = (self._believed if believed else self._orders).get((marketplace, role), [])
        first, last = bisect_left(orders, (since, "")), bisect_right(orders, (until, LAST))
        found: dict[str, None] = {}
        for place in range(first, last):
            if most is not None and len(found) >= most:
                break
            found[orders[place][1]] = None
        return tuple(found)

    def unmatched(self, marketplace: str, role: Role) -> tuple[Event, ...]:
        return tuple(self._unmatched.get((marketplace, role), {}).values())

    def assignments(self, origin: str) -> tuple[Event, ...]:
        return tuple(self._assignments.get(origin, ()))
