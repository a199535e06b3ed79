"""The record of the store an order is from, folded from the ledger when somebody looks at it."""

from datetime import datetime, tzinfo

from daemon.store.ledger import Ledger
from daemon.store.orders import OrderRow
from orders.deadlines.policy import Policy
from orders.facts.stores import StoreRecord, store_record
from orders.facts.view import view

MOST = 50
"""Orders of one store that are looked at, the newest; more make an alert wait."""


def record_of(
    ledger: Ledger, key: str | None, policy: Policy, zone: tzinfo, now: datetime
) -> StoreRecord | None:
    """Of the store of the order with that key; None where nobody knows the store."""
    rows = ledger.orders.find(key) if key else ()
    if not rows or not rows[0].store or rows[0].role != "buyer":
        return None
    return record_for(ledger, rows[0], policy, zone, now)


def record_for(
    ledger: Ledger, row: OrderRow, policy: Policy, zone: tzinfo, now: datetime
) -> StoreRecord:
    """Of the store of that order."""
    found = ledger.orders.of_store(row.marketplace, str(row.store), limit=MOST)
    views = [view(one.key, ledger, policy, zone) for one in found]
    return store_record(str(row.store), views, now)
