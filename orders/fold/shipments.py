"""Which parcels an order travels in, and how far each of them is."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from orders.event import EARLIEST, Event
from orders.fold.history import History, items_of, text_of, told
from orders.matching import titles
from orders.order import Shipment, ShipmentStatus
from parsers.notice import Item, Kind

RANKS: dict[Kind, tuple[float, ShipmentStatus]] = {
    Kind.SHIPMENT_PREPARING: (1, ShipmentStatus.INFO_RECEIVED),
    Kind.SHIPMENT_SHIPPED: (2, ShipmentStatus.IN_TRANSIT),
    Kind.SHIPMENT_IN_TRANSIT: (2, ShipmentStatus.IN_TRANSIT),
    Kind.SHIPMENT_OUT_FOR_DELIVERY: (3, ShipmentStatus.OUT_FOR_DELIVERY),
    Kind.SHIPMENT_ATTEMPT_FAILED: (3.5, ShipmentStatus.ATTEMPT_FAILED),
    Kind.SHIPMENT_AVAILABLE_FOR_PICKUP: (3.5, ShipmentStatus.AVAILABLE_FOR_PICKUP),
    Kind.SHIPMENT_DELIVERED: (4, ShipmentStatus.DELIVERED),
}
"""Forward only: a late mail of a lower rank changes nothing. Of equal ranks the later mail
counts.
"""

STAGES = (
    "picked_up",
    "departed_origin",
    "at_customs",
    "cleared_customs",
    "arrived_country",
    "local_carrier",
    "delivery_center",
)
PARCEL_KINDS = frozenset(RANKS) | {Kind.SHIPMENT_ESTIMATE_CHANGED, Kind.SHIPMENT_EXCEPTION}
MOVING = frozenset(RANKS) - {Kind.SHIPMENT_PREPARING}


SAME_PARCEL = timedelta(days=3)
"""An export's ship date and the mail about it lie no further apart."""


class ShipmentDraft:
    """The events of one parcel, while they are being sorted."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events = sorted(events, key=_time)

    def of(self, kind: Kind) -> list[Event]:
        return [event for event in self.events if event.kind is kind]

    def add(self, event: Event) -> None:
        self.events.append(event)
        self.events.sort(key=_time)

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for event in self.events for item in items_of(event))

    @property
    def tracking(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(number for event in self.events for number in event.tracking))

    @property
    def packages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(number for event in self.events for number in event.packages))

    @property
    def references(self) -> set[str]:
        return {*self.tracking, *self.packages}

    @property
    def was_sent(self) -> bool:
        """A mail said that it was shipped."""
        return bool(self.of(Kind.SHIPMENT_SHIPPED))

    @property
    def started(self) -> datetime:
        shipped = (event.at for event in self.of(Kind.SHIPMENT_SHIPPED))
        return min(shipped, default=self.events[0].at)

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it stands among the parcels of its order."""
        return (self.started, self.events[0].origin)


def parcels(history: History) -> tuple[ShipmentDraft, ...]:
    """Sort the parcel mails of an order into parcels, the earliest first.

    1. Mails that share a tracking number or parcel id speak of one parcel.
    2. A `shipped` without either joins the parcel of its day or the only one nobody called shipped;
       else it is one of
       its own, per day and contents. Two parcels with different tracking are never merged.
    3. Any other mail without a reference joins by contents, else the parcel that still lacks such
       news.
    4. A row of an imported file joins the parcel the mails told of around its day that has no
       number yet: marketplace
       mail often names none, and the export does.
    """
    events = history.of(*PARCEL_KINDS)
    found = _from_mail(told(events), history)
    for event in sorted((event for event in events if event.imported), key=_time):
        _join(event, _home_of_imported(event, found), found)
    return tuple(sorted(found, key=lambda parcel: parcel.place))


def _from_mail(events: Sequence[Event], history: History) -> list[ShipmentDraft]:
    found = _by_reference([event for event in events if event.parcel_numbers])
    bare = [event for event in events if not event.parcel_numbers]
    for event in sorted(bare, key=lambda event: event.kind is not Kind.SHIPMENT_SHIPPED):
        _join(event, _home_of_bare(event, found, history), found)
    return found


def _home_of_bare(
    event: Event, found: list[ShipmentDraft], history: History
) -> ShipmentDraft | None:
    if event.kind is Kind.SHIPMENT_SHIPPED:
        return _home_of_shipped(event, found, history)
    return _home(event, found)


def _join(event: Event, home: ShipmentDraft | None, found: list[ShipmentDraft]) -> None:
    """Put the event into its parcel, or into one of its own."""
    if home is None:
        found.append(ShipmentDraft([event]))
    else:
        home.add(event)


def _home_of_imported(event: Event, found: list[ShipmentDraft]) -> ShipmentDraft | None:
    for parcel in found:
        if event.parcel_numbers & parcel.references:
            return parcel
    return min(
        (parcel for parcel in found if _may_be_filed_as(event, parcel)),
        key=lambda parcel: (abs(parcel.started - event.at), parcel.events[0].origin),
        default=None,
    )


def _may_be_filed_as(event: Event, parcel: ShipmentDraft) -> bool:
    """The row is of the parcel's days, and the two have no different numbers."""
    near = abs(parcel.started - event.at) <= SAME_PARCEL
    return near and not (event.parcel_numbers and parcel.tracking)


def shipment(parcel: ShipmentDraft, history: History) -> Shipment:
    """What is known of one parcel."""
    events = parcel.events
    tracking, packages = parcel.tracking, parcel.packages
    expecting = _latest(events, "expected_until", history)
    waiting = _latest(events, "pickup_by", history)
    day = parcel.started.astimezone(history.zone).date().isoformat()
    return Shipment(
        id=(*tracking, *packages, f"{history.number}/{day}")[0],
        status=_status(events, history),
        tracking=tracking,
        packages=packages,
        items=_distinct(parcel.items),
        provider=_provider(events),
        stage=_stage(events),
        shipped_at=_shipped_at(parcel, history),
        delivered_at=_delivered_at(parcel, history),
        expected_from=history.when(expecting, "expected_from"),
        expected_until=history.when(expecting, "expected_until"),
        pickup_by=history.when(waiting, "pickup_by"),
        moved_at=_moved_at(events),
    )


def _provider(events: Sequence[Event]) -> str | None:
    named = (text_of(event.fields, "provider") for event in reversed(events))
    return next((text for text in named if text), None)


def _shipped_at(parcel: ShipmentDraft, history: History) -> datetime | None:
    """As the shipped mails say, else the first sign that it was on its way."""
    left = (event.at for event in parcel.events if event.kind in MOVING)
    stated = history.earliest(parcel.of(Kind.SHIPMENT_SHIPPED), "shipped_at")
    return stated or min(left, default=None)


def _delivered_at(parcel: ShipmentDraft, history: History) -> datetime | None:
    believed = filter(history.closes, parcel.of(Kind.SHIPMENT_DELIVERED))
    return history.earliest(believed, "delivered_at", "at")


def _moved_at(events: Iterable[Event]) -> datetime | None:
    signs = MOVING | {Kind.SHIPMENT_EXCEPTION}
    return max((event.at for event in events if event.kind in signs), default=None)


def _status(events: Sequence[Event], history: History) -> ShipmentStatus:
    status, since = _furthest(events, history)
    if status is not ShipmentStatus.DELIVERED and _is_held_up(events, since):
        return ShipmentStatus.EXCEPTION
    return status


def _furthest(events: Iterable[Event], history: History) -> tuple[ShipmentStatus, datetime]:
    """How far the parcel got, and when that was told."""
    rank, status, since = 0.0, ShipmentStatus.PENDING, EARLIEST
    for event in events:
        own, name = RANKS.get(event.kind, (-1.0, status))
        believed = event.kind is not Kind.SHIPMENT_DELIVERED or history.closes(event)
        if own >= rank and believed:
            rank, status, since = own, name, event.at
    return status, since


def _is_held_up(events: Sequence[Event], since: datetime) -> bool:
    """Something went wrong at `since` (aware UTC) or later, and no sign of moving came after."""
    exceptions = [event.at for event in events if event.kind is Kind.SHIPMENT_EXCEPTION]
    moved = [event.at for event in events if event.kind in MOVING]
    return bool(exceptions) and max(exceptions) >= max([since, *moved])


def _stage(events: Iterable[Event]) -> str | None:
    stages = {text_of(event.fields, "stage") for event in events}
    return next((stage for stage in reversed(STAGES) if stage in stages), None)


def _by_reference(events: list[Event]) -> list[ShipmentDraft]:
    groups: dict[frozenset[str], list[Event]] = {}
    for event in events:
        joined = [refs for refs in groups if refs & event.parcel_numbers]
        merged = [event]
        for refs in joined:
            merged += groups.pop(refs)
        groups[event.parcel_numbers.union(*joined)] = merged
    return [ShipmentDraft(group) for group in groups.values()]


def _home_of_shipped(
    event: Event, found: list[ShipmentDraft], history: History
) -> ShipmentDraft | None:
    fitting = [parcel for parcel in found if not _other_contents(event, parcel)]
    day = event.at.astimezone(history.zone).date()
    same_day = [parcel for parcel in fitting if day in _days_shipped(parcel, history)]
    if same_day:
        return min(same_day, key=lambda parcel: parcel.started)
    return _only_unsent(fitting)


def _only_unsent(found: Iterable[ShipmentDraft]) -> ShipmentDraft | None:
    """The one parcel that nobody called shipped."""
    unsent = [parcel for parcel in found if not parcel.was_sent]
    return unsent[0] if len(unsent) == 1 else None


def _days_shipped(parcel: ShipmentDraft, history: History) -> set[date]:
    return {event.at.astimezone(history.zone).date() for event in parcel.of(Kind.SHIPMENT_SHIPPED)}


def _shares_item(event: Event, parcel: ShipmentDraft) -> bool:
    return any(titles.same_item(a, b) for a in items_of(event) for b in parcel.items)


def _other_contents(event: Event, parcel: ShipmentDraft) -> bool:
    known = bool(items_of(event) and parcel.items)
    return known and not _shares_item(event, parcel)


def _home(event: Event, found: list[ShipmentDraft]) -> ShipmentDraft | None:
    """The parcel the event speaks of: by contents, then one that lacks such news, then one begun
    before it.
    """
    choice = found
    for fits in (
        lambda parcel: not _other_contents(event, parcel),
        lambda parcel: _shares_item(event, parcel),
        lambda parcel: not parcel.of(event.kind),
        lambda parcel: parcel.started <= event.at,
    ):
        choice = [parcel for parcel in choice if fits(parcel)] or choice
    return min(choice, key=lambda parcel: parcel.place, default=None)


def _latest(events: Iterable[Event], name: str, history: History) -> Event | None:
    """The latest event with that date, a believed one before any other."""
    telling = [event for event in events if event.fields.get(name) is not None]
    return next(reversed(history.best(telling)), None)


def _distinct(items: Iterable[Item]) -> tuple[Item, ...]:
    kept: list[Item] = []
    for item in items:
        if not any(titles.same_item(item, one) for one in kept):
            kept.append(item)
    return tuple(kept)


def _time(event: Event) -> tuple[datetime, str]:
    return (event.at, event.origin)
