"""Run a command under the system call filter of a unit: `python -m tests.servers.sandbox UNIT
COMMAND …`.

What systemd would do as PID 1 is done here with the same library and the same groups of calls, so
that a test can tell
whether the hardening still lets the program live. Needs libseccomp and systemd-analyze, as every
systemd has them.
"""

import ctypes
import ctypes.util
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ALLOW = 0x7FFF0000
REFUSE = 0x00050001
"""SCMP_ACT_ERRNO(EPERM)."""
UNKNOWN = -1
PR_SET_MDWE = 65
MDWE_REFUSE_EXEC_GAIN = 1


def available() -> str | None:
    """What is missing here, or None."""
    if sys.platform != "linux" or not ctypes.util.find_library("seccomp"):
        return "libseccomp is missing"
    try:
        calls("@default")
    except (OSError, subprocess.CalledProcessError):
        return "systemd-analyze is missing"
    return None


def calls(group: str) -> set[str]:
    """The names in a group of systemd's, the groups in it opened."""
    words = ["systemd-analyze", "syscall-filter", group]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    names = [line.strip() for line in told.splitlines()[1:]]
    found = {name for name in names if re.fullmatch(r"\w+", name)}
    return found.union(*(calls(name) for name in names if name.startswith("@")))


def allowed(lines: Iterable[str]) -> set[str]:
    """What the SystemCallFilter= lines of a unit allow, in their order; the first one is a list of
    allowed calls.
    """
    found = calls("@default")
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name != "SystemCallFilter":
            continue
        parts = value.lstrip("~").split()
        meant = set().union(*(calls(part) if part.startswith("@") else {part} for part in parts))
        found = found - meant if value.startswith("~") else found | meant
    return found


def enter(unit: Path) -> None:
    """This process and all it starts live under the filter from now on."""
    lines = unit.read_text().splitlines()
    names = allowed(lines)
    library = ctypes.CDLL(ctypes.util.find_library("seccomp"), use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
    ]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    context = library.seccomp_init(REFUSE)
    for name in sorted(names):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number != UNKNOWN:
            library.seccomp_rule_add(context, ALLOW, number, 0)
    if "MemoryDenyWriteExecute=yes" in lines:
        ctypes.CDLL(None).prctl(
            PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0
        )  # Linux 6.3 and newer; else not tried
    if library.seccomp_load(context) != 0:
        raise OSError(ctypes.get_errno(), "the filter was not taken")


if __name__ == "__main__":
    enter(Path(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
