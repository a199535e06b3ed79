"""What was ordered, line by line, and whether all of it had left at some time."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain

from orders.event import Event
from orders.fold.history import History, items_of, told
from orders.fold.shipments import MOVING
from orders.matching import titles
from parsers.notice import Item, Kind


def lines_of(history: History) -> tuple[Item, ...]:
    """What was ordered: the lines of the order mails, else of imported rows, else of any mail."""
    placed = told(history.of(Kind.ORDER_PLACED))
    rows = [event for event in history.of(Kind.ORDER_PLACED, Kind.IMPORT_ROW) if event.imported]
    witnesses = (history.best(placed), rows, history.events)
    return next(filter(None, map(_lines_in, witnesses)), ())


def _lines_in(events: Iterable[Event]) -> tuple[Item, ...]:
    """Each line once; a mail that prints one twice means two."""
    lines: tuple[Item, ...] = ()
    for event in events:
        lines += titles.missing(items_of(event), lines)
    return lines


def all_left(history: History, at: datetime) -> bool:
    """Whether believed mail up to `at` (aware UTC) says that the whole order was on its way.

    A parcel that does not say what is in it may hold everything.
    """
    moved = history.sure_until(at, *MOVING)
    if not moved:
        return False
    contents = [items_of(event) for event in moved if event.kind is Kind.SHIPMENT_SHIPPED]
    unknown = () in contents or not contents
    return unknown or not titles.lacking(lines_of(history), chain.from_iterable(contents))
