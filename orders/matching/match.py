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

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain

from orders.belief import is_believed
from orders.event import Event
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
from parsers import marketplaces
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
        return self.confidence >= SURE and not self.event.imported

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
    matches = (match(event, index) for event in _within_reach(key, index))
    return tuple(matched for matched in matches if key in matched.keys or key in matched.candidates)


def _within_reach(key: str, index: EventIndex) -> Iterable[Event]:
    """Every event that a match could lead to the order."""
    marketplace, role, _ = key_parts(key)
    named = named_events(key, index)
    found = _by_origin(_followed(named, index))
    found |= _by_origin(_gists(key, tuple(found.values()), index))
    for event in index.unmatched(marketplace, role):
        if event.origin not in found and _can_draw(key, named, event):
            found[event.origin] = event
    return found.values()


def _by_origin(events: Iterable[Event]) -> dict[str, Event]:
    return {event.origin: event for event in events}


def _gists(key: str, events: Iterable[Event], index: EventIndex) -> Iterator[Event]:
    """Mails that no phrase fits and that name the order, or a parcel or case of its events."""
    marketplace, role, number = key_parts(key)
    values = [value for event in events for _, value in _ties(event)]
    if is_whole(marketplace, number):
        values.append(number[1:])
    for value in dict.fromkeys((number, *values)):
        found = index.by_reference(RefKind.GIST, marketplace, value)
        yield from filter(lambda event: event.role == role, found)


def named_events(key: str, index: EventIndex) -> tuple[Event, ...]:
    """Events of the order's role that name its number, in full or without its first digit."""
    marketplace, role, number = key_parts(key)
    events = index.by_reference(RefKind.ORDER, marketplace, number)
    if is_whole(marketplace, number):
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
    wholes = [whole_number(number, event, index) for number in event.order_numbers]
    cap = CAPS[event.trust]
    if not wholes:
        return Match(event=event, level=Level.NUMBER, confidence=cap, keys=order_keys(event))
    keys = _keys(event, wholes)
    if wholes != list(event.order_numbers):
        return Match(event=event, level=Level.SHORT_NUMBER, confidence=min(0.95, cap), keys=keys)
    if _all_known(wholes, event, index):
        return Match(event=event, level=Level.NUMBER, confidence=cap, keys=keys)
    parents = _parents(event, index)
    level = Level.LINE_NUMBER if parents else Level.NEW_NUMBER
    return Match(event=event, level=level, confidence=min(0.95, cap), keys=keys, candidates=parents)


def _keys(event: Event, numbers: Iterable[str]) -> tuple[str, ...]:
    """Keys of the event's marketplace and role for these order numbers, sorted."""
    keys = {key_of(event.marketplace, event.role, number) for number in numbers}
    return tuple(sorted(keys))


def whole_number(number: str, event: Event, index: EventIndex) -> str:
    """The number with the first digit a link lost, where exactly one order fits; else the number
    itself.
    """
    if not _is_short(event, number):
        return number
    marked = _numbers_of(_marked("*" + number, event, index))
    wholes = {whole for whole in marked if whole[1:] == number}
    return wholes.pop() if len(wholes) == 1 else number


def _marked(mark: str, event: Event, index: EventIndex) -> list[Event]:
    """Events of the same role whose numbers bear the mark (`index.references`)."""
    events = index.by_reference(RefKind.ORDER, event.marketplace, mark)
    return [other for other in events if other.role == event.role]


def _numbers_of(events: Iterable[Event]) -> set[str]:
    return {number for event in events for number in event.order_numbers}


def _tells_of_the_order(event: Event) -> bool:
    return event.kind in KNOWN


def _known(number: str, event: Event, index: EventIndex) -> bool:
    """An order mail or a row of a file told of it."""
    events = index.by_reference(RefKind.ORDER, event.marketplace, number)
    return any(other.kind in KNOWN and other.role == event.role for other in events)


def _all_known(numbers: Iterable[str], event: Event, index: EventIndex) -> bool:
    return all(_known(number, event, index) for number in numbers)


def _parents(event: Event, index: EventIndex) -> tuple[str, ...]:
    """L4b: where lines have numbers, they lie n times 10,000 above their order's. Worth a question,
    never more.
    """
    shop = marketplaces.of(event.marketplace)
    numbers = [number for number in event.order_numbers if shop.is_whole(number)]
    lines = shop.file.digits is not None and shop.file.digits.lines
    if not lines or len(numbers) != 1 or _known(numbers[0], event, index):
        return ()
    return _keys(event, _orders_of_line(numbers[0], event, index))


def _orders_of_line(line: str, event: Event, index: EventIndex) -> set[str]:
    marks = ["~" + neighbourhood(line, shift) for shift in (0, -1)]
    return {
        number
        for mark in marks
        for number in _numbers_of(filter(_tells_of_the_order, _marked(mark, event, index)))
        if is_whole(event.marketplace, number) and _is_line_of(line, number)
    }


def _is_line_of(line: str, number: str) -> bool:
    """Whether the whole number may be a line of the order with that number."""
    return number[-4:] == line[-4:] and 0 < int(line) - int(number) <= 1_000_000


def _tied(event: Event, index: EventIndex) -> Match | None:
    """L2, L3: a case, parcel or tracking number that other events tie to orders."""
    homes = tuple(_homes(event, index))
    if not homes:
        return None
    fresh, by_age = _preferred(homes, lambda home: _fresh(home, event), 0.6)
    best, by_trust = _preferred(fresh, _trusted, 0.85)
    by_tracking = all(home.via is RefKind.TRACKING for home in best)
    level = Level.TRACKING if by_tracking else Level.CASE
    confidence = min(TIES[level], by_age, by_trust, CAPS[event.trust])
    keys = tuple(sorted({key for home in best for key in _keys_of(home.event, index)}))
    return Match(event=event, level=level, confidence=confidence, keys=keys)


def _preferred(
    homes: tuple[_Home, ...], fits: Callable[[_Home], bool], cap: float
) -> tuple[tuple[_Home, ...], float]:
    """The homes that fit; where none does all of them, which are then no surer than `cap`."""
    fitting = tuple(filter(fits, homes))
    return (fitting, 1.0) if fitting else (homes, cap)


def _fresh(home: _Home, event: Event) -> bool:
    """Numbers of cases are never used again."""
    return home.via is RefKind.CASE or abs(home.event.at - event.at) <= RECYCLED


def _trusted(home: _Home) -> bool:
    return CAPS[home.event.trust] >= SURE


def _homes(event: Event, index: EventIndex) -> Iterator[_Home]:
    """Events that name orders and are linked to `event`, straight or through events that name
    none.
    """
    seen = {event.origin}
    queue: list[tuple[Event, RefKind | None]] = [(event, None)]
    while queue and len(seen) <= MOST_PARCEL_EVENTS:
        current, first = queue.pop(0)
        for kind, other in _unseen(current, seen, index):
            via = first or kind
            if _keys_of(other, index):
                yield _Home(event=other, via=via)
            else:
                queue.append((other, via))


def _unseen(event: Event, seen: set[str], index: EventIndex) -> Iterator[tuple[RefKind, Event]]:
    """Events linked to this one and by what, each once; they are `seen` then."""
    for kind, other in _linked_to(event, index):
        if other.origin not in seen:
            seen.add(other.origin)
            yield kind, other


def _followed(events: Iterable[Event], index: EventIndex) -> Iterator[Event]:
    """`events`, what the user's answers among them point at, and all that is linked without an
    order number.
    """
    queue = list(events)
    seen = {event.origin for event in queue}
    most = MOST_PARCEL_EVENTS + len(queue)
    while queue and len(seen) <= most:
        current = queue.pop(0)
        yield current
        for other in _onward(current, index):
            if other.origin not in seen:
                seen.add(other.origin)
                queue.append(other)


def _onward(event: Event, index: EventIndex) -> Iterator[Event]:
    """Linked events without an order number, and the one that the user's answer is about."""
    for _, other in _linked_to(event, index):
        if not order_keys(other):
            yield other
    meant = None if event.assigns is None else index.by_origin(event.assigns)
    if meant is not None:
        yield meant


def _ties(event: Event) -> tuple[tuple[RefKind, str], ...]:
    return (
        *((RefKind.CASE, value) for value in event.cases),
        *((RefKind.PACKAGE, value) for value in event.packages),
        *((RefKind.TRACKING, value) for value in event.tracking),
    )


def _linked_to(event: Event, index: EventIndex) -> Iterator[tuple[RefKind, Event]]:
    """Events that share a case, parcel or tracking number with this one, and which of them."""
    for kind, value in _ties(event):
        for other in _linked(kind, value, event, index):
            yield kind, other


def _linked(kind: RefKind, value: str, event: Event, index: EventIndex) -> list[Event]:
    """Events of the same role with that reference, itself among them; oldest first."""
    events = index.by_reference(kind, event.marketplace, value)
    usable = (one for one in events if one.role == event.role and one.trust is not Trust.FORGED)
    return sorted(usable, key=lambda one: (one.at, one.origin))


def _keys_of(event: Event, index: EventIndex) -> tuple[str, ...]:
    """Orders that parcels and cases of the event belong to: the user's word, else the numbers it
    names.
    """
    answer = _answer(event, index)
    if answer is not None and order_keys(answer):
        return order_keys(answer)
    return _keys(event, [whole_number(number, event, index) for number in event.order_numbers])


def _in_reach(unmatched: Event, named: tuple[Event, ...]) -> bool:
    return any(unmatched.at - similarity.REACH <= event.at <= unmatched.at for event in named)


def _may_move(
    event: Event, keys: set[str], index: EventIndex, before: EventIndex
) -> tuple[Event, ...]:
    """Other events whose match `event` can change: linked ones, unassigned ones in reach, the
    one it assigns, and what is tied to mails whose number it completes.
    """
    orders = {key: named_events(key, index) for key in (*keys, *_short_and_long(event, index))}
    renamed = _renamed(chain(*orders.values()), index, before)
    tied = _followed(renamed, index)
    moved = _by_origin(chain(_kin(event, index), *orders.values(), tied))
    for other in index.unmatched(event.marketplace, event.role):
        if _any_draws(orders, other) or _any_crowds(orders, other, index, before):
            moved[other.origin] = other
    moved.pop(event.origin, None)
    return tuple(moved.values())


def _renamed(events: Iterable[Event], index: EventIndex, before: EventIndex) -> list[Event]:
    """Those that lead to another order now: the first digit that a link lost became known, or no
    longer certain.
    """
    short = (one for one in events if _lacks_a_digit(one))
    return [one for one in short if _keys_of(one, index) != _keys_of(one, before)]


def _lacks_a_digit(event: Event) -> bool:
    return any(_is_short(event, number) for number in event.order_numbers)


def _is_short(event: Event, number: str) -> bool:
    """Whether it would be a number of the event's marketplace with one more digit before it."""
    shop = marketplaces.of(event.marketplace)
    return shop.is_whole(f"1{number}") and not shop.is_whole(number)


def _kin(event: Event, index: EventIndex) -> Iterator[Event]:
    """Events that lead from this one, or from those linked to it, to events without a number."""
    yield from _followed((event,), index)
    for _, other in _linked_to(event, index):
        yield from (one for one in _followed((other,), index) if not order_keys(one))


def _any_draws(orders: Mapping[str, tuple[Event, ...]], unmatched: Event) -> bool:
    return any(_can_draw(key, named, unmatched) for key, named in orders.items())


def _can_draw(key: str, named: tuple[Event, ...], unmatched: Event) -> bool:
    """Whether the order, of which something new is known, can be where the unmatched mail
    belongs.
    """
    return _in_reach(unmatched, named) and similarity.possible(unmatched, key_parts(key)[2], named)


def _any_crowds(
    keys: Collection[str], unmatched: Event, index: EventIndex, before: EventIndex
) -> bool:
    """By all mail or by believed mail alone."""
    return _crowds(keys, unmatched, index, before) or _crowds(
        keys, unmatched, BelievedIndex(index), BelievedIndex(before)
    )


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
    """Keys under which the same orders may stand without their first digit, or with it, or as a
    line.
    """
    shop = marketplaces.of(event.marketplace)
    for number in event.order_numbers if shop.file.digits else ():
        if shop.is_whole(number):
            yield key_of(event.marketplace, event.role, number[1:])
        for mark in _marks_beside(number, whole=shop.is_whole(number)):
            for other in _marked(mark, event, index):
                yield from order_keys(other)


def _marks_beside(number: str, *, whole: bool) -> tuple[str, ...]:
    """The marks of numbers that may be this one with its first digit, or lines of it."""
    shifts = (0, 1) if whole else ()
    return ("*" + number, *("~" + neighbourhood(number, shift) for shift in shifts))


def _neighbours(event: Event, index: EventIndex) -> Iterator[str]:
    """Orders that compare themselves with this event's: by a shared tracking number (C04, C16), or
    twins (C30).
    """
    for value in event.tracking:
        for other in _linked(RefKind.TRACKING, value, event, index):
            yield from match(other, index).keys
    if event.kind is Kind.ORDER_PLACED and event.role is Role.BUYER:
        since, until = event.at - TWICE_WITHIN, event.at + TWICE_WITHIN
        yield from index.open_orders(event.marketplace, event.role, since, until)
