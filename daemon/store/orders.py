"""Rows made from views: orders, their watches and findings; written anew whenever an event touches
the order.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, literal, select

from daemon.store.codec import event_from_row
from daemon.store.dialect import upsert
from daemon.store.filters import RowFilter, WatchFilter, of_rows, of_watches
from daemon.store.tables import (
    CASES,
    OPEN,
    PROBLEM,
    UNDER_WAY,
    event,
    finding,
    order,
    reference,
    watch,
)
from orders.belief import UNVERIFIED
from orders.deadlines.watches import CASES as AWAITED
from orders.event import Event
from orders.matching.index import ACCOUNT, RefKind, key_of
from orders.order import Actor, WatchState
from parsers.notice import Kind, Role

if TYPE_CHECKING:
    from orders.facts.view import View

PART = 500
"""Keys in one statement."""
REAL = order.c.number != ACCOUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    key: str
    marketplace: str
    role: str
    number: str
    status: str
    title: str
    store: str | None
    total: str | None
    """Such as “26.12 USD”."""
    ordered_at: datetime | None
    first_at: datetime
    last_at: datetime
    """Effective time of its newest event."""
    problem: bool
    stub: bool
    events: int
    cases: int
    """-1 where an older version wrote the row: not known."""
    open_cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRow:
    order_key: str
    id: str
    key: str
    kind: str
    actor: str
    opened_at: datetime
    due_at: datetime
    state: str
    stated: bool
    inferred: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    order_key: str
    id: str
    kind: str
    code: str
    at: datetime
    amount: str | None
    detail: str
    inferred: bool
    rests_on: tuple[str, ...]
    """Origins of its events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedEvent:
    """An event as one that names an order."""

    order: str
    event: Event


class Orders:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, view: "View") -> None:
        """Write what the view shows over what stood there."""
        one = view.order
        upsert(
            self._connection,
            order,
            {
                "key": one.key,
                "marketplace": one.marketplace,
                "role": one.role,
                "number": one.number,
                "status": one.status,
                "title": one.title,
                "store": one.store,
                "total": None if one.total is None else str(one.total),
                "ordered_at": one.ordered_at,
                "first_at": min(step.at for step in one.events),
                "last_at": max(step.at for step in one.events),
                "problem": one.problem,
                "stub": one.stub,
                "events": len(one.events),
                "cases": len(one.cases),
                "open_cases": sum(case.closed_at is None for case in one.cases),
            },
        )
        self._connection.execute(delete(watch).where(watch.c.order_key == one.key))
        self._connection.execute(delete(finding).where(finding.c.order_key == one.key))
        watches = [
            {
                "order_key": one.key,
                "id": row.id,
                "key": row.key,
                "kind": row.kind,
                "actor": row.actor,
                "opened_at": row.opened_at,
                "due_at": row.due_at,
                "state": row.state,
                "stated": row.stated,
                "inferred": row.inferred,
                "why": row.why,
            }
            for row in view.watches
        ]
        findings = [
            {
                "order_key": one.key,
                "id": row.id,
                "kind": row.kind,
                "code": row.code,
                "at": row.at,
                "amount": None if row.amount is None else str(row.amount),
                "detail": row.detail,
                "inferred": row.inferred,
                "rests_on": [step.origin for step in row.rests_on],
            }
            for row in view.findings
        ]
        if watches:
            self._connection.execute(watch.insert(), watches)
        if findings:
            self._connection.execute(finding.insert(), findings)

    def drop(self, key: str) -> None:
        """The order has no events any more (a correction took them away)."""
        self._connection.execute(delete(order).where(order.c.key == key))

    def get(self, key: str) -> OrderRow | None:
        row = (
            self._connection.execute(select(order).where(order.c.key == key))
            .mappings()
            .one_or_none()
        )
        return None if row is None else OrderRow(**row)

    def find(self, number: str) -> tuple[OrderRow, ...]:
        """Orders of that number (or key), of any marketplace and role."""
        statement = (
            select(order)
            .where((order.c.number == number) | (order.c.key == number))
            .order_by(order.c.key)
        )
        return tuple(OrderRow(**row) for row in self._connection.execute(statement).mappings())

    def of_store(self, marketplace: str, store: str, *, limit: int) -> tuple[OrderRow, ...]:
        """Purchases from that store, newest first."""
        statement = (
            select(order)
            .where(REAL, order.c.store == store, order.c.marketplace == marketplace)
            .where(order.c.role == "buyer")
            .order_by(order.c.last_at.desc(), order.c.key)
            .limit(limit)
        )
        return tuple(OrderRow(**row) for row in self._connection.execute(statement).mappings())

    def found(self, wanted: RowFilter, *, limit: int) -> tuple[OrderRow, ...]:
        """By their newest event, newest first; matters of the account itself are no orders."""
        statement: Select[Any] = select(order).where(REAL, *of_rows(wanted))
        ordered = statement.order_by(order.c.last_at.desc(), order.c.key).limit(limit)
        return tuple(OrderRow(**row) for row in self._connection.execute(ordered).mappings())

    def disputed(self, *, limit: int) -> tuple[OrderRow, ...]:
        """Orders with an open problem or a case that something is awaited of, newest first."""
        awaited = select(watch.c.order_key).where(OPEN, watch.c.kind.in_(tuple(AWAITED)))
        keys = select(order.c.key).where(PROBLEM).union(awaited)  # each part by its index
        statement = select(order).where(order.c.key.in_(keys))
        ordered = statement.order_by(order.c.last_at.desc(), order.c.key).limit(limit)
        return tuple(OrderRow(**row) for row in self._connection.execute(ordered).mappings())

    def steps(self, rows: Sequence[OrderRow], kinds: Collection[Kind]) -> Iterator[NamedEvent]:
        """Events of these kinds that name one of the orders, what was taken back left out."""
        for keys, named in _naming(rows, kinds):
            statement = (
                select(reference.c.value, event)
                .join(event, event.c.id == reference.c.event)
                .where(named)
            )
            for row in self._connection.execute(statement):
                key = key_of(row.marketplace, Role(row.role), row.value)
                if key in keys:
                    yield NamedEvent(order=key, event=event_from_row(row))

    def firsts(
        self, rows: Sequence[OrderRow], kinds: Collection[Kind]
    ) -> Iterator[tuple[str, Kind, datetime]]:
        """When the first event of each kind was, by order; what was taken back left out."""
        what = (event.c.marketplace, event.c.role, reference.c.value, event.c.kind)
        for keys, named in _naming(rows, kinds):
            statement = (
                select(*what, func.min(event.c.at).label("at"))
                .join(event, event.c.id == reference.c.event)
                .where(named)
                .group_by(*what)
            )
            for row in self._connection.execute(statement):
                key = key_of(row.marketplace, Role(row.role), row.value)
                if key in keys:
                    yield key, Kind(row.kind), row.at

    def due_between(
        self, first: datetime, last: datetime, *, mine: bool = True, limit: int = 1000
    ) -> tuple[WatchRow, ...]:
        """Open watches due from `first` until before `last`, the next due first."""
        statement = select(watch).where(OPEN, watch.c.due_at >= first, watch.c.due_at < last)
        if mine:
            statement = statement.where(watch.c.actor == Actor.ME)
        rows = self._connection.execute(
            statement.order_by(watch.c.due_at, watch.c.order_key, watch.c.id).limit(limit)
        ).mappings()
        return tuple(WatchRow(**row) for row in rows)

    def listed(
        self,
        *,
        statuses: Collection[str] = (),
        marketplace: str | None = None,
        problem: bool | None = None,
        limit: int = 1000,
    ) -> tuple[OrderRow, ...]:
        """As `found`."""
        wanted = RowFilter(statuses=statuses, marketplace=marketplace, problem=problem)
        return self.found(wanted, limit=limit)

    def uncounted(self, limit: int) -> tuple[str, ...]:
        """Keys of orders whose cases are not counted yet, as an older version left them."""
        statement = select(order.c.key).where(CASES, order.c.cases < 0).limit(limit)
        return tuple(self._connection.execute(statement).scalars())

    def any(self) -> bool:
        """Whether there is an order."""
        return (
            self._connection.execute(select(order.c.key).where(REAL).limit(1)).first() is not None
        )

    def count(self) -> int:
        """By pages of an index rather than by rows: all, but those of the account itself."""
        accounts = select(func.count()).where(order.c.number == ACCOUNT)
        every = select(func.count()).select_from(order)
        counted = (self._connection.execute(one).scalar_one() for one in (every, accounts))
        return int(next(counted)) - int(next(counted))

    def running_keys(self) -> tuple[str, ...]:
        """Keys of all orders that are not over, matters of the account included."""
        statement = select(order.c.key).where(UNDER_WAY).order_by(order.c.key)
        return tuple(self._connection.execute(statement).scalars())

    def running_count(self) -> int:
        """Orders that are neither delivered nor over."""
        statement = select(func.count()).where(UNDER_WAY, REAL)
        return int(self._connection.execute(statement).scalar_one())

    def unsettled(self) -> tuple[OrderRow, ...]:
        """Orders that are not over, have a problem, or of which something is awaited."""
        awaited = select(watch.c.order_key).where(OPEN)
        statement = select(order).where(
            REAL, UNDER_WAY | order.c.problem | order.c.key.in_(awaited)
        )
        rows = self._connection.execute(statement.order_by(order.c.key)).mappings()
        return tuple(OrderRow(**row) for row in rows)

    def running(self, marketplace: str) -> int:
        """Orders of the marketplace that are neither delivered nor over."""
        statement = select(func.count()).where(order.c.marketplace == marketplace, UNDER_WAY, REAL)
        return int(self._connection.execute(statement).scalar_one())

    def watches(
        self, *, key: str | None = None, open_only: bool = True, limit: int = 1000
    ) -> tuple[WatchRow, ...]:
        """The next due first."""
        states = (WatchState.OPEN,) if open_only else ()
        return self.awaited(WatchFilter(key=key, states=states), limit=limit)

    def awaited(self, wanted: WatchFilter, *, limit: int) -> tuple[WatchRow, ...]:
        """The next due first."""
        statement: Select[Any] = select(watch).where(*of_watches(wanted))
        rows = self._connection.execute(
            statement.order_by(watch.c.due_at, watch.c.order_key, watch.c.id).limit(limit)
        ).mappings()
        return tuple(WatchRow(**row) for row in rows)

    def next_due(self, keys: Sequence[str], now: datetime) -> dict[str, WatchRow]:
        """Of each of these orders the open watch that is due next; what has passed is not next."""
        found: dict[str, WatchRow] = {}
        for start in range(0, len(keys), PART):
            part = tuple(keys[start : start + PART])
            statement = select(watch).where(OPEN, watch.c.order_key.in_(part), watch.c.due_at > now)
            rows = self._connection.execute(statement.order_by(watch.c.due_at, watch.c.id))
            for row in rows.mappings():
                found.setdefault(row["order_key"], WatchRow(**row))
        return found

    def findings(
        self,
        *,
        key: str | None = None,
        kind: str | None = None,
        since: datetime | None = None,
        limit: int = 1000,
    ) -> tuple[FindingRow, ...]:
        """Newest first; of one kind the believed ones before the others, so that no flood of weak
        mail reaches the limit alone.
        """
        statement: Select[Any] = select(finding)
        if key:
            statement = statement.where(finding.c.order_key == key)
        if kind:
            statement = statement.order_by(finding.c.id.endswith(UNVERIFIED))
            statement = statement.where(finding.c.kind == kind)
        if since:
            statement = statement.where(finding.c.at >= since)
        rows = self._connection.execute(
            statement.order_by(finding.c.at.desc(), finding.c.order_key).limit(limit)
        ).mappings()
        return tuple(
            FindingRow(**(dict(row) | {"rests_on": tuple(row["rests_on"])})) for row in rows
        )


def _naming(
    rows: Sequence[OrderRow], kinds: Collection[Kind]
) -> Iterator[tuple[frozenset[str], ColumnElement[bool]]]:
    """Keys of some of the orders, and what their events of these kinds are: found by the orders'
    numbers, at the same cost in every ledger.
    """
    for start in range(0, len(rows), PART):
        part = rows[start : start + PART]
        yield (
            frozenset(row.key for row in part),
            and_(
                reference.c.marketplace.in_({row.marketplace for row in part}),
                reference.c.kind == RefKind.ORDER,
                reference.c.value.in_({row.number for row in part}),
                event.c.kind.in_(kinds),
                event.c.retracted == literal(value=False, type_=event.c.retracted.type),
            ),
        )
