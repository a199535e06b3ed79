"""The pipeline: everything that can happen to the ledger, each as one call."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from daemon.mailbox.arrived import Arrived, Polled
from daemon.pipeline.commands import Commands
from daemon.pipeline.compose import HISTORY, OUTAGE, Message, all_is_quiet, speak, tell_history
from daemon.pipeline.evaluate import end_silence, look, tell_backlog, write_anew
from daemon.pipeline.intake import Intake
from daemon.pipeline.scopes import SERVICE, mailbox_scope, order_scope, pack_scope
from daemon.pipeline.setup import Setup
from daemon.pipeline.transaction import NOW, Announce, Transaction, transaction
from daemon.settings import Mailbox
from daemon.store.ledger import Ledger
from daemon.store.mailboxes import MailboxRow
from daemon.store.mails import Place
from daemon.store.state import SWEPT, StateKey, begins
from daemon.store.store import Store
from daemon.worker.reading import Reader
from rules.alert import Scope

LATE = timedelta(minutes=30)
"""After an outage longer than this, what was missed comes as one message."""
PART = 20
"""Scopes judged in one transaction of the sweep: others may write in between."""
UNCOUNTED = 1000
"""Orders of an older version whose rows are made anew in an hour."""
HOURLY = timedelta(hours=1)
RESCAN = timedelta(days=30)
"""How far back a folder is read again that was renumbered or whose rows were lost, when `backfill`
is shorter.
"""
STUCK = timedelta(hours=1)
"""A poll that has not ended by then is tried again by another worker, which fences the first one
off.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One look at a mailbox by one worker."""

    mailbox: str
    epoch: int
    """Older workers are fenced off."""
    announce: Announce
    since: dict[str, datetime]
    """Folder → how far back it is read wherever no cursor says so, aware UTC."""
    cursors: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Folder → (UIDVALIDITY, last UID)."""

    @property
    def first_run(self) -> bool:
        return self.announce.silent_for is not None


class Pipeline(Commands):
    """Commands with a clock and mailboxes. Every method is one or several whole transactions; all
    raise StoreError.

    `setup` may be replaced at any time by another; what is under way ends with the one it began
    with. `said` hears every message after it was committed.
    """

    def __init__(
        self,
        store: Store,
        setup: Setup,
        reads: Reader,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        said: Callable[[Message], None] = lambda _message: None,
        patience: timedelta | None = None,
    ) -> None:
        """`patience`: a sweep later than this after the last one tells all it finds as one message
        (a suspend).
        """
        super().__init__(store, setup, clock=clock, said=said)
        self.reads = reads
        self._patience = patience
        self._hourly: datetime | None = None
        self._swept: datetime | None = None
        self._sweeping = threading.Lock()

    # mailboxes

    def begin_poll(self, mailbox: str, *, backfill: timedelta) -> Poll:
        """Take over the mailbox: whoever polled it before is fenced off."""
        box = self.setup.mailbox(mailbox)
        with self._transaction(light=True) as tx:
            boxes = tx.ledger.mailboxes
            boxes.ensure([mailbox], tx.now)
            epoch = boxes.begin_poll(mailbox, tx.now + STUCK)
            row = boxes.get(mailbox)
            found = {folder: boxes.cursor(mailbox, folder) for folder in box.folders}
            since = _begins(tx, box, backfill)
        return Poll(
            mailbox=mailbox,
            epoch=epoch,
            announce=_manner(row, tx.now),
            since=since,
            cursors={folder: cursor for folder, cursor in found.items() if cursor is not None},
        )

    def take(self, poll: Poll, arrived: Arrived) -> None:
        """Take in one mail with its text."""
        self._tell(self._intake(poll).take(arrived, self.clock()))

    def skip(self, poll: Poll, mails: Iterable[Arrived]) -> None:
        """Keep a row for mails whose headers show that they are none of ours."""
        self._intake(poll).ignore(mails, self.clock(), light=poll.first_run)

    def renumbered(self, poll: Poll, folder: str, uidvalidity: int) -> None:
        """The server gives UIDs anew in this folder."""
        with self._polling(poll) as tx:
            tx.ledger.mailboxes.renumber(poll.mailbox, folder, uidvalidity)

    def looked(self, poll: Poll, polled: Polled) -> None:
        """One folder was read to its end."""
        folder, uidvalidity = polled.folder, polled.cursor.uidvalidity
        with self._polling(poll) as tx:
            for uid in polled.gone:
                place = Place(mailbox=poll.mailbox, folder=folder, uidvalidity=uidvalidity, uid=uid)
                tx.ledger.mails.gone(place, tx.now)
            tx.ledger.mailboxes.advance(poll.mailbox, folder, uidvalidity, polled.cursor.last_uid)

    def end_poll(self, poll: Poll, next_poll_at: datetime, *, missing: str | None = None) -> None:
        """All folders were read: say what was kept back, and note that the mailbox is well.

        `missing` says which folders are not there and what to try: all others were read.
        """
        if poll.first_run:
            self._end_first_run(poll, next_poll_at, missing)
            return
        batch = poll.announce.batch
        with self._polling(poll) as tx:
            ailing = _succeeded(tx, poll.mailbox, next_poll_at, missing)
            told = speak(tx, batch=batch) if ailing or batch else ()
        self._tell(told)

    def fail_poll(
        self, mailbox: str, *, kind: str, what: str, permanent: bool, next_poll_at: datetime
    ) -> None:
        """The mailbox cannot be read now."""
        with self._transaction() as tx:
            tx.ledger.mailboxes.ensure([mailbox], tx.now)
            tx.ledger.mailboxes.failed(
                mailbox,
                tx.now,
                kind=kind,
                what=what,
                permanent=permanent,
                next_poll_at=next_poll_at,
            )
            look(tx, mailbox_scope(mailbox))
            told = speak(tx)
        self._tell(told)

    def _end_first_run(self, poll: Poll, next_poll_at: datetime, missing: str | None) -> None:
        done = False
        while not done:
            with self._polling(poll) as tx:
                done = end_silence(tx, poll.mailbox, PART)
        with self._polling(poll) as tx:
            first = tx.ledger.mailboxes.get(poll.mailbox).last_ok_at is None
            tx.ledger.mailboxes.first_run_over(poll.mailbox)
            _succeeded(tx, poll.mailbox, next_poll_at, missing)
            tell_backlog(tx, (HISTORY if first else OUTAGE) + poll.mailbox)
            told = tell_history(tx, poll.mailbox) if first else speak(tx)
        self._tell(told)

    def _intake(self, poll: Poll) -> Intake:
        setup = self.setup
        return Intake(
            store=self.store,
            setup=setup,
            reads=self.reads,
            frame=setup.frame(poll.mailbox),
            announce=poll.announce,
            epoch=poll.epoch,
            ignore_unverified=setup.mailbox(poll.mailbox).unverified == "ignore",
        )

    @contextmanager
    def _polling(self, poll: Poll) -> Iterator[Transaction]:
        """A transaction about the mailbox itself, that a newer poll of it keeps from beginning."""
        with self._transaction() as tx:
            tx.ledger.mailboxes.fence(poll.mailbox, poll.epoch)
            yield tx

    # the clock

    def sweep(self) -> int:
        """Do everything whose time has come; how much that was. Cheap when that is nothing."""
        if not self._sweeping.acquire(blocking=False):
            return 0
        try:
            return self._sweep()
        finally:
            self._sweeping.release()

    def next_due(self) -> datetime | None:
        """When something is due next, by the rows."""
        with self.store.read() as ledger:
            instants = (ledger.alerts.next_wake(), ledger.alerts.next_waiting())
        return min((at for at in instants if at is not None), default=None)

    def wake(self, scopes: Sequence[Scope], announce: Announce = NOW) -> None:
        """Judge these scopes now."""
        with self._transaction(announce) as tx:
            for scope in scopes:
                look(tx, scope)
            told = speak(tx)
        self._tell(told)

    def rejudge(self) -> None:
        """Judge every order that runs and everything that rings: the rules are new. What comes of
        it is one message.
        """
        with self.store.read() as ledger:
            running = (order_scope(key) for key in ledger.orders.running_keys())
            scopes = sorted({*running, *ledger.alerts.live_scopes()})
        batch = OUTAGE + "rules"
        for start in range(0, len(scopes), PART):
            self.wake(scopes[start : start + PART], Announce(batch=batch))
        with self._transaction() as tx:
            told = speak(tx, batch=batch)
        self._tell(told)

    def _sweep(self) -> int:
        now = self.clock()
        late = self._was_away(now)
        announce = Announce(batch=OUTAGE + "clock") if late else NOW
        done = 0
        if self._hour_is_over(now):
            self._hourly = now
            self._hour(announce)
        while (due := self._due(now))[0]:
            scopes, done = due[0], done + len(due[0])
            self.wake(scopes, announce)
        if due[1] or late:
            with transaction(self.store, self.setup, now) as tx:
                told = speak(tx, batch=announce.batch)
            self._tell(told)
            done += len(told)
        self._swept = now
        return done

    def _hour_is_over(self, now: datetime) -> bool:
        return self._hourly is None or not timedelta(0) <= now - self._hourly < HOURLY

    def _hour(self, announce: Announce) -> None:
        """What is done once an hour."""
        with self._transaction() as tx:
            tx.ledger.state.set(SWEPT, tx.now, True)
            write_anew(tx, tx.ledger.orders.uncounted(UNCOUNTED))
        packs = [pack_scope(name) for name in self.setup.library.marketplaces]
        self.wake([*packs, SERVICE], announce)
        with self._transaction() as tx:
            told = all_is_quiet(tx)
        self._tell(told)

    def _due(self, now: datetime) -> tuple[tuple[Scope, ...], bool]:
        """Scopes to be judged now, and whether something waits to be said."""
        with self.store.read() as ledger:
            waiting = ledger.alerts.next_waiting()
            return ledger.alerts.due(now, PART), waiting is not None and waiting <= now

    def _was_away(self, now: datetime) -> bool:
        if self._swept is not None:
            return self._patience is not None and now - self._swept > self._patience
        with self.store.read() as ledger:
            swept = ledger.state.get(SWEPT)
        return swept is not None and now - swept.at > HOURLY + LATE

    # the service itself

    def tell_health(self, key: StateKey, value: object, scope: Scope) -> None:
        """Something about the service itself changed: write it down and judge it."""
        with self._transaction() as tx:
            tx.ledger.state.set(key, tx.now, value)
        self.wake([scope])


def _manner(row: MailboxRow, now: datetime) -> Announce:
    """How the mails of a poll that begins now are told."""
    if row.first_run:
        return Announce(silent_for=row.id)
    if row.last_ok_at is not None and now - row.last_ok_at > LATE:
        return Announce(batch=OUTAGE + row.id)
    return NOW


def _succeeded(tx: Transaction, mailbox: str, next_poll_at: datetime, missing: str | None) -> bool:
    """Note that the poll came to its end; whether the mailbox was ill before or is now."""
    ailing = tx.ledger.mailboxes.get(mailbox).failing_since is not None or missing is not None
    tx.ledger.mailboxes.succeeded(mailbox, tx.now, next_poll_at, missing=missing)
    if ailing:
        look(tx, mailbox_scope(mailbox))
    return ailing


def _begun(ledger: Ledger, box: Mailbox) -> dict[str, datetime]:
    """What was written down when each folder was first looked at."""
    row = ledger.state.get(begins(box.id))
    written = row.value if row else {}
    return {folder: datetime.fromisoformat(at) for folder, at in written.items()}


def _begins(tx: Transaction, box: Mailbox, backfill: timedelta) -> dict[str, datetime]:
    """Folder → the instant before which its mails are history that nobody asked for.

    It is fixed when the folder is first looked at: a first run that was cut off still knows what
    was new then. Old instants fade: a folder that is renumbered is not read for years back. Servers
    tell whole seconds, and so does this.
    """
    known = _begun(tx.ledger, box)
    first = (tx.now - backfill).replace(microsecond=0)
    found = {folder: known.get(folder, first) for folder in box.folders}
    if found != known:
        written = {folder: at.isoformat() for folder, at in found.items()}
        tx.ledger.state.set(begins(box.id), tx.now, written)
    earliest = tx.now - max(backfill, RESCAN)
    return {folder: max(at, earliest) for folder, at in found.items()}
