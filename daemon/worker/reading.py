"""The process that reads hostile mail: without secrets or sockets, limited in time and memory,
killed when it hangs.

The parent sends a mail's bytes and how its mailbox is read, the child answers with the reading as
JSON.
"""

import json
import os
import resource
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta, timezone, tzinfo
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from daemon.worker.process import WorkerError, WorkerProcess
from daemon.worker.serve import Handler
from parsers.errors import OrderbellError
from parsers.frame import Frame
from parsers.notice import Reading
from parsers.reading_codec import reading_from_wire, reading_to_wire

SECONDS = 10.0
"""For one mail; the longest allowed one takes half a second."""
MEMORY = 512 << 20
IDLE_SECONDS = 300.0
"""A child that has read nothing for so long gives its memory back."""
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "TZ")


class ReadingError(OrderbellError):
    """The mail was not read; says why in one sentence."""


Reads = Callable[[bytes, Frame], Reading]
"""Reads one mail, or raises ReadingError."""


def inline(packs: Path | None) -> Reads:
    """Reading in this process, for commands and replays of the user's own files."""
    from parsers.pack import load  # noqa: PLC0415 - BeautifulSoup belongs in the child of a service, not in the service
    from parsers.reader import Context, read  # noqa: PLC0415

    library = load(packs)

    def reads(raw: bytes, frame: Frame) -> Reading:
        return read(raw, Context.of(library, frame))

    return reads


class ReadingChild:
    """One reading process, started when needed. Safe for several threads: mails are read one after
    the other.
    """

    def __init__(self, packs: Path | None, *, seconds: float = SECONDS) -> None:
        self._packs = packs
        self._seconds = seconds
        self._worker: WorkerProcess | None = None
        self._turn = threading.Lock()

    def __call__(self, raw: bytes, frame: Frame) -> Reading:
        """The reading of one mail. Raises ReadingError when it takes too long, or kills the
        child.
        """
        with self._turn:
            try:
                answer = self._running().ask(_frame_to_json(frame), raw, seconds=self._seconds)
                return reading_from_wire(answer)
            except WorkerError as error:
                raise ReadingError(f"the reading process {error.what}") from None
            except ValueError as error:
                self._end()
                raise ReadingError(f"the reading process answered no reading: {error}") from None

    def warm(self) -> None:
        """Start the process now rather than with the first mail."""
        with self._turn:
            self._running()

    def rest(self, idle: float = IDLE_SECONDS) -> None:
        """End the process if it has had nothing to do for `idle` seconds."""
        with self._turn:
            if self._worker and self._worker.idle >= idle:
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

    def _running(self) -> WorkerProcess:
        if self._worker and not self._worker.usable():
            self._end()
        if self._worker is None:
            self._worker = WorkerProcess(
                __name__,
                *([str(self._packs.absolute())] if self._packs else []),
                environment={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
            )
        return self._worker

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker:
            worker.close()


def _frame_to_json(frame: Frame) -> dict[str, Any]:
    zone = frame.zone.key if isinstance(frame.zone, ZoneInfo) else _offset(frame.zone)
    return asdict(frame) | {"zone": zone}


def _offset(zone: tzinfo) -> float:
    """Seconds east of UTC of a zone that has no name: the machine's own, as `datetime` tells it."""
    return (zone.utcoffset(None) or timedelta()).total_seconds()


@cache
def _frame_from_json(text: str) -> Frame:
    row = json.loads(text)
    zone = row["zone"]
    return Frame(
        authserv_ids=tuple(row["authserv_ids"]),
        addresses=tuple(row["addresses"]),
        relays=tuple(row["relays"]),
        zone=ZoneInfo(zone) if isinstance(zone, str) else timezone(timedelta(seconds=zone)),
        role=row["role"],
        trust_all=row["trust_all"],
    )


# in the child


def start(packs: str = "") -> Handler:
    """The handler of `daemon.worker.serve`."""
    from parsers.user_yaml import UserFileError  # noqa: PLC0415 - half a second, in the child alone

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        reads = inline(Path(packs) if packs else None)
    except UserFileError:
        # Broken since we were last started: the service tells of it, and a mail must not suffer for
        # it.
        reads = inline(None)

    def handle(request: Mapping[str, Any], raw: bytes) -> Any:
        return reading_to_wire(reads(raw, _frame_from_json(json.dumps(request))))

    return handle
