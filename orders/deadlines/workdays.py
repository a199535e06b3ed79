"""Business days: Monday to Friday without the public holidays of the country."""

from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache

import holidays

WEEKEND = 5


def add(start: datetime, days: int, country: str, zone: tzinfo) -> datetime:
    """The end of the `days`-th business day after the day of `start`, both days in `zone`; aware,
    in `start`'s zone.

    `country` is ISO 3166-1 alpha-2; a country whose holidays are unknown has weekends only.
    """
    day = start.astimezone(zone).date()
    left = days
    while left > 0:
        day += timedelta(days=1)
        if is_workday(day, country):
            left -= 1
    return datetime.combine(day, time(23, 59, 59), tzinfo=zone).astimezone(start.tzinfo)


@cache
def is_workday(day: date, country: str) -> bool:
    return day.weekday() < WEEKEND and day not in _free_days(country, day.year)


@cache
def _free_days(country: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()
