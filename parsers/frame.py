"""How the mails of one mailbox are read; known without anything that reads them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

MAX_KEYS = 2
"""Keys of signatures that are looked up for one mail."""
KEY_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\._domainkey\.([a-z0-9][a-z0-9.-]{0,150})")


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
    dkim: tuple[str, ...] = ()
    """Domains whose signatures we check ourselves, as the server stamps nothing; empty: none."""
    keys: tuple[tuple[str, str], ...] = ()
    """Their keys for one mail: DNS name, text."""
    trust_all: bool = False
    """Mail without authentication is taken as genuine."""


def is_key_of(name: str, domains: Sequence[str]) -> bool:
    """Whether this is the DNS name of a DKIM key of one of the domains, or of one below."""
    found = KEY_NAME.fullmatch(name)
    return found is not None and any(f".{found[1]}".endswith(f".{domain}") for domain in domains)
