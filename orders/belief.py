"""What is believed: mail whose sender is verified, what the user told by hand, imported files.

Everything that can keep an alert silent counts believed events only: what closes a case, meets or
voids a watch, pays, cancels, delivers; the base from which a deadline is counted; every test of a
rule (`when`, `quiet_while`) and every rule that another one quiets. Whoever can write a mail could
otherwise silence the alert that matters.

So an order is folded twice: from believed events alone, and from all of them. What rings for the
first rings whatever else arrives. What only the second shows (a weak mail may open, and bring a
deadline nearer) is a thing of its own beside it, with an id of its own: settling a forged alert
does not settle the true one.
"""

from collections.abc import Mapping
from enum import StrEnum

from orders.event import Event, Source
from parsers.notice import Trust

UNVERIFIED = "/unverified"
"""Ends the id of what rests on mail that is not believed."""


class CountedEvents(StrEnum):
    """Which events a condition or a date is made from: each rule and each deadline states it."""

    BELIEVED = "believed"
    NEARER = "nearer"
    MAIL = "mail"
    STRANGERS = "strangers"
    SERVICE = "service"


COUNTED: Mapping[CountedEvents, str] = {
    CountedEvents.BELIEVED: "believed events only: verified mail, what you told, imports",
    CountedEvents.NEARER: (
        "believed events; other mail only opens one beside it, or one that is due earlier"
    ),
    CountedEvents.MAIL: "the mail itself, whoever sent it",
    CountedEvents.STRANGERS: "all mail, since it speaks of mail that is not believed",
    CountedEvents.SERVICE: "what the service itself sees; no mail has a say in it",
}
"""Each in words."""


def is_believed(event: Event) -> bool:
    """Its sender is verified, or the user himself told it or imported it."""
    return event.source is not Source.MAIL or event.trust is Trust.VERIFIED


def is_stranger(event: Event) -> bool:
    """Nobody vouches for it, not even by forwarding it."""
    return event.source is Source.MAIL and event.trust is Trust.UNVERIFIED


def unverified(name: str) -> str:
    """The id beside `name` for what rests on mail that is not believed."""
    return name if is_unverified(name) else name + UNVERIFIED


def is_unverified(name: str) -> bool:
    return name.endswith(UNVERIFIED)


def believed_name(name: str) -> str:
    """The id of the same thing as believed mail alone makes it."""
    return name.removesuffix(UNVERIFIED)
