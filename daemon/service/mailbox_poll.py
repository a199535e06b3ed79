"""One poll of one mailbox: every folder read to its end, each mail handed to the pipeline."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Self

from daemon.mailbox.arrived import Arrived, Cursor, Polled
from daemon.mailbox.errors import MailboxError, MailboxErrorKind
from daemon.mailbox.poll import PollOptions
from daemon.mailbox.session import Session
from daemon.pipeline.pipeline import Pipeline
from daemon.settings import Mailbox, Settings

log = logging.getLogger("orderbell.mailbox")

BATCH = 200
"""Mails of others whose rows are written together."""

Progress = Callable[[str, str, int, int], None]
"""Mailbox, folder, mails done, mails in all: the first run in a terminal shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a mailbox is polled, and how far back its first run reads."""

    every: timedelta
    backfill: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(every=settings.poll, backfill=settings.backfill)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollHooks:
    """What is called meanwhile."""

    beat: Callable[[], None] = lambda: None
    """With every mail: the worker lives."""
    expect: Callable[[], None] = lambda: None
    """Before a marketplace mail is fetched: what will be needed to tell of it can start."""
    progress: Progress | None = None


NO_HOOKS = PollHooks()


class MailboxPoll:
    """Begun when made: whoever polled the mailbox before is fenced off. Raises MailboxError and
    StoreError.
    """

    def __init__(
        self,
        session: Session,
        pipeline: Pipeline,
        box: Mailbox,
        pace: Pace,
        hooks: PollHooks = NO_HOOKS,
    ) -> None:
        self._session = session
        self._pipeline = pipeline
        self._box = box
        self._every = pace.every
        self._hooks = hooks
        self._poll = pipeline.begin_poll(box.id, backfill=pace.backfill)
        self._frame = pipeline.setup.frame(box.id)
        self._others: list[Arrived] = []
        """Mails of others of the folder at hand, kept back to be written together."""

    def run(self, *, rescan: bool = False) -> int:
        """Read every folder; how many mails were new. `rescan`: look below the cursors too."""
        seen = 0
        refusals: list[MailboxError] = []
        for folder in self._box.folders:
            try:
                seen += self._read(folder, rescan=rescan)
            except MailboxError as error:
                if error.kind not in (MailboxErrorKind.FOLDER, MailboxErrorKind.TEMPORARY):
                    raise
                refusals.append(error)  # of this folder: the others are read all the same
        missing = self._missing(refusals)
        if missing:
            log.warning("folders missing mailbox=%s: %s", self._box.id, missing)
        self._pipeline.end_poll(self._poll, self._pipeline.clock() + self._every, missing=missing)
        return seen

    def _missing(self, refusals: list[MailboxError]) -> str | None:
        """Which folders are not there, when others are. Raises the refusal that only a later try
        can end.
        """
        all_refused = len(refusals) == len(self._box.folders)
        for refusal in refusals:
            if refusal.kind is MailboxErrorKind.TEMPORARY or all_refused:
                raise refusal
        return f"{'; '.join(map(str, refusals))}; the other folders are read" if refusals else None

    def _read(self, folder: str, *, rescan: bool) -> int:
        """One folder read to its end; how many mails were new."""
        self._others = []  # of a folder that broke off: they are asked for again
        found = self._poll.cursors.get(folder)
        progress = self._hooks.progress
        polled = self._session.poll(
            folder,
            Cursor(uidvalidity=found[0], last_uid=found[1]) if found else None,
            self._poll.since[folder],
            self._wanted,
            self._take,
            PollOptions(
                unfinished=self._poll.first_run,
                on_reset=partial(self._pipeline.renumbered, self._poll, folder),
                progress=partial(progress, self._box.id, folder) if progress else None,
            ),
        )
        self._flush()
        self._pipeline.looked(self._poll, polled)
        return polled.seen + self._again(polled) + (self._late(polled) if rescan else 0)

    def _again(self, polled: Polled) -> int:
        """Mails whose reading was begun and never ended: a crash, or a server that gave no text;
        and of those it has long not given, which are due to be asked for again.
        """
        uidvalidity = polled.cursor.uidvalidity
        place = self._box.id, polled.folder, uidvalidity
        with self._pipeline.store.read() as ledger:
            uids = (
                *ledger.mails.unfinished(*place),
                *ledger.mails.unfetched(*place, self._pipeline.clock()),
            )
        left = [uid for uid in uids if uid not in polled.missing]
        if not left:
            return 0
        again = self._session.fetch(polled.folder, uidvalidity, left, self._take)
        self._flush()
        self._pipeline.looked(self._poll, again)
        return again.seen

    def _late(self, polled: Polled) -> int:
        """Mails that appeared below the cursor."""
        since = self._poll.since[polled.folder]
        late = self._session.rescan(
            polled.folder,
            polled.cursor,
            partial(self._known, polled),
            since,
            self._wanted,
            self._take,
        )
        self._flush()
        return late.seen

    def _known(self, polled: Polled, first: int, last: int) -> frozenset[int]:
        """UIDs of the folder, from `first` to `last`, that are on record."""
        with self._pipeline.store.read() as ledger:
            return ledger.mails.known_uids(
                self._box.id, polled.folder, polled.cursor.uidvalidity, first, last
            )

    def _wanted(self, header: bytes) -> bool:
        """Whether the whole mail is asked for."""
        if not self._pipeline.reads.wanted(header, self._frame):
            return False
        if not self._poll.first_run:
            self._hooks.expect()
        return True

    def _take(self, arrived: Arrived) -> None:
        """Mails are taken in their order: the cursor passes no mail without a row."""
        self._hooks.beat()
        if arrived.raw is None and not arrived.missing:
            self._others.append(arrived)
            if len(self._others) >= BATCH:
                self._flush()
            return
        self._flush()
        self._pipeline.take(self._poll, arrived)

    def _flush(self) -> None:
        others, self._others = self._others, []
        self._pipeline.skip(self._poll, others)
