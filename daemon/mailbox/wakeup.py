"""A bell that ends a wait on the network from another thread or a signal handler."""

import os
import select
from contextlib import suppress


class Wakeup:
    """Rings until it is cleared; one bell may end many waits."""

    def __init__(self) -> None:
        self._ear, self._rope = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._rope, False)

    def fileno(self) -> int:
        """The end that becomes readable; for select."""
        return self._ear

    def ring(self) -> None:
        """End all waits. Safe in any thread and in signal handlers."""
        with suppress(BlockingIOError):  # a full pipe rings already
            os.write(self._rope, b"!")

    def clear(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self._ear, 4096):
                pass

    def wait(self, seconds: float) -> bool:
        """Whether the bell rang within `seconds`."""
        watch = select.poll()  # not select(): it knows no file numbers above 1023
        watch.register(self._ear, select.POLLIN)
        return bool(watch.poll(max(0.0, seconds) * 1000))

    def close(self) -> None:
        os.close(self._ear)
        os.close(self._rope)
