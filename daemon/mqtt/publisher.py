"""A thread that keeps a broker up to date: state when it changed, every alert once, and one button.

The broker may be away for as long as it likes: alerts go their own way meanwhile. What was said
in its absence is published when it is back, from the ledger's rows, the newest hundred of it.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from daemon.mqtt.broker import WAIT, Broker
from daemon.mqtt.discovery import (
    OFFLINE,
    ONLINE,
    PRESS,
    Publication,
    Topics,
    alert_event,
    availability,
    discovery,
    state,
)
from daemon.overview import Overviews
from daemon.pipeline.commands import Commands
from daemon.pipeline.compose import word
from daemon.pipeline.setup import Setup
from daemon.secrets import SecretError
from daemon.settings import Mqtt
from daemon.store.alerts import AnnouncementRow
from daemon.store.errors import StoreError
from daemon.store.ledger import Ledger
from daemon.store.state import BROKER_TROUBLE, PUBLISHED
from daemon.store.store import Store
from rules.alert import AlertState

log = logging.getLogger("orderbell.mqtt")

LOOK = 60.0
"""Seconds between two looks when nothing was said."""
CATCH_UP = 100
"""Messages told again at most after the broker was away."""


class Publisher:
    """Publishes the ledger of one service until `close`. Never raises into the service."""

    def __init__(
        self,
        settings: Mqtt,
        store: Store,
        setup: Setup,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises MqttError and SecretError at once for what no waiting cures."""
        self._settings = settings
        self._store = store
        self._setup = setup
        self._clock = clock
        self._overviews = Overviews(setup.policy, setup.zone)
        self._topics = Topics(base=settings.topic)
        self._reborn = f"{settings.discovery}/status"
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._pressed = threading.Event()
        self._anew = threading.Event()
        self._described: tuple[str, ...] | None = None
        self._last_state = ""
        self._noted: str | None = None
        self._broker = Broker(
            settings,
            heard=self._heard,
            news=self._linked,
            listens=(self._topics.command, self._reborn),
        )
        self._thread = threading.Thread(target=self._work, name="mqtt", daemon=True)

    def start(self) -> None:
        """Connect in the background and return."""
        self._broker.open()
        self._thread.start()

    def changed(self) -> None:
        """Something was said or read: look again soon. Never waits."""
        self._changed.set()

    @property
    def trouble(self) -> str:
        """Why the broker is not reached or what it refuses, in a sentence; empty while all is well.

        It stands in the ledger too, for `orderbell status`.
        """
        return self._broker.trouble

    def close(self) -> None:
        """Say that the service ends, and end."""
        self._stopping.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(WAIT)
        if self._broker.up:
            self._broker.publish(availability(self._settings, OFFLINE), wait=2.0)
        self._broker.close()

    # called by the network thread

    def _linked(self) -> None:
        if not self._broker.up:
            self._anew.set()
        self._changed.set()

    def _heard(self, topic: str, payload: bytes) -> None:
        if topic == self._topics.command and payload == PRESS.encode():
            self._pressed.set()
        elif topic == self._reborn:  # Home Assistant has begun anew: it is told everything again
            self._anew.set()
        self._changed.set()

    # our own thread

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._changed.wait(LOOK)
            self._changed.clear()
            if self._stopping.is_set():
                return
            try:
                self._broker.settle()
                self._round()
            except (StoreError, SecretError) as error:
                log.warning("mqtt waits: %s", error)

    def _round(self) -> None:
        if self._pressed.is_set():
            self._pressed.clear()
            self._acknowledge_all()
        if self._broker.up:
            self._bring_up_to_date()
        trouble = self._broker.trouble
        if trouble != self._noted:
            note_trouble(self._store, self._clock(), trouble)
            self._noted = trouble

    def _bring_up_to_date(self) -> None:
        now = self._clock()
        with self._store.read() as ledger:
            seen = self._overviews.look(ledger, now)
            news, last = self._news(ledger, now)
        if self._anew.is_set():
            self._anew.clear()
            self._described, self._last_state = None, ""
        self._describe(one.currency for one in seen.at_stake)
        told = state(self._settings, seen)
        if told.payload != self._last_state and self._broker.publish(told):
            self._last_state = told.payload
        if all(self._broker.publish(one) for one in news) and last is not None:
            with self._store.write(light=True) as ledger:
                ledger.state.set(PUBLISHED, now, last)

    def _describe(self, currencies: Iterable[str]) -> None:
        """Publish every entity's document, unless the broker has them all."""
        known = tuple(sorted({*(self._described or ()), *currencies}))
        if known == self._described:
            return
        documents = [*discovery(self._settings, known), availability(self._settings, ONLINE)]
        taken = [self._broker.publish(one) for one in documents]  # all, though one be refused
        if all(taken):
            self._described = known

    def _news(self, ledger: Ledger, now: datetime) -> tuple[list[Publication], int | None]:
        """What was said since the last publication, and the number of the last message of it."""
        known = ledger.state.get(PUBLISHED)
        newest = ledger.alerts.newest_message()
        if known is None:  # the first time: the past is no news
            return [], newest
        last = int(known.value)
        if newest <= last:
            return [], newest if newest < last else None
        numbers = ledger.alerts.messages_after(max(last, newest - CATCH_UP), CATCH_UP)
        rows = [row for number in numbers for row in ledger.alerts.said_with(number)]
        return [self._event(row, now) for row in rows], newest

    def _event(self, row: AnnouncementRow, now: datetime) -> Publication:
        text = word(self._setup, row, None, now, language=self._settings.language)
        alert = row.alert
        return alert_event(
            self._settings,
            row.cause.value,
            {
                "rule": alert.rule,
                "severity": alert.severity.value,
                "title": text.title,
                "body": text.body,
                "order": (alert.order or "").rpartition(":")[2],
                "alert": str(row.row.id),
            },
        )

    def _acknowledge_all(self) -> None:
        with self._store.read() as ledger:
            rows = [row for row in ledger.alerts.all_live() if row.alert.state is AlertState.FIRING]
        if rows:
            commands = Commands(
                self._store, self._setup, clock=self._clock, channel="home assistant"
            )
            commands.acknowledge(rows)
            log.info("acknowledged from mqtt alerts=%d", len(rows))


def note_trouble(store: Store, now: datetime, trouble: str) -> None:
    """Keep in the ledger what is wrong with the broker, for `orderbell status`; empty: nothing."""
    with store.write(light=True) as ledger:
        ledger.state.set(BROKER_TROUBLE, now, trouble)
