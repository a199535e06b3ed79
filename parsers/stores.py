"""Which store a mail comes from, and so what its dates, amounts and times mean.

The domain of From is the weakest word: donotreply@amazon.com writes for half of the world.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, tzinfo
from zoneinfo import ZoneInfo

from parsers import marks
from parsers.authentic import Sender
from parsers.body import Page
from parsers.codes import MailCode, code_of
from parsers.dates import Clock
from parsers.mail import ParsedMail
from parsers.money import DOLLARS
from parsers.pack import Pack
from parsers.packfile import Storefront
from parsers.text import VisibleText

MARKETPLACE = "x-marketplace-id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What is known of a mail before a word of it is read."""

    pack: Pack
    store: Storefront
    group: str | None
    """Of the sender."""
    clock: Clock
    subject: str
    code: MailCode | None
    """What the mail calls itself."""

    def page(self, text: VisibleText, *, rich: bool) -> Page:
        return Page(
            pack=self.pack,
            subject=self.subject,
            text=text,
            clock=self.clock,
            dollar=dollar_of(self.store),
            rich=rich,
            group=self.group,
            home=self.store.language,
            code=self.code,
        )


def dollar_of(store: Storefront) -> str:
    """What a bare $ means in a store's mail: never its yen or euro."""
    return store.currency if store.currency in DOLLARS else "USD"


def letterhead(mail: ParsedMail, sender: Sender, group: str | None) -> Letterhead:
    """The sender's pack, group and store, and the clock of the mail."""
    pack = sender.pack
    assert pack is not None  # noqa: S101 - strangers are not read
    store = pack.file.stores.get(store_of(mail, sender, pack), Storefront())
    zone = ZoneInfo(store.zone) if store.zone else None
    return Letterhead(
        pack=pack,
        store=store,
        group=group,
        clock=Clock(today=_today(mail, zone), zone=zone, numeric=store.numeric),
        subject=mail.subject,
        code=code_of(mail, pack),
    )


def store_of(mail: ParsedMail, sender: Sender, pack: Pack) -> str:
    """The store's domain: from its header, else the hosts of the links, else the order number, else
    From.
    """
    own = pack.domains.get(sender.domain, "")
    for ids in mail.all(MARKETPLACE):
        if (named := pack.file.ids.get(ids.strip())) is not None:
            return named
    if not pack.file.ids:
        return own
    for found in (set(_linked(mail, pack)), set(_numbered(mail, pack))):
        elsewhere = found - {own}
        if len(elsewhere) == 1:
            return elsewhere.pop()
        if found:
            return own if own in found else ""
    return own


def _linked(mail: ParsedMail, pack: Pack) -> Iterator[str]:
    """The stores that links lead to."""
    for host in {link.url.split("/", 3)[2] for link in mail.links if link.url.count("/") > 1}:
        name = host.rpartition("@")[2].partition(":")[0].lower()
        while name:
            if name in pack.file.stores:
                yield name
                break
            name = name.partition(".")[2]


def _numbered(mail: ParsedMail, pack: Pack) -> Iterator[str]:
    """The stores that order numbers begin with."""
    for line in (mail.subject, *mail.text.lines[:200]):
        for number in marks.orders_in_line(line, pack):
            if (store := pack.file.prefixes.get(number.partition("-")[0])) is not None:
                yield store


def _today(mail: ParsedMail, zone: tzinfo | None) -> date | None:
    """The day the mail's words start from: its own, or the store's when Date is told in UTC, which
    says no place.
    """
    if mail.date is None:
        return None
    placeless = zone is not None and not mail.date.utcoffset()
    return (mail.date.astimezone(zone) if placeless else mail.date).date()
