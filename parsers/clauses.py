"""What a sentence does: whether it says that something happened, will, might, or did not.

Words are data (`languages/*.yaml`). Titles of items hold nouns and participles too (`Return label
printer`, `The Cancelled`), so that where a word stands decides whether it is a predicate. Every
search passes the text once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from parsers.packfile import LanguageFile
from parsers.wordlist import GLUED, Mark, WordList, plain_text

STOPS = ".!?。"
UNSAYING = frozenset({"condition", "report", "retraction"})
"""A sentence with one of these states no fact, wherever the word stands."""
STRONG = frozenset('":|-•·…)]')
"""Signs behind which a mail goes on after an item's title; a hyphen only with spaces."""
CLOSING = frozenset('.!?。)]"|;、・/】')
REACH = 70
"""So many characters an auxiliary may stand before its participle: a subordinate clause at most."""
NEAR_AUXILIARY = 24
"""And so many before a word that speaks of what is to come."""
SENTENCE = re.compile(r"(?<![.!?])[.!?]++[\"')\]”»]*+(?=\s)|[。！？!?]++[\"')\]」』]*+|\n")
GLUED_END = 2
"""Signs of Japanese or Korean that may follow the word a sentence ends with."""
COMMA = re.compile("[,;、]")
LAST_WORD = re.compile(r"(?:[^\W_]+\.)*[^\W_]+$")


@dataclass(frozen=True, slots=True, eq=False)
class Clauses:
    """The words of one language, ready for search."""

    language: str
    words: WordList
    months: frozenset[str]
    abbreviations: frozenset[str]

    def predicates(self, text: str) -> frozenset[str]:
        """The families of every predicate in `text`."""
        return frozenset(mark.family for mark in self._predicates(text))

    def happened(self, text: str) -> frozenset[str]:
        """As `predicates`, of verbs and participles alone: `your package` says nothing."""
        return frozenset(mark.family for mark in self._predicates(text) if mark.role != "noun")

    def families(self, text: str) -> frozenset[str]:
        """The families of every word in `text`, whether or not it is a predicate there."""
        return frozenset(mark.family for mark in self._marks(text) if mark.family)

    def predicate_in(self, text: str) -> str | None:
        """The words of the first predicate in `text`, as they stand there."""
        first = min(self._predicates(text), default=None)
        return None if first is None else text[first.start : first.end]

    def hedge_in(self, text: str) -> str | None:
        """The words by which a title goes on as a sentence without a predicate of its own: `unless
        you reply`, `is planned for tomorrow`, `…の場合は`.
        """
        auxiliary = -REACH
        for mark in self._marks(text):
            if mark.role == "auxiliary":
                auxiliary = mark.end
            elif mark.role in ("future", "negation"):
                helped = 0 <= mark.start - auxiliary <= NEAR_AUXILIARY
                if helped or (_is_glued(text, mark) and _is_last(text, mark)):
                    return text[min(auxiliary, mark.start) if helped else mark.start :]
            elif _goes_on(text, mark):
                return text[mark.start :]
        return None

    def negated(self, text: str) -> bool:
        return self._has(text, "negation")

    def conditional(self, text: str) -> bool:
        return self._has(text, "condition")

    def before_condition(self, sentence: str) -> str:
        """The sentence up to its first condition: all of it where it has none."""
        starts = (mark.start for mark in self._marks(sentence) if mark.role == "condition")
        return sentence[: min(starts, default=len(sentence))]

    def future(self, text: str) -> bool:
        """Whether `text` speaks of what is to come, may come or is wished for."""
        return self._has(text, "future")

    def reported(self, text: str) -> bool:
        """Whether `text` is somebody else's word, or an example."""
        return self._has(text, "report")

    def retracted(self, text: str) -> bool:
        """Whether `text` takes back what was said."""
        return self._has(text, "retraction")

    def question(self, text: str) -> bool:
        return "?" in text or "？" in text or "¿" in text or self._has(text, "question")

    def asks_whether(self, text: str) -> bool:
        """Whether `text` asks if something is so: neither when it will be, nor why it is not."""
        helped = self._has(text, "auxiliary")
        unsure = self.negated(text) or self.future(text)
        return self.question(text) and helped and not unsure

    def main_clause(self, text: str) -> str:
        """The text without its clauses under another: `because …`, `…ため、`."""
        for start, end in reversed(list(self._clauses_under(text, self._marks(text)))):
            text = f"{text[:start]} {text[end:]}"
        return text

    def states_fact(self, text: str) -> bool:
        """Whether one sentence says of its main clause that it is so.

        A negation or a future of a clause under it (`because …`, `…ため、`) does not count; a
        condition does wherever it stands.
        """
        if self.question(text):
            return False
        marks = self._marks(text)
        if any(mark.role in UNSAYING for mark in marks):
            return False
        under = list(self._clauses_under(text, marks))
        return not any(
            mark.role in ("negation", "future")
            and not any(start <= mark.start < end for start, end in under)
            for mark in marks
        )

    def sentences(self, text: str) -> tuple[str, ...]:
        """The sentences of `text`, in order, without empty ones."""
        out: list[str] = []
        start = 0
        for match in SENTENCE.finditer(text):
            if self._ends(text, match):
                out.append(text[start : match.end()].strip())
                start = match.end()
        out.append(text[start:].strip())
        return tuple(sentence for sentence in out if sentence)

    def _has(self, text: str, role: str) -> bool:
        return any(mark.role == role for mark in self._marks(text))

    @lru_cache(maxsize=256)  # noqa: B019 - one object a language lives as long as the program
    def _marks(self, text: str) -> list[Mark]:
        """Every listed word in `text`, without those inside a formula."""
        plain = plain_text(text)
        marks = self.words.find(plain)
        out: list[Mark] = []
        masked = -1
        for mark in sorted(marks, key=lambda one: (one.start, one.role != "formula")):
            if mark.role == "formula":
                masked = max(masked, mark.end)
            elif mark.start >= masked and not self._is_month(plain, mark):
                out.append(mark)
        return out

    def _is_month(self, plain: str, mark: Mark) -> bool:
        """`May 3` is no `may`."""
        if plain[mark.start : mark.end] not in self.months:
            return False
        return any(sign.isdigit() for sign in plain[max(0, mark.start - 4) : mark.end + 2])

    def _predicates(self, text: str) -> Iterator[Mark]:
        plain = plain_text(text)
        last: dict[str, Mark] = {}
        candidates: list[Mark] = []
        for mark in self._marks(text):
            if mark.role == "verb":
                yield mark
            elif mark.role in ("participle", "adjective", "noun"):
                candidates.append(mark)
                helper = _helper(last.get("auxiliary"), mark, plain)
                place = _Place.of(plain, text, mark)
                owned = _touch(last.get("possessive"), mark)
                if not _touch(last.get("article"), mark) and place.says(
                    mark.role, helped=helper is not None, owned=owned
                ):
                    yield mark._replace(start=helper.start if helper else mark.start)
            else:
                last[mark.role] = _joined(last.get(mark.role), mark)
        yield from _pairs(candidates)

    def _clauses_under(self, text: str, marks: Sequence[Mark]) -> Iterator[tuple[int, int]]:
        plain = plain_text(text)
        begin = 0
        for mark in marks:
            if mark.role == "opens" and mark.start >= begin:
                comma = COMMA.search(plain, mark.end)
                begin = comma.start() if comma else len(plain)
                yield mark.start, begin
            elif mark.role == "ends":
                yield 0, mark.end

    def _ends(self, text: str, match: re.Match[str]) -> bool:
        """Whether a full stop, or what looks like one, closes a sentence."""
        sign = match[0].strip("\"')]")
        if sign != ".":
            # An ellipsis is where a title was cut, not where a sentence ends.
            return not sign.startswith("..")
        before = LAST_WORD.search(text[max(0, match.start() - 24) : match.start()])
        word = before[0].casefold() if before else ""
        if word in self.abbreviations or (len(word) == 1 and word.isalpha()):
            return False
        following = text[match.end() : match.end() + 24].split()
        if word.isdigit() and len(word) <= 2:
            return not (following and following[0].strip(".,").lower() in self.months)
        return not (following and following[0][:1].islower())


@dataclass(frozen=True, slots=True)
class _Place:
    """What stands on both sides of a word."""

    before: str
    """start, strong, bracket, word or joined."""
    after: str
    """end, colon, cut, more or joined."""
    lower: bool
    """Whether the word is written small: titles write their words large."""

    @classmethod
    def of(cls, plain: str, text: str, mark: Mark) -> "_Place":
        return cls(_before(plain, mark.start), _after(plain, mark.end), text[mark.start].islower())

    def says(self, role: str, *, helped: bool, owned: bool) -> bool:
        """Whether a word of this role is a predicate here."""
        if "joined" in (self.before, self.after):
            return False
        heading = self.before in ("start", "strong", "bracket")
        if self.after == "colon":
            return heading or (helped and role != "noun")
        ended = self.after == "end"
        if role == "noun":
            return owned or (ended and self.before != "word")
        if helped or (self.before == "strong" and (ended or self.lower)):
            return True
        return ended and (role == "participle" or self.before != "word")


def _before(plain: str, start: int) -> str:
    near = plain[max(0, start - 3) : start]
    if not near.strip():
        return "start"
    sign = near.rstrip()[-1]
    if near.endswith("-"):
        return "joined" if len(near) < 2 or near[-2].isalnum() else "strong"
    if sign in "([【":
        return "bracket"
    if sign in STRONG or near.rstrip().endswith(".."):
        return "strong"
    return "start" if sign in STOPS else "word"


def _after(plain: str, end: int) -> str:
    near = plain[end : end + 4]
    bare = near.lstrip()
    if not bare:
        return "end" if end + 4 >= len(plain) else "more"
    if near.startswith("-"):
        return "joined" if near[1:2].isalnum() else "end"
    if near.startswith(("...", "…")):
        return "cut"
    if bare[0] == ":":
        return "colon"
    return "end" if bare[0] in CLOSING or bare.startswith("- ") else "more"


def _is_glued(text: str, mark: Mark) -> bool:
    return bool(GLUED.match(text[mark.start]))


def _is_last(text: str, mark: Mark) -> bool:
    return len(text.rstrip("".join(CLOSING) + " ")) - mark.end <= GLUED_END


def _goes_on(text: str, mark: Mark) -> bool:
    """Whether a title goes on as a sentence with this word: written small, and not at its start."""
    glued, small = _is_glued(text, mark), text[mark.start].islower()
    match mark.role:
        case "report" | "retraction":
            return glued or small
        case "finite":
            return mark.start > 0 and (_is_last(text, mark) if glued else small)
        case "condition":
            follows = small and len(plain_text(text)[mark.end :].split()) > 1
            return mark.start > 0 and (glued or follows)
        case _:
            return False


def _joined(before: Mark | None, mark: Mark) -> Mark:
    """A word with what of its own kind it overlaps: `has been` is one auxiliary."""
    if before is None or mark.start >= before.end:
        return mark
    return mark._replace(start=before.start, end=max(before.end, mark.end))


def _touch(left: Mark | None, right: Mark) -> bool:
    return left is not None and 0 <= right.start - left.end <= 1


def _pairs(marks: Sequence[Mark]) -> Iterator[Mark]:
    """A thing of the trade side by side with what happened to it: Payment failed, lost parcel."""
    for left, right in pairwise(marks):
        if _touch(left, right) and (left.role == "noun") != (right.role == "noun"):
            said = right if left.role == "noun" else left
            yield Mark(left.start, right.end, said.role, said.family)


def _helper(helper: Mark | None, mark: Mark, plain: str) -> Mark | None:
    """The auxiliary of this word: before it, in the same sentence and not far."""
    if helper is None or not 0 < mark.start - helper.end <= REACH:
        return None
    between = plain[helper.end : mark.start]
    return None if any(sign in between for sign in STOPS) else helper


def _listed(file: LanguageFile) -> Iterator[tuple[str, str, str]]:
    """Every word of the file with its role and family."""
    for family, predicate in file.predicates.items():
        for words, role in (
            (predicate.verbs, "verb"),
            (predicate.participles, "participle"),
            (predicate.adjectives, "adjective"),
            (predicate.nouns, "noun"),
        ):
            yield from ((word, role, family) for word in words)
    for words, role in (
        (file.auxiliaries, "auxiliary"),
        (file.articles, "article"),
        (file.possessives, "possessive"),
        (file.negations, "negation"),
        (file.conditions, "condition"),
        (file.futures, "future"),
        (file.questions, "question"),
        (file.finite, "finite"),
        (file.reports, "report"),
        (file.retractions, "retraction"),
        (file.formulas, "formula"),
        (file.clause_opens, "opens"),
        (file.clause_ends, "ends"),
    ):
        yield from ((word, role, "") for word in words)


def compile_clauses(language: str, file: LanguageFile) -> Clauses:
    """The words of one language file, filed for search."""
    return Clauses(
        language=language,
        words=WordList(_listed(file)),
        months=frozenset(month.lower() for month in file.months),
        abbreviations=frozenset(one.casefold().rstrip(".") for one in file.abbreviations),
    )
