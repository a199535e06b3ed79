"""What the ledger itself knows of a store: every figure with the orders behind it, nothing from
anywhere else.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orders.facts.view import View
from orders.order import CaseKind, Watch, WatchState
from parsers.notice import Kind

LATE = frozenset({"not_shipped", "not_delivered", "rest_not_shipped", "no_movement"})
"""Silences that are late once they are due."""
WON = frozenset({"refund_full", "refund_partial", "return_refund", "seller_timeout", "granted"})
DISPUTED = (CaseKind.DISPUTE, CaseKind.APPEAL, CaseKind.CLAIM)
APOLOGIES = 2
"""So many messages with the same words are the same apology again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRecord:
    """One seller; numbers of orders, the oldest first, behind each figure."""

    name: str
    marketplace: str
    orders: tuple[str, ...]
    marks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of MARKS, those that any order shows."""
    days_to_ship: int | None = None
    """The median, in whole days; None where no mail tells when one was ordered and shipped."""

    def of(self, mark: str) -> tuple[str, ...]:
        """The orders that show it."""
        return self.marks.get(mark, ())


def _late(view: View, now: datetime) -> bool:
    order = view.order
    return (
        _is_after(order.shipped_at, order.ship_by)
        or _is_after(order.delivered_at, order.expected_until)
        or any(watch.kind in LATE and _overdue(watch, now) for watch in view.watches)
    )


def _is_after(at: datetime | None, promised: datetime | None) -> bool:
    return at is not None and promised is not None and at > promised


def _overdue(watch: Watch, now: datetime) -> bool:
    return watch.state is WatchState.OPEN and watch.due_at <= now


def _broke_promise(view: View, now: datetime) -> bool:
    promises = [watch for watch in view.watches if watch.kind == "promise_broken"]
    return any(_missed(watch, now) for watch in promises)


def _missed(watch: Watch, now: datetime) -> bool:
    """It came due before what it waits for came."""
    if watch.state is WatchState.OPEN:
        return watch.due_at <= now
    return watch.met_by is not None and watch.met_by.at > watch.due_at


def _same_apology(view: View, _: datetime) -> bool:
    texts = [
        " ".join(str(event.fields.get("text", "")).casefold().split())
        for event in view.order.events
        if event.kind is Kind.MESSAGE_RECEIVED
    ]
    return any(text and texts.count(text) >= APOLOGIES for text in texts)


def _refused(view: View, _: datetime) -> bool:
    refusals = {Kind.CANCEL_REJECTED, Kind.RETURN_REJECTED}
    return any(
        event.kind in refusals
        or (
            event.kind is Kind.DISPUTE_PROPOSAL
            and event.fields.get("solution") == "reject"
            and event.fields.get("sender") != "buyer"
        )
        for event in view.order.events
    )


def _disputed(view: View, _: datetime) -> bool:
    return any(case.kind in DISPUTED for case in view.order.cases)


def _judged(word: str) -> "Mark":
    return lambda view, _: any(case.judgement == word for case in view.order.cases)


def _won(view: View, _: datetime) -> bool:
    return any(
        case.kind in DISPUTED and (case.outcome in WON or case.state == "granted")
        for case in view.order.cases
    )


def _short(view: View, _: datetime) -> bool:
    return any(finding.kind == "refund_short" for finding in view.findings)


def _cancelled(view: View, _: datetime) -> bool:
    return any(
        event.kind is Kind.ORDER_CANCELLED and event.fields.get("by") == "seller"
        for event in view.order.events
    )


Mark = Callable[[View, datetime], bool]
MARKS: dict[str, Mark] = {
    "late": _late,
    "broken_promise": _broke_promise,
    "same_apology": _same_apology,
    "refused": _refused,
    "cancelled_by_seller": _cancelled,
    "refund_short": _short,
    "disputes": _disputed,
    "valid": _judged("valid"),
    "invalid": _judged("invalid"),
    "won": _won,
}
"""What an order can show of its store, in the order it is told."""


def store_record(name: str, views: Iterable[View], now: datetime) -> StoreRecord:
    """The record of one store of one marketplace at `now` (aware UTC), over its orders."""
    found = sorted(views, key=lambda view: (_began(view), view.order.number))
    return StoreRecord(
        name=name,
        marketplace=found[0].order.marketplace if found else "",
        orders=tuple(view.order.number for view in found),
        marks={mark: numbers for mark in MARKS if (numbers := _showing(mark, found, now))},
        days_to_ship=_days_to_ship(found),
    )


def _showing(mark: str, views: Iterable[View], now: datetime) -> tuple[str, ...]:
    """Numbers of the orders that show the mark."""
    return tuple(view.order.number for view in views if MARKS[mark](view, now))


def _days_to_ship(views: Iterable[View]) -> int | None:
    days = sorted(span.days for view in views if (span := _to_ship(view)) is not None)
    return days[len(days) // 2] if days else None


def _began(view: View) -> datetime:
    return view.order.ordered_at or view.order.events[0].at


def _to_ship(view: View) -> timedelta | None:
    ordered, shipped = view.order.ordered_at, view.order.shipped_at
    if ordered is None or shipped is None or shipped < ordered:
        return None
    return shipped - ordered
