"""What leaves no mail, told by hand: notes, read from a command or a file, and the events they
become.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel

from orders.event import Event, Source
from orders.notes import check_text, note_fields
from parsers import marketplaces
from parsers.amount import amount, currency_code
from parsers.notice import Kind, Money, Proof, Role, Trust
from parsers.user_yaml import UserFileError, check, did_you_mean, read

NOTABLE = tuple(
    kind
    for kind in Kind
    if kind
    not in (
        Kind.EVIDENCE_FILE,
        Kind.LETTER,
        Kind.MESSAGE_SENT,
        Kind.MESSAGE_UNDELIVERED,
        Kind.UNPARSED,
        Kind.SUSPICIOUS,
        Kind.PROMO,
        Kind.ASSIGNMENT,
        Kind.CORRECTION,
    )
)
"""Kinds a person may tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing told by hand."""

    kind: Kind
    order: str
    """The number as people know it."""
    at: datetime
    """When it happened, aware UTC."""
    text: str = ""
    amount: Money | None = None
    tracking: str | None = None
    due: date | datetime | None = None


def kind_of(word: object) -> Kind:
    """The kind called so. Raises ValueError with a suggestion, or with all kinds there are."""
    known = [kind.value for kind in NOTABLE]
    if str(word) not in known:
        hint = _likely(word, known) or f"; known are {', '.join(known)}"
        raise ValueError(f"no kind {word!r} for a note{hint}")
    return Kind(str(word))


def _likely(word: object, known: list[str]) -> str:
    meant = [kind for kind in known if str(word) in kind.split(".")]
    return f"; did you mean {' or '.join(meant)}?" if meant else did_you_mean(word, known)


def instant(text: object, zone: tzinfo, *, until: bool = False) -> datetime:
    """A written time: 2026-03-02, or 2026-03-02 09:00 with or without a zone (then `zone`). Raises
    ValueError.

    A day without a time is its noon; with `until`, its end.
    """
    found = text if isinstance(text, date) else _written_time(str(text).strip())
    if not isinstance(found, datetime):
        found = datetime.combine(found, time(23, 59, 59) if until else time(12), tzinfo=zone)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _written_time(words: str) -> date | datetime:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
            return date.fromisoformat(words)
        return datetime.fromisoformat(words.replace(" ", "T", 1))
    except ValueError:
        raise ValueError(f"no time {words!r}; write 2026-03-02 or 2026-03-02 09:00") from None


def marketplace_of(number: str) -> str:
    """Whose order number this looks like. Raises ValueError."""
    found = marketplaces.marketplace_of(number)
    if found is None:
        raise ValueError(f"{number!r} is no order number of {marketplaces.examples()}")
    return found


def event_of(
    note: Note, *, marketplace: str, role: Role, seen: datetime, name: str | None = None
) -> Event:
    """The event of a note. `name` makes it the same note again; without one it is a new note."""
    return Event(
        origin=f"note:{name or uuid.uuid4().hex}",
        kind=note.kind,
        at=note.at,
        seen=seen,
        source=Source.NOTE,
        marketplace=marketplace,
        role=role,
        trust=Trust.VERIFIED,
        proof=Proof.REAL,
        order_numbers=(note.order,),
        tracking=(note.tracking,) if note.tracking else (),
        fields=note_fields(note.kind, text=note.text, amount=note.amount, due=note.due),
    )


def _amount_of(written: object) -> object:
    """An amount as text is as good as one in parts."""
    if not isinstance(written, str):
        return written
    money = amount(written)
    return {"value": money.value, "currency": money.currency}


class WrittenAmount(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    value: Annotated[Decimal, Field(ge=0)]
    currency: Annotated[str, BeforeValidator(lambda text: currency_code(str(text)))]


class WrittenNote(BaseModel):
    """One entry of the notes file of `replay`."""

    model_config = ConfigDict(
        extra="forbid", arbitrary_types_allowed=True, use_attribute_docstrings=True
    )
    at: Any
    """When it happened: `2026-03-02`, or `2026-03-02 09:00`, with a zone or in yours."""
    kind: Annotated[Kind, BeforeValidator(kind_of)]
    """What happened, as in `note ORDER KIND`."""
    order: Annotated[str, BeforeValidator(str)]
    """The order's number; in quotes, or a program may round it."""
    text: str = ""
    """In your own words, or one of the words below."""
    amount: Annotated[WrittenAmount | None, BeforeValidator(_amount_of)] = None
    """`{value: 26.12, currency: USD}`, or `26.12 USD`."""
    tracking: Annotated[str, BeforeValidator(str)] | None = None
    """Number of a parcel."""
    due: Any = None
    """A promised or stated date; without a time, its end."""


class NotesFile(RootModel[tuple[WrittenNote, ...]]):
    pass


def load(path: Path, zone: tzinfo) -> tuple[Note, ...]:
    """The notes of a YAML file, a list of `WrittenNote`; oldest first. Raises UserFileError with
    every fault.
    """
    document = read(path)
    written, faults = check(document, NotesFile, list_keys=True)
    if written is None:
        raise UserFileError(faults)
    wrong = [
        document.fault([index, key], what)
        for index, one in enumerate(written.root)
        for key, what in _wrong(one, zone)
    ]
    if wrong:
        raise UserFileError(wrong)
    return tuple(sorted((_note(one, zone) for one in written.root), key=lambda note: note.at))


def _wrong(one: WrittenNote, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """Keys of the note whose values cannot be, and why not."""
    checks: Mapping[str, Callable[[], object]] = {
        "at": lambda: instant(one.at, zone),
        "due": lambda: _due(one, zone),
        "order": lambda: marketplace_of(one.order),
        "text": lambda: check_text(one.kind, one.text),
    }
    for key, look in checks.items():
        try:
            look()
        except ValueError as error:
            yield key, str(error)


def _due(one: WrittenNote, zone: tzinfo) -> datetime | None:
    return None if one.due is None else instant(one.due, zone, until=True)


def _note(one: WrittenNote, zone: tzinfo) -> Note:
    return Note(
        kind=one.kind,
        order=one.order,
        at=instant(one.at, zone),
        text=one.text,
        amount=Money(value=one.amount.value, currency=one.amount.currency) if one.amount else None,
        tracking=one.tracking,
        due=_due(one, zone),
    )
