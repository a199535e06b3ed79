"""The past of one order: its events without twins, in time, with how far each may be believed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from orders.event import Event, Source
from orders.fold.days import Stated, stated, store_zone, surely_before
from orders.matching.index import key_parts
from orders.matching.level import SURE
from orders.matching.match import Match
from parsers.notice import FieldValue, Item, Kind, Money, Trust, when_to_utc

TWIN_WITHIN = timedelta(hours=24)
"""The same words about the same thing within a day are one piece of news told twice."""

FILED_WITHIN = timedelta(days=14)
"""A refund stands in a shop's export at most so far from the mail about it."""

_RANK = {Trust.VERIFIED: 0, Trust.FORWARDED: 1, Trust.UNVERIFIED: 2, Trust.FORGED: 3}
_PASSING = frozenset(
    {"method", "reason", "text", "title", "store", "place", "signed_by", "provider"}
)
"""Fields that two mails with the same news may word differently. A message's text is its news."""
_OWN_ANSWERS = frozenset({Kind.MESSAGE_SENT, Kind.MESSAGE_UNDELIVERED})
_MESSAGES = _OWN_ANSWERS | {Kind.MESSAGE_RECEIVED}
_WORDY = _MESSAGES | {Kind.PROMISE, Kind.EVIDENCE, Kind.IMPORT_ROW}


class History:
    """Events that belong to one order. `believed` ones may close, the others only open."""

    def __init__(self, key: str, matches: Iterable[Match], zone: tzinfo) -> None:
        self.key = key
        self.marketplace, self.role, self.number = key_parts(key)
        self.zone = zone
        belonging, possible = _parted(key, matches)
        self.matches = without_twins(belonging)
        self.possible = without_twins(possible)
        """Events that might belong here: they open possible deadlines, nothing else."""
        self.gists = tuple(
            matched.event for matched in self.matches if matched.event.kind is Kind.MAIL_GIST
        )
        """Mails that no phrase fits. They open deadlines, and no fold counts them."""
        self.events = tuple(
            matched.event for matched in self.matches if matched.event.kind is not Kind.MAIL_GIST
        )
        self.store_zone = store_zone(self.events)
        """The zone of the store, whose days its mails state; None where it is not known."""
        self._by_kind = _by_kind((*self.events, *self.gists))
        self._closing = _origins(matched for matched in self.matches if matched.closes)
        self._sure = _origins(matched for matched in self.matches if matched.confidence >= SURE)

    @property
    def timeline(self) -> tuple[Event, ...]:
        """All events in time, those that no fold counts too."""
        return tuple(matched.event for matched in self.matches)

    def of(self, *kinds: Kind) -> tuple[Event, ...]:
        """Events of these kinds, oldest first."""
        present = self._by_kind.keys() & kinds
        if len(present) < 2:
            return tuple(event for kind in present for event in self._by_kind[kind])
        return tuple(event for event in self.events if event.kind in present)

    def sure(self, *kinds: Kind) -> tuple[Event, ...]:
        """Of those, the ones that may close."""
        return tuple(event for event in self.of(*kinds) if self.closes(event))

    def since(self, at: datetime, *kinds: Kind) -> tuple[Event, ...]:
        """Of those, the ones at `at` (aware UTC) or later."""
        return tuple(event for event in self.of(*kinds) if event.at >= at)

    def sure_since(self, at: datetime, *kinds: Kind) -> tuple[Event, ...]:
        """Of those, the ones that may close."""
        return tuple(event for event in self.since(at, *kinds) if self.closes(event))

    def sure_until(self, at: datetime, *kinds: Kind) -> tuple[Event, ...]:
        """The ones at `at` (aware UTC) or earlier that may close."""
        return tuple(event for event in self.until(at, *kinds) if self.closes(event))

    def until(self, at: datetime, *kinds: Kind) -> tuple[Event, ...]:
        """Of those, the ones at `at` (aware UTC) or earlier."""
        return tuple(event for event in self.of(*kinds) if event.at <= at)

    def saying(self, kind: Kind, name: str, *words: str) -> tuple[Event, ...]:
        """Events of the kind whose field `name` is one of these words."""
        return tuple(event for event in self.of(kind) if text_of(event.fields, name) in words)

    def first(self, *kinds: Kind) -> Event | None:
        return next(iter(self.of(*kinds)), None)

    def last(self, *kinds: Kind) -> Event | None:
        return next(reversed(self.of(*kinds)), None)

    def closes(self, event: Event) -> bool:
        return event.origin in self._closing

    def best(self, events: Sequence[Event]) -> Sequence[Event]:
        """The believed ones among `events`; all of them where none is: a weak word counts where
        there is no better.
        """
        return [event for event in events if self.closes(event)] or events

    def inferred(self, *events: Event) -> bool:
        """Whether any of `events` surely belongs here only by resemblance, or has a sender nobody
        vouches for.
        """
        return any(event.origin not in self._sure for event in events)

    def when(self, event: Event | None, *names: str) -> datetime | None:
        """The first of these fields that holds a time, aware UTC; a date is the end of that day in
        the user's zone. Without an event, no time.
        """
        value = None if event is None else self.stated(event, *names)
        return None if value is None else when_to_utc(value, self.zone)

    def stated(self, event: Event, *names: str) -> Stated | None:
        """The first of these fields that holds a time, as it is stated: a day stays a day."""
        values = (stated(event.fields.get(name)) for name in names)
        return next((value for value in values if value is not None), None)

    def occurred(self, event: Event, *names: str) -> Stated:
        """When it happened, for comparing: the stated day or time unless it lies after the mail,
        else the mail's.
        """
        value = self.stated(event, *names)
        late = value is None or surely_before(event.at, value, self.store_zone)
        return event.at if late or value is None else value

    def happened(self, event: Event, *names: str) -> datetime:
        """When it happened: the stated time unless it lies after the mail, else the mail's."""
        stated = self.when(event, *names)
        return event.at if stated is None else min(stated, event.at)

    def earliest(self, events: Iterable[Event], *names: str) -> datetime | None:
        return min((self.happened(event, *names) for event in events), default=None)


def without_twins(matches: Iterable[Match]) -> tuple[Match, ...]:
    """Matches by time; of each piece of news only the best witness: surest, best trusted,
    earliest, by origin.
    """
    groups: dict[tuple[object, ...], list[Match]] = {}
    for matched in sorted(matches, key=_time):
        groups.setdefault(_news(matched.event), []).append(matched)
    chosen = [min(twins, key=_worth) for group in groups.values() for twins in _runs(group)]
    return tuple(sorted(_without_echoes(chosen), key=_time))


def _parted(key: str, matches: Iterable[Match]) -> tuple[list[Match], list[Match]]:
    """The matches that belong to the order, and those that only might."""
    belonging: list[Match] = []
    possible: list[Match] = []
    for matched in matches:
        if key in matched.keys:
            belonging.append(matched)
        elif matched.candidates:
            possible.append(matched)
    return belonging, possible


def _by_kind(events: Iterable[Event]) -> dict[Kind, list[Event]]:
    found: dict[Kind, list[Event]] = {}
    for event in events:
        found.setdefault(event.kind, []).append(event)
    return found


def _origins(matches: Iterable[Match]) -> frozenset[str]:
    return frozenset(matched.event.origin for matched in matches)


def _time(matched: Match) -> tuple[datetime, str]:
    return (matched.event.at, matched.event.origin)


def _without_echoes(matches: Sequence[Match]) -> list[Match]:
    heard = told(matched.event for matched in matches)
    return [matched for matched in matches if not _echoes(matched.event, heard)]


def _echoes(event: Event, heard: Iterable[Event]) -> bool:
    """A refund in an imported file that a mail or a note told of already: the file dates it by
    another clock.
    """
    if not event.imported or event.kind is not Kind.REFUND_COMPLETED:
        return False
    amount = money_of(event, "amount")
    return any(
        one.kind is event.kind
        and money_of(one, "amount") == amount
        and abs(one.at - event.at) <= FILED_WITHIN
        for one in heard
    )


def _runs(group: list[Match]) -> Iterable[list[Match]]:
    """Cut events of equal news into runs shorter than a day."""
    run: list[Match] = []
    for matched in group:
        if run and matched.event.at - run[0].event.at >= TWIN_WITHIN:
            yield run
            run = []
        run.append(matched)
    if run:
        yield run


def _worth(matched: Match) -> tuple[bool, int, datetime, str]:
    event = matched.event
    return (not matched.closes, _RANK[event.trust], event.at, event.origin)


def _news(event: Event) -> tuple[object, ...]:
    """What an event says, apart from when and by whom."""
    passing = frozenset() if event.kind in _WORDY else _PASSING
    fields = tuple(
        sorted((name, _plain(value)) for name, value in event.fields.items() if name not in passing)
    )
    own = _own_id(event)
    refs = (event.tracking, event.packages, event.cases, event.order_numbers, event.masked, own)
    answer = event.assigns if event.source is Source.ASSIGNMENT else None
    return (event.kind, answer, fields, *(tuple(sorted(ref)) for ref in refs))


def _own_id(event: Event) -> tuple[str, ...]:
    """Where a message's text is not known, every mail is a message of its own; an own answer may
    be sent twice in the same words, and what tells that it did not arrive has no other.
    """
    alike = event.kind in _OWN_ANSWERS or "text" not in event.fields
    return event.thread[:1] if event.kind in _MESSAGES and alike else ()


def _plain(value: FieldValue) -> str:
    if isinstance(value, tuple):
        return "|".join(sorted(f"{item.title}×{item.quantity}" for item in value))
    return str(value)


def told(events: Iterable[Event]) -> list[Event]:
    """Of these, what mails and people said; not the rows of files."""
    return [event for event in events if not event.imported]


def items_of(event: Event) -> tuple[Item, ...]:
    items = event.fields.get("items")
    return items if isinstance(items, tuple) else ()


def money_of(event: Event, *names: str) -> Money | None:
    for name in names:
        value = event.fields.get(name)
        if isinstance(value, Money):
            return value
    return None


def text_of(fields: Mapping[str, FieldValue], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value else None


def latest(events: Iterable[Event], read: Callable[[Event], object]) -> object:
    """The value of the latest event that has one (events in time)."""
    found = None
    for event in events:
        value = read(event)
        found = value if value is not None else found
    return found
