"""What a phrase and a label are filed under, and the phrases of one language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from parsers.dates import DateWords
from parsers.notice import FieldValue, Kind, Proof, Role
from parsers.phrase import Phrasebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What a phrase is filed under: the notice it speaks of."""

    kind: Kind
    language: str
    proof: Proof
    role: Role | None
    fixed: Mapping[str, FieldValue]
    vague: bool
    where: str
    """subject, headline, sentence, label, link or hook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """Words in order within one sentence stated as fact."""

    start: str
    """The first of them, folded: what a text is searched for first."""
    words: re.Pattern[str]
    under: tuple[str, ...]
    """Folded words, one of which stands in the subject or in a line above; () for none."""
    written: str
    source: str
    template: Template

    def stands_in(self, folded: str) -> bool:
        """Whether a folded sentence says the words itself, and not as somebody's behind a colon."""
        match = self.words.search(folded)
        if match is None:
            return False
        before, colon, _ = folded[: match.start()].rpartition(":")
        return not colon or before.endswith(self.under)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Words whose value stands behind them or on the next line."""

    folded: str
    field: str
    rank: int
    """The first label of a field in its file outranks the others."""
    written: str
    source: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One phrase file, compiled."""

    code: str
    words: DateWords
    lines: Phrasebook[str]
    labels: Mapping[str, tuple["Label", ...]]
    """First two letters of a folded label -> labels, longest first."""
    headings: Phrasebook["Label"]
    """Labels with gaps: whole lines whose value stands on the next."""
    values: Mapping[str, Mapping[str, str]]
    """field -> folded word -> value"""
    ends: frozenset[str]
    sentences: tuple[Sentence, ...]
    quantities: frozenset[str]
    """The labels of a count of items, folded."""
    numbers: re.Pattern[str]
    """A tracking or parcel number behind its label within a sentence (groups `field` and
    `number`).
    """
    counts: re.Pattern[str]
    """What stands for an item and is only a count: `2 items`."""
    more: re.Pattern[str]
    """What may follow an item: `and 2 more items`."""
