"""A web server on loopback that writes down every request and misbehaves on demand: the far end of
a push.
"""

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    at: float
    """time.monotonic() when the whole request had been read."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the sink does once it has read a request."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    hang: float = 0.0
    """Seconds of silence before the answer, ended early when the sink closes."""
    drip: float = 0.0
    """Seconds between any two bytes of the answer."""
    cut: bool = False
    """Close the connection without a word: the request was taken, the answer is lost."""


OK = Reply()


class Sink:
    """`with Sink() as sink:` listens on a free port; `sink.plan` holds the replies to come, then
    `sink.always`.
    """

    def __init__(self, always: Reply = OK) -> None:
        self.always = always
        self.plan: deque[Reply] = deque()
        self._requests: list[Request] = []
        self._arrival = threading.Condition()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False
        self._server.block_on_close = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="sink"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        """`127.0.0.1:port`, as it stands in a URL."""
        return f"127.0.0.1:{self.port}"

    @property
    def requests(self) -> tuple[Request, ...]:
        with self._arrival:
            return tuple(self._requests)

    def wait(self, count: int, seconds: float = 20.0) -> tuple[Request, ...]:
        """The requests, once there are at least `count`. Raises TimeoutError with what did come."""
        with self._arrival:
            if not self._arrival.wait_for(lambda: len(self._requests) >= count, timeout=seconds):
                raise TimeoutError(
                    f"{len(self._requests)} of {count} requests came: {self._requests}"
                )
            return tuple(self._requests)

    def clear(self) -> None:
        with self._arrival:
            self._requests.clear()

    def take(self, request: Request) -> Reply:
        with self._arrival:
            self._requests.append(request)
            self._arrival.notify_all()
            return self.plan.popleft() if self.plan else self.always

    def pause(self, seconds: float) -> None:
        self._closing.wait(seconds)


def _handler(sink: Sink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(
                method=self.command,
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
                at=time.monotonic(),
            )
            reply = sink.take(request)
            sink.pause(reply.hang)
            if reply.cut:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            lines = [f"HTTP/1.0 {reply.status} -", f"Content-Length: {len(reply.body)}"]
            lines += [f"{name}: {value}" for name, value in reply.headers.items()]
            answer = "\r\n".join([*lines, "", ""]).encode() + reply.body
            try:
                if not reply.drip:
                    self.wfile.write(answer)
                for byte in answer if reply.drip else b"":
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    sink.pause(reply.drip)
            except OSError:
                pass  # the client lost patience

        do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 - the names are the base class's

    return Handler
