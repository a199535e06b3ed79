"""How a rule file is written: its keys and their kinds, from which checks, help and the JSON Schema
are made.
"""

import re
from datetime import time, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
)

from parsers.user_yaml import clock, duration
from rules.alert import Severity
from rules.fields import ABOUTS
from rules.quiet import QuietWish, quiet_form, wish_of
from rules.strings import LANGUAGES

DEADLINE = "deadline"
"""`repeat: deadline`: remind more often as `due_at` comes near, and once when it has passed; info
is told once.
"""


LONGEST_TEXT = 2_000
"""Signs of a title, body or advice: a message has room for half of it."""
MOST_REPEATS = 50


def rule_id(text: str) -> str:
    """Raises ValueError for what is none."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", text) or len(text) > 64:
        raise ValueError("an id is small letters, digits and '-', such as expensive-and-silent")
    return text


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _delays(value: object) -> object:
    if value == DEADLINE:
        return value
    delays = value if isinstance(value, list) else [value]
    if len(delays) > MOST_REPEATS:
        raise ValueError(f"more than {MOST_REPEATS} delays; the last one counts over and over")
    return [_positive(duration(one)) for one in delays]


def _texts(value: object) -> object:
    if isinstance(value, str):
        value = {"en": value}
    if not isinstance(value, dict) or not value:
        raise ValueError("expected a text, or one a language: {en: …, ja: …}")
    for language, text in value.items():
        if language not in LANGUAGES:
            raise ValueError(f"no language {language!r}; known are {', '.join(LANGUAGES)}")
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"the text for {language!r} is empty; write it in quotes")
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"the text for {language!r} is longer than {LONGEST_TEXT} signs")
    return value


def _positive(span: timedelta) -> timedelta:
    if not span:
        raise ValueError("expected a duration longer than nothing")
    return span


SPAN = {
    "type": "string",
    "pattern": r"^(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?$",
    "examples": ["30m", "48h", "3d", "1d12h"],
}
_NAMES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_TEXTS = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {language: {"type": "string"} for language in LANGUAGES},
            "additionalProperties": False,
        },
    ]
}
_REPEAT = {"anyOf": [{"const": DEADLINE}, SPAN, {"type": "array", "items": SPAN}]}

_CLOCK = {"type": "string", "pattern": r"^\d{1,2}:\d{2}$", "examples": ["22:30"]}

Clock = Annotated[time, BeforeValidator(clock), WithJsonSchema(_CLOCK)]
Duration = Annotated[timedelta, BeforeValidator(duration), WithJsonSchema(SPAN)]
Delay = Annotated[
    timedelta, BeforeValidator(duration), AfterValidator(_positive), WithJsonSchema(SPAN)
]
Names = Annotated[tuple[str, ...], BeforeValidator(_several), WithJsonSchema(_NAMES)]
Texts = Annotated[dict[str, str], BeforeValidator(_texts), WithJsonSchema(_TEXTS)]
Repeat = Annotated[
    Literal["deadline"] | tuple[Delay, ...], BeforeValidator(_delays), WithJsonSchema(_REPEAT)
]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WrittenEscalation(_Written):
    after: Delay = Field(description="how long without an acknowledgement")
    notify: Names = Field(description="groups that are told then")


class WrittenNight(_Written):
    from_: Clock = Field(alias="from", description="begin")
    to: Clock = Field(description="end; before the begin means the next day")

    @property
    def wish(self) -> QuietWish:
        return QuietWish(begin=self.from_, end=self.to)


QuietText = (
    Annotated[
        Annotated[Literal["hold", "ignore"], Tag("word")] | Annotated[WrittenNight, Tag("hours")],
        Discriminator(quiet_form),
    ]
    | None
)


class WrittenRule(_Written):
    """One rule as people write it."""

    id: Annotated[str, AfterValidator(rule_id)] = Field(description="its name, for good")
    about: Literal[tuple(ABOUTS)] = Field(description="what it speaks of")  # type: ignore[valid-type]
    when: dict[str, Any] = Field(description="tests on facts; all must hold")
    hold: Duration = Field(timedelta(0), description="ring only when true for this long")
    severity: Severity = Field(description="critical rings at night, info waits for the digest")
    raise_: dict[Severity, dict[str, Any]] = Field(
        {}, alias="raise", description="a higher severity, and when"
    )
    repeat: Repeat = Field(
        (),
        description=(
            "delays until told again, the last one over and over, once only after its deadline; or"
            " deadline"
        ),
    )
    group: Literal["now", "digest"] | None = Field(
        None, description="at once, or in the daily digest"
    )
    notify: Names | None = Field(
        None, description="groups to tell instead of those of the severity"
    )
    quiets: Names = Field(
        (), description="rules that keep silent while this one rings for the same thing"
    )
    quiets_order: Names = Field(
        (), description="rules that keep silent meanwhile for anything of the same order"
    )
    quiet_while: dict[str, Any] | None = Field(
        None, description="tests on facts; while they hold, this rule keeps silent"
    )
    quiet_hours: QuietText = Field(
        None,
        description=(
            "hold or ignore the quiet hours, whatever the severity; or its own: {from: …, to: …}"
        ),
    )
    escalate: WrittenEscalation | None = Field(None, description="whom to tell when nobody reacts")
    resolved: bool = Field(True, description="say so when it is over")
    enabled: bool = Field(True, description="false: known, but not in force")
    title: Texts = Field(description="one line: what happened, which order")
    body: Texts | None = Field(None, description="what happened, in a sentence or two")
    advice: Texts | None = Field(None, description="what to do next")
    missed: Texts | None = Field(None, description="what to do when the deadline has passed")

    @property
    def quiet_wish(self) -> QuietWish | None:
        return wish_of(self.quiet_hours)


class WrittenRules(_Written):
    """The user's file."""

    version: Literal[1]
    disable: tuple[str, ...] = ()
    change: dict[str, dict[str, Any]] = {}
    rules: tuple[dict[str, Any], ...] = ()
