"""What `when:` says: tests on facts, joined by and, or and not.

A missing fact makes every test on it false, except `{exists: false}`; `not:` turns the answer
round. Money is compared
in one currency only. Text is compared after NFKC and without case.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parsers.user_yaml import did_you_mean
from rules.fields import ABOUTS, FIELDS, owner
from rules.operators import Facts, OperandError, Path, Test, read_test
from rules.spans import lay_over

MAX_DEPTH = 8
"""`all`, `any` and `not` inside each other; nobody reads deeper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One mistake in a `when:`, by its path inside it."""

    path: Path
    what: str
    at_key: bool = False


class Mode(StrEnum):
    ALL = "all"
    ANY = "any"
    NOT = "not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """Tests joined by and, or, or turned round."""

    mode: Mode
    parts: tuple["Matcher | Test", ...]
    path: Path = ()
    timed: bool
    """Some test below depends on the clock."""

    def holds(self, facts: Facts, now: datetime) -> bool:
        if self.mode is Mode.ANY:
            return any(part.holds(facts, now) for part in self.parts)
        every = all(part.holds(facts, now) for part in self.parts)
        return every is (self.mode is Mode.ALL)

    def flips_at(self, facts: Facts, now: datetime) -> datetime | None:
        """The first instant after `now` at which `holds` differs, if these facts stay; None:
        never.
        """
        if not self.timed or (self.mode is Mode.ALL and self._settled(facts, now)):
            return None
        held = self.holds(facts, now)
        later = self._edges(facts, now)
        return next((edge for edge in later if self.holds(facts, edge) != held), None)

    def _edges(self, facts: Facts, now: datetime) -> list[datetime]:
        """The instants after `now` at which a test below may change, the next first."""
        edges = {edge for test in self.tests() for edge in test.edges(facts)}
        return sorted(edge for edge in edges if edge > now)

    def _settled(self, facts: Facts, now: datetime) -> bool:
        """A part that the clock cannot change fails: nothing else matters."""
        return any(not part.timed and not part.holds(facts, now) for part in self.parts)

    def tests(self) -> Iterator[Test]:
        for part in self.parts:
            if isinstance(part, Test):
                yield part
            else:
                yield from part.tests()


def compile_when(about: str, tree: object) -> tuple[Matcher, tuple[Slip, ...]]:
    """The matcher `tree` (plain dict, list, scalars) means for subjects of `about`, and every
    mistake in it.
    """
    slips: list[Slip] = []
    matcher = _map(about, tree, (), slips, 0)
    if not slips:
        slips.extend(impossible(matcher))
    return matcher, tuple(slips)


def _matcher(mode: Mode, parts: Sequence["Matcher | Test"], path: Path) -> Matcher:
    timed = any(part.timed for part in parts)
    return Matcher(mode=mode, parts=tuple(parts), path=path, timed=timed)


def _map(about: str, tree: object, path: Path, slips: list[Slip], depth: int) -> Matcher:
    if not isinstance(tree, dict) or not tree:
        what = "expected tests such as {order.shipped: false}; one line a fact"
        slips.append(Slip(path=path, what=what))
        return _matcher(Mode.ALL, (), path)
    if depth > MAX_DEPTH:
        slips.append(Slip(path=path, what=f"nested deeper than {MAX_DEPTH}; write it flatter"))
        return _matcher(Mode.ALL, (), path)
    parts = [_part(about, value, (*path, key), slips, depth) for key, value in tree.items()]
    return _matcher(Mode.ALL, list(filter(None, parts)), path)


def _part(
    about: str, value: object, path: Path, slips: list[Slip], depth: int
) -> Matcher | Test | None:
    """What the line at `path` says; its last step is the fact or how tests are joined."""
    match path[-1]:
        case "all" | "any" as mode:
            return _list(about, Mode(mode), value, path, slips, depth)
        case "not":
            inner = _map(about, value, path, slips, depth + 1)
            return _matcher(Mode.NOT, inner.parts, path)
        case key:
            return _test(about, key, value, path, slips)


def _list(
    about: str, mode: Mode, value: object, path: Path, slips: list[Slip], depth: int
) -> Matcher:
    if not isinstance(value, list) or not value:
        slips.append(Slip(path=path, what=f"{mode.value}: needs a list of tests"))
        return _matcher(mode, (), path)
    return _matcher(
        mode,
        [_map(about, one, (*path, at), slips, depth + 1) for at, one in enumerate(value)],
        path,
    )


def _test(about: str, key: object, value: object, path: Path, slips: list[Slip]) -> Test | None:
    known = ABOUTS[about]
    if key not in known:
        slips.append(Slip(path=path, what=_unknown_fact(about, key), at_key=True))
        return None
    spec = FIELDS[str(key)]
    try:
        return read_test(about, spec, value, path)
    except OperandError as wrong:
        slips.append(Slip(path=(*path, *wrong.step), what=wrong.what, at_key=wrong.at_key))
        return None


def _unknown_fact(about: str, key: object) -> str:
    if key in FIELDS:
        whose = owner(str(key))
        return (
            f"{key!r} is no fact of a rule about {about}; write `about: {whose}` or test another"
            " fact"
        )
    return f"unknown fact {key!r}{did_you_mean(key, (*ABOUTS[about], 'all', 'any', 'not'))}"


def clash(first: Matcher, second: Matcher) -> Iterator[Slip]:
    """Why two whens that are meant to hold together never do, by paths inside the second."""
    yield from impossible(_matcher(Mode.ALL, (*first.parts, *second.parts), ()))


def follows(first: Matcher, second: Matcher) -> bool:
    """Plainly, `second` holds whenever `first` does: it repeats some of its tests and has no
    others.
    """
    known = {(test.field, test.wants) for test in _together(first.parts)}
    return all(
        isinstance(part, Test) and (part.field, part.wants) in known for part in second.parts
    )


def impossible(matcher: Matcher) -> Iterator[Slip]:
    """Every place where tests that must all hold exclude each other: such a rule would keep silent
    for ever.
    """
    if matcher.mode is Mode.ANY:
        inner = [part for part in matcher.parts if isinstance(part, Matcher)]
    else:
        yield from _conflicts(_together(matcher.parts))
        inner = list(_branches(matcher.parts))
    for part in inner:
        yield from impossible(part)


def _conflicts(together: Iterable[Test]) -> Iterator[Slip]:
    """Facts of which no value passes all the tests."""
    for name, tests in _by_fact(together).items():
        hint = lay_over([test.span for test in tests])[1] if len(tests) > 1 else ""
        if hint:
            words = " and ".join(test.wants for test in tests)
            yield Slip(path=tests[-1].path, what=f"{name}: {words} can never hold at once{hint}")


def _together(parts: Sequence[Matcher | Test]) -> Iterator[Test]:
    for part in parts:
        if isinstance(part, Test):
            yield part
        elif part.mode is Mode.ALL or (part.mode is Mode.ANY and len(part.parts) == 1):
            yield from _together(part.parts)


def _by_fact(tests: Iterable[Test]) -> dict[str, list[Test]]:
    found: dict[str, list[Test]] = {}
    for test in tests:
        found.setdefault(test.field, []).append(test)
    return found


def _branches(parts: Sequence[Matcher | Test]) -> Iterator[Matcher]:
    for part in parts:
        if isinstance(part, Matcher):
            if part.mode is Mode.ALL:
                yield from _branches(part.parts)
            else:
                yield part
