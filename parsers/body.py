"""One rendering of a mail, ready to be asked: its lines, their phrases and labels, its blocks.

Each thing is found once, however often it is asked for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from parsers import blocks
from parsers.blocks import Block, Head, Lines
from parsers.clauses import Clauses
from parsers.codes import MailCode
from parsers.dates import Clock
from parsers.guard import Guard
from parsers.labels import Fact, LabelReader
from parsers.money import whole_money
from parsers.notice import Item, Kind, NearMiss
from parsers.pack import Pack
from parsers.phrase import Held, Hit, Phrase, fold, unquoted
from parsers.template import Sentence, Template
from parsers.text import VisibleText
from parsers.values import QUOTES, Values

HEAD = 80
"""Headlines stand within so many lines."""
SCRIPTS = {"ja": re.compile("[\u3041-\u30ff]"), "ko": re.compile("[\uac00-\ud7af]")}
BULLET = re.compile(r"(?:[*•・-]|\d{1,3}\s*[x×])\s+(.+)")
STEP = 3
"""Words of a step of a progress bar at most; of Japanese and Korean signs, three times as many."""
STAGES = frozenset(
    {
        Kind.ORDER_PLACED,
        Kind.ORDER_PAYMENT_CONFIRMED,
        Kind.ORDER_COMPLETED,
        Kind.SHIPMENT_PREPARING,
        Kind.SHIPMENT_SHIPPED,
        Kind.SHIPMENT_IN_TRANSIT,
        Kind.SHIPMENT_OUT_FOR_DELIVERY,
        Kind.SHIPMENT_DELIVERED,
    }
)
"""What a progress bar shows."""
DIGIT = re.compile(r"\d")
MAX_ATTRIBUTION = 200
HEADER_LINES = 5
"""Of an earlier mail's head: From, Sent, To, Cc, Subject."""
GOES_ON = re.compile("と|という|ので|場合|際|なら|か[。？]|라는|라고")
"""How a Japanese or Korean sentence goes on in the next line."""
INTRODUCTION = 60
"""Signs of a heading at most."""


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
    group: str | None = None
    """Of the sender, which has a ceiling: see `PackFile.kinds`."""
    home: str | None = None
    """The store's own language, where its words are those of several."""
    code: MailCode | None = None
    """What the mail calls itself."""
    refused: list[NearMiss] = field(default_factory=list)
    """Phrases that fit a line and were not believed, with the reason."""
    below: tuple[str, ...] = ()
    """What stands behind the news: adverts, help, an earlier mail."""
    contradiction: str = ""
    """What in the body stands against the title."""

    cut: bool = field(init=False, default=False)
    """Whether something below its lines is no news: an earlier mail, adverts."""

    def __post_init__(self) -> None:
        folded = tuple(fold(line) for line in self.text.lines)
        stop = next((place for place in range(len(folded)) if self._ends(folded, place)), None)
        if self.text.quoted:  # an earlier mail below this one
            stop = min(self.text.quoted, len(folded) if stop is None else stop)
        self.cut = stop is not None
        if stop is not None:
            links = tuple(link for link in self.text.links if link.line < stop)
            self.below = self.text.lines[stop:]
            self.text = replace(self.text, lines=self.text.lines[:stop], links=links)
        self.lines = Lines(text=self.text, folded=folded[:stop], pack=self.pack)
        self.values = Values(pack=self.pack, clock=self.clock, dollar=self.dollar)
        self.guard = Guard(pack=self.pack, values=self.values)
        self._facts: dict[str, list[Fact]] = {}
        self.labels = LabelReader(lines=self.lines, values=self.values, guard=self.guard)

    def _ends(self, folded: Sequence[str], place: int) -> bool:
        """Whether nothing from this line on is news: adverts, help, an earlier mail."""
        line = folded[place]
        if place > 3 and line in self.pack.ends:
            return True
        if place == 0:
            return False
        return (
            line.startswith(">")
            or self._attributes(line, place)
            or self._heads_a_mail(folded[place : place + HEADER_LINES])
        )

    def _heads_a_mail(self, folded: Sequence[str]) -> bool:
        """`From: …`, `Sent: …`, `Subject: …` below one another."""
        return _names_field(folded[0], self.pack.from_words) and any(
            _names_field(line, self.pack.subject_words) for line in folded[1:]
        )

    def _attributes(self, folded: str, place: int) -> bool:
        """`On Friday X wrote:`, `--- Original message ---`."""
        if len(folded) > MAX_ATTRIBUTION:
            return False
        if folded.strip("-_* ") in self.pack.begins:
            return True
        if not self.text.lines[place].endswith(":"):
            return False
        dated = f"{fold(self.text.lines[place - 1])[:MAX_ATTRIBUTION]} {folded}"
        return DIGIT.search(dated) is not None and any(map(folded.__contains__, self.pack.wrote))

    @cached_property
    def headlines(self) -> tuple[tuple[int, Hit[Template]], ...]:
        """Whole lines near the top that are phrases, and sentences that say the same in other
        words, each with its place.
        """
        found = [
            (place, hit)
            for place, line in enumerate(self.lines.printed[:HEAD])
            for hit in self.pack.headlines.find(
                line, self.lines.folded[place], partial(self._believe, line)
            )
            if not self._is_example(place, hit.value.language)
        ]
        return tuple(sorted([*_without_steps(found, self.lines), *self._sentences()], key=_place))

    def _is_example(self, place: int, code: str) -> bool:
        """Whether a line beside this one says that it is an example, a question or somebody else's
        word, or goes on with its sentence and says so.
        """
        clauses = self.pack.clauses.get(code)
        if clauses is None:
            return False
        above = self.lines.printed[place - 1] if place else ""
        below = self.lines.printed[place + 1 :][:1]
        return _introduces(above, clauses) or any(
            _goes_on(self.lines.printed[place], line, clauses) for line in below
        )

    @cached_property
    def _titles(self) -> tuple[Hit[Template], ...]:
        """The phrases the subject is, whoever sent it."""
        found = self.pack.subjects.find(
            self.subject, fold(self.subject), partial(self._fits, self.subject)
        )
        return tuple(found)

    @cached_property
    def subjects(self) -> tuple[Hit[Template], ...]:
        """The phrases the subject is; of several only the fullest, since a fuller one is there to
        say it better.
        """
        hits = [hit for hit in self._titles if self._may_say(self.subject, hit.phrase, hit.value)]
        most = max((hit.phrase.own for hit in hits), default=0)
        return tuple(hit for hit in hits if hit.phrase.own == most)

    @property
    def titled(self) -> bool:
        """Whether the subject is known, if only as one that says nothing by itself."""
        return bool(self._titles)

    def fits(self, _phrase: Phrase, template: Template, held: Mapping[str, Held]) -> bool:
        """Whether the gaps hold what they are named after; nothing is noted."""
        return self.guard.fits(template.language, held)

    def _believe(
        self, line: str, phrase: Phrase, template: Template, held: Mapping[str, Held]
    ) -> bool:
        """Whether a phrase that a line is may say what it is filed under."""
        return self._fits(line, phrase, template, held) and self._may_say(line, phrase, template)

    def _fits(
        self, line: str, phrase: Phrase, template: Template, held: Mapping[str, Held]
    ) -> bool:
        """Whether the gaps hold nothing but what they are named after."""
        if not self.guard.fits(template.language, held):
            return False
        why = self.guard.objection(template.language, template.kind, held)
        if why is not None:
            self.refuse(line, phrase, template.kind, why)
        return why is None

    def _may_say(self, line: str, phrase: Phrase, template: Template) -> bool:
        """Whether the sender may speak of such things."""
        if self.allows(template.kind):
            return True
        why = f"the pack lets no sender of the group {self.group} say {template.kind.value}"
        self.refuse(line, phrase, template.kind, why)
        return False

    @property
    def own_code(self) -> MailCode | None:
        """What the mail calls itself; not what an earlier mail below it does."""
        if self.code is None or not self.code.linked or not self.cut:
            return self.code
        shown = {link.url for link in self.text.links}
        return self.code if self.code.line in shown else None

    def allows(self, kind: Kind) -> bool:
        """Whether the sender may speak of this kind."""
        return self.pack.file.allows(self.group, kind)

    def refuse(self, line: str, phrase: Phrase, kind: Kind, why: str) -> None:
        miss = NearMiss(
            kind=kind,
            phrase=phrase.written,
            line=line,
            source=phrase.source,
            likeness=1.0,
            why=why,
        )
        if miss not in self.refused:
            self.refused.append(miss)

    def dull_phrase(self) -> Phrase | None:
        """The phrase by which the pack lists the subject as dull."""
        hits = self.pack.noise.find(self.subject, fold(self.subject), self._is_dull)
        return hits[0].phrase if hits else None

    def _is_dull(self, _phrase: Phrase, code: str, held: Mapping[str, Held]) -> bool:
        return self.guard.fits(code, held) and self.guard.objection(code, Kind.PROMO, held) is None

    def _sentences(self) -> Iterator[tuple[int, Hit[Template]]]:
        """Sentences that are stated as facts."""
        whole = "\n".join(self.lines.folded[:HEAD])
        titled = self.titled  # what a body tells in passing is no news under a strange title
        for language in self.pack.languages.values():
            for sentence in language.sentences:
                if (
                    (sentence.under or titled)
                    and sentence.start in whole
                    and sentence.words.search(whole)
                    and self.allows(sentence.template.kind)
                ):
                    yield from self._said(sentence)

    def _said(self, sentence: Sentence) -> Iterator[tuple[int, Hit[Template]]]:
        clauses = self.pack.clauses.get(sentence.template.language)
        above = fold(self.subject)
        for place, folded in enumerate(self.lines.folded[:HEAD]):
            above = f"{above}\n{folded}" if sentence.under else above
            if not sentence.words.search(folded) or clauses is None:
                continue
            if sentence.under and not any(words in above for words in sentence.under):
                continue
            phrase = Phrase(sentence.written, (folded,), (), sentence.source)
            for one in clauses.sentences(self.lines.printed[place]):
                if not sentence.stands_in(fold(one)):
                    continue
                quoted = not sentence.stands_in(fold(unquoted(one)))
                if clauses.states_fact(one) and not quoted:
                    yield place, Hit(phrase, {}, sentence.template)
                    break
                self.refuse(one, phrase, sentence.template.kind, "it is not stated as a fact")

    @cached_property
    def scripts(self) -> tuple[str, ...]:
        """Languages that the letters of the page give away, whatever language its title is in."""
        text = "\n".join(self.text.lines[:HEAD])
        return tuple(
            code for code, letters in SCRIPTS.items() if not text.isascii() and letters.search(text)
        )

    def facts(self, codes: Sequence[str]) -> list[Fact]:
        """Every labelled value and every fact line, in the languages `codes`."""
        for code in codes:
            if code not in self._facts:
                self._facts[code] = self.labels.facts(code)
        return [fact for code in codes for fact in self._facts[code]]

    def blocks(self, heads: Sequence[Head], kind: Kind) -> tuple[Block, ...]:
        """The parts that speak of one order each; see `blocks.split`."""
        return blocks.split(self.lines, heads, kind)

    def orders_between(self, start: int, stop: int) -> tuple[str, ...]:
        """The order numbers of some lines."""
        numbers = (number for place in range(start, stop) for number in self.lines.numbers(place))
        return tuple(dict.fromkeys(numbers))

    def items(self, block: Block, codes: Iterable[str]) -> tuple[Item, ...]:
        """Order lines printed as bullets with a quantity below."""
        known = self.pack.languages
        labels = frozenset(
            label for code in codes if code in known for label in known[code].quantities
        )
        places = range(block.start, block.stop - 1)
        return tuple(item for place in places if (item := self._item(place, block.stop, labels)))

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


def _without_steps(
    found: Sequence[tuple[int, Hit[Template]]], lines: Lines
) -> list[tuple[int, Hit[Template]]]:
    """Headlines without the steps of a progress bar: short lines of several kinds below one
    another.
    """
    kinds: dict[int, set[Kind]] = {}
    for place, hit in found:
        if hit.value.kind in STAGES and is_short(lines.folded[place]):
            kinds.setdefault(place, set()).add(hit.value.kind)
    steps = {
        place
        for place, own in kinds.items()
        for beside in (place - 1, place + 1)
        if beside in kinds and kinds[beside] != own
    }
    return [(place, hit) for place, hit in found if place not in steps]


def _names_field(folded: str, words: Iterable[str]) -> bool:
    return any(folded.startswith(f"{word}:") for word in words)


def is_short(folded: str) -> bool:
    """Whether a line may be a step of a progress bar."""
    words = len(folded) / 3 if any(one.search(folded) for one in SCRIPTS.values()) else 0
    return max(words, len(folded.split())) <= STEP


def _introduces(above: str, clauses: Clauses) -> bool:
    """`The seller claims:`, `FAQ`, `You will soon read:`."""
    if not above or len(above) > INTRODUCTION:
        return False
    unsure = clauses.question, clauses.conditional, clauses.future
    return clauses.reported(above) or (
        above.endswith((":", "：")) and any(one(above) for one in unsure)
    )


def _goes_on(line: str, below: str, clauses: Clauses) -> bool:
    """Whether the line below ends a sentence that was broken, and unsays it: `Your package was
    delivered` / `but you cannot find it?`, `商品が配達されました` / `というメール`.
    """
    broken = line[-1:].isalnum() and (below[:1].islower() or GOES_ON.match(below))
    return bool(broken) and (
        clauses.reported(below) or clauses.question(below) or clauses.conditional(below)
    )


def _place(pair: tuple[int, object]) -> int:
    return pair[0]


def _count(folded: str, label: str) -> int | None:
    match = re.fullmatch(r"\.?\s*+(?:[:x×]\s*+)?(\d{1,4})(?:個|点)?", folded[len(label) :])
    return int(match[1]) if match else None
