"""The fold: a set of placed events becomes an order with its parcels and cases, whatever the order
of arrival.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from orders.event import Event
from orders.fold.cases import cases
from orders.fold.history import History, items_of, latest, money_of, text_of, told
from orders.fold.lines import lines_of
from orders.fold.refunds import total
from orders.fold.shipments import MOVING, parcels, shipment
from orders.matching import titles
from orders.order import Case, CaseKind, Order, OrderStatus, Shipment, ShipmentStatus
from parsers.notice import Item, Kind, Money

UNKNOWN_END = {"unknown", None}
TROUBLE = frozenset({CaseKind.DISPUTE, CaseKind.CLAIM, CaseKind.CHARGEBACK})
_PROGRESS = tuple(OrderStatus)


def fold(history: History) -> Order:
    """The order that these events make."""
    found = tuple(shipment(parcel, history) for parcel in parcels(history))
    matters = cases(history)
    lines = lines_of(history)
    cancelled = ends_by_cancelling(history, lines)
    delivered_at = _delivered_at(lines, found)
    if cancelled:
        status = OrderStatus.CANCELLED
    elif _returned(history, matters):
        status = OrderStatus.RETURNED
    else:
        status = _status(history, found, lines, whole=delivered_at is not None)
    expecting = _latest_with(history, "expected_until")
    return Order(
        key=history.key,
        marketplace=history.marketplace,
        role=history.role,
        number=history.number,
        status=status,
        events=history.timeline,
        items=lines,
        store=_text(history, "store"),
        total=_total(history),
        ordered_at=_ordered_at(history),
        ship_by=_stated(history, "ship_by"),
        expected_from=history.when(expecting, "expected_from"),
        expected_until=history.when(expecting, "expected_until"),
        shipped_at=_shipped_at(found),
        delivered_at=delivered_at,
        cancelled_at=_first_at(cancelled),
        completed_at=_first_at(history.sure(Kind.ORDER_COMPLETED)),
        protection_until=_stated(history, "protection_until"),
        shipments=found,
        cases=matters,
        problem=_in_trouble(matters),
        on_hold=_on_hold(history),
        stub=not history.of(Kind.ORDER_PLACED, Kind.IMPORT_ROW),
        refunded=total(history.sure(Kind.REFUND_COMPLETED)),
        kinds=frozenset(event.kind for event in history.events),
    )


def _delivered_at(lines: Sequence[Item], found: Sequence[Shipment]) -> datetime | None:
    """When the last parcel arrived, once all of the order has."""
    times = [parcel.delivered_at for parcel in found if parcel.delivered_at is not None]
    whole = len(times) == len(found) and not unshipped(lines, found)
    return max(times, default=None) if whole else None


def _shipped_at(found: Iterable[Shipment]) -> datetime | None:
    return min((parcel.shipped_at for parcel in found if parcel.shipped_at), default=None)


def _first_at(events: Iterable[Event]) -> datetime | None:
    return min((event.at for event in events), default=None)


def _in_trouble(matters: Iterable[Case]) -> bool:
    return any(case.kind in TROUBLE and case.closed_at is None for case in matters)


def unshipped(lines: Sequence[Item], found: Iterable[Shipment]) -> tuple[Item, ...]:
    """Order lines missing from parcels that say what is in them; a parcel that says nothing may
    hold everything.
    """
    gone = _gone(found)
    if not gone or any(not parcel.items for parcel in gone):
        return ()
    return titles.lacking(lines, (item for parcel in gone for item in parcel.items))


def _gone(found: Iterable[Shipment]) -> list[Shipment]:
    return [parcel for parcel in found if parcel.shipped_at is not None]


def ends_by_cancelling(history: History, lines: Sequence[Item]) -> tuple[Event, ...]:
    """Believed cancellations of the whole order. “Your order … is closed” after delivery or
    completion is none.
    """
    over = history.sure(Kind.SHIPMENT_DELIVERED, Kind.ORDER_COMPLETED)
    return tuple(
        event
        for event in history.sure(Kind.ORDER_CANCELLED)
        if not leaves_lines(event, lines) and not closes_what_is_over(event, over)
    )


def leaves_lines(event: Event, lines: Sequence[Item]) -> bool:
    """It names items, and they are not all that was ordered."""
    return bool(items_of(event) and titles.lacking(lines, items_of(event)))


def closes_what_is_over(event: Event, over: Iterable[Event]) -> bool:
    return closed_without_reason(event) and any(one.at <= event.at for one in over)


def closed_without_reason(event: Event) -> bool:
    """AliExpress writes “is closed” for any end: it tells neither who nor why."""
    return (
        text_of(event.fields, "by") in UNKNOWN_END
        and text_of(event.fields, "reason") in UNKNOWN_END
    )


def cancelled_items(history: History) -> tuple[Item, ...]:
    return tuple(item for event in history.sure(Kind.ORDER_CANCELLED) for item in items_of(event))


def _status(
    history: History,
    found: Sequence[Shipment],
    lines: Sequence[Item],
    *,
    whole: bool,
) -> OrderStatus:
    """The status of an order that was neither cancelled nor returned."""
    if history.sure(Kind.ORDER_COMPLETED):
        return OrderStatus.COMPLETED
    if whole:
        return OrderStatus.DELIVERED
    by_mail = _from_mail(history, found, lines)
    imported = imported_status(history)
    if imported is not None and _files_know_more(history, by_mail):
        return max(by_mail, imported, key=_rank)
    return by_mail


def _files_know_more(history: History, by_mail: OrderStatus) -> bool:
    """Mail told no more than that the order is, or only files speak of its way."""
    return by_mail in (OrderStatus.UNKNOWN, OrderStatus.PROCESSING) or all(
        event.imported for event in history.events if _moves(event)
    )


def _moves(event: Event) -> bool:
    """It speaks of the order's own way: what is told of messages, disputes or money does not
    outdate a file.
    """
    return event.kind.partition(".")[0] in ("order", "shipment")


def _from_mail(history: History, found: Sequence[Shipment], lines: Sequence[Item]) -> OrderStatus:
    if any(parcel.status is ShipmentStatus.AVAILABLE_FOR_PICKUP for parcel in found):
        return OrderStatus.PICKUP_AVAILABLE
    if _gone(found):
        return _on_its_way(history, found, lines)
    if awaits_payment(history):
        return OrderStatus.PAYMENT_DUE
    return OrderStatus.PROCESSING if any(map(_begins, history.events)) else OrderStatus.UNKNOWN


def _on_its_way(history: History, found: Sequence[Shipment], lines: Sequence[Item]) -> OrderStatus:
    rest = titles.lacking(unshipped(lines, found), cancelled_items(history))
    partly = bool(rest) or len(_gone(found)) < len(found)
    return OrderStatus.PARTIALLY_IN_TRANSIT if partly else OrderStatus.IN_TRANSIT


def _begins(event: Event) -> bool:
    """It says that the order is under way."""
    says_nothing = (
        Kind.MESSAGE_RECEIVED,
        Kind.MESSAGE_SENT,
        Kind.MESSAGE_UNDELIVERED,
        Kind.SURVEY_REQUEST,
        Kind.ASSIGNMENT,
    )
    return not event.imported and event.kind not in says_nothing


def awaits_payment(history: History) -> bool:
    """Payment was asked for or failed, and nothing since says that it was made."""
    asked = history.last(Kind.ORDER_PAYMENT_DUE, Kind.ORDER_PAYMENT_FAILED)
    if asked is None:
        return False
    paid = history.sure(
        Kind.ORDER_PAYMENT_CONFIRMED, Kind.SHIPMENT_SHIPPED, Kind.SHIPMENT_PREPARING
    )
    confirmed = [event for event in history.sure(Kind.ORDER_PLACED) if event.at > asked.at]
    return not any(event.at >= asked.at for event in paid) and not confirmed


def imported_status(history: History) -> OrderStatus | None:
    """The status an imported row claims: it counts where mail knows less, and never ends a case."""
    known = {status.value: status for status in OrderStatus}
    words = [text_of(event.fields, "status") for event in history.of(Kind.IMPORT_ROW)]
    return next((known[word] for word in reversed(words) if word in known), None)


def _rank(status: OrderStatus) -> int:
    return -1 if status is OrderStatus.UNKNOWN else _PROGRESS.index(status)


def _returned(history: History, matters: Sequence[Case]) -> bool:
    """The goods went back and what was paid for came back."""
    back = any(case.kind is CaseKind.RETURN and case.state == "refunded" for case in matters)
    return back and _refunded_in_full(history)


def _refunded_in_full(history: History) -> bool:
    """Sums that cannot be compared are taken for equal."""
    paid, refunded = _total(history), total(history.sure(Kind.REFUND_COMPLETED))
    if paid is None or refunded is None or paid.currency != refunded.currency:
        return True
    return refunded.value >= paid.value


def _on_hold(history: History) -> bool:
    held = history.last(Kind.ORDER_ON_HOLD)
    if held is None:
        return False
    freeing = (Kind.ORDER_PAYMENT_CONFIRMED, Kind.SHIPMENT_PREPARING, Kind.ORDER_CANCELLED, *MOVING)
    return not any(event.at >= held.at for event in history.sure(*freeing))


def _money_under(names: tuple[str, ...]) -> Callable[[Event], Money | None]:
    return lambda event: money_of(event, *names)


_TOTALS: Sequence[tuple[Kind, tuple[str, ...]]] = (
    (Kind.ORDER_PLACED, ("total", "amount")),
    (Kind.ORDER_PAYMENT_CONFIRMED, ("total", "amount")),
    (Kind.IMPORT_ROW, ("total",)),
)
"""Where the order's price stands; the amount of an imported row may be a refund or a payout."""


def _total(history: History) -> Money | None:
    for kind, names in _TOTALS:
        value = latest(history.of(kind), _money_under(names))
        if isinstance(value, Money):
            return value
    value = latest(history.events, lambda event: money_of(event, "total"))
    return value if isinstance(value, Money) else None


def _ordered_at(history: History) -> datetime | None:
    """As mail says, else files, else any mail that states it."""
    placed = history.of(Kind.ORDER_PLACED) or history.of(Kind.IMPORT_ROW)
    if placed:
        return history.earliest(told(placed) or placed, "ordered_at")
    stated = (history.when(event, "ordered_at") for event in history.events)
    return min(filter(None, stated), default=None)


def _stated(history: History, name: str) -> datetime | None:
    """The field as the latest event has it."""
    return history.when(_latest_with(history, name), name)


def _latest_with(history: History, name: str) -> Event | None:
    """The latest mail about the order or its parcels that states this date, a believed one before
    any other.

    What nobody vouches for does not move a date that is known; a refund's own dates are not the
    parcel's.
    """
    about = [
        event
        for event in history.events
        if event.kind.partition(".")[0] in ("order", "shipment", "import")
    ]
    telling = [event for event in about if history.when(event, name) is not None]
    return next(reversed(history.best(telling)), None)


def _text(history: History, name: str) -> str | None:
    value = latest(history.events, lambda event: text_of(event.fields, name))
    return value if isinstance(value, str) else None


def paid(history: History) -> bool:
    """Whether money was taken, as far as mail tells: an order mail or a payment, and no unpaid
    end.
    """
    ends = history.of(Kind.ORDER_CANCELLED)
    if any(map(_says_unpaid, ends)):
        return False
    charged = any(event.fields.get("charged") is True for event in ends)
    begun = history.of(Kind.ORDER_PLACED, Kind.ORDER_PAYMENT_CONFIRMED)
    return charged or (bool(begun) and not awaits_payment(history))


def _says_unpaid(end: Event) -> bool:
    return end.fields.get("charged") is False or text_of(end.fields, "reason") == "unpaid"
