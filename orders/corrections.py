"""What was said before and does not stand as it was: taken back, standing again, or trusted
otherwise. Each is an event of its own about another; nothing that was appended is changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from orders.event import Event, Source
from parsers.notice import Kind, Trust

RETRACTED = "retracted"
RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an event stands now."""

    retracted: bool = False
    trust: Trust | None = None
    """As it was judged last; None: as when it was appended."""


def correction(event: Event, says: str, at: datetime, number: int) -> Event:
    """The event that says so of another: `RETRACTED`, `RESTORED`, or a trust.

    `number` counts the corrections of that event: the last word is known whatever a clock says.
    """
    return Event(
        origin=f"correction:{number:06d}:{event.origin}",
        kind=Kind.CORRECTION,
        at=at,
        seen=at,
        source=Source.CORRECTION,
        marketplace=event.marketplace,
        role=event.role,
        trust=Trust.VERIFIED,
        fields={"text": says},
        assigns=event.origin,
    )


def standing(corrections: Iterable[Event]) -> Standing:
    """What all corrections of one event come to: the last word counts, in whatever order they
    came.
    """
    retracted, trust = False, None
    for one in sorted(corrections, key=lambda one: one.origin):
        says = str(one.fields.get("text", ""))
        if says in (RETRACTED, RESTORED):
            retracted = says == RETRACTED
        else:
            trust = Trust(says)
    return Standing(retracted=retracted, trust=trust)
