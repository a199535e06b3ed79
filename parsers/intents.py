"""What a person's message wants: out of stock, a promise with its day, a push to close the dispute,
a complaint.

People's words follow no template, so the lines of intents.yaml name words in order with short gaps.
What is found opens
watches and warnings; it never closes anything.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from parsers.mail import ParsedMail
from parsers.notice import FIELDS, Evidence, FieldValue, Kind, Notice, Proof, Role
from parsers.user_yaml import UserFileError, check, read

FILE = Path(__file__).with_name("intents.yaml")
GAP = ".{0,60}?"
MAX_TEXT = 4_000
"""Characters of a message that are looked at; what is wanted stands at its beginning."""
SHOWN = 300
ASKED_OF_BUYERS = frozenset(
    {"ask_close_dispute", "ask_confirm_receipt", "ask_cancel_order", "out_of_stock"}
)
ASKED_OF_SELLERS = frozenset({"cancel_complaint", "where_is_it", "return_wish"})
PROMISES = frozenset({"will_ship_by", "wait_request"})
NUMBERS: Mapping[str, int] = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "ten": 10,
    "一": 1,
    "二": 2,
    "三": 3,
}
SPAN = re.compile(
    r"(?:\b|(?<=[^\W\d_]))(\d{1,2}|[a-z]{1,5}|[一二三])(?:\s*(?:-|–|~|〜|to|から)\s*(\d{1,2}))?\s*"
    r"(business days?|working days?|days?|weeks?|営業日|日間|日以内|週間|週)"
)
WORKING = 7 / 5
"""Five working days are a week."""


class Intents(BaseModel):
    """The file: intent to language to lines."""

    model_config = ConfigDict(extra="allow", frozen=True)

    version: Literal[1]


def hear(notice: Notice, mail: ParsedMail) -> Notice:
    """The notice with the intent of its message, the promised day and the words themselves, where
    they are clear.
    """
    if notice.kind is not Kind.MESSAGE_RECEIVED or notice.fields.get("intent", "other") != "other":
        return notice
    lines = (mail.text if mail.has_plain or not mail.html else mail.rich).lines
    text = " ".join(lines)[:MAX_TEXT]
    found = next(_found(text, notice.role), None)
    if found is None:
        return notice
    intent, language, phrase, spoken = found
    more: dict[str, FieldValue] = {"intent": intent, "text": text[:SHOWN]}
    due = promised(text, mail.date.date() if mail.date else None) if intent in PROMISES else None
    if due is not None:
        more["due"] = due
    proof = Evidence(
        where="body", phrase=phrase, line=spoken, source=f"{FILE.name}:{intent}.{language}"
    )
    return replace(
        notice,
        fields={**notice.fields, **more},
        proof=Proof.GUESS,
        evidence=(*notice.evidence, proof),
    )


def promised(text: str, today: date | None) -> date | None:
    """The last day of a relative promise, counted from the mail's own date: `2-3 weeks` is three
    weeks.
    """
    if today is None:
        return None
    days = [day for match in SPAN.finditer(_plain(text)) if (day := _days(match)) is not None]
    return today + timedelta(days=max(days)) if days else None


def _days(match: re.Match[str]) -> int | None:
    count = match[2] or match[1]
    number = int(count) if count.isdecimal() else NUMBERS.get(count)
    if number is None or not 0 < number <= 60:
        return None
    unit = match[3]
    if "week" in unit or "週" in unit:
        return number * 7
    return round(number * WORKING) if unit.startswith(("business", "working", "営業")) else number


def _found(text: str, role: Role) -> Iterator[tuple[str, str, str, str]]:
    """(intent, language, line of the file, the words that fitted), most weighty intent first."""
    plain = _plain(text)
    others = ASKED_OF_SELLERS if role is Role.BUYER else ASKED_OF_BUYERS
    for intent, lines in _compiled().items():
        if intent in others:
            continue
        for language, phrase, pattern in lines:
            match = pattern.search(plain)
            if match is not None:
                yield intent, language, phrase, match[0]


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())


@cache
def _compiled() -> Mapping[str, tuple[tuple[str, str, re.Pattern[str]], ...]]:
    document = read(FILE)
    known, faults = check(document, Intents)
    if known is None:
        raise UserFileError(faults)
    choices = FIELDS["intent"].choices
    found: dict[str, tuple[tuple[str, str, re.Pattern[str]], ...]] = {}
    for intent, languages in (known.model_extra or {}).items():
        if intent not in choices:
            raise UserFileError([document.fault([intent], f"no intent {intent!r}", at_key=True)])
        found[intent] = tuple(_patterns(languages))
    return found


def _patterns(languages: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str, re.Pattern[str]]]:
    for language, lines in languages.items():
        yield from ((language, line, _pattern(line)) for line in lines)


def _pattern(line: str) -> re.Pattern[str]:
    """Words in order; a Latin word begins where a word begins, and may go on (`ship` is also
    `shipped`).
    """
    parts = [re.escape(_plain(part)) for part in line.split("…")]
    return re.compile(
        GAP.join(rf"\b{part}" if part[:1].isascii() else part for part in parts if part)
    )
