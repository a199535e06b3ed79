"""Money at stake: what is lost by doing nothing about an order, and until when.

One order's matters are about the same money, so an order's stake is the largest of them, never
their sum.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import chain

from orders.facts.view import View
from orders.order import Actor, Case, CaseKind, Finding, Order, Watch, WatchState
from parsers.notice import Money

NO_MONEY = frozenset({CaseKind.ACCOUNT, CaseKind.FEE})
"""Matters whose loss no single amount tells."""
AWARDED = frozenset({"proposal_answer", "refund_not_seen", "refund_after_return"})
"""Watches behind which the platform has already named the sum."""
WINDOWS = frozenset(
    {
        "a_to_z_closes",
        "a_to_z_opens",
        "auto_confirm",
        "card_route",
        "check_goods",
        "claim_appeal",
        "coupon",
        "dispute_opens",
        "dispute_window",
        "nudge",
        "protection_end",
        "return_window",
        "seller_contact_clock",
    }
)
"""Rights that run out for every order: worth money only where something is wrong."""


OWING = frozenset({"refund_short", "shipped_after_cancel_request", "cancelled_order_moving"})
"""Contradictions by which money is owed: the rest of a refund, a parcel that was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """One open matter of an order and what it is worth."""

    order: str
    """Key of the order."""
    kind: str
    """Of the watch (`appeal`, `return_parcel`), the case (`dispute`) or the finding
    (`refund_short`)."""
    id: str
    """Of the watch, case or finding."""
    amount: Money | None
    """None when no mail named a sum."""
    due_at: datetime | None
    """Aware UTC; None when nothing says until when."""
    mine: bool
    """I must act; else somebody else should have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What money is worth to the user: nothing here comes from a network."""

    limit: Money | None = None
    """Below it nobody is reminded."""
    rates: Mapping[str, Money] = field(default_factory=dict)
    """Currency code → what one unit of it is worth in another currency."""

    def in_currency(self, amount: Money, currency: str) -> Money | None:
        """The amount in another currency by the user's rates, either way round; None without
        one.
        """
        if amount.currency == currency:
            return amount
        there = self.rates.get(amount.currency)
        if there is not None and there.currency == currency:
            return Money(value=amount.value * there.value, currency=currency)
        return self._by_the_rate_back(amount, currency)

    def _by_the_rate_back(self, amount: Money, currency: str) -> Money | None:
        back = self.rates.get(currency)
        if back is None or back.currency != amount.currency or not back.value:
            return None
        return Money(value=amount.value / back.value, currency=currency)

    def is_small(self, amount: Money | None) -> bool:
        """Surely below the limit: never an amount nobody knows or can compare."""
        if amount is None or self.limit is None:
            return False
        same = self.in_currency(amount, self.limit.currency)
        return same is not None and same.value < self.limit.value

    def together(self, amounts: Iterable[Money]) -> Money | None:
        """The sums of several currencies as one, rounded to cents; None where a rate is missing or
        nothing is to be added.
        """
        found = tuple(amounts)
        currency = self._home
        if currency is None or {one.currency for one in found} <= {currency}:
            return None
        known = [one.value for one in (self.in_currency(one, currency) for one in found) if one]
        if len(known) < len(found):
            return None
        return Money(value=sum(known, Decimal(0)).quantize(Decimal("0.01")), currency=currency)

    @property
    def _home(self) -> str | None:
        """The currency the user counts in: that of the limit, else what the rates lead to."""
        if self.limit is not None:
            return self.limit.currency
        return next((rate.currency for rate in self.rates.values()), None)


def stakes(view: View, now: datetime) -> tuple[Stake, ...]:
    """Every open matter of the order at `now` (aware UTC), what is due first first.

    A deadline of mine counts from its beginning, a silence of others from when it is overdue, a
    right that runs out only where the goods are missing or something is wrong.
    """
    order = view.order
    counted = [watch for watch in view.watches if _counts(watch, view, now)]
    owing = (one for one in view.findings if one.kind in OWING)
    found = chain(
        map(partial(_of_watch, order), counted),
        map(partial(_of_case, order), _unwatched(order, counted)),
        map(partial(_of_finding, order), owing),
    )
    return tuple(sorted(found, key=_first_due))


def _open(order: Order) -> list[Case]:
    return [case for case in order.cases if case.closed_at is None]


def _unwatched(order: Order, watches: Iterable[Watch]) -> list[Case]:
    watched = {watch.case for watch in watches}
    return [case for case in _open(order) if case.id not in watched]


def _counts(watch: Watch, view: View, now: datetime) -> bool:
    if watch.state is not WatchState.OPEN or watch.actor is Actor.DAEMON:
        return False
    overdue = watch.due_at <= now
    if watch.kind in WINDOWS:
        return _is_wrong(view) or (overdue and not view.order.delivered_at)
    return overdue or watch.actor is Actor.ME


def _is_wrong(view: View) -> bool:
    return view.order.problem or bool(view.findings)


def worst_stake(found: Iterable[Stake], now: datetime) -> Stake | None:
    """The matter that tells what an order is worth: the largest sum, then what can still be met,
    then the nearest date.
    """
    with_money = [stake for stake in found if stake.amount is not None]
    return min(
        with_money,
        key=lambda stake: (-_value(stake.amount), _is_over(stake, now), *_first_due(stake)),
        default=None,
    )


def _is_over(stake: Stake, now: datetime) -> bool:
    return stake.due_at is not None and stake.due_at <= now


def totals(found: Iterable[Stake]) -> tuple[Money, ...]:
    """The sums of one stake an order, one a currency, by its code."""
    sums: dict[str, Decimal] = {}
    for stake in found:
        if stake.amount is not None:
            currency = stake.amount.currency
            sums[currency] = sums.get(currency, Decimal(0)) + stake.amount.value
    return tuple(Money(value=value, currency=currency) for currency, value in sorted(sums.items()))


def ranked(found: Iterable[Stake]) -> tuple[Stake, ...]:
    """By due date, then by sum: what a person should look at first."""
    return tuple(sorted(found, key=lambda stake: (*_first_due(stake), -_value(stake.amount))))


def _of_watch(order: Order, watch: Watch) -> Stake:
    case = next((case for case in _open(order) if case.id == watch.case), None)
    return Stake(
        order=order.key,
        kind=watch.kind,
        id=watch.id,
        amount=_case_money(order, case, awarded=watch.kind in AWARDED) if case else _left(order),
        due_at=watch.due_at,
        mine=watch.actor is Actor.ME,
    )


def _of_case(order: Order, case: Case) -> Stake:
    return Stake(
        order=order.key,
        kind=case.kind.value,
        id=case.id,
        amount=_case_money(order, case, awarded=False),
        due_at=case.respond_by,
        mine=case.waiting_for is Actor.ME,
    )


def _of_finding(order: Order, finding: Finding) -> Stake:
    """A sum that is owed and has no deadline of its own."""
    return Stake(
        order=order.key,
        kind=finding.kind,
        id=finding.id,
        amount=finding.amount or _left(order),
        due_at=None,
        mine=True,
    )


def _case_money(order: Order, case: Case, *, awarded: bool) -> Money | None:
    """What the case is about, less what was paid."""
    if case.kind in NO_MONEY:
        return None
    first, second = case.amount_claimed, case.amount_awarded
    about = (second or first) if awarded else (first or second)
    if about is None:
        return _left(order)
    return _less(about, case.amount_paid)


def _left(order: Order) -> Money | None:
    """What the order cost and has not come back."""
    return None if order.total is None else _less(order.total, order.refunded)


def _less(amount: Money, paid: Money | None) -> Money | None:
    if paid is None or paid.currency != amount.currency:
        return amount
    rest = amount.value - paid.value
    return Money(value=rest, currency=amount.currency) if rest > 0 else None


def _first_due(stake: Stake) -> tuple[bool, float, str]:
    due = stake.due_at
    return (due is None, due.timestamp() if due else 0.0, stake.id)


def _value(amount: Money | None) -> Decimal:
    return Decimal(0) if amount is None else amount.value
