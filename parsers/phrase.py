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
from functools import partial
from typing import Generic, TypeVar

GAP = re.compile(r"\{([^{}]*)\}")
CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
DROPPED = re.compile(
    "[\"'\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u300c\u300d\u300e\u300f\u300a\u300b]+"
    r"|(?<!\*)\*(?!\*)"
    rf"|\s+(?=[:!?,.])|(?<=:)\s+|(?<=[{CJK}])\s+(?=[{CJK}])"
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
KEYS = (4, 2)
"""Phrases are found by so many letters of their beginning or end; Japanese ones are short."""

Value = TypeVar("Value")


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

    def match(
        self, line: str, folded: str, accepts: Callable[[str, str], bool]
    ) -> dict[str, str] | None:
        """What the gaps hold when the whole line is this phrase, else None. `accepts(gap, text)`
        vets each.
        """
        spans = self._spans(folded)
        if spans is None:
            return None
        if not spans:
            return {}
        again, places = _fold_with_places(line)
        if again != folded:
            return None
        caught: dict[str, str] = {}
        for gap, (start, stop) in zip(self.gaps, spans, strict=True):
            text = line[places[start] : places[stop - 1] + 1].strip() if stop > start else ""
            same = gap in LOOSE or caught.get(gap, text) == text
            if not text or not same or not accepts(gap, text):
                return None
            caught[gap] = text
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
    for gap in gaps:
        if gap not in names:
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
            if len(head) >= size:
                self._heads.setdefault(head[:size], []).append(entry)
                return
            if len(tail) >= size:
                self._tails.setdefault(tail[-size:], []).append(entry)
                return
        self._rest.append(entry)

    def find(
        self, line: str, folded: str, accepts: Callable[[str, str, Value], bool]
    ) -> list[Hit[Value]]:
        """Every phrase that the whole line is.

        `folded` is `fold(line)`; `accepts(gap, text, value)` vets what a gap caught.
        """
        hits = [Hit(phrase, {}, value) for phrase, value in self._exact.get(folded, ())]
        for entry in self._candidates(folded):
            phrase, value = entry
            caught = phrase.match(line, folded, partial(_accepted, accepts, value))
            if caught is not None:
                hits.append(Hit(phrase, caught, value))
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


def _accepted(
    accepts: Callable[[str, str, Value], bool], value: Value, gap: str, text: str
) -> bool:
    return accepts(gap, text, value)
