"""The index of events: what the ledger is asked by key."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orders.belief import is_believed
from orders.event import Event
from parsers import marketplaces
from parsers.notice import Kind, Role

ACCOUNT = "@account"
"""Stands for the order number of events about the account itself: health, fees, payouts."""

ACCOUNT_KINDS = frozenset(
    {
        Kind.ACCOUNT_WARNING,
        Kind.ACCOUNT_RESTRICTED,
        Kind.FEE_NOTICE,
        Kind.PAYOUT_SENT,
        Kind.PAYOUT_HELD,
        Kind.PLATFORM_NOTICE,
    }
)
NEVER_AN_ORDER = ACCOUNT_KINDS | {
    Kind.PROMO,
    Kind.UNPARSED,
    Kind.SUSPICIOUS,
    Kind.SURVEY_REQUEST,
    Kind.ASSIGNMENT,
    Kind.CORRECTION,
}
"""Kinds that, without an order number, belong to no order and are never guessed to one."""


class RefKind(StrEnum):
    """What an event can be found by."""

    ORDER = "order"
    TRACKING = "tracking"
    PACKAGE = "package"
    CASE = "case"
    THREAD = "thread"
    RELAY = "relay"
    GIST = "gist"
    """What a mail that no phrase fits names. By this it is found, and it ties nothing else."""


class EventIndex(Protocol):
    """What matching and folding ask of the ledger. Every answer is by index; the order of its
    events means nothing.
    """

    def by_reference(self, kind: RefKind, marketplace: str, value: str) -> tuple[Event, ...]:
        """Events of the marketplace whose `references` hold exactly this pair, of any role."""

    def by_origin(self, origin: str) -> Event | None:
        """The event of that origin."""

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
        """Keys of orders that an event of that time (both ends in) names in full (`order_keys`).

        With `most`, that many of them are enough, whichever: who asks so only wants to know that
        there are too many. With `believed`, only believed events count (`belief.is_believed`).
        """

    def unmatched(self, marketplace: str, role: Role) -> tuple[Event, ...]:
        """Events with no order number and no sure home (`match.now_matched`). Returning too many
        costs time only.
        """

    def assignments(self, origin: str) -> tuple[Event, ...]:
        """The user's answers about the event of that origin (`Event.assigns`)."""


def references(event: Event) -> tuple[tuple[RefKind, str], ...]:
    """What the store indexes for an event, each pair once.

    Besides the plain values two marks are kept for whole order numbers of digits: `*` and the
    number without its first digit (links were seen without it), and `~` with a neighbourhood (line
    ids lie a few times 10,000 above the order).
    """
    if event.kind is Kind.MAIL_GIST:
        named = (*event.order_numbers, *event.tracking, *event.packages)
        return tuple(dict.fromkeys((RefKind.GIST, value) for value in named))
    found = [
        *((RefKind.ORDER, value) for value in _marked_numbers(event)),
        *((RefKind.TRACKING, value) for value in event.tracking),
        *((RefKind.PACKAGE, value) for value in event.packages),
        *((RefKind.CASE, value) for value in event.cases),
        *((RefKind.THREAD, value) for value in event.thread),
    ]
    return tuple(dict.fromkeys((*found, *_relay(event))))


def _marked_numbers(event: Event) -> Iterator[str]:
    for number in _numbers(event):
        yield number
        if is_whole(event.marketplace, number):
            yield "*" + number[1:]
            yield "~" + neighbourhood(number)


def _relay(event: Event) -> tuple[tuple[RefKind, str], ...]:
    return ((RefKind.RELAY, event.sender.lower()),) if is_relay(event) else ()


def order_keys(event: Event) -> tuple[str, ...]:
    """Keys `<marketplace>:<role>:<number>` of the orders the event names in full.

    Events about the account itself (fees, health, payouts) are kept under the number `@account`.
    """
    return tuple(key_of(event.marketplace, event.role, number) for number in _numbers(event))


def key_of(marketplace: str, role: Role, number: str) -> str:
    return f"{marketplace}:{role}:{number}"


def key_parts(key: str) -> tuple[str, Role, str]:
    """Marketplace, role and number of an order key. Raises ValueError for anything else."""
    marketplace, role, number = key.split(":", 2)
    return marketplace, Role(role), number


def is_unmatched(event: Event) -> bool:
    """Whether the event names no order, and may belong to one."""
    return not order_keys(event) and event.kind not in NEVER_AN_ORDER


def is_relay(event: Event) -> bool:
    """Whether it is from the alias of one person, through which buyer and seller write to each
    other.
    """
    return marketplaces.of(event.marketplace).is_alias(event.sender)


def is_whole(marketplace: str, number: str) -> bool:
    """Whether no digit of the number is missing, where the marketplace's have digits alone."""
    return marketplaces.of(marketplace).is_whole(number)


def neighbourhood(number: str, shift: int = 0) -> str:
    """Numbers within 100 steps of 10,000 share it, or the next one (`shift=-1` looks one below)."""
    return f"{int(number) // 1_000_000 + shift}:{number[-4:]}"


def _numbers(event: Event) -> tuple[str, ...]:
    if event.order_numbers:
        return tuple(dict.fromkeys(event.order_numbers))
    return (ACCOUNT,) if event.kind in ACCOUNT_KINDS else ()


class IndexWithout:
    """Another index as it was before some events were added."""

    def __init__(self, index: EventIndex, events: Iterable[Event]) -> None:
        self._index = index
        self._hidden = {event.origin: event for event in events}

    def by_reference(self, kind: RefKind, marketplace: str, value: str) -> tuple[Event, ...]:
        return self._without(self._index.by_reference(kind, marketplace, value))

    def by_origin(self, origin: str) -> Event | None:
        return None if origin in self._hidden else self._index.by_origin(origin)

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
        own = self._named_by_hidden(since, until)
        enough = None if most is None else most + len(own)
        keys = self._index.open_orders(marketplace, role, since, until, enough, believed=believed)
        had = _Had(self, since, until, believed=believed)
        return tuple(key for key in keys if key not in own or had.names(key))

    def unmatched(self, marketplace: str, role: Role) -> tuple[Event, ...]:
        return self._without(self._index.unmatched(marketplace, role))

    def assignments(self, origin: str) -> tuple[Event, ...]:
        return self._without(self._index.assignments(origin))

    def _named_by_hidden(self, since: datetime, until: datetime) -> set[str]:
        events = [event for event in self._hidden.values() if since <= event.at <= until]
        return {key for event in events for key in order_keys(event)}

    def _without(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        return tuple(event for event in events if event.origin not in self._hidden)


@dataclass(frozen=True, slots=True)
class _Had:
    """Whether an order is named within a time by what an index shows."""

    index: EventIndex
    since: datetime
    until: datetime
    believed: bool

    def names(self, key: str) -> bool:
        marketplace, role, number = key_parts(key)
        return any(
            event.role == role
            and self.since <= event.at <= self.until
            and (is_believed(event) or not self.believed)
            for event in self.index.by_reference(RefKind.ORDER, marketplace, number)
        )


class BelievedIndex:
    """Another index as if only believed events were in it; `hid` says whether that differed."""

    def __init__(self, index: EventIndex) -> None:
        self._index = index
        self.hid = False

    def by_reference(self, kind: RefKind, marketplace: str, value: str) -> tuple[Event, ...]:
        return self._believed(self._index.by_reference(kind, marketplace, value))

    def by_origin(self, origin: str) -> Event | None:
        event = self._index.by_origin(origin)
        return next(iter(self._believed(() if event is None else (event,))), None)

    def open_orders(
        self,
        marketplace: str,
        role: Role,
        since: datetime,
        until: datetime,
        most: int | None = None,
        *,
        believed: bool = True,
    ) -> tuple[str, ...]:
        del believed
        every = self._index.open_orders(marketplace, role, since, until, most)
        found = self._index.open_orders(marketplace, role, since, until, most, believed=True)
        self.hid = self.hid or len(found) < len(every)
        return found

    def unmatched(self, marketplace: str, role: Role) -> tuple[Event, ...]:
        return self._believed(self._index.unmatched(marketplace, role))

    def assignments(self, origin: str) -> tuple[Event, ...]:
        return self._index.assignments(origin)

    def _believed(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        found = tuple(event for event in events if is_believed(event))
        self.hid = self.hid or len(found) < len(events)
        return found


_OpenOrders = tuple[tuple[str, Role, datetime, datetime, int | None], bool]


class CachedIndex:
    """Asks another index each question once: one view asks the same again and again."""

    def __init__(self, index: EventIndex) -> None:
        self._index = index
        self._references: dict[tuple[RefKind, str, str], tuple[Event, ...]] = {}
        self._origins: dict[str, Event | None] = {}
        self._open: dict[_OpenOrders, tuple[str, ...]] = {}
        self._unmatched: dict[tuple[str, Role], tuple[Event, ...]] = {}
        self._assignments: dict[str, tuple[Event, ...]] = {}

    def by_reference(self, kind: RefKind, marketplace: str, value: str) -> tuple[Event, ...]:
        ask = (kind, marketplace, value)
        if ask not in self._references:
            self._references[ask] = self._index.by_reference(kind, marketplace, value)
        return self._references[ask]

    def by_origin(self, origin: str) -> Event | None:
        if origin not in self._origins:
            self._origins[origin] = self._index.by_origin(origin)
        return self._origins[origin]

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
        ask = (marketplace, role, since, until, most)
        if (ask, believed) not in self._open:
            found = self._index.open_orders(*ask, believed=believed)
            self._open[ask, believed] = found
        return self._open[ask, believed]

    def unmatched(self, marketplace: str, role: Role) -> tuple[Event, ...]:
        ask = (marketplace, role)
        if ask not in self._unmatched:
            self._unmatched[ask] = self._index.unmatched(marketplace, role)
        return self._unmatched[ask]

    def assignments(self, origin: str) -> tuple[Event, ...]:
        if origin not in self._assignments:
            self._assignments[origin] = self._index.assignments(origin)
        return self._assignments[origin]
