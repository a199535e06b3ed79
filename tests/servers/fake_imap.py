"""An IMAP server that misbehaves on demand: it cuts, splits, drips, stalls, lies and refuses, each
at a given point.
"""

import base64
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

USER, PASSWORD, TOKEN = "anna", "secret", "good-token"

Answer = bytes | Callable[["Connection", bytes, bytes], None]
"""What is said to a command instead of the right thing; `TAG` in it is the command's tag."""


@dataclass
class Mail:
    raw: bytes
    received: datetime = field(default_factory=lambda: datetime.now(UTC))
    flags: tuple[str, ...] = ()
    size: int | None = None


@dataclass
class Faults:
    """How the bytes of the server travel. Offsets count all bytes the server sends over one
    connection.
    """

    cut_at: int | None = None
    """Hang up after so many bytes."""
    stall_at: int | None = None
    """Say nothing more after so many bytes, and keep the line open."""
    split: bool = False
    """Every byte in a packet of its own."""
    pause: float = 0
    """Seconds after each packet."""


class FakeImap:
    """A server on loopback for one account. Change its attributes at any time; `said` holds what
    clients said to it.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, implicit: bool = False) -> None:
        self.tls, self.implicit = tls, implicit
        self.greeting = b"* OK ready\r\n"
        self.capabilities = "IMAP4rev1 IDLE AUTH=PLAIN AUTH=XOAUTH2" + (
            " STARTTLS" if tls and not implicit else ""
        )
        self.uidvalidity: int | None = 1
        self.uidnext: int | None = None
        """None: what the mails make of it."""
        self.tells_uidnext = True
        self.mails: dict[int, Mail] = {}
        self.injected = b""
        """Slipped in behind the answer to STARTTLS."""
        self.before_plus = self.with_plus = b""
        self.after_done = b""
        self.answers: dict[str, Answer | list[Answer]] = {}
        """By command (“EXAMINE”, “UID FETCH”): the answer to all, or to the next ones."""
        self.faults = Faults()
        self.said: list[bytes] = []
        self.logins = 0
        self._connections: list[Connection] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()
        self._start(self._accept)

    def add(self, *mails: bytes | Mail) -> None:
        for mail in mails:
            self.mails[max(self.mails, default=0) + 1] = (
                mail if isinstance(mail, Mail) else Mail(mail)
            )

    def deliver(self, raw: bytes) -> None:
        """Put a mail in and tell every connection that is idling."""
        self.add(raw)
        self.tell(b"* %d EXISTS\r\n" % len(self.mails))

    def tell(self, line: bytes) -> None:
        for connection in self._connections:
            if connection.idling:
                with suppress(OSError):
                    connection.send(line)

    def hang_up(self) -> None:
        for connection in self._connections:
            connection.close()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock)
            self._connections.append(connection)
            self._start(connection.serve)


class Connection:
    def __init__(self, server: FakeImap, sock: socket.socket) -> None:
        self.server, self.sock = server, sock
        self.idling = False
        self.sent = 0
        self._lock = threading.Lock()
        self._input = b""

    def serve(self) -> None:
        with suppress(OSError, ValueError):
            if self.server.implicit and self.server.tls:
                self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
            self.send(self.server.greeting)
            while line := self.line():
                self.server.said.append(line)
                self.obey(line)
        self.close()

    def close(self) -> None:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def line(self) -> bytes:
        while b"\n" not in self._input:
            data = self.sock.recv(65536)
            if not data:
                return b""
            self._input += data
        line, _, self._input = self._input.partition(b"\n")
        return line.rstrip(b"\r")

    def send(self, data: bytes) -> None:
        faults = self.server.faults
        with self._lock:
            for packet in (data[i : i + 1] for i in range(len(data))) if faults.split else [data]:
                if faults.cut_at is not None and self.sent + len(packet) > faults.cut_at:
                    self.sock.sendall(packet[: max(0, faults.cut_at - self.sent)])
                    self.close()
                    raise OSError("cut")
                if faults.stall_at is not None and self.sent + len(packet) > faults.stall_at:
                    self.sock.sendall(packet[: max(0, faults.stall_at - self.sent)])
                    self.sent = faults.stall_at
                    return
                self.sock.sendall(packet)
                self.sent += len(packet)
                if faults.pause:
                    time.sleep(faults.pause)

    def obey(self, line: bytes) -> None:
        tag, _, rest = line.partition(b" ")
        words = rest.decode().split(" ")
        name = words[0].upper()
        if name == "UID":
            name = f"UID {words[1].upper()}"
        given = self.server.answers.get(name)
        if isinstance(given, list):
            given = given.pop(0) if given else None
        if callable(given):
            given(self, tag, rest)
        elif given is not None:
            self.send(given.replace(b"TAG", tag))
            if given.startswith(b"* BYE"):
                self.close()
        else:
            known = getattr(self, f"_{name.replace(' ', '_').lower()}", None)
            if known:
                known(tag, rest)
            else:
                self.send(tag + b" BAD unknown\r\n")

    def ok(self, tag: bytes, text: bytes = b"done", before: bytes = b"") -> None:
        self.send(before + tag + b" OK " + text + b"\r\n")

    def _capability(self, tag: bytes, _rest: bytes) -> None:
        self.ok(tag, before=b"* CAPABILITY " + self.server.capabilities.encode() + b"\r\n")

    def _noop(self, tag: bytes, _rest: bytes) -> None:
        self.ok(tag)

    def _logout(self, tag: bytes, _rest: bytes) -> None:
        self.ok(tag, before=b"* BYE see you\r\n")

    def _starttls(self, tag: bytes, _rest: bytes) -> None:
        self.send(tag + b" OK begin\r\n" + self.server.injected)
        assert self.server.tls
        self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)

    def _login(self, tag: bytes, rest: bytes) -> None:
        self._verdict(tag, rest.decode() == f'LOGIN {USER} "{PASSWORD}"')

    def _authenticate(self, tag: bytes, rest: bytes) -> None:
        self.send(b"+ \r\n")
        said = base64.b64decode(self.line()).decode()
        if rest.upper().endswith(b"PLAIN"):
            self._verdict(tag, said == f"\0{USER}\0{PASSWORD}")
            return
        good = f"auth=Bearer {TOKEN}\1" in said and USER in said
        if not good:
            self.send(b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n")
            self.server.said.append(self.line())
        self._verdict(tag, good)

    def _verdict(self, tag: bytes, good: bool) -> None:
        self.server.logins += 1
        self.send(tag + (b" OK in\r\n" if good else b" NO [AUTHENTICATIONFAILED] wrong\r\n"))

    def _list(self, tag: bytes, _rest: bytes) -> None:
        self.ok(tag, before=b'* LIST (\\HasNoChildren) "/" INBOX\r\n')

    def _examine(self, tag: bytes, rest: bytes) -> None:
        if rest.split()[1].strip(b'"') != b"INBOX":
            self.send(tag + b" NO no such folder\r\n")
            return
        server = self.server
        lines = [b"* FLAGS (\\Seen)", b"* %d EXISTS" % len(server.mails), b"* 0 RECENT"]
        if server.uidvalidity is not None:
            lines.append(b"* OK [UIDVALIDITY %d] valid" % server.uidvalidity)
        if server.tells_uidnext:
            lines.append(
                b"* OK [UIDNEXT %d] next" % (server.uidnext or max(server.mails, default=0) + 1)
            )
        self.ok(tag, b"[READ-ONLY] examined", before=b"\r\n".join(lines) + b"\r\n")

    def _uid_search(self, tag: bytes, rest: bytes) -> None:
        uids = " ".join(str(uid) for uid in self._chosen(rest.decode().split(" ")[3]))
        self.ok(tag, before=f"* SEARCH {uids}".rstrip().encode() + b"\r\n")

    def _uid_fetch(self, tag: bytes, rest: bytes) -> None:
        _, _, chosen, items = rest.decode().split(" ", 3)
        order = sorted(self.server.mails)
        lines = [
            b"* %d FETCH (%s)\r\n" % (order.index(uid) + 1, self._show(uid, items))
            for uid in self._chosen(chosen)
        ]
        self.ok(tag, before=b"".join(lines))

    def _show(self, uid: int, items: str) -> bytes:
        mail = self.server.mails[uid]
        shown = [b"UID %d" % uid]
        if "INTERNALDATE" in items:
            shown.append(
                b'INTERNALDATE "' + mail.received.strftime("%d-%b-%Y %H:%M:%S %z").encode() + b'"'
            )
        if "RFC822.SIZE" in items:
            shown.append(b"RFC822.SIZE %d" % (mail.size or len(mail.raw)))
        if "FLAGS" in items:
            shown.append(b"FLAGS (" + " ".join(mail.flags).encode() + b")")
        if match := re.search(r"BODY\.PEEK\[(HEADER)?\](?:<0\.(\d+)>)?", items):
            part = mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if match[1] else mail.raw
            part = part[: int(match[2])] if match[2] else part
            name = f"BODY[{match[1] or ''}]{'<0>' if match[2] else ''}".encode()
            shown.append(name + b" {%d}\r\n" % len(part) + part)
        return b" ".join(shown)

    def _chosen(self, text: str) -> list[int]:
        highest = max(self.server.mails, default=0)
        found: set[int] = set()
        for part in text.split(","):
            first, _, last = part.replace("*", str(highest)).partition(":")
            low, high = sorted((int(first), int(last or first)))
            found |= {uid for uid in self.server.mails if low <= uid <= high}
        return sorted(found)

    def _idle(self, tag: bytes, _rest: bytes) -> None:
        self.send(self.server.before_plus + b"+ idling\r\n" + self.server.with_plus)
        self.idling = True
        done = self.line()
        self.idling = False
        self.server.said.append(done)
        if done:
            self.ok(tag, before=self.server.after_done)


@contextmanager
def running(*, tls: ssl.SSLContext | None = None, implicit: bool = False) -> Iterator[FakeImap]:
    server = FakeImap(tls=tls, implicit=implicit)
    try:
        yield server
    finally:
        server.close()
