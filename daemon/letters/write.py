"""A letter filled from the facts of an order: English, the reader's language beside, the mail
behind each fact; what is not known is asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from daemon.files.dossier.prep import backed
from daemon.files.dossier.sections import choice
from daemon.files.dossier.words import REASONS
from daemon.letters.book import Form, LetterBook, LetterTemplate, Paragraph, forms
from orders.event import Event
from orders.facts.letter_facts import LetterFact, letter_facts
from orders.facts.view import View
from orders.order import Order
from parsers.errors import OrderbellError
from parsers.user_yaml import did_you_mean
from rules.templates import Part, Piece, Placeholder, fill, parse

Choices = Mapping[str, tuple[str, str]]
LONGEST_FACT = 500
"""Characters of one fact that the writer gives."""


SAID = {("return_refund", "en"): "return and refund"}
"""Where a sentence needs another word than a table."""


class LetterError(OrderbellError):
    """A letter that there is not, or that cannot be written from what is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingFact:
    """What the writer is asked for."""

    name: str
    question: str
    choices: Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedFact:
    """One fact of a letter and where it is from."""

    name: str
    text: str
    event: Event | None
    """None: the writer says it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenLetter:
    name: str
    title: str
    pieces: tuple[str, ...]
    """In English, as they are pasted: one, or several for a chat."""
    beside: tuple[str, ...]
    """The same in the reader's language; none where that is English."""
    facts: tuple[SourcedFact, ...]
    form: Form
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterWriter:
    """The letters of one order."""

    view: View
    book: LetterBook
    zone: tzinfo
    language: str

    def fitting(self) -> tuple[str, ...]:
        """Names of the letters that fit where the order stands, the likeliest first."""
        found = [(name, letter) for name, letter in self.book.letters.items() if self._fits(letter)]
        return tuple(name for name, letter in sorted(found, key=lambda one: -one[1].rank))

    def _likeliest(self) -> str:
        fitting = self.fitting()
        if not fitting:
            raise LetterError("no letter fits this order now", "orderbell letters list has all")
        return fitting[0]

    def choose(self, kind: str | None) -> str:
        """The name of the letter: `kind`, else the likeliest. Raises LetterError."""
        if kind is None:
            return self._likeliest()
        if kind not in self.book.letters:
            hint = did_you_mean(kind, self.book.letters)
            raise LetterError(f"no letter {kind!r}{hint or '; orderbell letters list has all'}")
        letter, order = self.book.letters[kind], self.view.order
        if not _is_for(letter, order):
            whose = f"{letter.marketplace or 'any marketplace'}, as {letter.role.value}"
            raise LetterError(
                f"letter {kind!r} is for {whose}; this order is {order.marketplace}'s, as"
                f" {order.role.value}"
            )
        return kind

    def missing(self, name: str, given: Mapping[str, str]) -> tuple[MissingFact, ...]:
        """What the ledger does not know and nobody has said."""
        letter = self.book.letters[name]
        known = self._known(letter, given)
        return tuple(
            self._question(letter, slot)
            for slot in dict.fromkeys(_required(letter))
            if slot not in known
        )

    def write(self, name: str, given: Mapping[str, str]) -> WrittenLetter:
        """The letter. Raises LetterError for a missing fact, and where the form is too small."""
        letter = self.book.letters[name]
        _check_given(letter, given)
        if wanted := self.missing(name, given):
            listed = ", ".join(f"{one.name} ({one.question})" for one in wanted)
            raise LetterError(
                f"letter {name!r} needs {listed}", f"say it with --fact {wanted[0].name}=…"
            )
        known = self._known(letter, given)
        form = forms()[letter.form]
        kept = _fitted(letter, form, known)
        foreign = self.language != "en"
        return WrittenLetter(
            name=name,
            title=letter.title.ja if self.language == "ja" else letter.title.en,
            pieces=_texts(kept, form, known, "en"),
            beside=_texts(kept, form, known, "ja") if foreign else (),
            facts=tuple(_sources(kept, known)),
            form=form,
            then=letter.then,
        )

    def _fits(self, letter: LetterTemplate) -> bool:
        order = self.view.order
        happened = {kind.value for kind in order.kinds}
        happened |= {finding.kind for finding in self.view.findings}
        if not _is_for(letter, order) or happened & {*letter.until}:
            return False
        return not letter.needs or bool(happened & {*letter.needs})

    def _known(self, letter: LetterTemplate, given: Mapping[str, str]) -> dict[str, LetterFact]:
        known = letter_facts(self.view, self.zone) | _chosen(self.view)
        said = {name: LetterFact(text=" ".join(text.split())) for name, text in given.items()}
        for name, fact in said.items():
            question = letter.ask.get(name)
            if question and question.choices:
                said[name] = LetterFact(text=_choice(name, fact.text))
        return known | said

    def _question(self, letter: LetterTemplate, slot: str) -> MissingFact:
        question = letter.ask.get(slot)
        if question is None:
            return MissingFact(name=slot, question=slot.replace("_", " "), choices={})
        text = question.ja if self.language == "ja" and question.ja else question.en
        return MissingFact(name=slot, question=text, choices=_choices(question.choices))


def _chosen(view: View) -> dict[str, LetterFact]:
    """Reasons of the closed lists that the ledger itself can back: one of each list."""
    proofs = backed(view)
    found: dict[str, LetterFact] = {}
    for group, entries in REASONS:
        for key, _, _ in entries:
            if key in proofs and group not in found:
                found[group] = LetterFact(text=f"{group}:{key}", event=proofs[key])
    return found


def _choices(group: str) -> Choices:
    return {
        key: (english, japanese)
        for name, entries in REASONS
        if name == group
        for key, english, japanese in entries
    }


def _choice(group: str, text: str) -> str:
    """The word for an entry of the list, named by its key or its words. Raises LetterError."""
    known = _choices(group)
    for key, words in known.items():
        if text.casefold() in (key, *(one.casefold() for one in words)):
            return f"{group}:{key}"
    listed = ", ".join(f"{key} ({words[0]})" for key, words in known.items())
    raise LetterError(f"{text!r} is not in the form's list for {group}", f"known are {listed}")


def _is_for(letter: LetterTemplate, order: Order) -> bool:
    return letter.role is order.role and letter.marketplace in ("", order.marketplace)


def _check_given(letter: LetterTemplate, given: Mapping[str, str]) -> None:
    named = set().union(*(_slots(parse(paragraph.en)) for paragraph in letter.text))
    for name, text in given.items():
        if name not in named:
            raise LetterError(f"this letter has no fact {name!r}{did_you_mean(name, named)}")
        if not text.strip() or len(text) > LONGEST_FACT:
            raise LetterError(f"fact {name!r} is empty or longer than {LONGEST_FACT} characters")


def _said(fact: LetterFact, language: str) -> str:
    """The fact in that language: words of ours and entries of a form are translated."""
    group, _, key = fact.text.partition(":")
    entry = _choices(group).get(key)
    if entry is not None:
        return entry[0] if language == "en" else f"{entry[1]}（{entry[0]}）"
    if fact.word:
        return SAID.get((fact.text, language)) or choice(fact.text, language)
    return fact.text


def _slots(pieces: Sequence[Piece]) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, Placeholder):
            yield piece.name
        elif isinstance(piece, Part):
            yield from _slots(piece.pieces)


def _required(letter: LetterTemplate) -> Iterator[str]:
    """Facts without which a sentence would have a hole."""
    for paragraph in letter.text:
        for piece in parse(paragraph.en):
            if isinstance(piece, Placeholder):
                yield piece.name


def _fitted(
    letter: LetterTemplate, form: Form, known: Mapping[str, LetterFact]
) -> tuple[Paragraph, ...]:
    """The paragraphs that have something to say and fit into the form. Raises LetterError."""
    kept = [one for one in letter.text if _filled(one, known, "en")]
    while _longest(kept, form, known) > form.characters:
        spare = next((one for one in reversed(kept) if one.optional), None)
        if spare is None:
            raise LetterError(
                f"the letter has {_longest(kept, form, known)} characters and the form takes"
                f" {form.characters}",
                "shorten what you say in it",
            )
        kept.remove(spare)
    return tuple(kept)


def _longest(kept: Sequence[Paragraph], form: Form, known: Mapping[str, LetterFact]) -> int:
    return max(map(len, _texts(kept, form, known, "en")), default=0)


def _texts(
    kept: Sequence[Paragraph], form: Form, known: Mapping[str, LetterFact], language: str
) -> tuple[str, ...]:
    texts = tuple(_filled(one, known, language) for one in kept)
    return texts if form.pieces else ("\n".join(texts),)


def _filled(paragraph: Paragraph, known: Mapping[str, LetterFact], language: str) -> str:
    text = paragraph.en if language == "en" else paragraph.ja or paragraph.en

    def value(slot: Placeholder) -> str | None:
        fact = known.get(slot.name)
        return None if fact is None else _said(fact, language)

    return _tidy(fill(text, value))


def _tidy(text: str) -> str:
    """A fact that ends its own sentence needs no second full stop."""
    return text.replace("..", ".").replace("。。", "。").strip()


def _sources(kept: Sequence[Paragraph], known: Mapping[str, LetterFact]) -> Iterator[SourcedFact]:
    names = dict.fromkeys(name for one in kept for name in _slots(parse(one.en)))
    for name in names:
        fact = known.get(name)
        if fact is not None:
            yield SourcedFact(name=name, text=_said(fact, "en"), event=fact.event)
