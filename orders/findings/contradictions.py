"""What does not fit together in one order's past: C01 to C31, each once unless it comes again with
something new.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain

from orders.belief import is_believed, is_stranger
from orders.event import Event
from orders.facts_table import CODES
from orders.findings import refunds, shipments
from orders.findings.mismatch import Mismatch, pairs
from orders.fold.cases import rate_before
from orders.fold.days import Stated, differ, stated, surely_before
from orders.fold.history import History, items_of, money_of, text_of, told
from orders.fold.order_fold import leaves_lines, unshipped
from orders.matching.index import ACCOUNT, EventIndex, RefKind, key_parts
from orders.matching.match import TWICE_WITHIN
from orders.matching.titles import lacking, missing, normal
from orders.order import Finding, Order
from parsers.notice import FieldValue, Item, Kind, Money, Role, Trust

MOVES = (
    Kind.SHIPMENT_SHIPPED,
    Kind.SHIPMENT_IN_TRANSIT,
    Kind.SHIPMENT_OUT_FOR_DELIVERY,
    Kind.SHIPMENT_ATTEMPT_FAILED,
    Kind.SHIPMENT_AVAILABLE_FOR_PICKUP,
    Kind.SHIPMENT_DELIVERED,
)
PRESSURE = ("ask_close_dispute", "ask_confirm_receipt")
SAME_MOMENT = timedelta(hours=1)
"""Mails about one step of the platform come within this time, in any order."""
RETURN_DAYS = timedelta(days=10)
AGAIN = timedelta(days=1)
MOST_SENDERS = 20


def contradictions(history: History, order: Order, index: EventIndex) -> tuple[Finding, ...]:
    """Every contradiction of the order, by the time its second event made it true."""
    found: list[Mismatch] = []
    for check in _CHECKS:
        found += check(history, order)
    found += shipments.foreign(history, order, index)
    found += shipments.bad_number(history, order, index)
    found += _double_order(history, order, index)
    findings = [_finding(mismatch, history) for mismatch in found]
    first: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda finding: (finding.at, finding.id)):
        first.setdefault(finding.id, finding)  # what is found in two ways is told once
    return tuple(first.values())


def _finding(mismatch: Mismatch, history: History) -> Finding:
    kind = CODES[mismatch.code]
    return Finding(
        kind=kind,
        code=mismatch.code,
        at=max(event.at for event in mismatch.rests_on),
        id=f"{kind}/{mismatch.content}" if mismatch.content else kind,
        rests_on=tuple(sorted(mismatch.rests_on, key=lambda event: (event.at, event.origin))),
        amount=mismatch.amount,
        detail=mismatch.detail or mismatch.content,
        inferred=history.inferred(
            *(event for event in mismatch.rests_on if event in history.events)
        ),
    )


def _shipped_after_request(history: History, _: Order) -> Iterator[Mismatch]:
    """C01 for a buyer, C23 for a seller: asked to cancel, no answer, and it shipped."""
    code = "C23" if history.role is Role.SELLER else "C01"
    answers = history.sure(Kind.ORDER_CANCELLED, Kind.CANCEL_REJECTED)
    found = []
    for event in history.of(Kind.SHIPMENT_SHIPPED):
        asked = history.until(event.at, Kind.CANCEL_REQUESTED)
        unanswered = [one for one in asked if not _any_between(one.at, event.at, answers)]
        if unanswered:
            found.append((unanswered[0], event))
    yield from pairs(code, found)


def _any_between(since: datetime, until: datetime, events: Iterable[Event]) -> bool:
    return any(since <= event.at <= until for event in events)


def _moving_after_cancel(history: History, order: Order) -> Iterator[Mismatch]:
    """C02."""
    cancelled = history.of(Kind.ORDER_CANCELLED)
    ends = [event for event in cancelled if not leaves_lines(event, order.items)]
    moves = history.of(*MOVES)
    yield from pairs("C02", [(ends[0], event) for event in moves if ends and event.at > ends[0].at])


def _cancel_after_shipping(history: History, _: Order) -> Iterator[Mismatch]:
    """C03."""
    shipped = history.first(Kind.SHIPMENT_SHIPPED)
    late = [
        event for event in history.of(Kind.CANCEL_REQUESTED) if shipped and event.at > shipped.at
    ]
    if shipped and late:
        yield Mismatch("C03", (shipped, late[0]))


def _partial_delivery(history: History, order: Order) -> Iterator[Mismatch]:
    """C05: it came, or is called complete, and order lines were never shipped nor cancelled."""
    arrived = history.first(Kind.SHIPMENT_DELIVERED, Kind.ORDER_COMPLETED)
    cancelled = map(items_of, history.of(Kind.ORDER_CANCELLED))
    rest = lacking(unshipped(order.items, order.shipments), chain.from_iterable(cancelled))
    if arrived is None or not rest or order.cancelled_at is not None:
        return
    placed = history.of(Kind.ORDER_PLACED, Kind.IMPORT_ROW)[:1]
    yield Mismatch(
        "C05", (*placed, arrived), detail=", ".join(_named(item, order.items) for item in rest)
    )


def _named(rest: Item, lines: Iterable[Item]) -> str:
    """The title of what is missing, with how many of it where that is not the whole line."""
    return rest.title if rest in lines and rest.quantity == 1 else f"{rest.title} ×{rest.quantity}"


def _completed_in_dispute(history: History, _: Order) -> Iterator[Mismatch]:
    """C06."""
    for opener, closer in (
        (Kind.DISPUTE_OPENED, Kind.DISPUTE_CLOSED),
        (Kind.CLAIM_OPENED, Kind.CLAIM_DECIDED),
    ):
        closed = history.sure(closer)
        for event in history.of(Kind.ORDER_COMPLETED):
            before = history.until(event.at, opener)
            if before and not _any_between(before[-1].at, event.at + SAME_MOMENT, closed):
                yield Mismatch("C06", (before[-1], event))
                return


_CONFIRMS = {Kind.ORDER_COMPLETED: "", Kind.ORDER_AWAITING_CONFIRMATION: "awaiting"}
"""The end, and the question before it: what is completed is no longer asked."""


def _completed_undelivered(history: History, order: Order) -> Iterator[Mismatch]:
    """C07: confirmed, or about to be, with no delivery and no refund seen; not when the user
    himself confirmed.
    """
    answered = (
        Kind.SHIPMENT_DELIVERED,
        Kind.GOODS_CHECKED,
        Kind.REFUND_ANNOUNCED,
        Kind.REFUND_COMPLETED,
    )
    if history.of(*answered) or order.cancelled_at is not None:
        return
    if history.role is Role.SELLER or _confirmed_by_hand(history):
        return
    shipped = history.of(Kind.SHIPMENT_SHIPPED)[:1]
    for event in _blind_confirmations(history)[:1]:
        yield Mismatch("C07", (*shipped, event), content=_CONFIRMS[event.kind])


def _confirmed_by_hand(history: History) -> bool:
    return any(event.fields.get("auto") is False for event in history.of(*_CONFIRMS))


def _blind_confirmations(history: History) -> list[Event]:
    """Those that know of no delivery; the end before the question."""
    told = [event for kind in _CONFIRMS for event in history.of(kind)]
    return [event for event in told if event.fields.get("delivered_at") is None]


def _closed_against_judgement(history: History, _: Order) -> Iterator[Mismatch]:
    """C10."""
    for closed in history.of(Kind.DISPUTE_CLOSED):
        judged = history.until(closed.at, Kind.DISPUTE_JUDGED)
        if not judged or text_of(judged[-1].fields, "judgement") != "valid":
            continue
        less = _is_less(money_of(closed, "amount"), money_of(judged[-1], "amount"))
        if text_of(closed.fields, "outcome") == "no_refund" or less:
            yield Mismatch("C10", (judged[-1], closed))
            return


def _is_less(got: Money | None, due: Money | None) -> bool:
    if got is None or due is None:
        return False
    return got.currency == due.currency and got.value < due.value


def _closed_early(history: History, _: Order) -> Iterator[Mismatch]:
    """C11: my time to answer, as stated, was not over and I had not answered."""
    asking = history.of(Kind.DISPUTE_PROPOSAL, Kind.DISPUTE_EVIDENCE_REQUESTED, Kind.DISPUTE_JUDGED)
    for closed in history.saying(Kind.DISPUTE_CLOSED, "outcome", "no_refund"):
        for event in asking:
            if _cuts_short(closed, event, history):
                yield Mismatch("C11", (event, closed))
                return


def _cuts_short(closed: Event, asked: Event, history: History) -> bool:
    until = history.stated(asked, "respond_by")
    if until is None or asked.at > closed.at:
        return False
    answers = history.of(Kind.EVIDENCE, Kind.APPEAL_SUBMITTED)
    answered = _any_between(asked.at, closed.at, answers)
    return not answered and surely_before(closed.at, until, history.store_zone)


def _second_appeal(history: History, _: Order) -> Iterator[Mismatch]:
    """C12."""
    decided = history.first(Kind.APPEAL_DECIDED)
    again = [
        event for event in history.of(Kind.APPEAL_SUBMITTED) if decided and event.at > decided.at
    ]
    if decided and again:
        yield Mismatch("C12", (decided, again[0]))


def _withdrawn(history: History, _: Order) -> Iterator[Mismatch]:
    """C13."""
    if history.role is Role.SELLER or history.of(Kind.WITHDRAWAL):
        return
    for event in history.saying(Kind.DISPUTE_CLOSED, "outcome", "withdrawn")[:1]:
        yield Mismatch("C13", (*history.of(Kind.DISPUTE_OPENED)[:1], event))


def _return_was_in_time(history: History, _: Order) -> Iterator[Mismatch]:
    """C14: they say the return was missed, and it was posted in time."""
    missed = _told_missed(history)
    posted = history.first(Kind.RETURN_SHIPPED)
    if missed is None or posted is None:
        return
    closed = history.saying(Kind.DISPUTE_CLOSED, "outcome", "return_refund")
    asked = sorted((*history.of(Kind.RETURN_AUTHORISED), *closed), key=lambda event: event.at)
    zone = history.store_zone or history.zone
    until = _return_dates(history, asked, missed)
    if not any(surely_before(date, posted.at, zone) for date in until):
        yield Mismatch("C14", (*asked[:1], posted, missed))


def _told_missed(history: History) -> Event | None:
    ends = history.of(Kind.APPEAL_DECIDED, Kind.DISPUTE_CLOSED, Kind.RETURN_REJECTED)
    missed = (event for event in ends if text_of(event.fields, "reason") == "return_missed")
    return next(missed, None)


def _return_dates(history: History, asked: Sequence[Event], missed: Event) -> list[Stated]:
    """Until when it had to be posted: each stated date, else days after the first mail."""
    dates = (history.stated(event, "return_by") for event in asked)
    computed = asked[0].at + RETURN_DAYS if asked else missed.at
    return [date for date in dates if date is not None] or [computed]


def _cancelled_unasked(history: History, _: Order) -> Iterator[Mismatch]:
    """C15."""
    if history.role is Role.SELLER:
        return
    for event in history.of(Kind.ORDER_CANCELLED):
        asked = any(one.at <= event.at + SAME_MOMENT for one in history.of(Kind.CANCEL_REQUESTED))
        if text_of(event.fields, "by") == "buyer" and not asked:
            yield Mismatch("C15", (event,))
            return


def _pressure(history: History, _: Order) -> Iterator[Mismatch]:
    """C19: asked to give up the only protection there is."""
    if history.role is Role.SELLER:
        return
    found = [
        (*history.until(event.at, Kind.DISPUTE_OPENED)[-1:], event)
        for event in history.saying(Kind.MESSAGE_RECEIVED, "intent", *PRESSURE)
        if _needs_protection(history, event.at)
    ]
    yield from pairs("C19", found, lambda event: normal(text_of(event.fields, "text") or "")[:40])


def _needs_protection(history: History, at: datetime) -> bool:
    """At that time a dispute was open, or nothing had arrived."""
    opened = history.until(at, Kind.DISPUTE_OPENED)
    closed = history.sure_until(at, Kind.DISPUTE_CLOSED)
    return len(closed) < len(opened) or not history.until(at, Kind.SHIPMENT_DELIVERED)


def _complaint(history: History, _: Order) -> Iterator[Mismatch]:
    """C21: a buyer complains about a cancel request that never came."""
    if history.role is Role.BUYER:
        return
    for event in history.saying(Kind.MESSAGE_RECEIVED, "intent", "cancel_complaint"):
        shipped = history.until(event.at, Kind.SHIPMENT_SHIPPED)
        if shipped and not history.until(event.at, Kind.CANCEL_REQUESTED):
            yield Mismatch("C21", (shipped[0], event))
            return


def _stop(history: History, _: Order) -> Iterator[Mismatch]:
    """C22: the buyer wants to cancel and it is still here."""
    if history.role is Role.BUYER:
        return
    for event in history.of(Kind.CANCEL_REQUESTED):
        gone = any(one.at <= event.at for one in history.of(*MOVES, Kind.ORDER_CANCELLED))
        if not gone:
            yield Mismatch("C22", (*history.of(Kind.ORDER_PLACED)[:1], event))
            return


def _case_on_refunded(history: History, _: Order) -> Iterator[Mismatch]:
    """C24."""
    if history.role is Role.BUYER:
        return
    for event in history.of(Kind.CLAIM_OPENED, Kind.CHARGEBACK_OPENED):
        refunded = history.until(event.at, Kind.REFUND_COMPLETED, Kind.REFUND_ANNOUNCED)
        if refunded:
            yield Mismatch("C24", (refunded[0], event))
            return


def _fee_changed(history: History, _: Order) -> Iterator[Mismatch]:
    """C26: the fee for a product is not what it was."""
    seen: set[str] = set()
    for event in history.of(Kind.FEE_NOTICE):
        before = rate_before(event, history)
        thing = text_of(event.fields, "sku") or text_of(event.fields, "asin") or ""
        content = f"{thing} {before} → {event.fields.get('new_rate')}".strip()
        if before is not None and content not in seen:
            seen.add(content)
            yield Mismatch("C26", (event,), content=content)


_COMPARED: Sequence[tuple[Kind, tuple[str, ...]]] = (
    (Kind.ORDER_PLACED, ("total",)),
    (Kind.DISPUTE_JUDGED, ("judgement", "amount")),
    (Kind.DISPUTE_CLOSED, ("outcome", "amount")),
    (Kind.APPEAL_DECIDED, ("outcome",)),
    (Kind.CLAIM_DECIDED, ("outcome",)),
    (Kind.RETURN_AUTHORISED, ("return_by",)),
)


def _different_content(history: History, _: Order) -> Iterator[Mismatch]:
    """C27: the same statement twice, with another amount, date or result."""
    for kind, names in _COMPARED:
        events = told(history.of(kind))
        for name in names:
            yield from _retold(name, events, history)


def _retold(name: str, events: Iterable[Event], history: History) -> Iterator[Mismatch]:
    """Where a later event has another value for the field than the first."""
    stating = [event for event in events if event.fields.get(name) not in (None, "unknown")]
    for event in stating[1:]:
        first, value = stating[0], event.fields[name]
        if _may_be_of_one_case(first, event) and _differ(value, first.fields[name], history):
            yield Mismatch(
                "C27",
                (first, event),
                content=f"{event.kind}/{name}/{value}",
                detail=f"{name}: {first.fields[name]} → {value}",
            )


def _may_be_of_one_case(one: Event, other: Event) -> bool:
    numbered = bool(one.cases and other.cases)
    return not numbered or not set(one.cases).isdisjoint(other.cases)


def _differ(value: FieldValue, other: FieldValue, history: History) -> bool:
    time, another = stated(value), stated(other)
    if time is not None and another is not None:
        return differ(time, another, history.store_zone)
    return value != other


_FIRST_MAILS = frozenset(
    {
        Kind.ASSIGNMENT,
        Kind.SURVEY_REQUEST,
        Kind.ORDER_PAYMENT_DUE,
        Kind.ORDER_PAYMENT_FAILED,
        Kind.ORDER_ON_HOLD,
    }
)
"""What says nothing of an order, or comes before the order's own mail: an unpaid order is confirmed
once it is paid.
"""


def _unknown_order(history: History, order: Order) -> Iterator[Mismatch]:
    """C29: a mail whose sender is verified speaks of an order that no order mail and no import told
    of.
    """
    if not order.stub or history.number == ACCOUNT:
        return
    for event in list(filter(_tells_of_an_order, history.events))[:1]:
        yield Mismatch("C29", (event,))


def _tells_of_an_order(event: Event) -> bool:
    named = event.trust is Trust.VERIFIED and bool(event.order_numbers)
    return named and event.kind not in _FIRST_MAILS


def _stranger(history: History, order: Order) -> Iterator[Mismatch]:
    """C31: nobody knows the order, and nobody vouches for any mail about it (or about the account
    itself): a flood of such mail is told as one. It rests on the newest mail of each sender.
    """
    strange = list(filter(is_stranger, history.events))
    if strange and order.stub and _only_strangers_speak(history):
        newest = {event.sender: event for event in strange}
        yield Mismatch("C31", tuple(newest.values())[:MOST_SENDERS])


def _only_strangers_speak(history: History) -> bool:
    """Of the account, whatever believed mail says beside them."""
    account = history.number == ACCOUNT
    return all(is_stranger(event) or (account and is_believed(event)) for event in history.events)


def _double_order(history: History, order: Order, index: EventIndex) -> Iterator[Mismatch]:
    """C30: the same order confirmed again on another day, or the same things ordered twice within
    minutes.
    """
    placed = told(history.of(Kind.ORDER_PLACED))
    if not placed or history.role is Role.SELLER:
        return
    if placed[-1].at - placed[0].at > AGAIN:
        yield Mismatch("C30", (placed[0], placed[-1]))
    twins = _earlier_twins(placed[0], history, order, index) if order.items else []
    if twins:
        other, number = max(twins, key=lambda twin: (twin[0].at, twin[1]))
        yield Mismatch("C30", (other, placed[0]), content=number)


def _earlier_twins(
    first: Event, history: History, order: Order, index: EventIndex
) -> list[tuple[Event, str]]:
    """Order mails of the same things before the order's `first`, with their numbers."""
    return [
        (other, number)
        for number in _placed_before(first, history, index)
        for other in index.by_reference(RefKind.ORDER, history.marketplace, number)
        if (other.at, number) < (first.at, history.number) and _is_twin(other, history, order)
    ]


def _is_twin(other: Event, history: History, order: Order) -> bool:
    """Another order of the same lines, shortly before this one."""
    first = history.of(Kind.ORDER_PLACED)[0]
    return (
        other.kind is Kind.ORDER_PLACED
        and other.role == history.role
        and history.number not in other.order_numbers
        and first.at - TWICE_WITHIN <= other.at
        and bool(items_of(other))
        and _same_lines(order, other)
    )


def _placed_before(first: Event, history: History, index: EventIndex) -> Iterator[str]:
    """Numbers of orders with mail in the minutes before `first`."""
    for key in index.open_orders(
        history.marketplace, history.role, first.at - TWICE_WITHIN, first.at
    ):
        number = key_parts(key)[2]
        if number not in (history.number, ACCOUNT):
            yield number


def _same_lines(order: Order, other: Event) -> bool:
    return not missing(order.items, items_of(other)) and not missing(items_of(other), order.items)


_CHECKS: Sequence[Callable[[History, Order], Iterable[Mismatch]]] = (
    _shipped_after_request,
    _moving_after_cancel,
    _cancel_after_shipping,
    _partial_delivery,
    _completed_in_dispute,
    _completed_undelivered,
    refunds.short,
    refunds.double,
    _closed_against_judgement,
    _closed_early,
    _second_appeal,
    _withdrawn,
    _return_was_in_time,
    _cancelled_unasked,
    shipments.tracking_changed,
    shipments.impossible_dates,
    _pressure,
    refunds.then_shipped,
    _complaint,
    _stop,
    _case_on_refunded,
    refunds.without_return,
    _fee_changed,
    _different_content,
    _unknown_order,
    _stranger,
)
