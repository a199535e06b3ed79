"""Every regular expression of `parsers`, and input made to slow each down.

Found, not listed: what modules hold, what is written inside functions, and what is compiled from
packs, languages and relays. The input is made from the parts of each expression: what it repeats,
what it waits for, and an end that disappoints it.
"""

import ast
import dataclasses
import importlib
import itertools
import math
import pkgutil
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from re import _constants as sre
from re import _parser as parser
from typing import Any

import parsers
from parsers.pack import shipped
from parsers.relays import known

CALLS = frozenset(
    ("compile", "sub", "split", "search", "match", "fullmatch", "findall", "finditer")
)
FEW = 1_000
MANY = 4 * FEW
SLOPE = 1.5
"""Time grows with this power of the length at most: 1 is linear, 2 quadratic."""
NOTICEABLE = 0.004
"""Seconds below which a measurement says nothing."""
MAX_UNITS = 60
DATA = {"relays": frozenset(["fullmatch"])}
"""How the code looks with expressions that are compiled from files."""
WORDS = ("a", "1", " ", "@", "\u3042", "-", "=?", ">")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """One regular expression and how the code looks with it."""

    pattern: "re.Pattern[Any]"
    methods: frozenset[str]

    @property
    def looks(self) -> list[Any]:
        names = {
            "match" if one == "match" else "fullmatch" if one == "fullmatch" else "finditer"
            for one in self.methods or CALLS
        }
        return [getattr(self.pattern, name) for name in names]


def expressions() -> dict[str, Expression]:
    """Name -> expression, each pattern once."""
    found: dict[tuple[Any, int], str] = {}
    patterns: dict[str, Expression] = {}
    used = _methods()
    for name, pattern in itertools.chain(_of_modules(), _of_data()):
        if found.setdefault((pattern.pattern, pattern.flags), name) == name:
            methods = used.get(name) or DATA.get(re.match(r"\w*", name)[0], frozenset())
            patterns[name] = Expression(pattern=pattern, methods=methods)
    return patterns | dict(_inline())


def _sources() -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted(Path(str(parsers.__file__)).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield path, node


def _methods() -> dict[str, frozenset[str]]:
    """By which methods the code looks with an expression called so."""
    found: dict[str, set[str]] = {}
    for path, node in _sources():
        assert isinstance(node.func, ast.Attribute)
        if node.func.attr in CALLS:
            name = ast.unparse(node.func.value)
            name = name if "." in name else f"{path.stem}.{name}"
            found.setdefault(name, set()).add(node.func.attr)
    return {name: frozenset(methods) for name, methods in found.items()}


def _of_modules() -> Iterator[tuple[str, "re.Pattern[Any]"]]:
    for module in pkgutil.iter_modules(parsers.__path__):
        if module.ispkg:
            continue
        for name, value in vars(importlib.import_module(f"parsers.{module.name}")).items():
            yield from _inside(value, f"{module.name}.{name}", 0)


def _of_data() -> Iterator[tuple[str, "re.Pattern[Any]"]]:
    library = shipped()
    for pack in library.packs:
        yield from _inside(pack, f"pack.{pack.marketplace}", 0)
    for code in library.clauses:
        yield from _inside(library.clauses[code], f"clauses.{code}", 0)
    yield from _inside(known(), "relays", 0)


def _inside(value: Any, name: str, depth: int) -> Iterator[tuple[str, "re.Pattern[Any]"]]:
    if isinstance(value, re.Pattern):
        yield name, value
    elif depth > 5 or isinstance(value, str | bytes | int | type):
        return
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _inside(getattr(value, field.name, None), f"{name}.{field.name}", depth + 1)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _inside(one, f"{name}[{key}]", depth + 1)
    elif isinstance(value, tuple | list | frozenset | set):
        for number, one in enumerate(value):
            yield from _inside(one, f"{name}[{number}]", depth + 1)


def _inline() -> Iterator[tuple[str, Expression]]:
    """Expressions that stand where they are used."""
    for path, node in _sources():
        assert isinstance(node.func, ast.Attribute)
        call = ast.unparse(node.func)
        if call.startswith("re.") and node.func.attr in CALLS and node.func.attr != "compile":
            [written, *_] = node.args
            if isinstance(written, ast.Constant):
                pattern = re.compile(written.value)
                methods = frozenset([node.func.attr])
                yield f"{path.stem}:{node.lineno}", Expression(pattern=pattern, methods=methods)


def slow_input(pattern: "re.Pattern[Any]") -> Iterator[tuple[Any, Any, Any]]:
    """Beginnings, units to repeat, and endings, most likely the slowest first."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    singles = list(dict.fromkeys([*_signs(tree), *WORDS]))[:12]
    runs = list(dict.fromkeys(_literals(tree)))[:8]
    units = dict.fromkeys([*singles, *runs, _sample(tree)])
    units.update(dict.fromkeys(a + b for a in singles[:8] for b in singles[:8] if a != b))
    starts = dict.fromkeys(["", _sample(tree), *runs[:3], *(_sample(tree)[:n] for n in (1, 3))])
    chosen = [unit for unit in units if unit][:MAX_UNITS]
    for start, unit in itertools.product(starts, chosen):
        yield tuple(_as(pattern, text) for text in (start, unit, "\x00"))


def _as(pattern: "re.Pattern[Any]", text: str) -> Any:
    return text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text


def _children(argument: Any) -> Iterator[Any]:
    if isinstance(argument, parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for one in argument:
            yield from _children(one)


def _signs(tree: Any) -> Iterator[str]:
    """One sign of every class and literal, in the order of the expression."""
    for operation, argument in tree:
        if operation is sre.LITERAL:
            yield chr(argument)
        elif operation is sre.IN:
            yield _one_of(argument)
        elif operation in (sre.ANY, sre.NOT_LITERAL):
            yield "x"
        else:
            for child in _children(argument):
                yield from _signs(child)


def _one_of(items: Iterable[Any]) -> str:
    taken = list(items)
    if taken and taken[0][0] is sre.NEGATE:
        shut = re.compile("|".join(_class(one) for one in taken[1:]))
        return next((sign for sign in "a1 -\u3042.=\n" if not shut.fullmatch(sign)), "~")
    operation, argument = taken[0]
    if operation is sre.RANGE:
        return chr(argument[0])
    if operation is sre.CATEGORY:
        return {sre.CATEGORY_DIGIT: "1", sre.CATEGORY_SPACE: " ", sre.CATEGORY_WORD: "a"}.get(
            argument, "-"
        )
    return chr(argument)


def _class(item: Any) -> str:
    operation, argument = item
    if operation is sre.RANGE:
        return f"[{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}]"
    if operation is sre.CATEGORY:
        return {
            sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_SPACE: r"\s", sre.CATEGORY_WORD: r"\w",
            sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_NOT_SPACE: r"\S", sre.CATEGORY_NOT_WORD: r"\W",
        }[argument]  # fmt: skip
    return re.escape(chr(argument))


def _literals(tree: Any) -> Iterator[str]:
    """Words that the expression waits for."""
    run = ""
    for operation, argument in tree:
        if operation is sre.LITERAL:
            run += chr(argument)
            continue
        if len(run) > 1:
            yield run
        run = ""
        for child in _children(argument):
            yield from _literals(child)
    if len(run) > 1:
        yield run


def _sample(tree: Any) -> str:
    """Something like what the expression matches."""
    out = ""
    for operation, argument in tree:
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            out += _sample(argument[2]) * max(1, min(argument[0], 3))
        elif operation is sre.BRANCH:
            out += _sample(argument[1][0])
        elif operation in (sre.ASSERT, sre.ASSERT_NOT, sre.AT):
            continue
        else:
            out += "".join(_signs([(operation, argument)]))
    return out


def seconds(expression: Expression, text: Any, *, rounds: int = 1) -> float:
    """The least time of several to look through the whole text, as the code does."""
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        for look in expression.looks:
            for _ in (look(text) or ()) if look.__name__ == "finditer" else (look(text),):
                pass
        best = min(best, time.process_time() - started)
    return best


def slope(expression: Expression) -> tuple[float, Any]:
    """The first growth past SLOPE, as a power of the length, else the steepest, and what made
    it.
    """
    worst: tuple[float, Any] = (0.0, "")
    for start, unit, end in slow_input(expression.pattern):
        few, many = (start + unit * (length // len(unit)) + end for length in (FEW, MANY))
        if seconds(expression, few) > 50 * NOTICEABLE:
            return 9.0, (start, unit)
        if seconds(expression, many) < NOTICEABLE:
            continue
        early, late = seconds(expression, few, rounds=5), seconds(expression, many, rounds=3)
        power = math.log(max(late, 1e-9) / max(early, 1e-6)) / math.log(MANY / FEW)
        worst = max(worst, (power, (start, unit)), key=lambda found: found[0])
        if power > SLOPE:
            break
    return worst
