"""Amazon seller reports: All Orders, the order report of Japan, returns.

Buyers' names, mail addresses, phones and addresses stand in the same rows and are not read.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from daemon.files.importers.entry import Batch, Entry, Group, Import, collect, start_of
from daemon.files.importers.table import Table, TableRow
from daemon.files.importers.values import CellError, added, amazon_order, currency, day_comes_first
from orders.event import Event
from parsers.notice import Item, Kind, Money, Role

PLUS = ("item-price", "shipping-price", "gift-wrap-price")
TAX = ("item-tax", "shipping-tax", "gift-wrap-tax")
TAX_APART = frozenset({"USD", "CAD"})
"""Elsewhere the price includes the tax, and the tax columns only say how much of it that is."""
MINUS = ("item-promotion-discount", "ship-promotion-discount")


def read_all_orders(table: Table, about: Import) -> Batch:
    """`GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL`: one row is one order line, priced as a
    whole.
    """

    def check(row: TableRow) -> object:
        return _item(row, "quantity"), _when(row, "purchase-date"), _sum(row)

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        entry = Entry(marketplace="amazon", role=Role.SELLER, order=number, seen=about.seen)
        items = tuple(_item(row, "quantity") for row in rows)
        yield entry.placed(_when(rows[0], "purchase-date"), UTC, items=items, total=_total(rows))
        updated = rows[0].when("last-updated-date", zone=UTC)
        at = None if updated is None else start_of(updated, UTC)
        yield from entry.status((row.text("order-status") for row in rows), at=at)

    return collect(
        table,
        lambda row: amazon_order(row.need("amazon-order-id"), "amazon-order-id"),
        check,
        write,
    )


def read_order_report(table: Table, about: Import) -> Batch:
    """The order report (注文レポート): orders to ship."""

    def check(row: TableRow) -> object:
        return (
            _item(row, "quantity-purchased"),
            _when(row, "purchase-date"),
            _sum(row),
            _ship_by(row),
        )

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        entry = Entry(marketplace="amazon", role=Role.SELLER, order=number, seen=about.seen)
        items = tuple(
            {row.text("order-item-id"): _item(row, "quantity-purchased") for row in rows}.values()
        )
        yield entry.placed(
            _when(rows[0], "purchase-date"),
            UTC,
            items=items,
            total=_total(rows),
            more={"ship_by": _ship_by(rows[0])},
        )

    return collect(table, lambda row: amazon_order(row.need("order-id"), "order-id"), check, write)


def read_returns(table: Table, about: Import) -> Batch:
    """`GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE`: one row is one return request."""
    columns = ("Return request date", "Return delivery date", "Order date")
    day_first = day_comes_first([text for name in columns for text in table.column(name)])

    def day(row: TableRow, column: str) -> date | datetime | None:
        return row.when(column, zone=UTC, day_first=day_first)

    def asked(row: TableRow) -> date | datetime:
        found = day(row, "Return request date")
        if found is None:
            raise CellError("Return request date", "'Return request date' is empty")
        return found

    def refunded(row: TableRow) -> Money | None:
        money = row.money("Refunded Amount", unit="Currency code")
        return money if money and money.value else None

    def check(row: TableRow) -> object:
        return asked(row), day(row, "Return delivery date"), refunded(row)

    def write(group: Group) -> Iterable[Event]:
        number, rows = group
        entry = Entry(marketplace="amazon", role=Role.SELLER, order=number, seen=about.seen)
        for row in rows:
            yield from _return(
                entry, row, asked(row), day(row, "Return delivery date"), refunded(row)
            )

    return collect(table, lambda row: amazon_order(row.need("Order ID"), "Order ID"), check, write)


def _return(
    entry: Entry,
    row: TableRow,
    asked: date | datetime,
    arrived: date | datetime | None,
    refunded: Money | None,
) -> Iterable[Event]:
    rma = row.text("Amazon RMA ID", "Merchant RMA ID")
    key = rma or asked.isoformat()
    about = {
        "rma": rma,
        "reason": row.text("Return Reason"),
        "sku": row.text("Merchant SKU"),
        "asin": row.text("ASIN"),
    }
    tracking = tuple(filter(None, (row.text("Tracking ID"),)))
    yield entry.event(
        Kind.RETURN_REQUESTED,
        f"return.requested:{key}",
        start_of(asked, UTC),
        fields=about,
        tracking=tracking,
    )
    if status := row.text("Return request status"):
        yield entry.remark(
            f"return {status.casefold()}", line=key, at=start_of(asked, UTC), fields={"rma": rma}
        )
    if arrived is not None:
        yield entry.event(
            Kind.RETURN_RECEIVED,
            f"return.received:{key}",
            start_of(arrived, UTC),
            fields={"rma": rma},
        )
    if refunded is not None:
        yield entry.remark(
            "refunded", line=f"{key}:{refunded.value:f}", fields={"amount": refunded, "rma": rma}
        )


def _item(row: TableRow, quantity: str) -> Item:
    count = row.count(quantity)
    price = row.amount("item-price") if count == 1 else None
    return Item(
        title=row.text("product-name", "sku") or "",
        quantity=count,
        price=(
            None
            if price is None
            else Money(value=price, currency=currency(row.need("currency"), "currency"))
        ),
        ref=row.text("sku"),
    )


def _when(row: TableRow, column: str) -> date | datetime:
    found = row.when(column, zone=UTC)
    if found is None:
        raise CellError(column, f"{column!r} is empty")
    return found


def _ship_by(row: TableRow) -> date | datetime | None:
    return row.when("promise-date", "latest-ship-date", zone=UTC)


def _sum(row: TableRow) -> Decimal | None:
    """What the buyer pays for a line; None when the price is not told (a pending order tells
    none).
    """
    if row.amount("item-price") is None:
        return None
    names = PLUS + TAX if (row.text("currency") or "").upper() in TAX_APART else PLUS
    plus, minus = (_amounts(row, column) for column in (names, MINUS))
    return sum(plus, Decimal(0)) - sum(map(abs, minus), Decimal(0))


def _amounts(row: TableRow, columns: Iterable[str]) -> list[Decimal]:
    return [row.amount(name) or Decimal(0) for name in columns]


def _total(rows: Sequence[TableRow]) -> Money | None:
    total = added([_sum(row) for row in rows])
    units = {currency(row.need("currency"), "currency") for row in rows if row.text("currency")}
    if total is None or len(units) != 1:
        return None
    return Money(value=total, currency=units.pop())
