"""The pipeline: everything that can happen to the ledger, each as one call."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from daemon.mailbox.arrived import Arrived, Polled
from daemon.pipeline.commands import Commands
from daemon.pipeline.compose import HISTORY, OUTAGE, Message, all_is_quiet, speak, tell_history
from daemon.pipeline.evaluate import Announce, end_silence, look, tell_backlog
from daemon.pipeline.intake import ignore, take
from daemon.pipeline.setup import Setup
from daemon.store.ledger import Ledger
from daemon.store.mails import Place
from daemon.store.store import Store
from daemon.worker.reading import Reads

LATE = timedelta(minutes=30)
"""After an outage longer than this, what was missed comes as one message."""
PART = 20
"""Scopes judged in one transaction of the sweep: others may write in between."""
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
    mood: Announce
    since: dict[str, datetime]
    """Folder → how far back it is read wherever no cursor says so, aware UTC."""
    cursors: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Folder → (UIDVALIDITY, last UID)."""

    @property
    def first_run(self) -> bool:
        return self.mood.silent_for is not None


class Pipeline(Commands):
    """A desk with a clock and mailboxes. Every method is one or several whole transactions; all
    raise StoreError.

    `setup` may be replaced at any time by another; what is under way ends with the one it began
    with. `said` hears
    every message after it was committed.
    """

    def __init__(
        self,
        store: Store,
        setup: Setup,
        reads: Reads,
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
        now = self.clock()
        box = self.setup.mailbox(mailbox)
        with self.store.write(light=True) as ledger:
            ledger.mailboxes.ensure([mailbox], now)
            epoch = ledger.mailboxes.begin_poll(mailbox, now + STUCK)
            row = ledger.mailboxes.get(mailbox)
            found = {folder: ledger.mailboxes.cursor(mailbox, folder) for folder in box.folders}
            since = _begins(ledger, mailbox, box.folders, now, backfill)
        mood = Announce()
        if row.first_run:
            mood = Announce(silent_for=mailbox)
        elif row.last_ok_at is not None and now - row.last_ok_at > LATE:
            mood = Announce(batch=OUTAGE + mailbox)
        return Poll(
            mailbox=mailbox,
            epoch=epoch,
            mood=mood,
            since=since,
            cursors={folder: cursor for folder, cursor in found.items() if cursor is not None},
        )

    def take(self, poll: Poll, arrived: Arrived) -> None:
        """Take in one mail with its text."""
        setup = self.setup
        self._tell(
            take(
                self.store,
                setup,
                self.reads,
                arrived,
                setup.frame(poll.mailbox),
                self.clock(),
                epoch=poll.epoch,
                mood=poll.mood,
                ignore_unverified=setup.mailbox(poll.mailbox).unverified == "ignore",
            )
        )

    def skip(self, poll: Poll, mails: Iterable[Arrived]) -> None:
        """Keep a row for mails whose headers show that they are none of ours."""
        ignore(self.store, mails, self.clock(), epoch=poll.epoch, light=poll.first_run)

    def renumbered(self, poll: Poll, folder: str, uidvalidity: int) -> None:
        """The server gives UIDs anew in this folder."""
        with self.store.write() as ledger:
            ledger.mailboxes.fence(poll.mailbox, poll.epoch)
            ledger.mailboxes.renumber(poll.mailbox, folder, uidvalidity)

    def looked(self, poll: Poll, polled: Polled) -> None:
        """One folder was read to its end."""
        now, uidvalidity = self.clock(), polled.cursor.uidvalidity
        with self.store.write() as ledger:
            ledger.mailboxes.fence(poll.mailbox, poll.epoch)
            for uid in polled.gone:
                place = Place(
                    mailbox=poll.mailbox, folder=polled.folder, uidvalidity=uidvalidity, uid=uid
                )
                ledger.mails.gone(place, now)
            ledger.mailboxes.advance(
                poll.mailbox, polled.folder, uidvalidity, polled.cursor.last_uid
            )

    def end_poll(self, poll: Poll, next_poll_at: datetime, *, missing: str | None = None) -> None:
        """All folders were read: say what was kept back, and note that the mailbox is well.

        `missing` says which folders are not there and what to try: all others were read.
        """
        setup, now = self.setup, self.clock()
        if poll.first_run:
            self._end_first_run(poll, next_poll_at, missing)
            return
        with self.store.write() as ledger:
            ledger.mailboxes.fence(poll.mailbox, poll.epoch)
            ailing = (
                ledger.mailboxes.get(poll.mailbox).failing_since is not None or missing is not None
            )
            ledger.mailboxes.succeeded(poll.mailbox, now, next_poll_at, missing=missing)
            if ailing:
                look(ledger, setup, f"mailbox:{poll.mailbox}", now)
            told = (
                speak(ledger, setup, now, batch=poll.mood.batch)
                if ailing or poll.mood.batch
                else ()
            )
        self._tell(told)

    def fail_poll(
        self, mailbox: str, *, kind: str, what: str, permanent: bool, next_poll_at: datetime
    ) -> None:
        """The mailbox cannot be read now."""
        setup, now = self.setup, self.clock()
        with self.store.write() as ledger:
            ledger.mailboxes.ensure([mailbox], now)
            ledger.mailboxes.failed(
                mailbox, now, kind=kind, what=what, permanent=permanent, next_poll_at=next_poll_at
            )
            look(ledger, setup, f"mailbox:{mailbox}", now)
            told = speak(ledger, setup, now)
        self._tell(told)

    def _end_first_run(self, poll: Poll, next_poll_at: datetime, missing: str | None) -> None:
        setup, done = self.setup, False
        while not done:
            with self.store.write() as ledger:
                ledger.mailboxes.fence(poll.mailbox, poll.epoch)
                done = end_silence(ledger, setup, poll.mailbox, self.clock(), limit=PART)
        now = self.clock()
        with self.store.write() as ledger:
            ledger.mailboxes.fence(poll.mailbox, poll.epoch)
            first = ledger.mailboxes.get(poll.mailbox).last_ok_at is None
            ailing = (
                ledger.mailboxes.get(poll.mailbox).failing_since is not None or missing is not None
            )
            ledger.mailboxes.first_run_over(poll.mailbox)
            ledger.mailboxes.succeeded(poll.mailbox, now, next_poll_at, missing=missing)
            if ailing:
                look(ledger, setup, f"mailbox:{poll.mailbox}", now)
            batch = HISTORY + poll.mailbox
            tell_backlog(ledger, setup, batch if first else OUTAGE + poll.mailbox, now)
            told = (
                tell_history(ledger, setup, poll.mailbox, now)
                if first
                else speak(ledger, setup, now)
            )
        self._tell(told)

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

    def wake(self, scopes: Sequence[str], mood: Announce | None = None) -> None:
        """Judge these scopes now."""
        setup, now = self.setup, self.clock()
        with self.store.write() as ledger:
            for scope in scopes:
                look(ledger, setup, scope, now, mood or Announce())
            told = speak(ledger, setup, now)
        self._tell(told)

    def rejudge(self) -> None:
        """Judge every order that runs and everything that rings: the rules are new. What comes of
        it is one message.
        """
        with self.store.read() as ledger:
            scopes = sorted(
                {
                    *(f"order:{key}" for key in ledger.orders.running_keys()),
                    *ledger.alerts.live_scopes(),
                }
            )
        batch = OUTAGE + "rules"
        for start in range(0, len(scopes), PART):
            self.wake(scopes[start : start + PART], Announce(batch=batch))
        with self.store.write() as ledger:
            told = speak(ledger, self.setup, self.clock(), batch=batch)
        self._tell(told)

    def _sweep(self) -> int:
        now = self.clock()
        late = self._was_away(now)
        mood = Announce(batch=OUTAGE + "clock") if late else Announce()
        done = 0
        if self._hourly is None or not timedelta(0) <= now - self._hourly < HOURLY:
            self._hourly = now
            self._remember(now)
            self.wake(
                [
                    *(f"pack:{name}" for name in self.setup.library.marketplaces),
                    "service:orderbell",
                ],
                mood,
            )
            with self.store.write() as ledger:
                told = all_is_quiet(ledger, self.setup, now)
            self._tell(told)
        while (due := self._due(now))[0]:
            scopes, done = due[0], done + len(due[0])
            self.wake(scopes, mood)
        if due[1] or late:
            with self.store.write() as ledger:
                told = speak(ledger, self.setup, now, batch=mood.batch)
            self._tell(told)
            done += len(told)
        self._swept = now
        return done

    def _due(self, now: datetime) -> tuple[tuple[str, ...], bool]:
        with self.store.read() as ledger:
            waiting = ledger.alerts.next_waiting()
            return ledger.alerts.due(now, PART), waiting is not None and waiting <= now

    def _was_away(self, now: datetime) -> bool:
        if self._swept is not None:
            return self._patience is not None and now - self._swept > self._patience
        with self.store.read() as ledger:
            swept = ledger.told("swept")
        return swept is not None and now - swept.at > HOURLY + LATE

    def _remember(self, now: datetime) -> None:
        with self.store.write() as ledger:
            ledger.tell("swept", now, True)

    # the service itself

    def tell_health(self, name: str, value: object, scope: str) -> None:
        """Something about the service itself changed: write it down and judge it."""
        with self.store.write() as ledger:
            ledger.tell(name, self.clock(), value)
        self.wake([scope])


def _begins(
    ledger: Ledger, mailbox: str, folders: Sequence[str], now: datetime, backfill: timedelta
) -> dict[str, datetime]:
    """Folder → the instant before which its mails are history that nobody asked for.

    It is fixed when the folder is first looked at: a first run that was cut off still knows what
    was new then. Old
    instants fade: a folder that is renumbered is not read for years back. Servers tell whole
    seconds, and so does this.
    """
    name = f"begins:{mailbox}"
    row = ledger.told(name)
    known = {folder: datetime.fromisoformat(at) for folder, at in row.value.items()} if row else {}
    begins = {
        folder: known.get(folder, (now - backfill).replace(microsecond=0)) for folder in folders
    }
    if begins != known:
        ledger.tell(name, now, {folder: at.isoformat() for folder, at in begins.items()})
    return {folder: max(at, now - max(backfill, RESCAN)) for folder, at in begins.items()}
