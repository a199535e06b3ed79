"""Which order an event belongs to: the ladder L0 to L8, and which orders a new event can change.

1. The user's answer (`orderbell assign`) decides.
2. Order numbers named in full (L1, L1n for an order not seen before, L4 for a link that lost its
   first digit).
3. Case and parcel ids (L2) and tracking numbers (L3) that another event ties to an order, through
   any number of
   parcel mails without an order number.
4. Resemblance (`orders.matching.similarity`): thread (L5), masked number (L6), store, title and
   amount (L7).
5. Nothing (L8).

Confidence is capped by trust. At 0.9 and above an event may close; below, it opens and is marked
inferred; with several
candidates it is only possible, for each of them.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from orders.belief import is_believed
from orders.event import Event, Source
from orders.matching import similarity
from orders.matching.index import (
    NEVER_AN_ORDER,
    BelievedIndex,
    CachedIndex,
    EventIndex,
    IndexWithout,
    RefKind,
    is_whole,
    key_of,
    key_parts,
    neighbourhood,
    order_keys,
)
from orders.matching.level import SURE, Level
from parsers.notice import Kind, Role, Trust

CAPS = {Trust.VERIFIED: 1.0, Trust.FORWARDED: 0.85, Trust.UNVERIFIED: 0.85, Trust.FORGED: 0.0}
TIES = {Level.TRACKING: 0.95, Level.CASE: 0.97}
RECYCLED = timedelta(days=180)
"""Carriers use tracking numbers again after about this time."""
MOST_PARCEL_EVENTS = 200
"""How far one event is followed through parcel mails; a real parcel has some dozen."""
TWICE_WITHIN = timedelta(minutes=10)
"""Two orders of the same things within this time look like one bought twice (C30)."""
KNOWN = frozenset({Kind.ORDER_PLACED, Kind.IMPORT_ROW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Where one event belongs, how sure that is, and by which step of the ladder."""

    event: Event
    level: Level
    """L0 … L8; L0 is a twin of another event of the order."""
    confidence: float
    keys: tuple[str, ...] = ()
    """Keys of the orders it belongs to, sorted."""
    candidates: tuple[str, ...] = ()
    """Keys of the orders it might belong to, sorted: the choices of one question. After the user's
    answer, what the
    choices were.
    """

    believed: bool = True
    """The event is believed (`orders.belief`), and so are those that tie it to its orders."""

    @property
    def closes(self) -> bool:
        """It may close watches, end cases and set final states. An imported row never does."""
        return self.confidence >= SURE and self.event.source is not Source.IMPORT

    @property
    def answered(self) -> bool:
        """The user said where it belongs (or that it belongs nowhere)."""
        return self.level is Level.NUMBER and bool(self.candidates)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Home:
    """A tie between an unnumbered event and an order: the event that names the order, and what
    links them.
    """

    event: Event
    via: RefKind


def match(event: Event, index: EventIndex) -> Match:
    """Where `event` belongs, from everything in the index; the same for any order of arrival.

    A believed event is placed by believed events; by others only where these say nothing at all.
    """
    if not is_believed(event):
        return replace(_match(event, index), believed=False)
    sure = BelievedIndex(index)
    found = _match(event, sure)
    if found.keys or found.candidates or not sure.hid:
        return found
    return replace(_match(event, index), believed=False)


def _match(event: Event, index: EventIndex) -> Match:
    if event.trust is Trust.FORGED:
        return Match(event=event, level=Level.NONE, confidence=0.0)
    answer = _answer(event, index)
    guess = _guess(event, index)
    if answer is None:
        return guess
    keys = tuple(sorted(order_keys(answer)))
    candidates = tuple(sorted({*guess.keys, *guess.candidates, *keys}))
    confidence = min(1.0, CAPS[event.trust])
    return Match(
        event=event, level=Level.NUMBER, confidence=confidence, keys=keys, candidates=candidates
    )


def gather(key: str, index: EventIndex) -> tuple[Match, ...]:
    """Matches of every event that belongs to the order, or might. Unsorted, twins included."""
    marketplace, role, number = key_parts(key)
    named = named_events(key, index)
    found = {event.origin: event for event in _followed(named, index)}
    for event in index.unmatched(marketplace, role):
        if (
            event.origin not in found
            and _in_reach(event, named)
            and similarity.possible(event, number, named)
        ):
            found[event.origin] = event
    matches = (match(event, index) for event in found.values())
    return tuple(matched for matched in matches if key in matched.keys or key in matched.candidates)


def named_events(key: str, index: EventIndex) -> tuple[Event, ...]:
    """Events of the order's role that name its number, in full or without its first digit."""
    marketplace, role, number = key_parts(key)
    events = index.by_reference(RefKind.ORDER, marketplace, number)
    if marketplace == "aliexpress" and is_whole(number):
        events += index.by_reference(RefKind.ORDER, marketplace, number[1:])
    return tuple(event for event in events if event.role == role)


def affected_orders(
    event: Event, index: EventIndex, among: Collection[Event] = ()
) -> tuple[str, ...]:
    """Keys of the orders whose view may change because `event`, already in the index, was appended.
    Sorted.

    `among` are all events that were appended together with it, if it was not alone: ask for each of
    them.
    """
    index = CachedIndex(index)
    before = CachedIndex(IndexWithout(index, (event, *among)))
    own = match(event, index)
    keys = {*own.keys, *order_keys(event)}
    if (
        own.level != Level.LINE_NUMBER
    ):  # a question of its own, without effect on the order it may be a line of
        keys |= set(own.candidates)
    for other in _may_move(event, keys, index, before):
        was, now = match(other, before), match(other, index)
        if was != now:
            keys |= {*was.keys, *was.candidates, *now.keys, *now.candidates}
    keys |= set(_neighbours(event, index))
    return tuple(sorted(keys))


def now_matched(event: Event, index: EventIndex) -> tuple[str, ...]:
    """Origins of events without an order number that have a sure home now that `event` is on the
    index.

    What the store may drop from `EventIndex.unmatched`. Such a home is never lost again; one that
    rests on the user's answer may be, and does not count.
    """
    followed = [other for other in _followed((event,), index) if not order_keys(other)]
    return tuple(sorted(other.origin for other in followed if _has_home(other, index)))


def _has_home(event: Event, index: EventIndex) -> bool:
    """A believed event needs a believed home: by believed mail alone it must still be found."""
    homes = _homes(event, BelievedIndex(index) if is_believed(event) else index)
    return any(order_keys(home.event) for home in homes)


def _answer(event: Event, index: EventIndex) -> Event | None:
    """The user's last word about the event."""
    answers = index.assignments(event.origin)
    return max(answers, key=lambda answer: (answer.at, answer.origin), default=None)


def _guess(event: Event, index: EventIndex) -> Match:
    """The ladder without the user's answer."""
    if order_keys(event):
        return _named(event, index)
    if event.kind in NEVER_AN_ORDER:
        return Match(event=event, level=Level.NONE, confidence=0.0)
    tied = _tied(event, index)
    if tied is not None:
        return tied
    guess = similarity.most_similar(event, index)
    confidence = min(guess.confidence, CAPS[event.trust])
    return Match(
        event=event,
        level=guess.level,
        confidence=confidence,
        keys=guess.keys,
        candidates=guess.candidates,
    )


def _named(event: Event, index: EventIndex) -> Match:
    """L1, L1n, L4: the number stands in the mail."""
    wholes = {number: whole_number(number, event, index) for number in event.order_numbers}
    cap = CAPS[event.trust]
    if not wholes:
        return Match(event=event, level=Level.NUMBER, confidence=cap, keys=order_keys(event))
    keys = tuple(
        sorted({key_of(event.marketplace, event.role, whole) for whole in wholes.values()})
    )
    if any(number != whole for number, whole in wholes.items()):
        return Match(event=event, level=Level.SHORT_NUMBER, confidence=min(0.95, cap), keys=keys)
    if all(_known(number, event, index) for number in wholes):
        return Match(event=event, level=Level.NUMBER, confidence=cap, keys=keys)
    parents = _parents(event, index)
    level = Level.LINE_NUMBER if parents else Level.NEW_NUMBER
    return Match(event=event, level=level, confidence=min(0.95, cap), keys=keys, candidates=parents)


def whole_number(number: str, event: Event, index: EventIndex) -> str:
    """The number with the first digit a link lost, where exactly one order fits; else the number
    itself.
    """
    if event.marketplace != "aliexpress" or len(number) != 15:
        return number
    others = index.by_reference(RefKind.ORDER, event.marketplace, "*" + number)
    wholes = {
        one
        for other in others
        if other.role == event.role
        for one in other.order_numbers
        if one[1:] == number
    }
    return wholes.pop() if len(wholes) == 1 else number


def _known(number: str, event: Event, index: EventIndex) -> bool:
    events = index.by_reference(RefKind.ORDER, event.marketplace, number)
    return any(other.kind in KNOWN and other.role == event.role for other in events)


def _parents(event: Event, index: EventIndex) -> tuple[str, ...]:
    """L4b: AliExpress line ids lie n times 10,000 above their order. Worth a question, never
    more.
    """
    numbers = [number for number in event.order_numbers if is_whole(number)]
    if event.marketplace != "aliexpress" or len(numbers) != 1 or _known(numbers[0], event, index):
        return ()
    own = numbers[0]
    marks = [(RefKind.ORDER, "~" + neighbourhood(own, shift)) for shift in (0, -1)]
    near = [
        number
        for kind, mark in marks
        for other in index.by_reference(kind, event.marketplace, mark)
        if other.kind in KNOWN and other.role == event.role
        for number in other.order_numbers
    ]
    parents = {number for number in near if _is_line_of(own, number)}
    return tuple(sorted(key_of(event.marketplace, event.role, number) for number in parents))


def _is_line_of(line: str, number: str) -> bool:
    """Whether the whole number may be a line of the order with that number."""
    if not is_whole(number) or number[-4:] != line[-4:]:
        return False
    return 0 < int(line) - int(number) <= 1_000_000


def _tied(event: Event, index: EventIndex) -> Match | None:
    """L2, L3: a case, parcel or tracking number that other events tie to orders."""
    homes = tuple(_homes(event, index))
    if not homes:
        return None
    fresh = tuple(home for home in homes if home.via is RefKind.CASE or _fresh(home, event))
    best = fresh or homes
    trusted = tuple(home for home in best if CAPS[home.event.trust] >= SURE)
    best = trusted or best
    by_tracking = all(home.via is RefKind.TRACKING for home in best)
    level = Level.TRACKING if by_tracking else Level.CASE
    confidence = min(TIES[level] if fresh else 0.6, 1.0 if trusted else 0.85)
    keys = tuple(sorted({key for home in best for key in _keys_of(home.event, index)}))
    return Match(event=event, level=level, confidence=min(confidence, CAPS[event.trust]), keys=keys)


def _fresh(home: _Home, event: Event) -> bool:
    return abs(home.event.at - event.at) <= RECYCLED


def _homes(event: Event, index: EventIndex) -> Iterator[_Home]:
    """Events that name orders and are linked to `event`, straight or through events that name
    none.
    """
    seen = {event.origin}
    queue: list[tuple[Event, RefKind | None]] = [(event, None)]
    while queue and len(seen) <= MOST_PARCEL_EVENTS:
        current, first = queue.pop(0)
        for kind, value in _ties(current):
            for other in _linked(kind, value, event.marketplace, event.role, index):
                if other.origin in seen:
                    continue
                seen.add(other.origin)
                if _keys_of(other, index):
                    yield _Home(event=other, via=first or kind)
                else:
                    queue.append((other, first or kind))


def _followed(events: tuple[Event, ...], index: EventIndex) -> Iterator[Event]:
    """`events`, what the user's answers among them point at, and all that is linked without an
    order number.
    """
    queue = list(events)
    seen = {event.origin for event in queue}
    while queue and len(seen) <= MOST_PARCEL_EVENTS + len(events):
        current = queue.pop(0)
        yield current
        linked = [
            other
            for kind, value in _ties(current)
            for other in _linked(kind, value, current.marketplace, current.role, index)
            if not order_keys(other)
        ]
        if current.assigns is not None and (meant := index.by_origin(current.assigns)) is not None:
            linked.append(meant)
        for other in linked:
            if other.origin not in seen:
                seen.add(other.origin)
                queue.append(other)


def _ties(event: Event) -> tuple[tuple[RefKind, str], ...]:
    return (
        *((RefKind.CASE, value) for value in event.cases),
        *((RefKind.PACKAGE, value) for value in event.packages),
        *((RefKind.TRACKING, value) for value in event.tracking),
    )


def _linked(
    kind: RefKind, value: str, marketplace: str, role: Role, index: EventIndex
) -> list[Event]:
    events = index.by_reference(kind, marketplace, value)
    usable = (event for event in events if event.role == role and event.trust is not Trust.FORGED)
    return sorted(usable, key=lambda event: (event.at, event.origin))


def _keys_of(event: Event, index: EventIndex) -> tuple[str, ...]:
    """Orders that parcels and cases of the event belong to: the user's word, else the numbers it
    names.
    """
    answer = _answer(event, index)
    if answer is not None and order_keys(answer):
        return order_keys(answer)
    numbers = {whole_number(number, event, index) for number in event.order_numbers}
    return tuple(key_of(event.marketplace, event.role, number) for number in numbers)


def _in_reach(unmatched: Event, named: tuple[Event, ...]) -> bool:
    return any(unmatched.at - similarity.REACH <= event.at <= unmatched.at for event in named)


def _may_move(
    event: Event, keys: set[str], index: EventIndex, before: EventIndex
) -> tuple[Event, ...]:
    """Other events whose match `event` can change: linked ones, unassigned ones in reach, the
    one it assigns.
    """
    moved: dict[str, Event] = {other.origin: other for other in _followed((event,), index)}
    for kind, value in _ties(event):
        for other in _linked(kind, value, event.marketplace, event.role, index):
            moved |= {one.origin: one for one in _followed((other,), index) if not order_keys(one)}
    orders = {key: named_events(key, index) for key in (*keys, *_short_and_long(event, index))}
    for named in orders.values():
        moved |= {one.origin: one for one in named}
    for other in index.unmatched(event.marketplace, event.role):
        if any(_can_draw(key, named, other) for key, named in orders.items()) or any(
            _crowds(orders, other, now, was)
            for now, was in ((index, before), (BelievedIndex(index), BelievedIndex(before)))
        ):
            moved[other.origin] = other
    moved.pop(event.origin, None)
    return tuple(moved.values())


def _can_draw(key: str, named: tuple[Event, ...], unmatched: Event) -> bool:
    """Whether the order, of which something new is known, can be where the unmatched mail
    belongs.
    """
    return _in_reach(unmatched, named) and similarity.possible(unmatched, key_parts(key)[2], named)


def _crowds(keys: Iterable[str], unmatched: Event, index: EventIndex, before: EventIndex) -> bool:
    """Whether one of the orders is new in reach of the unmatched mail, where one more may be too
    many.
    """
    return any(
        _in_reach(unmatched, named_events(key, index))
        and not _in_reach(unmatched, named_events(key, before))
        for key in keys
    ) and similarity.crowded(unmatched, index)


def _short_and_long(event: Event, index: EventIndex) -> Iterator[str]:
    """Keys under which the same AliExpress orders may stand without their first digit, or with it,
    or as a line.
    """
    if event.marketplace != "aliexpress":
        return
    for number in event.order_numbers:
        if is_whole(number):
            yield key_of(event.marketplace, event.role, number[1:])
            for shift in (0, 1):
                mark = "~" + neighbourhood(number, shift)
                for other in index.by_reference(RefKind.ORDER, event.marketplace, mark):
                    if other.role == event.role:
                        yield from order_keys(other)
        for other in index.by_reference(RefKind.ORDER, event.marketplace, "*" + number):
            if other.role == event.role:
                yield from order_keys(other)


def _neighbours(event: Event, index: EventIndex) -> Iterator[str]:
    """Orders that compare themselves with this event's: by a shared tracking number (C04, C16), or
    twins (C30).
    """
    for value in event.tracking:
        for other in _linked(RefKind.TRACKING, value, event.marketplace, event.role, index):
            yield from match(other, index).keys
    if event.kind is Kind.ORDER_PLACED and event.role is Role.BUYER:
        since, until = event.at - TWICE_WITHIN, event.at + TWICE_WITHIN
        yield from index.open_orders(event.marketplace, event.role, since, until)
