"""AliExpress orders: the Shopper Inventory extension's CSV and JSON, and the personal-data export's
workbook.

Times are Pacific. Prices of the workbook are cents without a currency and are therefore left out:
never guess.
"""

from collections.abc import Iterable
from datetime import date, datetime

from daemon.files.importers.entry import Batch, Entry, Group, Import, collect, start_of
from daemon.files.importers.table import Table, TableRow
from daemon.files.importers.values import PACIFIC, CellError, aliexpress_order, currency, serial_day
from orders.event import Event
from parsers.notice import Item, Money, Role


def read_inventory(table: Table, about: Import) -> Batch:
    """Shopper Inventory CSV: one row is one order line."""

    def item_of(row: TableRow) -> Item:
        return Item(
            title=row.need("Title"),
            quantity=row.count("Qty"),
            price=_price(row, "Price", "Currency"),
            ref=row.text("Product ID"),
        )

    def ordered(row: TableRow) -> date | datetime:
        return _need_when(row, "Order Date")

    def line_of(row: TableRow) -> str:
        return "-".join(row.text(name) or "" for name in ("Product ID", "SKU ID", "Attributes"))

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        entry = Entry(marketplace="aliexpress", role=Role.BUYER, order=number, seen=about.seen)
        items = tuple({line_of(row): item_of(row) for row in rows}.values())
        yield entry.placed(
            ordered(rows[0]), PACIFIC, items=items, more={"store": rows[0].text("Store")}
        )
        yield from entry.status(row.text("Status") for row in rows)

    def check(row: TableRow) -> object:
        return item_of(row), ordered(row)

    return collect(
        table, lambda row: aliexpress_order(row.need("Order ID"), "Order ID"), check, write
    )


def read_inventory_json(table: Table, about: Import) -> Batch:
    """Shopper Inventory JSON: one object is one order line. Entries the user hid (`ignoreExport`)
    are skipped.
    """
    wanted = tuple(row for row in table.rows if row.text("ignoreExport") not in ("True", "true"))
    shown = Table(file=table.file, header=table.header, rows=wanted, faults=table.faults)

    def item_of(row: TableRow) -> Item:
        return Item(
            title=row.need("title"),
            quantity=row.count("quantity"),
            price=_price(row, "price", "currency"),
            ref=row.text("productId"),
        )

    def line_of(row: TableRow) -> str:
        return row.text("id", "orderLineId") or row.need("title")

    def ordered(row: TableRow) -> date | datetime:
        return _need_when(row, "orderDateIso", "orderDate")

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        entry = Entry(marketplace="aliexpress", role=Role.BUYER, order=number, seen=about.seen)
        items = tuple({line_of(row): item_of(row) for row in rows}.values())
        yield entry.placed(
            ordered(rows[0]), PACIFIC, items=items, more={"store": rows[0].text("storeName")}
        )
        yield from entry.status(row.text("status") for row in rows)

    def check(row: TableRow) -> object:
        return item_of(row), ordered(row)

    batch = collect(
        shown, lambda row: aliexpress_order(row.need("orderId"), "orderId"), check, write
    )
    return Batch(events=batch.events, faults=batch.faults, skipped=len(table.rows) - len(wanted))


def read_personal_data(table: Table, about: Import) -> Batch:
    """The GDPR workbook: one row is one order line; `parent_orderid` is the number that mails
    use.
    """

    def number_of(row: TableRow) -> str:
        parent = row.text("parent_orderid")
        if parent in (None, "0"):
            return aliexpress_order(row.need("order_id"), "order_id")
        return aliexpress_order(str(parent), "parent_orderid")

    def time_of(row: TableRow, column: str) -> date | datetime | None:
        found = row.text(column)
        return None if found is None else serial_day(found, column, zone=PACIFIC)

    def ordered(row: TableRow) -> date | datetime:
        found = time_of(row, "gmt_create_order_time")
        if found is None:
            raise CellError("gmt_create_order_time", "'gmt_create_order_time' is empty")
        return found

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        entry = Entry(marketplace="aliexpress", role=Role.BUYER, order=number, seen=about.seen)
        items = tuple(Item(title=row.need("item_name")) for row in rows)
        yield entry.placed(ordered(rows[0]), PACIFIC, items=items)
        ends = [found for row in rows if (found := time_of(row, "gmt_trade_end_time")) is not None]
        at = max(start_of(end, PACIFIC) for end in ends) if len(ends) == len(rows) else None
        yield from entry.status((row.text("order_status") for row in rows), at=at)
        for row in rows:
            if reason := row.text("end_reason"):
                yield entry.remark(
                    "ended", line=row.text("order_id") or "", at=at, fields={"reason": reason}
                )

    def check(row: TableRow) -> object:
        return ordered(row), row.need("item_name"), time_of(row, "gmt_trade_end_time")

    return collect(table, number_of, check, write)


def _price(row: TableRow, column: str, unit: str) -> Money | None:
    value = row.amount(column)
    return None if value is None else Money(value=value, currency=currency(row.need(unit), unit))


def _need_when(row: TableRow, *names: str) -> date | datetime:
    found = row.when(*names, zone=PACIFIC)
    if found is None:
        raise CellError(names[0], f"{names[0]!r} is empty")
    return found
