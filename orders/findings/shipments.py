"""Contradictions about parcels: foreign ones, numbers that cannot be, numbers that change, dates
that cannot be.
"""

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta

from orders.event import Event
from orders.findings.mismatch import Mismatch
from orders.fold.days import surely_before
from orders.fold.history import History
from orders.fold.shipments import ShipmentDraft, parcels
from orders.matching.index import EventIndex, RefKind
from orders.order import Order
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
        strange = [number for number in event.tracking if number not in own]
        if not event.tracking or len(strange) < len(event.tracking):
            continue
        others = [one for number in strange for one in _elsewhere(number, history, index)]
        if others:
            yield Mismatch(
                "C04", (others[0], event), content=strange[0], detail=others[0].order_numbers[0]
            )
        elif _never_left(event, history, order):
            yield Mismatch(
                "C04", (*history.of(Kind.SHIPMENT_SHIPPED)[:1], event), content=strange[0]
            )


def _elsewhere(number: str, history: History, index: EventIndex) -> list[Event]:
    """Mails that say the parcel left for another order, and do not name this one too; oldest
    first.
    """
    events = index.by_reference(RefKind.TRACKING, history.marketplace, number)
    shipped = [
        one for one in events if one.kind is Kind.SHIPMENT_SHIPPED and one.role == history.role
    ]
    others = [
        one for one in shipped if one.order_numbers and history.number not in one.order_numbers
    ]
    return sorted(others, key=lambda one: (one.at, one.origin))


def _never_left(event: Event, history: History, order: Order) -> bool:
    """Every parcel that left has a tracking number, none of them is this one or can have become
    it.
    """
    shipped = history.of(Kind.SHIPMENT_SHIPPED)
    if not shipped or any(not one.tracking for one in shipped):
        return False
    if any(FIRST_MILE.fullmatch(number) for one in shipped for number in one.tracking):
        return False
    parcel = next((one for one in order.shipments if set(one.tracking) & set(event.tracking)), None)
    return parcel is not None and not any(
        set(one.tracking) & set(parcel.tracking) for one in shipped
    )


def bad_number(history: History, _: Order, index: EventIndex) -> Iterator[Mismatch]:
    """C16: the number fails its check digit, or an older order had it."""
    seen: set[str] = set()
    for event in history.of(Kind.SHIPMENT_SHIPPED, Kind.SHIPMENT_IN_TRANSIT):
        for number in event.tracking:
            if number in seen:
                continue
            seen.add(number)
            provider = event.fields.get("provider")
            if (
                identifiers.check_digit_holds(
                    identifiers.normal(number), provider if isinstance(provider, str) else None
                )
                is False
            ):
                yield Mismatch("C16", (event,), content=number)
                continue
            older = [
                one
                for one in _elsewhere(number, history, index)
                if REUSED < event.at - one.at <= RECYCLED and event.kind is Kind.SHIPMENT_SHIPPED
            ]
            if older:
                yield Mismatch(
                    "C16", (older[0], event), content=number, detail=older[0].order_numbers[0]
                )


def tracking_changed(history: History, order: Order) -> Iterator[Mismatch]:
    """C17: one parcel, or the only line of an order, gets another number."""
    for parcel in order.shipments:
        for old, new in itertools.pairwise(parcel.tracking):
            first, second = _first_with(old, history), _first_with(new, history)
            if first.origin != second.origin:
                yield Mismatch("C17", (first, second), content=new, detail=f"{old} → {new}")
    lone = len(order.items) == 1 and order.items[0].quantity == 1
    numbered = [parcel for parcel in order.shipments if parcel.tracking]
    if lone and len(numbered) > 1:
        for before, after in itertools.pairwise(numbered):
            events = (
                _first_with(before.tracking[0], history),
                _first_with(after.tracking[0], history),
            )
            detail = f"{before.tracking[0]} → {after.tracking[0]}"
            yield Mismatch("C17", events, content=after.tracking[0], detail=detail)


def _first_with(number: str, history: History) -> Event:
    return next(event for event in history.events if number in event.tracking)


def impossible_dates(history: History, _: Order) -> Iterator[Mismatch]:
    """C18: delivered before it left or was ordered; left more than a day before it was ordered."""
    for parcel in parcels(history):
        yield from _delivered_before_leaving(parcel, history)
    placed = history.of(Kind.ORDER_PLACED)
    if not placed:
        return
    ordered = [history.occurred(event, "ordered_at") for event in placed]
    for kind, what, name in (
        (Kind.SHIPMENT_DELIVERED, "delivered", "delivered_at"),
        (Kind.SHIPMENT_SHIPPED, "shipped", "shipped_at"),
    ):
        for event in history.of(kind):
            slack = A_DAY if kind is Kind.SHIPMENT_SHIPPED else _slack(event, history)
            at = history.occurred(event, name) + slack
            if all(surely_before(at, time, history.store_zone) for time in ordered):
                yield Mismatch("C18", (event, placed[0]), content=f"{what} {event.at:%Y-%m-%d}")
                return


def _delivered_before_leaving(parcel: ShipmentDraft, history: History) -> Iterator[Mismatch]:
    shipped = [event for event in parcel.events if event.kind is Kind.SHIPMENT_SHIPPED]
    for event in parcel.events:
        if event.kind is not Kind.SHIPMENT_DELIVERED or not shipped:
            continue
        left = history.occurred(shipped[0], "shipped_at")
        here = history.occurred(event, "delivered_at") + _slack(event, history)
        if surely_before(here, left, history.store_zone):
            yield Mismatch("C18", (shipped[0], event), content=f"delivered {event.at:%Y-%m-%d}")
            return


def _slack(event: Event, history: History) -> timedelta:
    """A stated date is taken at its word; the time of a mail says little about the day."""
    return A_DAY if history.stated(event, "delivered_at") is None else timedelta()
