"""What a pack lists of a sender, and by which of its entries: only what is listed there as dull is
dull.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from parsers.authentic import Sender
from parsers.pack import Pack
from parsers.phrase import Phrase

NOISE = "noise"
_DULL = "Listed as dull: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What an address sends, and where the pack says so."""

    group: str
    """A group of `packfile.Senders`."""
    entry: str


def listing_of(sender: Sender, pack: Pack) -> Listing | None:
    """By the whole address, else its domain, its name or a host of any store; None when the pack
    does not know it.
    """
    return next(_listings(sender, pack), None)


def _listings(sender: Sender, pack: Pack) -> Iterator[Listing]:
    listed = pack.file.senders.model_dump()
    for wanted in (f"{sender.local}@{sender.domain}", sender.domain, sender.local):
        for group, names in listed.items():
            if wanted in names:
                yield Listing(group=str(group), entry=wanted)
    for group, names in listed.items():
        for name in names:
            if name.endswith(".*") and sender.domain.startswith(name[:-1]):
                yield Listing(group=str(group), entry=name)


def dull_sender(listing: Listing, pack: Pack) -> str:
    """Why a mail of that sender is dull."""
    return f"{_DULL}{listing.entry} (senders.noise of packs/{pack.marketplace}/pack.yaml)."


def dull_phrase(phrase: Phrase) -> str:
    """Why a mail with that subject is dull."""
    return f"{_DULL}'{phrase.written}' ({phrase.source})."


def entry_of(reason: str) -> str:
    """The entry that `dull_sender` or `dull_phrase` named; of another reason all of it."""
    return reason.removeprefix(_DULL).removesuffix(".") if reason.startswith(_DULL) else reason
