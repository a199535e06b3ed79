"""The events a row may become. Origins name the fact, not the file: the same order from two exports
is one event.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import groupby

from daemon.files.importers.claims import together
from daemon.files.importers.table import Table, TableRow
from daemon.files.importers.values import CellError
from orders.event import Event, Source
from parsers.notice import FieldValue, Item, Kind, Money, Role, Trust
from parsers.user_yaml import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What every reader of a format needs to know beside the table."""

    seen: datetime
    """Now, aware UTC."""
    zone: tzinfo
    """The user's, for times that carry none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one table gave."""

    events: tuple[Event, ...] = ()
    faults: tuple[Fault, ...] = ()
    skipped: int = 0
    """Rows with nothing in them for the ledger: totals, advertisements, repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Writes events of one order."""

    marketplace: str
    role: Role
    order: str
    seen: datetime
    also: tuple[str, ...] = field(default=())
    """Further order numbers the row names."""

    def event(
        self,
        kind: Kind,
        what: str,
        at: datetime,
        *,
        fields: Mapping[str, FieldValue | None] | None = None,
        tracking: Iterable[str] = (),
    ) -> Event:
        """`what` makes the origin: the same order and the same `what` is the same event whenever it
        is imported.
        """
        if at > self.seen + timedelta(days=1):
            raise CellError(
                "",
                f"order {self.order} would have happened on {at:%Y-%m-%d}, which is in the future",
            )
        return Event(
            origin=f"import:{self.marketplace}:{self.role}:{self.order}#{what}",
            kind=kind,
            at=min(at, self.seen),
            seen=self.seen,
            source=Source.IMPORT,
            marketplace=self.marketplace,
            role=self.role,
            trust=Trust.VERIFIED,
            order_numbers=(self.order, *self.also),
            tracking=tuple(tracking),
            fields={
                name: value for name, value in (fields or {}).items() if value not in (None, ())
            },
        )

    def placed(
        self,
        ordered: date | datetime,
        zone: tzinfo,
        *,
        items: tuple[Item, ...] = (),
        total: Money | None = None,
        more: Mapping[str, FieldValue | None] | None = None,
        what: str = "placed",
    ) -> Event:
        fields = {"items": items, "total": total, "ordered_at": ordered, **(more or {})}
        return self.event(Kind.ORDER_PLACED, what, start_of(ordered, zone), fields=fields)

    def status(
        self, words: Iterable[str | None], *, at: datetime | None = None
    ) -> tuple[Event, ...]:
        """What the status cells of the order's lines claim for the whole order, ranked below every
        mail.

        Nothing when no cell holds a status this program knows. A new claim is a new event.
        """
        said = tuple(dict.fromkeys(word for word in words if word))
        status = together(map(slug, said))
        if status is None:
            return ()
        fields = {"status": str(status), "text": ", ".join(said)}
        return (self.event(Kind.IMPORT_ROW, f"status:{status}", at or self.seen, fields=fields),)

    def remark(
        self,
        text: str,
        *,
        line: str = "",
        at: datetime | None = None,
        fields: Mapping[str, FieldValue | None] | None = None,
        tracking: Iterable[str] = (),
    ) -> Event:
        """What a row says beside the order's status: money moved, a return asked for, a parcel's
        number.
        """
        full = {"text": text, **(fields or {})}
        return self.event(
            Kind.IMPORT_ROW, f"{slug(text)}:{line}", at or self.seen, fields=full, tracking=tracking
        )


def start_of(value: date | datetime, zone: tzinfo) -> datetime:
    """The earliest instant a stated time can mean."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime.combine(value, time(), tzinfo=zone).astimezone(UTC)


def slug(text: str) -> str:
    """`Awaiting delivery` is awaiting_delivery."""
    return re.sub(r"[^\w]+", "_", text.casefold()).strip("_")


Group = tuple[str, tuple[TableRow, ...]]


def by_order(
    table: Table, order_of: Callable[[TableRow], str]
) -> tuple[tuple[Group, ...], list[Fault]]:
    """Rows of each order, orders in the file's first-seen order; rows whose order number is no
    number are faults.
    """
    faults: list[Fault] = []
    numbered: list[tuple[str, TableRow]] = []
    for row in table.rows:
        try:
            numbered.append((order_of(row), row))
        except CellError as error:
            faults.append(table.fault(row, error))
    rank = {number: index for index, (number, _) in reversed(list(enumerate(numbered)))}
    numbered.sort(key=lambda pair: rank[pair[0]])
    groups = groupby(numbered, key=lambda pair: pair[0])
    return tuple((number, tuple(row for _, row in pairs)) for number, pairs in groups), faults


def sound(
    table: Table, rows: Sequence[TableRow], check: Callable[[TableRow], object], faults: list[Fault]
) -> tuple[TableRow, ...]:
    """The rows `check` reads without a fault; each fault is kept with its place."""
    good = []
    for row in rows:
        try:
            check(row)
        except CellError as error:
            faults.append(table.fault(row, error))
        else:
            good.append(row)
    return tuple(good)


def collect(
    table: Table,
    order_of: Callable[[TableRow], str],
    check: Callable[[TableRow], object],
    write: Callable[[Group], Iterable[Event]],
) -> Batch:
    """Rows grouped by order, each row checked by itself, each order written from its sound rows;
    doubles removed.
    """
    groups, faults = by_order(table, order_of)
    events: dict[str, Event] = {}
    for number, rows in groups:
        good = sound(table, rows, check, faults)
        if not good:
            continue
        try:
            written = tuple(write((number, good)))
        except CellError as error:
            faults.append(table.fault(good[0], error))
            continue
        for event in written:
            events.setdefault(event.origin, event)
    return Batch(events=tuple(events.values()), faults=tuple(sorted((*table.faults, *faults))))
