"""One mailbox, one thread, one connection: polled by the clock, and earlier when the server hints
at mail.
"""

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from daemon.mailbox import oauth
from daemon.mailbox.errors import MailboxError, MailboxErrorKind, next_try
from daemon.mailbox.login import trust
from daemon.mailbox.session import LONGEST_IDLE, Session
from daemon.mailbox.transport import ByteCounter
from daemon.mailbox.wakeup import Wakeup
from daemon.pipeline.flags import see_flags
from daemon.pipeline.pipeline import Pipeline
from daemon.secrets import SecretError, resolve
from daemon.service.files import Files
from daemon.service.mailbox_poll import NO_HOOKS, MailboxPoll, Pace, PollHooks
from daemon.settings import Mailbox, Secret
from daemon.store.errors import StoreError, StoreErrorKind
from daemon.worker.reading import ReadingStoppedError

log = logging.getLogger("orderbell.mailbox")

LATEST = 30.0
"""Seconds after the time of its next poll at which a worker polls without being told."""
RESCAN_SECONDS = 3600.0
LIFETIME_SECONDS = 86400.0
"""A connection is replaced after a day: whatever a server or a library piles up goes with it."""
STORE_SECONDS = 60.0
"""Between two tries while the disk is full."""
GRACE = 330.0
"""A command that brings whole mails may take 300 s; a worker silent for longer hangs."""


@dataclass(slots=True)
class Heartbeat:
    """Until when the worker may be silent without being taken for dead, on the monotonic clock."""

    until: float = field(default_factory=lambda: time.monotonic() + GRACE)

    def beat(self, seconds: float = 0.0) -> None:
        self.until = time.monotonic() + seconds + GRACE

    @property
    def alive(self) -> bool:
        return time.monotonic() < self.until


def secret_of(box: Mailbox, files: Files, *, fresh: bool = False) -> tuple[str, bool]:
    """The password, or an access token and True. Read anew for each connection. Raises
    MailboxError.
    """
    try:
        if box.token_command:
            return resolve(
                Secret(command=box.token_command), what=f"the token of mailbox {box.id}"
            ), True
        if box.login:
            return oauth.access_token(files.token(box.id), fresh=fresh), True
        assert box.password is not None  # noqa: S101 - the configuration was checked for one of the three
        return resolve(box.password, what=f"the password of mailbox {box.id}"), False
    except SecretError as error:
        raise MailboxError(MailboxErrorKind.SECRET, error.what, error.try_this) from error


def open_session(box: Mailbox, files: Files, meter: ByteCounter, *, fresh: bool = False) -> Session:
    """Connect and log in. Raises MailboxError."""
    secret, token = secret_of(box, files, fresh=fresh)
    context: ssl.SSLContext = trust(box.tls_ca_file)
    return Session.open(box, secret, context, token=token, meter=meter)


class Watcher:
    """The thread of one mailbox. `stop` ends it within seconds, whatever it is doing."""

    def __init__(
        self,
        box: Mailbox,
        pipeline: Pipeline,
        files: Files,
        pace: Pace,
        hooks: PollHooks = NO_HOOKS,
        broken: Callable[[StoreError], None] = lambda _error: None,
    ) -> None:
        self.box = box
        self.heartbeat = Heartbeat()
        self.meter = ByteCounter()
        self.polled_at: float | None = None
        """Of the last good poll, on the monotonic clock."""
        self._pipeline = pipeline
        self._files = files
        self._pace = pace
        self._hooks = replace(hooks, beat=self.heartbeat.beat)
        self._broken = broken
        self._bell = Wakeup()
        self._stopping = threading.Event()
        self._session: Session | None = None
        self._connecting = False
        """There is nothing yet that could be hung up, and nothing in hand that could be lost."""
        self._failures = 0
        self._refused = False
        self._thread = threading.Thread(target=self._run, name=f"mail-{box.id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poll_now(self) -> None:
        """Look at the mailbox soon."""
        self._bell.ring()

    def stop(self) -> None:
        """Begin to end; `join` waits for it."""
        self._stopping.set()
        self._bell.ring()
        session = self._session
        if session is not None:
            session.abort()

    def join(self, seconds: float) -> bool:
        """Whether it ended in time. One that is connecting is not waited for: it does nothing more,
        and then ends.
        """
        end = time.monotonic() + seconds
        while self._thread.is_alive() and not self._connecting and time.monotonic() < end:
            self._thread.join(0.1)
        if self._thread.is_alive():
            return self._connecting
        self._bell.close()
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._connected()
            except MailboxError as error:
                if not self._stopping.is_set():
                    self._wait(self._failed(error))
            except StoreError as error:
                if self._stopping.is_set():
                    return
                self._wait(self._stuck(error))
            except ReadingStoppedError:
                return
            except KeyError:
                return  # the configuration no longer has this mailbox
            except Exception:
                # A defect of ours in one mailbox must neither end the others nor be tried a
                # thousand times a second.
                log.exception("poll failed mailbox=%s", self.box.id)
                self._wait(STORE_SECONDS)

    def _connected(self) -> None:
        self.heartbeat.beat()
        self._connecting = True
        try:
            opened = open_session(self.box, self._files, self.meter, fresh=self._refused)
        finally:
            self._connecting = (
                self._stopping.is_set()
            )  # a stopped one stays so: nobody waits for it any more
        with opened as session:
            if self._stopping.is_set():
                return
            self._session = session
            self._refused = False
            log.info("connected mailbox=%s", self.box.id)
            born = rescanned = time.monotonic()
            first = True
            try:
                while not self._stopping.is_set() and time.monotonic() - born < LIFETIME_SECONDS:
                    rescan = first or time.monotonic() - rescanned >= RESCAN_SECONDS
                    if rescan:
                        rescanned = time.monotonic()
                    self._poll(session, rescan=rescan)
                    first = False
                    self._idle(session)
            finally:
                self._session = None

    def _poll(self, session: Session, *, rescan: bool) -> None:
        self._bell.clear()
        poll = MailboxPoll(session, self._pipeline, self.box, self._pace, self._hooks)
        seen = poll.run(rescan=rescan)
        answered = see_flags(
            self._pipeline.store,
            self._pipeline.setup,
            self.box.id,
            session.flags,
            self._pipeline.clock,
        )
        if answered:
            log.info("acknowledged by flag mailbox=%s alerts=%d", self.box.id, answered)
        self._failures = 0
        self.polled_at = time.monotonic()
        log.log(
            logging.INFO if seen else logging.DEBUG, "polled mailbox=%s mails=%d", self.box.id, seen
        )

    def _idle(self, session: Session) -> None:
        """Wait for a hint, the bell, or the time of the next poll."""
        if self._stopping.is_set():
            return
        # The row `next_poll_at` rings the bell; this is for the day when nobody does.
        until = time.monotonic() + self._pace.every.total_seconds() + LATEST
        while (left := until - time.monotonic()) > 0 and not self._bell.wait(0):
            self.heartbeat.beat(min(left, LONGEST_IDLE))
            if session.idle(
                min(left, LONGEST_IDLE), self._bell, session.first_read(self.box.folders)
            ):
                self._hooks.expect()
                break
        self.heartbeat.beat()

    def _wait(self, seconds: float) -> None:
        self.heartbeat.beat(seconds)
        self._bell.clear()
        if not self._stopping.is_set():
            self._bell.wait(seconds)

    def _failed(self, error: MailboxError) -> float:
        """Note the failure; seconds until the next try."""
        self._failures += 1
        self._refused = error.kind is MailboxErrorKind.EXPIRED_TOKEN
        pause = next_try(error.kind, self._failures, random.random())  # noqa: S311 - spreads load, guards nothing
        log.warning("mailbox failed mailbox=%s kind=%s: %s", self.box.id, error.kind.value, error)
        try:
            self._pipeline.fail_poll(
                self.box.id,
                kind=error.kind.value,
                what=str(error),
                permanent=error.permanent,
                next_poll_at=datetime.now(UTC) + pause,
            )
        except StoreError as trouble:
            return max(pause.total_seconds(), self._stuck(trouble))
        return pause.total_seconds()

    def _stuck(self, error: StoreError) -> float:
        """The ledger takes nothing: no cursor moves, so nothing is lost; seconds until the next
        try.
        """
        if error.trouble is StoreErrorKind.FENCED:
            log.warning("fenced off mailbox=%s", self.box.id)
            return 1.0
        log.error(
            "ledger failed mailbox=%s trouble=%s: %s", self.box.id, error.trouble.value, error
        )
        self._broken(error)
        return 1.0 if error.trouble is StoreErrorKind.BUSY else STORE_SECONDS
