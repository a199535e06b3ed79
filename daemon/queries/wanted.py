"""What of a listing is asked for, by the terminal, the page and the API; and a page of it."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Any

from orders.facts_table import CASE_STATES
from orders.order import OrderStatus, WatchState
from parsers.errors import OrderbellError
from parsers.user_yaml import did_you_mean, duration
from rules.alert import AlertState

ORDER_STATUSES = tuple(status.value for status in OrderStatus)
WATCH_STATES = tuple(state.value for state in WatchState)
ALERT_STATES = tuple(state.value for state in AlertState if state is not AlertState.PENDING)
OPEN, CLOSED = "open", "closed"
CASE_STATUSES = (
    OPEN,
    *sorted({CLOSED, *(state for states in CASE_STATES.values() for state in states)} - {OPEN}),
)
DATE = re.compile(r"\d{4}-\d\d-\d\d")


class ListingError(OrderbellError):
    """A listing was asked for something that is not: a status, a time, a place in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows of a listing are asked for; what is left out asks for nothing."""

    everything: bool = False
    """What is over too; a status or words to search for ask for that by themselves."""
    statuses: tuple[str, ...] = ()
    since: datetime | None = None
    shop: str = ""
    """A marketplace, or a part of a store's name."""
    search: str = ""
    """The beginning of a number, or a part of an item's or store's name, or the number of a parcel
    or case."""
    after: str = ""
    """The `next` of the page before."""
    limit: int = 200

    @property
    def over_too(self) -> bool:
        return self.everything or bool(self.search)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    rows: list[Mapping[str, Any]]
    next: str
    """What is given as `after` to go on; empty at the end."""


def statuses(words: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The statuses as rows have them: `In transit` is `in_transit`. Raises ListingError."""
    return tuple(_status(word, tuple(known)) for word in words)


def _status(word: str, known: tuple[str, ...]) -> str:
    meant = re.sub(r"[\s-]+", "_", word.strip().lower())
    if meant not in known:
        hint = did_you_mean(meant, known) or f"; known are {', '.join(known)}"
        raise ListingError(f"no status {word!r}{hint}")
    return meant


def since(text: str, now: datetime, zone: tzinfo) -> datetime:
    """The instant meant by a date of the user's zone, or by a span before `now`. Raises
    ListingError.
    """
    try:
        if DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time(), zone)
        return now - duration(text)
    except ValueError:
        raise ListingError(
            f"since {text!r} is no time", "write a date such as 2026-11-01, or a span such as 7d"
        ) from None


def place(text: str, names: int) -> tuple[datetime, list[str]]:
    """The place in a list that a page named as its end: an instant and so many names. Raises
    ListingError.
    """
    at, *found = text.split("~", names)
    with suppress(ValueError):
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is not None and len(found) == names:
            return instant, found
    raise ListingError(f"no place in the list: {text!r}", "take it from the end of a page")
