"""What systemd hears from the real command: ready, alive, reloading, stopping; and the exit code it
acts on.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

CONFIG = """\
version: 1
mailboxes:
  - {id: main, host: 127.0.0.1, port: 9, tls: none, user: me, password: {value: x}}
"""
ORDERBELL = Path(sys.executable).with_name("orderbell")


class Supervisor:
    """The service as systemd would run it, and the words it sent."""

    def __init__(self, folder, config=CONFIG):
        self.folder = folder
        self.words = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(0.2)
        self.config = folder / "config.yaml"
        self.config.write_text(config)
        self.config.chmod(0o600)

    def __enter__(self):
        command = [
            str(ORDERBELL),
            "--config",
            str(self.config),
            "--state",
            str(self.folder / "state"),
            "run",
        ]
        environment = {**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")}
        self.log = (self.folder / "log").open("w+")
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self._socket.close()

    def hear(self, word, seconds=30):
        """Wait for a datagram that begins so; those before it are kept too."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.words.append(self._socket.recv(4096).decode())
            except TimeoutError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                continue
            if self.words[-1].startswith(word):
                return self.words[-1]
        raise AssertionError(f"{word} was not said, only {self.words}")

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(15)


@pytest.fixture
def supervised(tmp_path):
    with Supervisor(tmp_path) as one:
        yield one


def test_systemd_hears_the_whole_life(supervised):
    supervised.hear("READY=1")
    status = supervised.hear("STATUS=")
    supervised.hear("WATCHDOG=1")
    supervised.process.send_signal(signal.SIGHUP)
    reloading = supervised.hear("RELOADING=1")
    supervised.hear("READY=1")
    supervised.process.send_signal(signal.SIGTERM)
    supervised.hear("STOPPING=1")

    assert supervised.process.wait(15) == 0
    assert "mailbox" in status
    assert "\nMONOTONIC_USEC=" in reloading


def test_a_reload_with_a_broken_file_goes_on_with_the_old_one(supervised):
    supervised.hear("WATCHDOG=1")
    supervised.config.write_text("version: 1\nmailboxs: []\n")
    supervised.process.send_signal(signal.SIGHUP)
    supervised.hear("RELOADING=1")
    supervised.hear("READY=1")
    supervised.hear("WATCHDOG=1")

    assert supervised.end(signal.SIGTERM) == 0


def test_a_start_with_a_broken_file_ends_with_the_code_that_is_not_started_again(tmp_path):
    with Supervisor(tmp_path, config="version: 1\nmailboxs: []\n") as supervised:
        assert supervised.process.wait(30) == 3
