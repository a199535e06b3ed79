"""The publisher of a service, if its configuration has one. Imports the rest only then."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from daemon.pipeline.setup import Setup
from daemon.secrets import SecretError
from daemon.settings import Mqtt
from daemon.store.store import Store

if TYPE_CHECKING:
    from daemon.mqtt.publisher import Publisher

log = logging.getLogger("orderbell.mqtt")


class Bridge:
    """Opened, replaced and closed with the service's configuration; never raises into it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._publisher: Publisher | None = None

    def use(self, settings: Mqtt | None, store: Store, setup: Setup) -> str:
        """Go by this configuration from now on; why it cannot be, in a sentence, or nothing."""
        self.close()
        if settings is None:
            return ""
        from daemon.mqtt.broker import MqttError  # noqa: PLC0415 - most have no broker
        from daemon.mqtt.publisher import Publisher, note_trouble  # noqa: PLC0415

        try:
            self._publisher = Publisher(settings, store, setup, clock=self._clock)
        except (MqttError, SecretError, OSError) as error:
            log.warning("mqtt not opened: %s", error)
            note_trouble(store, self._clock(), str(error))
            return str(error)
        self._publisher.start()
        return ""

    def changed(self) -> None:
        """Something was said: publish it soon."""
        if self._publisher is not None:
            self._publisher.changed()

    def close(self) -> None:
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None
