"""`stake` and `stores` over a ledger, and their lines in alerts and in `order`."""

import pytest

from daemon.cli.exits import Exit
from tests.daemon.cli.household import CONFIG, Household
from tests.servers import sample_mail

ORDER = "8100000000000001"


@pytest.fixture
def disputed(household):
    household.take(sample_mail.judged(ORDER, at=household.now))
    return household


def placed(household, number, amount="500 JPY"):
    told = household.call("note", number, "order.placed", "--amount", amount)
    assert told.exit_code == Exit.DONE, told.output


def test_what_is_at_stake_is_listed_with_its_sums(disputed):
    placed(disputed, ORDER, "26.12 USD")
    [row] = disputed.rows("stake")
    shown = disputed.call("stake")

    assert (row["order"], row["amount"], row["small"]) == (ORDER, "26.12 USD", False)
    assert "in all 26.12 USD" in shown.stdout


def test_rates_make_one_sum_and_worth_it_marks_what_is_small(tmp_path):
    more = "worth_it: 5000 JPY\nrates: {USD: 155 JPY}\n"
    household = Household(tmp_path, CONFIG + more)
    household.take(sample_mail.judged(ORDER, at=household.now))
    placed(household, ORDER, "26.12 USD")

    assert household.rows("stake")[0]["small"] is True
    assert "in all 26.12 USD\ntogether 4048.60 JPY by your rates" in household.call("stake").stdout


def test_an_order_says_what_is_at_stake(disputed):
    placed(disputed, ORDER, "26.12 USD")

    assert "  at stake 26.12 USD" in disputed.call("order", ORDER).stdout


def test_an_unknown_store_is_one_sentence(household):
    answer = household.call("stores", "Nobody")

    assert answer.exit_code == Exit.ERROR
    assert answer.stderr == (
        "no order in the ledger is from a store 'Nobody'; orderbell stores lists all\n"
    )


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("worth_it: 500", "names no currency"),
        ("worth_it: -1 JPY", "is no amount"),
        ("rates: {USD: 155}", "names no currency"),
        ("rates: {US: 155 JPY}", "is no currency"),
    ],
)
def test_a_wrong_amount_is_a_fault_with_its_place(household, line, fault):
    household.paths.config.write_text(CONFIG + line + "\n")
    answer = household.call("config", "check")

    assert answer.exit_code == Exit.CONFIGURATION
    assert fault in answer.stderr
    assert "config.yaml:" in answer.stderr
