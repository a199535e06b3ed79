"""What is known of the flags (☆) of mails that alerts rest on: seen unset, a flag set later is an
answer.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from daemon.store.ledger import Ledger

FLAGGED = "\\flagged"


def is_flagged(flags: Iterable[str]) -> bool:
    return FLAGGED in (flag.lower() for flag in flags)


def last_seen(ledger: Ledger, mailbox: str) -> dict[int, bool]:
    """Number of the mail → whether it was flagged."""
    kept = ledger.told(_name(mailbox))
    return {int(number): is_set for number, is_set in kept.value.items()} if kept else {}


def see(ledger: Ledger, mailbox: str, flags: Mapping[int, bool], now: datetime) -> None:
    """These were looked at too."""
    replace(ledger, mailbox, {**last_seen(ledger, mailbox), **flags}, now)


def replace(ledger: Ledger, mailbox: str, flags: Mapping[int, bool], now: datetime) -> None:
    """These are all that matter now."""
    ledger.tell(_name(mailbox), now, {str(number): is_set for number, is_set in flags.items()})


def _name(mailbox: str) -> str:
    return f"flags:{mailbox}"
