"""Who stamps Authentication-Results on the marketplaces' mails of a mailbox, and how many of them
each would verify: what `authserv_ids` should name.
"""

from collections import Counter
from dataclasses import dataclass

from daemon.mailbox.stamps import stamps
from daemon.store.ledger import Ledger
from parsers.authentic import sender_of, trust_of
from parsers.limits import header_of
from parsers.mail import parse_header
from parsers.notice import Trust
from parsers.pack import Library

LAST = 200
"""Mails looked at: what a provider writes today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampShare:
    """One stamp, by the last marketplace mails of a mailbox."""

    name: str
    stamped: int
    """How many mails carry it."""
    verified: int
    """How many it would verify."""
    mails: int
    """How many there are."""

    def __str__(self) -> str:
        share = round(100 * self.verified / self.mails)
        return f"{self.name} verifies {self.verified} of {self.mails} ({share} %)"


def stamp_shares(ledger: Ledger, library: Library, mailbox: str) -> tuple[StampShare, ...]:
    """Those that verify most first. Nothing when no marketplace mail is stored."""
    numbers = ledger.mails.newest_kept(mailbox, LAST)
    stamped: Counter[str] = Counter()
    verified: Counter[str] = Counter()
    for number in numbers:
        header = header_of(ledger.mails.raw(number) or b"")
        mail = parse_header(header)
        sender = sender_of(mail, library)
        for name, _ in stamps([header]):
            stamped[name] += 1
            if sender is not None and trust_of(mail, sender, (name,), ())[0] is Trust.VERIFIED:
                verified[name] += 1
    shares = [
        StampShare(name=name, stamped=count, verified=verified[name], mails=len(numbers))
        for name, count in stamped.items()
        if name
    ]
    return tuple(sorted(shares, key=lambda one: (-one.verified, -one.stamped, one.name)))
