"""What the lines of a mail say: kinds, labelled values, blocks (cards) of several orders, and the
fields of each.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from parsers import marks
from parsers.dates import Clock, find_dates, find_span
from parsers.identifiers import normal
from parsers.money import AMOUNT, find_money, whole_money
from parsers.notice import FIELDS, Evidence, FieldType, FieldValue, Item
from parsers.pack import Pack
from parsers.phrase import Hit, fold
from parsers.template import Label, Language, Template
from parsers.text import VisibleText

HEAD = 80
"""Headlines stand within so many lines."""
PAST = frozenset({"delivered_at", "shipped_at", "ordered_at", "at"})
SCRIPTS = {"ja": re.compile("[\u3041-\u30ff]"), "ko": re.compile("[\uac00-\ud7af]")}
ITEM_LABELS = ("item", "quantity", "price")
TEXT_GAPS = frozenset({"item", "name", "any"})
COUNTED = re.compile(r"(\d{1,3})\s*(?:[x×]\s*)?(?=[\"“„「«『])|(\d{1,3})\s*[x×]\s+")
REDACTED = re.compile(r"\d{1,3}\s+[^\"“„「«『].* items?", re.IGNORECASE)
"""A count and a category (`1 Pet item`): what the item is called is withheld."""
SENTENCE_END = re.compile(r"\.\s+|。")
BULLET = re.compile(r"(?:[*•・-]|\d{1,3}\s*[x×])\s+(.+)")
QUANTITY = re.compile(r"\d{1,4}")
QUOTES = "\"'“”„‟«»「」『』‚‘’ "


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value read from one line."""

    name: str
    value: FieldValue
    line: int
    rank: int
    evidence: Evidence


@dataclass(kw_only=True)
class Page:
    """One rendering of a mail, ready to be asked."""

    pack: Pack
    subject: str
    text: VisibleText
    clock: Clock
    dollar: str | None
    rich: bool = False
    """Whether this is the HTML, whose links then stand on their lines."""
    folded: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        folded = tuple(fold(line) for line in self.text.lines)
        stop = next(
            (place for place, line in enumerate(folded) if place > 3 and line in self.pack.ends),
            len(folded),
        )
        self.text = VisibleText(
            self.text.lines[:stop], tuple(link for link in self.text.links if link.line < stop)
        )
        self.folded = folded[:stop]

    def accepts(self, gap: str, text: str, code: str) -> bool:
        """Whether a gap of a phrase may hold this text."""
        language = self.pack.languages.get(code)
        match gap:
            case "order":
                return bool(self.pack.order.fullmatch(_bare(text)))
            case "orders":
                return any(True for _ in self.orders_in(text))
            case "masked":
                return bool(marks.masked_in_line(text))
            case "parcel" | "tracking" | "package":
                return marks.is_parcel(text)
            case "case":
                return bool(re.fullmatch(r"(?=.*\d)[\w-]{5,40}", text))
            case "n":
                return bool(QUANTITY.fullmatch(text))
            case "window":
                return language is not None and find_span(text, language.words, self.clock) != (
                    None,
                    None,
                )
            case "thread":
                return True
            case _:
                return gap in TEXT_GAPS or (
                    language is not None and self.value(gap, text, language) is not None
                )

    def orders_in(self, text: str) -> Iterator[str]:
        for part in re.split(r"[\s,;&、()（）#]+", text):
            if self.pack.order.fullmatch(part):
                yield part

    def value(self, name: str, text: str, language: Language) -> FieldValue | None:
        """The text as the type of the field `name`, or None when it is not clearly that."""
        spec = FIELDS[name]
        match spec.type:
            case FieldType.MONEY:
                return whole_money(text, self.dollar) or find_money(text, self.dollar)
            case FieldType.WHEN:
                days = find_dates(text, language.words, self.clock, past=name in PAST)
                return days[-1] if days else None
            case FieldType.CHOICE:
                return self._choice(name, text, language)
            case FieldType.NUMBER:
                try:
                    return Decimal(text.replace(",", ".").rstrip("% "))
                except InvalidOperation:
                    return None
            case FieldType.TEXT:
                known = language.values.get(name, {}).get(fold(text).rstrip(".。!"))
                return known or (text.strip(QUOTES)[:300] or None)
            case _:
                return None

    def _choice(self, name: str, text: str, language: Language) -> str | None:
        """The word's meaning in the label's language, else in the pack's others, which must
        agree.
        """
        word = fold(text).rstrip(".。!")
        known = language.values.get(name, {}).get(word)
        if known is not None:
            return known
        others = {
            one.values[name][word]
            for one in self.pack.languages.values()
            if word in one.values.get(name, {})
        }
        return others.pop() if len(others) == 1 else None

    def headlines(self) -> list[tuple[int, Hit[Template]]]:
        found: list[tuple[int, Hit[Template]]] = []
        for place, (line, folded) in enumerate(
            zip(self.text.lines[:HEAD], self.folded[:HEAD], strict=True)
        ):
            found.extend(
                (place, hit) for hit in self.pack.headlines.find(line, folded, self._by_template)
            )
        return found

    def subjects(self) -> list[Hit[Template]]:
        """The phrases the subject is; of several only the fullest, since a fuller one is there to
        say it better.
        """
        hits = self.pack.subjects.find(self.subject, fold(self.subject), self._by_template)
        most = max((hit.phrase.own for hit in hits), default=0)
        return [hit for hit in hits if hit.phrase.own == most]

    def is_noise(self) -> bool:
        return bool(self.pack.noise.find(self.subject, fold(self.subject), self.accepts))

    def _by_template(self, gap: str, text: str, saying: Template) -> bool:
        return self.accepts(gap, text, saying.language)

    def scripts(self) -> tuple[str, ...]:
        """Languages that the letters of the page give away, whatever language its title is in."""
        text = "\n".join(self.text.lines[:HEAD])
        return tuple(
            code for code, letters in SCRIPTS.items() if not text.isascii() and letters.search(text)
        )

    def _by_label(self, gap: str, text: str, label: Label) -> bool:
        return self.accepts(gap, text, label.language)

    def facts(self, codes: Sequence[str]) -> list[Fact]:
        """Every labelled value and every fact line, in the languages `codes`."""
        found: list[Fact] = []
        for code in codes:
            language = self.pack.languages.get(code)
            if language is None:
                continue
            for place, (line, folded) in enumerate(zip(self.text.lines, self.folded, strict=True)):
                found.extend(self._labelled(place, line, folded, language))
                hits = language.lines.find(line, folded, self.accepts)
                for hit in sorted(hits, key=lambda hit: -hit.phrase.own)[:1]:
                    evidence = Evidence(
                        where="body", phrase=hit.phrase.written, line=line, source=hit.phrase.source
                    )
                    found.extend(self.caught(hit.caught.items(), language, place, evidence))
        return found

    def caught(
        self, pairs: Iterable[tuple[str, str]], language: Language, place: int, evidence: Evidence
    ) -> Iterator[Fact]:
        """What the gaps of a phrase hold, as facts."""
        for gap, text in pairs:
            if gap == "window":
                yield from self._window(text, language, place, 0, evidence)
            elif gap in FIELDS:
                value = self.value(gap, text, language)
                if value is not None:
                    yield Fact(name=gap, value=value, line=place, rank=0, evidence=evidence)
            elif gap in ("parcel", "tracking", "package", "case"):
                yield Fact(
                    name=gap,
                    value=normal(text) if gap != "case" else text,
                    line=place,
                    rank=0,
                    evidence=evidence,
                )

    def _labelled(self, place: int, line: str, folded: str, language: Language) -> Iterator[Fact]:
        for label in language.labels.get(folded[:2], ()):
            if not folded.startswith(label.folded):
                continue
            after = folded[len(label.folded) :]
            if after and after[0].isalnum() and label.folded[-1:].isalnum() and after[0].isascii():
                continue
            yield from self._label_value(label, place, line, after, language)
            return
        for hit in language.headings.find(
            line, folded, lambda gap, text, label: self.accepts(gap, text, label.language)
        ):
            yield from self._next_line(hit.value, place, language)

    def _label_value(
        self, label: Label, place: int, line: str, after: str, language: Language
    ) -> Iterator[Fact]:
        if after.strip(" :#*.-№"):
            rest = _behind(line, label.folded)
            colon = after.lstrip().startswith((":", "#", "№"))
            yield from self._fact(label, rest, place, language, line, sure=colon)
        else:
            yield from self._next_line(label, place, language)

    def _next_line(self, label: Label, place: int, language: Language) -> Iterator[Fact]:
        under = place + 1
        if (
            under + 1 < len(self.text.lines) and self.text.lines[under] == ":"
        ):  # a colon in a cell of its own
            under += 1
        if under < len(self.text.lines):
            below = self.text.lines[under]
            yield from self._fact(
                label, below, place, language, f"{self.text.lines[place]} / {below}", sure=True
            )
        elif label.field == "judgement":
            yield from self._fact(label, "", place, language, self.text.lines[place], sure=True)

    def _fact(
        self, label: Label, text: str, place: int, language: Language, line: str, *, sure: bool
    ) -> Iterator[Fact]:
        evidence = Evidence(where="label", phrase=label.written, line=line, source=label.source)
        name = label.field
        if name == "window":
            yield from self._window(text, language, place, label.rank, evidence)
        elif name in ("tracking", "parcel", "package"):
            number = normal(text.rstrip(".。 "))
            if marks.is_parcel(number):
                yield Fact(name=name, value=number, line=place, rank=label.rank, evidence=evidence)
        elif name == "case":
            if re.fullmatch(r"(?=.*\d)[\w-]{5,40}", text):
                yield Fact(name=name, value=text, line=place, rank=label.rank, evidence=evidence)
        elif name in ITEM_LABELS:
            if sure and text:
                yield Fact(name=name, value=text, line=place, rank=label.rank, evidence=evidence)
        elif name in FIELDS:
            yield from self._field(label, text, place, language, evidence, sure=sure)

    def _field(
        self,
        label: Label,
        text: str,
        place: int,
        language: Language,
        evidence: Evidence,
        *,
        sure: bool,
    ) -> Iterator[Fact]:
        name = label.field
        if FIELDS[name].type is FieldType.TEXT and not sure:
            return
        value = self.value(name, text, language)
        if (
            value is None
            and name == "solution"
            and (money := find_money(text, self.dollar)) is not None
        ):
            yield Fact(
                name="amount", value=money, line=place, rank=label.rank + 1, evidence=evidence
            )
            value = self.value(name, AMOUNT.sub(" ", text).strip(" :,-()"), language)
        if value is None and name == "judgement" and sure:
            value = self._verdict_sentence(text, language) or "unknown"
        if value is not None:
            yield Fact(name=name, value=value, line=place, rank=label.rank, evidence=evidence)

    def _verdict_sentence(self, text: str, language: Language) -> str | None:
        """`Invalid. You may appeal …`: a verdict that is a sentence of its own, when none of the
        words comes again.
        """
        first, *more = SENTENCE_END.split(text, maxsplit=1)
        rest = fold(" ".join(more))
        words = {
            word for one in self.pack.languages.values() for word in one.values.get("judgement", {})
        }
        if not more or any(word in rest for word in words):
            return None
        return self._choice("judgement", first, language)

    def _window(
        self, text: str, language: Language, place: int, rank: int, evidence: Evidence
    ) -> Iterator[Fact]:
        first, last = find_span(text, language.words, self.clock)
        if first is not None:
            yield Fact(name="expected_from", value=first, line=place, rank=rank, evidence=evidence)
        if last is not None:
            yield Fact(name="expected_until", value=last, line=place, rank=rank, evidence=evidence)

    def items(self, start: int, stop: int, codes: Sequence[str]) -> tuple[Item, ...]:
        """Order lines printed as bullets with a quantity below."""
        labels = {
            label.folded
            for code in codes
            if (language := self.pack.languages.get(code))
            for group in language.labels.values()
            for label in group
            if label.field == "quantity"
        }
        out = []
        for place in range(start, stop):
            match = BULLET.fullmatch(self.text.lines[place])
            if not match or place + 1 >= stop:
                continue
            quantity = next(
                (
                    _count(self.folded[place + 1], label)
                    for label in labels
                    if self.folded[place + 1].startswith(label)
                ),
                None,
            )
            if quantity is None:
                continue
            price = (
                whole_money(self.text.lines[place + 2], self.dollar) if place + 2 < stop else None
            )
            out.append(Item(title=match[1].strip(QUOTES)[:300], quantity=quantity, price=price))
        return tuple(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The part of a mail that speaks of one order (or of one parcel with several)."""

    start: int
    stop: int
    orders: tuple[str, ...]


def cards(page: Page, heads: Sequence[tuple[int, str]]) -> tuple[Card, ...]:
    """The blocks of a page, one an order number; numbers printed directly below one another share a
    block.

    `heads`: where a block may begin above its number (a headline, an arrival line), and what is
    said there.
    """
    places: list[tuple[int, list[str]]] = []
    seen: set[str] = set()
    for place, line in enumerate(page.text.lines):
        numbers = [number for number in _numbers(page, place, line) if number not in seen]
        if not numbers:
            continue
        seen.update(numbers)
        if places and _adjoins(page, places[-1][0], place):
            places[-1][1].extend(numbers)
            places[-1] = (place, places[-1][1])
        else:
            places.append((place, list(numbers)))
    if len(places) < 2:
        return (
            Card(start=0, stop=len(page.text.lines), orders=tuple(places[0][1]) if places else ()),
        )
    if _number_first([place for place, _ in places], heads):
        starts = [
            place - 1 if place and _labels_an_order(page, place - 1) else place
            for place, _ in places
        ]
    else:
        tops = [place for place, _ in heads]
        starts = [
            _top(place, places[index - 1][0] if index else -1, tops)
            for index, (place, _) in enumerate(places)
        ]
    stops = [*starts[1:], len(page.text.lines)]
    return tuple(
        Card(start=start, stop=stop, orders=tuple(numbers))
        for (_, numbers), start, stop in zip(places, starts, stops, strict=True)
    )


def _numbers(page: Page, place: int, line: str) -> list[str]:
    found = list(marks.orders_in_line(line, page.pack))
    if (
        not found
        and place
        and page.pack.order.fullmatch(_bare(line))
        and _labels_an_order(page, place - 1)
    ):
        found.append(_bare(line))
    return found


def _labels_an_order(page: Page, place: int) -> bool:
    """Whether the line is a word for “order” alone, whose number stands below."""
    return page.folded[place].rstrip(" :#") in page.pack.order_words


def _adjoins(page: Page, above: int, place: int) -> bool:
    """Whether two lines with order numbers are one list: nothing between them but a word for
    “order”.
    """
    between = place - above == 1 or (place - above == 2 and _labels_an_order(page, place - 1))
    return between and _only_number(page, above) and _only_number(page, place)


def _only_number(page: Page, place: int) -> bool:
    return len(re.sub(r"[\d\W_]", "", page.folded[place])) <= 12


def _number_first(places: Sequence[int], heads: Sequence[tuple[int, str]]) -> bool:
    """Whether each block begins with its number: what stands between numbers stands behind the
    last, not before.
    """
    before = {what for head, what in heads if head < places[0]}
    between = {what for head, what in heads if places[0] < head < places[-1]}
    behind = {what for head, what in heads if head > places[-1]}
    return bool(between & behind) and not between & before


def _top(place: int, floor: int, heads: Sequence[int]) -> int:
    """Where the block of the number at `place` begins: its headline or arrival line a little above,
    if there is one.
    """
    near = [head for head in heads if floor < head < place and place - head <= 6]
    return min(near) if near else max(place - 1, floor + 1)


def pick(facts: Iterable[Fact], start: int, stop: int, first_start: int) -> dict[str, Fact]:
    """One fact a field for the lines [start, stop); what stands above the first block holds for
    every block.
    """
    by_name: dict[str, list[Fact]] = {}
    for fact in facts:
        if start <= fact.line < stop or fact.line < first_start:
            by_name.setdefault(fact.name, []).append(fact)
    chosen: dict[str, Fact] = {}
    for name, group in by_name.items():
        own = [fact for fact in group if start <= fact.line < stop] or group
        if name == "judgement":
            chosen[name] = _verdict(own)
            continue
        best = min(fact.rank for fact in own)
        ranked = [fact for fact in own if fact.rank == best]
        if len({fact.value for fact in ranked}) == 1 or name.startswith("expected_"):
            chosen[name] = ranked[0]
    return chosen


def _verdict(facts: Sequence[Fact]) -> Fact:
    """Several judgements in one mail: all the same, mixed, or unknown as soon as one of them is
    unclear.
    """
    values = {fact.value for fact in facts}
    value = facts[0].value if len(values) == 1 else "unknown" if "unknown" in values else "mixed"
    return Fact(
        name="judgement", value=value, line=facts[0].line, rank=0, evidence=facts[0].evidence
    )


def item_of(text: str) -> Item | None:
    """The item a subject names: `2 "Something..."` is two of it; `1 Pet item` names none."""
    if REDACTED.fullmatch(text.strip()):
        return None
    match = COUNTED.match(text)
    title = (text[match.end() :] if match else text).strip(QUOTES)
    while title.endswith("..."):
        title = title.removesuffix("...").strip(QUOTES)
    return (
        Item(title=title[:300], quantity=int(match[1] or match[2]) if match else 1)
        if title
        else None
    )


def _bare(text: str) -> str:
    return text.strip(" #№.:*()[]")


def _behind(line: str, folded_label: str) -> str:
    """The part of `line` behind a label given in folded form."""
    need = len(folded_label)
    for place in range(need, len(line) + 1):
        if fold(line[:place]) == folded_label and (
            place == len(line) or len(fold(line[: place + 1])) > need
        ):
            return line[place:].strip(" :#№-*").strip()
    return ""


def _count(folded: str, label: str) -> int | None:
    match = re.fullmatch(r"\s*[:x×]?\s*(\d{1,4})(?:個|点)?", folded[len(label) :])
    return int(match[1]) if match else None
