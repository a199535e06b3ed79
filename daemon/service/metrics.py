"""Numbers for Prometheus: counted where things happen, read as a text file (node_exporter) or on a
loopback port.
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
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


class Metrics:
    """All numbers of one process; thread-safe. An unknown name or label raises: the table is what
    is promised.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[tuple[str, ...], float]] = {}

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        """Raise a counter."""
        key = _key(name, "counter", labels)
        with self._lock:
            rows = self._values.setdefault(name, {})
            rows[key] = rows.get(key, 0) + by

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        key = _key(name, "gauge", labels)
        with self._lock:
            self._values.setdefault(name, {})[key] = value

    def replace(self, name: str, rows: Iterable[tuple[float, dict[str, str]]]) -> None:
        """All rows of a gauge at once: what is not among them is gone."""
        found = {_key(name, "gauge", labels): value for value, labels in rows}
        with self._lock:
            self._values[name] = found

    def text(self) -> str:
        """Prometheus' text format: every metric of the table that has a value, in the table's
        order.
        """
        with self._lock:
            values = {name: dict(rows) for name, rows in self._values.items()}
        return "".join(
            _block(metric, values[metric.name]) for metric in METRICS if values.get(metric.name)
        )


def write(path: Path, text: str) -> None:
    """Put the text in place in one step, readable by all: node_exporter never sees half of it.
    Raises OSError.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


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


def _key(name: str, kind: str, labels: dict[str, str]) -> tuple[str, ...]:
    metric = KNOWN[name]
    if metric.kind != kind or set(labels) != set(metric.labels):
        raise ValueError(f"{name} is a {metric.kind} with the labels {metric.labels}")
    return tuple(labels[label] for label in metric.labels)


def _block(metric: Metric, rows: dict[tuple[str, ...], float]) -> str:
    lines = [f"# HELP {metric.name} {metric.meaning}", f"# TYPE {metric.name} {metric.kind}"]
    for key, value in sorted(rows.items()):
        pairs = ",".join(
            f'{label}="{_escaped(word)}"' for label, word in zip(metric.labels, key, strict=True)
        )
        lines.append(
            f"{metric.name}{{{pairs}}} {value:.15g}" if pairs else f"{metric.name} {value:.15g}"
        )
    return "\n".join([*lines, ""])


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


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
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """A scrape every 15 s is no event."""

    return Handler
