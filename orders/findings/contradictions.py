"""What does not fit together in one order's past: C01 to C31, each once unless it comes again with
something new.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta

from orders.belief import is_believed, is_stranger
from orders.event import Event, Source
from orders.facts_table import CODES
from orders.findings import refunds, shipments
from orders.findings.mismatch import Mismatch, pairs
from orders.fold.cases import rate_before
from orders.fold.days import differ, stated, surely_before
from orders.fold.history import History, items_of, money_of, text_of
from orders.fold.order_fold import unshipped
from orders.matching.index import ACCOUNT, EventIndex, RefKind, key_parts
from orders.matching.match import TWICE_WITHIN
from orders.matching.titles import lacking, missing, normal
from orders.order import Finding, Order
from parsers.notice import FieldValue, Item, Kind, Role, Trust

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
        asked = [one for one in history.of(Kind.CANCEL_REQUESTED) if one.at <= event.at]
        open_ones = [
            one for one in asked if not any(one.at <= answer.at <= event.at for answer in answers)
        ]
        if open_ones:
            found.append((open_ones[0], event))
    yield from pairs(code, found)


def _moving_after_cancel(history: History, order: Order) -> Iterator[Mismatch]:
    """C02."""
    ends = [
        event
        for event in history.of(Kind.ORDER_CANCELLED)
        if not (items_of(event) and lacking(order.items, items_of(event)))
    ]
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
    cancelled = [item for event in history.of(Kind.ORDER_CANCELLED) for item in items_of(event)]
    rest = lacking(unshipped(order.items, order.shipments), cancelled)
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
            before = [one for one in history.of(opener) if one.at <= event.at]
            if before and not any(
                before[-1].at <= end.at <= event.at + SAME_MOMENT for end in closed
            ):
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
    told = history.of(*_CONFIRMS)
    if history.role is Role.SELLER or any(event.fields.get("auto") is False for event in told):
        return
    for kind, content in _CONFIRMS.items():
        event = next(
            (one for one in told if one.kind is kind and one.fields.get("delivered_at") is None),
            None,
        )
        if event is not None:
            yield Mismatch("C07", (*history.of(Kind.SHIPMENT_SHIPPED)[:1], event), content=content)
            return


def _closed_against_judgement(history: History, _: Order) -> Iterator[Mismatch]:
    """C10."""
    for closed in history.of(Kind.DISPUTE_CLOSED):
        judged = [event for event in history.of(Kind.DISPUTE_JUDGED) if event.at <= closed.at]
        if not judged or text_of(judged[-1].fields, "judgement") != "valid":
            continue
        due, got = money_of(judged[-1], "amount"), money_of(closed, "amount")
        less = (
            due is not None
            and got is not None
            and due.currency == got.currency
            and got.value < due.value
        )
        if text_of(closed.fields, "outcome") == "no_refund" or less:
            yield Mismatch("C10", (judged[-1], closed))
            return


def _closed_early(history: History, _: Order) -> Iterator[Mismatch]:
    """C11: my time to answer, as stated, was not over and I had not answered."""
    asking = history.of(Kind.DISPUTE_PROPOSAL, Kind.DISPUTE_EVIDENCE_REQUESTED, Kind.DISPUTE_JUDGED)
    for closed in history.of(Kind.DISPUTE_CLOSED):
        if text_of(closed.fields, "outcome") != "no_refund":
            continue
        for event in asking:
            until = history.stated(event, "respond_by")
            if until is None or event.at > closed.at:
                continue
            mine = history.since(event.at, Kind.EVIDENCE, Kind.APPEAL_SUBMITTED)
            answered = any(answer.at <= closed.at for answer in mine)
            if not answered and surely_before(closed.at, until, history.store_zone):
                yield Mismatch("C11", (event, closed))
                return


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
    closed = [
        event
        for event in history.of(Kind.DISPUTE_CLOSED)
        if text_of(event.fields, "outcome") == "withdrawn"
    ]
    yield from [
        Mismatch("C13", (*history.of(Kind.DISPUTE_OPENED)[:1], event)) for event in closed[:1]
    ]


def _return_was_in_time(history: History, _: Order) -> Iterator[Mismatch]:
    """C14: they say the return was missed, and it was posted in time."""
    ends = history.of(Kind.APPEAL_DECIDED, Kind.DISPUTE_CLOSED, Kind.RETURN_REJECTED)
    missed = [event for event in ends if text_of(event.fields, "reason") == "return_missed"]
    closed = history.saying(Kind.DISPUTE_CLOSED, "outcome", "return_refund")
    asked = sorted((*history.of(Kind.RETURN_AUTHORISED), *closed), key=lambda event: event.at)
    posted = history.first(Kind.RETURN_SHIPPED)
    if not missed or posted is None:
        return
    computed = asked[0].at + RETURN_DAYS if asked else missed[0].at
    dates = [history.stated(event, "return_by") for event in asked]
    until = [date for date in dates if date is not None] or [computed]
    zone = history.store_zone or history.zone
    if not any(surely_before(date, posted.at, zone) for date in until):
        yield Mismatch("C14", (*asked[:1], posted, missed[0]))


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
    found = []
    for event in history.of(Kind.MESSAGE_RECEIVED):
        if text_of(event.fields, "intent") not in PRESSURE:
            continue
        here = history.until(event.at, Kind.SHIPMENT_DELIVERED)
        opened = history.until(event.at, Kind.DISPUTE_OPENED)
        ends = history.until(event.at, Kind.DISPUTE_CLOSED)
        closed = [end for end in ends if history.closes(end)]
        if (opened and len(closed) < len(opened)) or not here:
            found.append((*opened[-1:], event))
    yield from pairs("C19", found, lambda event: normal(text_of(event.fields, "text") or "")[:40])


def _complaint(history: History, _: Order) -> Iterator[Mismatch]:
    """C21: a buyer complains about a cancel request that never came."""
    if history.role is Role.BUYER:
        return
    for event in history.of(Kind.MESSAGE_RECEIVED):
        shipped = [one for one in history.of(Kind.SHIPMENT_SHIPPED) if one.at <= event.at]
        asked = [one for one in history.of(Kind.CANCEL_REQUESTED) if one.at <= event.at]
        if text_of(event.fields, "intent") == "cancel_complaint" and shipped and not asked:
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
        refunds = [
            one
            for one in history.of(Kind.REFUND_COMPLETED, Kind.REFUND_ANNOUNCED)
            if one.at <= event.at
        ]
        if refunds:
            yield Mismatch("C24", (refunds[0], event))
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
        events = [event for event in history.of(kind) if event.source is not Source.IMPORT]
        for name in names:
            told = [event for event in events if event.fields.get(name) not in (None, "unknown")]
            for event in told[1:]:
                same_case = (
                    not event.cases or not told[0].cases or set(event.cases) & set(told[0].cases)
                )
                if same_case and _differ(event.fields[name], told[0].fields[name], history):
                    detail = f"{name}: {told[0].fields[name]} → {event.fields[name]}"
                    yield Mismatch(
                        "C27",
                        (told[0], event),
                        content=f"{kind}/{name}/{event.fields[name]}",
                        detail=detail,
                    )


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
    named = [
        event for event in history.events if event.trust is Trust.VERIFIED and event.order_numbers
    ]
    told = [event for event in named if event.kind not in _FIRST_MAILS]
    if told:
        yield Mismatch("C29", (told[0],))


def _stranger(history: History, order: Order) -> Iterator[Mismatch]:
    """C31: nobody knows the order, and nobody vouches for any mail about it (or about the account
    itself): a flood of such mail is told as one. It rests on the newest mail of each sender.
    """
    strange = [event for event in history.events if is_stranger(event)]
    others = len(history.events) - len(strange)
    account = history.number == ACCOUNT and all(
        is_stranger(event) or is_believed(event) for event in history.events
    )
    if strange and order.stub and (account or not others):
        newest = {event.sender: event for event in strange}
        yield Mismatch("C31", tuple(newest.values())[:MOST_SENDERS])


def _double_order(history: History, order: Order, index: EventIndex) -> Iterator[Mismatch]:
    """C30: the same order confirmed again on another day, or the same things ordered twice within
    minutes.
    """
    placed = [event for event in history.of(Kind.ORDER_PLACED) if event.source is not Source.IMPORT]
    if not placed or history.role is Role.SELLER:
        return
    if placed[-1].at - placed[0].at > AGAIN:
        yield Mismatch("C30", (placed[0], placed[-1]))
    if not order.items:
        return
    first = placed[0]
    twins = [
        (other, number)
        for number in _placed_before(first, history, index)
        for other in index.by_reference(RefKind.ORDER, history.marketplace, number)
        if (other.at, number) < (first.at, history.number) and _is_twin(other, history, order)
    ]
    if twins:
        other, number = max(twins, key=lambda twin: (twin[0].at, twin[1]))
        yield Mismatch("C30", (other, first), content=number)


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
