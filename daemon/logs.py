"""Logging: one line per event, for eyes on a terminal, as JSON for machines; what is private is
masked in all of them.

Messages are `what happened key=value …`. INFO is what a buyer would tell a friend, DEBUG is why.
"""

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TextIO
from urllib.parse import quote

from parsers.marketplaces import order_in_text

Form = Literal["auto", "console", "json"]

QUIET = {
    "mailparser": logging.CRITICAL,  # writes raw header text, as a warning or an error
    # below: every line of the wire, mails included, and what we say ourselves
    "imapclient": logging.WARNING,
    "urllib3": logging.WARNING,
    "apscheduler": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
}
"""Libraries that would say too much."""

SYSLOG = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}
"""systemd reads `<4>` before a line as its priority."""

WEB = re.compile(r"\b(https?)://(?:[^\s/?#@]*@)?([^\s/?#'\"<>]+)[/?#][^\s'\"<>]*", re.IGNORECASE)
OTHER_URL = re.compile(r"\b(?!https?://)([a-z][a-z0-9+.-]{0,30})://[^\s'\"<>]+", re.IGNORECASE)
"""In an Apprise URL even the host may be the secret: ntfy://topic, slack://token-a/…"""
# Counted, so that a line of one megabyte is read in one go and not from each of its characters
# again.
ADDRESS = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
LONG_NUMBER = re.compile(r"(?<![\w.])\d{10,30}(\d{4})(?![\w.])")
"""Orders, disputes, parcels: enough is left to tell two lines apart."""

HIDDEN_AT_MOST = 500
SHORTEST_SECRET = 5
"""Masking shorter ones would tear holes into every line."""


class _Hidden:
    """What was read as a secret, the newest kept: a refreshed token must not grow the list for
    ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.words: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        forms = {
            secret,
            quote(secret, safe=""),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        }
        with self._lock:
            for form in forms:
                if len(form) >= SHORTEST_SECRET:
                    self.words.pop(form, None)
                    self.words[form] = None
            while len(self.words) > HIDDEN_AT_MOST:
                del self.words[next(iter(self.words))]
            self._pattern = None

    def cover(self, text: str) -> str:
        with self._lock:
            if self._pattern is None:
                longest_first = sorted(self.words, key=len, reverse=True)
                self._pattern = re.compile(
                    "|".join(re.escape(word) for word in longest_first) or r"(?!)"
                )
            return self._pattern.sub("***", text)


_hidden = _Hidden()


def hide(secret: str) -> None:
    """From now on this text stands in no log line. Called wherever a secret is read."""
    _hidden.add(secret)


def mask(text: str, *, level: int = logging.INFO) -> str:
    """The text without secrets and URLs that can hold some; above DEBUG also without addresses and
    whole numbers.
    """
    text = WEB.sub(r"\1://\2/…", OTHER_URL.sub(r"\1://…", _hidden.cover(text)))
    if level > logging.DEBUG:
        text = LONG_NUMBER.sub(r"…\1", order_in_text().sub(_tail, ADDRESS.sub("<address>", text)))
    return text


def _tail(number: re.Match[str]) -> str:
    """The end of an order number; digits alone are the next expression's."""
    return number[0] if number[0].isdigit() else f"…{number[0][-7:]}"


NAMED_SECRET = re.compile(
    r"((?:token|secret|passw\w{0,5}|pass|pin|key|code|cookie|session|bearer|basic|credential|auth)"
    r"\w{0,20}[\"']?\s{0,3}[=:\s]\s{0,3}[\"']?)[^\s\"',;&]{2,}",
    re.IGNORECASE,
)
LONG_WORD = re.compile(r"[\w+/=~.-]{20,}")
"""No word of a sentence is so long; a token is."""


def veil(text: str) -> str:
    """One line of at most 300 characters of what a foreign program said, without what could be a
    secret in it. Too much is taken out rather than too little.
    """
    text = mask(" ".join("".join(c if c.isprintable() else " " for c in text).split()))
    return LONG_WORD.sub("***", NAMED_SECRET.sub(r"\1***", text))[:300]


def start(
    form: Form = "auto",
    *,
    level: int = logging.INFO,
    stream: TextIO | None = None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Log to `stream` (stderr) from now on: JSON when systemd reads it, else for eyes; may be
    called again.
    """
    out = stream or sys.stderr
    journal = _is_journal(out, environment)
    as_json = form == "json" or (form == "auto" and journal)
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        _Json(journal=journal) if as_json else _Console(dated=not out.isatty(), journal=journal)
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old.formatter, _Masked)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(level, least))
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


class _Masked(logging.Formatter):
    """What both forms share: the message and the traceback, masked."""

    def __init__(self, *, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def message(self, record: logging.LogRecord) -> str:
        return mask(record.getMessage(), level=record.levelno)

    def trace(self, record: logging.LogRecord) -> str:
        if not record.exc_info or not record.exc_info[0]:
            return ""
        return mask(self.formatException(record.exc_info), level=record.levelno)

    def prefix(self, record: logging.LogRecord) -> str:
        return f"<{SYSLOG.get(record.levelno, 6)}>" if self._journal else ""


class _Json(_Masked):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record),
        }
        if not self._journal:  # which stamps every line itself
            line = {"at": _at(record).isoformat(timespec="milliseconds"), **line}
        if trace := self.trace(record):
            line["traceback"] = trace
        text = json.dumps(line, ensure_ascii=False)
        shown = (char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
        return self.prefix(record) + "".join(shown)


class _Console(_Masked):
    def __init__(self, *, dated: bool, journal: bool) -> None:
        super().__init__(journal=journal)
        self._dated = dated

    def format(self, record: logging.LogRecord) -> str:
        at = _at(record)
        when = (
            at.isoformat(timespec="milliseconds") if self._dated else f"{at.astimezone():%H:%M:%S}"
        )
        lines = [
            f"{when} {record.levelname.lower():8} {record.name}: {_visible(self.message(record))}"
        ]
        lines += [_visible(line) for line in self.trace(record).splitlines()]
        return "\n".join(self.prefix(record) + line for line in lines)


def _at(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _visible(text: str) -> str:
    """Nothing in a line can end it or command the terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _is_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether this very stream leads to systemd's journal, as systemd.exec(5) says to find out."""
    try:
        seen = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{seen.st_dev}:{seen.st_ino}"


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("daemon").critical(
        "this is our fault error=%s", kind.__name__, exc_info=(kind, error, trace)
    )


def _uncaught_in_thread(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_value is not None and not issubclass(raised.exc_type, SystemExit):
        _uncaught(raised.exc_type, raised.exc_value, raised.exc_traceback)
