"""One rendering of a mail, ready to be asked: its lines, their phrases and labels, its blocks.

Each thing is found once, however often it is asked for.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from parsers import blocks
from parsers.blocks import Block, Lines
from parsers.dates import Clock
from parsers.labels import Fact, LabelReader
from parsers.money import whole_money
from parsers.notice import Item
from parsers.pack import Pack
from parsers.phrase import Hit, fold
from parsers.template import Template
from parsers.text import VisibleText
from parsers.values import QUOTES, Values

HEAD = 80
"""Headlines stand within so many lines."""
SCRIPTS = {"ja": re.compile("[\u3041-\u30ff]"), "ko": re.compile("[\uac00-\ud7af]")}
BULLET = re.compile(r"(?:[*•・-]|\d{1,3}\s*[x×])\s+(.+)")


@dataclass(kw_only=True)
class Page:
    """One rendering of a mail."""

    pack: Pack
    subject: str
    text: VisibleText
    clock: Clock
    dollar: str | None
    rich: bool = False
    """Whether this is the HTML, whose links then stand on their lines."""

    def __post_init__(self) -> None:
        folded = tuple(fold(line) for line in self.text.lines)
        stop = next(
            (place for place, line in enumerate(folded) if place > 3 and line in self.pack.ends),
            len(folded),
        )
        self.text = VisibleText(
            self.text.lines[:stop], tuple(link for link in self.text.links if link.line < stop)
        )
        self.lines = Lines(printed=self.text.lines, folded=folded[:stop], pack=self.pack)
        self.values = Values(pack=self.pack, clock=self.clock, dollar=self.dollar)
        self.labels = LabelReader(lines=self.lines, values=self.values)

    @cached_property
    def headlines(self) -> tuple[tuple[int, Hit[Template]], ...]:
        """Whole lines near the top that are phrases, each with its place."""
        pairs = zip(self.lines.printed[:HEAD], self.lines.folded[:HEAD], strict=True)
        return tuple(
            (place, hit)
            for place, (line, folded) in enumerate(pairs)
            for hit in self.pack.headlines.find(line, folded, self._accepts)
        )

    @cached_property
    def subjects(self) -> tuple[Hit[Template], ...]:
        """The phrases the subject is; of several only the fullest, since a fuller one is there to
        say it better.
        """
        hits = self.pack.subjects.find(self.subject, fold(self.subject), self._accepts)
        most = max((hit.phrase.own for hit in hits), default=0)
        return tuple(hit for hit in hits if hit.phrase.own == most)

    def _accepts(self, gap: str, text: str, template: Template) -> bool:
        return self.values.accepts(gap, text, template.language)

    def is_noise(self) -> bool:
        return bool(self.pack.noise.find(self.subject, fold(self.subject), self.values.accepts))

    @cached_property
    def scripts(self) -> tuple[str, ...]:
        """Languages that the letters of the page give away, whatever language its title is in."""
        text = "\n".join(self.text.lines[:HEAD])
        return tuple(
            code for code, letters in SCRIPTS.items() if not text.isascii() and letters.search(text)
        )

    def facts(self, codes: Iterable[str]) -> list[Fact]:
        """Every labelled value and every fact line, in the languages `codes`."""
        return self.labels.facts(codes)

    def blocks(self, heads: Sequence[tuple[int, str]]) -> tuple[Block, ...]:
        """The parts that speak of one order each; see `blocks.split`."""
        return blocks.split(self.lines, heads)

    def items(self, block: Block, codes: Iterable[str]) -> tuple[Item, ...]:
        """Order lines printed as bullets with a quantity below."""
        labels = self._quantity_labels(codes)
        places = range(block.start, block.stop - 1)
        return tuple(item for place in places if (item := self._item(place, block.stop, labels)))

    def _quantity_labels(self, codes: Iterable[str]) -> frozenset[str]:
        return frozenset(
            label.folded
            for code in codes
            if (language := self.pack.languages.get(code))
            for group in language.labels.values()
            for label in group
            if label.field == "quantity"
        )

    def _item(self, place: int, stop: int, labels: Iterable[str]) -> Item | None:
        match = BULLET.fullmatch(self.lines.printed[place])
        if match is None:
            return None
        below = self.lines.folded[place + 1]
        quantity = next((_count(below, label) for label in labels if below.startswith(label)), None)
        if quantity is None:
            return None
        price = place + 2
        return Item(
            title=match[1].strip(QUOTES)[:300],
            quantity=quantity,
            price=whole_money(self.lines.printed[price], self.dollar) if price < stop else None,
        )


def _count(folded: str, label: str) -> int | None:
    match = re.fullmatch(r"\s*\.?[:x×]?\s*(\d{1,4})(?:個|点)?", folded[len(label) :])
    return int(match[1]) if match else None
