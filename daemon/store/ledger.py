"""The ledger inside one transaction: the index that matching asks, and all other rows."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)

from daemon.store.alerts import AlertRows
from daemon.store.codec import event_from_row, event_to_json
from daemon.store.dialect import add, add_all
from daemon.store.mailboxes import Mailboxes
from daemon.store.mails import Mails
from daemon.store.orders import Orders
from daemon.store.outbox import Outbox
from daemon.store.state import State
from daemon.store.tables import LOOSE, event, naming, reference
from daemon.store.told import ToldRows
from orders.corrections import standing
from orders.event import Event, Source
from orders.matching.index import RefKind, is_unmatched, order_keys, references
from parsers.notice import Kind, Role, Trust

MANY = 500
"""Values in one statement."""

# Asked many times for one mail: made once, since making a statement costs more than running it.
BY_REFERENCE = (
    select(event)
    .join(reference, reference.c.event == event.c.id)
    .where(
        reference.c.marketplace == bindparam("marketplace"),
        reference.c.kind == bindparam("kind"),
        reference.c.value == bindparam("value"),
    )
)
STANDS = event.c.retracted == literal_column("0")
BY_ORIGIN = select(event).where(event.c.origin == bindparam("origin"), STANDS)
BY_ANSWER = select(event).where(
    event.c.assigns == bindparam("origin"), event.c.kind == Kind.ASSIGNMENT, STANDS
)
CORRECTIONS = select(event).where(
    event.c.assigns == bindparam("origin"), event.c.kind == Kind.CORRECTION
)
LOOSE_ONES = select(event).where(
    event.c.marketplace == bindparam("marketplace"), event.c.role == bindparam("role"), LOOSE
)
OPEN_ORDERS = (
    select(naming.c.order_key)
    .where(
        naming.c.marketplace == bindparam("marketplace"),
        naming.c.role == bindparam("role"),
        naming.c.at >= bindparam("since"),
        naming.c.at <= bindparam("until"),
    )
    .distinct()
    .limit(bindparam("most"))
)
BELIEVED_ORDERS = OPEN_ORDERS.join(event, event.c.id == naming.c.event).where(
    (event.c.source != Source.MAIL)
    | (
        func.coalesce(event.c.trust, func.json_extract(event.c.payload, "$.trust"))
        == Trust.VERIFIED
    )
)
"""As `orders.belief.is_believed` says."""
NO_LIMIT = -1


class Ledger:
    """Made by `Store.read` and `Store.write`; implements `orders.matching.index.EventIndex`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.mailboxes = Mailboxes(connection)
        self.mails = Mails(connection)
        self.orders = Orders(connection)
        self.alerts = AlertRows(connection)
        self.outbox = Outbox(connection)
        self.state = State(connection)
        self.told = ToldRows(connection)

    # events

    def append(self, one: Event, told: int | None = None) -> bool:
        """Append the event; False when its origin is already here. `told`: the row of what a
        person told.
        """
        values = {
            "origin": one.origin,
            "kind": one.kind,
            "at": one.at,
            "seen": one.seen,
            "source": one.source,
            "marketplace": one.marketplace,
            "role": one.role,
            "mail": one.mail,
            "assigns": one.assigns,
            "loose": is_unmatched(one),
            "payload": event_to_json(one),
            "told": told,
        }
        number = add(self.connection, event, values, returning="id")
        if number is None:
            return False
        if one.kind is Kind.CORRECTION:
            self._correct(str(one.assigns))
        else:
            self._index(number, one)
            if self.corrections(one.origin):
                self._correct(one.origin)
        return True

    def _index(self, number: int, one: Event) -> None:
        found = [
            {"marketplace": one.marketplace, "kind": kind, "value": value, "event": number}
            for kind, value in references(one)
        ]
        add_all(self.connection, reference, found)
        named = [
            {
                "marketplace": one.marketplace,
                "role": one.role,
                "at": one.at,
                "order_key": key,
                "event": number,
            }
            for key in order_keys(one)
        ]
        add_all(self.connection, naming, named)

    def _correct(self, origin: str) -> None:
        """Let the event of that origin stand as its corrections say: what is retracted is found by
        nothing.
        """
        row = self.connection.execute(select(event).where(event.c.origin == origin)).one_or_none()
        if row is None:  # it comes later
            return
        now = standing(self.corrections(origin))
        one = event_from_row(row)
        values = {
            "retracted": now.retracted,
            "trust": now.trust,
            "loose": is_unmatched(one) and not now.retracted,
        }
        self.connection.execute(update(event).where(event.c.id == row.id).values(values))
        for table in (reference, naming):
            self.connection.execute(delete(table).where(table.c.event == row.id))
        if not now.retracted:
            self._index(row.id, one)

    def by_reference(self, kind: RefKind, marketplace: str, value: str) -> tuple[Event, ...]:
        return self._events(
            BY_REFERENCE, {"marketplace": marketplace, "kind": kind, "value": value}
        )

    def by_origin(self, origin: str) -> Event | None:
        found = self._events(BY_ORIGIN, {"origin": origin})
        return found[0] if found else None

    def open_orders(
        self,
        marketplace: str,
        role: Role,
        since: datetime,
        until: datetime,
        most: int | None = None,
        *,
        believed: bool = False,
    ) -> tuple[str, ...]:
        asked: dict[str, Any] = {
            "marketplace": marketplace,
            "role": role,
            "since": since,
            "until": until,
            "most": NO_LIMIT if most is None else most,
        }
        statement = BELIEVED_ORDERS if believed else OPEN_ORDERS
        return tuple(self.connection.execute(statement, asked).scalars())

    def unmatched(self, marketplace: str, role: Role) -> tuple[Event, ...]:
        return self._events(LOOSE_ONES, {"marketplace": marketplace, "role": role})

    def assignments(self, origin: str) -> tuple[Event, ...]:
        return self._events(BY_ANSWER, {"origin": origin})

    def corrections(self, origin: str) -> tuple[Event, ...]:
        """What was said since of the event of that origin."""
        return self._events(CORRECTIONS, {"origin": origin})

    def mark_matched(self, origins: Iterable[str]) -> None:
        """These events have a sure home (`match.now_matched`): unmatched no longer."""
        found = tuple(origins)
        if found:
            self.connection.execute(
                update(event).where(event.c.origin.in_(found)).values(loose=False)
            )

    def mark_unmatched(self, origins: Iterable[str]) -> None:
        """These events may have lost their home: somebody took back what tied them to it."""
        found = tuple(origins)
        if found:
            self.connection.execute(
                update(event).where(event.c.origin.in_(found), STANDS).values(loose=True)
            )

    def events_of_mail(self, number: int) -> tuple[Event, ...]:
        return self._events(
            select(event).where(event.c.mail == number, STANDS).order_by(event.c.id)
        )

    def events_told(self, number: int) -> tuple[Event, ...]:
        """What stands of that row of `told`: its own events, and those it let stand again."""
        again = select(event.c.assigns).where(
            event.c.told == number, event.c.kind == Kind.CORRECTION
        )
        mine = and_(event.c.told == number, event.c.kind != Kind.CORRECTION)
        statement = select(event).where(or_(mine, event.c.origin.in_(again)), STANDS)
        return self._events(statement.order_by(event.c.id))

    def told_of(self, origin: str) -> int | None:
        """The row of `told` that the event was told by."""
        statement = select(event.c.told).where(event.c.origin == origin)
        found = self.connection.execute(statement).scalar_one_or_none()
        return None if found is None else int(found)

    def retracted(self, origins: Collection[str]) -> tuple[Event, ...]:
        """Those of these events that were taken back."""
        found: list[Event] = []
        names = tuple(origins)
        for start in range(0, len(names), MANY):
            part = names[start : start + MANY]
            found += self._events(select(event).where(event.c.origin.in_(part), ~STANDS))
        return tuple(found)

    def all_events(self) -> Iterable[Event]:
        """Every event that stands, oldest row first, a few at a time."""
        statement = (
            select(event).where(STANDS).order_by(event.c.id).execution_options(yield_per=1000)
        )
        for row in self.connection.execute(statement):
            yield event_from_row(row)

    def _events(
        self, statement: Select[Any], asked: Mapping[str, object] | None = None
    ) -> tuple[Event, ...]:
        return tuple(event_from_row(row) for row in self.connection.execute(statement, asked))
