"""Orders, events and watches as flat rows: column names are a public interface, values are text,
numbers or yes/no.
"""

from collections.abc import Mapping
from datetime import date, datetime

from orders.event import Event
from orders.order import Order, Watch
from parsers.notice import Money, fields_to_json

Value = str | int | bool | None
Rows = Mapping[str, Value | list[object] | dict[str, object]]
"""One row. JSON Lines keeps lists and tables, CSV writes them as text."""


def order_row(order: Order) -> Rows:
    """One order; times ISO 8601 UTC, amounts as decimal text beside their ISO 4217 currency."""
    return {
        "marketplace": order.marketplace,
        "role": str(order.role),
        "order": order.number,
        "status": str(order.status),
        "problem": order.problem,
        "on_hold": order.on_hold,
        "stub": order.stub,
        "title": order.title,
        "store": order.store,
        **_money("total", order.total),
        **_money("refunded", order.refunded),
        "ordered_at": _time(order.ordered_at),
        "ship_by": _time(order.ship_by),
        "shipped_at": _time(order.shipped_at),
        "expected_from": _time(order.expected_from),
        "expected_until": _time(order.expected_until),
        "delivered_at": _time(order.delivered_at),
        "cancelled_at": _time(order.cancelled_at),
        "completed_at": _time(order.completed_at),
        "protection_until": _time(order.protection_until),
        "tracking": [number for shipment in order.shipments for number in shipment.tracking],
        "items": [
            {
                "title": item.title,
                "quantity": item.quantity,
                "ref": item.ref,
                **_money("price", item.price),
            }
            for item in order.items
        ],
        "cases": [
            {"kind": str(case.kind), "state": case.state, "ref": case.ref} for case in order.cases
        ],
    }


def event_row(event: Event) -> Rows:
    """One event, as it was told; which order it belongs to is the ledger's opinion and not a
    column.
    """
    return {
        "at": _time(event.at),
        "seen": _time(event.seen),
        "kind": str(event.kind),
        "marketplace": event.marketplace,
        "role": str(event.role),
        "source": str(event.source),
        "trust": str(event.trust),
        "proof": str(event.proof),
        "origin": event.origin,
        "orders": list(event.order_numbers),
        "tracking": list(event.tracking),
        "packages": list(event.packages),
        "cases": list(event.cases),
        "subject": event.subject,
        "sender": event.sender,
        "fields": fields_to_json(event.fields),
    }


def watch_row(order: Order, watch: Watch) -> Rows:
    """One deadline or silence of an order."""
    return {
        "marketplace": order.marketplace,
        "role": str(order.role),
        "order": order.number,
        "title": order.title,
        "key": watch.key,
        "kind": watch.kind,
        "actor": str(watch.actor),
        "state": str(watch.state),
        "due_at": _time(watch.due_at),
        "opened_at": _time(watch.opened_at),
        "stated": watch.stated,
        "inferred": watch.inferred,
        "why": watch.why,
    }


def _money(name: str, money: Money | None) -> dict[str, Value]:
    if money is None:
        return {name: None, f"{name}_currency": None}
    return {name: f"{money.value:f}", f"{name}_currency": money.currency}


def _time(value: date | datetime | None) -> str | None:
    return None if value is None else value.isoformat()
