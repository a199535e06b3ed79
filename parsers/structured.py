"""Structured data in a mail: schema.org Order and ParcelDelivery as JSON-LD or microdata.

No mail of either marketplace was seen to carry it yet; where one does, it needs no language and is
read first.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from parsers import marks
from parsers.body import Page
from parsers.dates import iso_moment
from parsers.identifiers import normal
from parsers.mail import ParsedMail
from parsers.money import CODES
from parsers.notice import Evidence, FieldValue, Item, Kind, Money
from parsers.text import clean

STATUS: Mapping[str, Kind] = {
    "OrderProcessing": Kind.ORDER_PLACED,
    "OrderPaymentDue": Kind.ORDER_PAYMENT_DUE,
    "OrderInTransit": Kind.SHIPMENT_SHIPPED,
    "OrderPickupAvailable": Kind.SHIPMENT_AVAILABLE_FOR_PICKUP,
    "OrderDelivered": Kind.SHIPMENT_DELIVERED,
    "OrderCancelled": Kind.ORDER_CANCELLED,
}
TYPES = ("Order", "ParcelDelivery")
MAX_DEPTH = 12
COUNT = re.compile(r"[0-9]{1,6}")
PRICE = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What one schema.org thing says."""

    kind: Kind | None = None
    orders: tuple[str, ...] = ()
    tracking: tuple[str, ...] = ()
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()


def read(mail: ParsedMail, page: Page) -> tuple[Stated, ...]:
    """Every Order and ParcelDelivery of a mail; () for nearly every mail there is."""
    things = [thing for text in mail.json_ld for thing in _things(_load(text), 0)]
    if "schema.org/" in mail.html and "itemtype" in mail.html:
        things.extend(_microdata(mail.html))
    return tuple(filter(None, (_stated(thing, page) for thing in things)))


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _things(node: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > MAX_DEPTH:
        return
    if isinstance(node, list):
        for one in node:
            yield from _things(one, depth + 1)
    elif isinstance(node, dict):
        if _type(node) in TYPES:
            yield node
        else:
            yield from _things(node.get("@graph"), depth + 1)


def _type(node: Mapping[str, Any]) -> str:
    return str(node.get("@type", "")).rsplit("/", 1)[-1]


def _microdata(html: str) -> Iterator[dict[str, Any]]:
    from bs4 import BeautifulSoup  # noqa: PLC0415 - only where a mail carries microdata

    for scope in BeautifulSoup(html, "lxml").find_all(
        itemtype=re.compile(r"schema\.org/(?:Order|ParcelDelivery)$")
    ):
        if scope.find_parent(itemscope=True) is None:
            yield _scope(scope, 0)


def _scope(scope: Any, depth: int) -> dict[str, Any]:
    thing: dict[str, Any] = {"@type": str(scope.get("itemtype", ""))}
    for tag in scope.find_all(itemprop=True):
        if tag.find_parent(itemscope=True) is not scope or depth > MAX_DEPTH:
            continue
        value = (
            _scope(tag, depth + 1)
            if tag.has_attr("itemscope")
            else tag.get("content") or tag.get("href") or tag.get_text(" ", strip=True)
        )
        name = str(tag["itemprop"])
        thing[name] = [*_list(thing[name]), value] if name in thing else value
    return thing


def _stated(thing: Mapping[str, Any], page: Page) -> Stated | None:
    parcel = thing if _type(thing) == "ParcelDelivery" else _dict(thing.get("orderDelivery"))
    orders_in = (
        [thing]
        if _type(thing) == "Order"
        else [one for one in _list(thing.get("partOfOrder")) if isinstance(one, dict)]
    )
    orders = tuple(str(one.get("orderNumber", "")).strip() for one in orders_in)
    orders = tuple(number for number in orders if page.pack.order.fullmatch(number))
    tracking = tuple(
        normal(str(number))
        for number in _list(parcel.get("trackingNumber"))
        if marks.is_parcel(str(number))
    )
    if not orders and not tracking:
        return None
    status = next(
        (
            str(one.get("orderStatus", "")).rsplit("/", 1)[-1]
            for one in orders_in
            if one.get("orderStatus")
        ),
        "",
    )
    fields = _fields(orders_in[0] if orders_in else {}, parcel)
    line = f"{_type(thing)} {status}".strip()
    evidence = Evidence(
        where="structured", phrase="schema.org", line=line, source="parsers/structured.py"
    )
    return Stated(
        kind=STATUS.get(status),
        orders=orders,
        tracking=tracking,
        fields=fields,
        evidence=(evidence,),
    )


def _fields(order: Mapping[str, Any], parcel: Mapping[str, Any]) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {}
    for name, source, key in (
        ("expected_from", parcel, "expectedArrivalFrom"),
        ("expected_until", parcel, "expectedArrivalUntil"),
        ("ordered_at", order, "orderDate"),
    ):
        if (moment := iso_moment(str(source.get(key) or ""))) is not None:
            fields[name] = moment
    provider = _dict(parcel.get("provider") or parcel.get("carrier")).get("name")
    if provider:
        fields["provider"] = _words(provider)
    total = _money(order.get("price"), order.get("priceCurrency"))
    if total is not None:
        fields["total"] = total
    items = tuple(
        item for offer in _list(order.get("acceptedOffer")) if (item := _item(offer)) is not None
    )
    if items:
        fields["items"] = items
    return fields


def _item(offer: Any) -> Item | None:
    if not isinstance(offer, dict):
        return None
    product = _dict(offer.get("itemOffered"))
    title = _words(product.get("name", ""))
    quantity = str(_dict(offer.get("eligibleQuantity")).get("value", 1))
    count = int(quantity) if COUNT.fullmatch(quantity) else 1
    price = _money(offer.get("price"), offer.get("priceCurrency"))
    ref = _words(product.get("sku") or "") or None
    return Item(title=title, quantity=count, price=price, ref=ref) if title else None


def _words(value: Any) -> str:
    """One line as it can be shown."""
    return clean(str(value)[:300])


def _money(value: Any, currency: Any) -> Money | None:
    if str(currency) not in CODES or value is None:
        return None
    amount = str(value).replace(",", "")
    return Money(value=Decimal(amount), currency=str(currency)) if PRICE.fullmatch(amount) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _dict(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, dict) else {}
