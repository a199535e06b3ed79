"""Sending: one parcel, one child process, one deadline that holds even when a service never
answers.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from daemon.push.address import refuse
from daemon.push.delivery import READY, Delivery, SendOutcome, SendResult

DEADLINE = 60.0
"""Seconds for one parcel, start of the child included; Apprise itself gives up after 50."""
AT_ONCE = 4
"""Children at most, so that one dead service holds back no other; each is about 50 MiB while it
lives.
"""
KEEP = 1
"""Idle children kept for the next parcel."""
FRESH = 240.0
"""Seconds of idleness after which a child is replaced; it ends itself at 300."""


class Notifier:
    """Thread-safe. Children are started when needed, the last one is kept; `close()` ends them
    all.
    """

    def __init__(self, *, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, parcel: Delivery) -> SendResult:
        """Send it, once. Blocks until the deadline at most, counted from when a child is free;
        never raises.
        """
        if reason := refuse(parcel.url):
            return SendResult(
                outcome=SendOutcome.FAILED, reason=f"its URL {reason}", permanent=True
            )
        return self._ask(asdict(parcel))

    def check(self, url: str) -> str | None:
        """Why this Apprise URL cannot be used, in one sentence without the URL; None when it can.
        Sends nothing.
        """
        return refuse(url) or self._ask({"check": url}).reason or None

    def warm(self) -> None:
        """Start a child now if none is idle: called when mail comes in, it is ready once there is
        something to say.
        """
        with self._lock:
            if (
                not self._closed
                and not self._busy
                and not any(child.usable() for child in self._idle)
            ):
                self._idle.append(_Child())

    def close(self) -> None:
        """End every child; parcels under way come back UNSURE."""
        with self._lock:
            self._closed = True
            children = [*self._idle, *self._busy]
            self._idle.clear()
        for child in children:
            child.kill()

    def _ask(self, request: Mapping[str, Any]) -> SendResult:
        with self._places:
            child = self._take()
            if child is None:
                return SendResult(outcome=SendOutcome.FAILED, reason="the program is stopping")
            healthy = False
            try:
                answer, healthy = child.ask(request, self._deadline)
            finally:
                self._give_back(child, healthy=healthy)
            return answer

    def _take(self) -> "_Child | None":
        with self._lock:
            if self._closed:
                return None
            stale = [child for child in self._idle if not child.usable()]
            self._idle = [child for child in self._idle if child not in stale]
            child = self._idle.pop() if self._idle else _Child()
            self._busy.add(child)
        for one in stale:
            one.kill()
        return child

    def _give_back(self, child: "_Child", *, healthy: bool) -> None:
        with self._lock:
            self._busy.discard(child)
            keep = healthy and not self._closed and len(self._idle) < KEEP
            if keep:
                self._idle.append(child)
        if not keep:
            child.kill()


def check_url(url: str) -> str | None:
    """Why this Apprise URL cannot be used, in one sentence without the URL; None when it can. Takes
    about 0.4 s.
    """
    if reason := refuse(url):
        return reason
    with Notifier() as sender:
        return sender.check(url)


class _Child:
    """One process with Apprise in it, and the pipes to it."""

    def __init__(self) -> None:
        # -P: a folder that happens to be the working directory offers no modules. The URL goes
        # through the pipe,
        # since anyone may read the arguments and the user's other programs the environment.
        hidden = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "daemon.worker.pushing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={name: value for name, value in os.environ.items() if name not in hidden},
            start_new_session=True,  # Ctrl-C is for the daemon, which ends us in order
        )
        self._used = time.monotonic()
        self._ready = False

    def usable(self) -> bool:
        return self._process.poll() is None and time.monotonic() - self._used < FRESH

    def ask(self, request: Mapping[str, Any], seconds: float) -> tuple[SendResult, bool]:
        """The answer, and whether the child can be used again."""
        deadline = time.monotonic() + seconds
        line = json.dumps(request).encode() + b"\n"
        if not self._is_ready(deadline):
            return SendResult(
                outcome=SendOutcome.FAILED, reason="the sending process did not start"
            ), False
        try:
            assert self._process.stdin  # noqa: S101 - for the type checker: it is a pipe
            self._process.stdin.write(line)
        except OSError:
            return SendResult(
                outcome=SendOutcome.FAILED, reason="the sending process had ended"
            ), False
        answer = self._read_line(deadline)
        self._used = time.monotonic()
        if answer is None:
            reason = (
                f"no answer within {seconds:.0f} s"
                if self._process.poll() is None
                else "the sending process ended"
            )
            return SendResult(outcome=SendOutcome.UNSURE, reason=reason), False
        said = json.loads(answer)
        found = SendResult(
            outcome=SendOutcome(said["outcome"]), reason=said["reason"], permanent=said["permanent"]
        )
        return (
            found,
            found.outcome is not SendOutcome.UNSURE,
        )  # it may still hold a thread that waits

    def kill(self) -> None:
        """End it and everything it holds, at once."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _is_ready(self, deadline: float) -> bool:
        self._ready = self._ready or self._read_line(deadline) == READY.encode()
        return self._ready

    def _read_line(self, deadline: float) -> bytes | None:
        stdout = self._process.stdout
        assert stdout  # noqa: S101 - for the type checker: it is a pipe
        found = b""
        while not found.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stdout], [], [], left)[0]:
                return None
            chunk = os.read(stdout.fileno(), 1 << 16)
            if not chunk:
                self._process.wait(5)
                return None
            found += chunk
        return found
