from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.subject import FactType
from parsers.notice import Money
from rules.fields import ABOUTS, FIELDS
from rules.matchers import compile_when

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def holds(tree, facts, about="watch", now=NOW):
    matcher, slips = compile_when(about, tree)
    assert slips == ()
    return matcher.holds(facts, now)


def slips(tree, about="watch"):
    return [(slip.path, slip.what) for slip in compile_when(about, tree)[1]]


@pytest.mark.parametrize(
    ("tree", "facts", "expected"),
    [
        # yes/no
        ({"order.shipped": True}, {"order.shipped": True}, True),
        ({"order.shipped": True}, {"order.shipped": False}, False),
        ({"order.shipped": False}, {"order.shipped": False}, True),
        ({"order.shipped": False}, {}, False),
        # choice
        ({"watch.kind": "appeal"}, {"watch.kind": "appeal"}, True),
        ({"watch.kind": ["appeal", "pay"]}, {"watch.kind": "pay"}, True),
        ({"watch.kind": ["appeal", "pay"]}, {"watch.kind": "pickup"}, False),
        ({"watch.kind": {"not": "appeal"}}, {"watch.kind": "pay"}, True),
        ({"watch.kind": {"not": ["appeal", "pay"]}}, {"watch.kind": "pay"}, False),
        ({"watch.kind": {"not": "appeal"}}, {}, False),
        ({"watch.kind": {"exists": False}}, {}, True),
        # text, NFKC and without case
        ({"order.store": "good cables"}, {"order.store": "Ｇood  CABLES"}, True),
        ({"order.store": ["a", "b"]}, {"order.store": "B"}, True),
        ({"order.store": {"contains": "cable"}}, {"order.store": "Good CABLES Store"}, True),
        ({"order.store": {"contains": ["hat", "cable"]}}, {"order.store": "Cable"}, True),
        ({"order.store": {"contains": "ｶﾅ"}}, {"order.store": "カナ堂"}, True),
        ({"order.store": {"exists": True}}, {}, False),
        ({"order.store": 8100}, {"order.store": "8100"}, True),
        # number
        ({"watch.number": 2}, {"watch.number": Decimal(2)}, True),
        ({"watch.number": {"at_least": 2}}, {"watch.number": Decimal(2)}, True),
        ({"watch.number": {"at_least": 2}}, {"watch.number": Decimal("1.9")}, False),
        ({"watch.number": {"below": 2}}, {"watch.number": Decimal(2)}, False),
        ({"watch.number": {"at_least": 2, "below": 4}}, {"watch.number": Decimal(3)}, True),
        ({"watch.number": {"at_least": 0}}, {}, False),
        # money, in one currency only
        (
            {"order.amount": {"at_least": "3000 JPY"}},
            {"order.amount": Money(value=Decimal(3000), currency="JPY")},
            True,
        ),
        (
            {"order.amount": {"at_least": "3000 JPY"}},
            {"order.amount": Money(value=Decimal(9999), currency="USD")},
            False,
        ),
        (
            {"order.amount": {"below": "19.90 EUR"}},
            {"order.amount": Money(value=Decimal("19.89"), currency="EUR")},
            True,
        ),
        (
            {"order.amount": "5 USD"},
            {"order.amount": Money(value=Decimal("5.00"), currency="USD")},
            True,
        ),
        # joined
        (
            {"all": [{"order.shipped": True}, {"watch.kind": "pay"}]},
            {"order.shipped": True, "watch.kind": "pay"},
            True,
        ),
        (
            {"any": [{"order.shipped": True}, {"watch.kind": "pay"}]},
            {"order.shipped": False, "watch.kind": "pay"},
            True,
        ),
        (
            {"any": [{"order.shipped": True}, {"watch.kind": "pay"}]},
            {"order.shipped": False},
            False,
        ),
        ({"not": {"order.shipped": True}}, {}, True),
        ({"not": {"order.shipped": True, "watch.kind": "pay"}}, {"order.shipped": True}, True),
        (
            {"not": {"order.shipped": True, "watch.kind": "pay"}},
            {"order.shipped": True, "watch.kind": "pay"},
            False,
        ),
    ],
)
def test_a_test_holds_or_does_not(tree, facts, expected):
    assert holds(tree, facts) is expected


@pytest.mark.parametrize(
    ("test", "distance", "expected"),
    [
        ({"within": "48h"}, 48 * HOUR, True),
        ({"within": "48h"}, 48 * HOUR + timedelta(seconds=1), False),
        ({"within": "48h"}, timedelta(seconds=1), True),
        ({"within": "48h"}, timedelta(0), False),
        ({"older_than": "5d"}, -5 * DAY, True),
        ({"older_than": "5d"}, -5 * DAY + timedelta(seconds=1), False),
        ({"older_than": "0m"}, timedelta(0), True),
        ({"newer_than": "5d"}, -5 * DAY, False),
        ({"newer_than": "5d"}, -5 * DAY + timedelta(seconds=1), True),
        ({"newer_than": "5d"}, timedelta(seconds=1), False),
        ({"older_than": "1d", "newer_than": "5d"}, -2 * DAY, True),
        ({"older_than": "1d", "newer_than": "5d"}, -HOUR, False),
    ],
)
def test_a_time_is_measured_from_now(test, distance, expected):
    assert holds({"watch.due_at": test}, {"watch.due_at": NOW + distance}) is expected


def test_a_time_can_be_after_another_one():
    tree = {"order.shipped_at": {"after": "order.cancelled_at"}}

    assert holds(tree, {"order.shipped_at": NOW, "order.cancelled_at": NOW - HOUR})
    assert not holds(tree, {"order.shipped_at": NOW - HOUR, "order.cancelled_at": NOW})
    assert not holds(tree, {"order.shipped_at": NOW})


def test_a_missed_watch_is_asked_at_the_instant_of_judging_not_as_described():
    facts = {
        "watch.open": True,
        "watch.state": "open",
        "watch.due_at": NOW + HOUR,
        "watch.missed": False,
    }
    matcher, _ = compile_when("watch", {"watch.missed": True})

    assert not matcher.holds(facts, NOW)
    assert matcher.flips_at(facts, NOW) == NOW + HOUR
    assert matcher.holds(facts, NOW + HOUR)


@pytest.mark.parametrize(
    ("tree", "facts", "expected"),
    [
        ({"watch.due_at": {"within": "2h"}}, {"watch.due_at": NOW + 5 * HOUR}, NOW + 3 * HOUR),
        ({"watch.due_at": {"within": "2h"}}, {"watch.due_at": NOW + HOUR}, NOW + HOUR),
        ({"watch.due_at": {"within": "2h"}}, {"watch.due_at": NOW - HOUR}, None),
        ({"watch.due_at": {"older_than": "2h"}}, {"watch.due_at": NOW}, NOW + 2 * HOUR),
        ({"watch.due_at": {"newer_than": "2h"}}, {"watch.due_at": NOW - HOUR}, NOW + HOUR),
        ({"watch.due_at": {"within": "2h"}}, {}, None),
        # another test that cannot change keeps it from flipping
        (
            {"watch.kind": "pay", "watch.due_at": {"within": "2h"}},
            {"watch.due_at": NOW + 5 * HOUR},
            None,
        ),
        # in an any, one that holds anyway hides the others
        (
            {"any": [{"watch.kind": "pay"}, {"watch.due_at": {"within": "2h"}}]},
            {"watch.kind": "pay", "watch.due_at": NOW + 5 * HOUR},
            None,
        ),
        ({"not": {"watch.due_at": {"older_than": "2h"}}}, {"watch.due_at": NOW}, NOW + 2 * HOUR),
    ],
)
def test_a_rule_knows_when_it_can_next_flip(tree, facts, expected):
    matcher, _ = compile_when("watch", tree)

    assert matcher.flips_at(facts, NOW) == expected


spans = st.sampled_from(["0m", "30m", "2h", "1d", "3d"])
tests = st.builds(
    lambda name, operator, span: {name: {operator: span}},
    st.sampled_from(["watch.due_at", "watch.opened_at", "order.ordered_at"]),
    st.sampled_from(["within", "older_than", "newer_than"]),
    spans,
)
trees = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(lambda one: {"not": one}, inner),
        st.builds(lambda many: {"any": many}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda many: {"all": many}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=5,
)
instants = st.builds(lambda hours: NOW + hours * HOUR / 2, st.integers(-200, 200))
tables = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("watch.due_at", "watch.opened_at", "order.ordered_at"), instants)
)


@given(tree=trees, facts=tables, minutes=st.integers(1, 20_000))
@settings(max_examples=100)
def test_nothing_changes_before_the_announced_flip_and_it_changes_there(tree, facts, minutes):
    matcher, _ = compile_when("watch", tree)
    flip = matcher.flips_at(facts, NOW)
    later = NOW + timedelta(minutes=minutes)
    now = matcher.holds(facts, NOW)

    if flip is None or later < flip:
        assert matcher.holds(facts, later) is now
    if flip is not None:
        assert matcher.holds(facts, flip) is not now


@pytest.mark.parametrize(
    ("tree", "path", "what"),
    [
        (
            {"watch.knd": "pay"},
            ("watch.knd",),
            "unknown fact 'watch.knd'; did you mean 'watch.kind'?",
        ),
        (
            {"dispute.open": True},
            ("dispute.open",),
            (
                "'dispute.open' is no fact of a rule about watch; write `about: dispute` or test"
                " another fact"
            ),
        ),
        (
            {"watch.kind": "apeal"},
            ("watch.kind",),
            "'apeal' is not one of the 42 known; did you mean 'appeal'?",
        ),
        (
            {"order.role": ["buyer", "sellr"]},
            ("order.role", 1),
            "'sellr' is not one of buyer, seller; did you mean 'seller'?",
        ),
        ({"order.role": []}, ("order.role",), "an empty list lets nothing through"),
        (
            {"order.shipped": "yes"},
            ("order.shipped",),
            "order.shipped is yes or no; write true or false",
        ),
        (
            {"watch.due_at": {"within": "3 fortnights"}},
            ("watch.due_at", "within"),
            "expected a duration such as 30m, 48h, 3d or 1d12h",
        ),
        (
            {"watch.due_at": {"witin": "3d"}},
            ("watch.due_at", "witin"),
            "unknown test 'witin'; did you mean 'within'?",
        ),
        (
            {"watch.due_at": "2026-03-02"},
            ("watch.due_at",),
            "watch.due_at is a time; write {within: 48h}, {older_than: 5d} or {exists: true}",
        ),
        (
            {"order.amount": {"at_least": 3000}},
            ("order.amount", "at_least"),
            "expected an amount with its currency, such as 3000 JPY or 19.90 EUR",
        ),
        (
            {"order.amount": {"at_least": "3000 JPYN"}},
            ("order.amount", "at_least"),
            "'JPYN' is no currency; write a code such as JPY or EUR; did you mean 'JPY'?",
        ),
        ({"watch.number": {"at_least": "two"}}, ("watch.number", "at_least"), "expected a number"),
        (
            {"watch.due_at": {"exists": "maybe"}},
            ("watch.due_at", "exists"),
            "exists: is true or false",
        ),
        (
            {"order.shipped_at": {"after": "order.store"}},
            ("order.shipped_at", "after"),
            "after: needs another time of this rule, not 'order.store'",
        ),
        ({"any": []}, ("any",), "any: needs a list of tests"),
        ({"not": {}}, ("not",), "expected tests such as {order.shipped: false}; one line a fact"),
        ({}, (), "expected tests such as {order.shipped: false}; one line a fact"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_a_suggestion(tree, path, what):
    found_path, found = slips(tree)[0]

    assert found_path == path
    assert found.startswith(what)


@pytest.mark.parametrize(
    "tree",
    [
        {"watch.due_at": {"within": "3d", "older_than": "2d"}},
        {"watch.due_at": {"older_than": "3d", "newer_than": "2d"}},
        {"watch.due_at": {"within": "0m"}},
        {"watch.due_at": {"exists": False, "within": "2d"}},
        {"watch.number": {"at_least": 3, "below": 3}},
        {"order.amount": {"at_least": "3 JPY", "below": "5 USD"}},
        {"all": [{"watch.kind": "pay"}, {"watch.kind": "appeal"}]},
        {"order.shipped": True, "all": [{"order.shipped": False}]},
        {"watch.due_at": {"within": "3d"}, "any": [{"watch.due_at": {"older_than": "1d"}}]},
        {
            "any": [
                {"order.shipped": True},
                {"watch.kind": "pay", "all": [{"watch.kind": {"not": "pay"}}]},
            ]
        },
    ],
)
def test_tests_that_exclude_each_other_are_a_fault(tree):
    ((_, what),) = slips(tree)

    assert "can never hold at once" in what


@pytest.mark.parametrize(
    "tree",
    [
        {"watch.due_at": {"older_than": "1d", "newer_than": "3d"}},
        {"watch.number": {"at_least": 3, "below": 4}},
        {"any": [{"watch.kind": "pay"}, {"watch.kind": "appeal"}]},
        {"order.shipped": True, "not": {"order.shipped": False}},
        {"all": [{"watch.kind": ["pay", "appeal"]}, {"watch.kind": ["appeal", "pickup"]}]},
    ],
)
def test_tests_that_can_hold_together_are_none(tree):
    assert slips(tree) == []


def test_nesting_has_an_end():
    tree = {"order.shipped": True}
    for _ in range(12):
        tree = {"not": tree}

    assert "nested deeper" in slips(tree)[0][1]


def test_every_fact_can_be_tested_in_the_way_of_its_type():
    samples = {
        FactType.FLAG: True,
        FactType.TEXT: {"contains": "x"},
        FactType.NUMBER: {"at_least": 1},
        FactType.MONEY: {"at_least": "1 JPY"},
        FactType.TIME: {"within": "1d"},
    }
    for about, names in ABOUTS.items():
        for name in names:
            spec = FIELDS[name]
            sample = spec.choices[0] if spec.type is FactType.CHOICE else samples[spec.type]
            assert slips({name: sample}, about) == []
