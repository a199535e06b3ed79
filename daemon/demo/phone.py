"""A phone made of a web server on loopback: it takes what Apprise really sends and keeps it to be
shown.
"""

import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Push:
    """One message as the phone got it; `at` is monotonic seconds."""

    title: str
    body: str
    kind: str
    """Apprise's word for how bad it is: failure, warning or info."""
    at: float


@dataclass(frozen=True, slots=True)
class Phone:
    """`url` is an Apprise URL; pushes come out of `pushes` in the order they came."""

    url: str
    pushes: "queue.Queue[Push]"


@contextmanager
def running() -> Iterator[Phone]:
    """Listen on a free port of loopback; ends with the block."""
    pushes: queue.Queue[Push] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            pushes.put(
                Push(str(said["title"]), str(said["message"]), str(said["type"]), time.monotonic())
            )
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The terminal belongs to the pushes."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Phone(f"json://127.0.0.1:{server.server_address[1]}/", pushes)
        finally:
            server.shutdown()
            thread.join()
