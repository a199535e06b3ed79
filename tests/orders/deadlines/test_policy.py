"""The policy table: shipped rows, changes by the user, business days."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from orders.deadlines import policy, workdays
from orders.facts.describe import WATCH_KINDS
from orders.order import Actor
from parsers.notice import Kind, Role
from parsers.user_yaml import UserFileError
from tests.orders.events import day, said, seen, watch

AT = datetime(2026, 3, 2, tzinfo=UTC)


def test_every_kind_of_watch_has_a_row_and_every_row_is_justified() -> None:
    rows = policy.shipped().rows

    assert {row.kind for row in rows} == set(WATCH_KINDS)
    assert [row.key for row in rows if not row.source or not row.grade] == []
    assert [row.key for row in rows if row.key.startswith("W") and row.actor is Actor.ME] == [
        "W15",
        "W16",
    ]


def test_every_kind_a_row_names_exists() -> None:
    named = [
        policy.pattern(text)
        for row in policy.shipped().rows
        for text in (*row.trigger, *row.meets, *row.voids)
    ]

    assert [one for one in named if one.kind not in set(Kind)] == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("dispute.cloosed", "unknown kind 'dispute.cloosed'; did you mean 'dispute.closed'?"),
        ("dispute.closed[outcom=x]", "unknown field 'outcom'; did you mean 'outcome'?"),
        (
            "dispute closed",
            "'dispute closed' is no kind with a test, such as dispute.closed[outcome=no_refund]",
        ),
    ],
)
def test_a_wrong_pattern_is_named(text, what) -> None:
    with pytest.raises(ValueError, match=r".+") as error:
        policy.pattern(text)

    assert str(error.value) == what


@pytest.mark.parametrize(
    ("text", "fields", "tracking", "fits"),
    [
        ("return.shipped", {}, False, True),
        ("return.shipped[tracking]", {}, False, False),
        ("return.shipped[tracking]", {}, True, True),
        ("return.shipped[amount]", {}, True, False),
        ("return.shipped[reason=a|b]", {"reason": "b"}, False, True),
        ("return.shipped[reason!=a|b]", {"reason": "b"}, False, False),
        ("return.shipped[reason!=a|b]", {}, False, True),
    ],
)
def test_a_pattern_tests_one_field(text, fields, tracking, fits) -> None:
    assert policy.pattern(text).fits(Kind.RETURN_SHIPPED, fields, tracking=tracking) is fits


def test_a_user_changes_rows_by_key() -> None:
    changed = policy.load({"D-AE-13": {"days": 5}, "W7/long": {"enabled": False}})
    rows = changed.rows_for("aliexpress", Role.BUYER, None, AT)

    assert {row.days for row in rows if row.key == "D-AE-13"} == {5}
    assert [row.step for row in rows if row.key == "W7"] == ["seller", "platform"]


def test_all_mistakes_of_a_change_are_told_at_once() -> None:
    wrong = {"D-AE-133": {"days": 5}, "W1": {"dayz": 3}, "W2": {"days": "soon"}, "W3": 4}

    assert policy.check_overrides(wrong) == (
        (("D-AE-133",), "no deadline or silence 'D-AE-133'; did you mean 'D-AE-13'?"),
        (
            ("W1", "dayz"),
            (
                "'dayz' cannot be changed here; days, hours, count, enabled, holidays can; did you"
                " mean 'days'?"
            ),
        ),
        (("W2", "days"), "expected a whole number, not 'soon'"),
        (("W3",), "expected changes such as {days: 5}"),
    )
    with pytest.raises(UserFileError) as error:
        policy.load(wrong)
    assert len(error.value.faults) == 4


def test_the_own_country_and_the_newest_row_in_force_come_first() -> None:
    def days(region: str | None, at: datetime) -> list[tuple[int | None, str]]:
        rows = policy.shipped().rows_for("amazon", Role.SELLER, region, at)
        return [(row.days, row.count) for row in rows if row.key == "D-AS-06"]

    assert days("US", AT) == [(4, "calendar")]
    assert days("US", datetime(2026, 1, 25, tzinfo=UTC)) == [(2, "business")]
    assert days("JP", AT) == [(2, "business")]
    assert days(None, AT) == [(2, "business")]


@pytest.mark.parametrize(
    ("country", "start", "days", "end"),
    [
        ("CN", date(2026, 2, 12), 7, date(2026, 3, 3)),  # Spring Festival, 16 to 23 February
        ("JP", date(2026, 4, 28), 2, date(2026, 5, 1)),  # Showa Day
        ("JP", date(2026, 5, 1), 1, date(2026, 5, 7)),  # Golden Week
        ("US", date(2026, 7, 2), 1, date(2026, 7, 6)),  # Independence Day, observed on Friday
        ("US", date(2026, 11, 25), 1, date(2026, 11, 27)),  # Thanksgiving
        ("", date(2026, 3, 6), 1, date(2026, 3, 9)),
        ("XX", date(2026, 3, 6), 1, date(2026, 3, 9)),
    ],
)
def test_business_days_know_the_holidays_of_the_country(country, start, days, end) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    noon = datetime(start.year, start.month, start.day, 12, tzinfo=zone).astimezone(UTC)
    found = workdays.add(noon, days, country, zone)

    assert (found.astimezone(zone).date(), found.tzinfo) == (end, UTC)


@pytest.mark.parametrize("change", [{"days": 10**12}, {"days": -4000}, {"hours": 10**9}])
def test_a_deadline_no_date_can_hold_is_refused(change) -> None:
    ((path, what),) = policy.check_overrides({"D-AE-13": change})

    assert path == ("D-AE-13", *change)
    assert "is possible" in what


def test_the_longest_deadline_is_counted() -> None:
    late = {"D-AE-13": {"days": policy.LONGEST}}
    found = seen(said("dispute.closed", 20, outcome="no_refund"), overrides=late)

    assert watch(found, "D-AE-13").due_at == day(20 + policy.LONGEST)
