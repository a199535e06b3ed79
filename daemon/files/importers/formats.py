"""The formats that can be imported, each known by columns that no other has; never by a file's
name.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from daemon.files.importers import aliexpress, amazon, reporter, seller, settlement
from daemon.files.importers.entry import Batch, Import
from daemon.files.importers.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One kind of file."""

    id: str
    title: str
    columns: frozenset[str]
    """All of these stand in its header; others may."""
    read: Callable[[Table, Import], Batch]


def _format(name: str, title: str, columns: str, read: Callable[[Table, Import], Batch]) -> Format:
    return Format(id=name, title=title, columns=frozenset(columns.split("|")), read=read)


FORMATS: tuple[Format, ...] = (
    _format(
        "aliexpress-inventory",
        "AliExpress Shopper Inventory (CSV)",
        "Order Date|Order ID|Title|Qty|Store|Status|Product ID",
        aliexpress.read_inventory,
    ),
    _format(
        "aliexpress-inventory-json",
        "AliExpress Shopper Inventory (JSON)",
        "orderId|productId|title|quantity|status|storeName",
        aliexpress.read_inventory_json,
    ),
    _format(
        "aliexpress-personal-data",
        "AliExpress personal-data export (XLSX)",
        "order_id|parent_orderid|gmt_create_order_time|order_status|item_name",
        aliexpress.read_personal_data,
    ),
    _format(
        "amazon-history-old",
        "Amazon “Request your data”: Retail.OrderHistory",
        "Website|Order ID|Order Date|Currency|Total Owed|ASIN|Quantity|Order Status|Ship"
        " Date|Product Name",
        amazon.read_history,
    ),
    _format(
        "amazon-history",
        "Amazon “Request your data”: Order History",
        "ASIN|Currency|Order Date|Order ID|Order Status|Original Quantity|Product Name|Ship"
        " Date|Total Amount|Website",
        amazon.read_history,
    ),
    _format(
        "amazon-refunds",
        "Amazon “Request your data”: Refund Details",
        "Creation Date|Currency|Order ID|Refund Amount|Refund Date",
        amazon.read_refunds,
    ),
    _format(
        "amazon-return-requests",
        "Amazon “Request your data”: Return Requests",
        "ASIN|Order ID|Product Name|Return Reason Code",
        amazon.read_return_requests,
    ),
    _format(
        "amazon-replacements",
        "Amazon “Request your data”: Replacement Orders",
        "Order ID|Replacement Order ID",
        amazon.read_replacements,
    ),
    _format(
        "reporter-orders",
        "Amazon Order History Reporter: orders",
        "order id|order url|items|date|total",
        reporter.read_orders,
    ),
    _format(
        "reporter-items",
        "Amazon Order History Reporter: items",
        "order id|order url|order date|quantity|description|price",
        reporter.read_items,
    ),
    _format(
        "reporter-shipments",
        "Amazon Order History Reporter: shipments",
        "shipment id|order id|delivered|shipping status|tracking id",
        reporter.read_shipments,
    ),
    _format(
        "reporter-transactions",
        "Amazon Order History Reporter: transactions",
        "date|order ids|vendor|amount",
        reporter.read_transactions,
    ),
    _format(
        "amazon-all-orders",
        "Amazon seller: All Orders",
        "amazon-order-id|purchase-date|order-status|sku|quantity|item-price",
        seller.read_all_orders,
    ),
    _format(
        "amazon-order-report",
        "Amazon seller: order report (注文レポート)",
        "order-id|order-item-id|purchase-date|sku|quantity-purchased",
        seller.read_order_report,
    ),
    _format(
        "amazon-returns",
        "Amazon seller: returns",
        "Order ID|Return request date|Return request status|Amazon RMA ID|Merchant SKU",
        seller.read_returns,
    ),
    _format(
        "amazon-settlement",
        "Amazon seller: settlement (flat file V2)",
        "settlement-id|transaction-type|order-id|amount-type|amount-description|amount|sku",
        settlement.read_settlement,
    ),
)


def recognise(header: Collection[str]) -> Format | None:
    """The format whose columns all stand in the header; the most demanding one when several fit."""
    fitting = [one for one in FORMATS if one.columns <= set(header)]
    return max(fitting, key=lambda one: len(one.columns), default=None)


def nearest(header: Collection[str]) -> tuple[Format, tuple[str, ...]] | None:
    """The format that shares most of its columns, with those that are missing; None when less than
    half are there.
    """
    best = max(FORMATS, key=lambda one: len(one.columns & set(header)) / len(one.columns))
    missing = tuple(sorted(best.columns - set(header)))
    return (best, missing) if len(missing) * 2 <= len(best.columns) else None
