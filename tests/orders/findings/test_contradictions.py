"""C01 to C31: what contradicts itself, and the near cases that do not."""

from datetime import date
from decimal import Decimal

import pytest

from orders.facts.describe import describe
from orders.facts.phishing import known_orders, phishing
from orders.order import OrderStatus
from parsers.notice import Item, Role
from tests.orders.events import (
    AE,
    AE2,
    AZ,
    AZ2,
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
)
from tests.orders.list_index import ListIndex

KETTLE, LAMP = lines("Blue kettle"), lines("Red lamp")
PLACED = said("order.placed", 0, items=KETTLE + LAMP, total=money("40.00 USD"))
ONE = said("order.placed", 0, items=KETTLE, total=money("40.00 USD"))
ASKED = said("cancel.requested", 1)
SHIPPED = said("shipment.shipped", 2, tracking="A1")
DELIVERED = said("shipment.delivered", 9, tracking="A1")
OPENED = said("dispute.opened", 12, amount=money("40.00 USD"))
SOLD = sold("order.placed", 0, items=KETTLE)
SENT = sold("shipment.shipped", 2, tracking="TBA000000000001")
COMPLAINT = sold("message.received", 3, intent="cancel_complaint")
S10_GOOD, S10_BAD = "RB123456785CN", "RB123456784CN"

YES = [
    ("C01", [PLACED, ASKED, SHIPPED]),
    ("C02", [PLACED, said("order.cancelled", 1), SHIPPED]),
    ("C02", [PLACED, said("order.cancelled", 1), said("shipment.in_transit", 5, tracking="A1")]),
    ("C02", [PLACED, said("order.cancelled", 1), DELIVERED]),
    ("C03", [PLACED, SHIPPED, said("cancel.requested", 3)]),
    ("C04", [PLACED, SHIPPED, said("shipment.delivered", 9, tracking="Z9"), DELIVERED]),
    (
        "C04",
        [
            PLACED,
            said("shipment.shipped", 1, AE2, tracking="Z9"),
            said("shipment.delivered", 9, tracking="Z9"),
        ],
    ),
    ("C05", [PLACED, said("shipment.shipped", 2, tracking="A1", items=KETTLE), DELIVERED]),
    (
        "C05",
        [
            PLACED,
            said("shipment.shipped", 2, tracking="A1", items=KETTLE),
            DELIVERED,
            said("order.completed", 20),
        ],
    ),
    ("C06", [PLACED, DELIVERED, OPENED, said("order.completed", 20)]),
    (
        "C06",
        [
            said("shipment.delivered", 3, AZ),
            said("claim.opened", 5, AZ),
            said("order.completed", 6, AZ),
        ],
    ),
    ("C07", [PLACED, SHIPPED, said("order.completed", 40, auto=True)]),
    ("C07", [PLACED, SHIPPED, said("order.awaiting_confirmation", 40)]),
    (
        "C08",
        [
            said("refund.announced", 20, amount=money("40.00 USD")),
            said("refund.completed", 25, amount=money("20.00 USD")),
        ],
    ),
    (
        "C08",
        [
            said("dispute.judged", 20, judgement="valid", amount=money("500 USD")),
            said("refund.completed", 25, amount=money("480 USD")),
        ],
    ),
    (
        "C09",
        [
            ONE,
            said("refund.completed", 20, amount=money("40.00 USD")),
            said("refund.completed", 25, amount=money("30.00 USD")),
        ],
    ),
    (
        "C09",
        [
            said("refund.completed", 20, amount=money("4.00 USD")),
            said("refund.completed", 25, amount=money("4.00 USD")),
        ],
    ),
    (
        "C10",
        [
            OPENED,
            said("dispute.judged", 20, judgement="valid"),
            said("dispute.closed", 22, outcome="no_refund"),
        ],
    ),
    (
        "C10",
        [
            said("dispute.judged", 20, judgement="valid", amount=money("40 USD")),
            said("dispute.closed", 22, outcome="refund_partial", amount=money("10 USD")),
        ],
    ),
    (
        "C11",
        [
            OPENED,
            said("dispute.evidence_requested", 15, respond_by=day(20)),
            said("dispute.closed", 18, outcome="no_refund"),
        ],
    ),
    (
        "C12",
        [said("appeal.submitted", 30), said("appeal.decided", 35), said("appeal.submitted", 36)],
    ),
    ("C13", [OPENED, said("dispute.closed", 18, outcome="withdrawn")]),
    (
        "C14",
        [
            said("dispute.closed", 20, outcome="return_refund"),
            said("return.shipped", 26, tracking="R1"),
            said("appeal.decided", 40, outcome="rejected", reason="return_missed"),
        ],
    ),
    (
        "C14",
        [
            said("return.authorised", 20, return_by=day(24)),
            said("return.shipped", 23, tracking="R1"),
            said("dispute.closed", 40, outcome="no_refund", reason="return_missed"),
        ],
    ),
    ("C15", [PLACED, said("order.cancelled", 3, by="buyer")]),
    ("C16", [PLACED, said("shipment.shipped", 2, tracking=S10_BAD)]),
    ("C16", [said("shipment.shipped", -20, AE2, tracking="A1"), PLACED, SHIPPED]),
    ("C17", [ONE, SHIPPED, said("shipment.shipped", 4, tracking="B2")]),
    (
        "C17",
        [
            said("shipment.shipped", 2, packages="PK1", tracking="LP00000000000001"),
            said("shipment.in_transit", 8, packages="PK1", tracking=S10_GOOD),
        ],
    ),
    ("C18", [SHIPPED, said("shipment.delivered", 9, tracking="A1", delivered_at=day(1))]),
    ("C18", [PLACED, said("shipment.delivered", -3)]),
    ("C18", [SHIPPED, said("shipment.delivered", 9, tracking="A1", delivered_at=date(2026, 3, 2))]),
    (
        "C18",
        [
            said("order.placed", 0, AZ, address="a@amazon.co.jp"),
            said("shipment.delivered", 9, AZ, delivered_at=date(2026, 3, 1)),
        ],
    ),
    (
        "C11",
        [
            said("dispute.proposal", 13, respond_by=date(2026, 3, 25)),
            said("dispute.closed", 16.2, outcome="no_refund"),
        ],
    ),
    (
        "C27",
        [
            said("return.authorised", 20, return_by=date(2026, 3, 29)),
            said("return.authorised", 21.5, return_by=day(24.5)),
        ],
    ),
    ("C18", [PLACED, said("shipment.shipped", -2)]),
    ("C19", [PLACED, SHIPPED, said("message.received", 5, intent="ask_confirm_receipt")]),
    ("C19", [PLACED, DELIVERED, OPENED, said("message.received", 14, intent="ask_close_dispute")]),
    ("C20", [ONE, said("refund.announced", 1, amount=money("40.00 USD")), SHIPPED]),
    ("C21", [SOLD, SENT, COMPLAINT]),
    ("C22", [SOLD, sold("cancel.requested", 1)]),
    ("C23", [SOLD, sold("cancel.requested", 1), SENT]),
    ("C24", [SENT, sold("refund.completed", 5, amount=money("1 USD")), sold("claim.opened", 6)]),
    (
        "C24",
        [SENT, sold("refund.announced", 5, amount=money("1 USD")), sold("chargeback.opened", 6)],
    ),
    ("C25", [SENT, sold("refund.completed", 9, by="platform", amount=money("9 USD"))]),
    (
        "C27",
        [
            OPENED,
            said("dispute.closed", 20, outcome="no_refund"),
            said("dispute.closed", 22, outcome="refund_full"),
        ],
    ),
    (
        "C27",
        [
            said("return.authorised", 20, return_by=day(30)),
            said("return.authorised", 21, return_by=day(28)),
        ],
    ),
    ("C29", [said("shipment.shipped", 2)]),
    ("C30", [ONE, said("order.placed", 3, items=KETTLE, total=money("40.00 USD"))]),
    ("C30", [said("order.placed", -0.003, AE2, items=KETTLE), ONE]),
]


@pytest.mark.parametrize(
    ("code", "events"), YES, ids=[f"{row[0]}-{index}" for index, row in enumerate(YES)]
)
def test_a_contradiction_is_found_once(code, events) -> None:
    found = seen(*events, number=events[-1].order_numbers[0])

    assert codes(found).count(code) == 1


NO = [
    ("C01", [PLACED, ASKED, said("cancel.rejected", 1.5), SHIPPED]),
    ("C01", [PLACED, ASKED, said("order.cancelled", 1.5), SHIPPED]),
    ("C01", [PLACED, SHIPPED, said("cancel.requested", 3)]),
    ("C02", [PLACED, SHIPPED, said("order.cancelled", 3)]),
    (
        "C02",
        [
            PLACED,
            said("order.cancelled", 1, items=LAMP),
            said("shipment.shipped", 2, tracking="A1", items=KETTLE),
        ],
    ),
    ("C03", [PLACED, ASKED, SHIPPED]),
    ("C04", [PLACED, SHIPPED, DELIVERED]),
    ("C04", [PLACED, DELIVERED]),
    ("C04", [PLACED, said("shipment.shipped", 2), said("shipment.delivered", 9, tracking="Z9")]),
    (
        "C04",
        [
            PLACED,
            said("shipment.shipped", 2, tracking="LP00000000000001"),
            said("shipment.delivered", 9, tracking="Z9"),
        ],
    ),
    (
        "C04",
        [
            said("shipment.shipped", 2, (AE2, AE), tracking="Z9"),
            said("shipment.delivered", 9, tracking="Z9"),
        ],
    ),
    ("C05", [PLACED, SHIPPED, DELIVERED]),
    (
        "C05",
        [
            PLACED,
            said("shipment.shipped", 2, tracking="A1", items=KETTLE),
            DELIVERED,
            said("shipment.shipped", 12, tracking="B2", items=LAMP),
        ],
    ),
    (
        "C05",
        [
            PLACED,
            said("shipment.shipped", 2, tracking="A1", items=KETTLE),
            said("order.cancelled", 3, items=LAMP),
            DELIVERED,
        ],
    ),
    ("C06", [OPENED, said("dispute.closed", 18), said("order.completed", 20)]),
    ("C06", [OPENED, said("order.completed", 20), said("dispute.closed", 20.01)]),
    ("C07", [PLACED, SHIPPED, DELIVERED, said("order.completed", 40)]),
    ("C07", [PLACED, SHIPPED, said("order.completed", 40, auto=False)]),
    ("C07", [PLACED, SHIPPED, said("refund.completed", 35), said("order.completed", 40)]),
    (
        "C07",
        [PLACED, SHIPPED, said("goods_checked", 30, source="note"), said("order.completed", 40)],
    ),
    (
        "C08",
        [
            said("refund.announced", 20, amount=money("40.00 USD")),
            said("refund.completed", 25, amount=money("39.80 USD")),
        ],
    ),
    (
        "C08",
        [
            said("refund.announced", 20, amount=money("40 USD")),
            said("refund.completed", 25, amount=money("20 EUR")),
        ],
    ),
    (
        "C09",
        [
            ONE,
            said("refund.completed", 20, amount=money("10.00 USD")),
            said("refund.completed", 25, amount=money("30.00 USD")),
        ],
    ),
    (
        "C10",
        [
            said("dispute.judged", 20, judgement="invalid"),
            said("dispute.closed", 22, outcome="no_refund"),
        ],
    ),
    (
        "C11",
        [
            said("dispute.evidence_requested", 15, respond_by=day(20)),
            said("evidence", 16, source="note"),
            said("dispute.closed", 18, outcome="no_refund"),
        ],
    ),
    ("C12", [said("appeal.submitted", 30), said("appeal.decided", 35)]),
    (
        "C13",
        [
            OPENED,
            said("withdrawal", 17, source="note"),
            said("dispute.closed", 18, outcome="withdrawn"),
        ],
    ),
    (
        "C14",
        [
            said("dispute.closed", 20, outcome="return_refund"),
            said("return.shipped", 31, tracking="R1"),
            said("appeal.decided", 40, outcome="rejected", reason="return_missed"),
        ],
    ),
    ("C15", [PLACED, ASKED, said("order.cancelled", 3, by="buyer")]),
    ("C15", [PLACED, said("order.cancelled", 3, by="unknown", reason="unknown")]),
    ("C16", [PLACED, said("shipment.shipped", 2, tracking=S10_GOOD)]),
    ("C16", [said("shipment.shipped", 1, AE2, tracking="A1"), PLACED, SHIPPED]),
    ("C17", [PLACED, SHIPPED, said("shipment.shipped", 4, tracking="B2")]),
    ("C18", [SHIPPED, DELIVERED]),
    # A stated day is a day: the mail about it may come before that of the step before.
    (
        "C18",
        [SHIPPED, said("shipment.delivered", 1.99, tracking="A1", delivered_at=date(2026, 3, 4))],
    ),
    (
        "C18",
        [
            said("order.placed", 0, ordered_at=date(2026, 3, 2)),
            said("shipment.delivered", -0.2, delivered_at=date(2026, 3, 2)),
        ],
    ),
    (
        "C18",
        [said("order.placed", 0), said("shipment.delivered", 0.4, delivered_at=date(2026, 3, 2))],
    ),
    (
        "C18",
        [
            said("shipment.shipped", 5, tracking="A1", shipped_at=date(2026, 3, 4)),
            said("shipment.delivered", 4, tracking="A1", delivered_at=day(2.1)),
        ],
    ),
    (
        "C11",
        [
            said("dispute.proposal", 13, respond_by=date(2026, 3, 18)),
            said("dispute.closed", 16.2, outcome="no_refund"),
        ],
    ),
    (
        "C27",
        [
            said("return.authorised", 20, return_by=date(2026, 3, 29)),
            said("return.authorised", 21.5, return_by=day(27.5)),
        ],
    ),
    ("C18", [SHIPPED, said("shipment.delivered", 1.9, tracking="A1")]),
    ("C19", [PLACED, DELIVERED, said("message.received", 10, intent="ask_confirm_receipt")]),
    ("C20", [ONE, said("refund.announced", 1, amount=money("4.00 USD")), SHIPPED]),
    ("C21", [SOLD, sold("cancel.requested", 1), SENT, COMPLAINT]),
    ("C21", [SOLD, COMPLAINT]),
    ("C22", [SOLD, SENT, sold("cancel.requested", 3)]),
    ("C23", [SOLD, SENT, sold("cancel.requested", 3)]),
    ("C24", [SENT, sold("claim.opened", 6)]),
    (
        "C25",
        [
            SENT,
            sold("return.received", 8),
            sold("refund.completed", 9, by="platform", amount=money("9 USD")),
        ],
    ),
    (
        "C27",
        [
            said("dispute.judged", 20, judgement="valid"),
            said("dispute.judged", 22, judgement="unknown"),
        ],
    ),
    ("C29", [PLACED, SHIPPED]),
    ("C29", [said("order.payment_due", 0), said("order.payment_failed", 1)]),
    ("C29", [said("shipment.shipped", 2, trust="unverified")]),
    ("C30", [ONE, said("order.placed", 0.01, items=KETTLE, total=money("40.00 USD"), copy="b")]),
    ("C30", [said("order.placed", -0.003, AE2, items=LAMP), ONE]),
    ("C30", [said("order.placed", 0, (AE2, AE), items=KETTLE)]),
]


@pytest.mark.parametrize(
    ("code", "events"), NO, ids=[f"{row[0]}-{index}" for index, row in enumerate(NO)]
)
def test_what_fits_together_is_no_contradiction(code, events) -> None:
    assert code not in codes(seen(*events, number=events[-1].order_numbers[0]))


def test_a_question_to_confirm_and_the_end_are_told_once_each() -> None:
    asked, over = said("order.awaiting_confirmation", 20), said("order.completed", 40, auto=True)

    assert finding(seen(PLACED, SHIPPED, asked), "C07").id == "completed_without_delivery/awaiting"
    assert finding(seen(PLACED, SHIPPED, asked, over), "C07").id == "completed_without_delivery"
    assert (
        finding(seen(PLACED, SHIPPED, asked, said("order.completed", 40, auto=False)), "C07")
        is None
    )


def test_half_of_a_quantity_delivered_is_a_partial_delivery() -> None:
    two = said(
        "order.placed", 0, items=(Item(title="Blue kettle", quantity=2, price=money("9.00 USD")),)
    )
    half = said(
        "shipment.shipped",
        2,
        tracking="A1",
        items=(Item(title="Blue kettle", price=money("9.00 USD")),),
    )
    found = seen(two, half, DELIVERED)

    assert finding(found, "C05").detail == "Blue kettle ×1"
    assert (found.order.status, found.order.delivered_at) == (
        OrderStatus.PARTIALLY_IN_TRANSIT,
        None,
    )


def test_a_doubtful_number_that_moves_counts_as_scanned() -> None:
    sent = said("shipment.shipped", 2, tracking=S10_BAD)
    moved = said("shipment.in_transit", 4, tracking=S10_BAD)
    other = said("shipment.in_transit", 4, tracking="B2")

    def scanned(*events) -> bool:
        (told,) = [
            one for one in describe(seen(*events), day(9)) if one.facts.get("finding.code") == "C16"
        ]
        return told.facts["finding.scanned"]

    assert [scanned(PLACED, sent), scanned(PLACED, sent, moved), scanned(PLACED, sent, other)] == [
        False,
        True,
        False,
    ]


def test_every_contradiction_of_orders_has_a_case_here() -> None:
    told_elsewhere = {"C26", "C28"}

    assert {row[0] for row in YES} | told_elsewhere == {f"C{number:02}" for number in range(1, 31)}


def test_a_fee_that_becomes_another_is_a_finding_of_the_account() -> None:
    first = sold("fee.notice", 1, None, marketplace="amazon", sku="SKU-1", new_rate=Decimal(10))
    told = sold(
        "fee.notice",
        2,
        None,
        marketplace="amazon",
        sku="SKU-2",
        old_rate=Decimal(10),
        new_rate=Decimal(15),
    )
    later = sold("fee.notice", 20, None, marketplace="amazon", sku="SKU-1", new_rate=Decimal(15))
    found = seen(first, told, later, number="@account")

    assert [(one.code, one.detail) for one in found.findings] == [
        ("C26", "SKU-2 10 → 15"),
        ("C26", "SKU-1 10 → 15"),
    ]


def test_a_second_shipment_after_the_request_is_told_again_only_with_a_new_parcel() -> None:
    again = said("shipment.shipped", 3, tracking="B2")
    repeated = said("shipment.shipped", 4)
    found = seen(PLACED, ASKED, SHIPPED, repeated, again)

    assert [one.id for one in found.findings if one.code == "C01"] == [
        "shipped_after_cancel_request/A1",
        "shipped_after_cancel_request/B2",
    ]


def test_a_finding_names_both_mails_and_the_later_time() -> None:
    found = finding(seen(PLACED, ASKED, SHIPPED), "C01")

    assert (found.rests_on, found.at) == ((ASKED, SHIPPED), SHIPPED.at)


def test_a_finding_on_unverified_mail_is_marked_inferred() -> None:
    weak = said("shipment.shipped", 2, tracking="A1", trust="unverified")

    assert finding(seen(PLACED, ASKED, weak), "C01").inferred is True
    assert finding(seen(PLACED, ASKED, SHIPPED), "C01").inferred is False


def test_a_short_refund_says_the_difference() -> None:
    found = seen(
        said("dispute.judged", 20, judgement="valid", amount=money("500 USD")),
        said("refund.completed", 25, amount=money("480 USD")),
    )

    assert finding(found, "C08").amount == money("20 USD")


def test_the_same_news_from_two_mails_is_one_refund() -> None:
    once = said("refund.completed", 20, amount=money("4.00 USD"))
    twin = said("refund.completed", 20.2, amount=money("4.00 USD"), copy="b", trust="forwarded")

    assert codes(seen(ONE, once, twin)) == []


def test_a_forged_mail_is_shown_at_the_orders_it_names_and_changes_none() -> None:
    index = ListIndex([PLACED, SHIPPED])
    keys = known_orders([AE, AE2], "aliexpress", index)
    view = seen(PLACED, SHIPPED)
    subjects = phishing([view.order], at=day(5), mail=7, origin="mail:abc")

    assert keys == (f"aliexpress:buyer:{AE}",)
    assert [(one.about, one.facts["finding.code"], one.orders, one.mails) for one in subjects] == [
        ("finding", "C28", (AE,), (7,))
    ]
    assert seen(PLACED, SHIPPED) == view


def test_the_roles_of_one_number_do_not_mix() -> None:
    events = [said("order.placed", 0, AZ, items=KETTLE), sold("cancel.requested", 1)]

    assert codes(seen(*events, number=AZ, role=Role.BUYER)) == []
    assert codes(seen(*events, number=AZ, role=Role.SELLER)) == ["C22", "C29"]


def test_a_mail_given_to_another_order_contradicts_nothing_here() -> None:
    found = seen(PLACED, ASKED, SHIPPED, assigned(SHIPPED, AE2))

    assert codes(found) == []
    assert case(found, "cancellation").state == "requested"


def test_orders_of_another_marketplace_never_meet() -> None:
    amazon = said("order.placed", 0, AZ2, items=KETTLE)

    assert codes(seen(ONE, amazon)) == []


def test_of_three_equal_orders_each_names_the_one_before() -> None:
    third = said("order.placed", 0.004, "3100000000090001", items=KETTLE)
    second = said("order.placed", 0.002, AE2, items=KETTLE)

    assert finding(seen(ONE, second, third, number=AE2), "C30").detail == AE
    assert finding(seen(ONE, second, third, number="3100000000090001"), "C30").detail == AE2
