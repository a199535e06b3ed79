"""Lists of words searched in a text: each with its role, all in one pass, linear in the text.

Words are data (`languages/*.yaml`). A closing * stands for the rest of a word. In writing without
spaces between words (Japanese, Korean) a word may begin anywhere.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

from parsers.packfile import LanguageFile

SAME = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a「」『』《》", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        "\u0130": "i",
        "\u00a0": " ",
        "？": "?",
        "！": "!",
        "：": ":",
        "；": ";",
        "，": ",",
        "（": "(",
        "）": ")",
    }
)
"""One character for one: places in the text stay what they are."""
STARTS = re.compile(r"[^\W_]+|[^\w\s]")
GLUED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
KEY = 2

Value = TypeVar("Value")


def plain_text(text: str) -> str:
    """The text as it is searched: small letters, one kind of quotes and dashes, as long as it
    was.
    """
    lowered = text.translate(SAME).lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower()[:1] for c in text)


class Mark(NamedTuple):
    """A word of the list, where it stands in the text."""

    start: int
    end: int
    role: str
    family: str = ""


class _Entry(NamedTuple):
    written: str
    role: str
    family: str
    open_end: bool
    """Whether the word may go on: `anulowan*`."""


class WordList:
    """Words by role and family, filed by their first letters."""

    def __init__(self, listed: Iterable[tuple[str, str, str]]) -> None:
        entries: dict[str, list[_Entry]] = {}
        glued = False
        for written, role, family in listed:
            text = plain_text(written)
            glued = glued or GLUED.search(text) is not None
            entry = _Entry(text.rstrip("*"), role, family, text.endswith("*"))
            entries.setdefault(entry.written[:KEY], []).append(entry)
        self._entries = {key: tuple(group) for key, group in entries.items()}
        self._glued = glued

    def find(self, plain: str) -> Iterator[Mark]:
        """Every word of the list in `plain`, by where it begins; words may overlap."""
        for start in self._starts(plain):
            if not is_inside_word(plain, start):
                yield from self._at(plain, start)

    def _starts(self, plain: str) -> Iterable[int]:
        if self._glued:
            return range(len(plain))
        return (match.start() for match in STARTS.finditer(plain))

    def _at(self, plain: str, start: int) -> Iterator[Mark]:
        for size in (1, KEY):
            for entry in self._entries.get(plain[start : start + size], ()):
                if len(entry.written) < size or not plain.startswith(entry.written, start):
                    continue
                end = start + len(entry.written)
                if entry.open_end:
                    end = _word_end(plain, end)
                if not is_inside_word(plain, end):
                    yield Mark(start, end, entry.role, entry.family)


def longest(marks: Iterable[Mark]) -> list[Mark]:
    """Without those that lie in a longer one: a payment dispute is no payment and no dispute."""
    out: list[Mark] = []
    for mark in sorted(marks, key=lambda one: (one.start, -one.end)):
        if not out or mark.start >= out[-1].end or (mark.start, mark.end) == out[-1][:2]:
            out.append(mark)
    return out


def is_inside_word(plain: str, place: int) -> bool:
    """Whether a word goes on over `place`: letters on both sides, of a writing with spaces."""
    if place <= 0 or place >= len(plain):
        return False
    left, right = plain[place - 1], plain[place]
    if not (left.isalnum() and right.isalnum()):
        return False
    return not (GLUED.match(left) or GLUED.match(right))


def _word_end(plain: str, end: int) -> int:
    while end < len(plain) and plain[end].isalpha():
        end += 1
    return end


class ByLanguage(Mapping[str, Value], Generic[Value]):
    """One value a language, each made when it is first asked for: a run reads few languages."""

    def __init__(
        self, files: Mapping[str, LanguageFile], make: Callable[[str, LanguageFile], Value]
    ) -> None:
        self._files = files
        self._make = make
        self._made: dict[str, Value] = {}

    def __getitem__(self, language: str) -> Value:
        if language not in self._made:
            self._made[language] = self._make(language, self._files[language])
        return self._made[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
