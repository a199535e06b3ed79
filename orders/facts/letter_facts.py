"""What a letter may say of an order: each fact with the event it is known from, nothing else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from orders.event import Event
from orders.facts.view import View
from orders.order import Case, CaseKind
from parsers.notice import Item, Kind, Money

WRONG = (Kind.WRONG_ITEM, Kind.PARCEL_NOT_HERE)
PROMISED = frozenset({"will_ship_by", "wait_request"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFact:
    """One fact and where it was read."""

    text: str
    """As it stands in the letter: dates as 2026-03-02, amounts with their currency."""
    event: Event | None = None
    """What it is known from; None for what the writer of the letter says now."""
    word: bool = False
    """`text` is a word of ours, such as `refund_full`, to be said in each language."""


def letter_facts(view: View, zone: tzinfo) -> dict[str, LetterFact]:
    """Every fact of the believed order that is known, by name; days are those of `zone`."""
    seen = _Seen(view, zone)
    return {
        name: fact
        for part in (_of_order, _of_parcels, _of_dispute, _of_money, _of_talk)
        for name, fact in part(seen).items()
        if fact is not None
    }


class _Seen:
    """The believed events, and how a fact is made of one."""

    def __init__(self, view: View, zone: tzinfo) -> None:
        self.view = view
        self.order = view.believed
        self.zone = zone

    def events(self, *kinds: Kind) -> list[Event]:
        return [event for event in self.order.events if event.kind in kinds]

    def first(self, *kinds: Kind) -> Event | None:
        return next(iter(self.events(*kinds)), None)

    def last(self, *kinds: Kind) -> Event | None:
        return next(reversed(self.events(*kinds)), None)

    def day(self, at: datetime | date) -> str:
        if isinstance(at, datetime):
            return f"{at.astimezone(self.zone):%Y-%m-%d}"
        return at.isoformat()

    def on(self, event: Event | None) -> LetterFact | None:
        """The day it happened."""
        return None if event is None else LetterFact(text=self.day(event.at), event=event)

    def field(self, event: Event | None, *names: str, word: bool = False) -> LetterFact | None:
        """The first of these fields that the event has."""
        values = [event.fields[name] for name in names if name in event.fields] if event else []
        if not values:
            return None
        return LetterFact(text=self._text(values[0]), event=event, word=word)

    def known(self, value: object, *names: str) -> LetterFact | None:
        """A value of the order, with the first event whose fields so named say it."""
        if value is None:
            return None
        text = self._text(value)
        said = (
            event
            for event in self.order.events
            if any(self._text(event.fields[name]) == text for name in names if name in event.fields)
        )
        first = next(iter(self.order.events), None)
        return LetterFact(text=text, event=next(said, first))

    def _text(self, value: object) -> str:
        match value:
            case datetime() | date():
                return self.day(value)
            case tuple():
                titles = [item.title for item in value if isinstance(item, Item)]
                return ", ".join(titles)
            case _:
                return " ".join(str(value).split())


Facts = dict[str, LetterFact | None]


def _of_order(seen: _Seen) -> Facts:
    order = seen.order
    return {
        "order": seen.known(order.number),
        "item": seen.known(order.items, "items") if order.items else None,
        "store": seen.known(order.store, "store"),
        "total": seen.known(order.total, "total"),
        "ordered_on": seen.known(order.ordered_at, "ordered_at"),
        "ship_by": seen.known(order.ship_by, "ship_by"),
        "expected_by": seen.known(order.expected_until, "expected_until"),
        "cancel_on": seen.on(seen.first(Kind.CANCEL_REQUESTED)),
        "cancelled_on": seen.on(seen.last(Kind.ORDER_CANCELLED)),
    }


def _of_parcels(seen: _Seen) -> Facts:
    shipped = seen.first(Kind.SHIPMENT_SHIPPED)
    delivered = seen.last(Kind.SHIPMENT_DELIVERED)
    back = seen.last(Kind.RETURN_SHIPPED)
    number = next((e for e in reversed(seen.order.events) if e.tracking and e is not back), None)
    return {
        "shipped_on": seen.on(shipped),
        "delivered_on": seen.field(delivered, "delivered_at") or seen.on(delivered),
        "tracking": LetterFact(text=number.tracking[0], event=number) if number else None,
        "return_on": seen.on(back),
        "return_tracking": (
            LetterFact(text=back.tracking[0], event=back) if back and back.tracking else None
        ),
        "return_by": seen.field(
            seen.last(Kind.RETURN_AUTHORISED, Kind.DISPUTE_CLOSED), "return_by"
        ),
    }


def _of_dispute(seen: _Seen) -> Facts:
    case = next((c for c in reversed(seen.order.cases) if c.kind is CaseKind.DISPUTE), None)
    opened, offer = seen.first(Kind.DISPUTE_OPENED), _offer(seen)
    closed, judged = seen.last(Kind.DISPUTE_CLOSED), seen.last(Kind.DISPUTE_JUDGED)
    claim = seen.first(Kind.CLAIM_OPENED)
    return {
        "case": _number(case, opened or judged or closed),
        "opened_on": seen.on(opened),
        "claimed": seen.known(case.amount_claimed, "amount") if case else None,
        "offered": seen.field(offer, "amount"),
        "offered_on": seen.on(offer),
        "judgement": seen.field(judged, "judgement", word=True),
        "judged_on": seen.on(judged),
        "closed_on": seen.on(closed),
        "outcome": seen.field(closed, "outcome", word=True),
        "asked_for": seen.field(seen.last(Kind.DISPUTE_EVIDENCE_REQUESTED), "what", "text"),
        "asked_on": seen.on(seen.last(Kind.DISPUTE_EVIDENCE_REQUESTED, Kind.CLAIM_INFO_REQUESTED)),
        "claim_on": seen.on(claim),
    }


def _number(case: Case | None, event: Event | None) -> LetterFact | None:
    return LetterFact(text=case.ref, event=event) if case and case.ref else None


def _offer(seen: _Seen) -> Event | None:
    offers = seen.events(Kind.DISPUTE_PROPOSAL)
    return next((one for one in reversed(offers) if one.fields.get("sender") != "buyer"), None)


def _of_money(seen: _Seen) -> Facts:
    announced = seen.last(Kind.REFUND_ANNOUNCED)
    short = next((one for one in seen.view.findings if one.kind == "refund_short"), None)
    paid = seen.last(Kind.REFUND_COMPLETED)
    source = announced or seen.last(Kind.ORDER_CANCELLED, Kind.DISPUTE_CLOSED)
    total = seen.order.total
    return {
        "refund": seen.field(announced, "amount") or seen.field(source, "amount"),
        "refund_on": seen.on(source),
        "method": seen.field(announced, "method"),
        "paid": seen.field(paid, "amount"),
        "paid_on": seen.on(paid),
        "short": _money(short.amount, short.rests_on) if short else None,
        "wanted": seen.known(_claimed(seen) or total, "amount", "total"),
        "fee_on": seen.on(seen.last(Kind.FEE_NOTICE)),
        "old_rate": seen.field(seen.last(Kind.FEE_NOTICE), "old_rate"),
        "new_rate": seen.field(seen.last(Kind.FEE_NOTICE), "new_rate"),
    }


def _claimed(seen: _Seen) -> Money | None:
    amounts = [case.amount_claimed for case in seen.order.cases if case.amount_claimed]
    return amounts[-1] if amounts else None


def _money(amount: Money | None, rests_on: Iterable[Event]) -> LetterFact | None:
    if amount is None:
        return None
    return LetterFact(text=str(amount), event=next(iter(reversed(list(rests_on))), None))


def _of_talk(seen: _Seen) -> Facts:
    wrong = seen.last(*WRONG)
    promise = _with_intent(seen, PROMISED.__contains__) or seen.first(Kind.PROMISE)
    pressed = _with_intent(seen, "ask_close_dispute".__eq__)
    complaint = _with_intent(seen, "cancel_complaint".__eq__)
    files = seen.events(Kind.EVIDENCE_FILE)
    listed = ", ".join(str(one.fields.get("text", "")) for one in files)
    return {
        "problem": seen.field(wrong, "text")
        or _missing_part(seen)
        or seen.field(seen.last(Kind.CONTACTED_SELLER), "text"),
        "promise_on": seen.on(promise),
        "promised_by": seen.field(promise, "due"),
        "pressed_on": seen.on(pressed),
        "complaint_on": seen.on(complaint),
        "contacted_on": seen.on(seen.first(Kind.CONTACTED_SELLER)),
        "evidence": (
            LetterFact(text=listed, event=files[0])
            if files
            else seen.field(seen.last(Kind.EVIDENCE), "text")
        ),
    }


def _missing_part(seen: _Seen) -> LetterFact | None:
    partly = next((one for one in seen.view.findings if one.kind == "partial_delivery"), None)
    if partly is None or not partly.detail:
        return None
    text = f"Only a part was delivered. Missing: {partly.detail}."
    return LetterFact(text=text, event=partly.rests_on[-1])


def _with_intent(seen: _Seen, wanted: Callable[[str], bool]) -> Event | None:
    messages = seen.events(Kind.MESSAGE_RECEIVED)
    return next((one for one in messages if wanted(str(one.fields.get("intent", "")))), None)


FACTS_OF_LETTERS = frozenset(
    {
        *("order", "item", "store", "total", "ordered_on", "ship_by", "expected_by", "cancel_on"),
        *("cancelled_on", "shipped_on", "delivered_on", "tracking", "return_on", "return_by"),
        *("return_tracking", "case", "opened_on", "claimed", "offered", "offered_on", "judgement"),
        *("judged_on", "closed_on", "outcome", "asked_for", "asked_on", "claim_on", "refund"),
        *("refund_on", "method", "paid", "paid_on", "short", "wanted", "fee_on", "old_rate"),
        *("new_rate", "problem", "promise_on", "promised_by", "pressed_on", "complaint_on"),
        "evidence",
        "contacted_on",
    }
)
"""What a template may name, besides what it asks for."""
