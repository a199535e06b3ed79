"""The seam between work that is due and who does it: `submit` names keys, `run` does them.

Work is a kind and an id, nothing more: everything else is read from the ledger, so a lost or
doubled submission does no
harm. On one machine that is a thread pool; on many, a queue in the database could stand here.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

log = logging.getLogger("orderbell.dispatch")

Handler = Callable[[str], None]


class Dispatcher(Protocol):
    def submit(self, kind: str, ids: Sequence[str]) -> None:
        """Have this work done soon."""

    def run(self, handlers: Mapping[str, Handler]) -> None:
        """Do what is submitted until `stop`."""


class Local:
    """Threads of this process. Of one (kind, id) never two run at once; submitted while it runs, it
    runs once more.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._waiting: dict[tuple[str, str], None] = {}
        self._busy: set[tuple[str, str]] = set()
        self._changed = threading.Condition()
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def submit(self, kind: str, ids: Sequence[str]) -> None:
        with self._changed:
            self._waiting |= dict.fromkeys((kind, one) for one in ids)
            self._changed.notify_all()

    def run(self, handlers: Mapping[str, Handler]) -> None:
        """Start the threads and return."""
        for number in range(self._workers):
            thread = threading.Thread(
                target=self._work, args=(handlers,), name=f"work-{number}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def begin_stop(self) -> None:
        """Start nothing more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def stop(self, seconds: float) -> bool:
        """End after the work under way; False when some still runs after `seconds`."""
        self.begin_stop()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def settled(self, seconds: float) -> bool:
        """Wait until nothing is submitted or running; False when that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds)

    def _work(self, handlers: Mapping[str, Handler]) -> None:
        while (job := self._next()) is not None:
            try:
                handlers[job[0]](job[1])
            except Exception:
                log.exception("work %s %s failed", *job)
            finally:
                with self._changed:
                    self._busy.discard(job)
                    self._changed.notify_all()

    def _next(self) -> tuple[str, str] | None:
        with self._changed:
            while True:
                if self._stopping:
                    return None
                job = next((one for one in self._waiting if one not in self._busy), None)
                if job is not None:
                    del self._waiting[job]
                    self._busy.add(job)
                    return job
                self._changed.wait()
