"""The policy table: which deadline or silence follows from what, for which marketplace, since
when.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from orders.belief import CountedEvents
from orders.facts_table import WATCH_KINDS
from orders.order import Actor
from parsers.marketplaces import ELSE
from parsers.notice import FIELDS, Kind, Role
from parsers.user_yaml import Fault, UserFileError, check, did_you_mean, faults_of, parse

ANY = "*"
ALWAYS = date(2000, 1, 1)
PATTERN = re.compile(r"([a-z_.]+)(?:\[([a-z_]+)(?:(!?=)([a-z_|]+))?\])?")
LONGEST = 3650
"""Days: no deadline is ten years away, and no sum with a date overflows."""
COUNTS: Mapping[str, CountedEvents] = {
    "trigger": CountedEvents.NEARER,
    "stated": CountedEvents.NEARER,
    "base": CountedEvents.NEARER,
    "only": CountedEvents.NEARER,
    "meets": CountedEvents.BELIEVED,
    "voids": CountedEvents.BELIEVED,
    "lapses": CountedEvents.BELIEVED,
}
"""Which events a row's columns count: what opens and dates a deadline may come nearer by any mail;
what ends it is believed.
"""
OVERRIDABLE = ("days", "hours", "count", "enabled", "holidays")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of event, with at most one test on its fields:
    `dispute.closed[outcome=no_refund|refund_partial]`.
    """

    kind: Kind
    field: str | None = None
    values: tuple[str, ...] = ()
    negated: bool = False

    def fits(self, kind: Kind, fields: Mapping[str, object], *, tracking: bool) -> bool:
        if kind is not self.kind:
            return False
        if self.field is None:
            return True
        if self.field == "tracking":
            return tracking
        value = fields.get(self.field)
        if not self.values:
            return value is not None
        return (str(value) in self.values) is not self.negated


@cache
def pattern(text: str) -> Pattern:
    """Raises ValueError for an unknown kind or field."""
    match = PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is no kind with a test, such as dispute.closed[outcome=no_refund]"
        )
    name, field, sign, values = match.groups()
    if field not in (None, "tracking", *FIELDS):
        raise ValueError(f"unknown field {field!r}{did_you_mean(field, FIELDS)}")
    return Pattern(
        _kind_of_event(name), field, tuple(values.split("|")) if values else (), sign == "!="
    )


def _kind_of_event(name: str) -> Kind:
    kinds = {kind.value: kind for kind in Kind}
    if name not in kinds:
        raise ValueError(f"unknown kind {name!r}{did_you_mean(name, kinds)}")
    return kinds[name]


def _patterns(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        pattern(text)
    return texts


def _kind(name: str) -> str:
    if name not in WATCH_KINDS:
        raise ValueError(f"unknown watch kind {name!r}{did_you_mean(name, WATCH_KINDS)}")
    return name


Patterns = Annotated[tuple[str, ...], AfterValidator(_patterns)]


class PolicyRow(BaseModel):
    """One row of policy.yaml; the file's head explains the columns."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    key: str
    kind: Annotated[str, AfterValidator(_kind)]
    actor: Actor
    marketplace: str = ANY
    region: str = ANY
    role: Role
    trigger: Annotated[Patterns, Field(min_length=1)]
    step: str = ""
    scope: Literal["order", "shipment", "event"] = "order"
    stated: tuple[str, ...] = ()
    base: Annotated[str, Field(alias="from")] = "mail"
    days: Annotated[int | None, Field(ge=-LONGEST, le=LONGEST)] = None
    hours: Annotated[int | None, Field(ge=-24 * LONGEST, le=24 * LONGEST)] = None
    count: Literal["calendar", "business"] = "calendar"
    holidays: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$")] = None
    otherwise: bool = False
    only: Literal["paid", "whole", "changed", "unsent"] | None = None
    after: bool = False
    meets: Patterns = ()
    voids: Patterns = ()
    lapses: Patterns = ()
    undone_by: Patterns = ()
    enabled: bool = True
    effective_from: date = ALWAYS
    grade: Literal["A", "A-text", "B", "C", "own", "gist"]
    source: str

    @property
    def offset(self) -> timedelta | None:
        """Calendar time added to the base; None when only a stated date counts. Business days are
        counted elsewhere.
        """
        if self.days is None and self.hours is None:
            return None
        days = 0 if self.count == "business" else self.days or 0
        return timedelta(days=days, hours=self.hours or 0)

    @property
    def name(self) -> str:
        """How a user names it: the key, and the step where one key has several."""
        return f"{self.key}/{self.step}" if self.step else self.key

    @property
    def counts(self) -> Mapping[str, CountedEvents]:
        """Which events each column counts that this row has."""
        return {column: counted for column, counted in COUNTS.items() if getattr(self, column)}

    @property
    def place(self) -> tuple[object, ...]:
        """What a later row must share to take this one's place."""
        return (self.key, self.step, self.trigger, self.only, self.base, self.otherwise)

    @property
    def counts_from_a_promise(self) -> bool:
        """Others are awaited since a date that they named."""
        return self.actor is not Actor.ME and self.base != "mail"

    def is_for(self, marketplace: str, role: Role, region: str | None, day: date) -> bool:
        """It counts for such an order begun on that day; `marketplace` is ELSE where it has no rows
        of its own.
        """
        begun = self.role is role and self.effective_from <= day
        return begun and self.marketplace in (ANY, marketplace) and self.region in (ANY, region)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Literal[1]
    rows: tuple[PolicyRow, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """All rows in file order."""

    rows: tuple[PolicyRow, ...]
    _held: dict[tuple[str, Role, str | None, int], tuple[PolicyRow, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Answers of `rows_for`, which is asked for every view."""

    def rows_for(
        self, marketplace: str, role: Role, region: str | None, at: datetime
    ) -> tuple[PolicyRow, ...]:
        """The enabled rows for an order begun `at`: the own region before any, the latest before
        older ones.
        """
        day = at.astimezone(UTC).date()
        ask = (marketplace, role, region, sum(row.effective_from <= day for row in self.rows))
        if ask not in self._held:
            self._held[ask] = self._rows_for(marketplace, role, region, day)
        return self._held[ask]

    def _rows_for(
        self, marketplace: str, role: Role, region: str | None, day: date
    ) -> tuple[PolicyRow, ...]:
        own = marketplace if any(row.marketplace == marketplace for row in self.rows) else ELSE
        begun = [row for row in self.rows if row.is_for(own, role, region, day)]
        best = {row.place: row for row in sorted(begun, key=_precedence)}
        winners = filter(_is_enabled, begun)
        return tuple(row for row in winners if best[row.place] is row)

    def row_of(self, key: str) -> PolicyRow | None:
        """The first row of that key: what rows of one key count is the same."""
        return next((row for row in self.rows if row.key == key), None)

    @property
    def names(self) -> tuple[str, ...]:
        """What overrides may name: keys, and key/step."""
        return tuple(dict.fromkeys(name for row in self.rows for name in (row.key, row.name)))


def _precedence(row: PolicyRow) -> tuple[bool, bool, date]:
    return (row.marketplace != ANY, row.region != ANY, row.effective_from)


def _is_enabled(row: PolicyRow) -> bool:
    return row.enabled


@cache
def shipped() -> Policy:
    """The rows of the package."""
    text = files("orders.deadlines").joinpath("policy.yaml").read_bytes()
    document = parse(text, "orders/deadlines/policy.yaml")
    table, faults = check(document, _File)
    if table is None:
        raise UserFileError(faults)
    return Policy(table.rows)


def load(overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Policy:
    """The shipped rows with the user's changes by key (`{D-AE-13: {days: 5}}`, `{W5/hour: {enabled:
    true}}`).

    Raises WrittenError with every fault; `check_overrides` gives them with their paths.
    """
    changes = overrides or {}
    faults = [
        Fault(file="policy", line=0, column=0, what=f"{'.'.join(path)}: {what}")
        for path, what in check_overrides(changes)
    ]
    if faults:
        raise UserFileError(faults)
    return Policy(tuple(_changed(row, changes) for row in shipped().rows))


def check_overrides(overrides: Mapping[str, Any]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """What is wrong with a user's changes: (path below `policy`, one sentence) for each mistake."""
    names = shipped().names
    found: list[tuple[tuple[str, ...], str]] = []
    for name, change in overrides.items():
        if name not in names:
            found.append(((name,), f"no deadline or silence {name!r}{did_you_mean(name, names)}"))
        elif not isinstance(change, Mapping):
            found.append(((name,), "expected changes such as {days: 5}"))
        else:
            found += [((name, *path), what) for path, what in _check_change(name, change)]
    return tuple(found)


def _check_change(name: str, change: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    unknown = [_no_override(str(key)) for key in change if key not in OVERRIDABLE]
    if unknown:
        return unknown
    row = _row_named(name)
    try:
        PolicyRow.model_validate({**row.model_dump(), **change})
    except ValidationError as error:
        faults = zip(error.errors(), faults_of(parse("{}", "policy"), error), strict=True)
        return [((str(one["loc"][0]),), fault.what) for one, fault in faults]
    return []


def _row_named(name: str) -> PolicyRow:
    return next(row for row in shipped().rows if name in (row.key, row.name))


def _no_override(key: str) -> tuple[tuple[str, ...], str]:
    can = f"{', '.join(OVERRIDABLE)} can{did_you_mean(key, OVERRIDABLE)}"
    return (key,), f"{key!r} cannot be changed here; {can}"


def _changed(row: PolicyRow, changes: Mapping[str, Mapping[str, Any]]) -> PolicyRow:
    change = {**changes.get(row.key, {}), **changes.get(row.name, {})}
    return PolicyRow.model_validate({**row.model_dump(), **change}) if change else row
