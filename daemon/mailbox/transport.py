"""The wire under imapclient: deadlines that hold, limits on what a server may send, and an IDLE
that misses nothing.

imapclient's own IDLE looks at the socket and not into the buffer, so that a mail told in the same
packet as the `+` is
missed; it spins when the server hangs up, loses lines that are split over packets, and its
time-outs start again with
every byte. Here imaplib's documented hooks (open, read, readline, send, shutdown) run over one
buffer of our own.
"""

import imaplib
import re
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import imapclient

from daemon.mailbox.poison import PoisonMails
from daemon.mailbox.wakeup import Wakeup

CHUNK = 1 << 18
TAGGED = re.compile(rb"(?P<tag>\S+) (?P<verdict>OK|NO|BAD)(?: (?P<text>.*))?", re.IGNORECASE)
NEWS = re.compile(rb"\* \d+ (?:EXISTS|FETCH .*\\Flagged)", re.IGNORECASE)
"""A new mail, or a flag set on one: that is how an alert is acknowledged from any mail program."""
BARE_VERDICT = re.compile(rb"(\S+ (?:OK|NO|BAD))\r?\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is waited for and what is taken. Seconds and bytes."""

    connect: float = 20
    read: float = 60
    """Silence inside an answer."""
    command: float = 120
    """A whole command, however slowly its bytes drip."""
    bodies: float = 300
    """A command that brings whole mails."""
    done: float = 5
    """The end of an IDLE: the daemon itself has ten seconds to stop."""
    line: int = 16 << 20
    literal: int = 32 << 20


@dataclass(slots=True)
class ByteCounter:
    """What an account costs and remembers over all its connections. Bytes inside TLS."""

    received: int = 0
    sent: int = 0
    commands: int = 0
    poison: PoisonMails = field(default_factory=PoisonMails)


class Transport(imaplib.IMAP4):
    """imaplib over a buffer of our own. `context`: TLS from the first byte; without it, plain until
    `starttls`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext | None,
        limits: Limits,
        meter: ByteCounter,
    ) -> None:
        self.limits = limits
        self.meter = meter
        self.sock: socket.socket
        self._context = context
        self._buffer = bytearray()
        self._deadline = time.monotonic() + limits.connect + limits.command
        self._idles = 0
        self._farewell = ""
        """The reason a server gave before it hung up."""
        super().__init__(host, port)

    # imaplib's hooks

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:  # noqa: ARG002
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), self.limits.connect)
        try:
            _keep_alive(self.sock)
            if self._context:
                self.sock = self._context.wrap_socket(self.sock, server_hostname=host)
        except BaseException:
            self.sock.close()
            raise

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises abort when the server hangs up or the literal is too
        large.
        """
        if size > self.limits.literal:
            raise self.abort(
                f"the server announced a literal of {size} bytes; {self.limits.literal} are allowed"
            )
        while len(self._buffer) < size:
            self._fill()
        return self._take(size)

    def readline(self) -> bytes:
        scanned = 0
        while (end := self._buffer.find(b"\n", scanned)) < 0:
            scanned = len(self._buffer)
            if scanned > self.limits.line:
                raise self.abort(f"the server sent a line of more than {self.limits.line} bytes")
            self._fill()
        line = self._take(end + 1)
        # Some servers end a command with "a1 OK" and no text, which imaplib does not understand.
        bare = BARE_VERDICT.fullmatch(line) if len(line) < 64 else None
        if line[:5].upper() == b"* BYE":
            self._farewell = line[2:].decode("utf-8", "replace").strip()
        return bare[1] + b" \r\n" if bare else line

    def send(self, data: Any) -> None:
        self.sock.settimeout(self._left())
        self.sock.sendall(data)
        self.meter.sent += len(data)

    def shutdown(self) -> None:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        """Raises abort when text was slipped in behind the server's answer: it would be taken for
        encrypted.
        """
        verdict, data = self._simple_command("STARTTLS")
        if verdict != "OK":
            raise self.error(f"STARTTLS was refused: {data[-1]!r}")
        if self._buffer:
            raise self.abort("bytes were injected behind the answer to STARTTLS")
        if ssl_context is None:
            raise TypeError("starttls needs a context that checks certificates")
        self.sock.settimeout(self.limits.connect)
        self.sock = ssl_context.wrap_socket(self.sock, server_hostname=self.host)
        self.untagged_responses.clear()
        self._get_capabilities()
        return verdict, data

    # deadlines

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Everything inside must be over in `seconds`; else TimeoutError, and the connection is of
        no more use.
        """
        self._deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            self._deadline = time.monotonic() + self.limits.command

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the server took too long to answer")
        return min(left, self.limits.read)

    def _fill(self) -> None:
        self.sock.settimeout(self._left())
        self._keep(self.sock.recv(CHUNK))

    def _keep(self, data: bytes) -> None:
        if not data:
            raise self.abort(self._farewell or "the server closed the connection")
        self.meter.received += len(data)
        self._buffer += data

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    # IDLE (RFC 2177)

    def listen(self, seconds: float, wake: Wakeup) -> bool:
        """Wait until mail may have arrived or was flagged (True), or the bell rings or the time is
        over (False).

        Raises imaplib's error when the server refuses IDLE, abort when the link is lost.
        """
        self._idles += 1
        tag = b"IDLE%d" % self._idles
        end = time.monotonic() + seconds
        with self.within(self.limits.command):
            self.send(tag + b" IDLE\r\n")
            news = self._until_continuation(tag)
        news = news or self._hear(end, wake)
        with self.within(self.limits.done):
            self.send(b"DONE\r\n")
            return self._until_tagged(tag) or news

    def _until_continuation(self, tag: bytes) -> bool:
        news = False
        while not (line := self.readline()).startswith(b"+"):
            self._refused(line, tag)
            news |= self._untagged(line)
        return news

    def _hear(self, end: float, wake: Wakeup) -> bool:
        watch = select.poll()
        watch.register(self.sock, select.POLLIN)
        watch.register(wake, select.POLLIN)
        while True:
            while b"\n" in self._buffer:
                if self._untagged(self.readline()):
                    return True
            left = end - time.monotonic()
            if left <= 0 or wake.wait(0):
                return False
            if not self._pending():
                watch.poll(left * 1000)
            self._fill_at_once()
            if len(self._buffer) > self.limits.line:
                raise self.abort("the server sent a line without an end")

    def _pending(self) -> int:
        """Decrypted bytes that wait inside TLS, where poll() does not see them."""
        return self.sock.pending() if isinstance(self.sock, ssl.SSLSocket) else 0

    def _fill_at_once(self) -> None:
        self.sock.settimeout(0)
        with suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self._keep(self.sock.recv(CHUNK))

    def _until_tagged(self, tag: bytes) -> bool:
        news = False
        while not (line := self.readline()).startswith(tag):
            news |= self._untagged(line)
        self._refused(line, tag)
        return news

    def _refused(self, line: bytes, tag: bytes) -> None:
        match = TAGGED.match(line.rstrip())
        if match and match["tag"] == tag and match["verdict"].upper() != b"OK":
            raise self.error(f"IDLE was refused: {line.decode(errors='replace').strip()}")

    def _untagged(self, line: bytes) -> bool:
        """Whether this line tells of something to look at."""
        if line[:5].upper() == b"* BYE":
            raise self.abort(self._farewell)
        if not line.startswith(b"* ") or line.rstrip().endswith(b"}"):
            raise self.abort(f"unexpected while idling: {line[:80]!r}")
        return bool(NEWS.match(line))


class Client(imapclient.IMAPClient):  # type: ignore[misc]  # imapclient has no types
    """imapclient over our wire."""

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext | None,
        limits: Limits,
        meter: ByteCounter,
    ) -> None:
        self._made_of = (context, limits, meter)
        super().__init__(host, port, ssl=context is not None, ssl_context=context)
        self.normalise_times = False
        # imapclient writes every line, and the repr of every body, to a log that nobody reads.
        self.wire.debug = 0

    def _create_IMAP4(self) -> Transport:  # noqa: N802
        return Transport(self.host, self.port, *self._made_of)

    def _set_read_timeout(self) -> None:
        """The wire sets its own before every read."""

    @property
    def wire(self) -> Transport:
        wire: Transport = self._imap
        return wire


def _keep_alive(sock: socket.socket) -> None:
    """Let the kernel notice a peer that is gone: after 60 s of silence, four probes 15 s apart."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 60),
        ("TCP_KEEPINTVL", 15),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", 120_000),  # milliseconds; Linux alone has it
    ):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
