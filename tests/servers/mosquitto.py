"""A private mosquitto on loopback, and a client that hears it as Home Assistant does."""

import json
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

BINARY = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
MISSING = "no mosquitto: nothing is tried on a real broker; try: apt-get install mosquitto"
USER, PASSWORD = "orderbell", "secret"
PATIENCE = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """One broker that can be stopped and started again on the same port, keeping what it retained."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.port = free_port()
        self._folder = folder
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        subprocess.run(
            ["mosquitto_passwd", "-b", passwords, USER, PASSWORD], check=True, capture_output=True
        )
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            f"persistence true\npersistence_location {folder}/\nuser root\n{extra}"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(BINARY), "-c", self._folder / "mosquitto.conf"], stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError((self._folder / "log").read_text())

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None


@contextmanager
def running(extra: str = "") -> Iterator[Mosquitto]:
    with tempfile.TemporaryDirectory(prefix="mosquitto-") as folder:
        broker = Mosquitto(Path(folder), extra)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


REFUSED = bytes((0x20, 0x02, 0x00, 0x01))
"""CONNACK of MQTT 3.1.1: unacceptable protocol version."""


@contextmanager
def older(port: int, *, politely: bool) -> Iterator[int]:
    """The broker at `port` as one that knows only MQTT 3.1.1, at the port that is given back.

    Another protocol is refused in CONNACK, or the line is cut without a word.
    """

    class Door(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            first = self.request.recv(4096)
            name = first.find(b"MQTT")
            if first[name + 4] != 4:
                if politely:
                    self.request.sendall(REFUSED)
                return
            with socket.create_connection(("127.0.0.1", port)) as inside:
                inside.sendall(first)
                answers = threading.Thread(target=_pass_on, args=(inside, self.request))
                answers.start()
                _pass_on(self.request, inside)
                answers.join()

    class Doors(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Doors(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


class Listener:
    """Keeps the retained and the passing messages below a few topics."""

    def __init__(self, port: int) -> None:
        self.last: dict[str, str] = {}
        self.retained: set[str] = set()
        self.all: list[tuple[str, str]] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="listener")
        self._client.username_pw_set(USER, PASSWORD)
        self._client.on_connect = lambda client, *_: client.subscribe([("#", 1)])
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _hear(self, _client: Client, _data: object, message) -> None:
        text = message.payload.decode()
        self.last[message.topic] = text
        if message.retain:
            self.retained.add(message.topic)
        self.all.append((message.topic, text))

    def say(self, topic: str, payload: str) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(PATIENCE)

    def forget(self, topic: str) -> None:
        """Clear what is retained there."""
        self._client.publish(topic, "", qos=1, retain=True).wait_for_publish(PATIENCE)

    def until(self, holds, what: str):
        """Wait until `holds()` is true and give it back."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := holds():
                return found
            time.sleep(0.02)
        raise AssertionError(f"never {what}; heard {sorted(self.last)}")

    def json(self, topic: str):
        return json.loads(self.until(lambda: self.last.get(topic), f"heard {topic}"))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
