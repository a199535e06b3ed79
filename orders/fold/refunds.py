"""Which announced refund each completed one pays: the same amount told twice is one refund, two
amounts are two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from orders.event import Event
from orders.fold.history import History, money_of
from parsers.notice import Kind, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund that mail speaks of."""

    announced: tuple[Event, ...]
    completed: Event | None

    @property
    def amount(self) -> Money | None:
        return money_of(self.announced[0], "amount")


def refunds(history: History) -> tuple[Refund, ...]:
    """Announced refunds, the earliest first, with the believed completion of each.

    Equal amounts find each other first; then what is left is paired by time, for a refund may come
    short.
    """
    groups: dict[Money | None, list[Event]] = {}
    for event in history.of(Kind.REFUND_ANNOUNCED):
        groups.setdefault(money_of(event, "amount"), []).append(event)
    left = list(history.sure(Kind.REFUND_COMPLETED))
    paid: dict[Money | None, Event] = {}
    for equal in (True, False):
        for amount, events in groups.items():
            since = [event for event in left if event.at >= events[0].at]
            fitting = [event for event in since if not equal or _same(event, amount)]
            if amount not in paid and fitting:
                paid[amount] = fitting[0]
                left.remove(fitting[0])
    return tuple(
        Refund(announced=tuple(events), completed=paid.get(amount))
        for amount, events in groups.items()
    )


def announced_total(found: Iterable[Refund]) -> Money | None:
    """The sum of the announced amounts in the currency of the first."""
    return _sum(refund.amount for refund in found)


def total(events: Iterable[Event]) -> Money | None:
    """The sum of the events' amounts in the currency of the first; other currencies are left
    out.
    """
    return _sum(money_of(event, "amount") for event in events)


def _sum(found: Iterable[Money | None]) -> Money | None:
    amounts = [amount for amount in found if amount is not None]
    if not amounts:
        return None
    currency = amounts[0].currency
    same = (amount.value for amount in amounts if amount.currency == currency)
    return Money(value=sum(same, Decimal()), currency=currency)


def _same(event: Event, amount: Money | None) -> bool:
    own = money_of(event, "amount")
    return amount is not None and own == amount
