"""What the ledger knows of a store, with the orders behind each figure."""

import pytest

from orders.facts.stores import store_record
from rules.records import record_line
from tests.orders.events import AE, AE2, AE3, AZ, day, money, said, seen


def record(*views, now=90):
    return store_record("Good Cables", views, day(now))


PLACED = [
    said("order.placed", 0, number, store="Good Cables", total=money("5.00 USD"), ship_by=day(3))
    for number in (AE, AE2, AE3)
]
IN_TIME = said("shipment.shipped", 2, AE)
APOLOGY = "Sorry, we ship tomorrow!"


@pytest.mark.parametrize(
    ("mark", "events", "now"),
    [
        ("late", [said("shipment.shipped", 5)], 6),
        ("late", [], 90),
        ("same_apology", [said("message.received", 4, text=APOLOGY), said("message.received", 9, text=APOLOGY)], 10),
        ("refused", [said("cancel.requested", 1), said("cancel.rejected", 2)], 3),
        ("cancelled_by_seller", [said("order.cancelled", 2, by="seller")], 3),
        ("disputes", [IN_TIME, said("dispute.opened", 12)], 13),
        ("valid", [IN_TIME, said("dispute.opened", 12), said("dispute.judged", 20, judgement="valid")], 21),
        ("invalid", [IN_TIME, said("dispute.opened", 12), said("dispute.judged", 20, judgement="invalid")], 21),
        ("won", [IN_TIME, said("dispute.opened", 12), said("dispute.closed", 20, outcome="refund_full")], 21),
        ("broken_promise", [said("promise", 3, source="note", due=day(8))], 60),
    ],
)  # fmt: skip
def test_an_order_that_went_so_stands_behind_the_figure(mark, events, now):
    assert record(seen(PLACED[0], *events), now=now).of(mark) == (AE,)


def test_an_order_that_went_well_stands_behind_no_figure():
    well = seen(PLACED[0], IN_TIME, said("shipment.delivered", 9), said("goods_checked", 10))

    assert record(well, now=11).marks == {}


def test_the_line_counts_orders_and_names_no_stranger():
    disputed = [said("dispute.opened", 12, AE2), said("dispute.judged", 20, AE2, judgement="valid")]
    views = [
        seen(PLACED[0], IN_TIME, said("shipment.delivered", 6)),
        seen(PLACED[1], said("shipment.shipped", 8, AE2), *disputed, number=AE2),
    ]
    found = record(*views, now=21)

    assert found.orders == (AE, AE2)
    assert (
        record_line(found, "en")
        == "This store: 2 orders, ships in 8 days, 1 late, 1 disputed, 1 judged Valid."
    )
    assert (
        record_line(found, "ja")
        == "この店の記録：注文2件、発送まで8日、遅延1件、紛争1件、Valid判定1件。"
    )


def test_one_order_is_no_record_to_tell():
    assert record_line(record(seen(PLACED[0])), "en") == ""
    assert AZ not in record(seen(PLACED[0])).orders
