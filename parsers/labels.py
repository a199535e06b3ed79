"""Labelled values and fact lines of one rendering: `Order Total: $26.12`, `Return by {return_by}`.

What a label says is a fact with its line; which facts a notice takes is decided in `fields`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from parsers import marks
from parsers.blocks import Lines
from parsers.identifiers import normal
from parsers.money import AMOUNT, find_money
from parsers.notice import FIELDS, Evidence, FieldType, FieldValue
from parsers.phrase import Hit, fold
from parsers.template import Label, Language
from parsers.values import CASE, Values

ITEM_LABELS = ("item", "quantity", "price")
NUMBERS = ("tracking", "parcel", "package")
SENTENCE_END = re.compile(r"\.\s+|。")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value read from one line."""

    name: str
    value: FieldValue
    line: int
    rank: int
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A label met on a line, and the text that stands for its value."""

    label: Label
    text: str
    place: int
    line: str
    """What `why` shows: the label's line, and its value's where that is another."""
    sure: bool
    """Whether a colon or a line of its own says that the text is the value."""

    @property
    def evidence(self) -> Evidence:
        return Evidence(
            where="label", phrase=self.label.written, line=self.line, source=self.label.source
        )

    def fact(self, name: str, value: FieldValue, rank: int | None = None) -> Fact:
        return Fact(
            name=name,
            value=value,
            line=self.place,
            rank=self.label.rank if rank is None else rank,
            evidence=self.evidence,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReader:
    """Reads the lines of one rendering in one language after another."""

    lines: Lines
    values: Values

    def facts(self, codes: Iterable[str]) -> list[Fact]:
        """Every labelled value and every fact line, in the languages `codes`."""
        known = self.lines.pack.languages
        return [
            fact
            for code in codes
            if code in known
            for place in range(len(self.lines.printed))
            for fact in self._of_line(place, known[code])
        ]

    def caught(self, hit: Hit[str], place: int, evidence: Evidence) -> Iterator[Fact]:
        """What the gaps of a phrase hold, as facts; `hit.value` is its language."""
        return self.of_gaps(hit.caught, self.lines.pack.languages[hit.value], place, evidence)

    def of_gaps(
        self, caught: Mapping[str, str], language: Language, place: int, evidence: Evidence
    ) -> Iterator[Fact]:
        for gap, text in caught.items():
            for name, value in self._of_gap(gap, text, language):
                yield Fact(name=name, value=value, line=place, rank=0, evidence=evidence)

    def _of_gap(self, gap: str, text: str, language: Language) -> Iterator[tuple[str, FieldValue]]:
        if gap == "window":
            yield from self._window(text, language)
        elif gap in FIELDS:
            value = self.values.of(gap, text, language)
            if value is not None:
                yield gap, value
        elif gap in NUMBERS:
            yield gap, normal(text)
        elif gap == "case":
            yield gap, text

    def _of_line(self, place: int, language: Language) -> Iterator[Fact]:
        line, folded = self.lines.printed[place], self.lines.folded[place]
        for found in self._labels(place, language):
            yield from self._read(found, language)
        hits = language.lines.find(line, folded, self.values.accepts)
        for hit in sorted(hits, key=lambda hit: -hit.phrase.own)[:1]:
            evidence = Evidence(
                where="body", phrase=hit.phrase.written, line=line, source=hit.phrase.source
            )
            yield from self.caught(hit, place, evidence)

    def _labels(self, place: int, language: Language) -> Iterator[Found]:
        """The label that begins a line, else the headings that the line is."""
        line, folded = self.lines.printed[place], self.lines.folded[place]
        for label in language.labels.get(folded[:2], ()):
            if not _begins(folded, label.folded):
                continue
            after = folded[len(label.folded) :]
            if after.strip(" :#*.-№"):
                rest = _behind(line, label.folded)
                colon = after.lstrip().startswith((":", "#", "№"))
                yield Found(label=label, text=rest, place=place, line=line, sure=colon)
            else:
                yield from self._below(label, place)
            return
        for hit in language.headings.find(line, folded, self._by_label):
            yield from self._below(hit.value, place)

    def _by_label(self, gap: str, text: str, label: Label) -> bool:
        return self.values.accepts(gap, text, label.language)

    def _below(self, label: Label, place: int) -> Iterator[Found]:
        """The line below a label that stands alone."""
        printed = self.lines.printed
        under = place + 1
        if under + 1 < len(printed) and printed[under] == ":":  # a colon in a cell of its own
            under += 1
        if under < len(printed):
            line = f"{printed[place]} / {printed[under]}"
            yield Found(label=label, text=printed[under], place=place, line=line, sure=True)
        elif label.field == "judgement":
            yield Found(label=label, text="", place=place, line=printed[place], sure=True)

    def _read(self, found: Found, language: Language) -> Iterator[Fact]:
        name, text = found.label.field, found.text
        if name == "window":
            for end, day in self._window(text, language):
                yield found.fact(end, day)
        elif name in NUMBERS:
            number = normal(text.rstrip(".。 "))
            if marks.is_parcel(number):
                yield found.fact(name, number)
        elif name == "case":
            if CASE.fullmatch(text):
                yield found.fact(name, text)
        elif name in ITEM_LABELS:
            if found.sure and text:
                yield found.fact(name, text)
        elif name in FIELDS:
            yield from self._field(found, language)

    def _field(self, found: Found, language: Language) -> Iterator[Fact]:
        name, text = found.label.field, found.text
        if FIELDS[name].type is FieldType.TEXT and not found.sure:
            return
        value = self.values.of(name, text, language)
        if value is None and name == "solution":
            money = find_money(text, self.values.dollar)
            if money is not None:
                yield found.fact("amount", money, found.label.rank + 1)
                value = self.values.of(name, AMOUNT.sub(" ", text).strip(" :,-()"), language)
        if value is None and name == "judgement" and found.sure:
            value = self._verdict_sentence(text, language) or "unknown"
        if value is not None:
            yield found.fact(name, value)

    def _verdict_sentence(self, text: str, language: Language) -> str | None:
        """`Invalid. You may appeal …`: a verdict that is a sentence of its own, when none of the
        words comes again.
        """
        first, *more = SENTENCE_END.split(text, maxsplit=1)
        rest = fold(" ".join(more))
        words = {
            word
            for one in self.lines.pack.languages.values()
            for word in one.values.get("judgement", {})
        }
        if not more or any(word in rest for word in words):
            return None
        return self.values.choice("judgement", first, language)

    def _window(self, text: str, language: Language) -> Iterator[tuple[str, FieldValue]]:
        first, last = self.values.span(text, language)
        if first is not None:
            yield "expected_from", first
        if last is not None:
            yield "expected_until", last


def _begins(folded: str, label: str) -> bool:
    """Whether the line begins with the label as a word of its own."""
    if not folded.startswith(label):
        return False
    after = folded[len(label) : len(label) + 1]
    return not (after.isalnum() and after.isascii() and label[-1:].isalnum())


def _behind(line: str, folded_label: str) -> str:
    """The part of `line` behind a label given in folded form."""
    need = len(folded_label)
    for place in range(need, len(line) + 1):
        if fold(line[:place]) == folded_label and (
            place == len(line) or len(fold(line[: place + 1])) > need
        ):
            return line[place:].strip(" :#№-*").strip()
    return ""
