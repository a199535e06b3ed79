"""What the service tells of itself beside its alerts: status line, metrics, ping, and what is
told past the ledger when it fails.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from daemon import __version__
from daemon.atomic import write_file
from daemon.pipeline.deliver import Send
from daemon.pipeline.setup import Setup
from daemon.push.delivery import Delivery, SendResult
from daemon.secrets import SecretError, resolve
from daemon.service.emergency import EMERGENCIES
from daemon.service.metrics import Metrics, Port
from daemon.service.ping import ping
from daemon.service.watcher import Watcher
from daemon.settings import Settings
from daemon.store.errors import StoreError
from daemon.store.ledger import Ledger
from daemon.store.mailboxes import MailboxRow
from daemon.store.store import Store
from rules.alert import Severity

log = logging.getLogger("orderbell.health")

QUIET = timedelta(hours=6)
"""The same is not told past the ledger again sooner."""


class Health:
    def __init__(self, settings: Settings, setup: Setup, send: Send) -> None:
        self.meter = Metrics()
        self.meter.set("orderbell_info", 1, version=__version__)
        self.meter.set("orderbell_start_time_seconds", time.time())
        self._send = send
        self._notified: dict[str, datetime] = {}
        self._pinged = 0.0
        self._received: dict[str, int] = {}
        self._port: Port | None = None
        self.use(settings, setup)

    def use(self, settings: Settings, setup: Setup) -> None:
        """Go by another configuration from now on."""
        self._settings = settings
        self._setup = setup
        wanted = settings.metrics_port
        if self._port is not None and self._port.number != wanted:
            self._port.close()
            self._port = None
        if wanted is not None and self._port is None:
            try:
                self._port = Port(wanted, self.meter.text)
            except OSError as error:
                log.warning("metrics port not opened port=%d: %s", wanted, error.strerror)

    def notify_all(self, what: str, now: datetime) -> None:
        """Tell every target at once and past the ledger; the same again only after six hours."""
        last = self._notified.get(what)
        if last is not None and now - last < QUIET:
            return
        self._notified[what] = now
        for target in self._setup.targets:
            title, body = EMERGENCIES[what][target.language]
            try:
                url = resolve(target.url, what=f"the URL of target {target.id}")
            except SecretError as error:
                log.warning("emergency not sent target=%s: %s", target.id, error)
                continue
            key = f"{what}-{now:%Y%m%dT%H%M%S}"
            delivery = Delivery(
                target=target.id,
                url=url,
                title=title,
                body=body,
                severity=Severity.CRITICAL.value,
                key=key,
            )
            self.pushed(target.id, self._send(delivery))

    def pushed(self, target: str, answer: SendResult) -> None:
        """One try to send ended so."""
        self.meter.count("orderbell_pushes_total", target=target, outcome=answer.outcome.value)
        if answer.reason:
            log.warning(
                "push target=%s outcome=%s: %s", target, answer.outcome.value, answer.reason
            )
        else:
            log.info("push target=%s outcome=%s", target, answer.outcome.value)

    def line(self, store: Store, watchers: Sequence[Watcher]) -> str:
        """For `systemctl status`."""
        well = sum(watcher.polled_at is not None for watcher in watchers)
        try:
            with store.read() as ledger:
                orders = ledger.orders.count()
                in_need = ledger.alerts.orders_in_need()
        except StoreError as error:
            return f"the ledger fails: {error.what}"
        megabytes = sum(watcher.meter.received for watcher in watchers) / 1e6
        read = f"{well} of {len(watchers)} mailboxes read ({megabytes:.1f} MB)"
        return f"{read}, {orders} orders, {in_need} need you"

    def cycle(self, store: Store, watchers: Sequence[Watcher], now: datetime) -> None:
        """Metrics and, after a good cycle, the ping."""
        limit = 3 * self._settings.poll.total_seconds() + 60
        steady = time.monotonic()
        good = all(one.polled_at is not None and steady - one.polled_at < limit for one in watchers)
        if self._settings.metrics_file or self._port or self._settings.web:
            self._measure(store, watchers, now, good=good)
        if (
            good
            and self._settings.ping_url
            and steady - self._pinged >= self._settings.poll.total_seconds()
        ):
            self._pinged = steady
            self._ping()

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    def _ping(self) -> None:
        assert self._settings.ping_url is not None  # noqa: S101 - asked for by cycle
        try:
            refusal = ping(resolve(self._settings.ping_url, what="the ping URL"))
        except SecretError as error:
            refusal = str(error)
        if refusal:
            log.warning("ping failed: %s", refusal)

    def _measure(
        self, store: Store, watchers: Sequence[Watcher], now: datetime, *, good: bool
    ) -> None:
        meter = self.meter
        try:
            with store.read() as ledger:
                measure(meter, ledger)
        except StoreError:
            return
        for watcher in watchers:
            name, received = watcher.box.id, watcher.meter.received
            meter.count(
                "orderbell_mailbox_received_bytes_total",
                max(0, received - self._received.get(name, 0)),
                mailbox=name,
            )
            self._received[name] = received
        if good:
            meter.set("orderbell_cycle_time_seconds", now.timestamp())
        if self._settings.metrics_file:
            try:
                write_file(self._settings.metrics_file, meter.text(), mode=0o644)
            except OSError as error:
                log.warning("metrics not written: %s", error.strerror)


def measure(meter: Metrics, ledger: Ledger) -> None:
    """What the ledger tells of itself."""
    meter.set("orderbell_orders", ledger.orders.count())
    ringing = ledger.alerts.ringing()
    boxes = ledger.mailboxes.all()
    for severity in Severity:
        meter.set("orderbell_alerts", ringing.get(severity, 0), severity=severity.value)
    meter.replace(
        "orderbell_outbox_messages",
        (
            (number, {"target": target, "state": state.value})
            for (target, state), number in ledger.outbox.counts().items()
        ),
    )
    meter.replace(
        "orderbell_mails",
        (
            (number, {"mailbox": box.id, "state": state})
            for box in boxes
            for state, number in ledger.mails.counts(box.id).items()
        ),
    )
    for box in boxes:
        _measure_mailbox(meter, box)


def _measure_mailbox(meter: Metrics, box: MailboxRow) -> None:
    meter.set("orderbell_mailbox_up", int(box.failing_since is None), mailbox=box.id)
    if box.last_ok_at:
        at = box.last_ok_at.timestamp()
        meter.set("orderbell_mailbox_polled_time_seconds", at, mailbox=box.id)
