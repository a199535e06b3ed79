"""Orders, their cases and watches, and one order whole, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from daemon.pipeline.records import record_of
from daemon.queries.alerts import Teller, alert_row
from daemon.queries.folded import FoldedOrders
from daemon.queries.times import iso
from daemon.queries.wanted import CLOSED, OPEN, RowPage, Wanted, place
from daemon.store.filters import RUNNING, RowFilter, WatchFilter
from daemon.store.ledger import Ledger
from daemon.store.orders import OrderRow, WatchRow
from orders.event import Event
from orders.facts.stake import stakes, worst_stake
from orders.facts.view import View, order_of
from orders.order import Case, Finding, Order, Shipment, Watch, WatchState
from parsers.notice import fields_to_json
from rules.records import record_line

Row = Mapping[str, Any]


LOOKED_AT = 200
"""So many orders are folded for one page of cases, then it ends, full or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter(Wanted):
    """Which orders are asked for; without a wish only those under way."""

    problem: bool = False
    marketplace: str | None = None

    @property
    def rows(self) -> RowFilter:
        """The same as conditions on rows."""
        running = () if self.over_too or self.problem else RUNNING
        return RowFilter(
            statuses=self.statuses or running,
            marketplace=self.marketplace,
            problem=True if self.problem else None,
            since=self.since,
            shop=self.shop,
            text=self.search,
        )


def listed_orders(ledger: Ledger, zone: tzinfo, now: datetime, wanted: OrderFilter) -> RowPage:
    """The latest news first. Raises ListingError."""
    return found_orders(ledger, zone, now, wanted.rows, after=wanted.after, limit=wanted.limit)


def found_orders(
    ledger: Ledger,
    zone: tzinfo,
    now: datetime,
    wanted: RowFilter,
    *,
    after: str = "",
    limit: int = 50,
) -> RowPage:
    """A page of the orders that are wanted, the latest news first. Raises ListingError for an
    `after` that was never given.
    """
    rows = ledger.orders.found(_from(wanted, after), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return RowPage(
        rows=_order_rows(ledger, rows[:limit], zone, now),
        next=_place(last) if last else "",
    )


def _from(wanted: RowFilter, after: str) -> RowFilter:
    if not after:
        return wanted
    at, [key] = place(after, 1)
    return replace(wanted, after=(at, key))


def _place(row: OrderRow) -> str:
    return f"{row.last_at.isoformat()}~{row.key}"


def _order_rows(ledger: Ledger, rows: Sequence[OrderRow], zone: tzinfo, now: datetime) -> list[Row]:
    due = ledger.orders.next_due([row.key for row in rows], now)
    return [_order(row, due.get(row.key), zone) for row in rows]


def listed_cases(ledger: Ledger, zone: tzinfo, wanted: Wanted) -> RowPage:
    """Disputes, returns, claims and other matters, those of the order with the latest news first;
    without a wish only the open ones. Raises ListingError.
    """
    only_open = not wanted.over_too and set(wanted.statuses) <= {OPEN}
    rows = RowFilter(disputes=only_open, since=wanted.since, shop=wanted.shop, text=wanted.search)
    found: list[Row] = []
    orders = ledger.orders.found(_from(rows, wanted.after), limit=LOOKED_AT + 1)
    for looked, row in enumerate(orders):
        if len(found) >= wanted.limit or looked == LOOKED_AT:
            return RowPage(rows=found, next=_place(orders[looked - 1]))
        found += _cases_of(order_of(row.key, ledger, zone), wanted, zone)
    return RowPage(rows=found, next="")


def _cases_of(order: Order, wanted: Wanted, zone: tzinfo) -> Iterator[Row]:
    for case in order.cases:
        if _is_wanted(case, wanted):
            yield {
                "order": order.number,
                "marketplace": order.marketplace,
                **_case(case, zone),
            }


def _is_wanted(case: Case, wanted: Wanted) -> bool:
    if wanted.since and case.opened_at < wanted.since:
        return False
    now = OPEN if case.closed_at is None else CLOSED
    if wanted.statuses:
        return not {now, case.state}.isdisjoint(wanted.statuses)
    return wanted.over_too or now == OPEN


def listed_watches(ledger: Ledger, zone: tzinfo, wanted: Wanted, *, mine: bool = False) -> RowPage:
    """Deadlines and silences, the next due first; `mine`: only what the user must do. Raises
    ListingError.
    """
    asked = WatchFilter(
        states=wanted.statuses or (() if wanted.over_too else (WatchState.OPEN,)),
        mine=mine,
        since=wanted.since,
        shop=wanted.shop,
        text=wanted.search,
    )
    if wanted.after:
        at, [key, name] = place(wanted.after, 2)
        asked = replace(asked, after=(at, key, name))
    rows = ledger.orders.awaited(asked, limit=wanted.limit + 1)
    page = [watch_row(row, zone) for row in rows[: wanted.limit]]
    if len(rows) <= wanted.limit:
        return RowPage(rows=page, next="")
    last = rows[wanted.limit - 1]
    return RowPage(rows=page, next=f"{last.due_at.isoformat()}~{last.order_key}~{last.id}")


def disputed_orders(
    ledger: Ledger, folded: FoldedOrders, zone: tzinfo, *, limit: int = 60
) -> list[Row]:
    """Open cases of the orders that something is awaited of, the next to answer first, each with
    its parcels and its deadline.
    """
    views = [folded.of(ledger, row) for row in ledger.orders.disputed(limit=limit)]
    rows = [
        {
            "order": shown.order.number,
            "key": shown.order.key,
            "marketplace": shown.order.marketplace,
            "title": shown.order.title,
            "store": shown.order.store,
            "shipments": [_shipment(one, zone) for one in shown.order.shipments],
            "due": _due_of(shown, case, zone),
            "evidence": [_step(event, zone) for event in case.proof],
            **_case(case, zone),
        }
        for shown in views
        for case in shown.order.cases
        if case.closed_at is None
    ]
    return sorted(rows, key=lambda row: (row["due"] is None, (row["due"] or {}).get("due_at", "")))


def _due_of(shown: View, case: Case, zone: tzinfo) -> Row | None:
    own = [one for one in shown.watches if one.case == case.id and one.state is WatchState.OPEN]
    return _watch(own[0], zone) if own else None


def whole_order(shown: View, ledger: Ledger, teller: Teller) -> Row:
    """One order: its state, each step with the mail behind it, what is due, its alerts, past ones
    too.
    """
    order, zone = shown.order, teller.zone
    return {
        "number": order.number,
        "marketplace": order.marketplace,
        "role": order.role.value,
        "status": order.status.value,
        "title": order.title,
        "store": order.store,
        "store_record": _record(ledger, order.key, teller),
        "stake": _stake(shown, teller),
        "total": _text(order.total),
        "refunded": _text(order.refunded),
        "problem": order.problem,
        "ordered_at": iso(order.ordered_at, zone),
        "items": [{"title": item.title, "quantity": item.quantity} for item in order.items],
        "shipments": [_shipment(shipment, zone) for shipment in order.shipments],
        "cases": [_case(case, zone) for case in order.cases],
        "timeline": [_step(event, zone) for event in order.events],
        "findings": [_finding(finding, zone) for finding in shown.findings],
        "watches": [_watch(watch, zone) for watch in shown.watches],
        "alerts": [
            alert_row(row, teller) | {"resolved_at": iso(row.alert.resolved_at, zone)}
            for row in ledger.alerts.of_order(order.key)
        ],
    }


def _record(ledger: Ledger, key: str, teller: Teller) -> str | None:
    """The line an alert about this order has of its store; None where that would say nothing."""
    record = record_of(ledger, key, teller.policy, teller.zone, teller.now)
    return (record and record_line(record, teller.language)) or None


def _stake(shown: View, teller: Teller) -> Row | None:
    worst = worst_stake(stakes(shown, teller.now), teller.now)
    if worst is None:
        return None
    return {"amount": _text(worst.amount), "due_at": iso(worst.due_at, teller.zone)}


def _order(row: OrderRow, due: WatchRow | None, zone: tzinfo) -> Row:
    return {
        "number": row.number,
        "marketplace": row.marketplace,
        "role": row.role,
        "status": row.status,
        "title": row.title,
        "store": row.store,
        "total": row.total,
        "problem": row.problem,
        "ordered_at": iso(row.ordered_at, zone),
        "last_at": iso(row.last_at, zone),
        "next": due.kind if due else None,
        "next_due": iso(due.due_at, zone) if due else None,
    }


def watch_row(row: WatchRow, zone: tzinfo) -> Row:
    """One deadline or silence."""
    marketplace, role, number = row.order_key.split(":", 2)
    return {
        "order": number,
        "marketplace": marketplace,
        "role": role,
        "key": row.key,
        "kind": row.kind,
        "actor": row.actor,
        "due_at": iso(row.due_at, zone),
        "state": row.state,
        "stated": row.stated,
        "why": row.why,
    }


def _shipment(shipment: Shipment, zone: tzinfo) -> Row:
    return {
        "id": shipment.id,
        "status": shipment.status.value,
        "tracking": list(shipment.tracking),
        "provider": shipment.provider,
        "expected_until": iso(shipment.expected_until, zone),
        "delivered_at": iso(shipment.delivered_at, zone),
    }


def _case(case: Case, zone: tzinfo) -> Row:
    return {
        "kind": case.kind.value,
        "state": case.state,
        "ref": case.ref,
        "opened_at": iso(case.opened_at, zone),
        "closed_at": iso(case.closed_at, zone),
        "judgement": case.judgement,
        "outcome": case.outcome,
        "waiting_for": None if case.waiting_for is None else case.waiting_for.value,
        "respond_by": iso(case.respond_by, zone),
        "amount_claimed": _text(case.amount_claimed),
        "amount_awarded": _text(case.amount_awarded),
        "amount_paid": _text(case.amount_paid),
    }


def _step(event: Event, zone: tzinfo) -> Row:
    return {
        "at": iso(event.at, zone),
        "kind": event.kind.value,
        "source": event.source.value,
        "mail": event.mail,
        "subject": event.subject,
        "sender": event.sender,
        "trust": event.trust.value,
        "tracking": list(event.tracking),
        "fields": fields_to_json(event.fields),
    }


def _finding(finding: Finding, zone: tzinfo) -> Row:
    return {
        "kind": finding.kind,
        "code": finding.code,
        "at": iso(finding.at, zone),
        "amount": _text(finding.amount),
        "rests_on": [
            {"at": iso(event.at, zone), "kind": event.kind.value, "mail": event.mail}
            for event in finding.rests_on
        ],
    }


def _watch(watch: Watch, zone: tzinfo) -> Row:
    return {
        "key": watch.key,
        "kind": watch.kind,
        "actor": watch.actor.value,
        "due_at": iso(watch.due_at, zone),
        "state": watch.state.value,
        "stated": watch.stated,
        "why": watch.why,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
