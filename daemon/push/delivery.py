"""The delivery: one message for one target, what became of it, and when to try again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PATIENCE = timedelta(days=7)
"""A target that has been down for longer than this will not get the message any more."""
FIRST_DELAYS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
)
SPREAD = 0.1
"""Each wait is up to a tenth longer, so that many messages do not come back in the same instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message for one target."""

    target: str
    """Id of the target in the configuration: the only name of it that is ever logged."""
    url: str
    """Its Apprise URL, a secret."""
    title: str
    body: str
    severity: str
    """critical, warning or info."""
    key: str
    """The same for every try of one message: what a receiver can know a repeat by."""
    note: str = ""
    """Behind the title, however long that is: (maybe a repeat)."""
    topic: str = ""
    """Where a button under the message answers to (ntfy only), a secret; empty for none."""
    click: bool = False
    """A tap on the message opens the first link of its body (ntfy, Pushover)."""


class SendOutcome(StrEnum):
    """SENT: the service took it. FAILED: it surely did not. UNSURE: it was sent and no answer
    came.
    """

    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What became of one try."""

    outcome: SendOutcome
    reason: str = ""
    """One sentence without secrets, empty when sent."""
    permanent: bool = False
    """The same URL will fail again: a person has to change something."""


def next_try(tries: int, now: datetime, critical: bool) -> datetime | None:
    """When to try again after `tries` failures: 10 s, 1 m, 5 m, 15 m, then hourly; None after seven
    days.

    What is not critical comes every six hours once an hour has gone by.
    """
    delays = CRITICAL_DELAYS if critical else OTHER_DELAYS
    if not 1 <= tries <= len(delays):
        return None
    # The microsecond is as good as dice here, and a test can hold it still.
    return now + delays[tries - 1] * (1 + SPREAD * now.microsecond / 1_000_000)


def _delays(later: timedelta) -> Iterator[timedelta]:
    spent = timedelta()
    for delay in (*FIRST_DELAYS, timedelta(hours=1)):
        spent += delay
        yield delay
    while (spent := spent + later) <= PATIENCE:
        yield later


CRITICAL_DELAYS = tuple(_delays(timedelta(hours=1)))
OTHER_DELAYS = tuple(_delays(timedelta(hours=6)))
