"""The facts of an order itself: what every subject that hangs on it can be judged on too."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from orders.deadlines.region import region
from orders.event import Event, Source
from orders.facts_table import FACTS
from orders.fold.days import Stated, stated, store_zone, surely_before
from orders.fold.history import text_of
from orders.fold.order_fold import unshipped
from orders.matching.index import ACCOUNT
from orders.matching.titles import normal
from orders.order import CaseKind, Order, OrderStatus
from orders.subject import FactType, FactValue
from parsers import marketplaces
from parsers.notice import Kind, Role, Trust

FLAGS: Mapping[str, tuple[str, ...]] = {
    about: tuple(
        spec.name
        for spec in FACTS
        if spec.type is FactType.FLAG and spec.name.startswith(f"{about}.")
    )
    for about in dict.fromkeys(spec.name.partition(".")[0] for spec in FACTS)
}
"""Every yes/no fact by subject: they are total, so a rule that wants `false` finds it."""
_EVIDENCE = frozenset({Kind.EVIDENCE, Kind.EVIDENCE_FILE})
_GONE = frozenset(
    {OrderStatus.IN_TRANSIT, OrderStatus.PARTIALLY_IN_TRANSIT, OrderStatus.PICKUP_AVAILABLE}
)
_HERE = frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED})


def order_facts(order: Order) -> dict[str, FactValue]:
    """Facts `order.*`; those that are not known are absent, yes/no ones never."""
    facts = no(("order",))
    if order.number != ACCOUNT:
        facts["order.number"] = order.number
        facts["order.status"] = order.status.value
        facts |= _flags(order)
    facts["order.marketplace"] = order.marketplace
    facts["order.role"] = order.role.value
    country = region(order.news, order.total.currency if order.total else None)
    seller = order.role is Role.SELLER
    shop = marketplaces.of(order.marketplace)
    link = shop.page(order.number, shop.store_in(country), seller=seller)
    rest = unshipped(order.items, order.shipments)
    texts: Mapping[str, str | None] = {
        "order.title": order.title or None,
        "order.store": order.store,
        "order.region": country,
        "order.link": link,
        "order.cancelled_by": _last_word(order, Kind.ORDER_CANCELLED, "by"),
        "order.cancel_reason": _last_word(order, Kind.ORDER_CANCELLED, "reason"),
        "order.failure": _last_word(order, Kind.ORDER_PAYMENT_FAILED, "reason"),
    }
    facts |= known(texts) | known(_times(order))
    facts |= known({"order.amount": order.total, "order.refund_amount": order.refunded})
    numbers = {
        "lines": len(order.items),
        "unshipped": len(rest),
        "same_messages": _same_messages(order),
        "evidence_files": sum(event.kind in _EVIDENCE for event in order.events),
    }
    return facts | {f"order.{name}": Decimal(number) for name, number in numbers.items()}


def _times(order: Order) -> dict[str, datetime | None]:
    mails = [event for event in order.news if event.source is Source.MAIL]
    return {
        "order.ordered_at": order.ordered_at,
        "order.ship_by": order.ship_by,
        "order.expected_from": order.expected_from,
        "order.expected_until": order.expected_until,
        "order.shipped_at": order.shipped_at,
        "order.delivered_at": order.delivered_at,
        "order.cancelled_at": order.cancelled_at,
        "order.completed_at": order.completed_at,
        "order.protection_until": order.protection_until,
        "order.cancel_requested_at": _first_at(order, Kind.CANCEL_REQUESTED),
        "order.payment_failed_at": _last_at(order, Kind.ORDER_PAYMENT_FAILED),
        "order.out_of_stock_at": _latest(_out_of_stock(order)),
        "order.delayed_at": _latest(_delays(order)),
        "order.last_mail_at": _latest(mails),
    }


def _latest(events: Iterable[Event]) -> datetime | None:
    return max((event.at for event in events), default=None)


def no(abouts: tuple[str, ...]) -> dict[str, FactValue]:
    """Every yes/no fact of these subjects, false."""
    return dict.fromkeys((name for about in abouts for name in FLAGS[about]), False)


def known(facts: Mapping[str, FactValue | None]) -> dict[str, FactValue]:
    return {name: value for name, value in facts.items() if value is not None}


def _flags(order: Order) -> dict[str, FactValue]:
    kinds, status = order.kinds, order.status
    open_kinds = _open_cases(order)
    partly = status is OrderStatus.PARTIALLY_IN_TRANSIT or bool(
        unshipped(order.items, order.shipments)
    )
    return {
        "order.problem": order.problem,
        "order.on_hold": order.on_hold,
        "order.stub": order.stub,
        "order.payment_due": status is OrderStatus.PAYMENT_DUE,
        "order.payment_failed": _payment_failed(order),
        "order.shipped": _has_left(order),
        "order.partly_shipped": partly,
        "order.delivered": _is_here(order),
        "order.cancelled": order.cancelled_at is not None or status is OrderStatus.CANCELLED,
        "order.completed": order.completed_at is not None or status is OrderStatus.COMPLETED,
        "order.returned": status is OrderStatus.RETURNED,
        "order.refunded": order.refunded is not None or Kind.REFUND_COMPLETED in kinds,
        "order.cancel_requested": Kind.CANCEL_REQUESTED in kinds,
        "order.cancel_open": CaseKind.CANCELLATION in open_kinds,
        "order.out_of_stock": bool(_out_of_stock(order)) and not _has_left(order),
        "order.delayed": _is_late(order),
        "order.dispute_open": CaseKind.DISPUTE in open_kinds,
        "order.return_shipped": Kind.RETURN_SHIPPED in kinds,
        "order.verified": any(map(_is_verified, order.news)),
    }


def _open_cases(order: Order) -> set[CaseKind]:
    return {case.kind for case in order.cases if case.closed_at is None}


def _has_left(order: Order) -> bool:
    return order.shipped_at is not None or order.status in _GONE | _HERE


def _is_here(order: Order) -> bool:
    return order.delivered_at is not None or order.status is OrderStatus.DELIVERED


def _is_over(order: Order) -> bool:
    return order.completed_at is not None or order.cancelled_at is not None


def _is_late(order: Order) -> bool:
    return not (_is_here(order) or _is_over(order)) and bool(_delays(order))


def _is_verified(event: Event) -> bool:
    return event.source is Source.MAIL and event.trust is Trust.VERIFIED


def _payment_failed(order: Order) -> bool:
    failed = _last_at(order, Kind.ORDER_PAYMENT_FAILED)
    paid = max(
        (
            _last_at(order, kind) or datetime.min.replace(tzinfo=UTC)
            for kind in (Kind.ORDER_PAYMENT_CONFIRMED, Kind.SHIPMENT_SHIPPED)
        ),
    )
    return failed is not None and paid < failed


def _out_of_stock(order: Order) -> list[Event]:
    return [event for event in order.news if event.fields.get("intent") == "out_of_stock"]


def _same_messages(order: Order) -> int:
    told = [
        text_of(event.fields, "text") for event in order.news if event.kind is Kind.MESSAGE_RECEIVED
    ]
    words = Counter(normal(text) for text in told if text)
    return max(words.values(), default=0)


def _delays(order: Order) -> list[Event]:
    """Mails that moved the expected arrival to a later day, or said so without a date."""
    found: list[Event] = []
    until: Stated | None = None
    zone = store_zone(order.news)
    for event in filter(_is_of_the_way, order.news):
        told = stated(event.fields.get("expected_until"))
        if event.kind is Kind.SHIPMENT_ESTIMATE_CHANGED and not _is_sooner(told, until, zone):
            found.append(event)
        until = told or until
    return found


def _is_sooner(told: Stated | None, until: Stated | None, zone: tzinfo | None) -> bool:
    """Not surely later than what was told before."""
    if told is None or until is None:
        return False
    return not surely_before(until, told, zone)


def _is_of_the_way(event: Event) -> bool:
    return event.kind.startswith(("order.", "shipment."))


def _first_at(order: Order, kind: Kind) -> datetime | None:
    return min((event.at for event in order.news if event.kind is kind), default=None)


def _last_at(order: Order, kind: Kind) -> datetime | None:
    return max((event.at for event in order.news if event.kind is kind), default=None)


def _last_word(order: Order, kind: Kind, name: str) -> str | None:
    words = [text_of(event.fields, name) for event in order.news if event.kind is kind]
    return next((word for word in reversed(words) if word), None)
