"""A thread that keeps a broker up to date: state when it changed, every alert once, and one button.

The broker may be away for as long as it likes: alerts go their own way meanwhile. What was said
in its absence is published when it is back, from the ledger's rows, the newest hundred of it.
"""

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

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
from daemon.secrets import SecretError, resolve
from daemon.settings import Mqtt
from daemon.store.alerts import AnnouncementRow
from daemon.store.errors import StoreError
from daemon.store.ledger import Ledger
from daemon.store.state import PUBLISHED
from daemon.store.store import Store
from parsers.errors import OrderbellError
from rules.alert import AlertState

if TYPE_CHECKING:
    from paho.mqtt.client import Client

log = logging.getLogger("orderbell.mqtt")

LOOK = 60.0
"""Seconds between two looks when nothing was said."""
KEEPALIVE = 30
"""Seconds; the broker tells the last will after one and a half of them."""
CATCH_UP = 100
"""Messages told again at most after the broker was away."""
WAIT = 10.0
"""Seconds in which a publication must reach the broker."""


class MqttError(OrderbellError):
    """The broker cannot be spoken to: what is wrong, and what to try."""


def new_client(settings: Mqtt) -> "Client":
    """A client with user, password, TLS and last will, not yet connected.

    Raises MqttError without the extra `mqtt`, SecretError for a password that is not to be had.
    """
    try:
        from paho.mqtt.client import Client  # noqa: PLC0415 - an extra that most do without
        from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415
    except ImportError as error:
        raise MqttError(
            "mqtt: needs the extra of that name: pipx install 'orderbell[mqtt]'"
        ) from error
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"{settings.topic}-service")
    if settings.user is not None:
        secret = resolve(settings.password, what="the MQTT password") if settings.password else None
        client.username_pw_set(settings.user, secret)
    if settings.tls:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
        client.tls_set_context(context)
    gone = availability(settings, OFFLINE)
    client.will_set(gone.topic, gone.payload, qos=1, retain=True)
    client.reconnect_delay_set(min_delay=1, max_delay=120)
    return client


def try_broker(settings: Mqtt, seconds: float = WAIT) -> None:
    """Log in at the broker and out again. Raises MqttError with what to try, SecretError."""
    client = new_client(settings)
    answered, codes = threading.Event(), []

    def connected(_client: Any, _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        codes.append(code)
        answered.set()

    client.on_connect = connected
    where = f"{settings.host}:{settings.broker_port}"
    try:
        client.connect(settings.host, settings.broker_port, keepalive=KEEPALIVE)
    except OSError as error:
        why = error.strerror or error
        raise MqttError(f"no broker at {where}: {why}", "check mqtt: host, port and tls") from error
    client.loop_start()
    heard = answered.wait(seconds)
    client.disconnect()
    client.loop_stop()
    if not heard:
        raise MqttError(f"{where} gave no answer", "is it an MQTT broker, and does it want tls?")
    if codes[0].is_failure:
        raise MqttError(f"the broker at {where} refused: {codes[0]}", "check user and password")


@dataclass(slots=True)
class _Link:
    """What the network thread knows."""

    up: threading.Event = field(default_factory=threading.Event)
    refusal: str = ""


class Publisher:
    """Publishes the ledger of one service until `close`. Never raises into the service."""

    def __init__(
        self,
        settings: Mqtt,
        store: Store,
        setup: Setup,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        make: Callable[[Mqtt], "Client"] = new_client,
    ) -> None:
        """Raises MqttError and SecretError at once for what no waiting cures."""
        self._settings = settings
        self._store = store
        self._setup = setup
        self._clock = clock
        self._overviews = Overviews(setup.policy, setup.zone)
        self._topics = Topics(base=settings.topic)
        self._link = _Link()
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._pressed = threading.Event()
        self._currencies: tuple[str, ...] = ()
        self._last_state = ""
        self._client = make(settings)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._commanded
        self._thread = threading.Thread(target=self._work, name="mqtt", daemon=True)

    def start(self) -> None:
        """Connect in the background and return."""
        self._client.connect_async(
            self._settings.host, self._settings.broker_port, keepalive=KEEPALIVE
        )
        self._client.loop_start()
        self._thread.start()

    def changed(self) -> None:
        """Something was said or read: look again soon. Never waits."""
        self._changed.set()

    @property
    def trouble(self) -> str:
        """Why the broker is not reached, in a sentence; empty while it is."""
        return "" if self._link.up.is_set() else self._link.refusal or "not connected yet"

    def close(self) -> None:
        """Say that the service ends, and end."""
        self._stopping.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(WAIT)
        if self._link.up.is_set():
            self._publish(availability(self._settings, OFFLINE), wait=2.0)
        self._client.disconnect()
        self._client.loop_stop()

    # the network thread of paho

    def _connected(self, client: "Client", _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        if code.is_failure:
            self._link.refusal = (
                f"the broker {self._settings.host} refused: {code}; check user and password"
            )
            log.warning("mqtt refused broker=%s: %s", self._settings.host, code)
            return
        self._link.refusal = ""
        client.subscribe(self._topics.command, qos=1)
        client.subscribe(f"{self._settings.discovery}/status", qos=1)
        self._last_state = ""
        self._currencies = ()
        self._link.up.set()
        self._changed.set()
        log.info("mqtt connected broker=%s", self._settings.host)

    def _disconnected(
        self, _client: "Client", _data: Any, _flags: Any, code: Any, _more: Any
    ) -> None:
        was_up = self._link.up.is_set()
        self._link.up.clear()
        if was_up and not self._stopping.is_set():
            self._link.refusal = f"the broker {self._settings.host} is away: {code}"
            log.warning("mqtt connection lost broker=%s: %s", self._settings.host, code)

    def _commanded(self, _client: "Client", _data: Any, message: Any) -> None:
        if message.topic == self._topics.command and message.payload == PRESS.encode():
            self._pressed.set()
        elif message.topic != self._topics.command:
            # Home Assistant has begun anew: it is told everything again
            self._currencies, self._last_state = (), ""
        self._changed.set()

    # our own thread

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._changed.wait(LOOK)
            self._changed.clear()
            if self._stopping.is_set():
                return
            try:
                if self._pressed.is_set():
                    self._pressed.clear()
                    self._acknowledge_all()
                if self._link.up.is_set():
                    self._bring_up_to_date()
            except (StoreError, SecretError) as error:
                log.warning("mqtt waits for the ledger: %s", error)

    def _bring_up_to_date(self) -> None:
        now = self._clock()
        with self._store.read() as ledger:
            seen = self._overviews.look(ledger, now)
            news, last = self._news(ledger, now)
        currencies = tuple(sorted({*self._currencies, *(one.currency for one in seen.at_stake)}))
        if not self._last_state or currencies != self._currencies:
            for one in discovery(self._settings, currencies):
                self._publish(one)
            self._publish(availability(self._settings, ONLINE))
            self._currencies = currencies
        told = state(self._settings, seen)
        if told.payload != self._last_state and self._publish(told):
            self._last_state = told.payload
        if all(self._publish(one, wait=WAIT) for one in news) and last is not None:
            with self._store.write(light=True) as ledger:
                ledger.state.set(PUBLISHED, now, last)

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

    def _publish(self, one: Publication, *, wait: float = WAIT) -> bool:
        """Whether the broker has it."""
        info = self._client.publish(one.topic, one.payload, qos=1, retain=one.retain)
        try:
            info.wait_for_publish(wait)
        except (RuntimeError, ValueError) as error:  # not connected, or its queue is full
            log.debug("mqtt not published topic=%s: %s", one.topic, error)
            return False
        return bool(info.is_published())
