"""Which announced refund each completed one pays: the same amount told twice is one refund, two
amounts are two.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    announced: dict[Money | None, list[Event]] = {}
    for event in history.of(Kind.REFUND_ANNOUNCED):
        announced.setdefault(money_of(event, "amount"), []).append(event)
    paid = _paid(announced, list(history.sure(Kind.REFUND_COMPLETED)))
    return tuple(
        Refund(announced=tuple(events), completed=paid.get(amount))
        for amount, events in announced.items()
    )


def _paid(
    announced: Mapping[Money | None, Sequence[Event]], left: list[Event]
) -> dict[Money | None, Event]:
    """The completion of each announced amount, taken out of those that are `left`."""
    paid: dict[Money | None, Event] = {}
    for equal in (True, False):
        for amount, events in announced.items():
            payment = _payment(left, events[0], equal=equal)
            if amount not in paid and payment is not None:
                paid[amount] = payment
                left.remove(payment)
    return paid


def _payment(left: Iterable[Event], announced: Event, *, equal: bool) -> Event | None:
    """The first completion since that announcement; of the same amount where it must be `equal`."""
    amount = money_of(announced, "amount")
    since = (event for event in left if event.at >= announced.at)
    return next((event for event in since if not equal or _same(event, amount)), None)


def all_completed(found: Iterable[Refund]) -> bool:
    return all(refund.completed is not None for refund in found)


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
