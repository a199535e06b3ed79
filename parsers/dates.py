"""Dates as mails print them, counted from the mail's own date: `tomorrow`, `Friday, December 3`,
`4月12日`.

Words of a language are data (`languages/*.yaml`). A date that can be read two ways is not read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

Span = tuple[date | datetime, date | datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """The words of one language, all in lower case."""

    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    """0 = Monday."""
    relative: Mapping[str, int]
    """Days from the mail's date: today 0, tomorrow 1."""
    numeric: str
    """What 03/04/2026 means: dmy, mdy, ymd or unclear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What dates of one mail are counted from."""

    today: date | None
    """The mail's date where it was written; None: it has none, and nothing relative can be read."""
    zone: tzinfo | None
    """Where a printed time of day holds; None: not known, so that times of day are left out."""
    numeric: str | None = None
    """Overrides `DateWords.numeric`: dmy, mdy or ymd by the store's country."""


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""English, as programs write them; what people write is `DateWords.months`."""
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""A year outside is no date of an order: 9999 means “never”, and breaks clocks that count on."""
ERAS = {"令和": 2018, "平成": 1988}
"""The year before the first of an era."""

_NUMBER = "(?<![0-9])([0-9]{1,2})"
_YEAR = "([0-9]{4})(?![0-9])"
_ERA_YEAR = r"(?:(?P<era>令和|平成)?\s?(?<![0-9])(?P<year>[0-9]{1,5}|元)[年년]\s?)?"
ISO = re.compile(
    r"(?<![0-9])([0-9]{4})(?:[-/]|\.\s?)([0-9]{1,2})(?:[-/]|\.\s?)([0-9]{1,2})(?![0-9])"
)
JAPANESE = re.compile(_ERA_YEAR + _NUMBER + r"月\s?([0-9]{1,2})日")
KOREAN = re.compile(_ERA_YEAR + _NUMBER + r"월\s?([0-9]{1,2})일")
NUMERIC = re.compile(_NUMBER + r"[/.]([0-9]{1,2})[/.]([0-9]{4}|[0-9]{2})(?![0-9])")
DASHED = re.compile(r"(?<![0-9-])([0-9]{1,2})-([0-9]{1,2})-([0-9]{4})(?![0-9-])")
SHORT = re.compile(r"(?<![0-9/.,])([0-9]{1,2})/([0-9]{1,2})(?![0-9/.,])")
TIME = re.compile(r"(?<![0-9])([0-9]{1,2}):([0-9]{2})(?::[0-9]{2})?(?:\.[0-9]{1,9})?(?![0-9])")
HALF_DAY = re.compile(r"[0-9]\s?[ap]\.?m\b|午[前後]|오[전후]", re.IGNORECASE)
ZONED = re.compile(
    r"(?<=[0-9]t)[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:z|([+-])([0-9]{2}):?([0-9]{2}))(?![0-9:])"
    r"|(?<![0-9:])[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?\s?(?:utc|gmt)\b(?![+-])"
)
"""A time of day that says where on earth it is meant: `t09:30:00+09:00`, `09:30 utc`."""
DAY_MONTH = re.compile(
    _NUMBER + r"(?:st|nd|rd|th|er|º|o|\.)?\s?(?:de\s|of\s)?([^\W\d_]{3,12})\.?"
    r"(?:,?\s?(?:de\s|del\s)?" + _YEAR + ")?"
)
MONTH_DAY = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{3,12})\.?\s?([0-9]{1,2})(?:st|nd|rd|th)?(?![0-9]|:)"
    r"(?:\s?,?\s?" + _YEAR + ")?"
)
OPEN_RANGE = re.compile(
    r"(?<![0-9]{4}-)"
    + _NUMBER
    + r"[.日일]?(?:\s?[-–—~〜至]\s?|\s(?:to|bis|au|à|al|a|e|en|et|y|do)\s)"
    r"(?:\w{1,20}\s)?([0-9]{1,2})(?![0-9]|:)"
)
SPACES = re.compile(r"\s\s+")
CJK_WORD = re.compile("[\u3040-\u9fff\uac00-\ud7af]")


def find_dates(
    text: str, words: DateWords, clock: Clock, *, past: bool = False
) -> tuple[date | datetime, ...]:
    """Every date in `text`, in its order. `past`: a year-less date lies before the mail, else
    after.
    """
    days = [value for _, _, value in dated_places(text, words, clock, past=past)]
    return tuple(_with_time(text, list[date | datetime](days), clock))


def dated_places(
    text: str, words: DateWords, clock: Clock, *, past: bool = False
) -> list[tuple[int, int, date]]:
    """Every day in `text` with where it begins and ends, in its order, without times of day."""
    line = SPACES.sub(" ", text).lower() if "  " in text else text.lower()
    found = sorted(_dates(line, words, clock, past=past), key=lambda hit: hit[0])
    out: list[tuple[int, int, date]] = []
    for start, stop, value in found:
        if not out or start >= out[-1][1]:
            out.append((start, stop, value))
    return out


def find_span(text: str, words: DateWords, clock: Clock) -> tuple[date | None, date | None]:
    """Earliest and latest day that `text` promises. A single date is the latest; the earliest is
    then unknown.
    """
    days = [
        value.date() if isinstance(value, datetime) else value
        for value in find_dates(text, words, clock)
    ]
    if not days:
        return None, None
    if len(days) == 1:
        return _open_range(text, days[0])
    first, last = days[0], days[1]
    return (first, last) if first <= last else (None, None)


def _open_range(text: str, day: date) -> tuple[date | None, date | None]:
    """`December 3 - 5`, `2.-5. Oktober`, `du 3 au 5 mai` and `5월 3일~5일` name the month once."""
    match = OPEN_RANGE.search(text)
    if match and day.day in (int(match[1]), int(match[2])) and int(match[1]) <= int(match[2]) <= 31:
        try:
            return day.replace(day=int(match[1])), day.replace(day=int(match[2]))
        except ValueError:
            return None, day
    return None, day


def _dates(
    text: str, words: DateWords, clock: Clock, *, past: bool
) -> Iterator[tuple[int, int, date]]:
    yield from _in_numbers(text, clock.numeric or words.numeric, clock, past=past)
    yield from _with_months(text, words, clock, past=past)
    yield from _by_word(text, words, clock, past=past)


def _in_numbers(
    text: str, order: str, clock: Clock, *, past: bool
) -> Iterator[tuple[int, int, date]]:
    """`2026-05-12`, `令和8年5月12日`, `5/12/2026`, `12-05-2026`, `5/12`."""
    for match in ISO.finditer(text):
        yield from _hit(match, _day(int(match[1]), int(match[2]), int(match[3])))
    for pattern in (JAPANESE, KOREAN):
        for match in pattern.finditer(text):
            year = _year_of_era(match["era"], match["year"])
            yield from _hit(match, _near(year, int(match[3]), int(match[4]), clock, past=past))
    for pattern in (NUMERIC, DASHED):
        for match in pattern.finditer(text):
            yield from _hit(match, _numeric(match, order))
    if order in ("mdy", "ymd"):
        for match in SHORT.finditer(text):
            yield from _hit(match, _near(None, int(match[1]), int(match[2]), clock, past=past))


def _year_of_era(era: str | None, year: str | None) -> int | None:
    if year is None:
        return None
    number = 1 if year == "元" else int(year)
    if era:
        return ERAS[era] + number
    return number + 2000 if len(year) == 2 else number


def _with_months(
    text: str, words: DateWords, clock: Clock, *, past: bool
) -> Iterator[tuple[int, int, date]]:
    """`12 May 2026`, `May 12`."""
    days = set()
    for match in DAY_MONTH.finditer(text):
        if match[2] in words.months:
            days.add(match.start(1))
            year = int(match[3]) if match[3] else None
            month = words.months[match[2]]
            yield from _hit(match, _near(year, month, int(match[1]), clock, past=past))
    for match in MONTH_DAY.finditer(text):
        # “mar 5 mag” is a Tuesday, not the month before
        if match[1] in words.months and match.start(2) not in days:
            year = int(match[3]) if match[3] else None
            month = words.months[match[1]]
            yield from _hit(match, _near(year, month, int(match[2]), clock, past=past))


def _by_word(
    text: str, words: DateWords, clock: Clock, *, past: bool
) -> Iterator[tuple[int, int, date]]:
    """`tomorrow`, `Friday`: where no number says it better (“tomorrow, September 11”)."""
    if clock.today is None or _is_dated(text, words):
        return
    for word, days in words.relative.items():
        for match in _word(word).finditer(text):
            yield match.start(), match.end(), clock.today + timedelta(days=days)
    for word, weekday in words.weekdays.items():
        for match in _word(word).finditer(text):
            ahead = (weekday - clock.today.weekday()) % 7
            day = clock.today + timedelta(days=ahead - 7 if past and ahead else ahead)
            yield match.start(), match.end(), day


def _is_dated(text: str, words: DateWords) -> bool:
    return (
        any(pattern.search(text) for pattern in (ISO, JAPANESE, KOREAN, NUMERIC, DASHED))
        or any(match[2] in words.months for match in DAY_MONTH.finditer(text))
        or any(match[1] in words.months for match in MONTH_DAY.finditer(text))
    )


def _word(word: str) -> re.Pattern[str]:
    if CJK_WORD.search(word):
        return re.compile(re.escape(word))
    return re.compile(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])")


def _hit(match: re.Match[str], day: date | None) -> Iterator[tuple[int, int, date]]:
    if day is not None:
        yield match.start(), match.end(), day


def _numeric(match: re.Match[str], order: str) -> date | None:
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    year += 2000 if year < 100 else 0
    if first > 12:
        return _day(year, second, first)
    if second > 12:
        return _day(year, first, second)
    if first == second:
        return _day(year, first, second)
    match order:
        case "dmy":
            return _day(year, second, first)
        case "mdy":
            return _day(year, first, second)
        case _:
            return None


def _near(year: int | None, month: int, day: int, clock: Clock, *, past: bool) -> date | None:
    """The day in the stated year, else its next occurrence (or last, for what is over)."""
    if year is not None:
        return _day(year, month, day)
    if clock.today is None:
        return None
    options = [_day(clock.today.year + step, month, day) for step in (-1, 0, 1)]
    days = [option for option in options if option is not None]
    if past:
        latest = clock.today + timedelta(days=1)
        return max((option for option in days if option <= latest), default=None)
    earliest = clock.today - timedelta(days=30)
    return min((option for option in days if option >= earliest), default=None)


def _day(year: int, month: int, day: int) -> date | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def iso_moment(text: str) -> date | datetime | None:
    """A date or an instant of ISO 8601, as programs write it; a time without a zone says a day
    alone.
    """
    text = text.strip()
    try:
        if len(text) <= 10:
            found: date | datetime = date.fromisoformat(text)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        return None
    return found.date() if isinstance(found, datetime) and found.tzinfo is None else found


def _with_time(text: str, days: list[date | datetime], clock: Clock) -> list[date | datetime]:
    """One date with one time of day becomes an instant, where the zone is known."""
    lowered = text.lower()
    zone = clock.zone
    if (zoned := ZONED.search(lowered)) is not None:
        zone = _offset(zoned)
        lowered = zoned[0].rpartition(zoned[1])[0] if zoned[1] else zoned[0]
    times = TIME.findall(lowered)
    if len(days) != 1 or len(times) != 1 or zone is None or HALF_DAY.search(lowered):
        return days
    hour, minute = int(times[0][0]), int(times[0][1])
    if hour > 23 or minute > 59 or isinstance(days[0], datetime):
        return days
    day = days[0]
    return [datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)]


def _offset(zoned: re.Match[str]) -> tzinfo:
    if not zoned[1]:
        return UTC
    minutes = 60 * int(zoned[2]) + int(zoned[3])
    if minutes >= 24 * 60:
        return UTC
    return timezone(timedelta(minutes=minutes if zoned[1] == "+" else -minutes))
