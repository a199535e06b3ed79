"""What holds for any set of events: order of arrival, repetition and partial knowledge change
nothing in the end.
"""

import dataclasses
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.belief import is_believed
from orders.deadlines import policy
from orders.event import Event
from orders.facts.describe import describe
from orders.facts.view import View, view
from orders.matching.index import key_parts
from orders.matching.match import affected_orders
from orders.order import OrderStatus, ShipmentStatus
from parsers.notice import Kind, Trust
from tests.orders.events import (
    AE,
    AE2,
    AE3,
    AZ,
    AZ2,
    TOKYO,
    assigned,
    day,
    lines,
    money,
    said,
    seen,
)
from tests.orders.list_index import ListIndex

POLICY = policy.load()
KETTLE, LAMP, CHAIR = lines("Blue kettle"), lines("Red lamp"), lines("Green chair")
RANKS = [
    ShipmentStatus.PENDING,
    ShipmentStatus.INFO_RECEIVED,
    ShipmentStatus.IN_TRANSIT,
    ShipmentStatus.OUT_FOR_DELIVERY,
    ShipmentStatus.DELIVERED,
]
ENDS = [OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.RETURNED]

numbers = st.sampled_from([AE, AE2, AE3, AE[1:], (AE, AE2)])
amazon_numbers = st.sampled_from([AZ, AZ2])
days = st.sampled_from([0, 0.25, 1, 2, 2.5, 5, 9, 14, 20, 21, 28, 35, 40, 200])
trusts = st.sampled_from(["verified", "verified", "verified", "forwarded", "unverified"])
parcels = st.sampled_from(["LP00000000000001", "A1", "B2", "RB123456785CN"])
packages = st.sampled_from(["PK1", "PK2"])
goods = st.sampled_from([KETTLE, LAMP, KETTLE + LAMP, CHAIR, ()])
amounts = st.sampled_from(["40.00 USD", "20.00 USD", "4000 JPY"]).map(money)
PARCEL = [kind.value for kind in Kind if kind.startswith("shipment.")]
CASE = [
    kind.value
    for kind in Kind
    if kind.partition(".")[0] in ("dispute", "appeal", "return", "refund", "cancel")
]
FIELDS = {
    "dispute.judged": {"judgement": ["valid", "invalid", "mixed", "unknown"]},
    "dispute.closed": {
        "outcome": ["refund_full", "no_refund", "return_refund", "withdrawn", "unknown"]
    },
    "dispute.proposal": {"sender": ["seller", "buyer"]},
    "appeal.decided": {"outcome": ["granted", "rejected"], "reason": ["return_missed", "evidence"]},
    "order.cancelled": {
        "by": ["buyer", "seller", "unknown"],
        "reason": ["unknown", "out_of_stock"],
    },
}


@st.composite
def named(draw) -> Event:
    """A mail with an order number."""
    kind = draw(
        st.sampled_from([kind.value for kind in Kind if kind.startswith("order.")] + PARCEL + CASE)
    )
    more = {name: draw(st.sampled_from(words)) for name, words in FIELDS.get(kind, {}).items()}
    if kind == "order.placed":
        more |= {
            "items": draw(goods),
            "total": draw(amounts),
            "store": draw(st.sampled_from(["Good Cables", "Other"])),
        }
    if kind in PARCEL and draw(st.booleans()):
        more["tracking"] = draw(parcels)
    if kind in PARCEL and draw(st.booleans()):
        more["packages"] = draw(packages)
    if kind == "shipment.shipped":
        more["items"] = draw(goods)
    if kind.startswith(("refund", "dispute")) and draw(st.booleans()):
        more["amount"] = draw(amounts)
    if kind.startswith("dispute") and draw(st.booleans()):
        more["cases"] = draw(st.sampled_from(["D1", "D2"]))
    if draw(st.booleans()):
        more["expected_until"] = draw(days.map(day))
    if draw(st.booleans()):
        more["thread"] = draw(st.sampled_from(["<1@x>", "<2@x>"]))
    return said(
        kind,
        draw(days),
        draw(numbers),
        trust=draw(trusts),
        copy=draw(st.sampled_from("ab")),
        **more,
    )


@st.composite
def bare(draw) -> Event:
    """A mail without an order number: parcel mail, masked mail, a message, an account matter."""
    shape = draw(st.sampled_from(["parcel", "masked", "message", "case", "account"]))
    at, trust = draw(days), draw(trusts)
    if shape == "parcel":
        refs = {"tracking": draw(parcels)} if draw(st.booleans()) else {}
        if not refs or draw(st.booleans()):
            refs["packages"] = draw(packages)
        return said(draw(st.sampled_from(PARCEL)), at, None, trust=trust, **refs)
    if shape == "masked":
        kind = draw(st.sampled_from(["appeal.decided", "refund.completed", "dispute.judged"]))
        shown = draw(st.sampled_from(["注文******", "8100****050001", "3100********"]))
        return said(kind, at, None, trust=trust, masked=shown, outcome="rejected")
    if shape == "message":
        intent = draw(st.sampled_from(["out_of_stock", "will_ship_by", "ask_close_dispute"]))
        more = (
            {"thread": draw(st.sampled_from(["<1@x>", "<3@x>"]))}
            if draw(st.booleans())
            else {"store": "Good Cables"}
        )
        return said(
            "message.received", at, None, trust=trust, intent=intent, due=day(at + 7), **more
        )
    if shape == "case":
        return said(
            "dispute.judged",
            at,
            None,
            trust=trust,
            cases=draw(st.sampled_from(["D1", "D2"])),
            judgement="valid",
        )
    return said("account.warning", at, None, trust=trust, metric="late")


@st.composite
def histories(draw) -> list[Event]:
    """A mailbox: named and bare mails, some of them assigned by the user."""
    events = draw(st.lists(st.one_of(named(), named(), bare()), min_size=1, max_size=14))
    for event in draw(st.lists(st.sampled_from(events), max_size=2)):
        answer = assigned(
            event, draw(st.sampled_from([AE, AE2, None])), at=draw(st.sampled_from([50, 51]))
        )
        events.append(answer)
    return list({event.origin: event for event in events}.values())


def all_views(events: list[Event]) -> dict[str, View]:
    index = ListIndex(events)
    return {key: view(key, index, POLICY, TOKYO) for key in index.keys}


@settings(max_examples=100, deadline=None)
@given(events=histories(), seed=st.randoms(use_true_random=False))
def test_any_order_of_arrival_ends_in_the_same_views(
    events: list[Event], seed: random.Random
) -> None:
    shuffled = list(events)
    seed.shuffle(shuffled)

    assert all_views(shuffled) == all_views(events)


@settings(max_examples=60, deadline=None)
@given(events=histories())
def test_folding_twice_is_folding_once(events: list[Event]) -> None:
    assert all_views(events + events) == all_views(events)


@settings(max_examples=100, deadline=None)
@given(events=histories(), seed=st.randoms(use_true_random=False))
def test_making_only_the_touched_views_again_is_enough(
    events: list[Event], seed: random.Random
) -> None:
    seed.shuffle(events)
    index = ListIndex()
    kept: dict[str, View] = {}
    for event in events:
        index.add(event)
        for key in affected_orders(event, index):
            kept[key] = view(key, index, POLICY, TOKYO)

    assert {key: kept.get(key) for key in index.keys} == all_views(events)


@settings(max_examples=60, deadline=None)
@given(
    events=histories(),
    cuts=st.lists(st.integers(0, 16), max_size=3),
    seed=st.randoms(use_true_random=False),
)
def test_events_that_come_together_touch_together(
    events: list[Event], cuts: list[int], seed: random.Random
) -> None:
    seed.shuffle(events)
    edges = [0, *sorted(cuts), len(events)]
    index = ListIndex()
    kept: dict[str, View] = {}
    for start, end in itertools.pairwise(edges):
        part = events[start:end]
        for event in part:
            index.add(event)
        for key in {key for event in part for key in affected_orders(event, index, among=part)}:
            kept[key] = view(key, index, POLICY, TOKYO)

    assert {key: kept.get(key) for key in index.keys} == all_views(events)


class KeepingIndex(ListIndex):
    """An index that goes on looking among mails that have a home."""

    def _forget(self, event: Event) -> None:
        del event


@settings(max_examples=60, deadline=None)
@given(events=histories())
def test_an_event_with_a_home_need_not_stay_among_the_unmatched(events: list[Event]) -> None:
    index = KeepingIndex(events)

    assert all_views(events) == {key: view(key, index, POLICY, TOKYO) for key in index.keys}


@settings(max_examples=60, deadline=None)
@given(events=histories(), late=named())
def test_more_mail_of_the_past_never_reopens_what_has_ended(
    events: list[Event], late: Event
) -> None:
    late = dataclasses.replace(late, at=day(-300), origin="mail:late#0", tracking=(), packages=())
    excuses = (
        Kind.ORDER_CANCELLED,
        Kind.SHIPMENT_DELIVERED,
        Kind.ORDER_COMPLETED,
    )  # "is closed" after these is no end
    before = all_views(events)
    after = all_views([*events, late])
    for key, found in before.items():
        if key_parts(key)[2] not in (AE, AE2, AE3):
            continue
        if found.order.status in ENDS and late.kind not in excuses:
            assert after[key].order.status in ENDS
        for one, other in zip(found.order.shipments, after[key].order.shipments, strict=False):
            if one.id == other.id and one.status in RANKS and other.status in RANKS:
                assert RANKS.index(other.status) >= RANKS.index(one.status)


@settings(max_examples=60, deadline=None)
@given(events=histories())
def test_mail_that_is_not_sure_never_closes(events: list[Event]) -> None:
    weak = [
        dataclasses.replace(event, trust=Trust.UNVERIFIED)
        for event in events
        if event.assigns is None
    ]
    for found in all_views(weak).values():
        assert found.order.status not in (*ENDS, OrderStatus.DELIVERED)
        assert [one.id for one in found.watches if one.met_by is not None] == []
        assert [one.id for one in found.order.cases if one.closed_at is not None] == []
        assert all(one.inferred for one in found.findings)


@settings(deadline=None)
@given(events=histories(), now=days.map(day))
def test_what_is_believed_is_what_it_is_without_all_other_mail(events: list[Event], now) -> None:
    for key, found in all_views([event for event in events if is_believed(event)]).items():
        whole = view(key, ListIndex(events), POLICY, TOKYO)
        beside = [one for one in describe(whole, now) if one.believed]

        assert whole.believed == found.order
        assert [dataclasses.replace(one, uncounted={}) for one in beside] == list(
            describe(found, now)
        )


@settings(deadline=None)
@given(events=histories())
def test_findings_and_watches_have_a_name_each(events: list[Event]) -> None:
    for found in all_views(events).values():
        names = [one.id for one in (*found.findings, *found.watches)]
        assert len(names) == len(set(names))


@settings(max_examples=60, deadline=None)
@given(events=histories())
def test_a_forwarded_twin_of_a_verified_mail_changes_nothing(events: list[Event]) -> None:
    plain = [
        dataclasses.replace(event, trust=Trust.VERIFIED)
        for event in events
        if event.assigns is None
    ]
    plain = [event for event in plain if event.order_numbers]
    twins = [
        dataclasses.replace(event, trust=Trust.FORWARDED, origin=f"{event.origin}-twin")
        for event in plain
    ]
    for key, found in all_views(plain).items():
        again = view(key, ListIndex([*plain, *twins]), POLICY, TOKYO)

        assert (again.order, again.findings, again.watches) == (
            found.order,
            found.findings,
            found.watches,
        )


@pytest.mark.parametrize("number", [AE, AE2])
def test_the_answer_moves_a_mail_whole(number: str) -> None:
    masked = said("appeal.decided", 30, None, masked="注文******", outcome="rejected")
    closed = [said("dispute.closed", 20, one, outcome="no_refund") for one in (AE, AE2)]
    matches = seen(*closed, masked, assigned(masked, number), number=number).matches

    assert [one.keys for one in matches if one.event == masked] == [(f"aliexpress:buyer:{number}",)]
