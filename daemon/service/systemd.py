"""Telling systemd how we are: one datagram per word, to the socket it names; nothing happens
without one.
"""

import os
import socket
import time

ADDRESS = "NOTIFY_SOCKET"


def ready() -> None:
    """Start-up is over: the configuration is good and the ledger open (logins may still fail and be
    retried).
    """
    _tell("READY=1")


def status(text: str) -> None:
    """One line for `systemctl status`."""
    _tell("STATUS=" + " ".join(text.split()))


def watchdog() -> None:
    """Every worker is alive. Without this for WatchdogSec= the service is killed and started
    again.
    """
    _tell("WATCHDOG=1")


def reloading() -> None:
    """The configuration is read again; `ready()` ends it. The time tells systemd (253+) which
    reload is meant.
    """
    _tell(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def stopping() -> None:
    """The end has begun."""
    _tell("STOPPING=1")


def _tell(state: str) -> None:
    address = os.environ.get(ADDRESS, "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # Linux's abstract names begin with NUL
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.sendto(state.encode(), address)
    except OSError:
        pass  # a supervisor that does not listen must not stop the work
