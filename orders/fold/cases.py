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
from orders.fold.refunds import all_completed, announced_total, refunds, total
from orders.order import Actor, Case, CaseKind
from parsers.notice import FieldValue, Kind, Money, Role

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
REQUEST = frozenset({"respond_by", "what"})
"""Fields by which the mail that tells of a claim asks for an answer, too."""
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

    @property
    def number(self) -> str | None:
        """The marketplace's number of the case, else what else tells it from others."""
        return next((event.cases[0] for event in self.events if event.cases), None) or self.ref

    @property
    def begun(self) -> datetime:
        return self.opened_at or min(event.at for event in self.events)


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
    if refs:
        return _by_number(events, refs)
    return _by_end(events, opener, closer, history)


def _by_end(
    events: Iterable[Event], opener: Kind, closer: Kind, history: History
) -> list[list[Event]]:
    found: list[list[Event]] = []
    for event in events:
        if found and not (event.kind is opener and _closings(found[-1], closer, history)):
            found[-1].append(event)
        else:
            found.append([event])
    return found


def _by_number(events: Sequence[Event], refs: list[str]) -> list[list[Event]]:
    groups: dict[str, list[Event]] = {ref: [] for ref in refs}
    for event in events:
        groups[_ref_at(event, events, refs)].append(event)
    return list(groups.values())


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


def _newest(events: Sequence[Event]) -> Event | None:
    return next(reversed(events), None)


def _answer(events: Sequence[Event], history: History) -> Event | None:
    """The first evidence I gave since the latest of these."""
    return next(iter(history.since(events[-1].at, Kind.EVIDENCE)), None)


def _have_the_last_word(events: Sequence[Event], others: Iterable[Event]) -> bool:
    """None of `others` is later than the latest of `events`."""
    return bool(events) and not any(other.at > events[-1].at for other in others)


def _decision(ended: Sequence[Event], *known: str) -> str:
    """The outcome, when it is one of the known; `decided` when it is in other words."""
    word = _word(ended, "outcome")
    return word if word in known else "decided"


def _cancellations(history: History) -> Iterator[Case]:
    requests = history.of(Kind.CANCEL_REQUESTED)
    if not requests:
        return
    asked = requests[0]
    cancelled = history.sure(Kind.ORDER_CANCELLED)
    rejected = history.sure_since(asked.at, Kind.CANCEL_REJECTED)
    shipped = history.sure_since(asked.at, Kind.SHIPMENT_SHIPPED)
    state, ended = (
        ("cancelled", cancelled[0])
        if cancelled
        else _not_cancelled(history, asked, [*rejected[:1], *shipped[:1]])
    )
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


def _not_cancelled(
    history: History, asked: Event, against: Sequence[Event]
) -> tuple[str, Event | None]:
    """Where the request stands: the first `against` it, a refusal or a parcel, ends it."""
    first = min(against, key=lambda event: event.at, default=None)
    if first is not None:
        return ("rejected" if first.kind is Kind.CANCEL_REJECTED else "overtaken"), first
    return ("overtaken", asked) if all_left(history, asked.at) else ("requested", None)


def _disputes(history: History) -> Iterator[Case]:
    for events in episodes(history, DISPUTE_KINDS, Kind.DISPUTE_OPENED, Kind.DISPUTE_CLOSED):
        closed = _closings(events, Kind.DISPUTE_CLOSED, history)
        state, waiting = _dispute_state(events, history)
        opened = _kind(events, Kind.DISPUTE_OPENED)
        offers = [event for event in events if event.kind is not Kind.DISPUTE_OPENED]
        yield _case(
            history,
            _Matter(
                kind=CaseKind.DISPUTE,
                events=events,
                state=state,
                ended=_newest(closed),
                waiting_for=waiting,
                reason=_word(opened[:1], "reason"),
                judgement=_told(history.best(_kind(events, Kind.DISPUTE_JUDGED)), "judgement"),
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
    state, waiting = _last_step(events, history.role)
    asked = _kind(events, Kind.DISPUTE_EVIDENCE_REQUESTED)
    if state == "evidence_due" and _answer(asked, history):
        return "review", Actor.PLATFORM
    return state, waiting


def _last_step(events: Iterable[Event], role: Role) -> tuple[str, Actor]:
    """Where the mails left an open dispute, and who must move; my own proposal is theirs to
    answer.
    """
    mine, waiting = ("seller", Actor.ME) if role is Role.SELLER else ("buyer", Actor.COUNTERPARTY)
    state = "opened"
    for event in events:
        if event.kind is Kind.DISPUTE_PROPOSAL and text_of(event.fields, "sender") == mine:
            state, waiting = "opened", Actor.COUNTERPARTY
        elif event.kind in _STEPS:
            state, waiting = _STEPS[event.kind]
    return state, waiting


def _appeals(history: History) -> Iterator[Case]:
    submitted, decided = history.of(Kind.APPEAL_SUBMITTED), history.of(Kind.APPEAL_DECIDED)
    if not submitted and not decided:
        return
    ended = history.sure(Kind.APPEAL_DECIDED)
    yield _case(
        history,
        _Matter(
            kind=CaseKind.APPEAL,
            events=[*submitted, *decided],
            state=_decision(ended, "granted", "rejected") if ended else "submitted",
            ended=_newest(ended),
            waiting_for=Actor.PLATFORM,
            reason=_word(decided, "reason") or _word(submitted, "reason"),
            outcome=_told(history.best(decided), "outcome"),
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
        paid = history.sure_since(events[0].at, Kind.REFUND_COMPLETED)
        return ("refunded", paid[-1]) if paid else ("received", None)
    if history.sure(Kind.RETURN_SHIPPED):
        return "shipped", None
    rejected = history.sure(Kind.RETURN_REJECTED)
    if _have_the_last_word(rejected, authorised):
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
    if completed and all_completed(known):
        state, ended = "completed", completed[-1]
    elif _have_the_last_word(failed, completed):
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
        waits = (
            (_decision(ended, "granted", "denied", "withdrawn"), None)
            if ended
            else _open_claim(events, history)
        )
        yield _case(
            history,
            _Matter(
                kind=CaseKind.CLAIM,
                events=events,
                state=waits[0],
                ended=_newest(ended),
                waiting_for=waits[1],
                reason=_word(events, "reason"),
                outcome=_word(ended or _kind(events, Kind.CLAIM_DECIDED), "outcome"),
                claimed=_money(events, "amount"),
            ),
        )


def _open_claim(events: Sequence[Event], history: History) -> tuple[str, Actor | None]:
    """Where a claim without a decision stands, and who must move."""
    asked = list(filter(_asks, events))
    if not asked and history.role is not Role.SELLER:
        return "opened", Actor.PLATFORM
    if _answer(asked or events, history):
        return "review", Actor.PLATFORM
    if not asked:
        return "opened", Actor.PLATFORM
    return ("info_due" if _kind(asked, Kind.CLAIM_INFO_REQUESTED) else "opened"), Actor.ME


def _asks(event: Event) -> bool:
    """The plain news of a claim asks for nothing until the marketplace does."""
    asks = event.kind is Kind.CLAIM_OPENED and not event.fields.keys().isdisjoint(REQUEST)
    return asks or event.kind is Kind.CLAIM_INFO_REQUESTED


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
                ended=_newest(ended),
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
        answer = _answer(events, history)
        begun = "restricted" if _kind(events, Kind.ACCOUNT_RESTRICTED) else "warned"
        yield _case(
            history,
            _Matter(
                kind=CaseKind.ACCOUNT,
                events=events,
                state="resolved" if answer else begun,
                ended=answer,
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
        answer = _answer(events, history)
        yield _case(
            history,
            _Matter(
                kind=CaseKind.FEE,
                events=events,
                state="resolved" if answer else "noticed",
                ended=answer,
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
        earlier = _rate_noticed_before(event, history)
    return earlier if isinstance(earlier, Decimal) and new is not None and earlier != new else None


def _rate_noticed_before(event: Event, history: History) -> FieldValue | None:
    notices = (
        other
        for other in reversed(history.of(Kind.FEE_NOTICE))
        if other.at < event.at and _thing(other) == _thing(event)
    )
    newest = next(notices, None)
    return newest.fields.get("new_rate") if newest else None


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
    ended = matter.ended
    return Case(
        kind=matter.kind,
        id="/".join(filter(None, (history.key, matter.kind, matter.number))),
        state=matter.state,
        opened_at=matter.begun,
        ref=matter.number,
        closed_at=ended.at if ended else None,
        judgement=matter.judgement,
        outcome=matter.outcome,
        reason=matter.reason,
        amount_claimed=matter.claimed,
        amount_awarded=matter.awarded,
        amount_paid=matter.paid,
        waiting_for=None if ended else matter.waiting_for,
        respond_by=None if ended else _respond_by(history, matter),
        proof=_in_time(matter.events),
    )


def _respond_by(history: History, matter: _Matter) -> datetime | None:
    """As the newest mail says: it replaces what was asked before."""
    newest = max(matter.events, key=_time)
    return matter.respond_by or history.when(newest, "respond_by", "appeal_by")


def _in_time(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=_time))


def _time(event: Event) -> tuple[datetime, str]:
    return (event.at, event.origin)


def _word(events: Iterable[Event], name: str) -> str | None:
    value = latest(events, lambda event: text_of(event.fields, name))
    return value if isinstance(value, str) else None


def _told(events: Sequence[Event], name: str) -> str | None:
    """The word of the latest that has one; `unknown` where there are mails and none says it."""
    return _word(events, name) or ("unknown" if events else None)


def _money(events: Iterable[Event], name: str) -> Money | None:
    value = latest(events, lambda event: money_of(event, name))
    return value if isinstance(value, Money) else None
