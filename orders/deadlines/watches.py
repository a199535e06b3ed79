"""What is awaited: deadlines of mine and silences of others, opened, met and voided by events. No
clock.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orders.deadlines import workdays
from orders.deadlines.policy import Pattern, Policy, PolicyRow, pattern
from orders.deadlines.region import region
from orders.event import Event, Source
from orders.fold.cases import is_plain_rate
from orders.fold.history import History, items_of, text_of
from orders.fold.lines import all_left
from orders.fold.order_fold import (
    awaits_payment,
    cancelled_items,
    closes_what_is_over,
    imported_status,
    leaves_lines,
)
from orders.fold.refunds import refunds
from orders.fold.shipments import PARCEL_KINDS, parcels
from orders.matching import titles
from orders.order import Actor, CaseKind, Order, OrderStatus, Shipment, Watch, WatchState
from parsers import marketplaces
from parsers.notice import Item, Kind

REST = "W4"
SLOW = timedelta(minutes=10)
"""So much later than the mail that an answer did not arrive may its copy be dated."""
CASES = {
    "proposal_answer": CaseKind.DISPUTE,
    "evidence": CaseKind.DISPUTE,
    "dispute_stalls": CaseKind.DISPUTE,
    "nudge": CaseKind.DISPUTE,
    "appeal": CaseKind.DISPUTE,
    "appeal_stalls": CaseKind.APPEAL,
    "return_parcel": CaseKind.RETURN,
    "return_request": CaseKind.RETURN,
    "return_not_received": CaseKind.RETURN,
    "returned_no_refund": CaseKind.RETURN,
    "refund_after_return": CaseKind.RETURN,
    "refund_not_seen": CaseKind.REFUND,
    "claim_answer": CaseKind.CLAIM,
    "claim_appeal": CaseKind.CLAIM,
    "chargeback_answer": CaseKind.CHARGEBACK,
    "cancel_unanswered": CaseKind.CANCELLATION,
    "cancel_request_answer": CaseKind.CANCELLATION,
    "account_answer": CaseKind.ACCOUNT,
    "fee_claim": CaseKind.FEE,
}
_LEFT = frozenset({Kind.SHIPMENT_SHIPPED})
_HERE = _LEFT | {Kind.SHIPMENT_DELIVERED}
CLAIMED: dict[OrderStatus, frozenset[Kind]] = {
    OrderStatus.IN_TRANSIT: _LEFT,
    OrderStatus.PICKUP_AVAILABLE: _LEFT | {Kind.SHIPMENT_AVAILABLE_FOR_PICKUP},
    OrderStatus.DELIVERED: _HERE,
    OrderStatus.COMPLETED: _HERE | {Kind.ORDER_COMPLETED},
    OrderStatus.CANCELLED: frozenset({Kind.ORDER_CANCELLED}),
    OrderStatus.RETURNED: _HERE | {Kind.RETURN_RECEIVED, Kind.REFUND_COMPLETED},
}
"""What must have happened when an imported row claims a status. It ends no watch of a case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parcel:
    """A shipment with the origins of its events; None stands for the whole order."""

    shipment: Shipment | None = None
    origins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """When a row's time is over, and where that is from."""

    at: datetime
    why: str
    stated: bool
    expected: datetime | None = None
    """The promised or expected date that it was counted from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Date:
    """One reason for a due time: a row and the event that triggered it."""

    row: PolicyRow
    event: Event
    due: datetime
    stated: bool
    why: str
    inferred: bool
    state: WatchState
    met_by: Event | None
    hint: Event | None = None
    """What would have ended it, were it believed."""
    expected: datetime | None = None
    """The promised or expected date that it was counted from."""
    answered: bool = False
    """It came from a mail that the user has since given to another order."""
    undone_by: Event | None = None
    """What took back the last thing that had met it."""


def watches(history: History, order: Order, policy: Policy) -> tuple[Watch, ...]:
    """Every deadline and silence of the order, by due time; met and void ones too."""
    return tuple(
        sorted(_Awaited(history, order, policy).all(), key=lambda watch: (watch.due_at, watch.id))
    )


class _Awaited:
    """The watches of one order while they are being made: later rows count from earlier ones."""

    def __init__(self, history: History, order: Order, policy: Policy) -> None:
        self.history = history
        self.order = order
        self.region = region(history.events, order.total.currency if order.total else None)
        since = _begun(history, order)
        role = history.role
        self.rows = policy.rows_for(history.marketplace, role, self.region, since) if since else ()
        self.dues: dict[str, datetime] = {}
        self.parcels = [
            _Parcel(shipment=shipment, origins=frozenset(event.origin for event in parcel.events))
            for shipment, parcel in zip(order.shipments, parcels(history), strict=True)
        ]
        self.imported = imported_status(history)
        self.last_sign = _last_sign(history)

    def all(self) -> Iterator[Watch]:
        for rows in _grouped(self.rows):
            if rows[0].key == REST:
                yield from self._rest(rows[0])
                continue
            for parcel in self.parcels if rows[0].scope == "shipment" else [_Parcel()]:
                yield from self._watches(rows[0], self._dates_of(rows, parcel), parcel)

    def _dates_of(self, rows: Iterable[PolicyRow], parcel: _Parcel) -> list[_Date]:
        """The dates of every row; a row for when there is `otherwise` none only then."""
        dates: list[_Date] = []
        for row in rows:
            if not (row.otherwise and dates):
                dates += self._dates(row, parcel)
        return dates

    def _watches(self, row: PolicyRow, dates: list[_Date], parcel: _Parcel) -> Iterator[Watch]:
        if row.scope == "event":
            for origin, own in _by_event(dates).items():
                yield self._watch(own, parcel, f"{row.name}/{origin}")
        elif dates:
            watch = self._watch(
                dates, parcel, f"{row.name}/{parcel.shipment.id}" if parcel.shipment else row.name
            )
            self.dues.setdefault(row.key, watch.due_at)
            yield watch

    def _watch(self, dates: list[_Date], parcel: _Parcel, name: str) -> Watch:
        date = _ruling(dates)
        row = date.row
        silent = row.actor is not Actor.ME
        return Watch(
            key=row.key,
            kind=row.kind,
            id=name,
            actor=row.actor,
            opened_at=date.event.at,
            due_at=date.due,
            state=date.state,
            stated=date.stated,
            why=date.why + _uncounted(date, dates),
            opened_by=date.event,
            met_by=date.met_by,
            shipment=parcel.shipment.id if parcel.shipment else None,
            case=self._case(row.kind, date.event),
            inferred=date.inferred,
            since=self.last_sign if silent else None,
            expected_at=date.expected,
            hint=date.hint,
            undone_by=date.undone_by,
        )

    def _case(self, kind: str, event: Event) -> str | None:
        wanted = CASES.get(kind)
        own = [case for case in self.order.cases if case.kind is wanted]
        return next((case.id for case in own if event in case.proof), own[-1].id if own else None)

    def _dates(self, row: PolicyRow, parcel: _Parcel) -> Iterator[_Date]:
        triggers = tuple(map(pattern, row.trigger))
        for event in self.history.of(*(one.kind for one in triggers)):
            if self._fits(event, triggers, parcel) and self._holds(row, event):
                yield from self._date(row, event, parcel, inferred=self.history.inferred(event))
        if row.actor is Actor.ME:
            yield from self._possible_dates(row, triggers, parcel)

    def _possible_dates(
        self, row: PolicyRow, triggers: Iterable[Pattern], parcel: _Parcel
    ) -> Iterator[_Date]:
        """Of mail that may be about this order; void, when the user said that it is not."""
        for matched in self.history.possible:
            if not self._fits(matched.event, triggers, _Parcel()):
                continue
            for date in self._date(row, matched.event, parcel, inferred=True):
                void = replace(date, state=WatchState.VOID, answered=True)
                yield void if matched.answered else date

    def _date(
        self, row: PolicyRow, event: Event, parcel: _Parcel, *, inferred: bool
    ) -> Iterator[_Date]:
        due = self._due(row, event, parcel)
        if due is None:
            return
        state, ended_by = self._state(row, event, parcel, due.at)
        yield _Date(
            row=row,
            event=event,
            due=due.at,
            stated=due.stated,
            why=due.why,
            inferred=inferred,
            state=state,
            hint=self._hint(row, event, parcel) if state is WatchState.OPEN else None,
            expected=due.expected,
            met_by=ended_by,
            undone_by=self._taken_back(row, event) if state is WatchState.OPEN else None,
        )

    def _due(self, row: PolicyRow, event: Event, parcel: _Parcel) -> _Due | None:
        """As a mail states it, else counted by the row; None where there is nothing to count
        from.
        """
        stated = self._first_stated(row, event)
        if stated is not None:
            return stated
        base = self._base(row, event, parcel)
        if base is None or row.offset is None:
            return None
        return _Due(
            at=self._counted(row, base),
            why=self._reason(row, event),
            stated=False,
            expected=base if row.counts_from_a_promise else None,
        )

    def _first_stated(self, row: PolicyRow, event: Event) -> _Due | None:
        stated = [(at, name) for name in row.stated if (at := self._stated(name, event))]
        if not stated:
            return None
        at, name = min(stated)
        why = _stated_in(event, name)
        return _Due(at=at, why=why, stated=True)

    def _state(
        self, row: PolicyRow, opened: Event, parcel: _Parcel, due: datetime
    ) -> tuple[WatchState, Event | None]:
        """How the watch stands, and what ended it."""
        met = self._met(row, opened, parcel)
        if met is not None:
            return WatchState.MET, met
        void = self._void(row, opened, parcel, due)
        return (WatchState.OPEN if void is None else WatchState.VOID), void

    def _stated(self, name: str, event: Event) -> datetime | None:
        if name.startswith("order."):
            value = getattr(self.order, name.removeprefix("order."))
            return value if isinstance(value, datetime) else None
        told = self.history.when(event, name)
        return (
            self.history.when(event, "due")
            if told is None and event.source is Source.NOTE
            else told
        )

    def _base(self, row: PolicyRow, event: Event, parcel: _Parcel) -> datetime | None:
        """From when the row counts."""
        if row.base == "mail":
            return event.at
        about, _, name = row.base.replace(":", ".", 1).partition(".")
        match about:
            case "watch":
                return self.dues.get(name)
            case "order":
                return self._stated(row.base, event)
            case "shipment":
                return self._base_of_parcel(name, event, parcel)
            case _:
                return self._base_of_mail(row.base, event)

    def _base_of_parcel(self, name: str, event: Event, parcel: _Parcel) -> datetime | None:
        """The parcel's own date, else the order's where it is the only parcel."""
        own = getattr(parcel.shipment, name, None)
        if isinstance(own, datetime):
            return own
        return self._stated(f"order.{name}", event) if len(self.parcels) == 1 else None

    def _base_of_mail(self, base: str, event: Event) -> datetime | None:
        """The date that the mail states; its own where it states none and the row allows that."""
        name, _, otherwise = base.partition(" or ")
        stated = self.history.when(event, name)
        if stated is None:
            return event.at if otherwise else None
        return min(stated, event.at) if name == "delivered_at" else stated

    def _counted(self, row: PolicyRow, base: datetime) -> datetime:
        if row.count == "business":
            base = workdays.add(base, row.days or 0, self._holidays(row), self.history.zone)
        return base + (row.offset or timedelta())

    def _holidays(self, row: PolicyRow) -> str:
        """The country whose holidays count."""
        return row.holidays or self.region or ""

    def _reason(self, row: PolicyRow, event: Event) -> str:
        parts = []
        if row.days is not None:
            unit = "business days" if row.count == "business" else "days"
            parts.append(f"{row.days} {unit}")
        if row.hours is not None:
            parts.append(f"{row.hours} hours")
        start = row.base.removeprefix("watch:")
        counted = f"{' '.join(parts)} from {event.kind} of {event.at:%Y-%m-%d}"
        return f"{row.key}: {counted}{'' if row.base == 'mail' else f' ({start})'}, {row.source}"

    def _met(self, row: PolicyRow, opened: Event, parcel: _Parcel) -> Event | None:
        """What was awaited; for an announced refund the one payment of it."""
        announced = row.kind == "refund_not_seen" and opened.kind is Kind.REFUND_ANNOUNCED
        if announced and row.meets:
            return self._completion(opened)
        return self._first(row.meets, row, opened, parcel)

    def _first(
        self, texts: Sequence[str], row: PolicyRow, opened: Event, parcel: _Parcel
    ) -> Event | None:
        """The first event that may end the watch and does."""
        patterns = tuple(map(pattern, texts))
        imports, undone = row.kind not in CASES, self._undone(row)
        for event in self._after(row, opened, patterns):
            if event.origin in undone:
                continue
            if self._may_end(event, row) and self._fits(event, patterns, parcel):
                return event
        return self._claimed(patterns) if imports else None

    def _undone(self, row: PolicyRow) -> frozenset[str]:
        """Origins of answers that never arrived."""
        if not row.undone_by:
            return frozenset()
        asked, answers = self._told(row.trigger), self._told(row.meets)
        failures = self._told(row.undone_by)
        return frozenset(
            answer.origin
            for answer in answers
            if any(_undoes(failure, answer, asked) for failure in failures)
        )

    def _taken_back(self, row: PolicyRow, opened: Event) -> Event | None:
        """The newest word since then that an answer did not arrive; also what opens by itself."""
        failures = [one for one in self._told(row.undone_by) if one.at >= opened.at]
        return failures[-1] if failures else None

    def _told(self, texts: Sequence[str]) -> tuple[Event, ...]:
        return self.history.of(*(pattern(text).kind for text in texts))

    def _void(self, row: PolicyRow, opened: Event, parcel: _Parcel, due: datetime) -> Event | None:
        """What made the watch pointless; some ends only count once it was due."""
        late = self._first(row.lapses, row, opened, parcel)
        if late is not None and late.at < due:
            late = None
        return self._first(row.voids, row, opened, parcel) or late

    def _completion(self, announced: Event) -> Event | None:
        """What paid the refund that was announced."""
        own = (refund for refund in refunds(self.history) if announced in refund.announced)
        return next((refund.completed for refund in own), None)

    def _after(self, row: PolicyRow, opened: Event, patterns: Iterable[Pattern]) -> Iterator[Event]:
        """Events of these kinds that can end what `opened` began."""
        for event in self.history.of(*(wanted.kind for wanted in patterns)):
            if event.origin != opened.origin and not (row.after and event.at < opened.at):
                yield event

    def _claimed(self, patterns: Iterable[Pattern]) -> Event | None:
        """The imported row whose status says that it happened."""
        claimed = CLAIMED.get(self.imported, frozenset()) if self.imported else frozenset()
        if any(wanted.kind in claimed and wanted.field is None for wanted in patterns):
            return self.history.last(Kind.IMPORT_ROW)
        return None

    def _hint(self, row: PolicyRow, opened: Event, parcel: _Parcel) -> Event | None:
        """The newest mail that would have ended the watch, had it been sure."""
        patterns = tuple(map(pattern, (*row.meets, *row.voids, *row.lapses)))
        unsure = filter(self._is_unsure, self._after(row, opened, patterns))
        fitting = [event for event in unsure if self._fits(event, patterns, parcel)]
        return fitting[-1] if fitting else None

    def _may_end(self, event: Event, row: PolicyRow) -> bool:
        """It is believed; a row of a file ends no case."""
        return self.history.closes(event) or (event.imported and row.kind not in CASES)

    def _is_unsure(self, event: Event) -> bool:
        return event.source is Source.MAIL and not self.history.closes(event)

    def _fits(self, event: Event, patterns: Iterable[Pattern], parcel: _Parcel) -> bool:
        if not any(
            one.fits(event.kind, event.fields, tracking=bool(event.tracking)) for one in patterns
        ):
            return False
        return (
            parcel.shipment is None
            or event.kind not in PARCEL_KINDS
            or event.origin in parcel.origins
        )

    def _holds(self, row: PolicyRow, event: Event) -> bool:
        match row.only:
            case "paid":
                return not awaits_payment(self.history)
            case "whole":
                return self._whole_and_charged(event)
            case "unsent":
                return not all_left(self.history, event.at)
            case "changed":
                return not is_plain_rate(event, self.history)
            case _:
                return True

    def _whole_and_charged(self, event: Event) -> bool:
        """A cancellation of the whole order after money was taken: at once, or when it ships."""
        over = self.history.sure(Kind.SHIPMENT_DELIVERED, Kind.ORDER_COMPLETED)
        if leaves_lines(event, self.order.items) or closes_what_is_over(event, over):
            return False
        charged = event.fields.get("charged")
        return charged if isinstance(charged, bool) else self._was_charged(event)

    def _was_charged(self, end: Event) -> bool:
        """As far as can be told where the mail of the end does not say it."""
        if text_of(end.fields, "reason") == "unpaid" or awaits_payment(self.history):
            return False
        taken = [Kind.ORDER_PAYMENT_CONFIRMED, Kind.SHIPMENT_SHIPPED]
        if marketplaces.of(self.history.marketplace).file.charges == "placed":
            taken.append(Kind.ORDER_PLACED)
        return bool(self.history.of(*taken))

    def _rest(self, row: PolicyRow) -> Iterator[Watch]:
        """W4: the first parcels said what is in them, and order lines were missing."""
        shipped = self.history.of(Kind.SHIPMENT_SHIPPED)
        if not shipped or not items_of(shipped[0]):
            return
        covered = [*items_of(shipped[0]), *cancelled_items(self.history)]
        missing = titles.lacking(self.order.items, covered)
        if not missing:
            return
        inferred = self.history.inferred(shipped[0])
        for date in self._date(row, shipped[0], _Parcel(), inferred=inferred):
            ended = self._ended_by_parcels(date, missing, shipped[1:])
            yield self._watch([ended], _Parcel(), row.name)

    def _ended_by_parcels(
        self, date: _Date, missing: Sequence[Item], shipped: Sequence[Event]
    ) -> _Date:
        met = self._completes(missing, shipped)
        if met is not None:
            return replace(date, state=WatchState.MET, met_by=met, hint=None)
        unsure = [event for event in shipped if not self.history.closes(event)]
        if unsure and date.state is WatchState.OPEN:
            return replace(date, hint=unsure[-1])
        return date

    def _completes(self, missing: Sequence[Item], shipped: Iterable[Event]) -> Event | None:
        """The believed parcel with which nothing is missing any more; one that says nothing may
        hold everything.
        """
        for event in shipped:
            if self.history.closes(event):
                missing = titles.lacking(missing, items_of(event)) if items_of(event) else ()
                if not missing:
                    return event
        return None


def _begun(history: History, order: Order) -> datetime | None:
    """When the order was placed, else its first mail, else the first that may be about it."""
    first = min((event.at for event in history.events), default=None)
    weak = (*history.gists, *(matched.event for matched in history.possible))
    return order.ordered_at or first or min((event.at for event in weak), default=None)


def _last_sign(history: History) -> datetime | None:
    """When the last mail came that is about this order or may be, whoever sent it; without any,
    what was told last.
    """
    possible = (matched.event for matched in history.possible if not matched.answered)
    mails = list(filter(_is_mail, (*history.timeline, *possible)))
    return max((event.at for event in mails or history.events), default=None)


def _is_mail(event: Event) -> bool:
    return event.source is Source.MAIL


def _undoes(failure: Event, answer: Event, asked: Iterable[Event]) -> bool:
    """Whether the failure is of that answer: nothing new was asked between the two."""
    anew = any(answer.at < one.at < failure.at for one in asked)
    return answer.at <= failure.at + SLOW and not anew


def _stated_in(event: Event, name: str) -> str:
    line = text_of(event.fields, "text")
    if event.kind is Kind.MAIL_GIST and line:
        return f"“{line}” in the mail of {event.at:%Y-%m-%d}, which no phrase fits (gist)"
    return f"{name.removeprefix('order.')} as stated in the mail of {event.at:%Y-%m-%d}"


def _current(dates: list[_Date]) -> list[_Date]:
    """Without the dates that were over when the same was asked anew: a second proposal has its own
    time.
    """
    return [date for date in dates if not any(_renews(other, date) for other in dates)] or dates


def _renews(new: _Date, old: _Date) -> bool:
    asked_anew = old.row.after or new.event.kind is old.event.kind
    return asked_anew and old.due < new.event.at


def _ruling(dates: list[_Date]) -> _Date:
    """The date that counts: open before ended; stated before computed; then the earliest.

    What is only inferred counts when nothing else is there or when it is earlier: a forged or
    foreign mail may bring a
    deadline forward, never put it off.
    """
    opened = list(filter(_is_open, dates))
    if not opened:
        return _earliest(_last_asked(dates))
    sure = _current([date for date in opened if not date.inferred])
    if not sure:
        return _earliest(_current(opened))
    chosen = _earliest(sure)
    return _earliest(_inferred_before(chosen, opened) or [chosen])


def _is_open(date: _Date) -> bool:
    return date.state is WatchState.OPEN


def _inferred_before(chosen: _Date, dates: Iterable[_Date]) -> list[_Date]:
    return [date for date in dates if date.inferred and date.due < chosen.due]


def _uncounted(chosen: _Date, dates: Iterable[_Date]) -> str:
    """Which later dates there are besides the chosen one."""
    later = [other for other in dates if other is not chosen and other.due > chosen.due]
    lost = "; ".join(dict.fromkeys(f"{other.due:%Y-%m-%d} by {other.why}" for other in later))
    return f" (later, so not counted: {lost})" if lost else ""


def _by_event(dates: Iterable[_Date]) -> dict[str, list[_Date]]:
    groups: dict[str, list[_Date]] = {}
    for date in dates:
        groups.setdefault(date.event.origin, []).append(date)
    return groups


def _last_asked(dates: list[_Date]) -> list[_Date]:
    """Those of the newest trigger that the user has not given to another order."""
    real = [date for date in dates if not date.answered] or dates
    newest = max(real, key=lambda date: (date.event.at, date.event.origin)).event
    return [date for date in real if date.event.origin == newest.origin]


def _earliest(dates: list[_Date]) -> _Date:
    stated = [date for date in dates if date.stated] or dates
    return min(stated, key=lambda date: (date.due, date.event.at, date.event.origin))


def _grouped(rows: Sequence[PolicyRow]) -> list[list[PolicyRow]]:
    groups: dict[str, list[PolicyRow]] = {}
    for row in rows:
        groups.setdefault(row.name, []).append(row)
    return list(groups.values())
