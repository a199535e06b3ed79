"""Contradictions about money that comes back: too little, twice, or before the goods."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from orders.event import Event
from orders.findings.mismatch import Mismatch, about
from orders.fold.history import History, items_of, money_of, text_of
from orders.fold.refunds import Refund, announced_total, refunds, total
from orders.matching.titles import missing
from orders.order import Order
from parsers.notice import Kind, Money, Role

TOLERANCE = Decimal("0.01")
"""Coupon shares and rounding: a hundredth of the amount is no contradiction."""


def short(history: History, _: Order) -> Iterator[Mismatch]:
    """C08: what was completed is less than what was announced or decided."""
    completed = history.of(Kind.REFUND_COMPLETED)
    told = refunds(history)
    got = total(completed)
    if got is None or len(completed) < len(told):
        return
    due = list(_awards(history, told, got.currency))
    if not due:
        return
    amount, events = max(due, key=lambda pair: pair[0].value)
    if got.value < amount.value * (1 - TOLERANCE):
        difference = Money(value=amount.value - got.value, currency=got.currency)
        detail = f"{got} instead of {amount}"
        yield Mismatch(
            "C08", (*events, *completed[-1:]), content=str(got), amount=difference, detail=detail
        )


def _awards(
    history: History, told: Sequence[Refund], currency: str
) -> Iterator[tuple[Money, tuple[Event, ...]]]:
    """What was announced in all, last decided and last judged, in that currency, and where."""
    awards = [(announced_total(told), refund.announced[-1:]) for refund in told[-1:]]
    awards += [(money_of(event, "amount"), (event,)) for event in _last_decisions(history)]
    for amount, events in awards:
        if amount is not None and amount.currency == currency:
            yield amount, events


def _last_decisions(history: History) -> tuple[Event, ...]:
    judged = history.of(Kind.DISPUTE_JUDGED)
    decided = history.of(Kind.DISPUTE_JUDGED, Kind.DISPUTE_CLOSED, Kind.APPEAL_DECIDED)
    return (*decided[-1:], *judged[-1:])


def double(history: History, order: Order) -> Iterator[Mismatch]:
    """C09: more came back than was paid, or the same amount twice."""
    completed = [event for event in history.of(Kind.REFUND_COMPLETED) if money_of(event, "amount")]
    got = total(completed)
    if got is None or len(completed) < 2:
        return
    excess = _excess(got, order.total)
    if excess is None:
        yield from _repeated(completed, str(got))
        return
    detail = f"{got} for {order.total}"
    yield Mismatch("C09", tuple(completed), content=str(got), amount=excess, detail=detail)


def _excess(got: Money, paid: Money | None) -> Money | None:
    """How much more came back than was paid, if clearly more did."""
    if paid is None or paid.currency != got.currency:
        return None
    clearly = got.value > paid.value * (1 + TOLERANCE)
    return Money(value=got.value - paid.value, currency=got.currency) if clearly else None


def _repeated(completed: Sequence[Event], got: str) -> Iterator[Mismatch]:
    """The last refund is one that came before."""
    last = completed[-1]
    amount = money_of(last, "amount")
    twins = [
        event
        for event in completed[:-1]
        if money_of(event, "amount") == amount and about(event) == about(last)
    ]
    if twins:
        yield Mismatch("C09", (twins[-1], last), content=got, amount=amount)


def then_shipped(history: History, order: Order) -> Iterator[Mismatch]:
    """C20: money promised back for what then shipped all the same."""
    if history.role is Role.SELLER:
        return
    for announced in history.of(Kind.REFUND_ANNOUNCED):
        for shipped in history.of(Kind.SHIPMENT_SHIPPED):
            if shipped.at > announced.at and _same_lines(order, announced, shipped):
                yield Mismatch("C20", (announced, shipped))
                return


def _same_lines(order: Order, announced: Event, shipped: Event) -> bool:
    mine, theirs = items_of(announced), items_of(shipped)
    if mine and theirs:
        return len(missing(mine, theirs)) < len(mine)
    amount = money_of(announced, "amount")
    if amount is None or order.total is None or amount.currency != order.total.currency:
        return True
    return amount.value >= order.total.value * (1 - TOLERANCE)


def without_return(history: History, _: Order) -> Iterator[Mismatch]:
    """C25: the platform refunded a buyer whose parcel never came back."""
    if history.role is Role.BUYER:
        return
    for event in history.of(Kind.REFUND_COMPLETED):
        back = any(one.at <= event.at for one in history.of(Kind.RETURN_RECEIVED))
        if text_of(event.fields, "by") == "platform" and not back:
            yield Mismatch(
                "C25",
                (*history.of(Kind.RETURN_REQUESTED)[:1], event),
                amount=money_of(event, "amount"),
            )
            return
