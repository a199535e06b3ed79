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
    closed_without_reason,
    imported_status,
)
from orders.fold.refunds import refunds
from orders.fold.shipments import PARCEL_KINDS, parcels
from orders.matching import titles
from orders.order import Actor, CaseKind, Order, OrderStatus, Shipment, Watch, WatchState
from parsers.notice import Item, Kind

REST = "W4"
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
        begun = order.ordered_at or min((event.at for event in history.events), default=None)
        first = min((matched.event.at for matched in history.possible), default=None)
        since = begun or first
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
                dates: list[_Date] = []
                for row in rows:
                    if not (row.otherwise and dates):
                        dates += self._dates(row, parcel)
                yield from self._watches(rows[0], dates, parcel)

    def _watches(self, row: PolicyRow, dates: list[_Date], parcel: _Parcel) -> Iterator[Watch]:
        if row.scope == "event":
            for origin in dict.fromkeys(date.event.origin for date in dates):
                own = [date for date in dates if date.event.origin == origin]
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
        later = [other for other in dates if other is not date and other.due > date.due]
        lost = "; ".join(dict.fromkeys(f"{other.due:%Y-%m-%d} by {other.why}" for other in later))
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
            why=date.why + (f" (later, so not counted: {lost})" if lost else ""),
            opened_by=date.event,
            met_by=date.met_by,
            shipment=parcel.shipment.id if parcel.shipment else None,
            case=self._case(row.kind, date.event),
            inferred=date.inferred,
            since=self.last_sign if silent else None,
            expected_at=date.expected,
            hint=date.hint,
        )

    def _case(self, kind: str, event: Event) -> str | None:
        wanted = CASES.get(kind)
        own = [case for case in self.order.cases if case.kind is wanted]
        return next((case.id for case in own if event in case.proof), own[-1].id if own else None)

    def _dates(self, row: PolicyRow, parcel: _Parcel) -> Iterator[_Date]:
        triggers = tuple(pattern(text) for text in row.trigger)
        for event in self.history.of(*(one.kind for one in triggers)):
            if self._fits(event, triggers, parcel) and self._holds(row, event):
                yield from self._date(row, event, parcel, inferred=self.history.inferred(event))
        if row.actor is not Actor.ME:
            return
        for matched in self.history.possible:
            if self._fits(matched.event, triggers, _Parcel()):
                for date in self._date(row, matched.event, parcel, inferred=True):
                    yield (
                        replace(date, state=WatchState.VOID, answered=True)
                        if matched.answered
                        else date
                    )

    def _date(
        self, row: PolicyRow, event: Event, parcel: _Parcel, *, inferred: bool
    ) -> Iterator[_Date]:
        stated = [(at, name) for name in row.stated if (at := self._stated(name, event))]
        base = None
        if stated:
            due, name = min(stated)
            why = f"{name.removeprefix('order.')} as stated in the mail of {event.at:%Y-%m-%d}"
        else:
            base = self._base(row, event, parcel)
            if base is None or row.offset is None:
                return
            due, why = self._counted(row, base), self._reason(row, event)
        met = self._first(row.meets, row, event, parcel)
        void = None if met else self._void(row, event, parcel, due)
        state = WatchState.MET if met else WatchState.VOID if void else WatchState.OPEN
        silent = row.actor is not Actor.ME
        yield _Date(
            row=row,
            event=event,
            due=due,
            stated=bool(stated),
            why=why,
            inferred=inferred,
            state=state,
            hint=self._hint(row, event, parcel) if state is WatchState.OPEN else None,
            expected=base if silent and row.base != "mail" else None,
            met_by=met or void,
        )

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
        if row.base == "mail":
            return event.at
        if row.base.startswith("watch:"):
            return self.dues.get(row.base.removeprefix("watch:"))
        if row.base.startswith("order."):
            return self._stated(row.base, event)
        if row.base.startswith("shipment."):
            own = getattr(parcel.shipment, row.base.removeprefix("shipment."), None)
            lone = len(self.parcels) == 1
            fallback = (
                self._stated(f"order.{row.base.removeprefix('shipment.')}", event) if lone else None
            )
            return own if isinstance(own, datetime) else fallback
        name, _, otherwise = row.base.partition(" or ")
        stated = self.history.when(event, name)
        if stated is None:
            return event.at if otherwise else None
        return min(stated, event.at) if name == "delivered_at" else stated

    def _counted(self, row: PolicyRow, base: datetime) -> datetime:
        if row.count == "business":
            country = row.holidays or self.region or ""
            return workdays.add(base, row.days or 0, country, self.history.zone) + timedelta(
                hours=row.hours or 0
            )
        return base + (row.offset or timedelta())

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

    def _first(
        self, texts: Sequence[str], row: PolicyRow, opened: Event, parcel: _Parcel
    ) -> Event | None:
        """The first event that may end the watch and does."""
        is_refund = row.kind == "refund_not_seen" and opened.kind is Kind.REFUND_ANNOUNCED
        if is_refund and texts and texts is row.meets:
            return self._completion(opened)
        patterns = tuple(pattern(text) for text in texts)
        imports = row.kind not in CASES
        for event in self._after(row, opened, patterns):
            believed = self.history.closes(event) or (imports and event.source is Source.IMPORT)
            if believed and self._fits(event, patterns, parcel):
                return event
        return self._claimed(patterns) if imports else None

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
        patterns = tuple(pattern(text) for text in (*row.meets, *row.voids, *row.lapses))
        unsure = [
            event
            for event in self._after(row, opened, patterns)
            if event.source is Source.MAIL and not self.history.closes(event)
        ]
        fitting = [event for event in unsure if self._fits(event, patterns, parcel)]
        return fitting[-1] if fitting else None

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
        """A cancellation of the whole order after money was taken. Amazon charges when it ships,
        AliExpress at once.
        """
        if items_of(event) and titles.lacking(self.order.items, items_of(event)):
            return False
        over = self.history.sure(Kind.SHIPMENT_DELIVERED, Kind.ORDER_COMPLETED)
        if closed_without_reason(event) and any(one.at <= event.at for one in over):
            return False
        charged = event.fields.get("charged")
        if isinstance(charged, bool):
            return charged
        if text_of(event.fields, "reason") == "unpaid" or awaits_payment(self.history):
            return False
        taken = [Kind.ORDER_PAYMENT_CONFIRMED, Kind.SHIPMENT_SHIPPED]
        if self.history.marketplace == "aliexpress":
            taken.append(Kind.ORDER_PLACED)
        return bool(self.history.of(*taken))

    def _rest(self, row: PolicyRow) -> Iterator[Watch]:
        """W4: the first parcels said what is in them, and order lines were missing."""
        shipped = self.history.of(Kind.SHIPMENT_SHIPPED)
        if not shipped or not items_of(shipped[0]):
            return
        missing = titles.lacking(
            self.order.items, [*items_of(shipped[0]), *cancelled_items(self.history)]
        )
        if not missing:
            return
        met = self._completes(missing, shipped[1:])
        unsure = [event for event in shipped[1:] if not self.history.closes(event)]
        for date in self._date(
            row, shipped[0], _Parcel(), inferred=self.history.inferred(shipped[0])
        ):
            if met is not None:
                ended = replace(date, state=WatchState.MET, met_by=met, hint=None)
            elif unsure and date.state is WatchState.OPEN:
                ended = replace(date, hint=unsure[-1])
            else:
                ended = date
            yield self._watch([ended], _Parcel(), row.name)

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


def _last_sign(history: History) -> datetime | None:
    """When the last mail came that is about this order or may be, whoever sent it; without any,
    what was told last.
    """
    told = [*history.events, *(one.event for one in history.possible if not one.answered)]
    mails = [event.at for event in told if event.source is Source.MAIL]
    return max(mails or [event.at for event in history.events], default=None)


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
    opened = [date for date in dates if date.state is WatchState.OPEN]
    if not opened:
        return _earliest(_last_asked(dates))
    sure = _current([date for date in opened if not date.inferred])
    if not sure:
        return _earliest(_current(opened))
    chosen = _earliest(sure)
    earlier = [date for date in opened if date.inferred and date.due < chosen.due]
    return _earliest(earlier) if earlier else chosen


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
