"""Which announced refund each completed one pays: the same amount told twice is one refund, two
amounts are two.
"""

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
            fitting = [
                one for one in left if one.at >= events[0].at and (not equal or _same(one, amount))
            ]
            if amount not in paid and fitting:
                paid[amount] = fitting[0]
                left.remove(fitting[0])
    return tuple(
        Refund(announced=tuple(events), completed=paid.get(amount))
        for amount, events in groups.items()
    )


def announced_total(found: tuple[Refund, ...]) -> Money | None:
    """The sum of the announced amounts in the currency of the first."""
    amounts = [one.amount for one in found if one.amount is not None]
    if not amounts:
        return None
    currency = amounts[0].currency
    return Money(
        value=sum((one.value for one in amounts if one.currency == currency), Decimal()),
        currency=currency,
    )


def _same(event: Event, amount: Money | None) -> bool:
    own = money_of(event, "amount")
    return amount is not None and own == amount
