import os
import socket
import time

import pytest

from daemon.service import systemd


@pytest.fixture(params=["path", "abstract"])
def supervisor(request, tmp_path, monkeypatch):
    """A socket such as systemd's, on a path or in the abstract name space."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@orderbell-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield listener


@pytest.mark.parametrize(
    ("tell", "heard"),
    [
        (systemd.ready, b"READY=1"),
        (systemd.watchdog, b"WATCHDOG=1"),
        (systemd.stopping, b"STOPPING=1"),
        (lambda: systemd.status("2 mailboxes\nREADY=1"), b"STATUS=2 mailboxes READY=1"),
    ],
)
def test_each_word_is_one_datagram(supervisor, tell, heard):
    tell()

    assert supervisor.recv(4096) == heard


def test_a_reload_says_when_on_the_clock_that_systemd_reads(supervisor):
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    systemd.reloading()

    word, _, at = supervisor.recv(4096).decode().partition("\nMONOTONIC_USEC=")
    assert word == "RELOADING=1"
    assert before <= int(at) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


@pytest.mark.parametrize("address", [None, "", "relative", "/no/such/socket"])
def test_without_a_listener_nothing_happens(monkeypatch, address):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)

    systemd.ready()
