"""The whole road: a mail arrives at a real server, its alert at an HTTP target; beside a client of
nothing of ours.
"""

import http.client
import os
import queue
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import imapclient

from benchmarks.result import Result
from benchmarks.unavailable import Unavailable
from daemon.demo.samples import letter
from tests.servers import dovecot
from tests.servers.sink import Sink

MAILS = 20
CONFIG = """\
version: 1
mailboxes:
  - id: main
    host: 127.0.0.1
    port: {port}
    tls: none
    user: {user}
    password: {{value: {password}}}
    unverified: trust
targets:
  - {{id: phone, url: {{value: "json://{sink}/alert"}}}}
notify: {{all: [phone]}}
alerts:
  critical: {{notify: [all]}}
  warning: {{notify: [all]}}
  info: {{notify: [all], group: now}}
group_wait: 0s
rate_limit: 1000
backfill: 0d
"""


def run() -> Iterator[Result]:
    if not dovecot.BINARY.exists():
        raise Unavailable(dovecot.MISSING)
    with dovecot.running() as server, Sink() as sink, tempfile.TemporaryDirectory() as folder:
        user = server.user()
        server.append(user, _mail(0))
        with (
            _service(Path(folder), server, user, sink),
            _watching(server, user, sink),
            server.client(user) as writer,
        ):
            ours, floor = _measure(sink, writer)
    yield Result(
        workload=f"mail arrives → alert at an HTTP target, median of {MAILS}",
        measured=ours,
        unit="ms",
        promise="≤ notify delay + 30 ms",
        kept=ours <= floor + 30,
        floor=floor,
    )


def _mail(number: int) -> bytes:
    """A dispute judged, of another order each time."""
    return letter("lamp-judged", datetime.now(UTC)).replace(
        b"8100000000000002", b"81000000000%05d" % (90_000 + number)
    )


def _measure(sink: Sink, writer: imapclient.IMAPClient) -> tuple[float, float]:
    """Medians in ms, from the server's OK to the request in hand: the service's, and the bare
    client's.
    """
    dice = random.Random(1)
    ours, bare = [], []
    for number in range(1, MAILS + 1):
        before = len(sink.requests)
        writer.append("INBOX", _mail(number))
        appended = time.monotonic()
        came = {request.path: request.at for request in sink.wait(before + 2)[before:]}
        ours.append(came["/alert"] - appended)
        bare.append(came["/floor"] - appended)
        time.sleep(0.3 + dice.random() / 10)
    return statistics.median(ours) * 1000, statistics.median(bare) * 1000


@contextmanager
def _service(folder: Path, server: dovecot.Dovecot, user: str, sink: Sink) -> Iterator[None]:
    """`orderbell run` as a process of its own, from the message that its first run is over."""
    config = folder / "config.yaml"
    config.write_text(
        CONFIG.format(port=server.port, user=user, password=server.password, sink=sink.host)
    )
    config.chmod(0o600)
    command = [
        str(Path(sys.executable).with_name("orderbell")),
        "--config",
        str(config),
        "--state",
        str(folder / "state"),
    ]
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            [*command, "run"], stdout=log, stderr=log, env={**os.environ, "TZ": "UTC"}
        )
        try:
            sink.wait(1)
            time.sleep(1)  # until it idles
            yield
        except TimeoutError:
            log.seek(0)
            raise RuntimeError(f"the service did not push: {log.read()[-2000:]}") from None
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def _watching(server: dovecot.Dovecot, user: str, sink: Sink) -> Iterator[None]:
    """A bare client beside it: waits for EXISTS, fetches the mail, posts as many bytes."""
    ending: queue.Queue[None] = queue.Queue()
    ready = threading.Event()

    def watch() -> None:
        with server.client(user) as client:
            known = client.select_folder("INBOX", readonly=True)[b"UIDNEXT"] - 1
            while ending.empty():
                client.idle()
                ready.set()
                while ending.empty() and not any(
                    one[1] == b"EXISTS" for one in client.idle_check(timeout=0.5)
                ):
                    pass
                client.idle_done()
                for uid in client.search(["UID", f"{known + 1}:*"]):
                    if uid > known:
                        body = client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
                        _post(sink, body[:400])
                        known = uid

    thread = threading.Thread(target=watch)
    thread.start()
    ready.wait(20)
    try:
        yield
    finally:
        ending.put(None)
        thread.join()


def _post(sink: Sink, body: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sink.port)
    connection.request("POST", "/floor", body, {"Content-Type": "application/json"})
    connection.getresponse().read()
    connection.close()
