"""What no gap may hold: a sentence of its own.

`Delivered: {item}` fits `Delivered: Garden Hose could not be delivered`, and says the contrary.
What stands in quotes is a title and free; anything else is searched for predicates of the language,
and must not itself be a phrase of another kind.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from parsers.clauses import Clauses
from parsers.notice import Kind
from parsers.pack import LEAST_TAIL, Pack
from parsers.phrase import LOOSE, Held, fold
from parsers.values import Values

EXACT = frozenset({"order", "parcel", "tracking", "package", "case", "n", "site", "code"})
"""Gaps that hold nothing but what they are named after."""
SHOWN = 60
SENTENCE = re.compile(r"[:!。]")
"""What stands in no name."""
LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Judges what the gaps of a phrase caught."""

    pack: Pack
    values: Values

    def fits(self, code: str, held: Mapping[str, Held]) -> bool:
        """Whether every gap holds what it is named after."""
        return all(self.values.accepts(gap, one.text, code) for gap, one in held.items())

    def objection(self, code: str, kind: Kind, held: Mapping[str, Held]) -> str | None:
        """Why gaps of a phrase that says `kind` may not hold this, for a person; None when they
        may.
        """
        for gap, one in held.items():
            text = None if gap in EXACT else self._too_much(gap, one, code, kind)
            if text:
                return f"the gap {{{gap}}} would hold \u201c{text[:SHOWN]}\u201d"
        return None

    def _too_much(self, gap: str, held: Held, code: str, kind: Kind) -> str | None:
        """The words that are no name."""
        if held.loose.endswith("?"):
            return held.loose
        text = self._open(held, code)
        if not text or held.closed:  # a quote has ended: what follows belongs to no gap
            return text
        if gap in LOOSE and SENTENCE.search(text):
            return text
        return self._says(code, text, strict=gap in LOOSE) or self._other(text, kind)

    def unsure(self, code: str, held: Mapping[str, Held]) -> bool:
        """Whether a line that only adds values says them under a condition, or denies them."""
        clauses = self.pack.clauses.get(code)
        return clauses is not None and any(
            clauses.conditional(one.loose) or clauses.negated(one.loose) or "?" in one.loose
            if gap in LOOSE
            else gap not in EXACT and self._says(code, one.loose, strict=False)
            for gap, one in held.items()
        )

    def _open(self, held: Held, code: str) -> str:
        """What of a gap is bound by nothing and is more than a count."""
        language = self.pack.languages.get(code)
        text = held.loose
        if language is not None:
            text = language.more.sub("", text)
            if language.counts.fullmatch(text):
                return ""
        return text if LETTERS.search(text) else ""

    def _says(self, code: str, text: str, *, strict: bool) -> str | None:
        clauses = self.pack.clauses.get(code)
        return said(clauses, text, strict=strict) if clauses is not None else None

    def _other(self, text: str, kind: Kind) -> str | None:
        """The text, when it is a phrase of another kind or ends like one."""
        folded = fold(text)
        for tail, kinds in self.pack.tails.get(folded[-LEAST_TAIL:], {}).items():
            if kind not in kinds and folded.endswith(tail) and _begins_a_word(folded, tail):
                return tail
        for book in (self.pack.subjects, self.pack.headlines):
            hits = book.find(
                text, folded, lambda _, template, held: self.fits(template.language, held)
            )
            if any(hit.value.kind is not kind for hit in hits):
                return text
        return None


def _begins_a_word(folded: str, tail: str) -> bool:
    before = folded[: -len(tail)][-1:]
    return not (before.isalnum() and before.isascii() and tail[0].isalnum())


def said(clauses: Clauses, text: str, *, strict: bool) -> str | None:
    """The first words of a text that make it a sentence. `strict`: a condition, a question or a
    negation alone will do, since the gap should hold a name.
    """
    return _said(clauses.language, clauses, text, strict)


@lru_cache(maxsize=4096)
def _said(_language: str, clauses: Clauses, text: str, strict: bool) -> str | None:
    found = clauses.predicate_in(text) or clauses.hedge_in(text)
    unsure = clauses.conditional, clauses.question, clauses.negated, clauses.future
    if found is None and strict and any(one(text) for one in unsure):
        return text
    return found
