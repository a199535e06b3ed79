"""Relays: who wrote a mail that a forwarding service passes on under an address of its own.

Their shapes are data (`relays.yaml`). Which of them vouches for a sender is the user's to say
(`relays:`).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from parsers.bundled_yaml import read_bundled

MAX_LOCAL = 254
MAX_DISPLAY = 600
GAP = re.compile(r"\{(\w+)\}")
GAPS: Mapping[str, str] = {
    "local": r"(?P<local>[^\s@()<>\"',;:]{1,64})",
    "domain": r"(?P<domain>[a-z0-9-]{1,63}(?:[._][a-z0-9-]{1,63}){1,6})",
    "host": r"(?P<domain>[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6})",
    "code": r"[0-9a-z]{4,16}",
    "user": r"[0-9a-z._-]{1,64}",
    "any": r".{0,300}",
}
"""All bounded: what they meet was written by strangers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """One service."""

    name: str
    domains: tuple[str, ...]
    people: bool
    """Whether ordinary people have addresses there too."""
    address: tuple[re.Pattern[str], ...]
    display: tuple[re.Pattern[str], ...]
    sure: bool
    """Whether its display name can be believed."""
    cut: int
    """Addresses of so many signs and more are written cut off, so that what is left says little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """Who wrote a mail that came through a relay."""

    relay: str
    """The relay's domain, as it stands in `relays:`."""
    local: str
    domain: str
    sure: bool
    """Whether it was the relay that said so, and not perhaps the sender."""


@cache
def known() -> tuple[Relay, ...]:
    return tuple(
        Relay(
            name=row["name"],
            domains=tuple(row["domains"]),
            people=row.get("people", False),
            address=tuple(map(_compiled, row.get("address", ()))),
            display=tuple(map(_compiled, row.get("display", ()))),
            sure=row.get("sure", True),
            cut=row.get("cut", MAX_LOCAL),
        )
        for row in read_bundled(Path(__file__).with_name("relays.yaml")).tree
    )


def known_domains() -> tuple[str, ...]:
    """What may stand in `relays:`."""
    return tuple(domain for relay in known() for domain in relay.domains)


def relay_of(domain: str) -> tuple[Relay, str] | None:
    """The relay an address of this domain may belong to, and its domain as we list it."""
    for relay in known():
        for listed in relay.domains:
            if domain == listed or domain.endswith(f".{listed}"):
                return relay, listed
    return None


def unwrapped(display: str, local: str, domain: str, senders: Collection[str]) -> Relayed | None:
    """Who wrote, when the address is a relay's and has one of its shapes.

    `senders`: domains worth recognising; a relay writes their hyphens and dots alike.
    """
    found = relay_of(domain)
    if found is None:
        return None
    relay, listed = found
    for shape in relay.address if len(local) <= MAX_LOCAL else ():
        if (match := shape.fullmatch(local)) is not None:
            whole = len(match["local"]) + 1 + len(match["domain"]) < relay.cut
            return _relayed(listed, match, senders, sure=whole)
    for shape in relay.display if len(display) <= MAX_DISPLAY else ():
        if (match := shape.fullmatch(display.lower().strip(" \"'"))) is not None:
            return _relayed(listed, match, senders, sure=relay.sure)
    return None


def _relayed(relay: str, match: re.Match[str], senders: Collection[str], *, sure: bool) -> Relayed:
    domain = match["domain"].replace("_", ".")
    plain = domain.replace("-", ".")
    best = next((one for one in senders if one.replace("-", ".") == plain), domain)
    return Relayed(relay=relay, local=match["local"], domain=best, sure=sure)


def _compiled(shape: str) -> re.Pattern[str]:
    """A shape of the data as a bounded expression."""
    pieces = GAP.split(shape)
    return re.compile(
        "".join(
            GAPS[piece] if place % 2 else re.escape(piece.lower())
            for place, piece in enumerate(pieces)
        )
    )
