"""The matters with an end that hang on an order: dispute, appeal, return, refund, claim and the
rest.

Each is made from the set of its events. What only opens may come from any mail; what ends a matter
must be believed
(`History.closes`). Final states outrank all others, so late mail never brings a matter back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from orders.event import Event, Source
from orders.fold.history import History, latest, money_of, text_of
from orders.fold.lines import all_left
from orders.fold.refunds import announced_total, refunds
from orders.order import Actor, Case, CaseKind
from parsers.notice import Kind, Money, Role

DISPUTE_KINDS = (
    Kind.DISPUTE_OPENED,
    Kind.DISPUTE_PROPOSAL,
    Kind.DISPUTE_ESCALATED,
    Kind.DISPUTE_EVIDENCE_REQUESTED,
    Kind.DISPUTE_JUDGED,
    Kind.DISPUTE_CLOSED,
)
CLAIM_KINDS = (Kind.CLAIM_OPENED, Kind.CLAIM_INFO_REQUESTED, Kind.CLAIM_DECIDED)
CHARGEBACK_KINDS = (Kind.CHARGEBACK_OPENED, Kind.CHARGEBACK_DECIDED)
REFUNDED = frozenset({"refund_full", "refund_partial", "seller_timeout"})
"""Outcomes of a dispute after which money must come without a parcel going back."""


def cases(history: History) -> tuple[Case, ...]:
    """Every matter of the order, by the time it began."""
    found = [
        *_cancellations(history),
        *_disputes(history),
        *_appeals(history),
        *_returns(history),
        *_refunds(history),
        *_claims(history),
        *_chargebacks(history),
        *_accounts(history),
        *_fees(history),
    ]
    return tuple(sorted(found, key=lambda case: (case.opened_at, case.id)))


def episodes(
    history: History, kinds: Sequence[Kind], opener: Kind, closer: Kind
) -> list[list[Event]]:
    """Events of `kinds` by case number; without numbers a new `opener` after a believed `closer`
    begins another.
    """
    events = history.of(*kinds)
    refs = list(dict.fromkeys(ref for event in events for ref in event.cases[:1]))
    groups: dict[str, list[Event]] = {ref: [] for ref in refs}
    bare: list[list[Event]] = []
    for event in events:
        if event.cases:
            groups[event.cases[0]].append(event)
        elif refs:
            groups[_ref_at(event, events, refs)].append(event)
        elif not bare or (
            event.kind is opener and any(_ends(one, closer, history) for one in bare[-1])
        ):
            bare.append([event])
        else:
            bare[-1].append(event)
    return [*groups.values(), *bare]


def _ref_at(event: Event, events: Sequence[Event], refs: list[str]) -> str:
    begun = [one for one in events if one.cases and one.at <= event.at]
    return begun[-1].cases[0] if begun else refs[0]


def _ends(event: Event, closer: Kind, history: History) -> bool:
    return event.kind is closer and history.closes(event)


def _cancellations(history: History) -> Iterable[Case]:
    requests = history.of(Kind.CANCEL_REQUESTED)
    if not requests:
        return
    asked = requests[0]
    cancelled = history.sure(Kind.ORDER_CANCELLED)
    rejected = [event for event in history.sure(Kind.CANCEL_REJECTED) if event.at >= asked.at]
    shipped = [event for event in history.sure(Kind.SHIPMENT_SHIPPED) if event.at >= asked.at]
    state, ended = "requested", None
    if cancelled:
        state, ended = "cancelled", cancelled[0]
    elif rejected and not (shipped and shipped[0].at < rejected[0].at):
        state, ended = "rejected", rejected[0]
    elif shipped:
        state, ended = "overtaken", shipped[0]
    elif all_left(history, asked.at):
        state, ended = "overtaken", asked
    waiting = Actor.ME if history.role is Role.SELLER else Actor.COUNTERPARTY
    yield _case(
        history,
        CaseKind.CANCELLATION,
        [*requests, *cancelled, *rejected, *shipped[:1]],
        state=state,
        ended=ended,
        reason=text_of(asked.fields, "reason"),
        waiting_for=waiting,
        opened_at=asked.at,
    )


def _disputes(history: History) -> Iterable[Case]:
    for events in episodes(history, DISPUTE_KINDS, Kind.DISPUTE_OPENED, Kind.DISPUTE_CLOSED):
        closed = [event for event in events if _ends(event, Kind.DISPUTE_CLOSED, history)]
        state, waiting = _dispute_state(events, history)
        judged = [event for event in events if event.kind is Kind.DISPUTE_JUDGED]
        opened = [event for event in events if event.kind is Kind.DISPUTE_OPENED]
        offers = [event for event in events if event.kind is not Kind.DISPUTE_OPENED]
        yield _case(
            history,
            CaseKind.DISPUTE,
            events,
            state=state,
            ended=closed[-1] if closed else None,
            reason=text_of(opened[0].fields, "reason") if opened else None,
            waiting_for=waiting,
            judgement=_word(history.best(judged), "judgement") or ("unknown" if judged else None),
            outcome=_word(
                closed or [event for event in events if event.kind is Kind.DISPUTE_CLOSED],
                "outcome",
            ),
            claimed=_money(opened, "amount"),
            awarded=_money(history.best(offers), "amount"),
        )


def _dispute_state(events: Sequence[Event], history: History) -> tuple[str, Actor | None]:
    me, they = Actor.ME, Actor.COUNTERPARTY
    if any(_ends(event, Kind.DISPUTE_CLOSED, history) for event in events):
        return "closed", None
    if any(event.kind is Kind.DISPUTE_JUDGED for event in events):
        return "judged", me
    mine = "seller" if history.role is Role.SELLER else "buyer"
    state, waiting = "opened", me if history.role is Role.SELLER else they
    for event in events:
        match event.kind:
            case Kind.DISPUTE_PROPOSAL if text_of(event.fields, "sender") == mine:
                state, waiting = "opened", they
            case Kind.DISPUTE_PROPOSAL:
                state, waiting = "proposal", me
            case Kind.DISPUTE_ESCALATED:
                state, waiting = "review", Actor.PLATFORM
            case Kind.DISPUTE_EVIDENCE_REQUESTED:
                state, waiting = "evidence_due", me
            case _:
                pass
    asked = [event.at for event in events if event.kind is Kind.DISPUTE_EVIDENCE_REQUESTED]
    if state == "evidence_due" and any(
        event.at >= asked[-1] for event in history.of(Kind.EVIDENCE)
    ):
        return "review", Actor.PLATFORM
    return state, waiting


def _appeals(history: History) -> Iterable[Case]:
    submitted, decided = history.of(Kind.APPEAL_SUBMITTED), history.of(Kind.APPEAL_DECIDED)
    if not submitted and not decided:
        return
    ended = history.sure(Kind.APPEAL_DECIDED)
    outcome = _word(history.best(decided), "outcome")
    state = "submitted"
    if ended:
        state = {"granted": "granted", "rejected": "rejected"}.get(
            _word(ended, "outcome") or "", "decided"
        )
    yield _case(
        history,
        CaseKind.APPEAL,
        [*submitted, *decided],
        state=state,
        ended=ended[-1] if ended else None,
        reason=_word(decided, "reason") or _word(submitted, "reason"),
        waiting_for=Actor.PLATFORM,
        outcome=outcome or ("unknown" if decided else None),
        awarded=_money(decided, "amount"),
    )


def _returns(history: History) -> Iterable[Case]:
    sent_back = [
        event
        for event in history.of(Kind.DISPUTE_CLOSED)
        if _word([event], "outcome") == "return_refund"
    ]
    opening = [*history.of(Kind.RETURN_REQUESTED), *history.of(Kind.RETURN_AUTHORISED), *sent_back]
    later = history.sure(Kind.RETURN_SHIPPED, Kind.RETURN_RECEIVED, Kind.RETURN_REJECTED)
    if not opening and not later:
        return
    events = sorted([*opening, *later], key=lambda event: (event.at, event.origin))
    authorised = [*history.of(Kind.RETURN_AUTHORISED), *sent_back]
    kinds = {event.kind for event in events}
    state, ended = "requested", None
    if authorised:
        state = "authorised"
    rejected = history.sure(Kind.RETURN_REJECTED)
    if rejected and not any(event.at > rejected[-1].at for event in authorised):
        state, ended = "rejected", rejected[-1]
    if Kind.RETURN_SHIPPED in kinds:
        state, ended = "shipped", None
    if Kind.RETURN_RECEIVED in kinds:
        state, ended = "received", None
        refunds = [
            event for event in history.sure(Kind.REFUND_COMPLETED) if event.at >= events[0].at
        ]
        if refunds:
            state, ended = "refunded", refunds[-1]
    seller = history.role is Role.SELLER
    me, they = (Actor.COUNTERPARTY, Actor.ME) if seller else (Actor.ME, Actor.COUNTERPARTY)
    waiting = {"requested": they, "authorised": me, "shipped": they, "received": they}
    yield _case(
        history,
        CaseKind.RETURN,
        events,
        state=state,
        ended=ended,
        reason=_word(events, "reason"),
        waiting_for=waiting.get(state),
        respond_by=min(
            (at for event in authorised if (at := history.when(event, "return_by"))), default=None
        ),
        ref=_word(events, "rma"),
    )


def _refunds(history: History) -> Iterable[Case]:
    announced = history.of(Kind.REFUND_ANNOUNCED)
    decided = [
        event for event in history.of(Kind.DISPUTE_CLOSED) if _word([event], "outcome") in REFUNDED
    ]
    granted = [
        event for event in history.of(Kind.APPEAL_DECIDED) if _word([event], "outcome") == "granted"
    ]
    completed, failed = history.sure(Kind.REFUND_COMPLETED), history.sure(Kind.REFUND_FAILED)
    opening = [*announced, *decided, *granted]
    events = sorted([*opening, *completed, *failed], key=lambda event: (event.at, event.origin))
    if not events:
        return
    told = refunds(history)
    state, ended = "announced", None
    if completed and all(one.completed is not None for one in told):
        state, ended = "completed", completed[-1]
    elif failed and not any(event.at > failed[-1].at for event in completed):
        state = "failed"
    yield _case(
        history,
        CaseKind.REFUND,
        events,
        state=state,
        ended=ended,
        reason=_word(failed, "reason"),
        waiting_for=Actor.PLATFORM,
        outcome=_word(announced, "method"),
        awarded=announced_total(told) or total(opening),
        paid=total(completed),
        respond_by=None,
    )


def _claims(history: History) -> Iterable[Case]:
    for events in episodes(history, CLAIM_KINDS, Kind.CLAIM_OPENED, Kind.CLAIM_DECIDED):
        ended = [event for event in events if _ends(event, Kind.CLAIM_DECIDED, history)]
        asked = [event for event in events if event.kind is Kind.CLAIM_INFO_REQUESTED]
        seller = history.role is Role.SELLER
        state, waiting = "opened", Actor.ME if seller else Actor.PLATFORM
        if asked:
            state, waiting = "info_due", Actor.ME
        if state != "opened" or seller:
            since = (asked or events)[-1].at
            if any(event.at >= since for event in history.of(Kind.EVIDENCE)):
                state, waiting = "review", Actor.PLATFORM
        if ended:
            word = _word(ended, "outcome") or ""
            state = word if word in ("granted", "denied", "withdrawn") else "decided"
        yield _case(
            history,
            CaseKind.CLAIM,
            events,
            state=state,
            ended=ended[-1] if ended else None,
            reason=_word(events, "reason"),
            waiting_for=waiting,
            outcome=_word(
                ended or [event for event in events if event.kind is Kind.CLAIM_DECIDED], "outcome"
            ),
            claimed=_money(events, "amount"),
        )


def _chargebacks(history: History) -> Iterable[Case]:
    for events in episodes(
        history, CHARGEBACK_KINDS, Kind.CHARGEBACK_OPENED, Kind.CHARGEBACK_DECIDED
    ):
        ended = [event for event in events if _ends(event, Kind.CHARGEBACK_DECIDED, history)]
        state, waiting = "opened", Actor.ME
        if any(event.at >= events[0].at for event in history.of(Kind.EVIDENCE)):
            state, waiting = "review", Actor.BANK
        yield _case(
            history,
            CaseKind.CHARGEBACK,
            events,
            state="decided" if ended else state,
            ended=ended[-1] if ended else None,
            reason=_word(events, "reason"),
            waiting_for=waiting,
            outcome=_word(
                [event for event in events if event.kind is Kind.CHARGEBACK_DECIDED], "outcome"
            ),
            claimed=_money(events, "amount"),
        )


def _accounts(history: History) -> Iterable[Case]:
    for about, events in _by_topic(
        history, (Kind.ACCOUNT_WARNING, Kind.ACCOUNT_RESTRICTED), ("metric", "asin", "scope")
    ):
        answers = [event for event in history.of(Kind.EVIDENCE) if event.at >= events[-1].at]
        restricted = any(event.kind is Kind.ACCOUNT_RESTRICTED for event in events)
        state = "resolved" if answers else "restricted" if restricted else "warned"
        yield _case(
            history,
            CaseKind.ACCOUNT,
            events,
            state=state,
            ended=answers[0] if answers else None,
            reason=_word(events, "reason") or _word(events, "text"),
            waiting_for=Actor.ME,
            ref=about,
        )


def _fees(history: History) -> Iterable[Case]:
    for about, notices in _by_topic(history, (Kind.FEE_NOTICE,), ("sku", "asin")):
        events = [event for event in notices if not is_plain_rate(event, history)]
        if not events:
            continue
        answers = [event for event in history.of(Kind.EVIDENCE) if event.at >= events[-1].at]
        yield _case(
            history,
            CaseKind.FEE,
            events,
            state="resolved" if answers else "noticed",
            ended=answers[0] if answers else None,
            reason=_word(events, "reason"),
            waiting_for=Actor.ME,
            ref=about,
        )


def is_plain_rate(event: Event, history: History) -> bool:
    """An imported fee that is what it was: a fact to compare later ones with, no matter of its
    own.
    """
    return event.source is Source.IMPORT and rate_before(event, history) is None


def rate_before(event: Event, history: History) -> Decimal | None:
    """The fee rate before the one this notice tells, when they differ: as it says, else of the
    notice before.
    """
    new, told = event.fields.get("new_rate"), event.fields.get("old_rate")
    same = [
        one
        for one in history.of(Kind.FEE_NOTICE)
        if _thing(one) == _thing(event) and one.at < event.at
    ]
    earlier = told if told is not None else (same[-1].fields.get("new_rate") if same else None)
    return earlier if isinstance(earlier, Decimal) and new is not None and earlier != new else None


def _thing(event: Event) -> str | None:
    return text_of(event.fields, "sku") or text_of(event.fields, "asin")


def _by_topic(
    history: History, kinds: Sequence[Kind], names: Sequence[str]
) -> list[tuple[str | None, list[Event]]]:
    topics: dict[str | None, list[Event]] = {}
    for event in history.of(*kinds):
        about = next((text for name in names if (text := text_of(event.fields, name))), None)
        topics.setdefault(about, []).append(event)
    return list(topics.items())


def _case(
    history: History,
    kind: CaseKind,
    events: Sequence[Event],
    *,
    state: str,
    ended: Event | None,
    waiting_for: Actor | None,
    reason: str | None = None,
    judgement: str | None = None,
    outcome: str | None = None,
    claimed: Money | None = None,
    awarded: Money | None = None,
    paid: Money | None = None,
    respond_by: datetime | None = None,
    ref: str | None = None,
    opened_at: datetime | None = None,
) -> Case:
    own = next((event.cases[0] for event in events if event.cases), None) or ref
    newest = max(
        events, key=lambda event: (event.at, event.origin)
    )  # what it says replaces what was asked before
    return Case(
        kind=kind,
        id=f"{history.key}/{kind}" + (f"/{own}" if own else ""),
        state=state,
        opened_at=opened_at or min(event.at for event in events),
        ref=own,
        closed_at=ended.at if ended else None,
        judgement=judgement,
        outcome=outcome,
        reason=reason,
        amount_claimed=claimed,
        amount_awarded=awarded,
        amount_paid=paid,
        waiting_for=None if ended else waiting_for,
        respond_by=None
        if ended
        else (respond_by or history.when(newest, "respond_by", "appeal_by")),
        proof=tuple(sorted(events, key=lambda event: (event.at, event.origin))),
    )


def total(events: Iterable[Event]) -> Money | None:
    """The sum of the events' amounts in the currency of the first; other currencies are left
    out.
    """
    amounts = [amount for event in events if (amount := money_of(event, "amount")) is not None]
    if not amounts:
        return None
    currency = amounts[0].currency
    return Money(
        value=sum((one.value for one in amounts if one.currency == currency), Decimal()),
        currency=currency,
    )


def _word(events: Iterable[Event], name: str) -> str | None:
    value = latest(events, lambda event: text_of(event.fields, name))
    return value if isinstance(value, str) else None


def _money(events: Iterable[Event], name: str) -> Money | None:
    value = latest(events, lambda event: money_of(event, name))
    return value if isinstance(value, Money) else None
