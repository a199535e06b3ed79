from datetime import UTC, datetime, timedelta

import pytest

from daemon.push import next_try

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tries", "critical", "seconds"),
    [
        (1, True, 10),
        (2, True, 60),
        (3, False, 300),
        (4, True, 900),
        (5, False, 3600),
        (6, True, 3600),
        (6, False, 21600),
    ],
)
def test_a_failed_try_is_followed_by_another_ever_later(tries, critical, seconds):
    assert next_try(tries, NOW, critical) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("critical", [True, False])
def test_the_last_try_is_within_seven_days_and_close_to_them(critical):
    at, tries = NOW, 0
    while later := next_try(tries + 1, at, critical):
        at, tries = later, tries + 1

    assert timedelta(days=6, hours=17) < at - NOW <= timedelta(days=7)


def test_many_messages_do_not_come_back_in_one_instant():
    busy = NOW.replace(microsecond=500_000)

    assert next_try(2, busy, critical=True) == busy + timedelta(seconds=63)
