"""The Amazon Order History Reporter browser extension: its orders, items, shipments and
transactions tables.

Amounts carry the site's own sign; `to` is a person's name and is not read, nor are cards.
"""

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from decimal import Decimal

from daemon.files.importers.entry import Batch, Entry, Group, Import, collect, start_of
from daemon.files.importers.table import Table, TableRow
from daemon.files.importers.values import (
    CellError,
    amazon_order,
    amount,
    day_comes_first,
    signed,
    site_of,
)
from orders.event import Event
from parsers.notice import Item, Money, Role


def read_orders(table: Table, about: Import) -> Batch:
    """One row is one order; its items are one text, so they are left to the items table."""
    real, skipped = _without_totals(table)
    day_first = day_comes_first(real.column("date"))

    def ordered(row: TableRow) -> date | datetime:
        return _need_when(row, "date", about.zone, day_first)

    def money(row: TableRow, column: str) -> Money | None:
        found = row.text(column)
        return (
            None if found is None else signed(found, column, site_of(row.text("order url") or ""))
        )

    def check(row: TableRow) -> object:
        return ordered(row), money(row, "total"), money(row, "refund")

    def write(group: Group) -> Iterable[Event]:
        number, (row, *_) = group
        entry = _entry(number, about)
        yield entry.placed(ordered(row), about.zone, total=money(row, "total"))
        refund = money(row, "refund")
        if refund and refund.value:
            yield entry.remark("refunded", line=f"{refund.value:f}", fields={"amount": refund})

    return _less(collect(real, _number, check, write), skipped)


def read_items(table: Table, about: Import) -> Batch:
    """One row is one item of an order."""
    real, skipped = _without_totals(table)
    day_first = day_comes_first(real.column("order date"))

    def item(row: TableRow) -> Item:
        price = row.text("price")
        return Item(
            title=row.need("description"),
            quantity=row.count("quantity"),
            price=None
            if price is None
            else signed(price, "price", site_of(row.text("order url") or "")),
            ref=row.text("ASIN"),
        )

    def ordered(row: TableRow) -> date | datetime:
        return _need_when(row, "order date", about.zone, day_first)

    def check(row: TableRow) -> object:
        return item(row), ordered(row)

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        items = tuple(dict.fromkeys(item(row) for row in rows))
        yield _entry(number, about).placed(ordered(rows[0]), about.zone, items=items, what="items")

    return _less(collect(real, _number, check, write), skipped)


def read_shipments(table: Table, about: Import) -> Batch:
    """One row is one parcel. No ship date is given: a parcel is a claim that binds its tracking
    number to the order.
    """
    words = {"YES": "delivered", "RETURNED": "returned"}
    real, skipped = _without_totals(table)

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        said = [words.get((row.text("delivered") or "").upper()) for row in rows]
        if all(said):
            yield from _entry(number, about).status(said)
        for row in rows:
            if tracking := row.text("tracking id"):
                fields = {"what": row.text("shipping status")}
                yield _entry(number, about).remark(
                    "parcel", line=tracking, fields=fields, tracking=(tracking,)
                )

    return _less(collect(real, _number, lambda row: row.line, write), skipped)


def read_transactions(table: Table, about: Import) -> Batch:
    """One row is one movement of money. Charges are negative, so a positive amount beside them was
    paid back.
    """
    real, skipped = _without_totals(table)
    day_first = day_comes_first(real.column("date"))
    signs = any("-" in text or "−" in text for text in real.column("amount"))

    def moved(row: TableRow) -> tuple[date | datetime, Decimal]:
        return _need_when(row, "date", about.zone, day_first), amount(row.need("amount"), "amount")

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        for row in rows:
            day, value = moved(row)
            money = signed(
                row.need("amount"), "amount", site_of(row.text("order urls", "vendor") or "")
            )
            word = "charged" if value < 0 else "refunded" if signs else "paid"
            yield _entry(number, about, also=_numbers(row)[1:]).remark(
                word,
                at=start_of(day, about.zone),
                line=f"{day.isoformat()}:{abs(value):f}",
                fields={"amount": _plain(money)},
            )

    return _less(collect(real, lambda row: _numbers(row)[0], moved, write), skipped)


def _numbers(row: TableRow) -> tuple[str, ...]:
    parts = row.need("order ids").replace(";", ",").replace("\n", ",").split(",")
    return tuple(amazon_order(part.strip(), "order ids") for part in parts if part.strip())


def _plain(money: Money | None) -> Money | None:
    return None if money is None else Money(value=abs(money.value), currency=money.currency)


def _number(row: TableRow) -> str:
    return amazon_order(row.need("order id"), "order id")


def _entry(number: str, about: Import, also: tuple[str, ...] = ()) -> Entry:
    return Entry(marketplace="amazon", role=Role.BUYER, order=number, seen=about.seen, also=also)


def _need_when(row: TableRow, column: str, zone: tzinfo, day_first: bool | None) -> date | datetime:
    found = row.when(column, zone=zone, day_first=day_first)
    if found is None:
        raise CellError(column, f"{column!r} is empty")
    return found


def _without_totals(table: Table) -> tuple[Table, int]:
    """The table ends with a row of spreadsheet formulas that add the columns up."""
    real = tuple(
        row
        for row in table.rows
        if not any(cell.startswith("=SUBTOTAL") for cell in row.cells.values())
    )
    kept = Table(file=table.file, header=table.header, rows=real, faults=table.faults)
    return kept, len(table.rows) - len(real)


def _less(batch: Batch, skipped: int) -> Batch:
    return Batch(events=batch.events, faults=batch.faults, skipped=skipped)
