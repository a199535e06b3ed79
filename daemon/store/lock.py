"""One instance per state folder: a lock the kernel drops when its holder dies."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from daemon.store.errors import StoreError, StoreErrorKind

TRIES, PAUSE = 20, 0.05
"""Looks at a lock that is taken, and the seconds between two."""


class Lock:
    """Held from `take` to `release`. The file names the holder's process; a stale file does no
    harm.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path) -> Self:
        """Take the lock of `folder`. Raises StoreError(TAKEN) at once when another process holds
        it.
        """
        path = folder / "orderbell.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                StoreErrorKind.ACCESS,
                f"{path}: {error.strerror}",
                "choose a folder you can write with --state DIR",
            ) from error
        if not _locked(descriptor):
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreError(
                StoreErrorKind.TAKEN,
                f"another Orderbell (process {holder}) already watches with {folder}",
                "stop it first, or give this one a state folder of its own with --state DIR",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _locked(descriptor: int) -> bool:
    """Whether it is ours. Who only asks for the holder (`status`) has the file for an instant
    too.
    """
    for _ in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(PAUSE)
        else:
            return True
    return False


def holder(folder: Path) -> int | None:
    """The process that holds the lock of `folder`; None when nobody does. Makes no file. Raises
    StoreError(ACCESS).
    """
    path = folder / "orderbell.lock"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreError(
            StoreErrorKind.ACCESS, f"{path}: {error.strerror}", "ask as the user that runs it"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        told = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        return int(told) if told.isdigit() else None
    else:
        return None
    finally:
        os.close(descriptor)
