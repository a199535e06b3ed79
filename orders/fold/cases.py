"""The matters with an end that hang on an order: dispute, appeal, return, refund, claim and the
rest.

Each is made from the set of its events. What only opens may come from any mail; what ends a matter
must be believed
(`History.closes`). Final states outrank all others, so late mail never brings a matter back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orders.event import Event, Source
from orders.fold.history import History, latest, money_of, text_of
from orders.fold.lines import all_left
from orders.fold.refunds import announced_total, refunds, total
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matter:
    """What is particular to one kind of case; the rest follows from its events."""

    kind: CaseKind
    events: Sequence[Event]
    state: str
    ended: Event | None = None
    waiting_for: Actor | None = None
    reason: str | None = None
    judgement: str | None = None
    outcome: str | None = None
    claimed: Money | None = None
    awarded: Money | None = None
    paid: Money | None = None
    respond_by: datetime | None = None
    ref: str | None = None
    opened_at: datetime | None = None


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
        if refs:
            groups[_ref_at(event, events, refs)].append(event)
        elif not bare or (event.kind is opener and _closings(bare[-1], closer, history)):
            bare.append([event])
        else:
            bare[-1].append(event)
    return [*groups.values(), *bare]


def _ref_at(event: Event, events: Sequence[Event], refs: list[str]) -> str:
    """The case number of the event: its own, else that of the newest case begun before it."""
    if event.cases:
        return event.cases[0]
    begun = [other for other in events if other.cases and other.at <= event.at]
    return begun[-1].cases[0] if begun else refs[0]


def _closings(events: Iterable[Event], closer: Kind, history: History) -> list[Event]:
    """The believed ends among the events."""
    return [event for event in events if event.kind is closer and history.closes(event)]


def _kind(events: Iterable[Event], kind: Kind) -> list[Event]:
    return [event for event in events if event.kind is kind]


def _cancellations(history: History) -> Iterator[Case]:
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
    yield _case(
        history,
        _Matter(
            kind=CaseKind.CANCELLATION,
            events=[*requests, *cancelled, *rejected, *shipped[:1]],
            state=state,
            ended=ended,
            waiting_for=Actor.ME if history.role is Role.SELLER else Actor.COUNTERPARTY,
            reason=text_of(asked.fields, "reason"),
            opened_at=asked.at,
        ),
    )


def _disputes(history: History) -> Iterator[Case]:
    for events in episodes(history, DISPUTE_KINDS, Kind.DISPUTE_OPENED, Kind.DISPUTE_CLOSED):
        closed = _closings(events, Kind.DISPUTE_CLOSED, history)
        state, waiting = _dispute_state(events, history)
        judged = _kind(events, Kind.DISPUTE_JUDGED)
        opened = _kind(events, Kind.DISPUTE_OPENED)
        offers = [event for event in events if event.kind is not Kind.DISPUTE_OPENED]
        yield _case(
            history,
            _Matter(
                kind=CaseKind.DISPUTE,
                events=events,
                state=state,
                ended=closed[-1] if closed else None,
                waiting_for=waiting,
                reason=text_of(opened[0].fields, "reason") if opened else None,
                judgement=_word(history.best(judged), "judgement")
                or ("unknown" if judged else None),
                outcome=_word(closed or _kind(events, Kind.DISPUTE_CLOSED), "outcome"),
                claimed=_money(opened, "amount"),
                awarded=_money(history.best(offers), "amount"),
            ),
        )


_STEPS: Mapping[Kind, tuple[str, Actor]] = {
    Kind.DISPUTE_PROPOSAL: ("proposal", Actor.ME),
    Kind.DISPUTE_ESCALATED: ("review", Actor.PLATFORM),
    Kind.DISPUTE_EVIDENCE_REQUESTED: ("evidence_due", Actor.ME),
}
"""Where an open dispute stands after such a mail, and who must move."""


def _dispute_state(events: Sequence[Event], history: History) -> tuple[str, Actor | None]:
    if _closings(events, Kind.DISPUTE_CLOSED, history):
        return "closed", None
    if _kind(events, Kind.DISPUTE_JUDGED):
        return "judged", Actor.ME
    seller = history.role is Role.SELLER
    mine = "seller" if seller else "buyer"
    state, waiting = "opened", Actor.ME if seller else Actor.COUNTERPARTY
    for event in events:
        if event.kind is Kind.DISPUTE_PROPOSAL and text_of(event.fields, "sender") == mine:
            state, waiting = "opened", Actor.COUNTERPARTY
        elif event.kind in _STEPS:
            state, waiting = _STEPS[event.kind]
    if state == "evidence_due":
        asked = _kind(events, Kind.DISPUTE_EVIDENCE_REQUESTED)[-1]
        if history.since(asked.at, Kind.EVIDENCE):
            return "review", Actor.PLATFORM
    return state, waiting


def _appeals(history: History) -> Iterator[Case]:
    submitted, decided = history.of(Kind.APPEAL_SUBMITTED), history.of(Kind.APPEAL_DECIDED)
    if not submitted and not decided:
        return
    ended = history.sure(Kind.APPEAL_DECIDED)
    outcome = _word(history.best(decided), "outcome")
    state = "submitted"
    if ended:
        word = _word(ended, "outcome")
        state = word if word in ("granted", "rejected") else "decided"
    yield _case(
        history,
        _Matter(
            kind=CaseKind.APPEAL,
            events=[*submitted, *decided],
            state=state,
            ended=ended[-1] if ended else None,
            waiting_for=Actor.PLATFORM,
            reason=_word(decided, "reason") or _word(submitted, "reason"),
            outcome=outcome or ("unknown" if decided else None),
            awarded=_money(decided, "amount"),
        ),
    )


def _returns(history: History) -> Iterator[Case]:
    authorised = [
        *history.of(Kind.RETURN_AUTHORISED),
        *history.saying(Kind.DISPUTE_CLOSED, "outcome", "return_refund"),
    ]
    opening = [*history.of(Kind.RETURN_REQUESTED), *authorised]
    later = history.sure(Kind.RETURN_SHIPPED, Kind.RETURN_RECEIVED, Kind.RETURN_REJECTED)
    if not opening and not later:
        return
    events = _in_time([*opening, *later])
    state, ended = _return_state(history, events, authorised)
    stated = (history.when(event, "return_by") for event in authorised)
    yield _case(
        history,
        _Matter(
            kind=CaseKind.RETURN,
            events=events,
            state=state,
            ended=ended,
            waiting_for=_return_waits_for(state, history.role),
            reason=_word(events, "reason"),
            respond_by=min((at for at in stated if at), default=None),
            ref=_word(events, "rma"),
        ),
    )


def _return_state(
    history: History, events: Sequence[Event], authorised: Sequence[Event]
) -> tuple[str, Event | None]:
    """Where the return with these events stands, and what ended it."""
    if history.sure(Kind.RETURN_RECEIVED):
        refunds = history.since(events[0].at, Kind.REFUND_COMPLETED)
        paid = [event for event in refunds if history.closes(event)]
        return ("refunded", paid[-1]) if paid else ("received", None)
    if history.sure(Kind.RETURN_SHIPPED):
        return "shipped", None
    rejected = history.sure(Kind.RETURN_REJECTED)
    if rejected and not any(event.at > rejected[-1].at for event in authorised):
        return "rejected", rejected[-1]
    return ("authorised" if authorised else "requested"), None


def _return_waits_for(state: str, role: Role) -> Actor | None:
    """Who must move next; the buyer is the one who sends."""
    sender, receiver = (
        (Actor.COUNTERPARTY, Actor.ME) if role is Role.SELLER else (Actor.ME, Actor.COUNTERPARTY)
    )
    if state == "authorised":
        return sender
    return receiver if state in ("requested", "shipped", "received") else None


def _refunds(history: History) -> Iterator[Case]:
    announced = history.of(Kind.REFUND_ANNOUNCED)
    completed, failed = history.sure(Kind.REFUND_COMPLETED), history.sure(Kind.REFUND_FAILED)
    opening = [
        *announced,
        *history.saying(Kind.DISPUTE_CLOSED, "outcome", *REFUNDED),
        *history.saying(Kind.APPEAL_DECIDED, "outcome", "granted"),
    ]
    events = _in_time([*opening, *completed, *failed])
    if not events:
        return
    known = refunds(history)
    state, ended = "announced", None
    if completed and all(refund.completed is not None for refund in known):
        state, ended = "completed", completed[-1]
    elif failed and not any(event.at > failed[-1].at for event in completed):
        state = "failed"
    yield _case(
        history,
        _Matter(
            kind=CaseKind.REFUND,
            events=events,
            state=state,
            ended=ended,
            waiting_for=Actor.PLATFORM,
            reason=_word(failed, "reason"),
            outcome=_word(announced, "method"),
            awarded=announced_total(known) or total(opening),
            paid=total(completed),
        ),
    )


def _claims(history: History) -> Iterator[Case]:
    for events in episodes(history, CLAIM_KINDS, Kind.CLAIM_OPENED, Kind.CLAIM_DECIDED):
        ended = _closings(events, Kind.CLAIM_DECIDED, history)
        state, waiting = _claim_state(events, ended, history)
        yield _case(
            history,
            _Matter(
                kind=CaseKind.CLAIM,
                events=events,
                state=state,
                ended=ended[-1] if ended else None,
                waiting_for=waiting,
                reason=_word(events, "reason"),
                outcome=_word(ended or _kind(events, Kind.CLAIM_DECIDED), "outcome"),
                claimed=_money(events, "amount"),
            ),
        )


def _claim_state(
    events: Sequence[Event], ended: Sequence[Event], history: History
) -> tuple[str, Actor | None]:
    if ended:
        word = _word(ended, "outcome")
        return (word if word in ("granted", "denied", "withdrawn") else "decided"), None
    asked = _kind(events, Kind.CLAIM_INFO_REQUESTED)
    must_answer = bool(asked) or history.role is Role.SELLER
    if must_answer and history.since((asked or events)[-1].at, Kind.EVIDENCE):
        return "review", Actor.PLATFORM
    return ("info_due" if asked else "opened"), Actor.ME if must_answer else Actor.PLATFORM


def _chargebacks(history: History) -> Iterator[Case]:
    for events in episodes(
        history, CHARGEBACK_KINDS, Kind.CHARGEBACK_OPENED, Kind.CHARGEBACK_DECIDED
    ):
        ended = _closings(events, Kind.CHARGEBACK_DECIDED, history)
        answered = history.since(events[0].at, Kind.EVIDENCE)
        state, waiting = ("review", Actor.BANK) if answered else ("opened", Actor.ME)
        yield _case(
            history,
            _Matter(
                kind=CaseKind.CHARGEBACK,
                events=events,
                state="decided" if ended else state,
                ended=ended[-1] if ended else None,
                waiting_for=waiting,
                reason=_word(events, "reason"),
                outcome=_word(_kind(events, Kind.CHARGEBACK_DECIDED), "outcome"),
                claimed=_money(events, "amount"),
            ),
        )


def _accounts(history: History) -> Iterator[Case]:
    for about, events in _by_topic(
        history, (Kind.ACCOUNT_WARNING, Kind.ACCOUNT_RESTRICTED), ("metric", "asin", "scope")
    ):
        answers = history.since(events[-1].at, Kind.EVIDENCE)
        begun = "restricted" if _kind(events, Kind.ACCOUNT_RESTRICTED) else "warned"
        yield _case(
            history,
            _Matter(
                kind=CaseKind.ACCOUNT,
                events=events,
                state="resolved" if answers else begun,
                ended=answers[0] if answers else None,
                waiting_for=Actor.ME,
                reason=_word(events, "reason") or _word(events, "text"),
                ref=about,
            ),
        )


def _fees(history: History) -> Iterator[Case]:
    for about, notices in _by_topic(history, (Kind.FEE_NOTICE,), ("sku", "asin")):
        events = [event for event in notices if not is_plain_rate(event, history)]
        if not events:
            continue
        answers = history.since(events[-1].at, Kind.EVIDENCE)
        yield _case(
            history,
            _Matter(
                kind=CaseKind.FEE,
                events=events,
                state="resolved" if answers else "noticed",
                ended=answers[0] if answers else None,
                waiting_for=Actor.ME,
                reason=_word(events, "reason"),
                ref=about,
            ),
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
    new, earlier = event.fields.get("new_rate"), event.fields.get("old_rate")
    if earlier is None:
        notices = [other for other in history.of(Kind.FEE_NOTICE) if other.at < event.at]
        same = [other for other in notices if _thing(other) == _thing(event)]
        earlier = same[-1].fields.get("new_rate") if same else None
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


def _case(history: History, matter: _Matter) -> Case:
    events = matter.events
    own = next((event.cases[0] for event in events if event.cases), None) or matter.ref
    newest = max(events, key=_time)  # what it says replaces what was asked before
    ended = matter.ended
    respond_by = matter.respond_by or history.when(newest, "respond_by", "appeal_by")
    return Case(
        kind=matter.kind,
        id=f"{history.key}/{matter.kind}" + (f"/{own}" if own else ""),
        state=matter.state,
        opened_at=matter.opened_at or min(event.at for event in events),
        ref=own,
        closed_at=ended.at if ended else None,
        judgement=matter.judgement,
        outcome=matter.outcome,
        reason=matter.reason,
        amount_claimed=matter.claimed,
        amount_awarded=matter.awarded,
        amount_paid=matter.paid,
        waiting_for=None if ended else matter.waiting_for,
        respond_by=None if ended else respond_by,
        proof=_in_time(events),
    )


def _in_time(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=_time))


def _time(event: Event) -> tuple[datetime, str]:
    return (event.at, event.origin)


def _word(events: Iterable[Event], name: str) -> str | None:
    value = latest(events, lambda event: text_of(event.fields, name))
    return value if isinstance(value, str) else None


def _money(events: Iterable[Event], name: str) -> Money | None:
    value = latest(events, lambda event: money_of(event, name))
    return value if isinstance(value, Money) else None
