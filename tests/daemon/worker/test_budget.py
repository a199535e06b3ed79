"""A sender of bombs has little left for the rest of the day, and nobody else has less for it."""

import pytest

from daemon.worker.budget import (
    DAY_CPU,
    DAY_SECONDS,
    MAIL_CPU,
    ORDINARY_CPU,
    SENDERS,
    SenderBudgets,
)

BOMBER, SHOP = "bomb@example.org", "shop@example.org"


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def budgets(now):
    return SenderBudgets(lambda: now[0])


def test_a_sender_of_bombs_is_held_to_what_an_ordinary_mail_needs(budgets):
    mails = 0
    while budgets.left(BOMBER) == MAIL_CPU:
        budgets.spend(BOMBER, MAIL_CPU)
        mails += 1

    assert mails <= DAY_CPU / (MAIL_CPU - ORDINARY_CPU) + 1
    assert budgets.left(BOMBER) == ORDINARY_CPU
    assert budgets.left(SHOP) == MAIL_CPU


def test_ten_thousand_ordinary_mails_count_for_nothing(budgets):
    for _ in range(10_000):
        budgets.spend(SHOP, ORDINARY_CPU)

    assert budgets.left(SHOP) == MAIL_CPU


def test_the_next_day_is_a_new_one(budgets, now):
    budgets.spend(BOMBER, 2 * DAY_CPU)
    now[0] = DAY_SECONDS - 1
    assert budgets.left(BOMBER) == ORDINARY_CPU
    now[0] = DAY_SECONDS + 1
    assert budgets.left(BOMBER) == MAIL_CPU


def test_names_without_end_take_no_memory_and_free_nobody_who_goes_on(budgets):
    budgets.spend(BOMBER, 2 * DAY_CPU)
    for number in range(3 * SENDERS):
        budgets.spend(f"{number}@example.org", 1.0)
        if number % 100 == 0:
            budgets.spend(BOMBER, 1.0)

    assert len(budgets._used) == SENDERS
    assert budgets.left(BOMBER) == ORDINARY_CPU
