"""What an item is called, without what a mail says of it: a count, an order number, a sentence."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from parsers import marks
from parsers.clauses import Clauses
from parsers.notice import Item
from parsers.pack import Pack
from parsers.template import Language

AROUND = " .|,;:-–—(（[#№、"
"""What stands between a title and an order number behind it."""
LABEL = re.compile(r"\s?(?:[|(（\[]|\s[-–—]\s)[^|(（\[]{0,24}\Z")
"""A short text behind a bar or bracket: the word for order."""


def named(items: Iterable[Item], pack: Pack, language: Language | None) -> Iterator[Item]:
    """The items under their own names; one that is named by nothing else is left out."""
    for item in items:
        title = _without_count(_without_number(item.title, pack), language)
        if title:
            yield item if title == item.title else replace(item, title=title)


def unsaid(items: Iterable[Item], clauses: Clauses | None) -> Iterator[Item]:
    """Without those whose title goes on as a sentence: `Lantern has been cancelled`."""
    return (item for item in items if clauses is None or clauses.predicate_in(item.title) is None)


def _without_number(title: str, pack: Pack) -> str:
    """What stands before an order number and the word for it."""
    number = next(marks.orders_in_line(title, pack), None)
    if number is None:
        return title
    before = LABEL.sub("", title[: title.index(number)]).rstrip(AROUND)
    folded = before.lower()
    words = (word.rstrip(AROUND) for word in pack.order_words)
    word = max((word for word in words if folded.endswith(word)), key=len, default="")
    return before[: len(before) - len(word)].rstrip(AROUND)


def _without_count(title: str, language: Language | None) -> str:
    if language is None:
        return title
    bare = language.more.sub("", title).strip()
    return "" if language.counts.fullmatch(bare) else bare
