"""Numbers for Prometheus: counted where things happen, read as a text file (node_exporter) or on a
loopback port.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from prometheus_client import Counter, Gauge, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

# The start of every counter is that of the service, which is told.
disable_created_metrics()  # type: ignore[no-untyped-call]
CLIENT_SECONDS = 5.0
"""A scraper that is slower is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One row of the documented table of metrics."""

    name: str
    kind: Literal["counter", "gauge"]
    meaning: str
    labels: tuple[str, ...] = ()


METRICS = (
    Metric(
        name="orderbell_info",
        kind="gauge",
        meaning="Always 1; the version that is running.",
        labels=("version",),
    ),
    Metric(
        name="orderbell_start_time_seconds",
        kind="gauge",
        meaning="When the service started, seconds since 1970 UTC.",
    ),
    Metric(
        name="orderbell_mails",
        kind="gauge",
        meaning="Mails in the ledger, by state (read, ignored, quarantine …).",
        labels=("mailbox", "state"),
    ),
    Metric(
        name="orderbell_mailbox_up",
        kind="gauge",
        meaning="1 when the last poll of the mailbox succeeded, else 0.",
        labels=("mailbox",),
    ),
    Metric(
        name="orderbell_mailbox_polled_time_seconds",
        kind="gauge",
        meaning="When the mailbox was last polled with success, seconds since 1970 UTC.",
        labels=("mailbox",),
    ),
    Metric(
        name="orderbell_mailbox_received_bytes_total",
        kind="counter",
        meaning="Bytes read from the mail server since the start.",
        labels=("mailbox",),
    ),
    Metric(
        name="orderbell_pushes_total",
        kind="counter",
        meaning="Tries to send since the start, by how they ended (sent, failed, unsure).",
        labels=("target", "outcome"),
    ),
    Metric(
        name="orderbell_outbox_messages",
        kind="gauge",
        meaning="Messages in the outbox, by state.",
        labels=("target", "state"),
    ),
    Metric(
        name="orderbell_alerts",
        kind="gauge",
        meaning="Alerts that are firing, by severity.",
        labels=("severity",),
    ),
    Metric(name="orderbell_orders", kind="gauge", meaning="Orders in the ledger."),
    Metric(
        name="orderbell_cycle_time_seconds",
        kind="gauge",
        meaning="When the last good cycle of the whole service ended, seconds since 1970 UTC.",
    ),
)
KNOWN = {metric.name: metric for metric in METRICS}


class Metrics(Collector):
    """All numbers of one process; thread-safe. An unknown name or label raises: the table is what
    is promised. A metric without a value is not shown: a zero would be one.
    """

    def __init__(self) -> None:
        self._made: dict[str, Counter | Gauge] = {}
        self._lock = threading.Lock()

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        """Raise a counter."""
        metric = self._metric(name, "counter")
        assert isinstance(metric, Counter)  # noqa: S101 - for mypy
        (metric.labels(**labels) if labels else metric).inc(by)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        metric = self._metric(name, "gauge")
        assert isinstance(metric, Gauge)  # noqa: S101 - for mypy
        (metric.labels(**labels) if labels else metric).set(value)

    def replace(self, name: str, rows: Iterable[tuple[float, dict[str, str]]]) -> None:
        """All rows of a gauge at once: what is not among them is gone."""
        fresh = _make(KNOWN[name])
        assert isinstance(fresh, Gauge)  # noqa: S101 - only gauges are replaced
        for value, labels in rows:
            fresh.labels(**labels).set(value)
        with self._lock:
            self._made[name] = fresh

    def text(self) -> str:
        """Prometheus' text format: every metric of the table that has a value, in the table's
        order.
        """
        return generate_latest(self).decode()

    def collect(self) -> Iterator[Family]:
        """For prometheus_client, whose registry this stands in for."""
        with self._lock:
            made = [self._made[one.name] for one in METRICS if one.name in self._made]
        for metric in made:
            yield from metric.collect()

    def _metric(self, name: str, kind: str) -> Counter | Gauge:
        known = KNOWN[name]
        if known.kind != kind:
            raise ValueError(f"{name} is a {known.kind}")
        with self._lock:
            return self._made.setdefault(name, _make(known))


def _make(metric: Metric) -> Counter | Gauge:
    kind = Counter if metric.kind == "counter" else Gauge
    return kind(metric.name, metric.meaning, metric.labels, registry=None)


class Port:
    """`GET /metrics` on loopback, and nothing else; ended by `close()`. Raises OSError when the
    port is taken.
    """

    def __init__(self, port: int, text: Callable[[], str]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(text))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )
        self._thread.start()

    @property
    def number(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(CLIENT_SECONDS)


def _handler(text: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = CLIENT_SECONDS

        def do_GET(self) -> None:
            # A web page that guesses the port reaches it under a name of its own (DNS rebinding).
            host = self.headers.get("Host", "").rpartition(":")[0]
            if self.path != "/metrics" or host not in ("127.0.0.1", "localhost"):
                self.send_error(404)
                return
            body = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """A scrape every 15 s is no event."""

    return Handler
