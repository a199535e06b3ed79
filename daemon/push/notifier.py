"""Sending: one delivery, one child process, one deadline that holds even when a service never
answers.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from daemon.push.address import refuse
from daemon.push.delivery import Delivery, SendOutcome, SendResult
from daemon.worker.process import WorkerError, WorkerProcess

DEADLINE = 60.0
"""Seconds for one delivery, start of the child included; Apprise itself gives up after 50."""
AT_ONCE = 4
"""Children at most, so that one dead service holds back no other; each is about 50 MiB while it
lives.
"""
KEEP = 1
"""Idle children kept for the next delivery."""
HIDDEN = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY")
"""What systemd tells the daemon alone."""


class Notifier:
    """Thread-safe. Children are started when needed, the last one is kept; `close()` ends them
    all.
    """

    def __init__(self, *, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
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

    def send(self, delivery: Delivery) -> SendResult:
        """Send it, once. Blocks until the deadline at most, counted from when a child is free;
        never raises.
        """
        if reason := refuse(delivery.url):
            return SendResult(
                outcome=SendOutcome.FAILED, reason=f"its URL {reason}", permanent=True
            )
        return self._ask(asdict(delivery))

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
                self._idle.append(_child())

    def close(self) -> None:
        """End every child; deliveries under way come back UNSURE."""
        with self._lock:
            self._closed = True
            idle, busy = [*self._idle], [*self._busy]
            self._idle.clear()
        for child in idle:
            child.close()
        for child in busy:
            child.kill()

    def _ask(self, request: Mapping[str, Any]) -> SendResult:
        with self._places:
            child = self._take()
            if child is None:
                return SendResult(outcome=SendOutcome.FAILED, reason="the program is stopping")
            healthy = False
            try:
                result = _result(child.ask(request, seconds=self._deadline))
                # One that is unsure may still hold a thread that waits.
                healthy = result.outcome is not SendOutcome.UNSURE
            except WorkerError as error:
                outcome = SendOutcome.UNSURE if error.asked else SendOutcome.FAILED
                result = SendResult(outcome=outcome, reason=f"the sending process {error.what}")
            finally:
                self._give_back(child, healthy=healthy)
            return result

    def _take(self) -> WorkerProcess | None:
        with self._lock:
            if self._closed:
                return None
            stale = [child for child in self._idle if not child.usable()]
            self._idle = [child for child in self._idle if child not in stale]
            child = self._idle.pop() if self._idle else _child()
            self._busy.add(child)
        for one in stale:
            one.close()
        return child

    def _give_back(self, child: WorkerProcess, *, healthy: bool) -> None:
        with self._lock:
            self._busy.discard(child)
            keep = healthy and not self._closed and len(self._idle) < KEEP
            if keep:
                self._idle.append(child)
        if not keep:
            child.close()


def check_url(url: str) -> str | None:
    """Why this Apprise URL cannot be used, in one sentence without the URL; None when it can. Takes
    about 0.4 s.
    """
    if reason := refuse(url):
        return reason
    with Notifier() as sender:
        return sender.check(url)


def _child() -> WorkerProcess:
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    return WorkerProcess("daemon.push.handler", environment=environment)


def _result(answer: Mapping[str, Any]) -> SendResult:
    return SendResult(
        outcome=SendOutcome(answer["outcome"]),
        reason=answer["reason"],
        permanent=answer["permanent"],
    )
