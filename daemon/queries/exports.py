"""The ledger as files for others: tables, and open deadlines as a calendar."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Literal

from daemon.files import exports
from daemon.files.exports.rows import Rows
from daemon.queries.folded import FoldedOrders
from daemon.store.ledger import Ledger
from orders.deadlines.policy import Policy
from orders.facts.view import View, view
from orders.order import Actor

Table = Literal["orders", "events", "watches"]
EVERY = 1_000_000


def every_view(ledger: Ledger, policy: Policy, zone: tzinfo) -> list[View]:
    """All orders, folded, the latest news first."""
    return [view(row.key, ledger, policy, zone) for row in ledger.orders.listed(limit=EVERY)]


def table(views: Sequence[View], what: Table, form: Literal["csv", "jsonl"]) -> bytes:
    """One row an order, event or watch."""
    write = exports.csv_lines if form == "csv" else exports.json_lines
    return "".join(write(_rows(views, what))).encode()


def calendar(views: Sequence[View], language: str, now: datetime, *, tasks: bool = False) -> bytes:
    """The open deadlines; `tasks`: as to-dos instead of events."""
    pairs = [(shown.order, watch) for shown in views for watch in shown.watches]
    return exports.calendar(pairs, language=language, now=now, tasks=tasks)


def open_calendar(
    ledger: Ledger, folded: FoldedOrders, language: str, now: datetime, *, limit: int = 200
) -> bytes:
    """The deadlines that are open, the next due first, as a phone subscribes to them."""
    rows = ledger.orders.watches(limit=limit * 5)
    keys = dict.fromkeys(row.order_key for row in rows if row.actor == Actor.ME)
    views = folded.by_key(ledger, list(keys)[:limit])
    return calendar(list(views.values()), language, now)


def _rows(views: Sequence[View], what: Table) -> Iterator[Rows]:
    for shown in views:
        match what:
            case "orders":
                yield exports.order_row(shown.order)
            case "events":
                yield from map(exports.event_row, shown.order.events)
            case "watches":
                yield from (exports.watch_row(shown.order, watch) for watch in shown.watches)
