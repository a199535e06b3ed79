"""Listings read what they show: each page is found by an index, whatever the ledger's size."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import event as engine_event

from daemon.store.filters import RUNNING, AlertFilter, RowFilter, WatchFilter
from daemon.store.store import Store

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PLACE = (NOW, "aliexpress:buyer:8100000000000001")
ORDERS = {
    "under way": (RowFilter(statuses=RUNNING), "ix_order_under_way"),
    "all": (RowFilter(), "ix_order_last_at"),
    "since": (RowFilter(since=NOW), "ix_order_last_at"),
    "with a problem": (RowFilter(problem=True), "ix_order_problem"),
    "of a shop": (RowFilter(statuses=RUNNING, shop="lamp"), "ix_order_under_way"),
    "searched": (RowFilter(text="lamp"), "ix_order_last_at"),
    "with open cases": (RowFilter(disputes=True), "ix_order_open_cases"),
    "with cases": (RowFilter(disputes=False), "ix_order_cases"),
}
WATCHES = {
    "open": (WatchFilter(), "ix_watch_due_at"),
    "mine": (WatchFilter(mine=True), "ix_watch_due_at"),
    "all": (WatchFilter(states=()), "ix_watch_all_due_at"),
    "since": (WatchFilter(since=NOW), "ix_watch_due_at"),
    "of a shop": (WatchFilter(shop="amazon"), "ix_watch_due_at"),
    "searched": (WatchFilter(text="lamp"), "ix_watch_due_at"),
}


@pytest.fixture(scope="module")
def ledger():
    with Store.memory() as store, store.read() as ledger:
        yield ledger


def plan(ledger, ask):
    """How SQLite goes about what `ask` asks it first."""
    asked = []

    def heard(connection, cursor, statement, parameters, context, many):
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    engine_event.listen(ledger.connection, "before_cursor_execute", heard)
    try:
        ask(ledger)
    finally:
        engine_event.remove(ledger.connection, "before_cursor_execute", heard)
    statement, parameters = asked[0]
    rows = ledger.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [row.detail for row in rows]


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("later", [False, True])
def test_a_page_of_orders_is_read_from_its_index(ledger, name, later):
    wanted, index = ORDERS[name]
    wanted = replace(wanted, after=PLACE) if later else wanted
    steps = plan(ledger, lambda one: one.orders.found(wanted, limit=50))

    assert f" order USING INDEX {index}" in steps[0]
    assert later is False or "last_at<?" in steps[0]
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps


@pytest.mark.parametrize("name", WATCHES)
@pytest.mark.parametrize("later", [False, True])
def test_a_page_of_watches_is_read_from_its_index(ledger, name, later):
    wanted, index = WATCHES[name]
    wanted = replace(wanted, after=(*PLACE, "W1")) if later else wanted
    steps = plan(ledger, lambda one: one.orders.awaited(wanted, limit=50))

    assert f" watch USING INDEX {index}" in steps[0]
    assert later is False or "due_at>?" in steps[0]
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (AlertFilter(), "ix_alert_live"),
        (AlertFilter(since=NOW), "ix_alert_since (since>?)"),
        (AlertFilter(text="lamp"), "ix_alert_live"),
    ],
)
def test_only_alerts_that_live_or_are_young_enough_are_looked_at(ledger, wanted, index):
    steps = plan(ledger, lambda one: one.alerts.worst_first(wanted))

    assert f" alert USING INDEX {index}" in steps[0]


def test_alerts_that_have_ended_are_read_from_the_newest_on(ledger):
    past = AlertFilter(ended=True)
    steps = plan(ledger, lambda one: one.alerts._past(past, None, 50))

    assert steps == ["SCAN alert USING INDEX ix_alert_since"]
