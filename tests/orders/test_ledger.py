"""The ledger in SQL is the same index as the list in memory."""

import dataclasses
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings

from daemon.store.store import Store
from orders.deadlines import policy
from orders.event import Event
from orders.facts.view import view
from orders.matching.match import affected_orders, now_matched
from orders.order import OrderStatus
from tests.orders.events import AZ, TOKYO, day, said, sold
from tests.orders.list_index import ListIndex
from tests.orders.test_properties import all_views, histories

POLICY = policy.load()


class EmptyAgainError(Exception):
    """Leaves the ledger empty for the next example."""


def test_views_from_the_ledger_are_views_from_the_list(tmp_path: Path) -> None:
    with Store.open(tmp_path / "ledger.sqlite") as store:

        @settings(max_examples=30, deadline=None)
        @given(events=histories())
        def the_same(events: list[Event]) -> None:
            events = [dataclasses.replace(event, mail=None) for event in events]
            memory = ListIndex()
            with suppress(EmptyAgainError), store.write() as ledger:
                for event in events:
                    memory.add(event)
                    ledger.append(event)
                    ledger.mark_matched(now_matched(event, ledger))
                    assert affected_orders(event, ledger) == affected_orders(event, memory)
                found = {key: view(key, ledger, POLICY, TOKYO) for key in memory.keys}
                assert found == all_views(events)
                raise EmptyAgainError

        the_same()


def test_matters_of_the_account_are_no_orders_but_are_judged(tmp_path: Path) -> None:
    events = [
        sold("account.warning", 1, None, marketplace="amazon", metric="late"),
        said("order.placed", 0, AZ, mail=None),
    ]
    index = ListIndex(events)
    with Store.open(tmp_path / "ledger.sqlite") as store, store.write() as ledger:
        for key in index.keys:
            ledger.orders.put(view(key, index, POLICY, TOKYO))
        listed = [row.number for row in ledger.orders.listed()]
        counted, running, keys = (
            ledger.orders.count(),
            ledger.orders.running("amazon"),
            ledger.orders.running_keys(),
        )

    assert (listed, counted, running) == ([AZ], 1, 1)
    assert keys == ("amazon:buyer:" + AZ, "amazon:seller:@account")
    assert view("amazon:buyer:" + AZ, index, POLICY, TOKYO).order.status == OrderStatus.PROCESSING
    assert day(0) == events[1].at
