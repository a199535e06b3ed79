"""How much processor time mail may take: two seconds a mail, and a day's worth a sender."""

import time
from collections.abc import Callable

MAIL_CPU = 2.0
"""Seconds for one mail; the longest allowed one takes half a second."""
ORDINARY_CPU = 0.25
"""Seconds that count for nothing, and that even a sender who has used up the day has left: its
ordinary mails, or those of the one whose name it bears, take a tenth of it.
"""
DAY_CPU = 20.0
"""Seconds beyond the ordinary that the mails of one sender may take in a day."""
DAY_SECONDS = 86_400.0
SENDERS = 1_000
"""Senders remembered at once; the one unheard for longest is forgotten."""


class SenderBudgets:
    """What the senders have used today, on the monotonic clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = clock()
        self._used: dict[str, float] = {}

    def left(self, sender: str) -> float:
        """Seconds for the next mail of the sender."""
        if self._clock() - self._begun >= DAY_SECONDS:
            self._begun = self._clock()
            self._used.clear()
        return MAIL_CPU if self._used.get(sender, 0.0) < DAY_CPU else ORDINARY_CPU

    def spend(self, sender: str, seconds: float) -> None:
        """One of its mails took so long."""
        if seconds > ORDINARY_CPU:
            self._used[sender] = self._used.pop(sender, 0.0) + seconds - ORDINARY_CPU
            while len(self._used) > SENDERS:
                del self._used[next(iter(self._used))]
