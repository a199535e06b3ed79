"""Dates as mails print them, counted from the mail's own date: `tomorrow`, `Friday, December 3`,
`4月12日`.

Words of a language are data (`languages/*.yaml`). A date that can be read two ways is not read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

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


ISO = re.compile(r"(?<!\d)(20\d\d)(?:[-/]|\.\s?)(\d{1,2})(?:[-/]|\.\s?)(\d{1,2})(?!\d)")
JAPANESE = re.compile(r"(?:(20\d\d)年\s*)?(?<!\d)(\d{1,2})月\s*(\d{1,2})日")
KOREAN = re.compile(r"(?:(20\d\d)년\s*)?(?<!\d)(\d{1,2})월\s*(\d{1,2})일")
NUMERIC = re.compile(r"(?<!\d)(\d{1,2})[/.](\d{1,2})[/.](20\d\d|\d\d)(?!\d)")
DASHED = re.compile(r"(?<![\d-])(\d{1,2})-(\d{1,2})-(20\d\d)(?![\d-])")
SHORT = re.compile(r"(?<![\d/.,])(\d{1,2})/(\d{1,2})(?![\d/.,])")
TIME = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::\d{2})?(?!\d)")
DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|o|\.)?\s*(?:de\s+|of\s+)?([^\W\d_]{3,12})\.?(?:,?\s*(?:de\s+|del\s+)?(20\d\d)(?!\d))?"
)
MONTH_DAY = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{3,12})\.?\s*(\d{1,2})(?:st|nd|rd|th)?(?!\d|:)(?:\s*,?\s*(20\d\d)(?!\d))?"
)
OPEN_RANGE = re.compile(
    r"(?<!\d)(\d{1,2})[.日일]?(?:\s*[-–—~〜至]\s*|\s+(?:to|bis|au|à|al|a|e|en|et|y|do)\s+)(?:\w+\s+)?(\d{1,2})(?!\d|:)"
)
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
    found = sorted(_dates(text.lower(), words, clock, past=past), key=lambda hit: hit[0])
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


def _dates(  # noqa: C901 - one loop a way of writing dates
    text: str, words: DateWords, clock: Clock, *, past: bool
) -> Iterator[tuple[int, int, date]]:
    for match in ISO.finditer(text):
        yield from _hit(match, _day(int(match[1]), int(match[2]), int(match[3])))
    for pattern in (JAPANESE, KOREAN):
        for match in pattern.finditer(text):
            yield from _hit(match, _near(match[1], int(match[2]), int(match[3]), clock, past=past))
    for pattern in (NUMERIC, DASHED):
        for match in pattern.finditer(text):
            yield from _hit(match, _numeric(match, clock.numeric or words.numeric))
    if (clock.numeric or words.numeric) in ("mdy", "ymd"):
        for match in SHORT.finditer(text):
            yield from _hit(match, _near(None, int(match[1]), int(match[2]), clock, past=past))
    days = set()
    for match in DAY_MONTH.finditer(text):
        if match[2] in words.months:
            days.add(match.start(1))
            yield from _hit(
                match, _near(match[3], words.months[match[2]], int(match[1]), clock, past=past)
            )
    for match in MONTH_DAY.finditer(text):
        if (
            match[1] in words.months and match.start(2) not in days
        ):  # “mar 5 mag” is a Tuesday, not the month before
            yield from _hit(
                match, _near(match[3], words.months[match[1]], int(match[2]), clock, past=past)
            )
    yield from _by_word(text, words, clock, past=past)


def _by_word(
    text: str, words: DateWords, clock: Clock, *, past: bool
) -> Iterator[tuple[int, int, date]]:
    taken = any(pattern.search(text) for pattern in (ISO, JAPANESE, KOREAN, NUMERIC, DASHED))
    dated = taken or any(match[2] in words.months for match in DAY_MONTH.finditer(text))
    dated = dated or any(match[1] in words.months for match in MONTH_DAY.finditer(text))
    if (
        dated or clock.today is None
    ):  # “tomorrow, September 11”: the number says it better than the word
        return
    for word, days in words.relative.items():
        for match in _word(word).finditer(text):
            yield match.start(), match.end(), clock.today + timedelta(days=days)
    for word, weekday in words.weekdays.items():
        for match in _word(word).finditer(text):
            ahead = (weekday - clock.today.weekday()) % 7
            yield (
                match.start(),
                match.end(),
                clock.today + timedelta(days=ahead - 7 if past and ahead else ahead),
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


def _near(year: str | None, month: int, day: int, clock: Clock, *, past: bool) -> date | None:
    """The day in the stated year, else its next occurrence (or last, for what is over)."""
    if year:
        return _day(int(year), month, day)
    if clock.today is None:
        return None
    options = [_day(clock.today.year + step, month, day) for step in (-1, 0, 1)]
    days = [option for option in options if option is not None]
    if past:
        return max(
            (option for option in days if option <= clock.today + timedelta(days=1)), default=None
        )
    return min(
        (option for option in days if option >= clock.today - timedelta(days=30)), default=None
    )


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _with_time(text: str, days: list[date | datetime], clock: Clock) -> list[date | datetime]:
    """One date with one time of day becomes an instant, where the zone is known."""
    times = TIME.findall(text)
    if len(days) != 1 or len(times) != 1 or clock.zone is None or isinstance(days[0], datetime):
        return days
    hour, minute = int(times[0][0]), int(times[0][1])
    if (
        hour > 23
        or minute > 59
        or re.search(r"\d\s*[ap]\.?m\b|午[前後]|오[전후]", text, re.IGNORECASE)
    ):
        return days
    day = days[0]
    return [datetime(day.year, day.month, day.day, hour, minute, tzinfo=clock.zone)]
