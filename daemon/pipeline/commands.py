"""What people do to the ledger: notes, answers, imports, acknowledging, reading again."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from daemon.pipeline.acknowledge import AnswerKind, To, answer
from daemon.pipeline.compose import OUTAGE, Message, speak
from daemon.pipeline.corrections import restore
from daemon.pipeline.evaluate import look, tell_backlog
from daemon.pipeline.intake import append
from daemon.pipeline.notes import Note, event_of
from daemon.pipeline.reread import Reread, reread
from daemon.pipeline.scopes import mail_scope
from daemon.pipeline.setup import Setup
from daemon.pipeline.transaction import NOW, SILENT, Announce, Transaction, transaction
from daemon.pipeline.undo import take_back
from daemon.store.alerts import AlertRow
from daemon.store.orders import OrderRow
from daemon.store.store import Store
from daemon.store.told import ToldRow
from daemon.worker.reading import ReadingError, Reads
from orders.event import Event, Source
from orders.notes import check_text
from parsers.errors import OrderbellError
from parsers.notice import Kind, Role, Trust
from rules import lifecycle

Answer = TypeVar("Answer")

PART = 500
"""Events in one transaction of an import."""


class CommandError(OrderbellError):
    """What was asked for cannot be done; says why in one sentence. Nothing was changed."""


def note(tx: Transaction, one: Note, marketplace: str, role: Role, channel: str) -> tuple[str, ...]:
    """Append a note; keys of the orders it touches. Raises CommandError for a note from the
    future, and for a word that means nothing.
    """
    if one.at > tx.now:
        when = f"{one.at.astimezone(tx.setup.zone):%Y-%m-%d %H:%M}"
        raise CommandError(f"{when} has not come yet; a note tells what has happened (see --due)")
    try:
        check_text(one.kind, one.text)
    except ValueError as error:
        raise CommandError(str(error)) from error
    told = tx.ledger.told.add("note", channel, tx.now)
    return append(tx, [event_of(one, marketplace=marketplace, role=role, seen=tx.now)], told)


def keep_file(tx: Transaction, event: Event, channel: str) -> tuple[str, ...]:
    """Note that a file is kept for an order; it can be taken back like any note."""
    return append(tx, [event], tx.ledger.told.add("note", channel, tx.now))


def record(tx: Transaction, events: Sequence[Event], told: int) -> tuple[str, ...]:
    """Append imported events; those that were taken back before stand again."""
    gone = tx.ledger.retracted([event.origin for event in events])
    return (*append(tx, events, told), *(restore(tx, gone, told) if gone else ()))


def assign(tx: Transaction, mail: int, order: OrderRow | None, channel: str) -> tuple[str, ...]:
    """The user's answer: the mail belongs to the order, or (None) to none in the ledger. Keys of
    what it changes.

    Raises CommandError when the mail says nothing about an order.
    """
    try:
        row = tx.ledger.mails.get(mail)
    except KeyError:
        raise CommandError(
            f"no mail number {mail} in the ledger; orderbell mails lists them"
        ) from None
    first = row.same_as or mail
    events = [one for one in tx.ledger.events_of_mail(first) if one.kind is not Kind.ASSIGNMENT]
    if not events:
        raise CommandError(f"mail {mail} says nothing about an order ({row.reason or row.outcome})")
    answered = _assignable(mail, events, order)
    told = tx.ledger.told.add("assignment", channel, tx.now)
    keys = append(tx, [_assignment(event, order, tx.now) for event in answered], told)
    look(tx, mail_scope(first))
    return keys


def _assignable(mail: int, events: Sequence[Event], order: OrderRow | None) -> Sequence[Event]:
    """The events that can be the order's: of its marketplace."""
    if order is None:
        return events
    found = [one for one in events if one.marketplace == order.marketplace]
    if not found:
        raise CommandError(
            f"mail {mail} is from {events[0].marketplace}, order {order.number} is not"
        )
    return found


def _assignment(event: Event, order: OrderRow | None, now: datetime) -> Event:
    return Event(
        origin=f"assign:{uuid.uuid4().hex}",
        kind=Kind.ASSIGNMENT,
        at=now,
        seen=now,
        source=Source.ASSIGNMENT,
        marketplace=event.marketplace,
        role=Role(order.role) if order else event.role,
        trust=Trust.VERIFIED,
        order_numbers=(order.number,) if order else (),
        assigns=event.origin,
    )


class Commands:
    """Where people's wishes arrive. Each method raises StoreError and CommandError; then nothing
    was done.
    """

    def __init__(
        self,
        store: Store,
        setup: Setup,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        said: Callable[[Message], None] = lambda _message: None,
        channel: str = "terminal",
    ) -> None:
        """`channel`: by what people tell it, for the list of what can be taken back."""
        self.channel = channel
        self.store = store
        self.setup = setup
        self.clock = clock
        self._said = said

    def note(self, one: Note, marketplace: str, role: Role) -> tuple[str, ...]:
        """Append a note; keys of the orders it touches."""
        return self._do(lambda tx: note(tx, one, marketplace, role, self.channel))

    def keep_file(self, event: Event) -> tuple[str, ...]:
        """Note that a file is kept for an order."""
        return self._do(lambda tx: keep_file(tx, event, self.channel))

    def assign(self, mail: int, order: OrderRow | None) -> tuple[str, ...]:
        """The mail belongs to the order, or to none in the ledger."""
        return self._do(lambda tx: assign(tx, mail, order, self.channel))

    def record(self, events: Sequence[Event], what: str = "") -> tuple[str, ...]:
        """Append imported events, and tell what of it matters as one message; keys of the orders
        they touch. `what`: the files they are from.
        """
        if not events:
            return ()
        told = self._do(lambda tx: tx.ledger.told.add("import", self.channel, tx.now, what=what))
        keys: dict[str, None] = {}
        for start in range(0, len(events), PART):
            part = events[start : start + PART]
            keys |= dict.fromkeys(self._do(partial(record, events=part, told=told), SILENT))
        self._do(lambda tx: tell_backlog(tx, OUTAGE + "import"))
        return tuple(keys)

    def acknowledge(self, rows: Sequence[AlertRow]) -> None:
        """No repeats any more; listed until the condition is lost."""
        self._answer("ack", rows, lifecycle.acknowledge)

    def snooze(self, rows: Sequence[AlertRow], until: datetime) -> None:
        """Silent until then."""
        self._answer("snooze", rows, lambda alert, now: lifecycle.snooze(alert, until, now))

    def resolve(self, rows: Sequence[AlertRow]) -> None:
        """Done, says the user."""
        self._answer("resolve", rows, lifecycle.resolve)

    def take_back(self, number: int) -> tuple[ToldRow, tuple[str, ...]]:
        """Take back what was told (`told.id`); the row, and keys of the orders that changed."""
        return self._do(lambda tx: take_back(tx, number, self.channel))

    def reread(
        self, reads: Reads, numbers: Iterable[int], *, forget: bool = False
    ) -> dict[int, Reread]:
        """Read stored mails again with today's packs and stamps; what became of those that changed,
        by number. `forget`: a phrase was taken back, and so is what it alone said.
        """
        changed: dict[int, Reread] = {}
        for number in numbers:
            with self.store.read() as ledger:
                row, raw = ledger.mails.get(number), ledger.mails.raw(number)
            if raw is None:
                continue
            try:
                frame = self.setup.frame(row.place.mailbox)
                reading = reads(raw, frame)
            except (
                ReadingError,
                KeyError,
            ):  # still unreadable, or its mailbox was taken out of the configuration
                continue
            if frame.dkim and row.trust == Trust.VERIFIED and reading.trust is Trust.UNVERIFIED:
                # We checked its signature when it came; the key may be gone by now.
                reading = replace(reading, trust=Trust.VERIFIED)
            found = self._do(partial(reread, number=number, reading=reading, forget=forget))
            if found is not None:
                changed[number] = found
        return changed

    def _answer(self, kind: AnswerKind, rows: Sequence[AlertRow], to: To) -> None:
        self._do(lambda tx: answer(tx, kind, self.channel, rows, to))

    def _do(self, work: Callable[[Transaction], Answer], announce: Announce = NOW) -> Answer:
        with self._transaction(announce) as tx:
            answer = work(tx)
            told = speak(tx)
        self._tell(told)
        return answer

    def _transaction(
        self, announce: Announce = NOW, *, light: bool = False
    ) -> AbstractContextManager[Transaction]:
        return transaction(self.store, self.setup, self.clock(), announce, light=light)

    def _tell(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._said(message)
