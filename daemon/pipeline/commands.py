"""What people do to the ledger: notes, answers, imports, acknowledging, reading again."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from daemon.pipeline.compose import OUTAGE, Message, speak
from daemon.pipeline.evaluate import Announce, look, tell_backlog
from daemon.pipeline.intake import append, enter
from daemon.pipeline.notes import Note, event_of
from daemon.pipeline.scopes import mail_scope
from daemon.pipeline.setup import Setup
from daemon.store.alerts import AlertRow
from daemon.store.ledger import Ledger
from daemon.store.mails import MailState
from daemon.store.orders import OrderRow
from daemon.store.store import Store
from daemon.worker.reading import ReadingError, Reads
from orders.event import Event, Source
from parsers.notice import Kind, Outcome, Reading, Role, Trust
from rules import lifecycle
from rules.alert import Alert

Answer = TypeVar("Answer")

PART = 500
"""Events in one transaction of an import."""


class CommandError(Exception):
    """What was asked for cannot be done; says why in one sentence. Nothing was changed."""


def note(
    ledger: Ledger, setup: Setup, one: Note, marketplace: str, role: Role, now: datetime
) -> tuple[str, ...]:
    """Append a note; keys of the orders it touches. Raises Refused for a note from the future."""
    if one.at > now:
        when = f"{one.at.astimezone(setup.zone):%Y-%m-%d %H:%M}"
        raise CommandError(f"{when} has not come yet; a note tells what has happened (see --due)")
    return append(ledger, setup, [event_of(one, marketplace=marketplace, role=role, seen=now)], now)


def assign(
    ledger: Ledger, setup: Setup, mail: int, order: OrderRow | None, now: datetime
) -> tuple[str, ...]:
    """The user's answer: the mail belongs to the order, or (None) to none in the ledger. Keys of
    what it changes.

    Raises Refused when the mail says nothing about an order.
    """
    try:
        row = ledger.mails.get(mail)
    except KeyError:
        raise CommandError(
            f"no mail number {mail} in the ledger; orderbell mails lists them"
        ) from None
    events = tuple(
        event
        for event in ledger.events_of_mail(row.same_as or mail)
        if event.kind is not Kind.ASSIGNMENT
    )
    if not events:
        raise CommandError(f"mail {mail} says nothing about an order ({row.reason or row.outcome})")
    answers = [
        Event(
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
        for event in events
        if order is None or event.marketplace == order.marketplace
    ]
    if not answers and order is not None:
        raise CommandError(
            f"mail {mail} is from {events[0].marketplace}, order {order.number} is not"
        )
    keys = append(ledger, setup, answers, now)
    look(ledger, setup, mail_scope(row.same_as or mail), now)
    return keys


def change(
    ledger: Ledger, setup: Setup, row: AlertRow, to: Callable[[Alert], Alert], now: datetime
) -> AlertRow:
    """Acknowledge, snooze or resolve (see `rules.lifecycle`): `to` makes the changed alert."""
    kept = ledger.alerts.put(to(row.alert), row.scope, row.subject)
    look(ledger, setup, row.scope, now)
    speak(ledger, setup, now)
    return kept


def reread(ledger: Ledger, setup: Setup, number: int, reading: Reading, now: datetime) -> bool:
    """Take a new reading of a stored mail in the place of one that gave nothing; whether anything
    changed.

    Events are never taken back: a mail that was understood keeps what it said, and only gains what
    is new.
    """
    row = ledger.mails.get(number)
    if row.digest is None or reading.outcome is row.outcome is not Outcome.NOTICES:
        return False
    raw = ledger.mails.raw(number)
    before = ledger.events_of_mail(number)
    if len(reading.notices) <= len(before) and row.outcome is Outcome.NOTICES:
        return False
    dull = reading.outcome in (Outcome.NOISE, Outcome.FOREIGN)
    state = MailState.IGNORED if dull else MailState.READ
    ledger.mails.end(number, state, reading, digest=row.digest, raw=None if dull else raw)
    enter(ledger, setup, number, reading, row.digest, now)
    return True


class Commands:
    """Where people's wishes arrive. Each method raises StoreError and Refused; then nothing was
    done.
    """

    def __init__(
        self,
        store: Store,
        setup: Setup,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        said: Callable[[Message], None] = lambda _message: None,
    ) -> None:
        self.store = store
        self.setup = setup
        self.clock = clock
        self._said = said

    def note(self, one: Note, marketplace: str, role: Role) -> tuple[str, ...]:
        """Append a note; keys of the orders it touches."""
        return self._do(lambda ledger, now: note(ledger, self.setup, one, marketplace, role, now))

    def assign(self, mail: int, order: OrderRow | None) -> tuple[str, ...]:
        """The mail belongs to the order, or to none in the ledger."""
        return self._do(lambda ledger, now: assign(ledger, self.setup, mail, order, now))

    def record(self, events: Sequence[Event]) -> tuple[str, ...]:
        """Append imported events, and tell what of it matters as one message; keys of the orders
        they touch.
        """
        keys: dict[str, None] = {}
        for start in range(0, len(events), PART):
            part = events[start : start + PART]
            keys |= dict.fromkeys(self._do(partial(_append, self.setup, part)))
        self._do(lambda ledger, now: tell_backlog(ledger, self.setup, OUTAGE + "import", now))
        return tuple(keys)

    def acknowledge(self, rows: Sequence[AlertRow]) -> None:
        """No repeats any more; listed until the condition is lost."""
        self._change(rows, lifecycle.acknowledge)

    def snooze(self, rows: Sequence[AlertRow], until: datetime) -> None:
        """Silent until then."""
        self._change(rows, lambda alert, now: lifecycle.snooze(alert, until, now))

    def resolve(self, rows: Sequence[AlertRow]) -> None:
        """Done, says the user."""
        self._change(rows, lifecycle.resolve)

    def reread(self, reads: Reads, numbers: Iterable[int]) -> dict[int, Reading]:
        """Read stored mails again with today's packs; number → reading of those that changed."""
        changed: dict[int, Reading] = {}
        for number in numbers:
            with self.store.read() as ledger:
                row, raw = ledger.mails.get(number), ledger.mails.raw(number)
            if raw is None:
                continue
            try:
                reading = reads(raw, self.setup.frame(row.place.mailbox))
            except (
                ReadingError,
                KeyError,
            ):  # still unreadable, or its mailbox was taken out of the configuration
                continue
            if self._do(partial(_reread, self.setup, number, reading)):
                changed[number] = reading
        return changed

    def _change(self, rows: Sequence[AlertRow], to: Callable[[Alert, datetime], Alert]) -> None:
        def every(ledger: Ledger, now: datetime) -> None:
            for row in rows:
                change(ledger, self.setup, row, lambda alert: to(alert, now), now)

        self._do(every)

    def _do(self, work: Callable[[Ledger, datetime], Answer]) -> Answer:
        now = self.clock()
        with self.store.write() as ledger:
            answer = work(ledger, now)
            told = speak(ledger, self.setup, now)
        self._tell(told)
        return answer

    def _tell(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._said(message)


def _append(
    setup: Setup, events: Sequence[Event], ledger: Ledger, now: datetime
) -> tuple[str, ...]:
    return append(ledger, setup, events, now, Announce(hush=True))


def _reread(setup: Setup, number: int, reading: Reading, ledger: Ledger, now: datetime) -> bool:
    return reread(ledger, setup, number, reading, now)
