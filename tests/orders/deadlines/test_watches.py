"""Every deadline and silence: when it is due, what ends it, and which of several dates counts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from orders.belief import is_unverified
from orders.deadlines import policy
from orders.facts.describe import describe
from orders.order import Actor, WatchState
from parsers.notice import Item, Kind, Role
from tests.orders.events import (
    AE,
    AE2,
    AZ,
    TOKYO,
    assigned,
    case,
    day,
    lines,
    money,
    said,
    seen,
    sold,
    watch,
)

TWO = lines("Blue kettle", "Red lamp")
PLACED = said("order.placed", 0, items=TWO, total=money("40.00 USD"))
SHIPPED = said("shipment.shipped", 2, tracking="A1")
DELIVERED = said("shipment.delivered", 9, tracking="A1")
AZ_PLACED = said("order.placed", 0, AZ, items=TWO, expected_until=day(10))
AZ_SHIPPED = said("shipment.shipped", 2, AZ, tracking="TBA000000000001", expected_until=day(10))
AZ_HERE = said("shipment.delivered", 9, AZ, tracking="TBA000000000001")
OPENED = said("dispute.opened", 12)
SOLD = sold("order.placed", 0, ship_by=day(3))
SENT = sold("shipment.shipped", 2, tracking="TBA000000000001")


def bd(year: int, month: int, number: int) -> datetime:
    """The end of that day in Tokyo."""
    return datetime(year, month, number, 23, 59, 59, tzinfo=TOKYO).astimezone(UTC)


# key or id, events that open it, when it is due, what meets it (or voids it: second list)
DUE = [
    (
        "D-AE-01",
        [said("order.payment_due", 0)],
        day(20),
        ["order.payment_confirmed"],
        ["order.cancelled"],
    ),
    (
        "D-AE-01",
        [said("order.payment_due", 0, pay_by=day(3))],
        day(3),
        ["order.payment_confirmed"],
        [],
    ),
    (
        "D-AE-04",
        [PLACED, SHIPPED],
        day(12),
        ["dispute.opened"],
        ["order.cancelled", "order.completed"],
    ),
    (
        "D-AE-05",
        [PLACED, SHIPPED],
        day(62),
        ["dispute.opened"],
        ["shipment.delivered", "goods_checked"],
    ),
    (
        "D-AE-05",
        [PLACED, said("shipment.shipped", 2, expected_until=day(30))],
        day(30),
        ["dispute.opened"],
        [],
    ),
    (
        "D-AE-05",
        [said("order.placed", 0, protection_until=day(75)), SHIPPED],
        day(75),
        ["dispute.opened"],
        [],
    ),
    (
        "D-AE-06",
        [PLACED, DELIVERED],
        day(24),
        ["dispute.opened"],
        ["goods_checked", "refund.completed"],
    ),
    (
        "D-AE-06",
        [PLACED, said("order.awaiting_confirmation", 30, confirm_by=day(40))],
        day(55),
        ["dispute.opened"],
        [],
    ),
    (
        "D-AE-06",
        [PLACED, said("order.awaiting_confirmation", 30, confirm_by=day(40), delivered_at=day(29))],
        day(44),
        ["dispute.opened"],
        [],
    ),
    ("D-AE-06", [PLACED, said("order.completed", 30)], day(45), ["dispute.opened"], []),
    ("D-AE-06", [PLACED, SHIPPED], day(77), ["dispute.opened"], []),
    (
        "D-AE-07",
        [said("order.awaiting_confirmation", 30, confirm_by=day(40))],
        day(40),
        ["order.completed"],
        ["dispute.opened"],
    ),
    (
        "D-AE-10",
        [OPENED, said("dispute.proposal", 14, sender="seller")],
        day(19),
        ["dispute.closed"],
        ["dispute.escalated"],
    ),
    (
        "D-AE-10",
        [OPENED, said("dispute.proposal", 14, sender="seller", respond_by=day(16))],
        day(16),
        ["dispute.closed"],
        [],
    ),
    (
        "D-AE-10",
        [OPENED, said("dispute.judged", 20, judgement="valid")],
        day(25),
        ["dispute.closed"],
        [],
    ),
    (
        "D-AE-10b",
        [OPENED, said("dispute.evidence_requested", 14)],
        day(17),
        ["evidence"],
        ["dispute.judged"],
    ),
    (
        "D-AE-11",
        [said("return.authorised", 20)],
        day(30),
        ["return.received"],
        ["return.rejected", "refund.completed"],
    ),
    (
        "D-AE-11",
        [said("dispute.closed", 20, outcome="return_refund")],
        day(30),
        ["return.received"],
        [],
    ),
    (
        "D-AE-11",
        [said("return.authorised", 20, return_by=day(28))],
        day(28),
        ["return.received"],
        [],
    ),
    (
        "D-AE-13",
        [said("dispute.closed", 20, outcome="no_refund")],
        day(27),
        ["appeal.submitted"],
        ["appeal.decided"],
    ),
    (
        "D-AE-13",
        [said("dispute.judged", 20, judgement="invalid")],
        day(27),
        ["appeal.submitted"],
        [],
    ),
    (
        "D-AE-13",
        [said("dispute.closed", 20, outcome="no_refund", appeal_by=day(24))],
        day(24),
        ["appeal.submitted"],
        [],
    ),
    (
        "D-AE-16",
        [PLACED, said("dispute.closed", 20, outcome="no_refund")],
        day(180),
        [],
        ["refund.completed"],
    ),
    (
        "D-AE-08",
        [sold("dispute.opened", 12, AE)],
        day(17),
        [],
        ["dispute.judged", "dispute.closed"],
    ),
    ("D-AZ-02", [AZ_PLACED], day(13), ["claim.opened"], ["shipment.delivered", "order.cancelled"]),
    (
        "D-AZ-02/not_here",
        [AZ_PLACED, AZ_HERE, said("parcel_not_here", 10, AZ)],
        day(13),
        ["claim.opened"],
        ["goods_checked"],
    ),
    (
        "D-AZ-03",
        [said("contacted_seller", 11, AZ)],
        day(13),
        ["claim.opened"],
        ["refund.announced"],
    ),
    ("D-AZ-04", [AZ_PLACED], day(100), ["claim.opened"], ["shipment.delivered"]),
    ("D-AZ-05", [AZ_PLACED, AZ_HERE], day(39), ["return.requested"], ["goods_checked"]),
    (
        "D-AZ-06",
        [said("return.authorised", 20, AZ)],
        day(34),
        ["return.shipped"],
        ["refund.completed"],
    ),
    (
        "D-AZ-06",
        [said("return.authorised", 20, AZ, return_by=day(50))],
        day(50),
        ["return.shipped"],
        [],
    ),
    (
        "D-AZ-07",
        [said("shipment.available_for_pickup", 5, AZ)],
        day(12),
        ["shipment.delivered"],
        ["order.cancelled"],
    ),
    (
        "D-AZ-07",
        [said("shipment.available_for_pickup", 5, AZ, pickup_by=day(8))],
        day(8),
        ["shipment.delivered"],
        [],
    ),
    ("D-AS-01", [SOLD], day(3), ["shipment.shipped"], ["order.cancelled"]),
    ("D-AS-02", [SOLD], day(10), ["shipment.shipped"], ["order.cancelled"]),
    (
        "D-AS-03",
        [sold("cancel.requested", 1)],
        day(2),
        ["order.cancelled", "cancel.rejected"],
        ["shipment.shipped"],
    ),
    (
        "D-AS-03",
        [SOLD, sold("cancel.requested", 2.5)],
        day(3) - timedelta(hours=2),
        ["order.cancelled"],
        [],
    ),
    (
        "D-AS-04/soft",
        [sold("message.received", 1)],
        day(2),
        ["contacted_seller", "message.sent"],
        ["order.cancelled"],
    ),
    (
        "D-AS-04/hard",
        [sold("message.received", 1)],
        day(3),
        ["contacted_seller", "message.sent"],
        ["order.cancelled"],
    ),
    ("D-AS-04/hard", [sold("message.undelivered", 1)], day(3), ["message.sent"], []),
    (
        "D-AS-05/soft",
        [sold("return.requested", 1)],
        day(2),
        ["return.authorised", "return.rejected"],
        ["refund.completed"],
    ),
    (
        "D-AS-05/hard",
        [sold("return.requested", 1)],
        day(3),
        ["return.authorised"],
        ["refund.completed"],
    ),
    (
        "D-AS-06",
        [sold("return.received", 4)],
        bd(2026, 3, 10),
        ["refund.announced", "refund.completed"],
        [],
    ),
    ("D-AS-07", [sold("claim.info_requested", 4)], day(7), ["evidence"], ["claim.decided"]),
    ("D-AS-07", [sold("claim.opened", 4, what="answer")], day(7), ["evidence"], ["claim.decided"]),
    (
        "D-AS-07",
        [sold("claim.opened", 4, respond_by=day(6.5))],
        day(6.5),
        ["evidence"],
        ["claim.decided"],
    ),
    (
        "D-AS-07",
        [sold("claim.info_requested", 4, respond_by=day(5))],
        day(5),
        ["evidence"],
        ["claim.decided"],
    ),
    ("D-AS-08", [sold("claim.decided", 4, outcome="granted")], day(34), ["appeal.submitted"], []),
    ("D-AS-09", [sold("chargeback.opened", 4)], day(11), ["evidence"], ["chargeback.decided"]),
    ("W1", [PLACED], bd(2026, 3, 11), ["shipment.shipped"], ["order.cancelled"]),
    (
        "W1",
        [said("order.placed", 0, ship_by=day(4))],
        day(4),
        ["shipment.shipped"],
        ["order.cancelled"],
    ),
    (
        "W1",
        [PLACED, said("order.payment_confirmed", 1)],
        bd(2026, 3, 12),
        ["shipment.in_transit"],
        [],
    ),
    ("W1", [AZ_PLACED], day(8), ["shipment.shipped"], ["order.cancelled"]),
    ("W2", [PLACED, SHIPPED], day(12), [], ["order.completed"]),
    ("W2", [AZ_PLACED, AZ_SHIPPED], day(5), [], ["refund.completed"]),
    ("W3", [AZ_PLACED, AZ_SHIPPED], day(11), [], ["order.cancelled"]),
    (
        "W4",
        [PLACED, said("shipment.shipped", 2, tracking="A1", items=TWO[:1])],
        day(9),
        [],
        ["order.cancelled"],
    ),
    (
        "W5",
        [said("cancel.requested", 1)],
        day(4),
        ["order.cancelled", "cancel.rejected", "shipment.shipped"],
        [],
    ),
    (
        "W5",
        [said("cancel.requested", 1, AZ)],
        day(2),
        ["order.cancelled", "cancel.rejected", "shipment.shipped"],
        [],
    ),
    (
        "W6",
        [said("refund.announced", 0, AZ, language="ja")],
        bd(2026, 3, 16),
        ["refund.completed"],
        [],
    ),
    (
        "W6",
        [said("refund.announced", 0, AZ, amount=money("9 USD"))],
        bd(2026, 3, 16),
        ["refund.completed"],
        [],
    ),
    ("W6", [said("refund.announced", 0)], bd(2026, 3, 30), ["refund.completed"], []),
    (
        "W6",
        [said("refund.announced", 0, expected_until=date(2026, 3, 9))],
        bd(2026, 3, 9),
        ["refund.completed"],
        [],
    ),
    (
        "W6",
        [PLACED, said("order.cancelled", 0.1, reason="not_shipped_in_time")],
        bd(2026, 3, 30),
        ["refund.completed"],
        [],
    ),
    (
        "W6",
        [said("dispute.closed", 0, outcome="refund_full")],
        bd(2026, 3, 30),
        ["refund.completed"],
        [],
    ),
    ("W7/seller", [OPENED], day(17.5), ["dispute.proposal", "dispute.judged"], []),
    (
        "W7/platform",
        [OPENED],
        day(22),
        ["dispute.escalated", "dispute.judged", "dispute.closed"],
        [],
    ),
    ("W7/long", [OPENED], day(34), ["dispute.closed"], []),
    ("W8", [said("appeal.submitted", 30)], day(40), ["appeal.decided"], []),
    ("W9", [said("return.received", 30)], day(35), ["refund.announced", "refund.completed"], []),
    ("W9", [said("return.received", 30, AZ)], day(33), ["refund.announced"], []),
    (
        "W10",
        [said("return.shipped", 30, tracking="R1")],
        day(60),
        ["return.received"],
        ["refund.completed"],
    ),
    (
        "W11",
        [said("message.received", 10, intent="will_ship_by", due=day(17))],
        day(18),
        ["shipment.shipped"],
        [],
    ),
    (
        "W11",
        [said("promise", 10, due=day(17))],
        day(18),
        ["refund.announced", "order.cancelled"],
        [],
    ),
    ("W14", [SOLD, SENT], day(23), ["payout.sent"], ["order.cancelled"]),
    (
        "W16",
        [PLACED, DELIVERED],
        day(19),
        ["goods_checked", "dispute.opened"],
        ["refund.completed"],
    ),
    ("D-GEN-01", [said("coupon.late_delivery", 20, expires=day(50))], day(50), [], []),
    (
        "D-GIST",
        [said("mail.gist", 0, due=day(3), text="Please reply by Thursday.")],
        day(3),
        ["evidence", "contacted_seller"],
        ["order.cancelled"],
    ),
]
NAMES = [f"{row[0]}-{index}" for index, row in enumerate(DUE)]


def find(events, name):
    number, role = events[0].order_numbers[0], events[0].role
    found = seen(*events, number=number, role=role)
    own = [one for one in found.watches if name in (one.id, one.key)]
    own = [one for one in own if not is_unverified(one.id)] or own
    assert len(own) == 1, [one.id for one in found.watches]
    return own[0]


def dues(events, name):
    """Id of each watch of that key → its date, and whether it is inferred."""
    found = seen(*events, number=events[0].order_numbers[0], role=events[0].role)
    return {one.id: (one.due_at, one.inferred) for one in found.watches if one.key == name}


@pytest.mark.parametrize(("name", "events", "due"), [row[:3] for row in DUE], ids=NAMES)
def test_a_watch_is_due_when_the_table_says(name, events, due) -> None:
    found = find(events, name)

    assert (found.due_at, found.state) == (due, WatchState.OPEN)


def ends(column):
    return [
        pytest.param(name, events, kind, id=f"{name}-{index}-{kind}")
        for index, (name, events, _, *lists) in enumerate(DUE)
        for kind in lists[column]
    ]


def ending(kind, events):
    first = events[0]
    parcel = {"tracking": "A1"} if any(event.tracking == ("A1",) for event in events) else {}
    sender = {"sender": "seller"} if kind == "dispute.proposal" else {}
    return said(
        kind,
        60,
        first.order_numbers[0],
        role=first.role,
        **(parcel if kind.startswith("shipment") else {}),
        **sender,
    )


@pytest.mark.parametrize(("name", "events", "kind"), ends(0))
def test_a_watch_is_met_by_what_it_waits_for(name, events, kind) -> None:
    last = ending(kind, events)
    found = find([*events, last], name)

    assert (found.state, found.met_by) == (WatchState.MET, last)


@pytest.mark.parametrize(("name", "events", "kind"), ends(1))
def test_a_watch_is_void_when_it_no_longer_matters(name, events, kind) -> None:
    assert find([*events, ending(kind, events)], name).state == WatchState.VOID


@pytest.mark.parametrize(("name", "events", "kind"), ends(0))
def test_mail_without_a_verified_sender_ends_no_watch(name, events, kind) -> None:
    last = ending(kind, events)
    weak = said(
        kind,
        60,
        last.order_numbers[0],
        role=last.role,
        tracking=last.tracking,
        trust="unverified",
        **last.fields,
    )

    assert find([*events, weak], name).state == WatchState.OPEN


def test_every_row_of_the_policy_has_a_case_here() -> None:
    off = {row.name for row in policy.shipped().rows if not row.enabled}
    account = {"D-AS-11", "D-AS-12"}

    assert {row.name for row in policy.shipped().rows} - off - account <= {
        row[0] for row in DUE
    } | {"D-AZ-04/not_here"}


@pytest.mark.parametrize(
    ("event", "name", "due"),
    [
        (sold("account.warning", 1, None, marketplace="amazon", metric="late"), "D-AS-12", day(4)),
        (
            sold("account.restricted", 1, None, marketplace="amazon", respond_by=day(9)),
            "D-AS-12",
            day(9),
        ),
        (sold("fee.notice", 1, None, marketplace="amazon", sku="S1"), "D-AS-11", day(91)),
        (
            sold("fee.notice", 1, None, marketplace="amazon", sku="S1", effective_on=day(30)),
            "D-AS-11",
            day(120),
        ),
    ],
)
def test_matters_of_the_account_are_due_too(event, name, due) -> None:
    found = watch(seen(event, number="@account"), name)

    assert (found.due_at, found.state) == (due, WatchState.OPEN)


def test_only_a_return_with_tracking_meets_the_return_deadline() -> None:
    asked = said("dispute.closed", 20, outcome="return_refund")

    assert find([asked, said("return.shipped", 25)], "D-AE-11").state == WatchState.OPEN
    assert (
        find([asked, said("return.shipped", 25, tracking="R1")], "D-AE-11").state == WatchState.MET
    )


def test_movement_of_another_parcel_does_not_calm_this_one() -> None:
    other = said("shipment.shipped", 2, tracking="B2")
    found = seen(PLACED, SHIPPED, other, said("shipment.in_transit", 5, tracking="B2"))

    assert [(one.shipment, one.state) for one in found.watches if one.key == "W2"] == [
        ("A1", "open"),
        ("B2", "met"),
    ]


def test_of_several_dates_the_earliest_counts_and_says_which_others_lost() -> None:
    found = find([PLACED, SHIPPED, DELIVERED], "D-AE-06")

    assert found.due_at == day(24)
    assert "shipment.delivered" in found.why
    assert "2026-05-18 by D-AE-06: 15 days from shipment.shipped" in found.why


def test_a_stated_date_wins_even_when_it_is_later() -> None:
    closed = said("dispute.closed", 20, outcome="return_refund")
    found = find([closed, said("return.authorised", 21, return_by=day(40))], "D-AE-11")

    assert (found.due_at, found.stated) == (day(40), True)


def test_a_date_told_by_hand_is_a_stated_date() -> None:
    offered = said("dispute.proposal", 14, sender="seller", due=day(16), source="note")

    assert (
        find([OPENED, offered], "D-AE-10").due_at,
        find([OPENED, offered], "D-AE-10").stated,
    ) == (day(16), True)


def test_unverified_mail_may_bring_a_deadline_forward_but_never_put_it_off() -> None:
    sure = said("return.authorised", 20, return_by=day(30))
    later = said("return.authorised", 21, return_by=day(90), trust="unverified")
    earlier = said("return.authorised", 21, return_by=day(25), trust="unverified")

    assert dues([sure, later], "D-AE-11") == {"D-AE-11": (day(30), False)}
    assert dues([sure, earlier], "D-AE-11") == {
        "D-AE-11": (day(30), False),
        "D-AE-11/unverified": (day(25), True),
    }


FAR = {"trust": "unverified", "expected_until": day(700), "protection_until": day(700)}
ASKED = said("cancel.requested", 1)
SILENCERS = [
    ("W1", [PLACED], said("order.payment_failed", 1, trust="unverified")),
    ("W1", [PLACED], said("order.payment_due", 1, trust="forwarded")),
    ("D-AE-05", [PLACED, SHIPPED], said("shipment.estimate_changed", 3, **FAR)),
    ("D-AE-06", [PLACED, SHIPPED], said("order.placed", 3, **FAR)),
    ("W5", [PLACED, ASKED], said("shipment.shipped", 0.5, trust="unverified")),
    ("W6", [PLACED, said("order.cancelled", 5)], said("order.cancelled", 4, charged=False, trust="unverified")),
    ("W6", [PLACED, said("order.cancelled", 5)], said("order.payment_due", 4, trust="unverified")),
    ("W6", [PLACED, said("refund.announced", 5)], said("refund.announced", 6, expected_by=day(500), trust="unverified")),
    ("W11", [PLACED, said("message.received", 3, intent="will_ship_by", due=day(9))], said("message.received", 4, intent="will_ship_by", due=day(900), trust="unverified")),
    ("D-AS-01", [sold("order.placed", 0, ship_by=day(3))], sold("order.placed", 1, ship_by=day(300), trust="unverified")),
    ("D-AS-02", [sold("order.placed", 0, ship_by=day(3))], sold("shipment.estimate_changed", 1, ship_by=day(300), trust="unverified")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "weak"), SILENCERS)
def test_what_is_not_believed_neither_ends_a_watch_nor_puts_it_off(name, events, weak) -> None:
    before, after = find(events, name), find([*events, weak], name)

    assert (after.id, after.due_at, after.state) == (before.id, before.due_at, before.state)


def test_a_date_without_a_time_is_the_end_of_that_day_where_the_user_lives() -> None:
    found = find([said("return.authorised", 20, return_by=date(2026, 3, 31))], "D-AE-11")

    assert found.due_at == datetime(2026, 3, 31, 14, 59, 59, tzinfo=UTC)


def test_a_second_proposal_opens_the_deadline_again() -> None:
    first = [
        OPENED,
        said("dispute.proposal", 14, sender="seller"),
        said("dispute.proposal", 15, sender="buyer"),
    ]

    assert find(first, "D-AE-10").state == WatchState.MET
    assert find([*first, said("dispute.proposal", 17, sender="seller")], "D-AE-10").due_at == day(
        22
    )


def test_a_new_promise_is_a_new_watch_and_they_are_counted() -> None:
    week = said("message.received", 10, intent="will_ship_by", due=day(17), text="in a week")
    weeks = said(
        "message.received", 18, intent="wait_request", due=day(39), text="two to three weeks"
    )
    found = [one for one in seen(PLACED, week, weeks).watches if one.key == "W11"]

    assert [(one.due_at, one.state) for one in found] == [(day(18), "open"), (day(40), "open")]


def test_an_unpaid_order_is_not_waited_for() -> None:
    assert watch(seen(said("order.payment_due", 0), said("order.placed", -1)), "W1") is None


def test_no_refund_is_awaited_where_nothing_was_charged() -> None:
    free = [AZ_PLACED, said("order.cancelled", 1, AZ, charged=False)]
    unpaid = [said("order.payment_due", 0), said("order.cancelled", 20, reason="unpaid")]
    charged = [AZ_PLACED, said("order.cancelled", 1, AZ, charged=True)]

    assert watch(seen(*free, number=AZ), "W6") is None
    assert watch(seen(*unpaid), "W6") is None
    assert watch(seen(*charged, number=AZ), "W6").state == WatchState.OPEN


def test_the_rest_of_an_order_is_met_when_it_ships() -> None:
    part = said("shipment.shipped", 2, tracking="A1", items=TWO[:1])
    rest = said("shipment.shipped", 6, tracking="B2", items=TWO[1:])

    assert find([PLACED, part, rest], "W4").met_by == rest
    assert watch(seen(PLACED, SHIPPED), "W4") is None


def test_a_silence_knows_the_last_sign_of_life() -> None:
    found = find([PLACED, SHIPPED], "W2")

    assert (found.actor, found.since) == (Actor.CARRIER, SHIPPED.at)


@pytest.mark.parametrize(
    ("end", "more"),
    [("appeal.decided", {"outcome": "rejected"}), ("return.rejected", {"reason": "return_missed"})],
)
def test_a_return_that_is_still_open_is_not_called_missed(end, more) -> None:
    closed = said("dispute.closed", 20, outcome="return_refund", return_by=day(30))
    early = find([PLACED, closed, said(end, 25, **more)], "D-AE-11")
    late = find([PLACED, closed, said(end, 31, **more)], "D-AE-11")

    assert (early.state, early.due_at) == (WatchState.OPEN, day(30))
    assert late.state is WatchState.VOID


def test_a_mail_that_states_the_day_of_delivery_ends_the_waiting() -> None:
    shipped = said("shipment.shipped", 2, tracking="A1", expected_until=day(20))
    told = said("order.awaiting_confirmation", 18, delivered_at=day(17))

    assert find([PLACED, shipped, told], "W3").state is not WatchState.OPEN
    assert find([PLACED, shipped, told], "D-AE-05").state is WatchState.VOID


def test_a_rejected_appeal_leaves_only_the_card() -> None:
    closed = said("dispute.closed", 20, outcome="return_refund")
    found = seen(PLACED, DELIVERED, closed, said("appeal.decided", 30, outcome="rejected"))

    assert [
        one.key for one in found.watches if one.state == WatchState.OPEN and one.actor is Actor.ME
    ] == ["D-AE-16"]


def test_a_masked_result_opens_and_never_closes() -> None:
    closed = said("dispute.closed", 20, outcome="return_refund")
    masked = said(
        "appeal.decided", 25, None, masked="注文******", outcome="rejected", reason="return_missed"
    )
    found = seen(PLACED, closed, masked)

    assert (watch(found, "D-AE-11").state, watch(found, "D-AE-13").state) == (
        WatchState.OPEN,
        WatchState.OPEN,
    )
    assert (watch(found, "D-AE-16").state, watch(found, "D-AE-16").inferred) == (
        WatchState.OPEN,
        True,
    )


def test_a_mail_of_two_candidates_opens_possible_deadlines_on_both_until_the_user_picks() -> None:
    opened = [said("dispute.opened", 12, number) for number in (AE, AE2)]
    judged = said("dispute.judged", 20, None, masked="注文******", judgement="invalid")
    before = [watch(seen(*opened, judged, number=number), "D-AE-13") for number in (AE, AE2)]
    answer = assigned(judged, AE)
    after = [watch(seen(*opened, judged, answer, number=number), "D-AE-13") for number in (AE, AE2)]

    assert [(one.due_at, one.state, one.inferred) for one in before] == [
        (day(27), "open", True)
    ] * 2
    assert [(one.state, one.inferred) for one in after] == [("open", False), ("void", True)]


@pytest.mark.parametrize(
    ("ordered", "country", "due"),
    [
        (0, "amazon.com", day(4 + 4)),
        (-60, "amazon.com", bd(2026, 3, 10)),
        (0, "amazon.co.jp", bd(2026, 3, 10)),
    ],
)
def test_old_orders_keep_the_policy_of_their_day(ordered, country, due) -> None:
    placed = sold("order.placed", ordered, address=f"seller-notification@{country}")

    assert find([placed, sold("return.received", 4)], "D-AS-06").due_at == due


@pytest.mark.parametrize(
    ("country", "hours"),
    [("amazon.com", 72), ("amazon.co.jp", 48), ("amazon.de", 72), ("amazon.it", 72)],
)
def test_claims_are_answered_by_the_clock_of_their_country(country, hours) -> None:
    asked = sold("claim.info_requested", 4, address=f"seller-notification@{country}")

    assert find([asked], "D-AS-07").due_at == asked.at + timedelta(hours=hours)


def test_a_claim_is_answered_from_the_day_on_which_it_is_asked_about() -> None:
    claim = sold("claim.opened", 4, amount=money("30.00 USD"))

    assert watch(seen(SOLD, claim, number=AZ), "D-AS-07") is None
    assert find([SOLD, claim, sold("claim.info_requested", 9)], "D-AS-07").due_at == day(12)


ASKED = sold("message.received", 1, text="Where is it?")


def sent(at, **more):
    return sold("message.sent", at, text="It is on its way.", thread=f"<{at}@x>", **more)


def undelivered(at, **more):
    return sold("message.undelivered", at, text="Not delivered.", thread=f"<{at}@x>", **more)


SENT_IT, BOUNCED = sent(1.5), undelivered(1.6)
ANSWERS = [
    ("answered", [SENT_IT], "met", None),
    ("answered by hand", [sold("contacted_seller", 1.5, source="note", mail=None)], "met", None),
    ("the answer did not arrive", [SENT_IT, BOUNCED], "open", day(3)),
    ("its copy is dated later", [sent(1.605), BOUNCED], "open", day(3)),
    (
        "told by hand, too, and it did not arrive",
        [SENT_IT, sold("contacted_seller", 1.55, source="note", mail=None), BOUNCED],
        "open",
        day(3),
    ),
    ("answered anew", [SENT_IT, BOUNCED, sent(2)], "met", None),
    ("and that did not arrive either", [SENT_IT, BOUNCED, sent(2),
     undelivered(2.1)], "open", day(3)),
    ("the first answer arrived, the second did not", [SENT_IT, sold("message.received", 2),
     sent(2.5), undelivered(2.6)], "open", day(4)),
    ("long after the time for it", [SENT_IT, undelivered(9)], "open", day(11)),
    ("an answer of before", [sent(0.5)], "open", day(3)),
    ("a copy that nobody vouches for", [sent(1.5, trust="unverified")], "open", day(3)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "state", "due"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_a_buyer_is_answered_when_the_answer_arrived(events, state, due) -> None:
    found = find([ASKED, *events], "D-AS-04/hard")

    assert found.state == state
    assert due is None or found.due_at == due


def test_a_watch_that_an_answer_did_not_end_says_since_when() -> None:
    facts = [
        one.facts.get("watch.undelivered_at")
        for events in ([ASKED, SENT_IT, BOUNCED], [ASKED])
        for one in describe(seen(*events, number=AZ), day(2))
        if one.facts.get("watch.kind") == "buyer_message"
    ]

    assert facts == [BOUNCED.at, BOUNCED.at, None, None]


def test_mail_that_nobody_vouches_for_takes_no_answer_back_but_rings_beside_it() -> None:
    bounced = undelivered(1.6, trust="unverified")
    states = {
        one.id: one.state
        for one in seen(ASKED, SENT_IT, bounced, number=AZ).watches
        if one.key == "D-AS-04"
    }

    assert states["D-AS-04/hard"] == WatchState.MET
    assert states["D-AS-04/hard/unverified"] == WatchState.OPEN


def test_an_imported_status_ends_silence_but_no_case() -> None:
    row = said("import.row", 40, status="completed", source="import")

    assert watch(seen(PLACED, row), "W1").state == WatchState.MET
    assert watch(seen(PLACED, OPENED, row), "W7/long").state == WatchState.OPEN
    assert watch(seen(said("cancel.requested", 1), row), "W5").state == WatchState.OPEN


def test_a_settlement_books_the_sale() -> None:
    booked = sold("import.row", 20, status="settled", source="import")

    assert find([SOLD, SENT, booked], "W14").state == WatchState.MET


def test_steps_that_are_off_can_be_switched_on() -> None:
    asked = said("cancel.requested", 1)

    assert watch(seen(asked), "W5/hour") is None
    assert watch(seen(asked, overrides={"W5/hour": {"enabled": True}}), "W5/hour").due_at == day(
        1
    ) + timedelta(hours=1)


def test_a_view_of_the_other_role_has_its_own_watches() -> None:
    both = [
        said("order.placed", 0, AZ, expected_until=day(10)),
        sold("order.placed", 0, AZ, ship_by=day(3)),
    ]

    assert "D-AS-01" not in {one.key for one in seen(*both, number=AZ, role=Role.BUYER).watches}
    assert {one.key for one in seen(*both, number=AZ, role=Role.SELLER).watches} == {
        "D-AS-01",
        "D-AS-02",
    }


def test_watches_say_the_case_they_are_about() -> None:
    opened = said("dispute.opened", 12, cases="9900000000000001")

    assert find([opened], "W7/seller").case == f"aliexpress:buyer:{AE}/dispute/9900000000000001"


def test_kinds_of_notes_can_meet_what_they_are_for() -> None:
    assert Kind.EVIDENCE in {
        Kind(text) for row in policy.shipped().rows for text in row.meets if "[" not in text
    }


def test_each_announced_refund_is_awaited_by_itself() -> None:
    ten = said("refund.announced", 0, amount=money("10 USD"))
    again = said("refund.announced", 4, amount=money("10 USD"))
    thirty = said("refund.announced", 1, amount=money("30 USD"))
    came = said("refund.completed", 5, amount=money("10 USD"))

    assert find([ten, again, came], "W6").state == WatchState.MET
    assert find([ten, thirty, came], "W6").state == WatchState.OPEN
    assert find([ten, thirty, came], "W6").opened_by == thirty
    assert (
        find([ten, thirty, came, said("refund.completed", 6, amount=money("25 USD"))], "W6").state
        == WatchState.MET
    )


def test_a_mail_from_anyone_is_a_sign_of_life_and_a_note_is_none() -> None:
    doubtful = said("order.awaiting_confirmation", 5, trust="unverified")
    closed = said("dispute.closed", 6, outcome="return_refund")
    appealed = said("appeal.submitted", 7, source="note")
    other = said("dispute.closed", 6, AE2, outcome="return_refund")
    perhaps = said("appeal.decided", 9, None, masked="注文******", outcome="rejected")

    assert find([PLACED, SHIPPED, doubtful], "W2").since == SHIPPED.at
    assert find([PLACED, SHIPPED, doubtful], "W2").seen == doubtful.at
    assert find([PLACED, closed, appealed], "W8").since == closed.at
    assert find([PLACED, closed, other, appealed, perhaps], "W8").since == perhaps.at
    assert find([appealed], "W8").since == appealed.at


def test_a_broken_promise_knows_the_day_that_was_promised() -> None:
    promise = said("promise", 3, source="note", due=date(2026, 3, 10))
    found = find([PLACED, promise], "W11")

    assert (found.expected_at, found.due_at) == (bd(2026, 3, 10), bd(2026, 3, 11))
    assert find([PLACED, SHIPPED], "W2").expected_at is None


def test_half_of_a_quantity_is_a_rest_that_must_ship() -> None:
    ordered = said(
        "order.placed", 0, items=(Item(title="Blue kettle", quantity=2, price=money("9.00 USD")),)
    )
    half = said(
        "shipment.shipped",
        2,
        tracking="A1",
        items=(Item(title="Blue kettle", price=money("9.00 USD")),),
    )
    other = said(
        "shipment.shipped",
        5,
        tracking="B2",
        items=(Item(title="Blue kettle", price=money("9.00 USD")),),
    )
    untold = said("shipment.shipped", 2, tracking="A1", items=lines("Blue kettle"))

    assert find([ordered, half], "W4").state == WatchState.OPEN
    assert find([ordered, half, other], "W4").met_by == other
    assert watch(seen(ordered, untold), "W4") is None


def test_what_has_left_awaits_no_answer_to_a_wish_to_cancel() -> None:
    late = said("cancel.requested", 4)
    part = said("shipment.shipped", 2, tracking="A1", items=TWO[:1])
    doubtful = said("shipment.shipped", 2, tracking="A1", trust="unverified")
    sold_late = seen(SOLD, SENT, sold("cancel.requested", 4), number=AZ, role=Role.SELLER)

    assert watch(seen(PLACED, SHIPPED, late), "W5") is None
    assert find([PLACED, part, late], "W5").state == WatchState.OPEN
    assert find([PLACED, doubtful, late], "W5").state == WatchState.OPEN
    assert watch(sold_late, "D-AS-03") is None
    assert (case(sold_late, "cancellation").state, case(sold_late, "cancellation").closed_at) == (
        "overtaken",
        day(4),
    )


def test_what_is_asked_anew_after_its_time_has_a_time_of_its_own() -> None:
    first = said("dispute.proposal", 14, sender="seller")
    second = said("dispute.proposal", 21, sender="seller", text="b")
    soon = said("dispute.proposal", 16, sender="seller", text="b")
    judged = said("dispute.judged", 20, judgement="invalid")
    closed = said("dispute.closed", 40, outcome="no_refund")
    other = said("shipment.delivered", 40, tracking="B2")

    assert find([OPENED, first, second], "D-AE-10").due_at == day(26)
    assert find([OPENED, first, soon], "D-AE-10").due_at == day(19)
    assert find([OPENED, judged, closed], "D-AE-13").due_at == day(47)
    assert find([PLACED, DELIVERED, said("order.completed", 40)], "D-AE-06").due_at == day(24)
    assert find([PLACED, DELIVERED, other], "D-AE-06").due_at == day(55)


def test_a_doubtful_answer_ends_nothing_and_is_told() -> None:
    doubtful = said("shipment.shipped", 2, trust="unverified")
    part = said("shipment.shipped", 2, tracking="A1", items=TWO[:1])
    rest = said("shipment.shipped", 6, tracking="B2", items=TWO[1:], trust="forwarded")
    closed = said("dispute.closed", 6, outcome="return_refund")
    masked = said("appeal.decided", 9, None, masked="注文******", outcome="rejected")
    waiting = find([PLACED, doubtful], "W1")

    assert (waiting.state, waiting.doubt) == (WatchState.OPEN, doubtful)
    assert find([PLACED, part, rest], "W4").doubt == rest
    assert (
        find([PLACED, closed, said("appeal.submitted", 7, source="note"), masked], "W8").hint
        == masked
    )
    assert find([PLACED], "W1").hint is None
    assert find([PLACED, SHIPPED], "W1").hint is None


def test_a_parcel_that_waits_to_be_fetched_is_no_case_for_a_claim() -> None:
    waits = said(
        "shipment.available_for_pickup", 9, AZ, tracking="TBA000000000001", pickup_by=day(15)
    )

    assert watch(seen(AZ_PLACED, AZ_SHIPPED, waits, number=AZ), "D-AZ-02").state == WatchState.VOID
