"""The table of facts: every fact made is documented, typed, and total where it is yes or no."""

from datetime import datetime
from decimal import Decimal

import pytest

from orders.facts.describe import CASE_STATES, FACTS, FINDING_KINDS, describe
from orders.notes import DUE, MEANS, NOTES, note_fields
from orders.order import CaseKind
from orders.subject import FactType
from parsers.notice import FIELDS, FieldType, Kind, Money
from tests.orders.events import AE, AZ, day, lines, money, said, seen, sold

SPECS = {spec.name: spec for spec in FACTS}
TYPES = {
    FactType.FLAG: bool,
    FactType.CHOICE: str,
    FactType.TEXT: str,
    FactType.NUMBER: Decimal,
    FactType.MONEY: Money,
    FactType.TIME: datetime,
}
TWO = lines("Blue kettle", "Red lamp")
BUYER = [
    said(
        "order.placed",
        0,
        items=TWO,
        total=money("40.00 USD"),
        store="Good Kettles",
        ship_by=day(4),
        ordered_at=day(0),
    ),
    said("order.payment_failed", 0.1, reason="card declined"),
    said("cancel.requested", 1, reason="changed my mind"),
    said(
        "shipment.shipped",
        2,
        tracking="A1",
        items=TWO[:1],
        expected_until=day(20),
        provider="Yamato",
    ),
    said("shipment.estimate_changed", 5, tracking="A1", expected_until=day(25)),
    said("shipment.available_for_pickup", 8, tracking="A1", pickup_by=day(15), place="locker"),
    said("message.received", 9, intent="out_of_stock", text="sorry"),
    said("dispute.opened", 12, amount=money("40.00 USD"), cases="D1", reason="not received"),
    said(
        "dispute.proposal",
        14,
        sender="seller",
        amount=money("5.00 USD"),
        cases="D1",
        respond_by=day(16),
    ),
    said("dispute.judged", 15, judgement="mixed", cases="D1"),
    said("dispute.closed", 18, outcome="return_refund", cases="D1"),
    said("return.shipped", 20, tracking="R1"),
    said("refund.announced", 25, amount=money("40.00 USD"), method="card"),
    said("refund.completed", 30, amount=money("20.00 USD")),
    said("appeal.submitted", 31),
    said("order.completed", 40),
    said("order.cancelled", 41, by="seller", reason="other"),
]
SELLER = [
    sold("order.placed", 0, ship_by=day(3)),
    sold("cancel.requested", 1),
    sold("shipment.shipped", 2),
    sold("claim.opened", 4, amount=money("3 USD"), respond_by=day(6)),
    sold("chargeback.opened", 5),
    sold("message.undelivered", 6),
]
ACCOUNT = [
    sold("account.warning", 1, None, marketplace="amazon", metric="late"),
    sold(
        "fee.notice",
        1,
        None,
        marketplace="amazon",
        sku="S1",
        old_rate=Decimal(10),
        new_rate=Decimal(15),
    ),
]
VIEWS = [seen(*BUYER), seen(*SELLER, number=AZ), seen(*ACCOUNT, number="@account")]
SUBJECTS = [subject for view in VIEWS for subject in describe(view, day(45))]


def test_every_fact_is_documented_and_has_its_type() -> None:
    wrong = [
        (name, value)
        for subject in SUBJECTS
        for name, value in subject.facts.items()
        if not name.startswith("read.")  # where it was read: documented beside the rules
        and (
            name not in SPECS
            or not isinstance(value, TYPES[SPECS[name].type])
            or (SPECS[name].choices and value not in SPECS[name].choices)
        )
    ]

    assert wrong == []


def test_every_yes_or_no_fact_of_a_subject_and_its_order_is_there() -> None:
    missing = [
        (subject.about, spec.name)
        for subject in SUBJECTS
        for spec in FACTS
        if spec.type is FactType.FLAG
        and spec.name.partition(".")[0] in (subject.about, "order")
        and spec.name not in subject.facts
    ]

    assert missing == []


def test_nearly_every_documented_fact_is_made_by_some_order() -> None:
    made = {name for subject in SUBJECTS for name in subject.facts}
    others = {
        "shipment.problem",
        "shipment.stage",
        "shipment.expected_from",
        "order.expected_from",
        "watch.tracking",
        "watch.doubtful_at",
        "watch.text",
        "watch.undelivered_at",
    }
    rare = {
        spec.name
        for spec in FACTS
        if spec.name.partition(".")[2]
        in (
            "amount_claimed",
            "amount_awarded",
            "amount_paid",
            "outcome",
            "reason",
            "closed_at",
            "respond_by",
            "id",
        )
        or spec.name.endswith(".waiting_for")
    }

    assert {spec.name for spec in FACTS} - made - rare - others == {
        "order.delivered_at",
        "order.protection_until",
        "account.complaints",
        "shipment.delivered_at",
    }


def test_names_are_unique_and_subjects_too() -> None:
    ids = [(subject.about, subject.id) for subject in SUBJECTS]

    assert len(SPECS) == len(FACTS)
    assert len(set(ids)) == len(ids)


def test_times_are_aware_and_utc() -> None:
    times = [
        value
        for subject in SUBJECTS
        for value in subject.facts.values()
        if isinstance(value, datetime)
    ]

    assert {value.utcoffset().total_seconds() for value in times} == {0}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order.title", "Blue kettle (+1)"),
        ("order.amount", money("40.00 USD")),
        ("order.refund_amount", money("20.00 USD")),
        ("order.partly_shipped", True),
        ("order.unshipped", Decimal(1)),
        ("order.delayed_at", day(5)),
        ("order.out_of_stock", False),
        ("order.out_of_stock_at", day(9)),
        ("order.cancel_requested_at", day(1)),
        ("order.failure", "card declined"),
        ("order.cancelled_by", "seller"),
        ("order.link", f"https://www.aliexpress.com/p/order/detail.html?orderId={AE}"),
        ("order.dispute_open", False),
    ],
)
def test_an_order_says(name, value) -> None:
    order = next(subject for subject in SUBJECTS if subject.about == "order")

    assert order.facts[name] == value


def test_a_view_without_events_has_no_facts() -> None:
    assert describe(seen(BUYER[0], number="8100000000990001"), day(45)) == ()


def test_lapses_depend_on_the_hour() -> None:
    def state(about: str, now: datetime) -> str:
        view = seen(
            said("cancel.requested", 1), said("refund.announced", 1), said("return.authorised", 1)
        )
        return next(
            str(one.facts[f"{about}.state"]) for one in describe(view, now) if one.about == about
        )

    assert [state("cancellation", day(2)), state("cancellation", day(5))] == [
        "requested",
        "unanswered",
    ]
    assert [state("refund", day(2)), state("refund", day(40))] == ["announced", "overdue"]
    assert [state("return", day(2)), state("return", day(12))] == ["authorised", "expired"]


def test_the_documented_lists_are_complete() -> None:
    assert list(FINDING_KINDS.values()) == [f"C{number:02}" for number in range(1, 32)]
    assert set(CASE_STATES) == set(CaseKind)


def test_mails_and_numbers_of_a_subject_lead_to_where_it_was_read() -> None:
    found = next(one for one in SUBJECTS if one.facts.get("finding.code") == "C01")

    assert (found.orders, found.mails) == ((AE,), (BUYER[2].mail, BUYER[3].mail))


def test_what_may_be_told_by_hand_fits_the_vocabulary() -> None:
    assert [kind for kind in (*MEANS, *DUE) if kind not in NOTES] == []
    assert [name for name in MEANS.values() if FIELDS[name].type is not FieldType.CHOICE] == []
    assert [name for name in DUE.values() if FIELDS[name].type is not FieldType.WHEN] == []


@pytest.mark.parametrize(
    ("kind", "told", "fields"),
    [
        (Kind.DISPUTE_PROPOSAL, {"text": "reject"}, {"text": "reject", "solution": "reject"}),
        (Kind.DISPUTE_PROPOSAL, {"text": "rejected"}, {"text": "rejected", "sender": "buyer"}),
        (Kind.PROMISE, {"text": "next week", "due": day(7)}, {"text": "next week", "due": day(7)}),
        (Kind.DISPUTE_CLOSED, {"text": "No_refund"}, {"text": "No_refund", "outcome": "no_refund"}),
        (Kind.DISPUTE_JUDGED, {"text": "valid"}, {"text": "valid", "judgement": "valid"}),
        (Kind.DISPUTE_JUDGED, {"text": "they said no"}, {"text": "they said no"}),
        (Kind.RETURN_AUTHORISED, {"due": day(9)}, {"return_by": day(9)}),
        (Kind.REFUND_COMPLETED, {"amount": money("3 USD")}, {"amount": money("3 USD")}),
        (Kind.ORDER_PLACED, {"amount": money("3 USD")}, {"total": money("3 USD")}),
    ],
)
def test_a_note_means_what_its_kind_is_about(kind, told, fields) -> None:
    assert note_fields(kind, **told) == fields


def test_a_judgement_replaces_what_was_asked_before_it():
    view = seen(
        said("dispute.opened", 12),
        said("dispute.evidence_requested", 14, respond_by=day(17)),
        said("dispute.judged", 20, judgement="invalid"),
    )

    (dispute,) = (subject for subject in describe(view, day(20)) if subject.about == "dispute")
    assert "dispute.respond_by" not in dispute.facts
    assert dispute.due_at == day(25)
