"""What stands in a cell: nothing, an amount, a currency, an instant, an order number. Never
guesses.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from parsers.dates import FIRST_YEAR, LAST_YEAR, MONTHS
from parsers.errors import OrderbellError
from parsers.marketplaces import marketplace_of
from parsers.money import number_of
from parsers.notice import CURRENCIES, Money

NOTHING = frozenset(
    {
        "",
        "-",
        "--",
        "n/a",
        "na",
        "null",
        "none",
        "nan",
        "unknown",
        "not available",
        "not applicable",
        "該当なし",
        "?",
    }
)
"""How the shops' exports write an empty cell, lower case."""

PACIFIC = ZoneInfo("America/Los_Angeles")
"""AliExpress prints its times in Pacific time, wherever the buyer lives."""

SIGNS: Mapping[str, str] = {
    "US $": "USD",
    "US$": "USD",
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "R$": "BRL",
    "円": "JPY",
}
SITES: Mapping[str, str] = {
    "amazon.com": "USD",
    "amazon.ca": "CAD",
    "amazon.com.mx": "MXN",
    "amazon.com.br": "BRL",
    "amazon.com.au": "AUD",
    "amazon.co.jp": "JPY",
    "amazon.co.uk": "GBP",
    "amazon.in": "INR",
    "amazon.sg": "SGD",
    "amazon.ae": "AED",
    "amazon.sa": "SAR",
    "amazon.com.tr": "TRY",
    "amazon.se": "SEK",
    "amazon.pl": "PLN",
    "amazon.com.be": "EUR",
    "amazon.de": "EUR",
    "amazon.fr": "EUR",
    "amazon.it": "EUR",
    "amazon.es": "EUR",
    "amazon.nl": "EUR",
    "amazon.ie": "EUR",
}
"""What each Amazon site sells in: the one thing that tells its `$` and `¥` apart."""

NUMBERED = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
TURNED = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
NAMED = re.compile(
    r"([A-Za-z]{3,9})\.? (\d{1,2}), ?(\d{4})|(\d{1,2})[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})"
)
CLOCK = re.compile(
    r"[T ,]*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)? ?([AP]M)? ?(Z|UTC|GMT|JST|[+-]\d{2}:?\d{2})?"
)
ZONES: Mapping[str, tzinfo] = {
    **dict.fromkeys(("Z", "UTC", "GMT"), UTC),
    "JST": ZoneInfo("Asia/Tokyo"),
}
ROUNDED = re.compile(r"\d[.,]\d+[eE]\+?\d+")
EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (a spreadsheet's serial day has no zone; the caller gives one)


class CellError(OrderbellError, ValueError):
    """A cell that cannot be used. `column` is the header's word for it."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(what)
        self.column = column


def nothing(text: str) -> bool:
    """Whether a cell says in its own way that it is empty."""
    return text.strip().casefold() in NOTHING


def amount(text: str, column: str) -> Decimal:
    """A number as shops write it: `1,234.50`, `1.234,50`, `￥ 1,234`, `US $12.30`, `(5.00)` for
    minus five.
    """
    bare = re.sub(r"[^\d.,()\-−+]", "", text)
    minus = bare.startswith(("-", "−", "(")) or bare.endswith("-")
    digits = bare.strip("()-−+")
    value = number_of(digits, dot_is_point=True)
    if value is None:
        raise CellError(column, f"{column!r} is {text!r}, which is no amount")
    return -value if minus else value


def currency(text: str, column: str) -> str:
    """An ISO 4217 code, upper case."""
    code = text.strip().upper()
    if code not in CURRENCIES:
        raise CellError(
            column, f"{column!r} is {text!r}, which is no currency code such as JPY or USD"
        )
    return code


def signed(text: str, column: str, site: str) -> Money | None:
    """An amount whose currency stands beside it as a sign or code, or follows from the site; None
    when neither.
    """
    value = amount(text, column)
    for sign, code in SIGNS.items():
        if sign in text:
            return Money(value=value, currency=code)
    named = re.search(r"\b[A-Z]{3}\b", text)
    if named and named[0] in CURRENCIES:
        return Money(value=value, currency=named[0])
    code = SITES.get(site, "")
    return Money(value=value, currency=code) if code else None


def added(sums: Sequence[Decimal | None]) -> Decimal | None:
    """Their sum; None when one of them is not known."""
    known = [one for one in sums if one is not None]
    return sum(known, Decimal(0)) if len(known) == len(sums) else None


def site_of(url: str) -> str:
    """`amazon.co.jp` of any address or name of that shop, else an empty string."""
    match = re.search(r"\bamazon(?:\.[a-z]{2,3}){1,2}\b", url.casefold())
    return match[0] if match else ""


def moment(
    text: str, column: str, *, zone: tzinfo, day_first: bool | None = None
) -> date | datetime:
    """A date, or an aware UTC instant when the cell has a time of day.

    A time without a zone is read in `zone`. Numbers such as 03/04/2025 need `day_first`; without it
    they are a fault.
    """
    found = _day(text.strip(), column, day_first)
    if found is None:
        raise CellError(
            column, f"{column!r} is {text!r}, which is no date; expected one such as 2025-03-31"
        )
    day, rest = found
    if not rest.strip():
        return day
    clock = CLOCK.fullmatch(rest.rstrip())
    if clock is None:
        raise CellError(column, f"{column!r} is {text!r}: the day is read, the time of day is not")
    return _instant(day, clock, column, text, zone)


def _named_day(match: re.Match[str]) -> tuple[int, int, int]:
    """Year, month and day of `Mar 5, 2026` or `5 March 2026`; month 0 for a name that is none."""
    first = match[1] is not None
    name, day, year = (match[1], match[2], match[3]) if first else (match[5], match[4], match[6])
    short = name[:3].capitalize()
    return int(year), MONTHS.index(short) + 1 if short in MONTHS else 0, int(day)


def _day(text: str, column: str, day_first: bool | None) -> tuple[date, str] | None:
    if match := NUMBERED.match(text):
        parts = (int(match[1]), int(match[2]), int(match[3]))
    elif match := TURNED.match(text):
        parts = _turned_day(match, text, column, day_first)
    elif match := NAMED.match(text):
        parts = _named_day(match)
    else:
        return None
    day = _possible_day(*parts)
    return None if day is None else (day, text[match.end() :])


def _possible_day(year: int, month: int, day: int) -> date | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _turned_day(
    match: re.Match[str], text: str, column: str, day_first: bool | None
) -> tuple[int, int, int]:
    """Year, month and day of `31/12/2025`, which some countries write month first."""
    one, two, year = int(match[1]), int(match[3]), int(match[4])
    first_is_day = True if match[2] == "." else day_first  # dots are only written day first
    if first_is_day is None:
        if max(one, two) <= 12 and one != two:
            raise CellError(
                column,
                f"{column!r} is {text!r}: day or month first? Nothing else in the file tells",
            )
        first_is_day = one > 12
    return (year, two, one) if first_is_day else (year, one, two)


def _instant(day: date, clock: re.Match[str], column: str, text: str, zone: tzinfo) -> datetime:
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if clock[4]:
        hour = hour % 12 + (12 if clock[4] == "PM" else 0)
    try:
        naive = datetime.combine(day, time(hour, minute, second))
    except ValueError:
        raise CellError(column, f"{column!r} is {text!r}, which is no time of day") from None
    return _placed(naive, clock[5], zone)


def _placed(naive: datetime, named: str | None, zone: tzinfo) -> datetime:
    """The wall time in the zone that is named beside it, else in `zone`; in UTC."""
    if named is None:
        return naive.replace(tzinfo=zone).astimezone(UTC)
    if named in ZONES:
        return naive.replace(tzinfo=ZONES[named]).astimezone(UTC)
    return datetime.fromisoformat(f"{naive.isoformat()}{named}").astimezone(UTC)


def serial_day(text: str, column: str, *, zone: tzinfo) -> date | datetime:
    """As `moment`, and also a spreadsheet's serial day such as 45000.5 (days since 1899-12-30)."""
    if re.fullmatch(r"\d{5}(?:\.\d+)?", text):
        return (
            (EXCEL_EPOCH + timedelta(days=float(text)))
            .replace(microsecond=0, tzinfo=zone)
            .astimezone(UTC)
        )
    return moment(text, column, zone=zone)


def day_comes_first(texts: list[str]) -> bool | None:
    """Whether a column of 31/12/2025 writes the day first, from the values that leave no doubt;
    None when none does.
    """
    votes = {_says_day_first(text.strip()) for text in texts} - {None}
    return votes.pop() if len(votes) == 1 else None


def _says_day_first(text: str) -> bool | None:
    match = TURNED.match(text)
    if match is None:
        return None
    if match[2] != "." and int(match[1]) > 12:
        return True
    return False if int(match[3]) > 12 else None


def amazon_order(text: str, column: str) -> str:
    """An Amazon order number, `249-0000000-0000001`; digital and Amazon Pay ones too."""
    if marketplace_of(text) != "amazon":
        raise CellError(
            column,
            f"{column!r} is {text!r}, which is no Amazon order number such as 249-0000000-0000001",
        )
    return text


def aliexpress_order(text: str, column: str) -> str:
    """An AliExpress order number, 14 to 19 digits."""
    bare = text.strip("'\"= \t")
    if ROUNDED.fullmatch(bare):
        what = (
            f"{column!r} is {text!r}: a spreadsheet program rounded the order number; import the"
            " file as downloaded"
        )
        raise CellError(column, what)
    if marketplace_of(bare) != "aliexpress":
        raise CellError(
            column, f"{column!r} is {text!r}, which is no AliExpress order number (14 to 19 digits)"
        )
    return bare
