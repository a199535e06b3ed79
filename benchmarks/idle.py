"""The service at rest: memory of all its processes together, threads and open files, with 1 mailbox
and with 100.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.result import Result
from daemon.demo.samples import letter
from tests.servers.fake_imap import PASSWORD, USER, FakeImap, running
from tests.servers.sink import Sink

PROMISES = {1: 100, 100: 150}
"""Mailboxes → megabytes."""
HEAD = """\
version: 1
targets:
  - {{id: phone, url: {{value: "json://{sink}/"}}}}
alerts: {{info: {{group: now}}}}
group_wait: 0s
rate_limit: 1000
backfill: 90d
mailboxes:
"""
BOX = """\
  - id: box{number}
    host: 127.0.0.1
    port: {port}
    tls: none
    user: {user}
    password: {{value: {password}}}
    unverified: trust
"""


@dataclass(frozen=True, slots=True)
class Rest:
    """What the processes of a service take together."""

    megabytes: float
    threads: int
    files: int


def run() -> Iterator[Result]:
    for mailboxes, promise in PROMISES.items():
        busy, rest = measure(mailboxes)
        what = f"{mailboxes} mailbox{'es' if mailboxes > 1 else ''}"
        for name, found, most in (
            ("at rest", rest, promise),
            ("just after a mail and its message", busy, promise + 50),
        ):
            yield Result(
                workload=f"{what}, {name}: all processes, PSS",
                measured=found.megabytes,
                unit="MB",
                promise=f"≤ {most} MB",
                kept=found.megabytes <= most,
            )
        yield Result(
            workload=f"{what}: threads",
            measured=rest.threads,
            unit="",
            promise=f"≤ {mailboxes + 15}",
            kept=rest.threads <= mailboxes + 15,
        )


def measure(mailboxes: int) -> tuple[Rest, Rest]:
    """What `orderbell run` takes when it has read a mail in each mailbox and sent its message, and
    what at rest.

    At rest its reading and its sending process have ended, as they do by themselves after ten
    minutes.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sink = stack.enter_context(Sink())
        servers = [stack.enter_context(running()) for _ in range(mailboxes)]
        for server in servers:
            server.add(letter("lamp-judged", datetime.now(UTC)))
        config = folder / "config.yaml"
        config.touch(mode=0o600)
        config.write_text(HEAD.format(sink=sink.host) + "".join(_boxes(servers)))
        command = [
            str(Path(sys.executable).with_name("orderbell")),
            "--config",
            config,
            "--state",
            folder / "state",
        ]
        log = stack.enter_context((folder / "log").open("w+"))
        process = subprocess.Popen([*command, "run"], stdout=log, stderr=log)
        try:
            _until_idle(servers, process)
            sink.wait(mailboxes, 60)
            time.sleep(2)
            busy = _take(process.pid)
            for child in _children(process.pid):
                os.kill(child, signal.SIGKILL)
            time.sleep(2)
            return busy, _take(process.pid)
        finally:
            process.terminate()
            process.wait(20)


def _boxes(servers: list[FakeImap]) -> Iterator[str]:
    for number, server in enumerate(servers, start=1):
        yield BOX.format(number=number, port=server.port, user=USER, password=PASSWORD)


def _until_idle(servers: list[FakeImap], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while not all(any(one.idling for one in server._connections) for server in servers):  # noqa: SLF001 - ours
        if time.monotonic() > end or process.poll() is not None:
            raise RuntimeError("the service does not come to rest")
        time.sleep(0.2)


def _take(pid: int) -> Rest:
    family = [pid, *_children(pid)]
    return Rest(
        megabytes=sum(_pss(one) for one in family) / 1024,
        threads=len(list(Path(f"/proc/{pid}/task").iterdir())),
        files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
    )


def _children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
        if parent == pid:
            child = int(path.parent.name)
            found += [child, *_children(child)]
    return found


def _pss(pid: int) -> int:
    """Kilobytes: what the process has alone, and its share of what it has together with others; 0
    once it has ended.
    """
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except ProcessLookupError:
        return 0
    return int(re.findall(r"^Pss:\s+(\d+)", told, re.MULTILINE)[0])
