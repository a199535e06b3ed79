"""Contradictions about parcels: foreign ones, numbers that cannot be, numbers that change, dates
that cannot be.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from orders.event import Event
from orders.findings.mismatch import Mismatch
from orders.fold.days import surely_before
from orders.fold.history import History, text_of
from orders.fold.shipments import ShipmentDraft, parcels
from orders.matching.index import EventIndex, RefKind
from orders.order import Order, Shipment
from parsers import identifiers
from parsers.notice import Kind

FIRST_MILE = re.compile(r"LP\d+|CAINIAO.*|CN.*HD")
"""Cainiao's own references become local or S10 numbers on the way."""
REUSED = timedelta(days=7)
"""Parcels of one checkout leave together; the same number on an order this much older is no shared
parcel.
"""
RECYCLED = timedelta(days=180)
A_DAY = timedelta(days=1)


def foreign(history: History, order: Order, index: EventIndex) -> Iterator[Mismatch]:
    """C04: delivered, but the parcel belongs to another order, or to none we saw leave."""
    own = {number for event in history.of(Kind.SHIPMENT_SHIPPED) for number in event.tracking}
    for event in history.of(Kind.SHIPMENT_DELIVERED):
        if event.tracking and own.isdisjoint(event.tracking):
            yield from _strange(event, history, order, index)


def _strange(event: Event, history: History, order: Order, index: EventIndex) -> Iterator[Mismatch]:
    number = event.tracking[0]
    others = [one for each in event.tracking for one in _elsewhere(each, history, index)]
    if others:
        first = others[0]
        yield Mismatch("C04", (first, event), content=number, detail=first.order_numbers[0])
    elif _never_left(event, history, order):
        yield Mismatch("C04", (*history.of(Kind.SHIPMENT_SHIPPED)[:1], event), content=number)


def _elsewhere(number: str, history: History, index: EventIndex) -> list[Event]:
    """Mails that say the parcel left for another order, and do not name this one too; oldest
    first.
    """
    events = index.by_reference(RefKind.TRACKING, history.marketplace, number)
    others = (one for one in events if _left_for_another(one, history))
    return sorted(others, key=lambda one: (one.at, one.origin))


def _left_for_another(event: Event, history: History) -> bool:
    if event.kind is not Kind.SHIPMENT_SHIPPED or event.role != history.role:
        return False
    return bool(event.order_numbers) and history.number not in event.order_numbers


def _never_left(event: Event, history: History, order: Order) -> bool:
    """Every parcel that left has a tracking number, none of them is this one or can have become
    it.
    """
    numbers = [event.tracking for event in history.of(Kind.SHIPMENT_SHIPPED)]
    if not numbers or not all(numbers):
        return False
    left = set(itertools.chain.from_iterable(numbers))
    if any(map(FIRST_MILE.fullmatch, left)):
        return False
    parcel = _parcel_of(event, order)
    return parcel is not None and left.isdisjoint(parcel.tracking)


def _parcel_of(event: Event, order: Order) -> Shipment | None:
    shared = (one for one in order.shipments if not set(one.tracking).isdisjoint(event.tracking))
    return next(shared, None)


def bad_number(history: History, _: Order, index: EventIndex) -> Iterator[Mismatch]:
    """C16: the number fails its check digit, or an older order had it."""
    first: dict[str, Event] = {}
    for event in history.of(Kind.SHIPMENT_SHIPPED, Kind.SHIPMENT_IN_TRANSIT):
        for number in event.tracking:
            first.setdefault(number, event)
    for number, event in first.items():
        older = _older_use(number, event, history, index)
        if _is_misprint(number, event):
            yield Mismatch("C16", (event,), content=number)
        elif older is not None:
            yield Mismatch("C16", (older, event), content=number, detail=older.order_numbers[0])


def _is_misprint(number: str, event: Event) -> bool:
    provider = text_of(event.fields, "provider")
    return identifiers.check_digit_holds(identifiers.normal(number), provider) is False


def _older_use(number: str, event: Event, history: History, index: EventIndex) -> Event | None:
    """The first mail that said it of another order, so long before that it is no shared parcel."""
    if event.kind is not Kind.SHIPMENT_SHIPPED:
        return None
    others = _elsewhere(number, history, index)
    return next((one for one in others if REUSED < event.at - one.at <= RECYCLED), None)


def tracking_changed(history: History, order: Order) -> Iterator[Mismatch]:
    """C17: one parcel, or the only line of an order, gets another number."""
    for parcel in order.shipments:
        for old, new in itertools.pairwise(parcel.tracking):
            change = _change(old, new, history)
            if change.rests_on[0].origin != change.rests_on[1].origin:
                yield change
    lone = len(order.items) == 1 and order.items[0].quantity == 1
    if lone:
        yield from _other_parcels(history, order)


def _other_parcels(history: History, order: Order) -> Iterator[Mismatch]:
    """A single piece travels in one parcel: another number is another number for it."""
    firsts = [parcel.tracking[0] for parcel in order.shipments if parcel.tracking]
    for old, new in itertools.pairwise(firsts):
        yield _change(old, new, history)


def _change(old: str, new: str, history: History) -> Mismatch:
    events = (_first_with(old, history), _first_with(new, history))
    return Mismatch("C17", events, content=new, detail=f"{old} → {new}")


def _first_with(number: str, history: History) -> Event:
    return next(event for event in history.events if number in event.tracking)


def impossible_dates(history: History, _: Order) -> Iterator[Mismatch]:
    """C18: delivered before it left or was ordered; left more than a day before it was ordered."""
    for parcel in parcels(history):
        yield from _delivered_before_leaving(parcel, history)
    placed = history.of(Kind.ORDER_PLACED)
    if placed:
        yield from itertools.islice(_before_the_order(history, placed), 1)


def _before_the_order(history: History, placed: Sequence[Event]) -> Iterator[Mismatch]:
    ordered = [history.occurred(event, "ordered_at") for event in placed]
    for kind, name in (
        (Kind.SHIPMENT_DELIVERED, "delivered_at"),
        (Kind.SHIPMENT_SHIPPED, "shipped_at"),
    ):
        for event in history.of(kind):
            at = history.occurred(event, name) + _slack(event, history)
            if all(surely_before(at, time, history.store_zone) for time in ordered):
                what = name.removesuffix("_at")
                yield Mismatch("C18", (event, placed[0]), content=f"{what} {event.at:%Y-%m-%d}")


def _delivered_before_leaving(parcel: ShipmentDraft, history: History) -> Iterator[Mismatch]:
    shipped = parcel.of(Kind.SHIPMENT_SHIPPED)
    if not shipped:
        return
    left = history.occurred(shipped[0], "shipped_at")
    for event in parcel.of(Kind.SHIPMENT_DELIVERED):
        here = history.occurred(event, "delivered_at") + _slack(event, history)
        if surely_before(here, left, history.store_zone):
            yield Mismatch("C18", (shipped[0], event), content=f"delivered {event.at:%Y-%m-%d}")
            return


def _slack(event: Event, history: History) -> timedelta:
    """A stated day of delivery is taken at its word; the time of a mail says little about the
    day.
    """
    delivered = event.kind is Kind.SHIPMENT_DELIVERED
    exact = delivered and history.stated(event, "delivered_at") is not None
    return timedelta() if exact else A_DAY
