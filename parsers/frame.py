"""How the mails of one mailbox are read; known without anything that reads them."""

from dataclasses import dataclass
from datetime import UTC, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What its owner says about the mailbox a mail came to."""

    authserv_ids: tuple[str, ...] = ()
    """Who stamps Authentication-Results for this mailbox; empty: nothing is trusted."""
    addresses: tuple[str, ...] = ()
    """The user's own, for forwards."""
    relays: tuple[str, ...] = ()
    """Forwarding services that rewrite the sender."""
    zone: tzinfo = UTC
    """The user's."""
    role: str = "buyer"
    """buyer, seller or both"""
    trust_all: bool = False
    """Mail without authentication is taken as genuine."""
