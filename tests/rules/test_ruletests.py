from textwrap import dedent

import pytest

from parsers.user_yaml import UserFileError, parse
from rules import ruletests
from rules.rulebook import shipped
from tests.rules.alert_life import book

RULES = book("""\
    - id: rich-and-late
      about: order
      when:
        order.amount: {at_least: 3000 JPY}
        order.ship_by: {older_than: 0m}
        order.shipped: false
      severity: warning
      title: x
    """)


def failures(text):
    return [
        str(one)
        for one in ruletests.run(ruletests.trials(parse(dedent(text), "tests.yaml")), RULES)
    ]


def test_a_test_fires_now_and_is_silent_later_or_otherwise():
    text = """\
    now: 2026-11-23T09:00:00+09:00
    tests:
      - name: rich and late
        about: order
        facts: {order.amount: 3000 JPY, order.ship_by: +1h}
        fires: []
        later:
          +59m: []
          +1h: [rich-and-late]
      - name: late now
        about: order
        facts: {order.amount: 5000 JPY, order.ship_by: now}
        fires: [rich-and-late]
        unless:
          - {order.shipped: true}
          - {order.amount: 2999 JPY}
          - {order.amount: null}
          - {order.ship_by: +1m}
    """

    assert failures(text) == []


def test_a_failure_says_where_when_and_what_was_expected():
    text = """\
    tests:
      - name: wrong on purpose
        about: order
        facts: {order.amount: 3000 JPY, order.ship_by: -1h}
        fires: []
        later: {+2d: [other]}
      - name: not silent enough
        about: order
        facts: {order.amount: 3000 JPY, order.ship_by: -1h}
        fires: [rich-and-late]
        unless: [{order.shipped: false}]
    """

    assert failures(text) == [
        "FAIL tests.yaml:2 'wrong on purpose' at +0m: expected [], fired ['rich-and-late']",
        "FAIL tests.yaml:2 'wrong on purpose' at +2d: expected ['other'], fired ['rich-and-late']",
        (
            "FAIL tests.yaml:7 'not silent enough' at unless order.shipped: false: expected [],"
            " fired ['rich-and-late']"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "tests.yaml:1:1: the file is empty"),
        ("test: []\n", "tests.yaml:1:1: unknown key 'test'; did you mean 'tests'?"),
        ("tests:\n  - {name: x, about: orders, facts: {}, fires: []}\n", "did you mean 'order'?"),
        (
            "tests:\n  - {name: x, about: order, facts: {order.amont: 3 JPY}, fires: []}\n",
            "tests.yaml:2:37: unknown fact 'order.amont'; did you mean 'order.amount'?",
        ),
        (
            "tests:\n  - {name: x, about: order, facts: {order.amount: 3}, fires: []}\n",
            "tests.yaml:2:51: expected an amount with its currency",
        ),
        (
            "tests:\n  - {name: x, about: order, facts: {order.role: byer}, fires: []}\n",
            "'byer' is not one of buyer, seller; did you mean 'buyer'?",
        ),
        (
            "tests:\n  - {name: x, about: order, facts: {order.role: [buyer]}, fires: []}\n",
            "expected one choice",
        ),
        (
            "tests:\n  - {name: x, about: order, facts: {order.ship_by: soon}, fires: []}\n",
            "expected a time such as +2d, -3h, now or 2026-11-23T09:00:00+09:00",
        ),
        (
            "tests:\n  - {name: x, about: order, facts: {}, fires: [], later: {+soon: []}}\n",
            "tests.yaml:2:59: expected a duration",
        ),
        ("now: noon\ntests: []\n", "tests.yaml:1:6: expected a time such as"),
    ],
)
def test_a_mistake_in_a_test_file_is_pointed_at(text, fault):
    with pytest.raises(UserFileError) as caught:
        ruletests.trials(parse(text, "tests.yaml"))

    assert fault in str(caught.value)


def test_rules_whose_tests_fail_are_told_as_faults(tmp_path):
    path = tmp_path / "rules.tests.yaml"
    path.write_text("tests:\n  - {name: wrong, about: order, facts: {}, fires: [rich-and-late]}\n")

    with pytest.raises(UserFileError) as caught:
        ruletests.verify(path, RULES)

    assert (
        str(caught.value)
        == f"{path}:2:1: test 'wrong' at +0m: expected ['rich-and-late'], fired []"
    )


def test_a_file_may_name_the_rules_it_is_for(tmp_path):
    path = tmp_path / "mine.tests.yaml"
    path.write_text("rules: mine.yaml\ntests: []\n")

    assert ruletests.load(path).rules == tmp_path / "mine.yaml"


def test_a_plain_test_runs_against_the_shipped_rules():
    text = """\
    tests:
      - name: a proposal waits
        about: watch
        facts: {watch.kind: proposal_answer, watch.open: true, watch.due_at: +1d}
        fires: [proposal-needs-answer]
    """

    assert ruletests.run(ruletests.trials(parse(dedent(text), "tests.yaml")), shipped()) == ()
