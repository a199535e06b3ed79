"""Days as marketplaces state them: a stated day is compared with days, never with a clock."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from orders.event import EARLIEST, LATEST, Event
from parsers import marketplaces

WEST, EAST = timedelta(hours=-12), timedelta(hours=14)
"""No clock on Earth is further from UTC."""

Stated = date | datetime
"""A day, or an aware instant, as a mail states it."""


def surely_before(first: Stated, second: Stated, zone: tzinfo | None) -> bool:
    """Whether `first` lies before `second` wherever both were written.

    Instants are compared as they are. Otherwise the days are: the day of an instant is that in
    `zone`, the store's; where it is not known, any day it may have been on Earth.
    """
    if isinstance(first, datetime) and isinstance(second, datetime):
        return first < second
    return _days(first, zone)[1] < _days(second, zone)[0]


def differ(first: Stated, second: Stated, zone: tzinfo | None) -> bool:
    """Whether the two surely mean different times; a day and an instant on it do not."""
    return surely_before(first, second, zone) or surely_before(second, first, zone)


def stated(value: object) -> Stated | None:
    """The value, if it is a day or a time that can be one of an order's."""
    if isinstance(value, date) and EARLIEST.year <= value.year < LATEST.year:
        return value
    return None


def store_zone(events: Iterable[Event]) -> tzinfo | None:
    """The zone of the store these mails are from, where it has only one; None where nothing
    tells.
    """
    names = {_zone_name(event) for event in events if event.sender} - {None}
    return ZoneInfo(names.pop() or "") if len(names) == 1 else None


def _days(value: Stated, zone: tzinfo | None) -> tuple[date, date]:
    """The first and the last day it may be."""
    if not isinstance(value, datetime):
        return value, value
    if zone is not None:
        day = value.astimezone(zone).date()
        return day, day
    plain = value.replace(tzinfo=None) - (value.utcoffset() or timedelta())
    return (plain + WEST).date(), (plain + EAST).date()


def _zone_name(event: Event) -> str | None:
    return marketplaces.of(event.marketplace).zone(event.sender.rpartition("@")[2])
