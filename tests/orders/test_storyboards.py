"""The fifteen storyboards of the domain, from events to findings and watches."""

from datetime import UTC, datetime, timedelta

from orders.facts.describe import clusters, describe
from orders.facts.view import View
from orders.order import OrderStatus, WatchState
from parsers.notice import Role
from tests.orders.events import (
    AE,
    AE2,
    AZ,
    AZ2,
    TOKYO,
    assigned,
    case,
    codes,
    day,
    finding,
    lines,
    money,
    said,
    seen,
    sold,
    watch,
)

TWO = lines("Blue kettle", "Red lamp")
PLACED = said("order.placed", 0, items=TWO, total=money("500 USD"))
OPEN, MET, VOID = WatchState.OPEN, WatchState.MET, WatchState.VOID


def missed(found: View, now: datetime) -> set[str]:
    """Keys of the watches that are missed at `now`, as rules see them."""
    watches = [one.facts for one in describe(found, now) if one.about == "watch"]
    return {str(one["watch.key"]) for one in watches if one["watch.missed"]}


def test_1_shipped_although_the_buyer_cancelled() -> None:
    story = [
        said("order.placed", 0, AZ, items=TWO),
        said("cancel.requested", 1, AZ),
        said("shipment.shipped", 2, AZ, tracking="TBA000000000001"),
        said("shipment.delivered", 3, AZ, tracking="TBA000000000001"),
    ]
    waiting, shipped, here = (seen(*story[:count], number=AZ) for count in (2, 3, 4))

    assert (watch(waiting, "W5").due_at, codes(waiting)) == (day(2), [])
    assert (codes(shipped), watch(shipped, "W5").state) == (["C01"], MET)
    assert watch(here, "D-AZ-05").due_at == day(33)


def test_2_a_lost_request_is_an_outage_on_the_second_complaint() -> None:
    numbers = [AZ, AZ2, "249-0000000-0000003"]
    shipped = {
        number: [sold("order.placed", 0, number), sold("shipment.shipped", 1, number)]
        for number in numbers
    }
    complaints = {
        number: sold("message.received", at, number, intent="cancel_complaint")
        for number, at in ((AZ, 2), (AZ2, 5))
    }
    views = {
        number: seen(
            *events, *([complaints[number]] if number in complaints else []), number=number
        )
        for number, events in shipped.items()
    }
    found = [(view.order.key, one) for view in views.values() for one in view.findings]

    assert clusters(found[:1], day(3)) == ()
    outage = clusters(found, day(6))
    assert [(one.about, one.orders, one.facts["account.outage"]) for one in outage] == [
        ("account", (AZ, AZ2), True)
    ]
    assert clusters(found, day(10)) == ()


def test_3_a_seller_is_stopped_before_the_parcel_leaves() -> None:
    noon, ship_by = 1.5, day(1.9)
    found = seen(
        sold("order.placed", 0, ship_by=ship_by), sold("cancel.requested", noon), number=AZ
    )

    assert codes(found) == ["C22"]
    assert watch(found, "D-AS-03").due_at == ship_by - timedelta(hours=2)


def test_4_nothing_shipped_and_nobody_said_so() -> None:
    silent = seen(PLACED)
    due = datetime(2026, 3, 11, 23, 59, 59, tzinfo=TOKYO)
    closed = said("order.cancelled", 12, by="platform", reason="not_shipped_in_time")

    assert "W1" not in missed(silent, due)
    assert "W1" in missed(silent, due + timedelta(seconds=1))
    assert watch(seen(PLACED, closed), "W1").state == VOID
    assert watch(seen(PLACED, closed), "W6").due_at > day(12 + 20)
    assert watch(seen(PLACED, closed), "W6").state == OPEN


def test_5_one_of_two_shipped_and_two_promises() -> None:
    found = seen(
        PLACED,
        said("shipment.shipped", 2, tracking="A1", items=TWO[:1]),
        said("message.received", 10, intent="will_ship_by", due=day(17), text="one week"),
        said("message.received", 18, intent="will_ship_by", due=day(39), text="two to three weeks"),
    )
    promises = [
        one for one in describe(found, day(41)) if one.facts.get("watch.kind") == "promise_broken"
    ]

    assert found.order.status == OrderStatus.PARTIALLY_IN_TRANSIT
    assert watch(found, "W4").due_at == day(9)
    assert [(one.facts["watch.number"], one.facts["watch.missed"]) for one in promises] == [
        (1, True),
        (2, True),
    ]
    assert watch(found, "D-AE-06").due_at == day(77)


def test_6_offered_5_of_500_then_valid_then_20_short() -> None:
    opened = said("dispute.opened", 12, amount=money("500 USD"))
    offer = said("dispute.proposal", 14, sender="seller", solution="refund", amount=money("5 USD"))
    refused = said(
        "dispute.proposal", 15, sender="buyer", solution="refund", amount=money("500 USD")
    )
    judged = said("dispute.judged", 22, judgement="valid", amount=money("500 USD"))
    closed = said("dispute.closed", 24, outcome="refund_full", amount=money("500 USD"))
    refund = said("refund.completed", 30, amount=money("480 USD"))

    assert case(seen(PLACED, opened, offer), "dispute").amount_awarded == money("5 USD")
    assert watch(seen(PLACED, opened, offer, refused), "D-AE-10").state == MET
    assert watch(seen(PLACED, opened, offer, refused), "W7/platform").due_at == day(22)
    assert watch(seen(PLACED, opened, offer, refused, judged), "D-AE-10").state == OPEN
    done = seen(PLACED, opened, offer, refused, judged, closed, refund)
    assert (codes(done), finding(done, "C08").amount) == (["C08"], money("20 USD"))


CLOSED = said("dispute.closed", 20, outcome="return_refund")
MISSED = said(
    "appeal.decided", 40, None, masked="注文******", outcome="rejected", reason="return_missed"
)


def test_7_the_return_was_missed_and_the_masked_result_closes_nothing() -> None:
    found = seen(PLACED, CLOSED, MISSED)
    matched = next(one for one in found.matches if one.event == MISSED)
    states = {
        one.facts.get("return.state") for one in describe(found, day(31)) if one.about == "return"
    }

    assert (matched.level, matched.confidence, matched.keys) == (
        "L6",
        0.7,
        (found.order.key,),
    )
    assert watch(found, "D-AE-11").due_at == day(30)
    assert missed(found, day(31)) >= {"D-AE-11", "D-AE-13"}
    assert (case(found, "appeal").closed_at, case(found, "appeal").outcome) == (None, "rejected")
    assert states == {"expired"}


def test_8_the_return_was_in_time_and_they_say_it_was_not() -> None:
    found = seen(PLACED, CLOSED, said("return.shipped", 26, tracking="R1"), MISSED)

    assert (codes(found), finding(found, "C14").inferred) == (["C14"], True)
    assert watch(found, "D-AE-11").state == MET


def test_9_two_candidates_until_the_user_picks() -> None:
    closed = [CLOSED, said("dispute.closed", 20, AE2, outcome="return_refund")]
    before = {number: seen(*closed, MISSED, number=number) for number in (AE, AE2)}
    after = {
        number: seen(*closed, MISSED, assigned(MISSED, AE), number=number) for number in (AE, AE2)
    }

    assert [watch(found, "D-AE-16") for found in before.values()] == [None, None]
    assert {
        one.candidates for found in before.values() for one in found.matches if one.event == MISSED
    } == {(f"aliexpress:buyer:{AE}", f"aliexpress:buyer:{AE2}")}
    assert case(after[AE], "appeal").state == "rejected"
    assert case(after[AE2], "appeal") is None


def test_10_delivered_arrives_before_shipped() -> None:
    shipped = said("shipment.shipped", 2, tracking="A1")
    here = said("shipment.delivered", 9, tracking="A1")

    assert seen(PLACED, here, shipped) == seen(PLACED, shipped, here)
    assert seen(PLACED, here, shipped).order.status == OrderStatus.DELIVERED
    assert codes(seen(PLACED, here)) == []


def test_11_two_orders_in_several_languages() -> None:
    mails = [
        said("shipment.shipped", 2, AE, packages="PK1", language="es"),
        said("shipment.in_transit", 5, AE, packages="PK1", language="ja", stage="departed_origin"),
        said("shipment.in_transit", 5, AE2, packages="PK2", language="ja", stage="departed_origin"),
        said("shipment.in_transit", 8, None, packages="PK1", language="en", stage="at_customs"),
    ]

    assert [(one.id, one.stage) for one in seen(*mails).order.shipments] == [("PK1", "at_customs")]
    assert [(one.id, one.stage) for one in seen(*mails, number=AE2).order.shipments] == [
        ("PK2", "departed_origin")
    ]


def test_12_a_forged_refund_changes_nothing() -> None:
    announced = said("refund.announced", 20, amount=money("500 USD"))
    forged = said("refund.completed", 21, amount=money("500 USD"), trust="forged")

    assert seen(PLACED, announced, forged) == seen(PLACED, announced)


def test_13_mail_nobody_understands_stops_no_watch() -> None:
    unread = said("unparsed", 3, None)

    assert seen(PLACED, unread) == seen(PLACED)


def test_14_after_ten_days_off_the_same_watches_are_missed() -> None:
    found = seen(PLACED, CLOSED)

    assert missed(found, day(29)) < missed(found, day(45))
    assert describe(found, day(45)) == describe(found, day(45))


def test_15_orders_before_and_after_a_change_of_policy() -> None:
    us = "seller-notification@amazon.com"
    old = seen(
        sold("order.placed", -40, address=us),
        sold("return.received", 4),
        number=AZ,
        role=Role.SELLER,
    )
    new = seen(
        sold("order.placed", 0, address=us), sold("return.received", 4), number=AZ, role=Role.SELLER
    )

    assert watch(old, "D-AS-06").due_at == datetime(2026, 3, 10, 14, 59, 59, tzinfo=UTC)
    assert watch(new, "D-AS-06").due_at == day(8)
