"""What leaves no mail, told by hand: notes, read from a command or a file, and the events they
become.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, RootModel

from orders.event import Event, Source
from orders.notes import note_fields
from parsers.notice import CURRENCIES, Kind, Money, Proof, Role, Trust
from parsers.user_yaml import UserFileError, check, did_you_mean, read

NOTABLE = tuple(
    kind
    for kind in Kind
    if kind not in (Kind.UNPARSED, Kind.SUSPICIOUS, Kind.PROMO, Kind.ASSIGNMENT)
)
"""Kinds a person may tell."""
AMAZON = re.compile(r"(?:\d{3}|[A-Z]\d{2})-\d{7}-\d{7}")
ALIEXPRESS = re.compile(r"\d{14,19}")


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
    """The kind called so. Raises ValueError with a suggestion."""
    known = [kind.value for kind in NOTABLE]
    if str(word) not in known:
        raise ValueError(f"no kind {word!r} for a note{did_you_mean(word, known)}")
    return Kind(str(word))


def instant(text: object, zone: tzinfo, *, until: bool = False) -> datetime:
    """A written time: 2026-03-02, or 2026-03-02 09:00 with or without a zone (then `zone`). Raises
    ValueError.

    A day without a time is its noon; with `until`, its end.
    """
    if isinstance(text, datetime):
        found = text
    elif isinstance(text, date):
        found = datetime.combine(text, time(23, 59, 59) if until else time(12), tzinfo=zone)
    else:
        words = str(text).strip()
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
                return instant(date.fromisoformat(words), zone, until=until)
            found = datetime.fromisoformat(words.replace(" ", "T", 1))
        except ValueError:
            raise ValueError(f"no time {words!r}; write 2026-03-02 or 2026-03-02 09:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def currency_code(text: str) -> str:
    """An ISO 4217 code in upper case. Raises ValueError with a suggestion."""
    code = text.strip().upper()
    if code not in CURRENCIES:
        raise ValueError(
            f"{text!r} is no currency; write a code such as JPY or"
            f" USD{did_you_mean(code, CURRENCIES)}"
        )
    return code


def amount(text: str) -> Money:
    """An amount such as '26.12 USD'. Raises ValueError with what to write."""
    number, _, currency = text.strip().partition(" ")
    how = "write value and currency, such as '26.12 USD'"
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ValueError(f"{text!r} is no amount; {how}")
    if not currency:
        raise ValueError(f"{text!r} names no currency; {how}")
    return Money(value=value, currency=currency_code(currency))


def marketplace_of(number: str) -> str:
    """Whose order number this looks like. Raises ValueError."""
    if AMAZON.fullmatch(number):
        return "amazon"
    if ALIEXPRESS.fullmatch(number):
        return "aliexpress"
    raise ValueError(
        f"{number!r} is no order number of Amazon (249-0000000-0000001) or AliExpress (16 digits)"
    )


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


class _Amount(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: Decimal
    currency: Annotated[str, BeforeValidator(lambda text: currency_code(str(text)))]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    at: Any
    kind: Annotated[Kind, BeforeValidator(kind_of)]
    order: Annotated[str, BeforeValidator(str)]
    text: str = ""
    amount: _Amount | None = None
    tracking: Annotated[str, BeforeValidator(str)] | None = None
    due: Any = None


class _File(RootModel[tuple[_Written, ...]]):
    pass


def load(path: Path, zone: tzinfo) -> tuple[Note, ...]:
    """The notes of a YAML file, a list of {at, kind, order, text?, amount?, tracking?, due?};
    oldest first.

    Raises WrittenError with every fault.
    """
    document = read(path)
    written, faults = check(document, _File)
    if written is None:
        raise UserFileError(faults)
    found, more = [], []
    for index, one in enumerate(written.root):
        try:
            where = "at"
            at = instant(one.at, zone)
            where = "due"
            due = None if one.due is None else instant(one.due, zone, until=True)
            where = "order"
            marketplace_of(one.order)
        except ValueError as error:
            more.append(document.fault([index, where], str(error)))
            continue
        amount = Money(value=one.amount.value, currency=one.amount.currency) if one.amount else None
        found.append(
            Note(
                kind=one.kind,
                order=one.order,
                at=at,
                text=one.text,
                amount=amount,
                tracking=one.tracking,
                due=due,
            )
        )
    if more:
        raise UserFileError(more)
    return tuple(sorted(found, key=lambda note: note.at))
