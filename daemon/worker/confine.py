"""What a process gives up before it meets the words of strangers: memory, processor time, other
programs, files, the network.

Memory, time, programs and written files are limited everywhere. Landlock (Linux 5.13) and seccomp
(by libseccomp, which comes with systemd) take files and the network where the kernel has them: they
are called here as their manuals say, since no binding of either is kept well enough to lean on.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LIFE_CPU = 600
"""Seconds of processor time in a whole life; the parent ends a child long before."""
OPEN_FILES = 32
GRACE_CPU = 1.0
"""Seconds that code which does not listen may go on before the process is killed."""

PR_SET_NO_NEW_PRIVS = 38
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
"""Numbers of system calls, the same on every architecture."""
VERSION_FLAG = 1
PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""By version, how many rights over files there are; later versions have as many as the fifth."""

SCMP_ACT_ALLOW = 0x7FFF0000
SCMP_ACT_EPERM = 0x00050001
REFUSED_CALLS = (
    *("socket", "socketpair", "socketcall", "connect", "bind", "listen", "accept", "accept4"),
    *("sendto", "sendmsg", "sendmmsg", "execve", "execveat", "fork", "vfork", "clone", "clone3"),
    *("kill", "tkill", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "ptrace"),
    *("process_vm_readv", "process_vm_writev", "process_madvise", "io_uring_setup", "bpf"),
    *("perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "memfd_create"),
    *("mount", "umount2", "unshare", "setns", "pivot_root", "chroot", "open_by_handle_at"),
)
"""What no reader of mail needs. There is no list of what it does need: that differs between
machines and Pythons, and a mail must not fail for it.
"""


class CpuTimeError(BaseException):
    """The time given by `within_cpu` is used up. No `Exception`, so that nothing on the way
    swallows it.
    """


def limit(memory: int) -> None:
    """Hold this process to so many bytes of address space, and to what reading needs. It can write
    no files, dump no core, start no process (unless it is root's), and gain no right.
    """
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, LIFE_CPU),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        with suppress(ValueError, OSError):  # what is lower already stays so
            resource.setrlimit(what, (most, most))
    sys.dont_write_bytecode = True
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def shut_in(readable: Iterable[Path]) -> tuple[str, ...]:
    """Take files but those below `readable`, and the network, from this process for good. Which of
    "landlock" and "seccomp" hold now; a kernel without them is no error.
    """
    if sys.platform != "linux":
        return ()
    holds = {"landlock": _landlock(readable), "seccomp": _seccomp()}
    return tuple(name for name, is_on in holds.items() if is_on)


@contextmanager
def within_cpu(seconds: float) -> Iterator[None]:
    """Raise CpuTimeError in the midst of what takes more processor time; kill this process if that
    is not heard. For the main thread.
    """

    def over(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        raise CpuTimeError

    signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds, GRACE_CPU)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


class _Ruleset(ctypes.Structure):
    """`struct landlock_ruleset_attr`."""

    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    """`struct landlock_path_beneath_attr`."""

    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def _landlock(readable: Iterable[Path]) -> bool:
    call = ctypes.CDLL(None, use_errno=True).syscall
    version = call(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)
    if version < 1:
        return False
    handled = _Ruleset(
        fs=(1 << FILE_RIGHTS.get(version, FILE_RIGHTS[5])) - 1,
        net=0b11 if version >= 4 else 0,  # to bind and to connect
        scoped=0b11 if version >= 6 else 0,  # abstract sockets, signals
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = call(LANDLOCK_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            with suppress(OSError):
                folder = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY)
                rule = _Beneath(allowed=READ_FILE | READ_DIR, folder=folder)
                call(LANDLOCK_ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
                os.close(folder)
        return bool(call(LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _seccomp() -> bool:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return False
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint)
    ]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    context = library.seccomp_init(SCMP_ACT_ALLOW)
    if not context:
        return False
    for name in REFUSED_CALLS:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number != -1:  # this machine has none of that name
            library.seccomp_rule_add(context, SCMP_ACT_EPERM, number, 0)
    return bool(library.seccomp_load(context) == 0)
