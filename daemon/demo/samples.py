"""The sample mails: templates whose dates are told relative to now, so that the stories never grow
old.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import format_datetime, parsedate_to_datetime
from importlib.resources import files

GAP = re.compile(r"\{\{(\w+)(?: ([+-]?\w+))?\}\}")
SPAN = re.compile(r"([+-]?)(\d+)([dhms])")
UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
FORMS: dict[str, Callable[[datetime], str]] = {
    "date": format_datetime,
    "day": lambda at: f"{at:%B} {at.day}, {at.year}",
    "iso": lambda at: f"{at:%Y-%m-%d}",
    "japanese": lambda at: f"{at.year}年{at.month}月{at.day}日",
}
"""`{{date -3d}}` is the Date header of three days ago, `{{day +5d}}` a day as a sentence would name
it.
"""


def sample_mail(name: str, now: datetime) -> bytes:
    """The sample mail called `name`, as a server would store it (CRLF), its gaps filled as of `now`
    (aware).
    """
    text = files("daemon.demo").joinpath("mails", f"{name}.eml").read_text(encoding="utf-8")
    return GAP.sub(lambda gap: _fill(gap, now), text).replace("\n", "\r\n").encode()


def age(name: str, now: datetime) -> datetime:
    """When the sample mail says it was sent: what a mailbox keeps as its arrival."""
    return parsedate_to_datetime(
        str(message_from_bytes(sample_mail(name, now))["Date"])
    ).astimezone(UTC)


def _fill(gap: re.Match[str], now: datetime) -> str:
    return FORMS[gap[1]](now + _span(gap[2]))


def _span(text: str | None) -> timedelta:
    if text is None:
        return timedelta()
    match = SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no span such as -3d or +5h")
    span = timedelta(**{UNITS[match[3]]: int(match[2])})
    return -span if match[1] == "-" else span
