"""Forged mail that names an order of ours: told about the order, which it never touches."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from orders.facts.order_facts import order_facts
from orders.matching.index import EventIndex, RefKind, key_of
from orders.order import Order
from orders.subject import Subject


def phishing(
    orders: Iterable[Order], *, at: datetime, mail: int | None, origin: str
) -> tuple[Subject, ...]:
    """C28: a forged mail names these orders of the ledger (`known_orders` finds their keys). Their
    state is untouched.

    `at` (aware UTC) is when it came, `mail` the store's number of it, `origin` a name of it such as
    `mail:<sha256>`.
    """
    return tuple(
        Subject(
            about="finding",
            id=f"{order.key}/phishing_names_order/{origin}",
            facts={
                **order_facts(order),
                "finding.kind": "phishing_names_order",
                "finding.code": "C28",
                "finding.at": at,
                "finding.inferred": False,
                "finding.orders": Decimal(1),
                "finding.scanned": False,
            },
            order=order.key,
            orders=(order.number,),
            mails=() if mail is None else (mail,),
        )
        for order in orders
        if order.events
    )


def known_orders(numbers: Iterable[str], marketplace: str, index: EventIndex) -> tuple[str, ...]:
    """Keys of the ledger's orders with these numbers, in whichever role."""
    return tuple(
        dict.fromkeys(
            key_of(marketplace, event.role, number)
            for number in numbers
            for event in index.by_reference(RefKind.ORDER, marketplace, number)
        )
    )
