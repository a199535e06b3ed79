"""Every arrow of the state machines: events in, state out."""

import pytest

from orders.order import OrderStatus, ShipmentStatus
from tests.orders.events import AE, AZ, case, day, lines, money, said, seen, sold

TWO = lines("Blue kettle", "Red lamp")
PLACED = said("order.placed", 0, items=TWO, total=money("40.00 USD"))
LATER = said("order.payment_due", -1)

ORDER = [
    ("asked to pay", [LATER], OrderStatus.PAYMENT_DUE),
    ("paid", [LATER, said("order.payment_confirmed", 0)], OrderStatus.PROCESSING),
    ("confirmed after payment", [LATER, PLACED], OrderStatus.PROCESSING),
    ("payment failed", [PLACED, said("order.payment_failed", 1)], OrderStatus.PAYMENT_DUE),
    (
        "never paid",
        [LATER, said("order.cancelled", 20, by="platform", reason="unpaid")],
        OrderStatus.CANCELLED,
    ),
    ("placed", [PLACED], OrderStatus.PROCESSING),
    (
        "all shipped",
        [PLACED, said("shipment.shipped", 2, tracking="A1", items=TWO)],
        OrderStatus.IN_TRANSIT,
    ),
    (
        "shipped, contents untold",
        [PLACED, said("shipment.shipped", 2, tracking="A1")],
        OrderStatus.IN_TRANSIT,
    ),
    (
        "some shipped",
        [PLACED, said("shipment.shipped", 2, tracking="A1", items=TWO[:1])],
        OrderStatus.PARTIALLY_IN_TRANSIT,
    ),
    (
        "the rest shipped",
        [
            PLACED,
            said("shipment.shipped", 2, tracking="A1", items=TWO[:1]),
            said("shipment.shipped", 5, tracking="B2", items=TWO[1:]),
        ],
        OrderStatus.IN_TRANSIT,
    ),
    (
        "cancelled before shipping",
        [PLACED, said("order.cancelled", 1, by="seller")],
        OrderStatus.CANCELLED,
    ),
    (
        "one line cancelled",
        [PLACED, said("order.cancelled", 1, items=TWO[1:])],
        OrderStatus.PROCESSING,
    ),
    (
        "waits for pickup",
        [PLACED, said("shipment.available_for_pickup", 9, tracking="A1")],
        OrderStatus.PICKUP_AVAILABLE,
    ),
    (
        "all delivered",
        [
            PLACED,
            said("shipment.shipped", 2, tracking="A1"),
            said("shipment.delivered", 9, tracking="A1"),
        ],
        OrderStatus.DELIVERED,
    ),
    (
        "one of two parcels delivered",
        [
            PLACED,
            said("shipment.shipped", 2, tracking="A1", items=TWO[:1]),
            said("shipment.shipped", 3, tracking="B2", items=TWO[1:]),
            said("shipment.delivered", 9, tracking="A1"),
        ],
        OrderStatus.IN_TRANSIT,
    ),
    (
        "completed after delivery",
        [PLACED, said("shipment.delivered", 9, tracking="A1"), said("order.completed", 20)],
        OrderStatus.COMPLETED,
    ),
    (
        "completed without delivery",
        [PLACED, said("shipment.shipped", 2), said("order.completed", 20)],
        OrderStatus.COMPLETED,
    ),
    (
        "cancelled is final",
        [
            PLACED,
            said("order.cancelled", 1),
            said("shipment.shipped", 2),
            said("shipment.delivered", 9),
        ],
        OrderStatus.CANCELLED,
    ),
    (
        "closed without a reason after delivery",
        [
            PLACED,
            said("shipment.delivered", 9),
            said("order.cancelled", 30, by="unknown", reason="unknown"),
        ],
        OrderStatus.DELIVERED,
    ),
    (
        "returned and refunded in full",
        [
            PLACED,
            said("shipment.delivered", 9),
            said("return.received", 20),
            said("refund.completed", 25, amount=money("40.00 USD")),
        ],
        OrderStatus.RETURNED,
    ),
    (
        "returned and refunded in part",
        [
            PLACED,
            said("shipment.delivered", 9),
            said("return.received", 20),
            said("refund.completed", 25, amount=money("10.00 USD")),
        ],
        OrderStatus.DELIVERED,
    ),
    ("only a message", [said("message.received", 1, intent="other")], OrderStatus.UNKNOWN),
]


@pytest.mark.parametrize(
    ("events", "status"), [row[1:] for row in ORDER], ids=[row[0] for row in ORDER]
)
def test_an_order_stands_where_its_mails_say(events, status) -> None:
    assert seen(*events).order.status == status


SHIPPED = said("shipment.shipped", 2, tracking="A1")
SHIPMENT = [
    ("preparing", [said("shipment.preparing", 1, tracking="A1")], ShipmentStatus.INFO_RECEIVED),
    ("shipped", [SHIPPED], ShipmentStatus.IN_TRANSIT),
    ("moving", [said("shipment.in_transit", 4, tracking="A1")], ShipmentStatus.IN_TRANSIT),
    (
        "out for delivery",
        [SHIPPED, said("shipment.out_for_delivery", 5, tracking="A1")],
        ShipmentStatus.OUT_FOR_DELIVERY,
    ),
    (
        "tried in vain",
        [
            SHIPPED,
            said("shipment.out_for_delivery", 5, tracking="A1"),
            said("shipment.attempt_failed", 5.2, tracking="A1"),
        ],
        ShipmentStatus.ATTEMPT_FAILED,
    ),
    (
        "waits after an attempt",
        [
            SHIPPED,
            said("shipment.attempt_failed", 5, tracking="A1"),
            said("shipment.available_for_pickup", 6, tracking="A1"),
        ],
        ShipmentStatus.AVAILABLE_FOR_PICKUP,
    ),
    (
        "tried again after waiting",
        [
            SHIPPED,
            said("shipment.available_for_pickup", 5, tracking="A1"),
            said("shipment.attempt_failed", 6, tracking="A1"),
        ],
        ShipmentStatus.ATTEMPT_FAILED,
    ),
    (
        "delivered",
        [SHIPPED, said("shipment.delivered", 8, tracking="A1")],
        ShipmentStatus.DELIVERED,
    ),
    (
        "late mail of an earlier step",
        [
            said("shipment.delivered", 8, tracking="A1"),
            said("shipment.in_transit", 9, tracking="A1"),
        ],
        ShipmentStatus.DELIVERED,
    ),
    (
        "in trouble",
        [SHIPPED, said("shipment.exception", 6, tracking="A1", reason="customs")],
        ShipmentStatus.EXCEPTION,
    ),
    (
        "out of trouble",
        [
            SHIPPED,
            said("shipment.exception", 6, tracking="A1", reason="customs"),
            said("shipment.in_transit", 7, tracking="A1", stage="cleared_customs"),
        ],
        ShipmentStatus.IN_TRANSIT,
    ),
    (
        "trouble after delivery is late mail",
        [
            SHIPPED,
            said("shipment.delivered", 8, tracking="A1"),
            said("shipment.exception", 9, tracking="A1"),
        ],
        ShipmentStatus.DELIVERED,
    ),
]


@pytest.mark.parametrize(
    ("events", "status"), [row[1:] for row in SHIPMENT], ids=[row[0] for row in SHIPMENT]
)
def test_a_parcel_goes_forward_only(events, status) -> None:
    assert [parcel.status for parcel in seen(*events).order.shipments] == [status]


OPENED = said("dispute.opened", 12, amount=money("40.00 USD"))
DISPUTE = [
    ("opened", [OPENED], "opened", "counterparty"),
    ("seller offers", [OPENED, said("dispute.proposal", 14, sender="seller")], "proposal", "me"),
    (
        "buyer answers",
        [
            OPENED,
            said("dispute.proposal", 14, sender="seller"),
            said("dispute.proposal", 15, sender="buyer"),
        ],
        "opened",
        "counterparty",
    ),
    ("escalated", [OPENED, said("dispute.escalated", 19)], "review", "platform"),
    ("evidence wanted", [OPENED, said("dispute.evidence_requested", 20)], "evidence_due", "me"),
    (
        "evidence given",
        [OPENED, said("dispute.evidence_requested", 20), said("evidence", 21)],
        "review",
        "platform",
    ),
    ("judged", [OPENED, said("dispute.judged", 22, judgement="valid")], "judged", "me"),
    (
        "late proposal after the judgement",
        [
            OPENED,
            said("dispute.judged", 22, judgement="valid"),
            said("dispute.proposal", 23, sender="seller"),
        ],
        "judged",
        "me",
    ),
    ("closed", [OPENED, said("dispute.closed", 25, outcome="refund_full")], "closed", None),
    (
        "closed stays closed",
        [
            OPENED,
            said("dispute.closed", 25, outcome="no_refund"),
            said("dispute.proposal", 26, sender="seller"),
        ],
        "closed",
        None,
    ),
    ("seen by the seller", [sold("dispute.opened", 12, AE)], "opened", "me"),
]


@pytest.mark.parametrize(
    ("events", "state", "waiting"), [row[1:] for row in DISPUTE], ids=[row[0] for row in DISPUTE]
)
def test_a_dispute_stands_where_its_mails_say(events, state, waiting) -> None:
    found = case(seen(*events), "dispute")

    assert (found.state, found.waiting_for) == (state, waiting)


ASKED = said("cancel.requested", 1)
CASES = [
    ("cancellation", [ASKED], "requested", True),
    ("cancellation", [ASKED, said("order.cancelled", 2)], "cancelled", False),
    ("cancellation", [ASKED, said("cancel.rejected", 2)], "rejected", False),
    ("cancellation", [ASKED, said("shipment.shipped", 2)], "overtaken", False),
    ("appeal", [said("appeal.submitted", 30)], "submitted", True),
    (
        "appeal",
        [said("appeal.submitted", 30), said("appeal.decided", 38, outcome="granted")],
        "granted",
        False,
    ),
    (
        "appeal",
        [said("appeal.submitted", 30), said("appeal.decided", 38, outcome="rejected")],
        "rejected",
        False,
    ),
    ("appeal", [said("appeal.decided", 38, outcome="unknown")], "decided", False),
    ("return", [said("return.requested", 20)], "requested", True),
    ("return", [said("return.requested", 20), said("return.authorised", 21)], "authorised", True),
    ("return", [said("dispute.closed", 20, outcome="return_refund")], "authorised", True),
    (
        "return",
        [said("return.authorised", 21), said("return.shipped", 24, tracking="R1")],
        "shipped",
        True,
    ),
    ("return", [said("return.shipped", 24), said("return.received", 30)], "received", True),
    ("return", [said("return.requested", 20), said("return.rejected", 21)], "rejected", False),
    ("return", [said("return.received", 30), said("refund.completed", 33)], "refunded", False),
    ("refund", [said("refund.announced", 30)], "announced", True),
    ("refund", [said("dispute.closed", 30, outcome="refund_full")], "announced", True),
    ("refund", [said("appeal.decided", 30, outcome="granted")], "announced", True),
    ("refund", [said("refund.announced", 30), said("refund.completed", 40)], "completed", False),
    ("refund", [said("refund.announced", 30), said("refund.failed", 35)], "failed", True),
    (
        "refund",
        [said("refund.announced", 30), said("refund.failed", 35), said("refund.completed", 40)],
        "completed",
        False,
    ),
    ("claim", [said("claim.opened", 20, AZ)], "opened", True),
    ("claim", [sold("claim.opened", 20), sold("claim.info_requested", 21)], "info_due", True),
    ("claim", [sold("claim.info_requested", 21), sold("evidence", 22)], "review", True),
    (
        "claim",
        [said("claim.opened", 20, AZ), said("claim.decided", 25, AZ, outcome="granted")],
        "granted",
        False,
    ),
    (
        "claim",
        [said("claim.opened", 20, AZ), said("claim.decided", 25, AZ, outcome="denied")],
        "denied",
        False,
    ),
    (
        "claim",
        [said("claim.opened", 20, AZ), said("claim.decided", 25, AZ, outcome="withdrawn")],
        "withdrawn",
        False,
    ),
    ("chargeback", [sold("chargeback.opened", 20)], "opened", True),
    ("chargeback", [sold("chargeback.opened", 20), sold("evidence", 22)], "review", True),
    (
        "chargeback",
        [sold("chargeback.opened", 20), sold("chargeback.decided", 40)],
        "decided",
        False,
    ),
]


@pytest.mark.parametrize(
    ("kind", "events", "state", "is_open"), CASES, ids=[f"{row[0]} {row[2]}" for row in CASES]
)
def test_a_case_stands_where_its_mails_say(kind, events, state, is_open) -> None:
    found = case(seen(*events, number=events[0].order_numbers[0]), kind)

    assert (found.state, found.closed_at is None) == (state, is_open)


ACCOUNT = [
    ([sold("account.warning", 1, None, metric="late shipments", marketplace="amazon")], "warned"),
    ([sold("account.restricted", 1, None, scope="funds", marketplace="amazon")], "restricted"),
]


@pytest.mark.parametrize(("events", "state"), ACCOUNT, ids=[row[1] for row in ACCOUNT])
def test_matters_of_the_account_are_kept_apart_from_orders(events, state) -> None:
    found = seen(*events, number="@account")

    assert [one.state for one in found.order.cases] == [state]


def test_an_open_dispute_claim_or_chargeback_is_a_problem_until_it_ends() -> None:
    assert seen(PLACED, OPENED).order.problem is True
    assert seen(PLACED, OPENED, said("dispute.closed", 25)).order.problem is False
    assert seen(sold("claim.opened", 20), number=AZ).order.problem is True
    assert seen(sold("chargeback.opened", 20), number=AZ).order.problem is True


def test_a_held_order_is_on_hold_until_it_moves() -> None:
    held = said("order.on_hold", 1, reason="risk")

    assert seen(PLACED, held).order.on_hold is True
    assert seen(PLACED, held, said("shipment.shipped", 3)).order.on_hold is False


def test_closed_without_a_reason_ends_no_dispute_and_no_refund() -> None:
    closed = said("order.cancelled", 30, by="unknown", reason="unknown")
    found = seen(PLACED, OPENED, said("refund.announced", 20, amount=money("40.00 USD")), closed)

    assert [(one.kind, one.closed_at) for one in found.order.cases] == [
        ("dispute", None),
        ("refund", None),
    ]


def test_a_new_dispute_after_the_end_of_the_first_is_another_case() -> None:
    found = seen(
        OPENED, said("dispute.closed", 15, outcome="withdrawn"), said("dispute.opened", 16)
    )

    assert [one.state for one in found.order.cases if one.kind == "dispute"] == ["closed", "opened"]


def test_an_import_never_ends_a_case_and_is_ranked_below_mail() -> None:
    row = said("import.row", 40, status="completed", source="import")

    assert seen(PLACED, row).order.status == OrderStatus.COMPLETED
    assert seen(PLACED, SHIPPED, row).order.status == OrderStatus.IN_TRANSIT
    assert case(seen(PLACED, OPENED, row), "dispute").state == "opened"


def test_a_note_about_money_does_not_outdate_what_files_tell_of_the_order() -> None:
    row = said("import.row", 40, status="delivered", source="import")
    sent = said("shipment.shipped", 2, tracking="A1", source="import")
    paid = said("refund.completed", 45, source="note", amount=money("3.00 USD"))
    left = said("shipment.shipped", 2, tracking="A1", source="note")

    assert seen(row, sent).order.status == OrderStatus.DELIVERED
    assert seen(row, sent, paid).order.status == OrderStatus.DELIVERED
    assert seen(row, sent, left).order.status == OrderStatus.IN_TRANSIT


def test_two_parcels_with_different_tracking_of_one_day_are_two() -> None:
    found = seen(
        PLACED,
        said("shipment.shipped", 2, tracking="A1"),
        said("shipment.shipped", 2, tracking="B2"),
    )

    assert [one.id for one in found.order.shipments] == ["A1", "B2"]


def test_a_parcel_without_numbers_is_named_by_order_and_ship_date() -> None:
    found = seen(said("order.placed", 0, AZ, items=TWO), said("shipment.shipped", 2, AZ), number=AZ)

    assert [one.id for one in found.order.shipments] == [f"{AZ}/2026-03-04"]


def test_delivery_mails_without_an_order_number_follow_the_parcel() -> None:
    bound = said("shipment.preparing", 1, packages="PK1")
    chained = said("shipment.in_transit", 5, None, packages="PK1", tracking="LP00000000000001")
    last = said("shipment.delivered", 12, None, tracking="LP00000000000001")
    found = seen(bound, chained, last)

    assert [(one.id, one.status) for one in found.order.shipments] == [
        ("LP00000000000001", ShipmentStatus.DELIVERED)
    ]


def test_one_parcel_for_two_orders_is_delivered_for_both() -> None:
    both = (AE, "8100000000050001")
    events = [
        said("shipment.shipped", 2, both, tracking="A1"),
        said("shipment.delivered", 9, None, tracking="A1"),
    ]

    assert [seen(*events, number=number).order.status for number in both] == [
        OrderStatus.DELIVERED
    ] * 2


def test_the_date_of_a_refund_is_not_the_date_of_the_parcel() -> None:
    refund = said("refund.announced", 20, expected_until=day(60))
    placed = said("order.placed", 0, expected_until=day(10))

    assert seen(placed, refund).order.expected_until == day(10)


def test_unverified_mail_does_not_move_a_known_date() -> None:
    placed = said("order.placed", 0, expected_until=day(10))
    later = {"expected_until": day(90), "protection_until": day(200)}
    weak = said("shipment.estimate_changed", 5, trust="unverified", **later)
    sure = said("shipment.estimate_changed", 5, **later)

    assert seen(placed, weak).order.expected_until == day(10)
    assert seen(placed, sure).order.expected_until == day(90)
    assert seen(weak).order.expected_until == day(90)


def test_an_unverified_verdict_counts_only_where_there_is_no_better() -> None:
    sure = said("dispute.judged", 20, judgement="invalid")
    weak = said("dispute.judged", 21, judgement="valid", trust="unverified")

    assert case(seen(OPENED, weak), "dispute").judgement == "valid"
    assert case(seen(OPENED, sure, weak), "dispute").judgement == "invalid"


def test_the_same_words_a_day_later_are_said_again() -> None:
    words = [said("message.received", at, intent="other", text="so sorry") for at in (3, 3.5, 4, 5)]

    assert [event.at for event in seen(PLACED, *words).order.events[1:]] == [day(3), day(4), day(5)]
