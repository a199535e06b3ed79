"""The parent's side of a worker: a child process started, asked with a deadline, and ended.

The child is not believed: its answers are of bounded length, and JSON. See `daemon.worker.serve`.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from daemon.worker.serve import LENGTH
from parsers.errors import OrderbellError

ANSWER_BYTES = 4 << 20
"""Longer answers are refused before they are read."""
FRESH = 240.0
"""Seconds of idleness after which a child is not asked any more; it ends itself at 300."""
CHUNK = 1 << 16


class WorkerError(OrderbellError):
    """There is no answer; `what` says why, in words that go on after “the … process”.

    The process is gone then. `asked`: the request may have reached it, and have been carried out.
    """

    def __init__(self, what: str, *, asked: bool) -> None:
        self.asked = asked
        super().__init__(what)


class _AnswerError(ValueError):
    """What a child answered is none, or is its regret."""


class WorkerProcess:
    """One child. Not for two threads at once, but `kill` may come from any."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str]) -> None:
        # -P and /: a folder that happens to be the working directory offers no modules. Secrets go
        # through the pipe: anyone may read arguments, and the user's other programs the
        # environment.
        self.process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-P", "-m", "daemon.worker.serve", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env=dict(environment),
            start_new_session=True,  # Ctrl-C is for the daemon, which ends us in order
        )
        assert self.process.stdin is not None  # noqa: S101 - both are pipes
        assert self.process.stdout is not None  # noqa: S101
        self._inlet, self._outlet = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self._inlet, False)
        self._used = time.monotonic()
        self._ready = False

    @property
    def idle(self) -> float:
        """Seconds since the last answer."""
        return time.monotonic() - self._used

    def usable(self) -> bool:
        """Alive, and sure to stay so for a while."""
        return self.process.poll() is None and self.idle < FRESH

    def ask(self, request: Mapping[str, Any], data: bytes = b"", *, seconds: float) -> Any:
        """The answer. Raises WorkerError, at the latest after `seconds`."""
        deadline = time.monotonic() + seconds
        asked = False
        try:
            if not self._ready:
                self._ready = self._answer(deadline) == "ready"
            text = json.dumps(request).encode()
            self._write(LENGTH.pack(len(text)) + text + LENGTH.pack(len(data)), deadline)
            self._write(data, deadline)
            asked = True  # of less than the whole, a child makes nothing
            return self._answer(deadline)
        except (OSError, EOFError, ValueError, LookupError, TypeError, RecursionError) as error:
            what = _how_it_failed(error, seconds, self.close())
            raise WorkerError(what if self._ready else "did not start", asked=asked) from None
        finally:
            self._used = time.monotonic()

    def kill(self) -> None:
        """End it; whoever waits for its answer gets a WorkerError. From any thread."""
        self.process.kill()

    def close(self) -> int | None:
        """End it and let go of it; its exit code."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with suppress(OSError):  # what could not be written to a dead child
                    pipe.close()
        with suppress(subprocess.TimeoutExpired):  # one in the kernel's hands may take its time
            return self.process.wait(5)
        return None

    def _write(self, data: bytes, deadline: float) -> None:
        left = memoryview(data)
        while left:
            _until_ready(self._inlet, select.POLLOUT, deadline)
            left = left[os.write(self._inlet, left[:CHUNK]) :]

    def _answer(self, deadline: float) -> Any:
        (length,) = LENGTH.unpack(self._read(LENGTH.size, deadline))
        if length > ANSWER_BYTES:
            raise _AnswerError("answered more than it may")
        found = json.loads(self._read(length, deadline))
        if "error" in found:
            raise _AnswerError(str(found["error"])[:200])
        return found["answer"]

    def _read(self, length: int, deadline: float) -> bytes:
        found = bytearray()
        while len(found) < length:
            _until_ready(self._outlet, select.POLLIN, deadline)
            part = os.read(self._outlet, min(CHUNK, length - len(found)))
            if not part:
                raise EOFError
            found += part
        return bytes(found)


def _until_ready(descriptor: int, event: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    watch = select.poll()
    watch.register(descriptor, event)
    if left <= 0 or not watch.poll(left * 1000):
        raise TimeoutError


def _how_it_failed(error: Exception, seconds: float, code: int | None) -> str:
    match error:
        case _AnswerError():
            return str(error)
        case TimeoutError():
            return f"gave no answer within {seconds:g} s"
        case OSError() | EOFError():
            return f"ended ({_reason(code)})"
        case _:
            return "answered what is no answer"


def _reason(code: int | None) -> str:
    if code is None:
        return "it was ended"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
