"""The service: workers started and watched, the sweep driven, files reloaded, all of it ended
within ten seconds.
"""

import hashlib
import logging
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Self

from apscheduler.schedulers.background import BackgroundScheduler

from daemon import __version__
from daemon.dns import Remembered, txt
from daemon.http import WebError
from daemon.mailbox.wakeup import Wakeup
from daemon.mqtt.bridge import Bridge
from daemon.pipeline.acknowledge import hear
from daemon.pipeline.compose import Message
from daemon.pipeline.deliver import Send, recover, send_next
from daemon.pipeline.pipeline import LATE, Pipeline
from daemon.pipeline.scopes import RULES, SERVICE
from daemon.pipeline.setup import Setup
from daemon.push.notifier import Notifier
from daemon.push.trial import send_test
from daemon.secrets import SecretError
from daemon.service import systemd
from daemon.service.dispatch import Local
from daemon.service.files import Files
from daemon.service.health import Health
from daemon.service.mailbox_poll import Pace, PollHooks, Progress
from daemon.service.watcher import Watcher
from daemon.settings import Mailbox, Settings
from daemon.store.errors import StoreError, StoreErrorKind
from daemon.store.lock import Lock
from daemon.store.state import (
    CLOCK_JUMPED,
    FILES_REJECTED,
    RULES_IN_FORCE,
    STARTED,
    StateKey,
)
from daemon.store.store import prepare, rescue, suspect
from daemon.web.bridge import ServedPage
from daemon.worker.reading import ReadingChild
from parsers.user_yaml import UserFileError
from rules.alert import Scope

if TYPE_CHECKING:
    from daemon.web.site import Site

log = logging.getLogger("orderbell")

TICK = 5.0
"""Seconds between two looks of the sweep at what is due."""
GUARD = 10.0
HALF_SAVED = 60.0
"""Seconds a fault in the files must last before it is told: an editor may have saved one half."""
"""Seconds between two looks at workers, clock and files."""
JUMP = 5.0
"""Seconds by which the two clocks may part between two looks."""
BIG_JUMP = 3600.0
"""A jump worth telling: somebody should look at this machine's clock."""
END = 8.0
"""Seconds for everything under way to end."""
SENDERS = 4
ASK = 60.0
"""Seconds between two looks at the topics that buttons on phones write to."""


class Service:
    """Everything of one running Orderbell. Raises WrittenError and StoreError at the start, and
    never later.
    """

    def __init__(
        self,
        files: Files,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        send: Send | None = None,
        said: Callable[[Message], None] = lambda _message: None,
        progress: Progress | None = None,
    ) -> None:
        self._files = files
        self._clock = clock
        self._heard = said
        self._progress = progress
        self._bell = Wakeup()
        self._stopping = threading.Event()
        self._reload = False
        self._doubted_until: float | None = None
        """When files that have a fault are looked at once more, on the monotonic clock."""
        self._broken: StoreError | None = None
        self._resources = ExitStack()
        self._watchers: dict[str, Watcher] = {}
        self._mqtt = Bridge(clock)
        self.page = ServedPage()
        self._unreadable: set[str] = set()
        """Targets whose answers could not be read at the last look."""
        try:
            self._settings, setup = files.begin()
            self._stamp = files.stamp()
            prepare(files.ledger)
            self._resources.enter_context(Lock.take(files.state))
            self._sender = self._resources.enter_context(Notifier())
            self._send = send or self._sender.send
            self._open(setup)
        except BaseException:
            self._resources.close()
            self._bell.close()
            raise

    def _open(self, setup: Setup) -> None:
        self.store, rescued = rescue(self._files.ledger, self._clock())
        self._child = ReadingChild(setup.packs, lookup=Remembered(txt))
        self.pipeline = Pipeline(
            self.store, setup, self._child, clock=self._clock, said=self._said, patience=LATE
        )
        self.health = Health(self._settings, setup, self._send)
        if rescued is not None:
            log.error(
                "ledger was damaged aside=%s restored=%s",
                rescued.aside.name,
                bool(rescued.restored),
            )
            self.health.notify_all("restored" if rescued.restored else "lost", self._clock())
        unsure = recover(self.store, setup, self._clock())
        if unsure:
            log.warning("messages may have gone out before the last end count=%d", unsure)

    # life

    def start(self) -> None:
        """Start every worker and return."""
        now = self._clock()
        self._dispatch = Local(SENDERS)
        self._dispatch.run({"send": self._drain, "poll": self._poll_now, "hear": self._hear})
        self.pipeline.tell_health(STARTED, __version__, SERVICE)
        self.pipeline.tell_health(CLOCK_JUMPED, False, SERVICE)
        if left_out := self.pipeline.setup.left_out:
            self._reject(left_out[0].file, str(left_out[0]), len(left_out))
        else:
            self._tell_health(FILES_REJECTED, False, RULES)
        self._accept_rules(now)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.start()
        self._plan_sweep()
        for box in self._settings.mailboxes:
            self._watch(box)
        self._mqtt.use(self._settings.mqtt, self.store, self.pipeline.setup)
        self.page.use(self._settings.web, self._site)
        self._dispatch.submit("send", [target.id for target in self.pipeline.setup.targets])
        log.info(
            "watching mailboxes=%d targets=%d",
            len(self._watchers),
            len(self.pipeline.setup.targets),
        )

    def run(self) -> None:
        """Guard the workers until `stop`; a damaged ledger is replaced meanwhile."""
        systemd.ready()
        wall, steady = self._clock(), time.monotonic()
        while not self._stopping.is_set():
            systemd.status(self.health.line(self.store, list(self._watchers.values())))
            if self._alive():
                systemd.watchdog()
            self._bell.wait(GUARD)
            self._bell.clear()
            if self._stopping.is_set():
                return
            try:
                self._guard(wall, steady)
            except StoreError as error:
                log.warning("guard failed trouble=%s: %s", error.trouble.value, error)
                self._trouble(error)
            except Exception:  # a defect of ours must not end what still works
                log.exception("guard failed")
            wall, steady = self._clock(), time.monotonic()

    def stop(self) -> None:
        """Begin to end; safe in a signal handler."""
        self._stopping.set()
        self._bell.ring()

    def ask_reload(self) -> None:
        """Read the files again soon; safe in a signal handler."""
        self._reload = True
        self._bell.ring()

    def close(self) -> None:
        """End every worker; what is under way is finished or undone."""
        self._stopping.set()
        systemd.stopping()
        self._halt()
        self._resources.close()
        self._bell.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def poll_now(self) -> None:
        """Look into every mailbox soon."""
        for watcher in self._watchers.values():
            watcher.poll_now()

    # files

    def reload(self, *, doubtful: bool = False) -> bool:
        """Read the files again; with a fault in them, or one of ours that they bring to light, the
        last good ones stay in force. Whether they were taken. Raises StoreError.

        `doubtful`: a fault is told only when it is still there at a second look a minute later.
        """
        systemd.reloading()
        self._reload = False
        self._doubted_until = None
        self._stamp = self._files.stamp()
        try:
            self._take(*self._files.read())
        except UserFileError as error:
            if doubtful:
                self._doubt(error)
            else:
                self._reject(error.faults[0].file, str(error.faults[0]), len(error.faults))
            return False
        except StoreError:
            self._reload = True  # the ledger's trouble is not theirs: they are read once more
            raise
        except Exception as error:
            log.exception("files rejected by a defect of ours")
            what = f"{type(error).__name__} while they were read; please report it, with the log"
            self._reject(str(self._files.config), what, 1)
            return False
        finally:
            systemd.ready()
        self.poll_now()  # a secret may have been mended, which no file of ours shows
        log.info("files read again")
        return True

    def _take(self, settings: Settings, setup: Setup) -> None:
        """Go by these from now on, or, when that fails, by those before as if nothing had been."""
        before = self._settings, self.pipeline.setup
        try:
            self._use(settings, setup)
            self._tell_health(FILES_REJECTED, False, RULES)
        except StoreError:
            raise
        except Exception:
            self._use(*before)
            self.pipeline.rejudge()  # some orders were judged by the rules that failed
            raise

    def _use(self, settings: Settings, setup: Setup) -> None:
        old, self._settings = self._settings, settings
        if setup.packs != self.pipeline.setup.packs or self._files.packs.is_dir():
            self._child.use(setup.packs)
        self.pipeline.setup = setup
        self.health.use(settings, setup)
        self._accept_rules(self._clock())
        self._rewatch(old, settings)
        self._mqtt.use(settings.mqtt, self.store, setup)
        self.page.use(settings.web, self._site)

    def _doubt(self, error: UserFileError) -> None:
        """Look once more before it is told: half of a file may have been saved."""
        log.warning(
            "files have a fault, the last good ones stay in force faults=%d first=%s",
            len(error.faults),
            error.faults[0],
        )
        self._doubted_until = time.monotonic() + HALF_SAVED

    def _reject(self, file: str, reason: str, faults: int) -> None:
        """Say that the files did not take effect, and why."""
        log.warning("files rejected faults=%d first=%s", faults, reason)
        told = {"faults": faults, "reason": reason, "file": file}
        self._tell_health(FILES_REJECTED, told, RULES)

    def _rewatch(self, old: Settings, new: Settings) -> None:
        """End the watchers of mailboxes that changed or went, start those that are new."""
        same = (
            {box.id for box in new.mailboxes if box in old.mailboxes}
            if Pace.of(old) == Pace.of(new)
            else set()
        )
        ending = [self._watchers.pop(name) for name in list(self._watchers) if name not in same]
        for watcher in ending:
            watcher.stop()
        for watcher in ending:
            watcher.join(END)
        for box in new.mailboxes:
            if box.id not in self._watchers:
                self._watch(box)

    def _accept_rules(self, now: datetime) -> None:
        """Rules that changed since the last time are tried on every order that still runs."""
        book = self.pipeline.setup.rulebook
        print_ = hashlib.sha256(repr(book.effective()).encode()).hexdigest()
        with self.store.read() as ledger:
            known = ledger.state.get(RULES_IN_FORCE)
        if known is not None and known.value == print_:
            return
        if known is not None:
            self.pipeline.rejudge()
        with self.store.write() as ledger:
            ledger.state.set(RULES_IN_FORCE, now, print_)

    def _site(self) -> "Site":
        from daemon.web.site import InForce, Site  # noqa: PLC0415 - an extra that most do without

        return Site(
            store=self.store,
            state=self._files.state,
            files=lambda: InForce(settings=self._settings, setup=self.pipeline.setup),
            reads=lambda raw, frame: self._child(raw, frame),  # noqa: PLW0108 - the child may be another by then
            metrics=self.health.meter.text,
            clock=self._clock,
            tries=lambda target: send_test(target, self._sender),
            said=self._said,
        )

    # work

    def _watch(self, box: Mailbox) -> None:
        hooks = PollHooks(expect=self._expect, progress=self._progress)
        watcher = Watcher(
            box, self.pipeline, self._files, Pace.of(self._settings), hooks, self._trouble
        )
        self._watchers[box.id] = watcher
        watcher.start()

    def _expect(self) -> None:
        """A marketplace mail is coming: what reads it and what tells of it start while it is
        fetched.
        """
        self._child.warm()
        if self.pipeline.setup.targets:
            self._sender.warm()

    def _said(self, message: Message) -> None:
        log.info(
            "said message=%d kind=%s alerts=%d", message.number, message.kind, len(message.said)
        )
        self._dispatch.submit("send", [target.id for target in self.pipeline.setup.targets])
        self._mqtt.changed()
        self._heard(message)

    def _drain(self, target: str) -> None:
        try:
            while not self._stopping.is_set():
                answer = send_next(self.store, self.pipeline.setup, self._send, target, self._clock)
                if answer is None:
                    return
                self.health.pushed(target, answer)
        except StoreError as error:
            log.warning(
                "sending stopped target=%s trouble=%s: %s", target, error.trouble.value, error
            )
            self._trouble(error)

    def _ask(self) -> None:
        self._dispatch.submit(
            "hear", [one.id for one in self.pipeline.setup.targets if one.answers]
        )

    def _hear(self, target: str) -> None:
        try:
            answered = hear(self.store, self.pipeline.setup, target, self._clock)
        except (SecretError, WebError) as error:
            if target not in self._unreadable:
                log.warning("answers not read target=%s: %s", target, error)
            self._unreadable.add(target)
            return
        except StoreError as error:
            self._trouble(error)
            return
        self._unreadable.discard(target)
        if answered:
            log.info("acknowledged on the phone target=%s alerts=%d", target, answered)

    def _poll_now(self, mailbox: str) -> None:
        watcher = self._watchers.get(mailbox)
        if watcher is not None:
            watcher.poll_now()

    def _sweep(self) -> None:
        try:
            self.pipeline.sweep()
            with self.store.read() as ledger:
                targets = ledger.outbox.due_targets(self._clock())
                mailboxes = ledger.mailboxes.due(self._clock())
            self._dispatch.submit("send", targets)
            self._dispatch.submit("poll", [name for name in mailboxes if name in self._watchers])
        except StoreError as error:
            log.warning("sweep failed trouble=%s: %s", error.trouble.value, error)
            self._trouble(error)

    def _plan_sweep(self) -> None:
        self._scheduler.add_job(
            self._sweep, "interval", seconds=TICK, id="sweep", replace_existing=True
        )
        self._scheduler.add_job(self._ask, "interval", seconds=ASK, id="ask", replace_existing=True)

    # guard

    def _guard(self, wall: datetime, steady: float) -> None:
        """`wall` and `steady`: the two clocks when this was last done."""
        self._check_clock(wall, steady)
        self._look_at_files()
        if self._broken is not None:
            self._restore()
        self._keep_house(self._clock())

    def _look_at_files(self) -> None:
        doubted = self._doubted_until
        if self._reload or (doubted is not None and time.monotonic() >= doubted):
            self.reload()
        elif self._files.stamp() != self._stamp:
            self.reload(doubtful=True)

    def _alive(self) -> bool:
        dead = [
            watcher.box.id for watcher in self._watchers.values() if not watcher.heartbeat.alive
        ]
        if dead:
            log.error("workers hang mailboxes=%s", ",".join(dead))
        return not dead

    def _check_clock(self, wall: datetime, steady: float) -> None:
        """A job of APScheduler waits on the wall clock: after a jump all are planned anew."""
        jump = (self._clock() - wall).total_seconds() - (time.monotonic() - steady)
        if abs(jump) <= JUMP:
            return
        log.warning("clock jumped seconds=%+.0f", jump)
        self._plan_sweep()
        self.poll_now()
        if abs(jump) > BIG_JUMP:
            self._tell_health(CLOCK_JUMPED, True, SERVICE)

    def _keep_house(self, now: datetime) -> None:
        self._child.rest()
        try:
            made = self.store.copy_daily(now)
        except StoreError as error:
            log.warning("daily copy failed: %s", error)
            self._trouble(error)
        else:
            if made:
                log.info("ledger copied to=%s", made.name)
        self.health.cycle(self.store, list(self._watchers.values()), now)

    def _trouble(self, error: StoreError) -> None:
        if error.trouble is StoreErrorKind.CORRUPT:
            self._broken = error
            self._bell.ring()
        elif error.trouble in (StoreErrorKind.FULL, StoreErrorKind.IO, StoreErrorKind.ACCESS):
            self.health.notify_all(error.trouble.value, self._clock())

    def _tell_health(self, key: StateKey, value: object, scope: Scope) -> None:
        try:
            self.pipeline.tell_health(key, value, scope)
        except StoreError as error:
            self._trouble(error)

    def _restore(self) -> None:
        """The ledger is damaged: all workers end, it is set aside and restored, all begin again."""
        log.error("ledger is damaged: %s", self._broken)
        self._broken = None
        suspect(self._files.ledger)
        self._halt()
        self._open(self.pipeline.setup)
        self.start()

    def _halt(self) -> None:
        deadline = time.monotonic() + END
        if hasattr(self, "_scheduler") and self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for watcher in self._watchers.values():
            watcher.stop()
        if hasattr(self, "_dispatch"):
            self._dispatch.begin_stop()
        self._child.close()  # a mail in hand is read by whoever comes after us
        for watcher in self._watchers.values():
            if not watcher.join(deadline - time.monotonic()):
                log.error("worker did not end mailbox=%s", watcher.box.id)
        self._watchers.clear()
        self._mqtt.close()
        if self._stopping.is_set():
            self._sender.close()  # what was being sent comes back unsure, and is marked so
        if hasattr(self, "_dispatch"):
            self._dispatch.stop(deadline - time.monotonic())
        self.health.close()
        self.store.close()


def run(
    files: Files,
    *,
    said: Callable[[Message], None] = lambda _message: None,
    progress: Progress | None = None,
) -> None:
    """The service until SIGTERM or SIGINT; SIGHUP reads the files again.

    Raises WrittenError and StoreError at the start.
    """
    with Service(files, said=said, progress=progress) as service:

        def end(number: int, frame: FrameType | None) -> None:
            del number, frame
            service.stop()

        def again(number: int, frame: FrameType | None) -> None:
            del number, frame
            service.ask_reload()

        before = {
            number: signal.signal(number, handler)
            for number, handler in (
                (signal.SIGTERM, end),
                (signal.SIGINT, end),
                (signal.SIGHUP, again),
            )
        }
        try:
            service.start()
            service.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
