"""Whether a phrase that a person wrote would claim what another kind says.

Every subject and headline of the pack is written out with made-up values and shown to the new
phrases.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from parsers.dates import Clock
from parsers.guard import Guard
from parsers.notice import FIELDS, FieldType
from parsers.pack import Pack
from parsers.phrase import Phrase, fold
from parsers.phrasefile import OwnPhrase
from parsers.template import Template
from parsers.user_yaml import Fault
from parsers.values import Values

EXAMPLES: Mapping[str, str] = {
    "item": "Garden Hose",
    "n": "2",
    "name": "Ann",
    "any": "Ann",
    "site": "com",
    "code": "123456",
    "category": "Garden",
    "tracking": "LP00123456789012",
    "parcel": "LP00123456789012",
    "package": "LP00123456789012",
    "case": "500000000000001",
    "masked": "81********0001",
}
OF_TYPE: Mapping[FieldType, str] = {
    FieldType.MONEY: "12.00 USD",
    FieldType.WHEN: "2030-06-05",
    FieldType.NUMBER: "15",
    FieldType.TEXT: "Garden",
}


def example(phrase: Phrase, pack: Pack) -> str:
    """A line that is this phrase, with made-up values in its gaps."""
    return re.sub(r"\{([^{}]*)\}", lambda match: _value(match[1], pack), phrase.written)


def _value(gap: str, pack: Pack) -> str:
    name = gap.partition(":")[0]
    if name in ("order", "orders"):
        return re.sub(r"#(?:\*(\d+)(?:-\d+)?)?", _digits, pack.file.order[0])
    if name == "window":
        return OF_TYPE[FieldType.WHEN]
    return EXAMPLES.get(name) or (OF_TYPE.get(FIELDS[name].type, "") if name in FIELDS else "")


def _digits(match: re.Match[str]) -> str:
    return "1" * int(match[1]) if match[1] else "1"


def faults(pack: Pack, own: Sequence[OwnPhrase]) -> list[Fault]:
    """A fault for each phrase of `own` that a line of another kind fits."""
    values = Values(pack=pack, clock=Clock(today=date(2030, 6, 1), zone=None), dollar="USD")
    guard = Guard(pack=pack, values=values)
    mine = {id(one.phrase) for one in own}
    lines = [
        (example(phrase, pack), phrase, template)
        for phrase, template in (*pack.subjects.all, *pack.headlines.all)
        if id(phrase) not in mine
    ]
    found = []
    for one in own:
        swallowed = next(
            (line for line in lines if _claims(one, line, guard) or _holds(one, line, guard)), None
        )
        if swallowed is not None:
            text, _, template = swallowed
            what = f"{one.phrase.written!r} would swallow {text!r}, which is {template.kind.value}"
            found.append(one.fault(f"{what}; write more of its words"))
    return found


def _holds(one: OwnPhrase, line: tuple[str, Phrase, Template], guard: Guard) -> bool:
    """Whether an open gap of the phrase would hold what the line says. The guard refuses that when
    a mail is read, and so the phrase can never mean it.
    """
    text, _, other = line
    template = one.template
    if other.kind is template.kind or other.language != template.language:
        return False
    if other.role and template.role and other.role is not template.role:
        return False
    held = one.phrase.match(text, fold(text))
    if not held or not guard.fits(template.language, held):
        return False
    return guard.objection(template.language, template.kind, held) is not None


def _claims(one: OwnPhrase, line: tuple[str, Phrase, Template], guard: Guard) -> bool:
    """Whether the phrase would win the line; of two that fit, the fuller one does."""
    text, phrase, other = line
    same = other.kind is one.template.kind or other.where != one.template.where
    if same or phrase.own > one.phrase.own:
        return False
    if other.role and one.template.role and other.role is not one.template.role:
        return False
    held = one.phrase.match(text, fold(text))
    if not held:
        return False
    code = one.template.language
    return guard.fits(code, held) and guard.objection(code, one.template.kind, held) is None
