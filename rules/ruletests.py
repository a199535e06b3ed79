"""Tests of rules, as people write them beside their rules: facts in, ids of rules out, in both
directions.

    now: 2026-11-23T09:00:00+09:00
    tests:
      - name: a proposal waits, one day left
        about: watch
        facts: {watch.kind: proposal_answer, watch.open: true, watch.due_at: +1d}
        fires: [proposal-needs-answer]
        unless:
          - {watch.open: false}
        later:
          +5d: []

Times are relative to `now` (+2d, -3h, now) or written out. Yes/no facts that are not given are
false; a fact set to
null in `unless` is missing. `fires` are all rules whose tests hold; hold, quiet hours and the like
are not asked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from orders.subject import FactSpec, FactType, FactValue, Subject
from parsers.notice import Money
from parsers.user_yaml import (
    Document,
    Fault,
    UserFileError,
    did_you_mean,
    duration,
    faults_of,
    place,
    plain,
    read,
)
from rules.evaluate import evaluate
from rules.fields import ABOUTS, FIELDS, FLAGS
from rules.matchers import compile_when
from rules.operators import money
from rules.rulebook import Rulebook

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""A Monday, for files that name no `now`."""


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class WrittenTest(_Written):
    name: str
    about: str
    facts: dict[str, Any]
    fires: list[str]
    unless: list[dict[str, Any]] = []
    later: dict[str, list[str]] = {}


class WrittenTests(_Written):
    version: int = 1
    rules: str | None = None
    """The rule file these tests are for, from this file's folder; without it, the rules in
    force.
    """
    now: Any = NOW
    tests: list[WrittenTest]

    @field_validator("now")
    @classmethod
    def instant(cls, value: Any) -> datetime:
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            raise ValueError("expected a time such as 2026-11-23T09:00:00+09:00") from None
        return at if at.tzinfo else at.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCheck:
    """One question: these facts, at this time, fire exactly these rules (`exact`), or none of
    these.
    """

    name: str
    line: int
    at: str
    """“+0m”, or the step of `later`, or “unless” with its facts."""
    subject: Subject
    now: datetime
    rules: tuple[str, ...]
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTests:
    """The checks of one file."""

    file: str
    rules: Path | None
    checks: tuple[RuleCheck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A check that came out otherwise."""

    file: str
    line: int
    name: str
    at: str
    expected: tuple[str, ...]
    fired: tuple[str, ...]

    @property
    def fault(self) -> Fault:
        """As a fault of the test file: a rule file whose own tests fail does not take effect."""
        return Fault(file=self.file, line=self.line, column=1, what=f"test {self._said}")

    @property
    def _said(self) -> str:
        return (
            f"{self.name!r} at {self.at}: expected {list(self.expected)}, fired {list(self.fired)}"
        )

    def __str__(self) -> str:
        return f"FAIL {self.file}:{self.line} {self._said}"


def load(path: Path) -> RuleTests:
    """The tests of a file. Raises WrittenError with every fault."""
    return trials(read(path), path.parent)


def trials(document: Document, folder: Path | None = None) -> RuleTests:
    """The tests of `document`; its `rules:` is looked for in `folder`. Raises WrittenError with
    every fault.
    """
    if document.tree is None:
        raise UserFileError([Fault(file=document.file, line=1, column=1, what="the file is empty")])
    try:
        written = WrittenTests.model_validate(plain(document.tree))
    except ValidationError as error:
        raise UserFileError(faults_of(document, error, model=WrittenTests)) from error
    faults: list[Fault] = []
    checks = [
        check
        for at, one in enumerate(written.tests)
        for check in _checks(document, at, one, written.now, faults)
    ]
    if faults:
        raise UserFileError(faults)
    rules = (folder or Path()) / written.rules if written.rules else None
    return RuleTests(file=document.file, rules=rules, checks=tuple(checks))


def run(trials: RuleTests, book: Rulebook) -> tuple[Failure, ...]:
    """Every check that fails with these rules. An id the rules do not know is a failure too."""
    return tuple(failure for check in trials.checks for failure in _run(trials.file, check, book))


def verify(path: Path, book: Rulebook) -> None:
    """Run the tests of a file. Raises WrittenError with every test that fails, or every fault of
    the file.
    """
    failures = run(load(path), book)
    if failures:
        raise UserFileError([failure.fault for failure in failures])


def _run(file: str, check: RuleCheck, book: Rulebook) -> Iterator[Failure]:
    fired = tuple(
        sorted(one.rule.id for one in evaluate(book, (check.subject,), check.now) if one.holds)
    )
    if check.exact:
        right, expected = set(fired) == set(check.rules), check.rules
    else:
        right, expected = not set(fired) & set(check.rules), ()
    if not right:
        yield Failure(
            file=file,
            line=check.line,
            name=check.name,
            at=check.at,
            expected=tuple(sorted(expected)),
            fired=fired,
        )


def _checks(
    document: Document, at: int, written: WrittenTest, now: datetime, faults: list[Fault]
) -> Iterator[RuleCheck]:
    path = ("tests", at)
    if written.about not in ABOUTS:
        what = f"{written.about!r} is nothing rules are about{did_you_mean(written.about, ABOUTS)}"
        faults.append(document.fault((*path, "about"), what))
        return
    facts = _facts(document, (*path, "facts"), written.about, written.facts, now, faults)
    base = dict.fromkeys(FLAGS[written.about], False) | facts

    def check(
        step: str,
        table: Mapping[str, FactValue],
        instant: datetime,
        rules: Sequence[str],
        exact: bool,
    ) -> RuleCheck:
        subject = Subject(about=written.about, id=written.name, facts=table)
        line = place(document.tree, path)[0]
        return RuleCheck(
            name=written.name,
            line=line,
            at=step,
            subject=subject,
            now=instant,
            rules=tuple(rules),
            exact=exact,
        )

    yield check("+0m", base, now, written.fires, True)
    for index, change in enumerate(written.unless):
        where = (*path, "unless", index)
        gone = {name for name, value in change.items() if value is None}
        given = {name: value for name, value in change.items() if value is not None}
        other = _facts(document, where, written.about, given, now, faults)
        table = {name: value for name, value in (base | other).items() if name not in gone}
        yield check(
            "unless " + ", ".join(f"{name}: {_yaml(value)}" for name, value in change.items()),
            table,
            now,
            written.fires,
            False,
        )
    for step, rules in written.later.items():
        try:
            length = duration(step.removeprefix("+"))
        except ValueError as error:
            faults.append(document.fault((*path, "later", step), str(error), at_key=True))
            continue
        yield check(step, base, now + length, rules, True)


def _yaml(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _facts(
    document: Document,
    path: Sequence[str | int],
    about: str,
    written: Mapping[str, Any],
    now: datetime,
    faults: list[Fault],
) -> dict[str, FactValue]:
    facts: dict[str, FactValue] = {}
    for name, value in written.items():
        if name not in ABOUTS[about]:
            what = f"unknown fact {name!r}{did_you_mean(name, ABOUTS[about])}"
            faults.append(document.fault((*path, name), what, at_key=True))
            continue
        try:
            facts[name] = _fact(about, FIELDS[name], value, now)
        except ValueError as error:
            faults.append(document.fault((*path, name), str(error)))
    return facts


def _fact(about: str, spec: FactSpec, value: Any, now: datetime) -> FactValue:
    if spec.type is FactType.TIME:
        return _instant(value, now)
    # A plain value is a test for equality: the same reader says what is wrong with it.
    _, slips = compile_when(about, {spec.name: value})
    if isinstance(value, dict | list) or slips:
        raise ValueError(slips[0].what if slips else f"expected one {spec.type.value}")
    match spec.type:
        case FactType.MONEY:
            amount, currency = money(value)
            return Money(value=amount, currency=currency)
        case FactType.NUMBER:
            return Decimal(str(value))
        case FactType.FLAG:
            return bool(value)
        case _:
            return str(value)


def _instant(value: Any, now: datetime) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    text = str(value).strip()
    if text == "now":
        return now
    relative = re.fullmatch(r"([+-])(.+)", text)
    if relative:
        length = duration(relative[2])
        return now + length if relative[1] == "+" else now - length
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            "expected a time such as +2d, -3h, now or 2026-11-23T09:00:00+09:00"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
