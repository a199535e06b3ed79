"""Texts with `{placeholders|filter}` and `[optional parts]`, checked when the file is loaded.

A part in brackets disappears when a placeholder inside it has no value; one that begins with a
marketplace's name, such
as `[@amazon …]`, is there for that marketplace only, `[@else …]` behind such parts for all others.
`{{`, `}}`, `[[` and `]]` stand for
themselves.
Placeholders are looked up in the table of facts, never with getattr.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from orders.subject import FactType
from parsers import marketplaces
from parsers.marketplaces import ELSE
from parsers.user_yaml import did_you_mean
from rules.fields import ABOUTS, FIELDS

FILTERS: Mapping[str, tuple[FactType, ...]] = {
    "date": (FactType.TIME,),
    "left": (FactType.TIME,),
    "ago": (FactType.TIME,),
    "short": (FactType.TEXT,),
}
"""What may stand behind `|`, and for which facts: the day alone, the time left or since, at most 40
characters.
"""

EXTRAS: Mapping[str, FactType] = {"due": FactType.TIME, "since": FactType.TIME}
"""Placeholders that are no facts: until when anything is due; since when the condition holds."""
NAMES: Mapping[str, FactType] = {"order": FactType.TEXT, "contact": FactType.TEXT}
"""Further ones where there is an order: its name for people; how to reach the marketplace's
support.
"""

_SHOP = re.compile(r"@([\w-]*) ?")
_TOKEN = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{[^{}]*\}|[{}\[\]]|[^{}\[\]]+")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder."""

    name: str
    filter: str


@dataclass(frozen=True, slots=True)
class Part:
    """An optional part."""

    pieces: tuple["str | Placeholder", ...]
    shop: str = ""
    """The marketplace it is for; empty: for all."""


Piece = str | Placeholder | Part


def known(about: str) -> Mapping[str, FactType]:
    """Every placeholder a rule about `about` may use, and its type."""
    names = {name: FIELDS[name].type for name in ABOUTS[about]} | dict(EXTRAS)
    return names | dict(NAMES) if "order.number" in names else names


def slips_of(about: str, text: str) -> Iterator[str]:
    """Every mistake in `text`, in words."""
    try:
        pieces = parse(text)
    except ValueError as error:
        yield str(error)
        return
    for shop in _unknown_shops(pieces):
        shops = (*marketplaces.names(), ELSE)
        yield (
            f"unknown marketplace @{shop}{did_you_mean(shop, shops)}; known are {', '.join(shops)}"
        )
    names = known(about)
    for slot in slots(pieces):
        yield from _slips_in(slot, names)


def _unknown_shops(pieces: tuple[Piece, ...]) -> dict[str, None]:
    known_here = ("", ELSE, *marketplaces.names())
    shops = (piece.shop for piece in pieces if isinstance(piece, Part))
    return dict.fromkeys(shop for shop in shops if shop not in known_here)


def _slips_in(slot: Placeholder, names: Mapping[str, FactType]) -> Iterator[str]:
    if slot.name not in names:
        yield f"unknown placeholder {{{slot.name}}}{did_you_mean(slot.name, names)}"
    elif slot.filter and slot.filter not in FILTERS:
        yield (
            f"unknown filter |{slot.filter}{did_you_mean(slot.filter, FILTERS)}; known are"
            f" {', '.join(FILTERS)}"
        )
    elif slot.filter and names[slot.name] not in FILTERS[slot.filter]:
        yield f"|{slot.filter} does not fit {{{slot.name}}}, which is {names[slot.name].value}"


@lru_cache(maxsize=2048)
def parse(text: str) -> tuple[Piece, ...]:
    """The pieces of `text`. Raises ValueError, in words, for a brace or bracket without its
    partner.
    """
    pieces: list[Piece] = []
    inner: list[str | Placeholder] | None = None
    for token in _TOKEN.findall(text):
        piece: str | Placeholder
        match token:
            case "{{" | "}}" | "[[" | "]]":
                piece = token[0]
            case "[":
                if inner is not None:
                    raise ValueError("a [ inside a [ ]; write [[ for a bracket itself")
                inner = []
                continue
            case "]":
                if inner is None:
                    raise ValueError("a ] without its [; write ]] for a bracket itself")
                pieces.append(_part(inner))
                inner = None
                continue
            case "{" | "}":
                raise ValueError(
                    f"a {token} without its partner; write {token * 2} for a brace itself"
                )
            case _ if token.startswith("{"):
                name, _, filter_ = token[1:-1].partition("|")
                piece = Placeholder(name.strip(), filter_.strip())
            case _:
                piece = token
        (pieces if inner is None else inner).append(piece)
    if inner is not None:
        raise ValueError("a [ without its ]; write [[ for a bracket itself")
    return tuple(pieces)


def _part(pieces: list[str | Placeholder]) -> Part:
    """An optional part; `@name` at its beginning says for which marketplace."""
    first = pieces[0] if pieces else ""
    at = _SHOP.match(first) if isinstance(first, str) else None
    return Part((str(first)[at.end() :], *pieces[1:]), at[1] or "@") if at else Part(tuple(pieces))


def slots(pieces: tuple[Piece, ...]) -> Iterator[Placeholder]:
    """Every placeholder, optional parts included."""
    for piece in pieces:
        if isinstance(piece, Placeholder):
            yield piece
        elif isinstance(piece, Part):
            yield from slots(piece.pieces)


def fill(text: str, value: Callable[[Placeholder], str | None], shop: str = "") -> str:
    """`text` for marketplace `shop` with every placeholder replaced by `value`.

    None drops the optional part, or leaves “?” outside one.
    """
    return "".join(_said(piece, value) for piece in _for_shop(parse(text), shop))


def _for_shop(pieces: tuple[Piece, ...], shop: str) -> Iterator[Piece]:
    """What of the pieces is for the marketplace."""
    named: set[str] = set()
    for piece in pieces:
        about = piece.shop if isinstance(piece, Part) else None
        if about in (None, "", shop) or (about == ELSE and shop not in named):
            yield piece
        named = {*named, about} if about else set()


def _said(piece: Piece, value: Callable[[Placeholder], str | None]) -> str:
    match piece:
        case str():
            return piece
        case Placeholder():
            return value(piece) or "?"
        case Part():
            return _filled(piece, value)


def _filled(part: Part, value: Callable[[Placeholder], str | None]) -> str:
    """Empty where a placeholder inside has no value."""
    inside = [one if isinstance(one, str) else value(one) for one in part.pieces]
    return "" if None in inside else "".join(map(str, inside))
