"""Amazon's “Request your data”: order history old and current, refunds, return requests,
replacements.

One row is one item of one shipment. Addresses, gift notes and payment instruments stand beside it
and are not read.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, tzinfo

from daemon.files.importers.claims import claimed
from daemon.files.importers.entry import Batch, Entry, Group, Import, collect, slug, start_of
from daemon.files.importers.table import Table, TableRow
from daemon.files.importers.values import (
    CellError,
    added,
    amazon_order,
    currency,
    day_comes_first,
    site_of,
)
from orders.event import Event
from orders.order import OrderStatus
from parsers.notice import Item, Kind, Money, Role

CARRIER = re.compile(r"([^()]*)\(([^()]*)\)")
MONTH_FIRST_SITES = frozenset({"amazon.com"})


def read_history(table: Table, about: Import) -> Batch:
    """`Retail.OrderHistory.N.csv` (old) and `Order History.csv` (2026)."""
    day_first = _day_first(table, "Order Date", "Ship Date")

    def ordered(row: TableRow) -> date | datetime:
        return _need_when(row, "Order Date", UTC, _of_site(day_first, row))

    def shipped(row: TableRow) -> tuple[date | datetime, ...]:
        spoken = (row.text("Ship Date") or "").split(" and ")
        one = (
            TableRow(line=row.line, cells={"Ship Date": text}) for text in spoken if text.strip()
        )
        return tuple(_need_when(part, "Ship Date", UTC, _of_site(day_first, row)) for part in one)

    def check(row: TableRow) -> object:
        return _item(row), ordered(row), shipped(row), row.amount("Total Amount", "Total Owed")

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        entry = Entry(marketplace="amazon", role=Role.BUYER, order=number, seen=about.seen)
        yield entry.placed(ordered(rows[0]), UTC, items=_items(rows), total=_total(rows))
        for row in rows:
            for (carrier, tracking), day in _parcels(row, shipped(row)):
                yield _shipped(entry, rows, row, carrier, tracking, day)
        yield from entry.status(map(_status, rows))

    return collect(table, _number, check, write)


def _status(row: TableRow) -> str | None:
    """The order's status once it is over, else how far this row's parcel is."""
    order, parcel = row.text("Order Status"), row.text("Shipment Status")
    over = claimed(slug(order or "")) in (OrderStatus.COMPLETED, OrderStatus.CANCELLED)
    return order if over else parcel or order


def _shipped(
    entry: Entry,
    rows: Sequence[TableRow],
    row: TableRow,
    carrier: str,
    tracking: str,
    day: date | datetime,
) -> Event:
    """One parcel: every item of the order that names the same tracking number, or the same day when
    there is none.
    """
    same = [other for other in rows if other is row or _is_same_parcel(other, row, tracking)]
    return entry.event(
        Kind.SHIPMENT_SHIPPED,
        f"shipped:{tracking or day.isoformat()}",
        start_of(day, UTC),
        fields={"items": _items(same), "provider": carrier or None, "shipped_at": day},
        tracking=(tracking,) if tracking else (),
    )


PARCEL = "Carrier Name & Tracking Number"


def _is_same_parcel(other: TableRow, row: TableRow, tracking: str) -> bool:
    if tracking:
        return tracking in (other.text(PARCEL) or "")
    return other.text("Ship Date") == row.text("Ship Date")


def _parcels(
    row: TableRow, days: tuple[date | datetime, ...]
) -> Iterable[tuple[tuple[str, str], date | datetime]]:
    """((carrier, number), ship date) of `YAMATO(123) and JP_POST(456)`; one without a number when
    none is told.

    Each parcel has its own date when as many are given, else the first; nothing has left when there
    is no date.
    """
    spoken = (
        (c.removeprefix(" and ").strip(), number.strip())
        for c, number in CARRIER.findall(row.text(PARCEL) or "")
    )
    found = tuple(spoken) or (("", ""),)
    return zip(found, days if len(days) == len(found) else days[:1] * len(found), strict=False)


def read_refunds(table: Table, about: Import) -> Batch:
    """`Refund Details.csv`. A line repeats for every return request of an order: the same line is
    the same refund.
    """
    day_first = _day_first(table, "Refund Date", "Creation Date")

    def paid_at(row: TableRow) -> date | datetime:
        column = "Refund Date" if row.text("Refund Date") else "Creation Date"
        return _need_when(row, column, UTC, _of_site(day_first, row))

    def check(row: TableRow) -> object:
        return paid_at(row), _refund(row)

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        entry = Entry(marketplace="amazon", role=Role.BUYER, order=number, seen=about.seen)
        for row in rows:
            day, money = paid_at(row), _refund(row)
            done = slug(row.text("Payment Status") or "completed") in (
                "completed",
                "complete",
                "succeeded",
                "disbursed",
            )
            kind = (
                Kind.REFUND_COMPLETED if done and row.text("Refund Date") else Kind.REFUND_ANNOUNCED
            )
            what = (
                f"{kind}:{day.isoformat()}:{money.value:f}:{slug(row.text('Creation Date') or '')}"
            )
            yield entry.event(kind, what, start_of(day, UTC), fields={"amount": money, "at": day})

    return collect(table, _number, check, write)


def read_return_requests(table: Table, about: Import) -> Batch:
    """`Return Requests.csv`. Without a date in the row it is only a claim about the order, not an
    event in time.
    """
    dates = (
        "Return Request Date",
        "Return Creation Date",
        "Creation Date",
        "Date of Return Request",
    )
    day_first = _day_first(table, *dates)

    def asked_at(row: TableRow) -> date | datetime | None:
        return row.when(*dates, zone=UTC, day_first=_of_site(day_first, row))

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        entry = Entry(marketplace="amazon", role=Role.BUYER, order=number, seen=about.seen)
        for row in rows:
            reason, asin, day = (
                row.text("Return Reason Code"),
                row.text("ASIN") or "",
                asked_at(row),
            )
            fields = {"reason": reason, "asin": asin or None}
            if day is None:
                yield entry.remark("return requested", line=asin, fields=fields)
            else:
                what = f"return.requested:{asin}:{day.isoformat()}"
                yield entry.event(Kind.RETURN_REQUESTED, what, start_of(day, UTC), fields=fields)

    return collect(table, _number, asked_at, write)


def read_replacements(table: Table, about: Import) -> Batch:
    """`Replacement Orders.csv`: which order took the place of which."""

    def replacement(row: TableRow) -> str:
        return amazon_order(row.need("Replacement Order ID"), "Replacement Order ID")

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        for row in rows:
            new = replacement(row)
            old_entry = Entry(marketplace="amazon", role=Role.BUYER, order=number, seen=about.seen)
            new_entry = Entry(marketplace="amazon", role=Role.BUYER, order=new, seen=about.seen)
            yield old_entry.remark(f"replaced by order {new}")
            yield new_entry.remark(f"replaces order {number}")

    return collect(table, _number, replacement, write)


def _number(row: TableRow) -> str:
    return amazon_order(row.need("Order ID"), "Order ID")


def _item(row: TableRow) -> Item:
    return Item(
        title=row.text("Product Name") or row.text("ASIN") or "",
        quantity=row.count("Original Quantity", "Quantity"),
        price=row.money("Unit Price", unit="Currency"),
        ref=row.text("ASIN"),
    )


def _items(rows: Sequence[TableRow]) -> tuple[Item, ...]:
    """Lines of the order; an item split over two parcels is one line with both counts."""
    lines: dict[tuple[str | None, str], Item] = {}
    for item in (_item(row) for row in rows):
        before = lines.get((item.ref, item.title))
        more = before.quantity if before else 0
        lines[item.ref, item.title] = Item(
            title=item.title, quantity=item.quantity + more, price=item.price, ref=item.ref
        )  # fmt: skip
    return tuple(lines.values())


def _total(rows: Sequence[TableRow]) -> Money | None:
    """The rows' own totals added up; nothing when one is silent or in another currency.

    A cancelled order's rows say 0: what it cost is then not known.
    """
    total = added([row.amount("Total Amount", "Total Owed") for row in rows])
    units = {currency(row.need("Currency"), "Currency") for row in rows if row.text("Currency")}
    if not total or len(units) != 1:
        return None
    return Money(value=total, currency=units.pop())


def _refund(row: TableRow) -> Money:
    money = row.money("Refund Amount", unit="Currency")
    if money is None:
        raise CellError("Refund Amount", "'Refund Amount' is empty")
    return money


def _need_when(row: TableRow, column: str, zone: tzinfo, day_first: bool | None) -> date | datetime:
    found = row.when(column, zone=zone, day_first=day_first)
    if found is None:
        raise CellError(column, f"{column!r} is empty")
    return found


def _day_first(table: Table, *columns: str) -> bool | None:
    return day_comes_first([text for name in columns for text in table.column(name)])


def _of_site(day_first: bool | None, row: TableRow) -> bool | None:
    """The file's own habit, else that of the site the row names: only the US site writes the month
    first.
    """
    if day_first is not None:
        return day_first
    site = site_of(row.text("Website") or "")
    return None if not site else site not in MONTH_FIRST_SITES
