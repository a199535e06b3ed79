"""A real IMAP server of the demo's own, pymap, on loopback and in memory."""

import imaplib
import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from imapclient import IMAPClient

from parsers.errors import OrderbellError

HOST = "127.0.0.1"
START_WITHIN = 20.0
"""Seconds; a cold machine with a slow disk needs five."""


class PostboxError(OrderbellError):
    """The demo's server cannot be started; the text says what to try."""


@dataclass(frozen=True, slots=True)
class Postbox:
    """A mailbox that runs; mail is put into it as a server would."""

    port: int
    user: str
    password: str

    def deliver(self, raw: bytes, at: datetime) -> None:
        """Put one mail into the inbox, arrived `at` (aware)."""
        with closing(_Session(self)) as session:
            session.append(raw, at)


class _Session:
    def __init__(self, box: Postbox) -> None:
        self._client = IMAPClient(HOST, port=box.port, ssl=False, timeout=20)
        self._client.login(box.user, box.password)

    def append(self, raw: bytes, at: datetime) -> None:
        self._client.append("INBOX", raw, msg_time=at)

    def close(self) -> None:
        with suppress(imaplib.IMAP4.error, OSError):
            self._client.logout()  # pymap may hang up before it has answered


@contextmanager
def running(user: str, password: str) -> Iterator[Postbox]:
    """Start the server; it ends with the block. Raises PostboxError."""
    if importlib.util.find_spec("pymap") is None:
        raise PostboxError(
            "the demo starts an IMAP server of its own and needs pymap, which is not installed;"
            " install Orderbell again, or: pipx inject orderbell pymap"
        )
    port = _free_port()
    words = [
        "--host",
        HOST,
        "--port",
        str(port),
        "--no-service",
        "managesieve",
        "--no-service",
        "admin",
        "--no-tls",
    ]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [
            sys.executable,
            "-c",
            "from pymap.main import main; main()",
            *words,
            "dict",
            "--demo-user",
            user,
            "--demo-password",
            password,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the demo; it ends the server itself
    )
    try:
        _await(process, port)
        yield Postbox(port, user, password)
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            raise PostboxError(
                f"the demo's mail server ended at once with code {process.returncode}"
            )
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise PostboxError(
        f"the demo's mail server did not answer on port {port} within {START_WITHIN:.0f} s"
    )
