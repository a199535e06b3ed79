"""Labelled values and fact lines of one rendering: `Order Total: $26.12`, `Return by {return_by}`.

What a label says is a fact with its line; which facts a notice takes is decided in `fields`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from parsers import marks
from parsers.blocks import Lines
from parsers.guard import Guard
from parsers.identifiers import normal
from parsers.money import AMOUNT, find_money
from parsers.notice import FIELDS, Evidence, FieldType, FieldValue
from parsers.phrase import Held, Phrase, fold
from parsers.template import Label, Language
from parsers.values import CASE, Values

ITEM_LABELS = ("item", "quantity", "price")
NUMBERS = ("tracking", "parcel", "package")
IN_SENTENCE = 90
"""Rank of what a sentence tells: behind every label."""
DIGITS = re.compile(r"\d{3}")
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
    at: int
    """The line of the text."""
    line: str
    """What `why` shows: the label's line, and its value's where that is another."""
    sure: bool
    """Whether a colon or a place of its own says that the text is the value."""

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
    guard: Guard

    def facts(self, code: str) -> list[Fact]:
        """Every labelled value and every fact line in one language."""
        language = self.lines.pack.languages.get(code)
        if language is None:
            return []
        places = range(len(self.lines.printed))
        return [fact for place in places for fact in self._of_line(place, language)]

    def of_gaps(
        self, caught: Mapping[str, str], language: Language, place: int, evidence: Evidence
    ) -> Iterator[Fact]:
        """What the gaps of a phrase hold, as facts."""
        for gap, text in caught.items():
            for name, value in self._of_gap(gap, text, language):
                yield Fact(name=name, value=value, line=place, rank=0, evidence=evidence)

    def _of_gap(self, gap: str, text: str, language: Language) -> Iterator[tuple[str, FieldValue]]:
        name = gap.partition(":")[0]
        if name == "window":
            yield from self._window(text, language)
        elif name in FIELDS:
            value = self.values.of(gap, text, language)
            if value is not None:
                yield name, value
        elif name in NUMBERS:
            yield name, normal(text)
        elif name == "case":
            yield name, text

    def _of_line(self, place: int, language: Language) -> Iterator[Fact]:
        line, folded = self.lines.printed[place], self.lines.folded[place]
        for found in self._labels(place, language):
            yield from self._read(found, language)
        yield from self._fact_lines(line, folded, place, language)
        yield from self._numbers(place, language)
        for sentence in self._sentences(line, language):
            yield from self._fact_lines(sentence, fold(sentence), place, language)

    def _sentences(self, line: str, language: Language) -> tuple[str, ...]:
        """The sentences of a line of several."""
        clauses = self.lines.pack.clauses.get(language.code)
        if clauses is None or not SENTENCE_END.search(line):
            return ()
        found = clauses.sentences(line)
        return found if len(found) > 1 else ()

    def _fact_lines(self, line: str, folded: str, place: int, language: Language) -> Iterator[Fact]:
        hits = language.lines.find(line, folded, self._accepts)
        for hit in sorted(hits, key=lambda hit: -hit.phrase.own)[:1]:
            evidence = Evidence(
                where="body", phrase=hit.phrase.written, line=line, source=hit.phrase.source
            )
            yield from self.of_gaps(hit.caught, language, place, evidence)

    def _numbers(self, place: int, language: Language) -> Iterator[Fact]:
        """The tracking number in a sentence, behind the word for it."""
        folded = self.lines.folded[place]
        match = language.numbers.search(folded) if DIGITS.search(folded) else None
        if match is None or not marks.is_parcel(match["number"]):
            return
        yield Fact(
            name="tracking" if match.groupdict().get("tracking") else "parcel",
            value=normal(match["number"]),
            line=place,
            rank=IN_SENTENCE,
            evidence=Evidence(
                where="body",
                phrase=match[0].removesuffix(match["number"]).strip(),
                line=self.lines.printed[place],
                source=f"labels of {language.code}",
            ),
        )

    def _accepts(self, _phrase: Phrase, code: str, held: Mapping[str, Held]) -> bool:
        return self.guard.fits(code, held) and not self.guard.unsure(code, held)

    def _heads(self, _phrase: Phrase, label: Label, held: Mapping[str, Held]) -> bool:
        return self.guard.fits(label.language, held)

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
                yield Found(label=label, text=rest, place=place, at=place, line=line, sure=colon)
            else:
                yield from self._beside(label, place, language)
            return
        for hit in language.headings.find(line, folded, self._heads):
            yield from self._beside(hit.value, place, language)
        if language.code in self.lines.pack.judging:
            yield from self._broken(place, language)

    def _broken(self, place: int, language: Language) -> Iterator[Found]:
        """The label of a judgement that is broken over two lines."""
        folded = self.lines.folded
        if place + 1 >= len(folded) or not folded[place]:
            return
        for label in language.labels.get(folded[place][:2], ()):
            whole = f"{folded[place]} {folded[place + 1]}"
            if (
                label.field == "judgement"
                and label.folded.startswith(f"{folded[place]} ")
                and _begins(whole, label.folded)
            ):
                line = f"{self.lines.printed[place]} {self.lines.printed[place + 1]}"
                if rest := _behind(line, label.folded):
                    yield Found(
                        label=label, text=rest, place=place, at=place + 1, line=line, sure=True
                    )
                else:
                    yield from self._beside(label, place + 1, language)
                return

    def _beside(self, label: Label, place: int, language: Language) -> Iterator[Found]:
        """The text that stands for the value of a label alone on its line, by its place."""
        at = self._value_of(label, place, language)
        if at is not None:
            line = f"{self.lines.printed[place]} / {self.lines.printed[at]}"
            text = self.lines.printed[at]
            yield Found(label=label, text=text, place=place, at=at, line=line, sure=True)
        elif label.field == "judgement":
            line = self.lines.printed[place]
            yield Found(label=label, text="", place=place, at=place, line=line, sure=True)

    def _value_of(self, label: Label, place: int, language: Language) -> int | None:
        """The line of the value: of several places where it may stand, the one that can be it."""
        spec = FIELDS.get(label.field)
        typed = spec is not None and spec.type is not FieldType.TEXT
        said = {
            at: self.values.of(label.field, self.lines.printed[at], language) if typed else None
            for at in self.lines.beside(place)
        }
        places = [
            at for at, value in said.items() if value is not None or not self.lines.is_label(at)
        ]
        if len(places) < 2:
            return places[0] if places else None
        if not typed:
            return places[-1] if self.lines.heads_columns(place) else places[0]
        able = [at for at in places if said[at] is not None]
        return able[0] if len({said[at] for at in able}) == 1 else None

    def _read(self, found: Found, language: Language) -> Iterator[Fact]:
        name, text = found.label.field, found.text
        if name == "window":
            for end, day in self._window(text, language):
                yield found.fact(end, day)
        elif name in NUMBERS or name == "case" or name in ITEM_LABELS:
            number = normal(text.rstrip(".。 ")) if name in NUMBERS else text
            if _is_number(name, number) or (name in ITEM_LABELS and found.sure and text):
                yield found.fact(name, number)
        elif name == "judgement":
            yield from self._judgement(found, language)
        elif name in FIELDS:
            yield from self._field(found, language)

    def _field(self, found: Found, language: Language) -> Iterator[Fact]:
        name, text = found.label.field, found.text
        kind = FIELDS[name].type
        if kind is FieldType.TEXT and not found.sure:
            return
        value = self.values.of(name, text, language)
        if value is None and name == "solution":
            money = find_money(text, self.values.dollar)
            if money is not None:
                yield found.fact("amount", money, found.label.rank + 1)
                value = self.values.of(name, AMOUNT.sub(" ", text).strip(" :,-()"), language)
        if value is not None and not self._doubtful(found, language):
            yield found.fact(name, value)

    def _doubtful(self, found: Found, language: Language) -> bool:
        """Whether a value is another label's, or only what might be."""
        if FIELDS[found.label.field].type is FieldType.CHOICE:
            return self._contested(found, found.at, language)
        if FIELDS[found.label.field].type not in (FieldType.MONEY, FieldType.WHEN):
            return False
        if found.at > found.place and self._stacked(found, language):
            return True
        clauses = self.lines.pack.clauses.get(language.code)
        money = FIELDS[found.label.field].type is FieldType.MONEY
        return money and clauses is not None and clauses.conditional(found.text)

    def _stacked(self, found: Found, language: Language) -> bool:
        """Whether labels stand below one another, and then their values."""
        above, below = found.place - 1, found.at + 1
        if above < 0 or below >= len(self.lines.printed) or self.lines.cell(found.place):
            return False
        return (
            self.lines.is_label(above)
            and not self.lines.is_label(below)
            and self.values.of(found.label.field, self.lines.printed[below], language) is not None
        )

    def _judgement(self, found: Found, language: Language) -> Iterator[Fact]:
        """A verdict, or `unknown` where it is not clear that it is this label's."""
        text, last = found.text, found.at
        value = self.verdict(text, language)
        below = last + 1
        if value is None and text and below < len(self.lines.printed):
            for joined in (" ", ""):
                whole = f"{text}{joined}{self.lines.printed[below]}"
                if value is None and (value := self.verdict(whole, language)) is not None:
                    last = below
        if value is None and not found.sure:
            return
        value = value or self._verdict_sentence(text, language)
        if value is not None and self._contested(found, last, language):
            value = None
        yield found.fact("judgement", value or "unknown")

    def verdict(self, text: str, language: Language) -> str | None:
        """The verdict that a text is."""
        return self.values.choice("judgement", text, language)

    def _contested(self, found: Found, at: int, language: Language) -> bool:
        """Whether what stands around a value makes it unclear: it goes on, or another value without
        a label of its own stands in the same row, column or list.
        """
        lines, below = self.lines, at + 1

        def is_value(text: str) -> bool:
            return self.values.choice(found.label.field, text, language) is not None

        if below < len(lines.printed) and lines.cell(below) == lines.cell(at):
            text = lines.printed[below]
            if text[:1].islower() or (is_value(text) and not self._heads_a_value(below, language)):
                return True
        if lines.cell(at) is not None:
            return any(
                is_value(lines.printed[other]) and not lines.is_headed(other, found.place, is_value)
                for other in lines.in_line_with(at)
            )
        above = found.place - 1
        return (
            above >= 0
            and is_value(lines.printed[above])
            and not (above > 0 and _names(lines.printed[above - 1], is_value))
        )

    def _heads_a_value(self, place: int, language: Language) -> bool:
        """Whether a line that could be a value is a label with its own: `Refund` / `$3.00`."""
        if not self.lines.is_label(place) or place + 1 >= len(self.lines.printed):
            return False
        folded, below = self.lines.folded[place], self.lines.printed[place + 1]
        return any(
            label.folded == folded.rstrip(":# ")
            and label.field in FIELDS
            and self.values.of(label.field, below, language) is not None
            for label in language.labels.get(folded[:2], ())
        )

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
        return self.verdict(first, language)

    def _window(self, text: str, language: Language) -> Iterator[tuple[str, FieldValue]]:
        first, last = self.values.span(text, language)
        if first is not None:
            yield "expected_from", first
        if last is not None:
            yield "expected_until", last


def _names(text: str, is_value: Callable[[str], bool]) -> bool:
    """Whether a line can be the label of the next: words, and no value."""
    words = any(sign.isalpha() for sign in text) and not any(sign.isdigit() for sign in text)
    return words and not is_value(text)


def _is_number(name: str, text: str) -> bool:
    if name == "case":
        return bool(CASE.fullmatch(text))
    return name in NUMBERS and marks.is_parcel(text)


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
