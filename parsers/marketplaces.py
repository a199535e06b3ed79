"""The marketplaces there are, by what their packs say: names, shapes of order numbers, pages.

Shipped packs come with the program; a person's own lie in the folder that `use` names, once for
the whole process. A pack with a fault counts as shipped or, where it is nobody's but the person's,
not at all: `parsers.pack.load` tells of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from parsers.shapes import compiled, sample

if TYPE_CHECKING:
    from parsers.packfile import PackFile


ELSE = "else"
"""Stands in texts of rules and in deadlines for the marketplaces that nothing else names."""


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One marketplace, as its pack.yaml describes it."""

    file: "PackFile"
    order: re.Pattern[str]

    @property
    def title(self) -> str:
        """Its name as people write it."""
        return self.file.name or self.file.marketplace

    def contact(self, language: str) -> str | None:
        """How to reach its support, where the pack says so."""
        return self.file.contact.words(language) if self.file.contact else None

    def country(self, domain: str) -> str | None:
        """The country of the store whose mail comes from the domain."""
        store = self.store_of(domain)
        return self.file.stores[store].country if store else None

    def zone(self, domain: str) -> str | None:
        """The time zone of the store whose mail comes from the domain."""
        store = self.store_of(domain)
        return self.file.stores[store].zone if store else None

    def store_of(self, domain: str) -> str | None:
        """The store whose own domain this is, or lies above it."""
        labels = domain.lower().split(".")
        names = (".".join(labels[at:]) for at in range(len(labels)))
        return next((name for name in names if name in self.file.stores), None)

    def store_in(self, country: str | None) -> str | None:
        """The store's domain in that country."""
        stores = self.file.stores.items()
        return next((name for name, one in stores if country and one.country == country), None)

    def page(self, number: str, store: str | None, *, seller: bool) -> str | None:
        """The page of an order, built from its number alone; a store that is none of the
        marketplace's is passed over.
        """
        pages = self.file.pages
        if pages is None or not self.order.fullmatch(number):
            return None
        own = store if store in self.file.stores else next(iter(self.file.stores))
        shape = pages.sale if seller and pages.sale else pages.order
        return shape.replace("{store}", own).replace("{order}", number)

    def is_whole(self, number: str) -> bool:
        """Whether an order number of digits alone has all of them."""
        digits = self.file.digits
        if digits is None or not (number.isascii() and number.isdigit()):
            return False
        return len(number) >= digits.whole

    def is_alias(self, address: str) -> bool:
        """Whether an address stands for one person who writes through the marketplace."""
        host = address.lower().rpartition("@")[2]
        return any(
            host.startswith(begin) and self.store_of(host.removeprefix(begin)) is not None
            for begin in self.file.aliases
        )


@dataclass(slots=True)
class _Register:
    """What the process knows; replaced as a whole, never changed."""

    folder: Path | None = None
    known: Mapping[str, Marketplace] | None = None
    in_text: re.Pattern[str] | None = None


_register = _Register()


def use(folder: Path | None) -> None:
    """From now on a person's own packs in this folder count too. Read when first asked for."""
    global _register  # noqa: PLW0603 - as the language of a process, it is one for all its rooms
    _register = _Register(folder=folder)


def known() -> Mapping[str, Marketplace]:
    """Every marketplace by name, the shipped ones first."""
    register = _register
    if register.known is None:
        own = _own(register.folder) if register.folder else {}
        register.known = {**shipped(), **own}
    return register.known


def names() -> tuple[str, ...]:
    return tuple(known())


def of(name: str) -> Marketplace:
    """The marketplace called so; for one whose pack is gone, a marketplace nothing is known of."""
    return known().get(name) or _stranger(name)


def title(name: str) -> str:
    """A marketplace as people write it."""
    return of(name).title


def marketplace_of(number: str) -> str | None:
    """Whose order number this looks like."""
    return next((name for name, one in known().items() if one.order.fullmatch(number)), None)


def order_link(
    marketplace: str, number: str, store: str | None = None, *, seller: bool = False
) -> str | None:
    """The page of an order, built from its number alone. `store` is a domain of the marketplace."""
    return of(marketplace).page(number, store, seller=seller)


def order_in_text() -> re.Pattern[str]:
    """An order number of any marketplace within a text."""
    register = _register
    if register.in_text is None:
        shapes = "|".join(one.order.pattern for one in known().values())
        register.in_text = re.compile(rf"(?<![\w-])(?:{shapes})(?![\w-])")
    return register.in_text


def examples() -> str:
    """The marketplaces with an order number each, as a sentence lists them."""
    told = [
        f"{one.title} ({one.file.example or sample(one.file.order)})" for one in known().values()
    ]
    return " or ".join((", ".join(told[:-1]), told[-1]) if len(told) > 1 else told)


@cache
def shipped() -> Mapping[str, Marketplace]:
    """Those that come with the program."""
    from parsers.packcheck import shipped_files  # noqa: PLC0415

    return {name: _made(file) for name, file in shipped_files().items()}


def _own(folder: Path) -> Mapping[str, Marketplace]:
    from parsers.packcheck import own_files  # noqa: PLC0415 - pydantic and YAML take their time

    return {name: _made(file) for name, file in own_files(folder, []).items()}


def _made(file: "PackFile") -> Marketplace:
    return Marketplace(file, compiled(file.order))


@cache
def _stranger(name: str) -> Marketplace:
    from parsers.packfile import PackFile, Senders  # noqa: PLC0415

    file = PackFile.model_construct(
        marketplace=name, stores={}, brand=(), senders=Senders(), order=()
    )
    return _made(file)
