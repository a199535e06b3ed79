"""The process that reads hostile mail: without secrets or sockets, limited in time and memory,
killed when it hangs.

The parent writes a frame of length and pickle, the child answers with another. What comes back is
unpickled with a
list of allowed names, so that a child overrun by a mail can send readings and nothing else.
"""

import io
import os
import pickle
import resource
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from parsers.notice import (
    Evidence,
    Item,
    Kind,
    Money,
    NearMiss,
    Notice,
    Outcome,
    Proof,
    Reading,
    Role,
    Trust,
)
from parsers.user_yaml import UserFileError

SECONDS = 10.0
"""For one mail; the longest allowed one takes half a second."""
MEMORY = 512 << 20
IDLE_SECONDS = 300.0
"""A child that has read nothing for so long gives its memory back."""
LENGTH = struct.Struct("!I")
ALLOWED = {
    *(
        ("parsers.notice", made.__name__)
        for made in (Reading, Notice, NearMiss, Evidence, Item, Money)
    ),
    *(("parsers.notice", made.__name__) for made in (Kind, Outcome, Trust, Role, Proof)),
    *(("datetime", name) for name in ("datetime", "date", "timezone", "timedelta")),
    ("decimal", "Decimal"),
}
"""What a reading is made of. No functions and no dotted names: nothing that can be bent into
more.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How the mails of one mailbox are read: `parsers.reader.Context` without its library."""

    authserv_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    relays: tuple[str, ...] = ()
    zone: tzinfo
    role: str = "buyer"
    trust_all: bool = False


class ReadingError(Exception):
    """The mail was not read; says why in one sentence."""


Reads = Callable[[bytes, Frame], Reading]
"""Reads one mail, or raises ReadingFailed."""


def inline(packs: Path | None) -> Reads:
    """Reading in this process, for commands and replays of the user's own files."""
    from parsers.pack import load  # noqa: PLC0415 - BeautifulSoup belongs in the child of a service, not in the service
    from parsers.reader import Context, read  # noqa: PLC0415

    library = load(packs)

    def reads(raw: bytes, frame: Frame) -> Reading:
        context = Context(
            library=library,
            authserv_ids=frame.authserv_ids,
            addresses=frame.addresses,
            relays=frame.relays,
            zone=frame.zone,
            role=frame.role,
            trust_all=frame.trust_all,
        )
        return read(raw, context)

    return reads


class ReadingChild:
    """One reading process, started when needed. Safe for several threads: mails are read one after
    the other.
    """

    def __init__(self, packs: Path | None, *, seconds: float = SECONDS) -> None:
        self._packs = packs
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._used = 0.0
        self._turn = threading.Lock()

    def __call__(self, raw: bytes, frame: Frame) -> Reading:
        """The reading of one mail. Raises ReadingFailed when it takes too long, or kills the
        child.
        """
        with self._turn:
            process = self._running()
            try:
                answer = _exchange(
                    process, pickle.dumps((raw, frame)), time.monotonic() + self._seconds
                )
            except TimeoutError:
                self._end()
                raise ReadingError(f"reading it took longer than {self._seconds:g} s") from None
            except (OSError, EOFError):
                code = self._end()
                raise ReadingError(f"the reading process ended ({_why(code)})") from None
            self._used = time.monotonic()
        found = _Careful(io.BytesIO(answer)).load()
        if isinstance(found, str):
            raise ReadingError(found)
        if not isinstance(found, Reading):
            raise ReadingError("the reading process answered something else")
        return found

    def warm(self) -> None:
        """Start the process now rather than with the first mail."""
        with self._turn:
            self._running()

    def rest(self, idle: float = IDLE_SECONDS) -> None:
        """End the process if it has had nothing to do for `idle` seconds."""
        with self._turn:
            if self._process and time.monotonic() - self._used >= idle:
                self._end()

    def close(self) -> None:
        with self._turn:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [
                    sys.executable,
                    "-m",
                    "daemon.worker.reading",
                    *([str(self._packs)] if self._packs else []),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={
                    name: os.environ[name]
                    for name in ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "TZ")
                    if name in os.environ
                },
                # Ctrl-C in a terminal is for the service, which then ends us
                start_new_session=True,
            )
            self._used = time.monotonic()
        return self._process

    def _end(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(OSError):  # what could not be written to a dead child
                    pipe.close()
        return process.wait()


def _exchange(process: "subprocess.Popen[bytes]", request: bytes, deadline: float) -> bytes:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    inlet, outlet = process.stdin.fileno(), process.stdout.fileno()
    waiting = memoryview(LENGTH.pack(len(request)) + request)
    os.set_blocking(inlet, False)
    while waiting:
        _ready(outlet, inlet, deadline)
        waiting = waiting[os.write(inlet, waiting[: 1 << 16]) :]
    (length,) = LENGTH.unpack(_take(outlet, LENGTH.size, deadline))
    return _take(outlet, length, deadline)


def _ready(reading: int, writing: int | None, deadline: float) -> None:
    left = deadline - time.monotonic()
    watch = select.poll()
    watch.register(reading, select.POLLIN if writing is None else 0)
    if writing is not None:
        watch.register(writing, select.POLLOUT)
    if left <= 0 or not watch.poll(left * 1000):
        raise TimeoutError


def _take(descriptor: int, length: int, deadline: float) -> bytes:
    found = bytearray()
    while len(found) < length:
        _ready(descriptor, None, deadline)
        part = os.read(descriptor, length - len(found))
        if not part:
            raise EOFError
        found += part
    return bytes(found)


class _Careful(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in ALLOWED:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a reading")


def _why(code: int | None) -> str:
    if code is None:
        return "before it answered"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def serve(requests: IO[bytes], answers: IO[bytes], reads: Reads) -> None:
    """Answer until the end of `requests`."""
    while len(head := requests.read(LENGTH.size)) == LENGTH.size:
        raw, frame = pickle.loads(requests.read(LENGTH.unpack(head)[0]))  # noqa: S301 - from our own parent
        try:
            answer: Reading | str = reads(raw, frame)
        except MemoryError:
            answer = f"reading it needs more than {MEMORY >> 20} MB"
        written = pickle.dumps(answer)
        answers.write(LENGTH.pack(len(written)) + written)
        answers.flush()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not speak in our name
    packs = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    try:
        reads = inline(packs)
    except UserFileError:
        # Broken since we were last started: the service tells of it, and a mail must not suffer for
        # it.
        reads = inline(None)
    serve(sys.stdin.buffer, answers, reads)


if __name__ == "__main__":
    main()
