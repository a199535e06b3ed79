"""Whether a phrase says what it is filed under, by its own words.

What kinds say is learned from the shipped phrases: a word of denial, doubt or another event in a
new phrase of a kind is believed only where known phrases of that kind have it too.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from parsers.clauses import Clauses
from parsers.gapping import compiled
from parsers.notice import Kind
from parsers.overreach import example
from parsers.pack import Pack, phrases, shipped

USUAL = 0.02
"""Share of a kind's phrases from which on a way to say it is usual."""
CONTRARY = frozenset(
    {
        *("cancelled", "refused", "failed", "withdrawn", "expired", "lost"),
        *("restricted", "attempted", "delayed", "returned"),
    }
)
"""Families of predicates that make another mail of a sentence, whatever else it says."""
MANNERS: Mapping[str, str] = MappingProxyType(
    {
        "negated": "a negation",
        "conditional": "a condition",
        "question": "a question",
        "future": "what is to come",
        "reported": "somebody else's word",
        "retracted": "that something was said in error",
    }
)
"""How a sentence may say what it says (methods of `Clauses`), in words for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usage:
    """How the known phrases of one kind say it."""

    manners: frozenset[str]
    families: frozenset[str]

    def strange(self, said: frozenset[str]) -> frozenset[str]:
        """What of these families makes another kind of it; all of them, where none is usual."""
        contrary = (said & CONTRARY) - self.families
        if contrary or said & self.families or not self.families:
            return contrary
        return said


def doubt(written: str, kind: Kind, language: str, pack: Pack) -> str | None:
    """Why the phrase may not say `kind`, in words for a person; None when nothing speaks against
    it. Raises ValueError for what is no phrase.
    """
    clauses = pack.clauses.get(language)
    if clauses is None:
        return None
    line = example(compiled(written), pack)
    usage = _usage(kind)
    for manner in _manners(line, clauses):
        if manner not in usage.manners:
            return f"it holds {MANNERS[manner]}, and no known phrase of {kind.value} does"
    wrong = usage.strange(clauses.predicates(line))
    if wrong:
        words = ", ".join(sorted(wrong)).replace("_", " ")
        return f"its words say “{words}”, and no known phrase of {kind.value} does"
    return None


def _manners(line: str, clauses: Clauses) -> Iterator[str]:
    return (name for name in MANNERS if getattr(clauses, name)(line))


@lru_cache(maxsize=64)
def _usage(kind: Kind) -> _Usage:
    manners: Counter[str] = Counter()
    families: Counter[str] = Counter()
    known = 0
    for pack in shipped().packs:
        for phrase, template in phrases(pack):
            clauses = pack.clauses.get(template.language)
            if template.kind is kind and clauses is not None:
                known += 1
                line = example(phrase, pack)
                manners.update(_manners(line, clauses))
                families.update(clauses.predicates(line))
    return _Usage(manners=_usual(manners, known), families=_usual(families, known))


def _usual(counts: Counter[str], of: int) -> frozenset[str]:
    return frozenset(name for name, count in counts.items() if count >= USUAL * of)
