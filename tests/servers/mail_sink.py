"""A mail server on loopback that takes every mail and writes it down, or refuses as told; enough
SMTP for smtplib.
"""

import socketserver
import threading
from types import TracebackType
from typing import Self


class MailSink:
    """`with MailSink() as sink:` listens on a free port; `refuse` maps a command to the line it is
    answered with.
    """

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.refuse: dict[str, str] = {}
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="mail-sink"
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
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"


def _handler(sink: MailSink) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        timeout = 20

        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 sink")
            while line := self.rfile.readline():
                word = line.decode().split(":")[0].split()[0].upper()
                if word in sink.refuse:
                    self.say(sink.refuse[word])
                elif word == "EHLO":
                    self.say("250-sink\r\n250-AUTH PLAIN\r\n250 8BITMIME")
                elif word == "AUTH":
                    self.say("235 welcome")
                elif word == "DATA":
                    self.say("354 go on")
                    sink.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                    self.say("250 taken")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    return Handler
