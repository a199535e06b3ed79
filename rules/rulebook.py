"""The rules in force: the shipped ones, and over them the user's file with `disable`, `change` and
`rules`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from itertools import filterfalse
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orders.subject import Subject
from parsers.bundled_yaml import read_bundled
from parsers.user_yaml import Document, Fault, UserFileError, did_you_mean, faults_of, plain, read
from rules.alert import Severity
from rules.faults import name_faults, text_faults
from rules.fields import ABOUTS
from rules.matchers import Matcher, clash, compile_when, follows
from rules.operators import Test
from rules.quiet import QuietWish
from rules.rulefile import DEADLINE, WrittenRule, WrittenRules

SHIPPED = "defaults.yaml"
_LEVELS = tuple(level.value for level in Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    after: timedelta
    notify: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule in force (or, when `enabled` is false, known)."""

    id: str
    about: str
    when: Matcher
    hold: timedelta
    severity: Severity
    raises: tuple[tuple[Severity, Matcher], ...]
    """Higher severities with the tests that lift to them, highest first."""
    repeat: tuple[timedelta, ...]
    by_deadline: bool
    """`repeat: deadline`."""
    group: str | None
    """now, digest, or None: as the configuration says for the severity."""
    notify: tuple[str, ...] | None
    """Names of notify groups, or None: as the configuration says for the severity."""
    quiets: tuple[str, ...]
    """Ids of rules that are silent meanwhile: for the same subject, or for the same order if the
    abouts differ.
    """
    quiets_order: tuple[str, ...]
    """Ids of rules that are silent meanwhile for anything of the same order."""
    quiet_while: Matcher | None
    """While it holds this rule's alerts are neither told nor repeated."""
    quiet_hours: QuietWish | None
    """What it says of the quiet hours, before any route; None: as for all."""
    escalate: Escalation | None
    resolved: bool
    """The end is worth a message."""
    enabled: bool
    title: Mapping[str, str]
    """By language; a rule of one language has only `en`."""
    body: Mapping[str, str]
    advice: Mapping[str, str]
    missed: Mapping[str, str]
    file: str
    line: int
    written: Mapping[str, Any]
    """The rule as it is in force, as plain YAML values."""
    changed: tuple[str, ...] = ()
    """Keys the user's `change` set, such as `repeat` or `when.order.amount`."""
    changed_in: str | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of watch or finding it asks for; empty: any, or there are no kinds."""
        tests = [
            part
            for part in self.when.parts
            if isinstance(part, Test) and part.field == f"{self.about}.kind"
        ]
        return frozenset(tests[0].span.values or ()) if tests else frozenset()

    @property
    def source(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Faultless by construction."""

    rules: tuple[Rule, ...]
    """Those in force."""
    idle: tuple[Rule, ...] = ()
    """Known but switched off: by the user's `disable`, or shipped so."""
    by_kind: Mapping[str, tuple[Rule, ...]] = field(init=False, repr=False, compare=False)
    """Rules in force by about, and by `about kind` where they ask for one kind of watch or finding
    only.
    """

    def __post_init__(self) -> None:
        by_kind: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for kind in _kinds_asked(rule):
                by_kind.setdefault(kind, []).append(rule)
        object.__setattr__(self, "by_kind", {kind: tuple(rules) for kind, rules in by_kind.items()})

    @property
    def ids(self) -> frozenset[str]:
        """Of the rules in force."""
        return frozenset(rule.id for rule in self.rules)

    def asked(self, subject: Subject) -> Iterator[Rule]:
        """The rules in force that can hold for this subject, in no order that matters."""
        yield from self.by_kind.get(subject.about, ())
        kind = subject.facts.get(f"{subject.about}.kind")
        if kind is not None:
            yield from self.by_kind.get(f"{subject.about} {kind}", ())

    def rule(self, name: str) -> Rule:
        """The rule called `name`, in force or idle. Raises KeyError."""
        return next((one for one in (*self.rules, *self.idle) if one.id == name), None) or _no_rule(
            name
        )

    def effective(self) -> list[dict[str, Any]]:
        """Every rule as it is in force, and who wrote which part of it: `rules list --effective
        --json`.
        """
        return [
            {
                "id": rule.id,
                "enabled": rule.enabled,
                "source": rule.source,
                "changed": list(rule.changed),
                "changed_in": rule.changed_in,
                "rule": dict(rule.written),
            }
            for rule in sorted((*self.rules, *self.idle), key=lambda rule: rule.id)
        ]


def _kinds_asked(rule: Rule) -> list[str]:
    """Where a rule stands: one that asks for certain kinds only, under these."""
    return [f"{rule.about} {kind}" for kind in sorted(rule.kinds)] or [rule.about]


def _no_rule(name: str) -> Rule:
    raise KeyError(name)


@cache
def shipped() -> Rulebook:
    """The rules of the package."""
    document = read_bundled(Path(__file__).with_name(SHIPPED))
    book, faults = build(replace(document, file=SHIPPED), None)
    if faults:
        raise UserFileError(faults)
    return book


def load(user: Path | None, groups: Collection[str] | None = None) -> Rulebook:
    """The shipped rules with the user's file over them.

    `groups` are the names of the configuration's notify groups; None: not known, not checked.
    Raises WrittenError with
    every fault of the file.
    """
    if user is None:
        return shipped()
    book, faults = build(read(user), shipped(), groups)
    if faults:
        raise UserFileError(faults)
    return book


def build(
    document: Document, base: Rulebook | None, groups: Collection[str] | None = None
) -> tuple[Rulebook, list[Fault]]:
    """The rules of `document` over `base`, and every fault; without a base the document is the
    shipped file itself.
    """
    tree = plain(document.tree)
    if tree is None:
        return base or Rulebook(rules=()), [
            Fault(file=document.file, line=1, column=1, what="the file is empty")
        ]
    written, faults = _written_rules(document, tree)
    known = {rule.id: rule for rule in (*base.rules, *base.idle)} if base else {}
    faults += _disable_faults(document, written, known)
    rules = dict(known)
    for name, patch in written.change.items():
        faults += _change(document, name, patch, known, rules)
    first: dict[str, int] = {}
    for at, fresh in enumerate(written.rules):
        rule, found = _rule(document, fresh, ("rules", at))
        faults += found
        faults += _double_faults(document, at, fresh.get("id"), known, first)
        if rule:
            rules[rule.id] = rule
    quiets = {name: (*rule.quiets, *rule.quiets_order) for name, rule in rules.items()}
    faults += name_faults(document, written, quiets, groups)
    return _book(rules.values(), frozenset(written.disable)), sorted(set(faults))


def _written_rules(document: Document, tree: object) -> tuple[WrittenRules, list[Fault]]:
    """The frame of the file; what is usable of a faulty one, so that one slip in it does not hide
    the mistakes inside the rules.
    """
    try:
        return WrittenRules.model_validate(tree), []
    except ValidationError as error:
        faults = faults_of(document, error, model=WrittenRules)
        return WrittenRules(version=1, **_usable(tree)), faults


def _book(rules: Iterable[Rule], off: Collection[str]) -> Rulebook:
    every = [replace(rule, enabled=rule.enabled and rule.id not in off) for rule in rules]
    enabled = attrgetter("enabled")
    return Rulebook(rules=tuple(filter(enabled, every)), idle=tuple(filterfalse(enabled, every)))


def _usable(tree: object) -> dict[str, Any]:
    if not isinstance(tree, dict):
        return {}
    change = tree.get("change")
    patches = change.items() if isinstance(change, dict) else ()
    return {
        "change": {str(name): patch for name, patch in patches if isinstance(patch, dict)},
        "rules": _only(dict, tree.get("rules")),
        "disable": _only(str, tree.get("disable")),
    }


def _only(kind: type, values: object) -> tuple[Any, ...]:
    """The values of that kind in what should be a list of them."""
    return tuple(filter(lambda value: isinstance(value, kind), _list(values)))


def _list(values: object) -> list[Any]:
    return values if isinstance(values, list) else []


def _disable_faults(
    document: Document, written: WrittenRules, known: Mapping[str, Rule]
) -> list[Fault]:
    return [
        document.fault(("disable", at), f"no shipped rule {name!r}{_shipped_meant(name, known)}")
        for at, name in enumerate(written.disable)
        if name not in known
    ]


def _shipped_meant(name: str, known: Collection[str]) -> str:
    return did_you_mean(name, known) or "; orderbell rules list shows them"


def _change(
    document: Document,
    name: str,
    patch: Mapping[str, Any],
    known: Mapping[str, Rule],
    rules: dict[str, Rule],
) -> list[Fault]:
    path = ("change", name)
    base = known.get(name)
    if base is None:
        return [
            document.fault(
                path, f"no shipped rule {name!r}{_shipped_meant(name, known)}", at_key=True
            )
        ]
    fixed = [key for key in ("id", "about") if key in patch]
    if fixed:
        what = (
            f"{fixed[0]!r} of a shipped rule cannot be changed; disable it and write your own under"
            " rules:"
        )
        return [document.fault((*path, fixed[0]), what, at_key=True)]
    rule, faults = _rule(document, merge(base.written, patch), path)
    if rule:
        rules[name] = replace(
            rule,
            file=base.file,
            line=base.line,
            changed=tuple(_touched(patch)),
            changed_in=_where(document, path),
        )
    return faults


def merge(base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7396 on the rule's own keys and on those of `when`, and no deeper: a test is replaced
    whole, null removes.
    """
    when = base.get("when"), patch.get("when")
    merged = _patched(base, patch)
    if isinstance(when[0], dict) and isinstance(when[1], dict):
        merged["when"] = _patched(when[0], when[1])
    return merged


def _patched(base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**base, **patch}.items() if value is not None}


def _touched(patch: Mapping[str, Any]) -> Iterator[str]:
    for key, value in patch.items():
        if key == "when" and isinstance(value, dict):
            yield from (f"when.{test}" for test in value)
        else:
            yield key


def _line(document: Document, path: Sequence[str | int], *, at_key: bool = False) -> int:
    return document.fault(path, "", at_key=at_key).line


def _where(document: Document, path: Sequence[str | int]) -> str:
    return f"{document.file}:{_line(document, path, at_key=True)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tests:
    """What a rule asks for, compiled."""

    when: Matcher
    raises: tuple[tuple[Severity, Matcher], ...]
    quiet_while: Matcher | None


def _rule(
    document: Document, tree: Mapping[str, Any], path: Sequence[str | int]
) -> tuple[Rule | None, list[Fault]]:
    """One rule from its plain values, or None with every fault; `path` is where it stands in
    `document`.
    """
    try:
        written = WrittenRule.model_validate(tree)
        faults: list[Fault] = []
    except ValidationError as error:
        written, faults = None, faults_of(document, error, path, model=WrittenRule)
    about = str(tree.get("about"))
    if about not in ABOUTS:
        return None, faults  # without it nothing else can be judged
    tests, found = _tests(document, about, tree, path)
    faults += found
    faults += text_faults(document, tree, path, about)
    if written is not None and tests is not None and not faults:
        faults += _senseless(document, path, written, tests)
        if not faults:
            return _ready(written, tests, document, path, tree), []
    return None, faults


def _tests(
    document: Document, about: str, tree: Mapping[str, Any], path: Sequence[str | int]
) -> tuple[_Tests | None, list[Fault]]:
    when, faults = _compiled(document, about, tree.get("when"), (*path, "when"))
    raises: list[tuple[Severity, Matcher]] = []
    lifted = tree.get("raise")
    for level, test in lifted.items() if isinstance(lifted, dict) else ():
        matcher, found = _compiled(document, about, test, (*path, "raise", level))
        faults += found
        if matcher is not None and level in _LEVELS:
            raises.append((Severity(level), matcher))
    quiet, found = _compiled(document, about, tree.get("quiet_while"), (*path, "quiet_while"))
    faults += found
    if when is None:
        return None, faults
    raises.sort(key=lambda pair: -pair[0].rank)
    return _Tests(when=when, raises=tuple(raises), quiet_while=quiet), faults


def _compiled(
    document: Document, about: str, tests: object, path: Sequence[str | int]
) -> tuple[Matcher | None, list[Fault]]:
    """The matcher of a map of tests with its faults; None, without a word, for what is no map."""
    if not isinstance(tests, dict):
        return None, []
    matcher, slips = compile_when(about, tests)
    return matcher, [
        document.fault((*path, *slip.path), slip.what, at_key=slip.at_key) for slip in slips
    ]


def _senseless(
    document: Document, path: Sequence[str | int], written: WrittenRule, tests: _Tests
) -> Iterator[Fault]:
    """Parts that are right by themselves and come to nothing together."""
    for level, matcher in tests.raises:
        if level.rank <= written.severity.rank:
            what = (
                f"raise: {level.value} is not above the rule's own severity"
                f" {written.severity.value}; name a higher one"
            )
            yield document.fault((*path, "raise", level.value), what, at_key=True)
        if path[0] == "rules":  # a change of yours may leave a shipped rule's raise without a use
            for slip in clash(tests.when, matcher):
                yield document.fault((*path, "raise", level.value, *slip.path), slip.what)
    if tests.quiet_while is not None and follows(tests.when, tests.quiet_while):
        what = "holds whenever the rule's own tests do: it would never ring; take a test away"
        yield document.fault((*path, "quiet_while"), what, at_key=True)


def _ready(
    written: WrittenRule,
    tests: _Tests,
    document: Document,
    path: Sequence[str | int],
    tree: Mapping[str, Any],
) -> Rule:
    return Rule(
        id=written.id,
        about=written.about,
        when=tests.when,
        hold=written.hold,
        severity=written.severity,
        raises=tests.raises,
        repeat=written.repeat if isinstance(written.repeat, tuple) else (),
        by_deadline=written.repeat == DEADLINE,
        group=written.group,
        notify=written.notify,
        quiets=written.quiets,
        quiets_order=written.quiets_order,
        quiet_while=tests.quiet_while,
        quiet_hours=written.quiet_wish,
        escalate=(
            Escalation(after=written.escalate.after, notify=written.escalate.notify)
            if written.escalate
            else None
        ),
        resolved=written.resolved,
        enabled=written.enabled,
        title=written.title,
        body=written.body or {},
        advice=written.advice or {},
        missed=written.missed or {},
        file=document.file,
        line=_line(document, path),
        written=dict(tree),
    )


def _double_faults(
    document: Document, at: int, name: object, known: Mapping[str, Rule], first: dict[str, int]
) -> Iterator[Fault]:
    if not isinstance(name, str):
        return
    path = ("rules", at, "id")
    if name in known:
        yield document.fault(
            path, f"{name!r} is a shipped rule; change it under change: or choose another id"
        )
    if name in first:
        yield document.fault(path, f"rule id {name!r} is used twice (first on line {first[name]})")
    first.setdefault(name, _line(document, path))
