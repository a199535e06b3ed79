"""How large, long and strange a value of the configuration may be. Each raises ValueError with what
is allowed; what a person means lies far within.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from parsers.user_yaml import duration_text

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HOST = re.compile(r"[^\s/@?#\\]{1,253}")
TEXT_LENGTH = 500
PATH_BYTES = 4095
"""Linux takes no more (PATH_MAX, without the byte that ends it)."""
NAME_BYTES = 255
SHOWN = 60
"""Characters of a wrong value that an error repeats."""


def between(least: timedelta, most: timedelta) -> Callable[[timedelta], timedelta]:
    """For a duration that may be neither shorter nor longer."""

    def checked(span: timedelta) -> timedelta:
        if not least <= span <= most:
            raise ValueError(f"from {duration_text(least)} to {duration_text(most)} is possible")
        return span

    return checked


def whole_number(value: object) -> object:
    """Yes and no are no numbers, though Python counts with them."""
    if isinstance(value, bool):
        raise ValueError(f"a number is wanted, not {str(value).lower()}")  # noqa: TRY004 - pydantic's
    return value


def text(value: str) -> str:
    """One line that says something."""
    if not value.strip():
        raise ValueError("is empty; leave the key out, or write what it is")
    return line(value)


def line(value: str) -> str:
    """One line, which may be empty."""
    if CONTROL.search(value):
        raise ValueError("holds a line break or another control character")
    if len(value) > TEXT_LENGTH:
        raise ValueError(f"is longer than {TEXT_LENGTH} characters")
    return value


def host(value: str) -> str:
    """The name or address of a server, without what browsers put around it."""
    if value and not HOST.fullmatch(line(value)):
        raise ValueError(f"{shown(value)} is no server; write its name, such as imap.example.org")
    return value


def path(value: object) -> object:
    """A path that a file could have."""
    written = str(value)
    if CONTROL.search(written):
        raise ValueError("holds a line break or another control character")
    if not written.strip() or len(written.encode()) > PATH_BYTES:
        raise ValueError("is empty or too long for the path of a file")
    if any(len(part.encode()) > NAME_BYTES for part in Path(written).parts):
        raise ValueError("has a name that is too long for a file")
    return value


def shown(value: object) -> str:
    """The wrong value as an error repeats it."""
    whole = str(value)
    return repr(whole if len(whole) <= SHOWN else f"{whole[:SHOWN]}…")


def ordinary(path: Path) -> Path:
    """A file, if it is there: a device or a pipe never ends. Raises ValueError."""
    whole = path.expanduser()
    if whole.exists() and not whole.is_file():
        raise ValueError(f"{path} is no ordinary file")
    return path
