"""Short words for events in tests: what happened, on which day, with which fields."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from orders.belief import is_unverified
from orders.deadlines import policy
from orders.event import Event, Source
from orders.facts.view import View, view
from orders.matching.index import key_of
from orders.order import Finding, Watch
from parsers.notice import Item, Kind, Money, Role, Trust
from tests.orders.list_index import ListIndex

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
"""A Monday, nine in the morning in Tokyo."""
TOKYO = ZoneInfo("Asia/Tokyo")
AE = "8100000000000001"
AE2 = "8100000000050001"
AE3 = "3100000000090001"
AZ = "249-0000000-0000001"
AZ2 = "249-0000000-0000002"
REFS = ("tracking", "packages", "cases", "masked", "thread")
PLAIN = ("role", "trust", "source", "address", "language", "assigns", "mail", "origin")


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def money(text: str) -> Money:
    value, currency = text.split()
    return Money(value=Decimal(value), currency=currency)


def lines(*titles: str) -> tuple[Item, ...]:
    return tuple(Item(title=title) for title in titles)


def said(kind: str, at: float, number: str | tuple[str, ...] | None = AE, **more) -> Event:
    """An event of kind `kind` on day `at` for the order `number`; references by name, the rest are
    fields.

    `copy="b"` makes the same news from another mail.
    """
    numbers = (number,) if isinstance(number, str) else (number or ())
    copy = more.pop("copy", "")
    refs = {name: _tuple(more.pop(name)) for name in REFS if name in more}
    plain = {name: more.pop(name) for name in PLAIN if name in more}
    amazon = plain.pop("marketplace", None) or (
        "amazon" if any("-" in one for one in numbers) else "aliexpress"
    )
    marketplace = more.pop("marketplace", amazon)
    if "address" in plain:
        plain["sender"] = plain.pop("address")
    words = repr(
        (
            kind,
            at,
            numbers,
            copy,
            sorted(refs.items()),
            sorted(plain.items()),
            sorted(more.items()),
            marketplace,
        )
    )
    digest = hashlib.sha256(words.encode()).hexdigest()
    whole = {
        "origin": f"mail:{digest[:16]}#0",
        "source": Source.MAIL,
        "role": Role.BUYER,
        "trust": Trust.VERIFIED,
        "mail": int(digest[:6], 16),
        **plain,
    }
    whole |= {"trust": Trust(whole["trust"]), "source": Source(whole["source"])}
    at_time = day(at)
    return Event(
        kind=Kind(kind),
        at=at_time,
        seen=at_time,
        marketplace=marketplace,
        order_numbers=numbers,
        fields=more,
        **refs,
        **whole,
    )


def sold(kind: str, at: float, number: str = AZ, **more) -> Event:
    """The same, in a seller's mailbox."""
    return said(kind, at, number, role=Role.SELLER, **more)


def assigned(event: Event, number: str | None, at: float = 60, **more) -> Event:
    """The user's answer: `event` belongs to `number`."""
    numbers = () if number is None else (number,)
    return Event(
        origin=f"assignment:{event.origin}:{at}",
        kind=Kind.ASSIGNMENT,
        at=day(at),
        seen=day(at),
        source=Source.ASSIGNMENT,
        marketplace=event.marketplace,
        role=event.role,
        trust=Trust.VERIFIED,
        order_numbers=numbers,
        assigns=event.origin,
        **more,
    )


def seen(*events: Event, number: str = AE, role: Role | None = None, overrides=None) -> View:
    """The view of the order after these events."""
    marketplace = events[0].marketplace
    key = key_of(marketplace, role or events[0].role, number)
    rows = policy.load(overrides) if overrides else policy.shipped()
    return view(key, ListIndex(events), rows, TOKYO)


def watch(found: View, name: str) -> Watch | None:
    """The one watch of that id, or of that key."""
    own = [one for one in found.watches if name in (one.id, one.key)]
    own = [one for one in own if not is_unverified(one.id)] or own
    assert len(own) <= 1, own
    return own[0] if own else None


def finding(found: View, code: str) -> Finding | None:
    own = [one for one in found.findings if one.code == code]
    assert len(own) <= 1, own
    return own[0] if own else None


def codes(found: View) -> list[str]:
    return sorted(one.code for one in found.findings)


def case(found: View, kind: str):
    own = [one for one in found.order.cases if one.kind == kind]
    assert len(own) <= 1, own
    return own[0] if own else None


def _tuple(value) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
