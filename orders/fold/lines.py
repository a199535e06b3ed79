"""What was ordered, line by line, and whether all of it had left at some time."""

from datetime import datetime

from orders.event import Source
from orders.fold.history import History, items_of
from orders.fold.shipments import MOVING
from orders.matching import titles
from parsers.notice import Item, Kind


def lines_of(history: History) -> tuple[Item, ...]:
    """What was ordered: the lines of the order mails, else of imported rows, else of any mail."""
    told = history.best(
        [event for event in history.of(Kind.ORDER_PLACED) if event.source is not Source.IMPORT]
    )
    imported = [
        event
        for event in history.of(Kind.ORDER_PLACED, Kind.IMPORT_ROW)
        if event.source is Source.IMPORT
    ]
    for events in (told, imported, history.events):
        lines: list[Item] = []
        for event in events:
            lines += [
                item
                for item in items_of(event)
                if not any(titles.same_item(item, line) for line in lines)
            ]
        if lines:
            return tuple(lines)
    return ()


def all_left(history: History, at: datetime) -> bool:
    """Whether believed mail up to `at` (aware UTC) says that the whole order was on its way.

    A parcel that does not say what is in it may hold everything.
    """
    moved = [event for event in history.sure(*MOVING) if event.at <= at]
    if not moved:
        return False
    shipped = [event for event in moved if event.kind is Kind.SHIPMENT_SHIPPED]
    told = [items_of(event) for event in shipped]
    if not told or not all(told):
        return True
    return not titles.lacking(lines_of(history), (item for items in told for item in items))
