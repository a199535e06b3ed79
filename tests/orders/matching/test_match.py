"""The ladder: which order a mail belongs to, how surely, and what a new mail can change."""

import pytest

from orders.matching.index import order_keys, references
from orders.matching.match import affected_orders, match
from orders.matching.similarity import agrees, informative
from parsers.notice import Role, Trust
from tests.orders.events import (
    AE,
    AE2,
    AE3,
    AZ,
    AZ2,
    assigned,
    codes,
    day,
    lines,
    money,
    said,
    seen,
    sold,
)
from tests.orders.list_index import ListIndex

KETTLE, LAMP = lines("Blue kettle with a long spout"), lines("Red lamp")
PLACED = said("order.placed", 0, items=KETTLE, total=money("40.00 USD"), store="Good Kettles Store")
PLACED2 = said("order.placed", 1, AE2, items=LAMP, total=money("9.00 USD"), store="Lamp World")
SHIPPED = said("shipment.shipped", 2, tracking="A1", packages="PK1")


def key(number: str, role: Role = Role.BUYER) -> str:
    return f"{'amazon' if '-' in number else 'aliexpress'}:{role}:{number}"


def placed(event, *others):
    found = match(event, ListIndex([*others, event]))
    return (found.level, found.confidence, found.keys, found.candidates)


STEPS = [
    ("number known", said("shipment.shipped", 2), [PLACED], ("L1", 1.0, (key(AE),), ())),
    ("number unknown", said("shipment.shipped", 2), [], ("L1n", 0.95, (key(AE),), ())),
    (
        "first digit lost",
        said("shipment.delivered", 9, AE[1:]),
        [PLACED],
        ("L4", 0.95, (key(AE),), ()),
    ),
    (
        "first digit lost, nothing fits",
        said("shipment.delivered", 9, AE[1:]),
        [PLACED2],
        ("L1n", 0.95, (key(AE[1:]),), ()),
    ),
    ("line id", said("shipment.shipped", 2, AE2), [PLACED], ("L4b", 0.95, (key(AE2),), (key(AE),))),
    (
        "parcel id",
        said("shipment.in_transit", 5, None, packages="PK1"),
        [PLACED, SHIPPED],
        ("L2", 0.97, (key(AE),), ()),
    ),
    (
        "case id",
        said("dispute.judged", 5, None, cases="D1"),
        [said("dispute.opened", 4, cases="D1")],
        ("L2", 0.97, (key(AE),), ()),
    ),
    (
        "tracking",
        said("shipment.in_transit", 5, None, tracking="A1"),
        [PLACED, SHIPPED],
        ("L3", 0.95, (key(AE),), ()),
    ),
    (
        "old tracking",
        said("shipment.in_transit", 300, None, tracking="A1"),
        [PLACED, SHIPPED],
        ("L3", 0.6, (key(AE),), ()),
    ),
    (
        "tracking used again",
        said("shipment.in_transit", 300, None, tracking="A1"),
        [SHIPPED, said("shipment.shipped", 290, AE2, tracking="A1")],
        ("L3", 0.95, (key(AE2),), ()),
    ),
    (
        "tied by unverified mail",
        said("shipment.delivered", 5, None, tracking="A1"),
        [said("shipment.shipped", 2, tracking="A1", trust="unverified")],
        ("L3", 0.85, (key(AE),), ()),
    ),
    (
        "the only parcel whose number nobody told",
        said("shipment.in_transit", 5, None, tracking="B7"),
        [PLACED, said("shipment.shipped", 2)],
        ("L3", 0.6, (key(AE),), ()),
    ),
    (
        "thread",
        said("message.received", 5, None, thread=("<2@x>", "<1@x>")),
        [said("message.received", 4, thread="<1@x>")],
        ("L5", 0.85, (key(AE),), ()),
    ),
    (
        "thread of two orders",
        said("message.received", 5, None, thread=("<2@x>", "<1@x>")),
        [said("message.received", 4, (AE, AE2), thread="<1@x>")],
        ("L5", 0.5, (), (key(AE), key(AE2))),
    ),
    (
        "relay address with one open order",
        said(
            "message.received", 5, None, marketplace="amazon", address="p1@marketplace.amazon.co.jp"
        ),
        [
            said("message.received", 3, AZ, address="p1@marketplace.amazon.co.jp"),
            said("order.cancelled", 4, AZ2, address="p1@marketplace.amazon.co.jp"),
        ],
        ("L5", 0.85, (key(AZ),), ()),
    ),
    (
        "masked, state and time decide",
        said("appeal.decided", 30, None, masked="注文******"),
        [PLACED, said("dispute.closed", 20), PLACED2],
        ("L6", 0.7, (key(AE),), ()),
    ),
    (
        "masked, middle digits decide",
        said("appeal.decided", 30, None, masked="810000000005****"),
        [said("dispute.closed", 20), said("dispute.closed", 20, AE2)],
        ("L6", 0.8, ("aliexpress:buyer:" + AE2,), ()),
    ),
    (
        "masked, last digits show the buyer, not the order",
        said("appeal.decided", 30, None, masked="************0001"),
        [said("dispute.closed", 20), said("dispute.closed", 20, AE2)],
        ("L6", 0.5, (), (key(AE), key(AE2))),
    ),
    (
        "masked, other last digits refuse",
        said("appeal.decided", 30, None, masked="************9999"),
        [said("dispute.closed", 20)],
        ("L6", 0.0, (), ()),
    ),
    (
        "masked, too late for the appeal",
        said("appeal.decided", 60, None, masked="注文******"),
        [said("dispute.closed", 20)],
        ("L6", 0.0, (), ()),
    ),
    (
        "masked Amazon number",
        said("refund.completed", 9, None, masked="249-*******-0000002", marketplace="amazon"),
        [said("order.cancelled", 5, AZ), said("order.cancelled", 5, AZ2)],
        ("L6", 0.8, (key(AZ2),), ()),
    ),
    (
        "the only open order of a store",
        said("message.received", 5, None, store="good kettles"),
        [PLACED, PLACED2],
        ("L7", 0.8, (key(AE),), ()),
    ),
    (
        "two open orders of a store",
        said("message.received", 5, None, store="Lamp World"),
        [PLACED2, said("order.placed", 1, AE3, items=KETTLE, store="Lamp World Official")],
        ("L7", pytest.approx(0.5, abs=0.1), (), (key(AE3), key(AE2))),
    ),
    ("nothing", said("message.received", 5, None), [PLACED], ("L8", 0.0, (), ())),
    ("forged", said("refund.completed", 5, trust="forged"), [PLACED], ("L8", 0.0, (), ())),
    (
        "forwarded",
        said("shipment.shipped", 2, trust="forwarded"),
        [PLACED],
        ("L1", 0.85, (key(AE),), ()),
    ),
    (
        "unverified",
        said("shipment.shipped", 2, trust="unverified"),
        [PLACED],
        ("L1", 0.85, (key(AE),), ()),
    ),
    ("survey", said("survey.request", 5, None, store="Lamp World"), [PLACED2], ("L8", 0.0, (), ())),
]


@pytest.mark.parametrize(
    ("event", "others", "wanted"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS]
)
def test_the_first_step_that_holds_decides(event, others, wanted) -> None:
    assert placed(event, *others) == wanted


def test_store_title_and_amount_together_are_taken() -> None:
    event = said(
        "refund.announced", 5, None, store="Good Kettles", items=KETTLE, amount=money("40.10 USD")
    )
    asked = said("cancel.requested", 3)
    level, confidence, keys, _ = placed(event, PLACED, asked, PLACED2)

    assert (level, keys) == ("L7", (key(AE),))
    assert 0.75 <= confidence <= 0.85


def test_the_same_mail_for_two_equal_orders_is_a_question() -> None:
    twin = said(
        "order.placed", 1, AE3, items=KETTLE, total=money("40.00 USD"), store="Good Kettles Store"
    )
    event = said("shipment.shipped", 5, None, store="Good Kettles", items=KETTLE)
    level, confidence, keys, candidates = placed(event, PLACED, twin)

    assert (level, keys, candidates) == ("L7", (), (key(AE3), key(AE)))
    assert confidence < 0.6


def test_a_cut_title_is_still_the_same_item() -> None:
    event = said(
        "shipment.shipped", 5, None, store="Good Kettles", items=lines("Blue kettle with…")
    )

    assert placed(event, PLACED, PLACED2)[2] == (key(AE),)


@pytest.mark.parametrize(
    ("number", "masked", "agree"),
    [
        (AE, "注文******", True),
        (AE, "8100********0001", True),
        (AE, "8100****0002", False),
        (AE, "3100********0001", False),
        (AE, "Order 81000***", True),
        (AE, "no stars here", False),
        (AZ, "249-*******-0000001", True),
        (AZ, "249-*******-0000009", False),
        (AZ, "＊＊＊-0000000-0000001", True),
    ],
)
def test_visible_digits_agree_or_refuse(number, masked, agree) -> None:
    assert agrees(number, masked) is agree


@pytest.mark.parametrize(
    ("marketplace", "masked", "count"),
    [
        ("aliexpress", "注文******", 0),
        ("aliexpress", "8100********0001", 0),
        ("aliexpress", "81000005****0001", 4),
        ("aliexpress", "8***00005***0001", 5),
        ("amazon", "249-*******-0000001", 10),
    ],
)
def test_digits_of_era_and_buyer_tell_nothing(marketplace, masked, count) -> None:
    assert informative(marketplace, masked) == count


def test_the_answer_of_the_user_beats_every_step_and_the_last_answer_counts() -> None:
    masked = said("appeal.decided", 30, None, masked="注文******")
    closed = said("dispute.closed", 20)
    index = ListIndex([closed, masked, assigned(masked, AE2, at=40), assigned(masked, AE3, at=50)])
    found = match(masked, index)

    assert (found.keys, found.confidence, found.candidates) == (
        (key(AE3),),
        1.0,
        (key(AE3), key(AE)),
    )


def test_the_answer_none_takes_the_mail_from_every_order() -> None:
    masked = said("appeal.decided", 30, None, masked="注文******", outcome="granted")
    closed = said("dispute.closed", 20)
    found = seen(closed, masked, assigned(masked, None))

    assert found.order.events == (closed,)


def test_an_answer_makes_a_forwarded_mail_no_surer() -> None:
    masked = said("appeal.decided", 30, None, masked="注文******", trust="forwarded")

    assert placed(masked, assigned(masked, AE))[1] == 0.85


def test_a_twin_is_marked_and_the_best_witness_counts() -> None:
    forwarded = said("refund.completed", 19, amount=money("4 USD"), trust="forwarded")
    verified = said("refund.completed", 19.5, amount=money("4 USD"), copy="b")
    found = seen(PLACED, forwarded, verified)

    assert [(one.event, one.level) for one in found.matches[1:]] == [
        (forwarded, "L0"),
        (verified, "L1"),
    ]
    assert found.order.refunded == money("4 USD")


PARCEL = said("shipment.delivered", 9, None, packages="PK1")
TOUCHING = [
    ("its own order", said("shipment.shipped", 2), [PLACED], [AE]),
    ("both orders of a parcel", said("shipment.shipped", 2, (AE, AE2)), [PLACED], [AE, AE2]),
    (
        "a parcel mail that now has a home",
        SHIPPED,
        [said("shipment.delivered", 9, None, tracking="A1")],
        [AE],
    ),
    (
        "a parcel mail that lay elsewhere",
        said("shipment.shipped", 3, AE2, tracking="B7"),
        [PLACED, said("shipment.shipped", 2), said("shipment.in_transit", 5, None, tracking="B7")],
        [AE, AE2],
    ),
    (
        "an order whose delivered mail names this parcel",
        said("shipment.shipped", 2, AE2, tracking="Z9"),
        [said("shipment.delivered", 9, tracking="Z9")],
        [AE, AE2],
    ),
    (
        "an order of the same things minutes later",
        said("order.placed", 0, AE2, items=KETTLE),
        [said("order.placed", 0.003, items=KETTLE)],
        [AE, AE2],
    ),
    (
        "a masked mail that now has two candidates",
        said("dispute.closed", 20, AE2),
        [said("dispute.closed", 20), said("appeal.decided", 25, None, masked="注文***")],
        [AE, AE2],
    ),
    (
        "the other homes of a parcel whose mail lacked a digit until now",
        PLACED,
        [
            said("shipment.shipped", 2, AE[1:], packages="PK1"),
            said("shipment.shipped", 2, AE3, packages="PK2"),
            said("shipment.delivered", 9, None, packages=("PK1", "PK2")),
        ],
        [AE[1:], AE3, AE],
    ),
    (
        "the order that a mail of such a parcel was given to",
        PLACED,
        [
            said("shipment.shipped", 2, AE[1:], packages="PK1"),
            PARCEL,
            assigned(PARCEL, AE3),
        ],
        [AE[1:], AE3, AE],
    ),
    ("nothing else", said("shipment.shipped", 2, AE2), [PLACED, SHIPPED], [AE2]),
]


@pytest.mark.parametrize(
    ("event", "others", "numbers"), [row[1:] for row in TOUCHING], ids=[row[0] for row in TOUCHING]
)
def test_a_new_event_touches(event, others, numbers) -> None:
    found = affected_orders(event, ListIndex([*others, event]))

    assert set(found) >= {key(number) for number in numbers}
    assert found == tuple(sorted(key(number) for number in numbers))


def test_an_assignment_touches_the_old_order_and_the_new() -> None:
    masked = said("appeal.decided", 30, None, masked="注文******")
    answer = assigned(masked, AE2)

    assert affected_orders(answer, ListIndex([said("dispute.closed", 20), masked, answer])) == (
        key(AE),
        key(AE2),
    )


def test_references_are_what_the_store_indexes() -> None:
    event = said("shipment.shipped", 2, tracking="A1", packages="PK1", cases="D1", thread="<1@x>")

    assert dict.fromkeys(kind for kind, _ in references(event)) == dict.fromkeys(
        ["order", "tracking", "package", "case", "thread"]
    )
    assert order_keys(event) == (key(AE),)
    assert order_keys(sold("payout.sent", 3, None, marketplace="amazon")) == (
        "amazon:seller:@account",
    )


def test_of_many_open_orders_a_bare_message_asks_about_none() -> None:
    orders = [
        said("order.placed", 0, f"81000000{number:04}0001", items=KETTLE, store="S")
        for number in range(201)
    ]
    message = said("message.received", 5, None, store="S", items=KETTLE)

    assert placed(message, *orders)[3] == ()


def test_trust_decides_before_anything_else() -> None:
    forged = said("refund.completed", 5, amount=money("40 USD"), trust=Trust.FORGED)
    found = seen(PLACED, forged)

    assert (found.order.events, codes(found)) == ((PLACED,), [])


def test_messages_of_the_past_are_not_tied_to_orders_of_the_future() -> None:
    message = said("message.received", -5, None, store="Lamp World")

    assert placed(message, PLACED2)[0] == "L8"


def test_a_promise_in_a_thread_belongs_to_the_order_of_the_thread() -> None:
    asked = said("message.received", 4, thread="<1@x>", intent="other")
    promise = said(
        "message.received", 5, None, thread=("<2@x>", "<1@x>"), intent="will_ship_by", due=day(12)
    )

    assert [one.due_at for one in seen(PLACED, asked, promise).watches if one.key == "W11"] == [
        day(13)
    ]
