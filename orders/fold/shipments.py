"""Which parcels an order travels in, and how far each of them is."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from orders.event import Event, Source
from orders.fold.history import History, items_of, text_of
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

    def has(self, kind: Kind) -> bool:
        return any(event.kind is kind for event in self.events)

    def add(self, event: Event) -> None:
        self.events.append(event)
        self.events.sort(key=_time)

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for event in self.events for item in items_of(event))

    @property
    def started(self) -> datetime:
        shipped = [event.at for event in self.events if event.kind is Kind.SHIPMENT_SHIPPED]
        return min(shipped, default=self.events[0].at)


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
    all_events = [event for event in history.events if event.kind in PARCEL_KINDS]
    found = _told_by_mail(
        [event for event in all_events if event.source is not Source.IMPORT], history
    )
    for event in sorted(
        (event for event in all_events if event.source is Source.IMPORT), key=_time
    ):
        home = _home_of_imported(event, found)
        if home is None:
            found.append(ShipmentDraft([event]))
        else:
            home.add(event)
    return tuple(sorted(found, key=lambda parcel: (parcel.started, parcel.events[0].origin)))


def _told_by_mail(events: list[Event], history: History) -> list[ShipmentDraft]:
    found = _by_reference([event for event in events if event.tracking or event.packages])
    bare = [event for event in events if not (event.tracking or event.packages)]
    for event in bare:
        if event.kind is Kind.SHIPMENT_SHIPPED:
            home = _home_of_shipped(event, found, history)
            if home is None:
                found.append(ShipmentDraft([event]))
            else:
                home.add(event)
    for event in bare:
        if event.kind is Kind.SHIPMENT_SHIPPED:
            continue
        home = _home(event, found)
        if home is None:
            found.append(ShipmentDraft([event]))
        else:
            home.add(event)
    return found


def _home_of_imported(event: Event, found: list[ShipmentDraft]) -> ShipmentDraft | None:
    refs = {*event.tracking, *event.packages}
    for parcel in found:
        if refs & {ref for one in parcel.events for ref in (*one.tracking, *one.packages)}:
            return parcel
    near = [parcel for parcel in found if abs(parcel.started - event.at) <= SAME_PARCEL]
    free = [parcel for parcel in near if not refs or not any(one.tracking for one in parcel.events)]
    return min(
        free,
        key=lambda parcel: (abs(parcel.started - event.at), parcel.events[0].origin),
        default=None,
    )


def shipment(parcel: ShipmentDraft, history: History) -> Shipment:
    """What is known of one parcel."""
    events = parcel.events
    tracking = tuple(dict.fromkeys(number for event in events for number in event.tracking))
    packages = tuple(dict.fromkeys(number for event in events for number in event.packages))
    shipped = [event for event in events if event.kind is Kind.SHIPMENT_SHIPPED]
    delivered = [event for event in events if event.kind is Kind.SHIPMENT_DELIVERED]
    moved = [
        event.at
        for event in events
        if event.kind in MOVING or event.kind is Kind.SHIPMENT_EXCEPTION
    ]
    expecting = _latest(events, "expected_until", history)
    waiting = _latest(events, "pickup_by", history)
    day = parcel.started.astimezone(history.zone).date().isoformat()
    left = [event for event in events if event.kind in MOVING]
    return Shipment(
        id=(*tracking, *packages, f"{history.number}/{day}")[0],
        status=_status(events, history),
        tracking=tracking,
        packages=packages,
        items=_distinct(parcel.items),
        provider=next(
            (text for event in reversed(events) if (text := text_of(event.fields, "provider"))),
            None,
        ),
        stage=_stage(events),
        shipped_at=history.earliest(shipped, "shipped_at")
        or min((event.at for event in left), default=None),
        delivered_at=history.earliest(
            [event for event in delivered if history.closes(event)], "delivered_at", "at"
        ),
        expected_from=history.when(expecting, "expected_from") if expecting else None,
        expected_until=history.when(expecting, "expected_until") if expecting else None,
        pickup_by=history.when(waiting, "pickup_by") if waiting else None,
        moved_at=max(moved, default=None),
    )


def _status(events: list[Event], history: History) -> ShipmentStatus:
    rank, status, since = 0.0, ShipmentStatus.PENDING, None
    for event in events:
        if event.kind not in RANKS or (
            event.kind is Kind.SHIPMENT_DELIVERED and not history.closes(event)
        ):
            continue
        own, name = RANKS[event.kind]
        if own >= rank:
            rank, status, since = own, name, event.at
    exceptions = [event for event in events if event.kind is Kind.SHIPMENT_EXCEPTION]
    if (
        exceptions
        and status is not ShipmentStatus.DELIVERED
        and (since is None or exceptions[-1].at >= since)
    ):
        later = any(event.kind in MOVING and event.at > exceptions[-1].at for event in events)
        return status if later else ShipmentStatus.EXCEPTION
    return status


def _stage(events: list[Event]) -> str | None:
    told = [text for event in events if (text := text_of(event.fields, "stage")) in STAGES]
    return max(told, key=lambda stage: STAGES.index(stage or ""), default=None)


def _by_reference(events: list[Event]) -> list[ShipmentDraft]:
    groups: list[tuple[set[str], list[Event]]] = []
    for event in events:
        refs = {*event.tracking, *event.packages}
        joined = [group for group in groups if group[0] & refs]
        groups = [group for group in groups if not group[0] & refs]
        merged = refs.union(*(group[0] for group in joined))
        groups.append((merged, [event, *(one for group in joined for one in group[1])]))
    return [ShipmentDraft(group[1]) for group in groups]


def _home_of_shipped(
    event: Event, found: list[ShipmentDraft], history: History
) -> ShipmentDraft | None:
    day = event.at.astimezone(history.zone).date()
    same_day = [
        parcel
        for parcel in found
        if any(
            one.kind is Kind.SHIPMENT_SHIPPED and one.at.astimezone(history.zone).date() == day
            for one in parcel.events
        )
        and not _other_contents(event, parcel)
    ]
    if same_day:
        return min(same_day, key=lambda parcel: parcel.started)
    unshipped = [
        parcel
        for parcel in found
        if not parcel.has(Kind.SHIPMENT_SHIPPED) and not _other_contents(event, parcel)
    ]
    return unshipped[0] if len(unshipped) == 1 else None


def _other_contents(event: Event, parcel: ShipmentDraft) -> bool:
    mine, theirs = items_of(event), parcel.items
    return bool(mine and theirs) and not any(titles.same_item(a, b) for a in mine for b in theirs)


def _home(event: Event, found: list[ShipmentDraft]) -> ShipmentDraft | None:
    if not found:
        return None
    fitting = [parcel for parcel in found if not _other_contents(event, parcel)] or found
    mine = items_of(event)
    named = [
        parcel
        for parcel in fitting
        if any(titles.same_item(a, b) for a in mine for b in parcel.items)
    ]
    choice = named or fitting
    waiting = [parcel for parcel in choice if not parcel.has(event.kind)]
    begun = [parcel for parcel in waiting if parcel.started <= event.at]
    return min(
        begun or waiting or choice, key=lambda parcel: (parcel.started, parcel.events[0].origin)
    )


def _latest(events: list[Event], name: str, history: History) -> Event | None:
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
