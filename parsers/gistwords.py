"""The words of one language by which a mail that no phrase fits tells topic and deadline."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parsers.packfile import Cues, LanguageFile
from parsers.wordlist import GLUED, WordList, plain_text

CJK = "\u3040-\u9fff\uac00-\ud7af"


@dataclass(frozen=True, slots=True, eq=False)
class GistWords:
    language: str
    cues: WordList
    topics: WordList
    topic_words: Mapping[str, str]
    """Word -> topic, as written."""
    fillers: tuple[str, ...]
    """What may stand between a cue and its date, weekdays too, longest first."""
    spans: re.Pattern[str]
    """A number and a unit of time (groups 1 and 2)."""
    numbers: Mapping[str, int]
    units: Mapping[str, str]
    """Unit as written -> days, business_days, hours or weeks."""
    glued: bool
    """Whether words are written without spaces between them."""

    def fills(self, between: str) -> bool:
        """Whether nothing but fillers, digits and signs stands between a cue and its date."""
        if not self.glued:
            words = re.findall(r"[^\W\d_]+", between)
            return all(word in self.fillers for word in words)
        for filler in self.fillers:
            between = between.replace(filler, " ")
        return not re.search(r"[^\W\d_]", between)


def compile_gist_words(language: str, file: LanguageFile) -> GistWords:
    gist = file.gist
    units = {
        plain_text(word): unit for unit, words in gist.units.model_dump().items() for word in words
    }
    numbers = {plain_text(word): number for word, number in gist.numbers.items()}
    fillers = {*map(plain_text, gist.cues.fillers), *map(str.lower, file.weekdays)}
    return GistWords(
        language=language,
        cues=WordList(_cues(gist.cues)),
        topics=WordList(
            (word, "topic", topic) for topic, words in gist.topics.items() for word in words
        ),
        topic_words={word: topic for topic, words in gist.topics.items() for word in words},
        fillers=tuple(sorted(fillers, key=len, reverse=True)),
        spans=_spans(numbers, units),
        numbers=numbers,
        units=units,
        glued=any(GLUED.search(unit) for unit in units),
    )


def _cues(cues: Cues) -> Iterator[tuple[str, str, str]]:
    for role, words in cues.model_dump(exclude={"fillers"}).items():
        yield from ((word, role, "") for word in words)


def _spans(numbers: Mapping[str, int], units: Mapping[str, str]) -> re.Pattern[str]:
    """`three (3) calendar days`, `48 h`, `3営業日`; a day of a month (`6月3日`) is none."""
    number = "|".join(map(re.escape, sorted(numbers, key=len, reverse=True))) or r"(?!)"
    unit = "|".join(map(re.escape, sorted(units, key=len, reverse=True))) or r"(?!)"
    return re.compile(
        rf"(?<![0-9.,/年月월년-])(?<![^\W\d_{CJK}])(?<!월 )(\d{{1,3}}|{number})"
        rf"(?:\s?\([^()]{{1,12}}\))?[\s-]?(?:[^\W\d_]{{3,14}} )??({unit})(?![^\W\d_{CJK}])"
    )
