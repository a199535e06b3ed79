"""How much one mail may say. Real mail says far less; what says more would cost the ledger minutes
(orders are matched with each other, items with items), so nothing of it is believed.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from parsers.notice import Gist, Item, Notice, Reading

MOST_NAMES = 60
"""Different orders, and different parcels, cases and the like, that one mail speaks of."""
MOST_REFERENCES = 200
"""The same, counted in each of its notices."""
MOST_ITEMS = 200
"""Items in all notices together."""
MOST_THREAD = 50
"""Mails that it answers; the newest stand last in References."""
MAX_WORDS = 4_000
"""Signs of one text among the fields of a notice: a message as a seller writes it."""


def excess(notices: Iterable[Notice]) -> str | None:
    """Why these notices say more than one mail can, or None."""
    every = tuple(islice(notices, MOST_REFERENCES + 1))
    if len(every) > MOST_REFERENCES:
        return f"it makes more than {MOST_REFERENCES} statements"
    if len({number for one in every for number in one.order_numbers}) > MOST_NAMES:
        return f"it speaks of more than {MOST_NAMES} orders"
    if len({name for one in every for name in _parcels(one)}) > MOST_NAMES:
        return f"it speaks of more than {MOST_NAMES} parcels or cases"
    if sum(len(one.order_numbers) + len(_parcels(one)) for one in every) > MOST_REFERENCES:
        return f"it names orders and parcels more than {MOST_REFERENCES} times"
    if sum(len(_items(one)) for one in every) > MOST_ITEMS:
        return f"it lists more than {MOST_ITEMS} items"
    longest = (len(text) for one in every for text in _texts(one))
    if max(longest, default=0) > MAX_WORDS:
        return f"one of its texts has more than {MAX_WORDS:,} signs"
    return None


def measured(reading: Reading) -> Reading:
    """The reading without the tail of what is only ever looked up: thread, claims, gist."""
    return replace(
        reading,
        thread=reading.thread[-MOST_THREAD:],
        claims=reading.claims[:MOST_NAMES],
        gist=None if reading.gist is None else _measured_gist(reading.gist),
    )


def _measured_gist(gist: Gist) -> Gist:
    return replace(gist, orders=gist.orders[:MOST_NAMES], parcels=gist.parcels[:MOST_NAMES])


def _parcels(notice: Notice) -> tuple[str, ...]:
    return (*notice.tracking, *notice.packages, *notice.cases, *notice.masked)


def _items(notice: Notice) -> tuple[Item, ...]:
    lists = (value for value in notice.fields.values() if isinstance(value, tuple))
    return tuple(item for items in lists for item in items)


def _texts(notice: Notice) -> Iterable[str]:
    yield from (value for value in notice.fields.values() if isinstance(value, str))
    yield from (item.title for item in _items(notice))
