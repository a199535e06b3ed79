"""Titles and shop names as different mails print them: cut short, in other widths, with other
marks.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from parsers.notice import Item

WORD = re.compile(r"\w+")
SHOP_WORDS = frozenset({"store", "official", "shop", "flagship", "ltd", "co", "ストア", "公式"})
SHORTEST_CUT = 8
"""A title cut to fewer characters than this names nothing."""


def normal(text: str) -> str:
    """NFKC, one case, words joined by single spaces; an ellipsis and other marks are gone."""
    return " ".join(WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def shop(name: str) -> str:
    """A store's name without the words every store carries."""
    words = normal(name).split()
    return " ".join(word for word in words if word not in SHOP_WORDS) or " ".join(words)


def similarity(one: str, other: str) -> float:
    """0 to 1: equal, or one a cut of the other, is 1; else the shared words of the shorter one."""
    first, second = normal(one), normal(other)
    if not first or not second:
        return 0.0
    short, long = sorted((first, second), key=len)
    if short == long or (len(short) >= SHORTEST_CUT and long.startswith(short)):
        return 1.0
    words, others = set(short.split()), set(long.split())
    return len(words & others) / min(len(words), len(others))


def same_item(one: Item, other: Item) -> bool:
    """The same order line: by product number where both have one, else by title."""
    if one.ref and other.ref:
        return one.ref == other.ref
    return similarity(one.title, other.title) >= 0.8


def missing(lines: Iterable[Item], covered: Iterable[Item]) -> tuple[Item, ...]:
    """Order lines that none of `covered` speaks of."""
    known = tuple(covered)
    return tuple(line for line in lines if not any(same_item(line, one) for one in known))


def counted(item: Item) -> bool:
    """Whether its mail printed a quantity: order lines carry a price or a count above one, a title
    alone neither.
    """
    return item.quantity > 1 or item.price is not None


def lacking(lines: Iterable[Item], covered: Iterable[Item]) -> tuple[Item, ...]:
    """Order lines, or what is left of their quantity, that `covered` does not make up for.

    A title told without a quantity may stand for all of its line.
    """
    known = tuple(covered)
    return tuple(rest for line in lines if (rest := _rest(line, known)) is not None)


def _rest(line: Item, covered: Iterable[Item]) -> Item | None:
    own = [one for one in covered if same_item(line, one)]
    if not all(map(counted, own)):
        return None
    left = line.quantity - sum(one.quantity for one in own)
    return replace(line, quantity=left) if left > 0 else None
