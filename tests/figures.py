"""Figures of the code: how long, how branched and how wide its functions are.

    python -m tests.figures        # the table, and the functions past a limit

Complexity is counted as radon does, which is stricter than McCabe's (ruff's C901): 1, and one more
for every `if`, ternary, loop, handler, `case`, `assert`, part of a comprehension, and operand behind
an `and` or `or`. A function inside a function counts for itself and not for the one around it.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[1]
PACKAGES = ("parsers", "orders", "rules", "daemon")
LIMITS = {"lines": 100, "complexity": 15, "parameters": 6}
"""What no function may pass."""
P90_COMPLEXITY = 6
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One function, measured."""

    name: str
    """`rules.wording.Words.told`"""
    lines: int
    complexity: int
    parameters: int
    """Without `self` and `cls`."""


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of the packages with its dotted name, parsed."""
    found = []
    for package in PACKAGES:
        for path in _modules(package):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(part for part in parts if part != "__init__")
            found.append((name, ast.parse(path.read_text(encoding="utf-8"))))
    return tuple(found)


@cache
def functions() -> tuple[Figures, ...]:
    """Every function of the packages."""
    return tuple(one for name, tree in trees() for one in _inside(tree, name, method=False))


def past(limit: str) -> dict[str, int]:
    """The functions past this limit, with their figure."""
    return {
        one.name: getattr(one, limit) for one in functions() if getattr(one, limit) > LIMITS[limit]
    }


def p90(values: Iterable[int]) -> int:
    """The ninth decile."""
    return round(quantiles(values, n=10, method="inclusive")[-1])


def table() -> Iterator[str]:
    """The figures as a table, medians first."""
    yield f"{len(functions())} functions        median  p90  max  limit"
    for limit, most in LIMITS.items():
        values = [getattr(one, limit) for one in functions()]
        yield f"{limit:<22}{median(values):>6.0f}{p90(values):>5}{max(values):>5}{most:>7}"
    signs = [
        len(line.strip())
        for package in PACKAGES
        for path in _modules(package)
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    yield f"{'signs a line':<22}{median(signs):>6.0f}{p90(signs):>5}{max(signs):>5}"


def _modules(package: str) -> list[Path]:
    """Every module of the package; migrations that were applied are history and never change."""
    return [
        path
        for path in sorted((ROOT / package).rglob("*.py"))
        if "versions" not in path.parts or "migrations" not in path.parts
    ]


def _inside(node: ast.AST, name: str, *, method: bool) -> Iterator[Figures]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTION):
            here = f"{name}.{child.name}"
            yield _measured(child, here, method=method)
            yield from _inside(child, here, method=False)
        elif isinstance(child, ast.ClassDef):
            yield from _inside(child, f"{name}.{child.name}", method=True)
        else:
            yield from _inside(child, name, method=method)


def _measured(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str, *, method: bool) -> Figures:
    given = [*node.args.posonlyargs, *node.args.args]
    bound = method and bool(given) and given[0].arg in ("self", "cls")
    extra = [one for one in (node.args.vararg, node.args.kwarg) if one is not None]
    return Figures(
        name=name,
        lines=(node.end_lineno or node.lineno) - node.lineno + 1,
        complexity=1 + sum(map(_branches, _own(node))),
        parameters=len(given) - bound + len(node.args.kwonlyargs) + len(extra),
    )


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below, without what is inside another function or class."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*FUNCTION, ast.ClassDef)):
            yield child
            yield from _own(child)


def _branches(node: ast.AST) -> int:
    match node:
        case ast.If() | ast.IfExp() | ast.For() | ast.AsyncFor() | ast.While():
            return 1
        case ast.ExceptHandler() | ast.match_case() | ast.Assert():
            return 1
        case ast.comprehension(ifs=ifs):
            return 1 + len(ifs)
        case ast.BoolOp(values=values):
            return len(values) - 1
        case _:
            return 0


if __name__ == "__main__":
    print("\n".join(table()))
    for measured in LIMITS:
        for function, figure in sorted(past(measured).items(), key=lambda one: -one[1]):
            print(f"{measured} {figure}: {function}")
