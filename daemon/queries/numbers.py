"""Money and days over the newest orders: what is in dispute, came back or was lost, and how long
shops take.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from statistics import median
from typing import Any

from daemon.store.filters import RowFilter
from daemon.store.ledger import Ledger
from daemon.store.orders import NamedEvent, OrderRow
from parsers.notice import Kind, Money

NEWEST = 400
"""Orders counted: the picture of some months or years, at the same cost for every ledger."""
STORES = 8
AGAINST = {
    Kind.DISPUTE_CLOSED: ("no_refund",),
    Kind.APPEAL_DECIDED: ("rejected",),
    Kind.CLAIM_DECIDED: ("denied",),
}
"""Outcomes by which the money is gone."""
PACE = (Kind.ORDER_PLACED, Kind.SHIPMENT_SHIPPED, Kind.SHIPMENT_DELIVERED)
MONEY = (Kind.REFUND_COMPLETED, *AGAINST)
DAY = 86_400

Firsts = Mapping[str, Mapping[Kind, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopPace:
    """How long one shop takes, in days."""

    name: str
    orders: int
    to_ship: float | None
    """Median from the order to the first parcel."""
    to_deliver: float | None
    """Median from the first parcel to the first delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    orders: int
    """Orders counted."""
    since: datetime | None
    disputed: list[str]
    refunded: list[str]
    lost: list[str]
    """Sums, one a currency, such as “26.12 USD”."""
    shops: list[ShopPace]
    stores: list[ShopPace]
    months: list[tuple[str, int]]
    """`2026-03` and orders placed in it, the oldest first, of the last twelve with any."""


def numbers(ledger: Ledger) -> Numbers:
    """Over the newest orders."""
    rows = ledger.orders.found(RowFilter(), limit=NEWEST)
    steps = list(ledger.orders.steps(rows, MONEY))
    firsts = _firsts(ledger.orders.firsts(rows, PACE))
    lost = {step.order for step in steps if _is_lost(step)}
    months: dict[str, int] = {}
    for row in rows:
        if row.ordered_at:
            months[f"{row.ordered_at:%Y-%m}"] = months.get(f"{row.ordered_at:%Y-%m}", 0) + 1
    return Numbers(
        orders=len(rows),
        since=min((row.first_at for row in rows), default=None),
        disputed=_sums(_total(row) for row in rows if row.problem),
        refunded=_sums(_refund(step) for step in steps),
        lost=_sums(_total(row) for row in rows if row.key in lost),
        shops=_paces(rows, firsts, lambda row: row.marketplace),
        stores=_paces(rows, firsts, lambda row: row.store or "")[:STORES],
        months=sorted(months.items())[-12:],
    )


def _firsts(steps: Iterable[tuple[str, Kind, datetime]]) -> Firsts:
    found: dict[str, dict[Kind, datetime]] = {}
    for order, kind, at in steps:
        found.setdefault(order, {})[kind] = at
    return found


def _is_lost(step: NamedEvent) -> bool:
    return step.event.fields.get("outcome") in AGAINST.get(step.event.kind, ())


def _refund(step: NamedEvent) -> Money | None:
    amount = step.event.fields.get("amount")
    wanted = step.event.kind is Kind.REFUND_COMPLETED and isinstance(amount, Money)
    return amount if wanted and isinstance(amount, Money) else None


def _total(row: OrderRow) -> Money | None:
    value, _, currency = (row.total or "").partition(" ")
    try:
        return Money(value=Decimal(value), currency=currency)
    except (InvalidOperation, ValueError):
        return None


def _sums(amounts: Iterable[Money | None]) -> list[str]:
    sums: dict[str, Decimal] = {}
    for one in amounts:
        if one is not None:
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.value
    return [str(Money(value=value, currency=code)) for code, value in sorted(sums.items())]


def _paces(rows: Sequence[OrderRow], firsts: Firsts, group: Any) -> list[ShopPace]:
    groups: dict[str, list[str]] = {}
    for row in rows:
        if name := group(row):
            groups.setdefault(name, []).append(row.key)
    paces = [
        ShopPace(
            name=name,
            orders=len(keys),
            to_ship=_days(keys, firsts, Kind.ORDER_PLACED, Kind.SHIPMENT_SHIPPED),
            to_deliver=_days(keys, firsts, Kind.SHIPMENT_SHIPPED, Kind.SHIPMENT_DELIVERED),
        )
        for name, keys in groups.items()
    ]
    return sorted(paces, key=lambda pace: (-pace.orders, pace.name))


def _days(keys: Iterable[str], firsts: Firsts, first: Kind, then: Kind) -> float | None:
    known = (firsts.get(key, {}) for key in keys)
    spans = [
        (times[then] - times[first]).total_seconds() / DAY
        for times in known
        if {first, then} <= times.keys()
    ]
    return round(median(spans), 1) if spans and min(spans) >= 0 else None
