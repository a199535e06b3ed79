"""A phrase: a whole line of a mail with named gaps, never a regular expression and never a part of
a line.

Lines and phrases are folded the same way before they meet: quotes of every language, upper case,
spaces around colons
and between Japanese characters do not count. What a gap caught is given back as it stood in the
line.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

GAP = re.compile(r"\{([^{}]*)\}")
CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
DROPPED = re.compile(
    "[\"'\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u300c\u300d\u300e\u300f\u300a\u300b]+"
    r"|(?<!\*)\*(?!\*)"
    rf"|(?<!\s)\s++(?=[:!?,.])|(?<=:)\s+|(?<=[{CJK}])\s+(?=[{CJK}])"
)
SAME = str.maketrans(
    {
        "\u0130": "i",
        "\u2013": "-",
        "\u2014": "-",
        "\u2010": "-",
        "\u2011": "-",
        "\u2212": "-",
        "\u00a0": " ",
    }
)
CLOSING = " .!。:"
IS_CJK = re.compile(f"[{CJK}]")
LOOSE = ("any", "name")
"""Gaps whose text is not kept; a phrase may have several that differ."""
MOST_GAPS, LONGEST = 12, 1000
KEYS = (10, 6, 4, 2)
"""Phrases are found by so many letters of their end or beginning, as many as they have; Japanese
ones are short.
"""

QUOTES = {
    '"': '"\u201c\u201d',
    "'": "'\u2019",
    "\u2018": "\u2019",
    "\u201a": "\u2018\u2019",
    "\u201c": "\u201d\u201c",
    "\u201e": "\u201c\u201d",
    "\u201f": "\u201d",
    "\u00ab": "\u00bb",
    "\u00bb": "\u00ab",
    "\u2039": "\u203a",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
    "\u300a": "\u300b",
}
"""What opens a quote, and what may close it."""
CLOSERS = frozenset("".join(QUOTES.values()))
AROUND = " .,;:|&+/-\u2026\u3001\u3002()"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Held:
    """What a gap caught, as it stood in the line."""

    text: str
    loose: str
    """What of it no quotes bound: any sentence may go on there."""
    closed: bool
    """Whether a quote was opened and closed in it."""


def fold(line: str) -> str:
    """A cleaned line as it is compared. A closing full stop, exclamation mark or colon does not
    count.
    """
    return (
        DROPPED.sub("", line if line.isascii() else line.translate(SAME))
        .lower()
        .strip()
        .rstrip(CLOSING)
    )


def fold_written(text: str) -> str:
    """What a person wrote in a pack, as it is compared with a folded line."""
    return fold(unicodedata.normalize("NFKC", text))


def _fold_with_places(line: str) -> tuple[str, list[int]]:
    """`fold(line)` and for each of its characters the place it came from."""
    source = line.translate(SAME)
    places: list[int] = []
    end = 0
    for match in DROPPED.finditer(source):
        places.extend(range(end, match.start()))
        end = match.end()
    places.extend(range(end, len(source)))
    folded = "".join(source[place] for place in places).lower()
    left = len(folded) - len(folded.lstrip())
    folded = folded.strip().rstrip(CLOSING)
    return folded, places[left : left + len(folded)]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled phrase. `texts` has one entry more than `gaps`; `loose` says at which edges a
    space may be missing.
    """

    written: str
    texts: tuple[str, ...]
    gaps: tuple[str, ...]
    source: str
    """file:line"""

    @property
    def own(self) -> int:
        """How many letters are the phrase's own."""
        return sum(map(len, self.texts))

    def match(self, line: str, folded: str) -> dict[str, Held] | None:
        """What the gaps hold when the whole line is this phrase, else None. Whether they may hold
        it is for the caller to say.
        """
        spans = self._spans(folded)
        if spans is None:
            return None
        if not spans:
            return {}
        again, places = _fold_with_places(line)
        if again != folded:
            return None
        caught: dict[str, Held] = {}
        for gap, (start, stop) in zip(self.gaps, spans, strict=True):
            held = _held(line, places[start], places[stop - 1] + 1) if stop > start else None
            if held is None or not held.text:
                return None
            if gap not in LOOSE and gap in caught and caught[gap].text != held.text:
                return None
            caught[gap] = held
        return caught

    def _spans(self, folded: str) -> list[tuple[int, int]] | None:
        first, last = self.texts[0], self.texts[-1]
        if not self.gaps:
            return [] if folded == first else None
        start = _after(folded, 0, first)
        if start is None:
            return None
        spans = []
        for text in self.texts[1:-1]:
            found = folded.find(text, start + 1)
            if found < 0:
                return None
            spans.append((start, found))
            start = found + len(text)
        stop = len(folded) - len(last)
        if stop <= start or not folded.endswith(last):
            return None
        spans.append((start, stop))
        return spans


def compile_phrase(written: str, source: str, known: Iterable[str]) -> Phrase:
    """Raises ValueError, in words for its writer, for an unknown gap or a phrase that would match
    anything.
    """
    names = set(known)
    gaps = tuple(GAP.findall(written))
    if len(gaps) > MOST_GAPS or len(written) > LONGEST:
        raise ValueError(
            f"{written[:40]!r}… is too slow to look for; a phrase has at most {MOST_GAPS} gaps and"
            f" {LONGEST} letters"
        )
    for gap in gaps:
        name, _, order = gap.partition(":")
        if name not in names or order not in ("", "dmy", "mdy", "ymd"):
            raise ValueError(
                f"unknown gap {{{gap}}} in {written!r}; known gaps: {', '.join(sorted(names))}"
            )
    pieces = GAP.split(written)[::2]
    if any("{" in piece or "}" in piece for piece in pieces):
        raise ValueError(f"a brace without its partner in {written!r}")
    texts = tuple(
        _fold_piece(piece, first=index == 0, last=index == len(pieces) - 1)
        for index, piece in enumerate(pieces)
    )
    if any(not text.strip() for text in texts[1:-1]):
        raise ValueError(f"two gaps side by side in {written!r}; put a word between them")
    if sum(len(text.strip()) for text in texts) < 2:
        raise ValueError(f"{written!r} would match almost any line; write more words")
    return Phrase(written, texts, gaps, source)


def _fold_piece(piece: str, *, first: bool, last: bool) -> str:
    folded = DROPPED.sub("", unicodedata.normalize("NFKC", piece).translate(SAME)).lower()
    folded = folded.lstrip() if first else folded
    return folded.rstrip().rstrip(CLOSING) if last else folded


def _after(folded: str, start: int, text: str) -> int | None:
    """Where `folded` goes on after `text`; a closing space of `text` may be missing before
    Japanese.
    """
    if folded.startswith(text, start):
        return start + len(text)
    bare = text.rstrip()
    if bare != text and folded.startswith(bare, start):
        rest = folded[start + len(bare) : start + len(bare) + 1]
        if IS_CJK.match(rest) or IS_CJK.match(bare[-1:]):
            return start + len(bare)
    return None


@dataclass(frozen=True, slots=True)
class Hit(Generic[Value]):
    """A phrase that a line is, what its gaps caught, and what the phrase was filed under."""

    phrase: Phrase
    caught: Mapping[str, str]
    value: Value


class Phrasebook(Generic[Value]):
    """Many phrases, found by the first or last letters of a line, so that a line costs the same
    with 100 or 10,000.
    """

    def __init__(self) -> None:
        self.all: list[tuple[Phrase, Value]] = []
        self._exact: dict[str, list[tuple[Phrase, Value]]] = {}
        self._heads: dict[str, list[tuple[Phrase, Value]]] = {}
        self._tails: dict[str, list[tuple[Phrase, Value]]] = {}
        self._rest: list[tuple[Phrase, Value]] = []

    def drop(self, texts: tuple[str, ...]) -> None:
        """Forget every phrase of these words, since another file says it anew."""
        for group in (
            self.all,
            self._rest,
            *self._exact.values(),
            *self._heads.values(),
            *self._tails.values(),
        ):
            group[:] = [entry for entry in group if entry[0].texts != texts]

    def add(self, phrase: Phrase, value: Value) -> None:
        entry = (phrase, value)
        self.all.append(entry)
        head, tail = phrase.texts[0].rstrip(), phrase.texts[-1].lstrip()
        if not phrase.gaps:
            self._exact.setdefault(head, []).append(entry)
            return
        for size in KEYS:
            if len(tail) >= size:
                self._tails.setdefault(tail[-size:], []).append(entry)
                return
            if len(head) >= size:
                self._heads.setdefault(head[:size], []).append(entry)
                return
        self._rest.append(entry)

    def find(
        self,
        line: str,
        folded: str,
        accepts: Callable[[Phrase, Value, Mapping[str, Held]], bool],
    ) -> list[Hit[Value]]:
        """Every phrase that the whole line is.

        `folded` is `fold(line)`; `accepts(phrase, value, held)` vets what the gaps caught.
        """
        hits = [
            Hit(phrase, {}, value)
            for phrase, value in self._exact.get(folded, ())
            if accepts(phrase, value, {})
        ]
        for phrase, value in self._candidates(folded):
            held = phrase.match(line, folded)
            if held is not None and accepts(phrase, value, held):
                hits.append(Hit(phrase, {gap: one.text for gap, one in held.items()}, value))
        return hits

    def _candidates(self, folded: str) -> list[tuple[Phrase, Value]]:
        found = self._rest
        for size in KEYS:
            head, tail = self._heads.get(folded[:size]), self._tails.get(folded[-size:])
            if head:
                found = found + head
            if tail:
                found = found + tail
        return found


def _held(line: str, start: int, stop: int) -> Held:
    """The text between two places of a line, with the quotes that stand around and in it."""
    text = line[start:stop].strip()
    before = len(line[:start].rstrip()) - 1
    begin = before if before >= 0 and line[before] in QUOTES else start
    rest = line[stop:]
    end = stop + len(rest) - len(rest.lstrip(" .\u2026!"))
    if begin == start and not any(sign in QUOTES for sign in text):
        return Held(text, text, closed=False)
    ends = line[end : end + 1] in CLOSERS if end < len(line) else False
    loose, closed = _unquoted(line[begin : end + 1 if ends else stop])
    return Held(text, loose, closed)


def unquoted(text: str) -> str:
    """A text without what stands in closed quotes."""
    return _unquoted(text)[0]


def _unquoted(text: str) -> tuple[str, bool]:
    """What of a text stands in no closed quotes, and whether any quotes were closed. Where a sign
    may stand for inches, nothing is taken as closed.
    """
    out: list[str] = []
    opened, closers, closed = -1, "", False
    for place, sign in enumerate(text):
        if opened < 0:
            if _opens(text, place):
                opened, closers = place, QUOTES[sign]
            else:
                out.append(sign)
        elif sign in closers and not _in_word(text, place):
            if _inches(text, place, closers):
                return text.strip(AROUND), False
            opened, closed = -1, True
    if opened >= 0:
        out.append(text[opened + 1 :])
    return "".join(out).strip(AROUND), closed


def _opens(text: str, place: int) -> bool:
    """Whether a sign opens a quote: an apostrophe and a sign for inches do not."""
    sign = text[place]
    if sign not in QUOTES:
        return False
    before = text[place - 1 : place]
    return sign not in "\"'\u2018\u2019\u201d" or not before.isalnum()


def _in_word(text: str, place: int) -> bool:
    """Whether a sign is an apostrophe."""
    return text[place] in "'\u2019" and text[place + 1 : place + 2].isalnum()


def _inches(text: str, place: int, closers: str) -> bool:
    """Whether a sign behind a number may stand for inches, since another one follows."""
    number = text[place] in '"\u201d' and text[place - 1 : place].isdigit()
    return number and any(sign in closers for sign in text[place + 1 :])
