"""The letters there are: ours in `templates/`, the user's beside their configuration, checked
whole before any is used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from orders.facts.letter_facts import FACTS_OF_LETTERS
from parsers.bundled_yaml import read_bundled
from parsers.notice import Role
from parsers.user_yaml import Document, Fault, UserFileError, check, did_you_mean, read
from rules.templates import parse, slots

HERE = Path(__file__).parent
MOST = 200
"""Letters of a user's folder."""


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Bilingual(_Written):
    """A text in English and, beside it, in Japanese."""

    en: Annotated[str, Field(min_length=1, max_length=2000)]
    ja: Annotated[str, Field(max_length=2000)] = ""


class Question(Bilingual):
    """A fact that the writer is asked for where the ledger does not know it."""

    choices: str = ""
    """Name of a closed list of the marketplace's form."""


class Paragraph(Bilingual):
    """One paragraph; it is left out when nothing of it is known."""

    optional: bool = False
    """Left out first where the form is too small."""


class LetterTemplate(_Written):
    """One letter as its YAML file has it."""

    title: Bilingual
    form: str
    """Where it is pasted, of forms.yaml."""
    role: Role = Role.BUYER
    marketplace: str = ""
    """Empty: any."""
    rank: int = 0
    """Of several that fit an order the highest is offered first."""
    needs: tuple[str, ...] = ()
    """Kinds of events or findings: one of them must have happened."""
    until: tuple[str, ...] = ()
    """None of these may have happened."""
    then: str = ""
    """The note that tells it was sent."""
    ask: dict[str, Question] = {}
    text: Annotated[tuple[Paragraph, ...], Field(min_length=1, max_length=50)]


class Form(_Written):
    """How much of a letter fits where it is pasted."""

    characters: Annotated[int, Field(gt=0)]
    pieces: bool = False
    """Each paragraph goes out by itself, as in a chat."""
    basis: str
    """Whose limit it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterBook:
    letters: Mapping[str, LetterTemplate]
    own: frozenset[str] = frozenset()
    """Names of the user's."""


def forms() -> Mapping[str, Form]:
    """The forms of the marketplaces, by name."""
    return _forms()


def load_letters(folder: Path | None) -> LetterBook:
    """Ours, with the user's of `folder` laid over. Raises UserFileError with every fault."""
    if folder is None or not folder.is_dir():
        return LetterBook(letters=_shipped())
    own: dict[str, LetterTemplate] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.yaml"))[:MOST]:
        try:
            own[path.stem] = _checked(read(path))
        except UserFileError as error:
            faults += error.faults
    if faults:
        raise UserFileError(faults)
    return LetterBook(letters={**_shipped(), **own}, own=frozenset(own))


@cache
def _forms() -> Mapping[str, Form]:
    tree = read_bundled(HERE / "forms.yaml").tree
    return {name: Form.model_validate(one) for name, one in tree.items()}


@cache
def _shipped() -> Mapping[str, LetterTemplate]:
    paths = sorted((HERE / "templates").glob("*.yaml"))
    return {path.stem: _checked(read_bundled(path)) for path in paths}


def _checked(document: Document) -> LetterTemplate:
    found, faults = check(document, LetterTemplate)
    if found is None:
        raise UserFileError(faults)
    wrong = [document.fault(place, what) for place, what in _wrong(found)]
    if wrong:
        raise UserFileError(wrong)
    return found


def _wrong(letter: LetterTemplate) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if letter.form not in forms():
        yield ("form",), f"no form {letter.form!r}; known are {', '.join(forms())}"
    known = {*FACTS_OF_LETTERS, *letter.ask}
    for index, paragraph in enumerate(letter.text):
        for language in ("en", "ja"):
            for what in _slips(getattr(paragraph, language), known):
                yield ("text", index, language), what


def _slips(text: str, known: set[str]) -> Iterator[str]:
    try:
        pieces = parse(text)
    except ValueError as error:
        yield str(error)
        return
    for slot in slots(pieces):
        if slot.name not in known:
            yield f"no fact {slot.name!r} for a letter{did_you_mean(slot.name, known)}"
        if slot.filter:
            yield f"a letter has no filters, such as |{slot.filter}"
