"""Two statements that do not fit: what every check for contradictions yields."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orders.event import Event
from orders.fold.history import items_of
from orders.matching.titles import normal
from parsers.notice import Money


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A contradiction before it gets its name: code, the events it rests on, what makes a
    repetition new.
    """

    code: str
    rests_on: tuple[Event, ...]
    content: str = ""
    amount: Money | None = None
    detail: str = ""


def about(event: Event) -> str:
    """What makes a parcel event new: its tracking number, else parcel id, else contents."""
    refs = (*event.tracking, *event.packages)
    return refs[0] if refs else ", ".join(sorted(normal(item.title) for item in items_of(event)))


def pairs(
    code: str, found: Sequence[tuple[Event, ...]], content: Callable[[Event], str] = about
) -> Iterator[Mismatch]:
    """One mismatch for each different content of the last event; those without content count only
    when no other does.
    """
    seen: dict[str, tuple[Event, ...]] = {}
    for events in found:
        seen.setdefault(content(events[-1]), events)
    if len(seen) > 1:
        seen.pop("", None)
    for text, events in seen.items():
        yield Mismatch(code, events, content=text)
