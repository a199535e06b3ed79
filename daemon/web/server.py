"""The page on its address: uvicorn in a thread, patient with slow clients, with room for many."""

import asyncio
import contextlib
import os
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from daemon.settings import Web
from daemon.web.application import application
from daemon.web.site import Site
from parsers.errors import OrderbellError

REQUEST_SECONDS = 10.0
"""For a request to come in, its headers first."""
MOST_CONNECTIONS = 256
"""Beyond that the one that waits longest without a request is closed."""
HEADER_BYTES = 32 << 10
KEEP_ALIVE = 15
BACKLOG = 256
STOP_SECONDS = 5.0


class PortError(OrderbellError):
    """The address cannot be had; says why and what to try."""


class _Patient(H11Protocol):
    """Closes a connection on which no whole request head comes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        waiting = self._waiting()
        waiting[self] = None
        self._late = self.loop.call_later(REQUEST_SECONDS, self.give_up)
        if len(waiting) > MOST_CONNECTIONS:
            next(iter(waiting)).give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting().pop(self, None)
        self._late.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None:
            self._waiting().pop(self, None)
            self._late.cancel()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._waiting()[self] = None

    def _waiting(self) -> dict["_Patient", None]:
        state: dict[str, Any] = self.app_state
        found: dict[_Patient, None] = state.setdefault("orderbell_waiting", {})
        return found

    def give_up(self) -> None:
        self._waiting().pop(self, None)
        self.transport.close()


class PageServer:
    """Serves from `start` to `close`. Raises PortError when the address cannot be had."""

    def __init__(self, site: Site) -> None:
        web = site.web
        self._socket = _listening(web)
        self._path = web.socket
        config = uvicorn.Config(
            application(site),
            http=_Patient,
            ws="none",
            lifespan="on",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,  # who asks is decided by trusted_proxies, in visitor.py
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=HEADER_BYTES,
            backlog=BACKLOG,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    @property
    def address(self) -> str:
        """Where it is, as a browser's address or a path."""
        if self._path is not None:
            return f"unix:{self._path}"
        host, port = self._socket.getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - not bound here
        return f"http://{f'[{shown}]' if shown == '::1' else shown}:{port}"

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        """Until it ends."""
        self._thread.join()

    def close(self) -> None:
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self._socket.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                Path(self._path).unlink()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


def _listening(web: Web) -> socket.socket:
    try:
        return _unix(web.socket) if web.socket is not None else _tcp(*web.address)
    except OSError as error:
        raise PortError(
            f"the page cannot listen on {web.listen}: {error.strerror}",
            "another program may be using it; choose another with web: listen in config.yaml, or"
            " orderbell web --listen 127.0.0.1:8471",
        ) from error


def _tcp(host: str, port: int) -> socket.socket:
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(BACKLOG)  # who comes before the server runs waits for it
    except OSError:
        listening.close()
        raise
    return listening


def _unix(path: str) -> socket.socket:
    """A socket that its owner alone may connect to; a dead one of before is replaced."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(Path(path).stat().st_mode) and not _answers(path):
            Path(path).unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(path)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(before)
    return listening


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        try:
            asking.connect(path)
        except OSError:
            return False
        return True
