"""What a rule or a route says of the quiet hours, over what holds for all alerts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, tzinfo
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietWish:
    """Where a part is None, what holds for all alerts holds."""

    holds: bool | None = None
    """Held during the quiet hours, whatever the severity says."""
    begin: time | None = None
    end: time | None = None
    """Quiet hours of its own, both or neither; they may span midnight."""
    zone: tzinfo | None = None
    """Of these."""


QUIET_WORDS: Mapping[str, QuietWish] = {
    "hold": QuietWish(holds=True),
    "ignore": QuietWish(holds=False),
}


def quiet_form(written: object) -> str:
    """Whether it is written as one of the words or as hours; what is neither is told as these."""
    return "word" if isinstance(written, str) else "hours"


class WrittenHours(Protocol):
    """Quiet hours as a file has them."""

    @property
    def wish(self) -> QuietWish: ...


def wish_of(written: str | WrittenHours | None) -> QuietWish | None:
    """What a file says under quiet_hours, as a word or as hours."""
    if isinstance(written, str):
        return QUIET_WORDS[written]
    return written.wish if written else None
