"""One transaction of the ledger together with what decides its outcome: set-up, time, manner."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from daemon.pipeline.setup import Setup
from daemon.store.ledger import Ledger
from daemon.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """How what is found is told: at once, together with more, or not at all."""

    silent_for: str | None = None
    """Id of the mailbox whose history is being read: nothing is judged before its end."""
    silent: bool = False
    """Judged, and nothing is told of what is found: old orders from a file."""
    batch: str | None = None
    """Everything goes into this one message: what came in after an outage."""


NOW = Announce()
SILENT = Announce(silent=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Handed down through everything that happens in one transaction; gone with its end."""

    ledger: Ledger
    setup: Setup
    now: datetime
    """Aware UTC; the same for all that happens in it."""
    announce: Announce = NOW

    def announcing(self, announce: Announce) -> "Transaction":
        """The same transaction for what is told in another manner."""
        return self if announce is self.announce else replace(self, announce=announce)

    @property
    def reads_history(self) -> bool:
        """Whether what is found waits for the end of a mailbox's history."""
        return self.announce.silent_for is not None


@contextmanager
def transaction(
    store: Store,
    setup: Setup,
    now: datetime,
    announce: Announce = NOW,
    *,
    light: bool = False,
) -> Iterator[Transaction]:
    """All of it or, after any exception, nothing. `light`: see `Store.write`. Raises StoreError."""
    with store.write(light=light) as ledger:
        yield Transaction(ledger=ledger, setup=setup, now=now, announce=announce)
