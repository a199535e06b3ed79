"""The process that reads hostile mail: without secrets, files or sockets, limited in time and
memory, killed when it hangs.

Not even a header is parsed outside of it. The parent sends bytes and how their mailbox is read; the
child answers whether a header is worth its body, or with the reading, as JSON.
"""

import json
import os
import sys
import sysconfig
import threading
import time
import zoneinfo
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from daemon.dns import Lookup
from daemon.worker.budget import ORDINARY_CPU, SenderBudgets
from daemon.worker.confine import CpuTimeError, limit, shut_in, within_cpu
from daemon.worker.process import WorkerError, WorkerProcess
from daemon.worker.serve import Handler
from parsers.errors import OrderbellError
from parsers.frame import MAX_KEYS, Frame, is_key_of
from parsers.notice import Reading
from parsers.reading_codec import reading_from_wire, reading_to_wire

if TYPE_CHECKING:
    from parsers.pack import Library

SECONDS = 10.0
"""For one mail, by the clock on the wall, the start of the process included."""
HEADER_BYTES = 256 << 10
HEADER_CPU = 0.5
"""Seconds of processor time for a header."""
STAND_IN = "the server gives a notice in its place"
MEMORY = 512 << 20
IDLE_SECONDS = 300.0
"""A child that has read nothing for so long gives its memory back."""
OLD_CPU = 300.0
"""Seconds of processor time after which a child is replaced."""
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "TZ")


class ReadingError(OrderbellError):
    """The mail was not read; says why in one sentence. `lasting`: another try would end the same
    way.
    """

    def __init__(self, what: str, *, lasting: bool = False) -> None:
        self.lasting = lasting
        super().__init__(what)


class StandInError(ReadingError):
    """What the server gave is no mail, but says that it has one which it cannot give."""


class ReadingStoppedError(OrderbellError):
    """The program is ending: nothing was found out about the mail."""

    def __init__(self) -> None:
        super().__init__("the reading process was ended")


Reads = Callable[[bytes, Frame], Reading]
"""Reads one mail, or raises ReadingError."""


class Reader(Protocol):
    """What reads mail, here or in another process."""

    def __call__(self, raw: bytes, frame: Frame) -> Reading:
        """The reading of one mail. Raises ReadingError."""

    def wanted(self, header: bytes, frame: Frame) -> bool:
        """Whether the body behind this header is worth fetching. Raises nothing of its own."""


class InlineReader:
    """Reads in this process: in the child, and for commands and replays of the user's own files."""

    def __init__(self, library: "Library") -> None:
        self._library = library

    def __call__(self, raw: bytes, frame: Frame) -> Reading:
        from parsers import limits, mail, reader  # noqa: PLC0415 - the service itself never loads them

        if mail.unretrieved(raw):
            raise StandInError(STAND_IN)
        # Of what the rest is refused for, the header still tells whose it is.
        if refused := limits.refuse_header(limits.header_of(raw)):
            raise ReadingError(f"not read: {refused}", lasting=True)
        return reader.read(raw, reader.Context.of(self._library, frame))

    def wanted(self, header: bytes, frame: Frame) -> bool:
        from parsers import mail, reader  # noqa: PLC0415

        if mail.unretrieved(header):
            return True
        return reader.interesting(header, reader.Context.of(self._library, frame))


def inline(packs: Path | None) -> InlineReader:
    """By the packs that are right; whoever begins with them tells of the others."""
    from parsers.pack import load_the_right  # noqa: PLC0415 - BeautifulSoup belongs in the child of a service, not in the service

    return InlineReader(load_the_right(packs)[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderAnswer:
    """What the child says of a header."""

    wanted: bool
    sender: str
    """The address in From, empty where none can be read."""
    keys: tuple[str, ...] = ()
    """DNS names of the keys it says it is signed by; of `Frame.dkim` alone."""


class ReadingChild:
    """One reading process, started when needed. Safe for several threads: mails are read one after
    the other.
    """

    def __init__(
        self, packs: Path | None, *, seconds: float = SECONDS, lookup: Lookup | None = None
    ) -> None:
        self._lookup = lookup
        self._packs = packs
        self._seconds = seconds
        self._budgets = SenderBudgets()
        self._worker: WorkerProcess | None = None
        self._cpu = 0.0
        """Seconds of processor time the worker has used."""
        self._spent = 0.0
        """And for the last request."""
        self._closed = False
        self._turn = threading.Lock()

    def __call__(self, raw: bytes, frame: Frame) -> Reading:
        """The reading of one mail. Raises ReadingError when it is refused, takes too long, or kills
        the child; ReadingStoppedError after `close`.
        """
        with self._turn:
            header = self._header(raw[:HEADER_BYTES], frame)
            sender, frame = header.sender, self._with_keys(frame, header.keys)
            try:
                found = self._ask("read", raw, frame, self._budgets.left(sender))
            finally:
                self._budgets.spend(sender, self._spent)
            try:
                return reading_from_wire(found)
            except ValueError as error:
                raise self._lied(str(error)) from None

    def wanted(self, header: bytes, frame: Frame) -> bool:
        """Whether the body is worth fetching; also where that cannot be found out. Raises
        ReadingStoppedError after `close`.
        """
        with self._turn:
            try:
                return self._header(header, frame).wanted
            except ReadingError:
                return True  # fetched, counted, and refused by its own reading

    def confinement(self) -> tuple[str, ...]:
        """Which of "landlock" and "seccomp" hold the process. Raises ReadingError."""
        with self._turn:
            found = self._ask("confinement", b"", Frame(), HEADER_CPU)
            return tuple(map(str, found)) if isinstance(found, list) else ()

    def use(self, packs: Path | None) -> None:
        """Read by these packs from now on."""
        with self._turn:
            self._packs = packs
            self._end()

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
        """End the process at once; whoever waits for it gets a ReadingStoppedError."""
        self._closed = True
        if worker := self._worker:
            worker.kill()
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

    def _header(self, header: bytes, frame: Frame) -> HeaderAnswer:
        match self._ask("header", header, frame, HEADER_CPU):
            case {"wanted": bool(wanted), "sender": str(sender), "keys": list(keys)}:
                names = [str(name) for name in keys[:MAX_KEYS] if is_key_of(str(name), frame.dkim)]
                return HeaderAnswer(wanted=wanted, sender=sender[:320], keys=tuple(names))
        raise self._lied("of a header")

    def _with_keys(self, frame: Frame, names: tuple[str, ...]) -> Frame:
        """The child has no network: what it needs to check a signature is asked for here."""
        if self._lookup is None or not names:
            return frame
        found = [(name, text) for name in names if (text := self._lookup(name)) is not None]
        return replace(frame, keys=tuple(found))

    def _ask(self, do: str, data: bytes, frame: Frame, cpu: float) -> Any:
        request = {"do": do, "cpu": cpu, "frame": frame_to_json(frame)}
        self._spent = cpu  # unless the child tells otherwise
        try:
            answer = self._running().ask(request, data, seconds=self._seconds)
        except WorkerError as error:
            if self._closed:
                raise ReadingStoppedError from None
            raise ReadingError(f"the reading process {error.what}") from None
        match answer:
            case {"cpu": float(spent), "found": found} if 0 <= spent <= OLD_CPU:
                self._charge(spent)
                return found
            case {"cpu": float(spent), "refused": str(why)} if 0 <= spent <= OLD_CPU:
                self._charge(spent)
                raise (
                    StandInError(why) if why == STAND_IN else ReadingError(why[:300], lasting=True)
                )
        raise self._lied("of no known form")

    def _charge(self, seconds: float) -> None:
        self._spent = seconds
        self._cpu += seconds
        if self._cpu > OLD_CPU:
            self._end()

    def _lied(self, why: str) -> ReadingError:
        self._end()
        return ReadingError(f"the reading process gave an answer that is none: {why}")

    def _running(self) -> WorkerProcess:
        if self._closed:
            raise ReadingStoppedError
        if self._worker and not self._worker.usable():
            self._end()
        if self._worker is None:
            self._cpu = 0.0
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


def frame_to_json(frame: Frame) -> dict[str, Any]:
    zone = frame.zone.key if isinstance(frame.zone, zoneinfo.ZoneInfo) else _offset(frame.zone)
    return asdict(frame) | {"zone": zone}


def _offset(zone: tzinfo) -> float:
    """Seconds east of UTC of a zone that has no name: the machine's own, as `datetime` tells it."""
    return (zone.utcoffset(None) or timedelta()).total_seconds()


@lru_cache(maxsize=64)
def frame_from_json(text: str) -> Frame:
    row: dict[str, Any] = json.loads(text)
    zone = row.pop("zone")
    named = isinstance(zone, str)
    more: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in row.items()
    }
    more["keys"] = tuple(map(tuple, row["keys"]))
    return Frame(
        zone=zoneinfo.ZoneInfo(zone) if named else timezone(timedelta(seconds=zone)), **more
    )


# in the child


def start(packs: str = "") -> Handler:
    """The handler of `daemon.worker.serve`."""
    limit(MEMORY)
    sys.unraisablehook = lambda _raised: None  # it would write the words of a mail to stderr
    reader = inline(Path(packs) if packs else None)
    holds = shut_in([*_needed(), *([Path(packs)] if packs else [])])

    def handle(request: Mapping[str, Any], data: bytes) -> Any:
        if request["frame"]["keys"]:
            with suppress(ImportError):
                import dkim  # noqa: F401, PLC0415 - its 0.3 s are no mail's fault
        began = time.process_time()
        try:
            with within_cpu(request["cpu"]):
                answer: dict[str, Any] = {"found": found(request, data)}
        except ReadingError as error:
            answer = {"refused": str(error)}
        except CpuTimeError:
            answer = {"refused": _too_long(request["cpu"])}
        except MemoryError:
            answer = {"refused": f"reading it needs more than {MEMORY >> 20} MB"}
        return answer | {"cpu": time.process_time() - began}

    def found(request: Mapping[str, Any], data: bytes) -> Any:
        frame = frame_from_json(json.dumps(request["frame"]))
        match request["do"]:
            case "header":
                sender, keys = _sender(data, frame)
                return {"wanted": reader.wanted(data, frame), "sender": sender, "keys": keys}
            case "read":
                return reading_to_wire(reader(data, frame))
            case _:
                return holds

    return handle


def _too_long(cpu: float) -> str:
    left = ", all that its sender has left for today" if cpu == ORDINARY_CPU else ""
    return f"reading it took more than {cpu:g} s of processor time{left}"


def _needed() -> list[Path]:
    """Folders from which Python may still load something: a codec, a time zone."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {*map(sysconfig.get_path, names), *sys.path, *zoneinfo.TZPATH, "/usr/lib", "/lib64"}
    return [Path(name) for name in sorted(found) if name and Path(name).is_dir()]


def _sender(header: bytes, frame: Frame) -> tuple[str, tuple[str, ...]]:
    """The first address in From, and the names of the keys it says it is signed by."""
    from parsers.limits import header_of  # noqa: PLC0415
    from parsers.mail import parse_header  # noqa: PLC0415
    from parsers.signatures import key_names  # noqa: PLC0415

    mail = parse_header(header_of(header))
    return (mail.senders[0][1] if mail.senders else ""), key_names(mail, frame.dkim)
