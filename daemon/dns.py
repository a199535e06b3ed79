"""TXT records, for those who check signatures themselves (extra `dkim`)."""

import logging
import time
from collections.abc import Callable
from importlib.util import find_spec

Lookup = Callable[[str], str | None]
"""DNS name → its TXT record; None where there is none, or nobody answers."""

SECONDS = 3.0
KEPT_SECONDS = 3600.0
KEPT = 100

log = logging.getLogger(__name__)


def available() -> bool:
    """Whether the extra is installed."""
    return find_spec("dkim") is not None and find_spec("dns") is not None


def txt(name: str) -> str | None:
    """By the resolver of this machine, within SECONDS."""
    try:
        import dns.exception  # noqa: PLC0415 - an extra that most do without
        import dns.resolver  # noqa: PLC0415
    except ImportError:
        return None
    try:
        answer = dns.resolver.resolve(f"{name}.", "TXT", lifetime=SECONDS)
    except (dns.exception.DNSException, OSError) as error:
        log.warning("key not found name=%s error=%s", name, type(error).__name__)
        return None
    return b"".join(answer[0].strings).decode("ascii", "replace")


class Remembered:
    """Another lookup whose answers are kept for an hour, so that a day's mail asks once."""

    def __init__(self, ask: Lookup, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._known: dict[str, tuple[float, str]] = {}

    def __call__(self, name: str) -> str | None:
        now = self._clock()
        if name in self._known and now - self._known[name][0] < KEPT_SECONDS:
            return self._known[name][1]
        text = self._ask(name)
        if text is not None:
            self._known[name] = (now, text)
            while len(self._known) > KEPT:
                del self._known[next(iter(self._known))]
        return text
