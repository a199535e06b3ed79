"""The connection to one MQTT broker: login, last will, what it takes and what it refuses.

MQTT 5 is spoken first, because only there a broker answers that a topic is not ours to write
(reason codes of PUBACK, MQTT 5.0 §3.4.2.1); a broker that does not know it is spoken to in 3.1.1.
"""

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daemon.mqtt.discovery import OFFLINE, Publication, Topics, availability
from daemon.mqtt.trouble import away, not_let_in, silent, topics_refused, unreached
from daemon.secrets import resolve
from daemon.settings import Mqtt
from parsers.errors import OrderbellError

if TYPE_CHECKING:
    from paho.mqtt.client import Client

log = logging.getLogger("orderbell.mqtt")

KEEPALIVE = 30
"""Seconds; the broker tells the last will after one and a half of them."""
WAIT = 10.0
"""Seconds in which a publication must reach the broker."""
FIVE, OLDER = 5, 4
"""Protocol levels of MQTT 5 and 3.1.1, as they stand in CONNECT."""


class MqttError(OrderbellError):
    """The broker cannot be spoken to: what is wrong, and what to try."""


def new_client(settings: Mqtt, *, level: int = FIVE, who: str = "service") -> "Client":
    """A client with user, password and TLS, not yet connected.

    `who` keeps a trial from taking over the connection of the service: a broker has one of each
    name. Raises MqttError without the extra `mqtt`, SecretError for a password not to be had.
    """
    try:
        from paho.mqtt.client import Client  # noqa: PLC0415 - an extra that most do without
        from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion  # noqa: PLC0415
    except ImportError as error:
        raise MqttError(
            "mqtt: needs the extra of that name: pipx install 'orderbell[mqtt]'"
        ) from error
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"{settings.topic}-{who}",
        protocol=MQTTProtocolVersion(level),
    )
    if settings.user is not None:
        secret = resolve(settings.password, what="the MQTT password") if settings.password else None
        client.username_pw_set(settings.user, secret)
    if settings.tls:
        client.tls_set_context(ssl.create_default_context(cafile=settings.tls_ca_file))
    client.reconnect_delay_set(min_delay=1, max_delay=120)
    return client


@dataclass(slots=True)
class _Link:
    """What the network thread knows."""

    up: threading.Event = field(default_factory=threading.Event)
    greeted: bool = False
    """Whether the broker ever answered our CONNECT in this protocol."""
    strange: bool = False
    """The broker does not know the protocol that we speak."""
    down: str = ""
    """Why the broker is not reached, in a sentence."""
    refused: dict[str, str] = field(default_factory=dict)
    """Topic → why the broker does not take it from us, or give it to us."""
    answers: dict[int, Any] = field(default_factory=dict)
    """Number of a message or subscription → its topic, until it is answered."""


class Broker:
    """One connection that comes back by itself until `close`."""

    def __init__(
        self,
        settings: Mqtt,
        *,
        heard: Callable[[str, bytes], None] = lambda _topic, _payload: None,
        news: Callable[[], None] = lambda: None,
        listens: tuple[str, ...] = (),
        who: str = "service",
    ) -> None:
        """`heard` takes topic and payload, `news` is called when the link changed; both are called
        by the network thread. Raises MqttError and SecretError at once for what no waiting cures.
        """
        self._settings = settings
        self._heard = heard
        self._news = news
        self._listens = listens
        self._who = who
        self._level = FIVE
        self._link = _Link()
        self._client = self._made(self._level)

    def _made(self, level: int) -> "Client":
        client = new_client(self._settings, level=level, who=self._who)
        if self._who == "service":
            gone = availability(self._settings, OFFLINE)
            client.will_set(gone.topic, gone.payload, qos=1, retain=True)
        client.on_connect = self._connected
        client.on_connect_fail = self._unreached
        client.on_disconnect = self._disconnected
        client.on_publish = self._answered
        client.on_subscribe = self._subscribed
        client.on_message = lambda _client, _data, message: self._heard(
            message.topic, bytes(message.payload)
        )
        return client

    @property
    def where(self) -> str:
        return f"{self._settings.host}:{self._settings.broker_port}"

    @property
    def up(self) -> bool:
        return self._link.up.is_set()

    @property
    def trouble(self) -> str:
        """Why the broker is not reached or what it refuses, in a sentence; empty when all is well.

        Empty, too, until a first try has failed.
        """
        if self._link.down or not self._link.refused:
            return self._link.down
        return topics_refused(self._settings, self._link.refused)

    def open(self) -> None:
        """Connect in the background and return."""
        self._client.connect_async(
            self._settings.host, self._settings.broker_port, keepalive=KEEPALIVE
        )
        self._client.loop_start()

    def settle(self) -> bool:
        """Change over to the other protocol if the broker does not know the one we speak.

        Says whether it did. Raises SecretError when the password is no longer to be had; then the
        next call tries again. Not to be called by the network thread, which ends here.
        """
        if not self._link.strange:
            return False
        level = OLDER if self._level == FIVE else FIVE
        client = self._made(level)
        self.close()
        self._level, self._client = level, client
        self._link = _Link(down=self._link.down)
        self.open()
        return True

    def publish(self, one: Publication, *, wait: float = WAIT) -> bool:
        """Whether the broker has taken it within so many seconds."""
        info = self._client.publish(one.topic, one.payload, qos=1, retain=one.retain)
        try:
            info.wait_for_publish(wait)
        except (RuntimeError, ValueError) as error:  # not connected, or its queue is full
            log.debug("mqtt not published topic=%s: %s", one.topic, error)
            return False
        code = self._link.answers.pop(info.mid, None)
        return bool(info.is_published()) and self._taken(one.topic, code)

    def close(self) -> None:
        """Leave without a last will."""
        self._client.disconnect()
        self._client.loop_stop()

    def _taken(self, topic: str, code: Any) -> bool:
        if code is None or not code.is_failure:
            self._link.refused.pop(topic, None)
            return True
        if topic not in self._link.refused:
            log.warning("mqtt topic refused broker=%s topic=%s: %s", self.where, topic, code)
        self._link.refused[topic] = str(code)
        return False

    # called by the network thread of paho

    def _connected(self, client: "Client", _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        self._link.greeted = True
        if code.is_failure:
            self._not_let_in(str(code))
            return
        self._link.down = ""
        for topic in self._listens:
            _result, number = client.subscribe(topic, qos=1)
            self._link.answers[number or 0] = topic
        self._link.up.set()
        self._news()
        log.info("mqtt connected broker=%s level=%d", self._settings.host, self._level)

    def _not_let_in(self, code: str) -> None:
        if code == "Unsupported protocol version":
            self._link.strange = True
            self._news()
            return
        self._link.down = not_let_in(self._settings, code)
        self._news()
        log.warning("mqtt refused broker=%s: %s", self.where, code)

    def _unreached(self, _client: "Client", _data: Any) -> None:
        self._link.down = unreached(self._settings)
        self._news()

    def _disconnected(
        self, _client: "Client", _data: Any, _flags: Any, code: Any, _more: Any
    ) -> None:
        was_up = self.up
        self._link.up.clear()
        if was_up:
            self._link.down = away(self._settings, str(code))
            log.warning("mqtt connection lost broker=%s: %s", self._settings.host, code)
        elif not self._link.greeted:  # hung up on our CONNECT: some that know only 3.1.1 do that
            self._link.strange = True
            self._link.down = silent(self._settings)
        self._news()

    def _answered(self, _client: "Client", _data: Any, number: int, code: Any, _more: Any) -> None:
        self._link.answers[number] = code

    def _subscribed(
        self, _client: "Client", _data: Any, number: int, codes: Any, _more: Any
    ) -> None:
        topic = self._link.answers.pop(number, "")
        self._taken(topic, codes[0])
        self._news()


def try_broker(settings: Mqtt, seconds: float = WAIT) -> None:
    """Log in, write where the service would, and leave. Raises MqttError, SecretError.

    What is written is nothing: a message of no length beside the topics in use.
    """
    changed = threading.Event()
    base, found = settings.topic, settings.discovery
    command = Topics(base=base).command
    broker = Broker(settings, news=changed.set, listens=(command,), who="doctor")
    broker.open()
    try:
        _wait_for_answer(broker, changed, seconds)
        if not broker.up:
            raise MqttError(broker.trouble or silent(settings))
        for topic in (f"{base}/doctor", f"{found}/sensor/{base}/doctor/config"):
            broker.publish(Publication(topic=topic, payload="", retain=False), wait=seconds)
        if broker.trouble:
            raise MqttError(broker.trouble)
    finally:
        broker.close()


def _wait_for_answer(broker: Broker, changed: threading.Event, seconds: float) -> None:
    for _ in range(3):  # once for each protocol, and once more for the first
        changed.wait(seconds)
        changed.clear()
        if not broker.settle():
            return
