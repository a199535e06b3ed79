"""Placing mail that names nothing: thread (L5), masked number (L6), open parcel (L3), store, title,
amount (L7).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from orders.event import Event
from orders.matching import titles
from orders.matching.index import ACCOUNT, EventIndex, RefKind, is_relay, key_parts, order_keys
from orders.matching.level import Level
from parsers import marketplaces
from parsers.notice import Item, Kind, Money

REACH = timedelta(days=120)
"""How far back an order may lie to which a mail without a number can belong."""
MOST = 200
"""More open orders than this and resemblance decides nothing."""
NAMED_AT_ONCE = 20
"""No mail names more orders than this."""
LEAST = 0.25
"""Evidence below this is chance."""
APPEAL_RESULT = timedelta(days=30)
MASK = re.compile(r"[*＊•●xX×…#]+")

PARCEL_KINDS = frozenset(
    {
        Kind.SHIPMENT_IN_TRANSIT,
        Kind.SHIPMENT_OUT_FOR_DELIVERY,
        Kind.SHIPMENT_ATTEMPT_FAILED,
        Kind.SHIPMENT_AVAILABLE_FOR_PICKUP,
        Kind.SHIPMENT_DELIVERED,
        Kind.SHIPMENT_ESTIMATE_CHANGED,
        Kind.SHIPMENT_EXCEPTION,
    }
)
_DISPUTED = frozenset(
    {
        Kind.DISPUTE_OPENED,
        Kind.DISPUTE_PROPOSAL,
        Kind.DISPUTE_ESCALATED,
        Kind.DISPUTE_EVIDENCE_REQUESTED,
    }
)
_DECIDED = frozenset({Kind.DISPUTE_JUDGED, Kind.DISPUTE_CLOSED})
_RETURNING = frozenset(
    {Kind.RETURN_REQUESTED, Kind.RETURN_AUTHORISED, Kind.RETURN_SHIPPED, Kind.RETURN_RECEIVED}
)
_APPEALED = frozenset({Kind.APPEAL_SUBMITTED, Kind.APPEAL_DECIDED})
_REFUNDABLE = (
    frozenset({Kind.ORDER_CANCELLED, Kind.CANCEL_REQUESTED, Kind.REFUND_ANNOUNCED})
    | _DISPUTED
    | _DECIDED
    | _RETURNING
    | _APPEALED
)
_MOVING = PARCEL_KINDS | {Kind.SHIPMENT_SHIPPED}
_OVER = frozenset({Kind.ORDER_CANCELLED, Kind.ORDER_COMPLETED})
_ENDED = _OVER | {Kind.SHIPMENT_DELIVERED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an order must have seen, and must not have seen, to accept a kind."""

    any_of: frozenset[Kind] = frozenset()
    none_of: frozenset[Kind] = frozenset()
    within: timedelta = REACH
    """The last of `any_of` is at most this old."""


_NEEDS_DISPUTE = Needs(any_of=_DISPUTED | _DECIDED, none_of=frozenset({Kind.DISPUTE_CLOSED}))
NEEDS: Mapping[Kind, Needs] = {
    Kind.APPEAL_DECIDED: Needs(
        any_of=frozenset({Kind.APPEAL_SUBMITTED, Kind.DISPUTE_CLOSED, Kind.DISPUTE_JUDGED}),
        none_of=frozenset({Kind.APPEAL_DECIDED}),
        within=APPEAL_RESULT,
    ),
    Kind.REFUND_ANNOUNCED: Needs(any_of=_REFUNDABLE),
    Kind.REFUND_COMPLETED: Needs(any_of=_REFUNDABLE),
    Kind.REFUND_FAILED: Needs(any_of=_REFUNDABLE),
    Kind.DISPUTE_PROPOSAL: _NEEDS_DISPUTE,
    Kind.DISPUTE_ESCALATED: _NEEDS_DISPUTE,
    Kind.DISPUTE_EVIDENCE_REQUESTED: _NEEDS_DISPUTE,
    Kind.DISPUTE_JUDGED: _NEEDS_DISPUTE,
    Kind.DISPUTE_CLOSED: _NEEDS_DISPUTE,
    Kind.DISPUTE_OPENED: Needs(
        any_of=_MOVING | {Kind.ORDER_PLACED}, none_of=frozenset({Kind.ORDER_CANCELLED})
    ),
    Kind.APPEAL_SUBMITTED: Needs(any_of=_DECIDED, none_of=_APPEALED, within=APPEAL_RESULT),
    Kind.RETURN_AUTHORISED: Needs(
        any_of=_RETURNING | _DISPUTED | _DECIDED | {Kind.SHIPMENT_DELIVERED}
    ),
    Kind.RETURN_RECEIVED: Needs(any_of=_RETURNING | _DECIDED),
    Kind.RETURN_REJECTED: Needs(any_of=_RETURNING | _DECIDED),
    Kind.RETURN_SHIPPED: Needs(any_of=_RETURNING | _DECIDED),
    Kind.CANCEL_REJECTED: Needs(any_of=frozenset({Kind.CANCEL_REQUESTED}), none_of=_OVER),
    Kind.ORDER_CANCELLED: Needs(none_of=_OVER | _MOVING),
    Kind.ORDER_COMPLETED: Needs(any_of=_MOVING, none_of=_OVER),
    Kind.ORDER_AWAITING_CONFIRMATION: Needs(any_of=_MOVING, none_of=_OVER),
    Kind.SHIPMENT_PREPARING: Needs(none_of=_OVER | _MOVING),
    Kind.SHIPMENT_SHIPPED: Needs(none_of=_OVER | PARCEL_KINDS),
}
"""Kinds not listed need an order that is not over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The answer of resemblance; several candidates mean a question, not an answer."""

    level: Level = Level.NONE
    confidence: float = 0.0
    keys: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


def most_similar(event: Event, index: EventIndex) -> Guess:
    """L5, L6, the open parcel of L3, L7, else L8, for an event that no number ties to an order."""
    for step in (_by_thread, _by_mask, _by_open_parcel, _by_resemblance):
        guess = step(event, index)
        if guess is not None:
            return guess
    return Guess()


def possible(event: Event, number: str, events: tuple[Event, ...]) -> bool:
    """Whether resemblance could ever lead `event` to the order of that number with these events.

    A cheap test that never says no wrongly: it lets most orders pass by most unmatched mail
    without a search.
    """
    if _shows(event, number) or _same_talk(event, events):
        return True
    if event.kind in PARCEL_KINDS and event.parcel_numbers:
        return any(map(_unnamed, events))
    return _same_store(event, events) or _evidence(event, events) >= LEAST


def _shows(event: Event, number: str) -> bool:
    """Whether a masked number of the event can be this one."""
    return any(agrees(number, masked) for masked in event.masked)


def _same_talk(event: Event, events: tuple[Event, ...]) -> bool:
    """Whether one of the events is of the same thread, or from the same person's relay address."""
    sender = event.sender.lower() if is_relay(event) else None
    return any(
        other.sender.lower() == sender or not set(event.thread).isdisjoint(other.thread)
        for other in events
    )


def accepts(kind: Kind, events: tuple[Event, ...], event: Event) -> bool:
    """Whether an order with that past (`events`, all before `event`) can be what `kind` speaks
    of.
    """
    needs = NEEDS.get(kind, Needs(none_of=_OVER))
    if any(one.kind in needs.none_of for one in events):
        return False
    if not needs.any_of:
        return True
    return any(one.kind in needs.any_of and event.at - one.at <= needs.within for one in events)


def agrees(number: str, masked: str) -> bool:
    """Whether the visible digits of `masked` (注文8123****01) can be those of `number`."""
    shown = _shown(masked)
    if shown is None:
        return False
    bare = re.sub(r"\D", "", number)
    pattern = r"\d*".join(shown)
    return re.fullmatch(pattern, bare) is not None


def informative(marketplace: str, masked: str) -> int:
    """How many visible digits tell one order of a mailbox from another.

    Where the first tell the era and the last the buyer, they do not tell the order.
    """
    shown = _shown(masked)
    if shown is None:
        return 0
    digits = marketplaces.of(marketplace).file.digits
    if digits is None:
        return sum(len(part) for part in shown)
    return (
        sum(len(part) for part in shown[1:-1])
        + max(0, len(shown[0]) - digits.era)
        + max(0, len(shown[-1]) - digits.person)
    )


def _shown(masked: str) -> tuple[str, ...] | None:
    """The digits around the stars, in order; None when nothing is masked."""
    start = re.search(r"[\d*＊•●×…#xX]", masked)
    if start is None or not MASK.search(masked[start.start() :]):
        return None
    return tuple(re.sub(r"\D", "", part) for part in MASK.split(masked[start.start() :]))


def _by_thread(event: Event, index: EventIndex) -> Guess | None:
    """L5: an answer within a thread, else the relay address of one person with one open order."""
    threads = {
        key for value in event.thread for key in _named_before(event, RefKind.THREAD, value, index)
    }
    if threads:
        return _settle(Level.THREAD, 0.85, threads)
    if not is_relay(event):
        return None
    persons = set(_named_before(event, RefKind.RELAY, event.sender.lower(), index))
    fitting = _accepting(event, pasts(event, index, persons))
    return _settle(Level.THREAD, 0.85, fitting) if fitting else None


def _accepting(
    event: Event, found: Mapping[str, tuple[Event, ...]]
) -> dict[str, tuple[Event, ...]]:
    """The orders whose past lets the event be about them."""
    return {key: past for key, past in found.items() if accepts(event.kind, past, event)}


def _named_before(event: Event, kind: RefKind, value: str, index: EventIndex) -> Iterator[str]:
    """Orders named, in reach and before it, by other mails with that reference."""
    for other in index.by_reference(kind, event.marketplace, value):
        if _is_past(other, event) and event.at - REACH <= other.at:
            yield from order_keys(other)


def _is_past(other: Event, event: Event) -> bool:
    """Another event of the same role, no later than this one."""
    return other.at <= event.at and other.role == event.role and other.origin != event.origin


def _by_mask(event: Event, index: EventIndex) -> Guess | None:
    """L6: the visible digits agree and the order's state can accept the kind."""
    if not event.masked:
        return None
    accepting = _accepting(event, _open(event, index))
    fitting = [key for key in accepting if _shows(event, key_parts(key)[2])]
    if not fitting:
        return Guess(level=Level.MASK)
    return _settle(Level.MASK, 0.8 if _most_digits(event) >= 5 else 0.7, fitting)


def _most_digits(event: Event) -> int:
    return max(informative(event.marketplace, masked) for masked in event.masked)


def _by_open_parcel(event: Event, index: EventIndex) -> Guess | None:
    """L3 without a tie: the one parcel on its way whose number nobody told us."""
    if event.kind not in PARCEL_KINDS or not event.parcel_numbers:
        return None
    fitting = [key for key, past in _open(event, index).items() if _awaits_a_parcel(past)]
    return _settle(Level.TRACKING, 0.6, fitting) if len(fitting) == 1 else None


def _awaits_a_parcel(past: tuple[Event, ...]) -> bool:
    """Something was shipped without a number, nothing has one yet, and nothing is over."""
    if any(one.kind in _ENDED for one in past):
        return False
    numbered = any(one.parcel_numbers for one in past if one.kind in _MOVING)
    return not numbered and any(map(_unnamed, past))


def _unnamed(event: Event) -> bool:
    return event.kind is Kind.SHIPMENT_SHIPPED and not event.parcel_numbers


def _by_resemblance(event: Event, index: EventIndex) -> Guess | None:
    """L7: store .35, title .3, amount .2, state .1, recency .05; at .75 with a lead of .15 it is
    taken.
    """
    store, items = event.fields.get("store"), _items(event)
    if not store and not items:
        return None
    fitting = _accepting(event, _open(event, index))
    at_store = _at_store(event, fitting)
    if len(at_store) == 1 and not items:
        return Guess(level=Level.SIMILARITY, confidence=0.8, keys=at_store)
    return _best(_scores(event, fitting))


def _at_store(event: Event, fitting: Mapping[str, tuple[Event, ...]]) -> tuple[str, ...]:
    return tuple(key for key, past in fitting.items() if _same_store(event, past))


def _scores(event: Event, fitting: Mapping[str, tuple[Event, ...]]) -> dict[str, float]:
    """How well the event fits each order; without those where it could be chance."""
    found = {}
    for key, past in fitting.items():
        evidence = _evidence(event, past)
        if evidence >= LEAST:
            recency = 1 - (event.at - max(other.at for other in past)) / REACH
            found[key] = evidence + 0.1 + 0.05 * recency
    return found


def _best(scores: Mapping[str, float]) -> Guess | None:
    """An answer where one order leads clearly, a question where several are near."""
    best, second, *_ = (*sorted(scores.values(), reverse=True), 0.0, 0.0)
    if best < 0.4:
        return None
    if best >= 0.75 and best - second >= 0.15:
        winner = max(scores, key=scores.__getitem__)
        return Guess(level=Level.SIMILARITY, confidence=min(best, 0.85), keys=(winner,))
    near = tuple(sorted(key for key, score in scores.items() if score >= max(0.4, best - 0.15)))
    return Guess(level=Level.SIMILARITY, confidence=min(best, 0.59), candidates=near)


def _evidence(event: Event, past: tuple[Event, ...]) -> float:
    """Store .35, best title .3, amount .2."""
    pairs = ((a.title, b.title) for a in _items(event) for one in past for b in _items(one))
    title = max((titles.similarity(*pair) for pair in pairs), default=0.0)
    return 0.35 * _same_store(event, past) + 0.3 * title + 0.2 * _same_amount(event, past)


def _same_store(event: Event, past: tuple[Event, ...]) -> bool:
    store = event.fields.get("store")
    if not isinstance(store, str) or not store:
        return False
    names = [one.fields.get("store") for one in past]
    return any(isinstance(name, str) and titles.shop(name) == titles.shop(store) for name in names)


def _same_amount(event: Event, past: tuple[Event, ...]) -> bool:
    others = [value for one in past for value in _amounts(one)]
    return any(
        a.currency == b.currency and abs(a.value - b.value) * 100 <= b.value
        for a in _amounts(event)
        for b in others
    )


def _amounts(event: Event) -> list[Money]:
    return [value for value in event.fields.values() if isinstance(value, Money)]


def _items(event: Event) -> tuple[Item, ...]:
    items = event.fields.get("items")
    return items if isinstance(items, tuple) else ()


def crowded(event: Event, index: EventIndex) -> bool:
    """Whether so many orders are in reach of `event` that one more or less decides if it is looked
    for at all.
    """
    if not _resembles(event):
        return False
    most = MOST + NAMED_AT_ONCE + 1
    keys = index.open_orders(event.marketplace, event.role, event.at - REACH, event.at, most)
    return MOST - NAMED_AT_ONCE <= len(keys) <= MOST + NAMED_AT_ONCE


def _resembles(event: Event) -> bool:
    """It says anything by which an open order is looked for."""
    numbered = bool(event.masked or event.parcel_numbers)
    return numbered or bool(event.fields.get("store") or _items(event))


def _open(event: Event, index: EventIndex) -> dict[str, tuple[Event, ...]]:
    """Orders within reach and their past, none when there are too many to tell apart."""
    found = index.open_orders(event.marketplace, event.role, event.at - REACH, event.at, MOST + 2)
    keys = {key for key in found if not key.endswith(ACCOUNT)}
    return pasts(event, index, keys) if len(keys) <= MOST else {}


def pasts(event: Event, index: EventIndex, keys: set[str]) -> dict[str, tuple[Event, ...]]:
    """What each order, by the events that name it, had seen when `event` happened."""
    found = {}
    for key in sorted(keys):
        marketplace, _, number = key_parts(key)
        events = index.by_reference(RefKind.ORDER, marketplace, number)
        past = tuple(one for one in events if _is_past(one, event))
        if past:
            found[key] = past
    return found


def _settle(level: Level, confidence: float, keys: Iterable[str]) -> Guess:
    """One key is an answer; several are a question."""
    ordered = tuple(sorted(keys))
    if len(ordered) == 1:
        return Guess(level=level, confidence=confidence, keys=ordered)
    return Guess(level=level, confidence=min(confidence, 0.5), candidates=ordered)
