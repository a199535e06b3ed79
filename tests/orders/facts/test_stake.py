"""What doing nothing costs: which matters count, what they are worth, and in which order to look."""

import pytest

from orders.facts.stake import Worth, ranked, stakes, totals, worst_stake
from tests.orders.events import AE, AE2, AZ, day, money, said, seen

PLACED = said("order.placed", 0, total=money("46.80 USD"))
SHIPPED = said("shipment.shipped", 2, tracking="A1")
DELIVERED = said("shipment.delivered", 10, tracking="A1")
OPENED = said("dispute.opened", 12, amount=money("40.00 USD"), cases="D1")
INVALID = said("dispute.judged", 20, judgement="invalid", cases="D1")


def found(now, *events):
    return {stake.kind: stake for stake in stakes(seen(*events), day(now))}


@pytest.mark.parametrize(
    ("now", "events", "kind", "amount"),
    [
        (21, [PLACED, SHIPPED, DELIVERED, OPENED, INVALID], "appeal", "40.00 USD"),
        (13, [PLACED, SHIPPED, DELIVERED, OPENED], "dispute", "40.00 USD"),
        (13, [PLACED, SHIPPED, DELIVERED, said("dispute.opened", 12)], "dispute", "46.80 USD"),
        (60, [said("order.placed", 0, total=money("5.00 EUR"))], "not_shipped", "5.00 EUR"),
    ],
)
def test_an_open_matter_is_worth_what_it_is_about(now, events, kind, amount):
    assert found(now, *events)[kind].amount == money(amount)


def test_what_was_paid_back_is_at_stake_no_more():
    back = said("refund.completed", 14, amount=money("30.00 USD"))
    whole = said("refund.completed", 14, amount=money("46.80 USD"))

    part = found(15, PLACED, SHIPPED, DELIVERED, said("dispute.opened", 12), back)
    assert part["dispute"].amount == money("16.80 USD")
    assert worst_stake(stakes(seen(PLACED, whole), day(60)), day(60)) is None


def test_rights_that_run_out_cost_nothing_while_all_is_well():
    assert stakes(seen(PLACED, SHIPPED, DELIVERED), day(11)) == ()


def test_a_silence_counts_from_when_it_is_overdue():
    assert stakes(seen(PLACED), day(1)) == ()
    assert stakes(seen(PLACED), day(90)) != ()


def test_matters_of_one_order_are_the_same_money():
    view = seen(PLACED, SHIPPED, DELIVERED, OPENED, INVALID)

    assert len(stakes(view, day(21))) > 1
    assert totals([worst_stake(stakes(view, day(21)), day(21))]) == (money("40.00 USD"),)


def test_a_deadline_that_can_still_be_met_is_told_before_one_that_is_over():
    late = seen(PLACED, said("dispute.opened", 12, cases="D1"), INVALID)
    worst = worst_stake(stakes(late, day(21)), day(21))

    assert any(one.due_at and one.due_at <= day(21) for one in stakes(late, day(21)))
    assert worst.mine
    assert worst.due_at > day(21)


def test_the_rest_of_a_short_refund_is_at_stake_without_a_date():
    judged = said("dispute.judged", 20, judgement="valid", amount=money("40.00 USD"), cases="D1")
    short = said("refund.completed", 25, amount=money("30.00 USD"), cases="D1")
    owed = found(26, PLACED, SHIPPED, DELIVERED, OPENED, judged, short)["refund_short"]

    assert (owed.amount, owed.due_at, owed.mine) == (money("10.00 USD"), None, True)


def test_a_cancelled_order_that_moves_is_at_stake_until_it_is_paid_back():
    gone = said("order.cancelled", 1)
    moving = found(3, PLACED, gone, SHIPPED)
    back = said("refund.completed", 4, amount=money("46.80 USD"))

    assert moving["cancelled_order_moving"].amount == money("46.80 USD")
    assert found(5, PLACED, gone, SHIPPED, back)["cancelled_order_moving"].amount is None


def test_sums_of_different_currencies_are_never_added():
    yen = seen(said("order.placed", 0, AZ, total=money("3980 JPY"), ship_by=day(3)), number=AZ)
    usd = seen(said("order.placed", 0, AE2, total=money("5.00 USD")), number=AE2)
    worst = [worst_stake(stakes(view, day(90)), day(90)) for view in (yen, usd, seen(PLACED))]

    assert totals(stake for stake in worst if stake) == (money("3980 JPY"), money("51.80 USD"))


def test_the_nearest_deadline_comes_first_and_then_the_larger_sum():
    view = seen(PLACED, SHIPPED, DELIVERED, OPENED, INVALID)
    order = ranked(stakes(view, day(21)))

    assert [stake.due_at is None for stake in order] == sorted(s.due_at is None for s in order)
    dated = [stake.due_at for stake in order if stake.due_at]
    assert dated == sorted(dated)
    assert {stake.order for stake in order} == {f"aliexpress:buyer:{AE}"}


@pytest.mark.parametrize(
    ("amount", "limit", "rates", "small"),
    [
        ("293 JPY", "500 JPY", {}, True),
        ("500 JPY", "500 JPY", {}, False),
        ("1.80 USD", "500 JPY", {}, False),
        ("1.80 USD", "500 JPY", {"USD": "155 JPY"}, True),
        ("4.00 USD", "500 JPY", {"USD": "155 JPY"}, False),
        ("293 JPY", "5 USD", {"USD": "155 JPY"}, True),
        (None, "500 JPY", {}, False),
        ("1 JPY", None, {}, False),
    ],
)
def test_an_amount_is_small_only_where_it_can_be_compared(amount, limit, rates, small):
    worth = Worth(
        limit=limit and money(limit), rates={code: money(text) for code, text in rates.items()}
    )

    assert worth.is_small(amount and money(amount)) is small


def test_currencies_become_one_sum_only_by_rates_the_user_gave():
    sums = [money("1000 JPY"), money("10.00 USD")]

    assert Worth().together(sums) is None
    assert Worth(rates={"EUR": money("165 JPY")}).together(sums) is None
    assert Worth(rates={"USD": money("155 JPY")}).together(sums) == money("2550.00 JPY")
