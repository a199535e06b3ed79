"""Forwarded mail: the innermost mail that a marketplace wrote counts, with its own sender, date and
subject.

A forward is an attached message/rfc822, or a block of at least two known header words one after
another in the text
(Gmail, Apple Mail, Outlook, Yahoo, Japanese clients). A lone `件名:` in a body is no forward. What
stands above the
block is the forwarder's and is cut away.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from parsers.dates import FIRST_YEAR, LAST_YEAR, Clock, DateWords, find_dates
from parsers.mail import ParsedMail
from parsers.pack import Library
from parsers.phrase import fold
from parsers.text import clean

QUOTE = re.compile(r"^(?:>\s?)+")
KEY = re.compile(r"\s*\*?([^\s:：*][^:：*]{0,24}?)\*?\s*[:：]\*?\s*(.*)")
ADDRESS = re.compile(r"[^\s<>\"(),;:\[\]]{1,128}@[^\s<>\"(),;:\[\]]{1,255}")
ON_ONE_LINE = re.compile(r"\s(?=(?:From|Sent|To|Subject|Date|差出人|送信日時|宛先|件名)\s*[:：])")
ON_MARKER = re.compile(r"\s?(?<!-)(?=(?:From|Sent|To|Subject|Date):)")
"""Yahoo writes all header words on its marker line, without a space between them."""
OFFSET = re.compile(r"([+-]\d{2}):?(\d{2})\b")
CLOCK_TIME = re.compile(
    r"(?:(?:(午前|오전)|(午後|오후))\s*)?(?<!\d)(\d{1,2}):(\d{2})(?::\d{2})?(?:\s*([ap])\.?m\b)?",
    re.IGNORECASE,
)
ABBREVIATED = {
    "utc": 0, "gmt": 0, "jst": 9, "est": -5, "edt": -4, "cst": -6, "cdt": -5,
    "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "bst": 1, "kst": 9,
}  # fmt: skip
MAX_DEPTH = 4
HEADER_WORDS = frozenset({"from", "date", "subject", "to"})


def inner_letter(letter: ParsedMail, library: Library) -> ParsedMail | None:
    """The innermost forwarded mail whose sender a pack lists, or None."""
    found = _attached(letter, library, 0)
    if found is not None:
        return found
    return _inline(letter, library)


def is_listed(letter: ParsedMail, library: Library) -> bool:
    return (
        len(letter.senders) == 1
        and library.pack_of(letter.senders[0][1].rpartition("@")[2]) is not None
    )


def _attached(letter: ParsedMail, library: Library, depth: int) -> ParsedMail | None:
    for inner in letter.inner:
        deeper = _attached(inner, library, depth + 1) if depth < MAX_DEPTH else None
        if deeper is not None:
            return deeper
        if is_listed(inner, library):
            return inner
        inline = _inline(inner, library)
        if inline is not None:
            return inline
    return None


def _inline(letter: ParsedMail, library: Library) -> ParsedMail | None:
    source = letter.plain if letter.has_plain else "\n".join(letter.rich.lines)
    lines = [QUOTE.sub("", line) for line in source.replace("\r\n", "\n").split("\n")]
    best: ParsedMail | None = None
    place = 0
    while place < len(lines):
        block = _block(lines, place, library.forward)
        if block is None:
            place += 1
            continue
        keys, end = block
        if address := _listed_address(keys.get("from", ""), library):
            best = _letter(letter, keys, address, "\n".join(lines[end:]), library)
        place = end
    return best


def _listed_address(sender: str, library: Library) -> str:
    """The address in it, if a pack lists that; else nothing."""
    found = ADDRESS.search(sender)
    address = found[0].lower() if found else ""
    return address if address and library.pack_of(address.rpartition("@")[2]) else ""


def _block(
    lines: list[str], start: int, words: Mapping[str, str]
) -> tuple[dict[str, str], int] | None:
    """Header words from `start` on, and where the text behind them begins. At least two, `from`
    among them.
    """
    pieces = _on_one_line(lines[start])
    keys, used = _header(pieces or lines[start : start + 14], words)
    place = start + (1 if pieces else used)
    return (keys, place) if len(keys) >= 2 and "from" in keys else None


def _on_one_line(line: str) -> list[str]:
    """The header words of a block that some programs write in one line; empty for any other."""
    split = ON_MARKER if line.lstrip().startswith("-----") else ON_ONE_LINE
    pieces = split.split(line)
    return list(filter(KEY.fullmatch, pieces)) if len(pieces) > 2 else []


def _header(rows: Sequence[str], words: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """The values by their names, and how many rows they take."""
    keys: dict[str, str] = {}
    last = ""
    for used, row in enumerate(rows):
        name, value = _named(row, words)
        if name in HEADER_WORDS:
            keys.setdefault(name, value)
            last = name
        elif last and row.strip() and not name and _goes_on(keys[last], last):
            keys[last] = clean(f"{keys[last]} {row}")
        elif row.strip() or not keys or len(keys) >= 3:
            return keys, used
    return keys, len(rows)


def _named(row: str, words: Mapping[str, str]) -> tuple[str, str]:
    match = KEY.fullmatch(row)
    return (words.get(fold(clean(match[1])), ""), clean(match[2])) if match else ("", "")


def _goes_on(value: str, name: str) -> bool:
    """Whether a header value is unfinished: an address wrapped behind its `<`, a date without its
    number.
    """
    return name in ("from", "to") and (
        value.endswith("<") or value.count("<") > value.count(">") or "@" not in value
    )


def _letter(
    outer: ParsedMail, keys: Mapping[str, str], address: str, text: str, library: Library
) -> ParsedMail:
    return replace(
        outer,
        fields=(),
        subject=clean(keys.get("subject", "")),
        senders=((keys["from"].split("<")[0].strip(' "'), address),),
        date=_date(keys.get("date", ""), outer.date, library.words),
        plain=text,
        # Ids stand in the links of both parts; the HTML of a forward holds nothing that the text
        # does not.
        html=outer.html,
        inner=(),
    )


def _date(text: str, outer: datetime | None, words: Mapping[str, DateWords]) -> datetime | None:
    """The inner date as its client printed it. Without any zone in it, the zone of the mail that
    forwards it.
    """
    parts = parsedate_tz(text)
    if parts and parts[9] is not None and FIRST_YEAR <= parts[0] <= LAST_YEAR:
        try:
            return datetime(*parts[:5], tzinfo=timezone(timedelta(seconds=parts[9])))
        except (ValueError, OverflowError):
            return None
    today = outer.date() if outer else None
    if today is None:
        return None
    written = re.findall(r"[^\W\d_]{2,}", text.lower())
    for table in sorted(words.values(), key=lambda table: -_known(written, table)):
        days = find_dates(text, table, Clock(today=today, zone=None, numeric=None), past=True)
        if len(days) == 1:
            day = days[0]
            if isinstance(day, datetime):
                return day
            hour, minute = _time(text)
            return datetime(day.year, day.month, day.day, hour, minute, tzinfo=_offset(text, outer))
    return None


def _known(written: Sequence[str], table: DateWords) -> int:
    """How many of the words are dates' words of this language: `mar 5 mag` has one of Spanish and
    two of Italian.
    """
    return sum(word in table.months or word in table.weekdays for word in written)


def _time(text: str) -> tuple[int, int]:
    match = CLOCK_TIME.search(text)
    if not match:
        return 12, 0
    hour, minute = int(match[3]) % 24, min(int(match[4]), 59)
    half = (match[5] or "").lower() or ("a" if match[1] else "p" if match[2] else "")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour, minute


def _offset(text: str, outer: datetime | None) -> timezone:
    match = OFFSET.search(text)
    if match:
        sign = -1 if match[1].startswith("-") else 1
        return timezone(sign * timedelta(hours=int(match[1][1:]) % 15, minutes=int(match[2]) % 60))
    for word in re.findall(r"[A-Za-z]{3,4}", text):
        if word.lower() in ABBREVIATED and word.isupper():
            return timezone(timedelta(hours=ABBREVIATED[word.lower()]))
    outer_offset = outer.utcoffset() if outer else None
    return timezone(outer_offset) if outer_offset is not None else UTC
