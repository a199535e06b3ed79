"""Shapes of numbers as packs write them: `#` a digit, `@` a capital letter, `#*6-8` a run of six to
eight digits; everything else stands for itself.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

ATOM = re.compile(r"#(?:\*(\d+)(?:-(\d+))?)?|.", re.DOTALL)
CLASSES = {"#": "[0-9]", "@": "[A-Z]"}
"""What stands for more than itself."""
SAMPLES = {"#": "1", "@": "A"}

Place = tuple[str, bool]
"""What may stand there, and whether it may be missing."""


def compiled(shapes: Sequence[str]) -> re.Pattern[str]:
    """The shapes as one pattern; without shapes, one that matches nothing."""
    patterns = (f"(?:{ATOM.sub(_class, shape)})" for shape in shapes)
    return re.compile("|".join(patterns) or r"(?!)")


def _class(atom: re.Match[str]) -> str:
    if atom[1]:
        return rf"[0-9]{{{atom[1]},{atom[2] or atom[1]}}}"
    return CLASSES.get(atom[0]) or re.escape(atom[0]).replace(r"\-", "-")


def sample(shapes: Sequence[str]) -> str:
    """A made-up number of the first shape."""
    return ATOM.sub(_sample, next(iter(shapes), ""))


def _sample(atom: re.Match[str]) -> str:
    return "1" * int(atom[1]) if atom[1] else SAMPLES.get(atom[0], atom[0])


def meeting(shapes: Iterable[str], others: Sequence[str]) -> tuple[str, str] | None:
    """Two shapes, one of either, that one and the same number could have."""
    pairs = ((one, two) for one in shapes for two in others)
    return next((pair for pair in pairs if _meet(*map(_places, pair))), None)


def _places(shape: str) -> tuple[Place, ...]:
    found: list[Place] = []
    for atom in ATOM.finditer(shape):
        least = int(atom[1] or 1)
        most = int(atom[2] or least)
        found += [(atom[0][0], False)] * least + [(atom[0][0], True)] * (most - least)
    return tuple(found)


def _meet(one: Sequence[Place], two: Sequence[Place]) -> bool:
    """Whether a text fits both; every pair of places that can be reached is looked at once."""
    seen: set[tuple[int, int]] = set()
    waiting = [(0, 0)]
    while waiting:
        here = waiting.pop()
        if here == (len(one), len(two)):
            return True
        if here not in seen:
            seen.add(here)
            waiting += _steps(one[here[0] :][:1], two[here[1] :][:1], *here)
    return False


def _steps(
    one: Sequence[Place], two: Sequence[Place], left: int, right: int
) -> Iterator[tuple[int, int]]:
    """Where two texts may go on that have come so far; `one` and `two` hold the next place."""
    for sign, missing in one:
        if missing:
            yield left + 1, right
        if two and _share(sign, two[0][0]):
            yield left + 1, right + 1
    if two and two[0][1]:
        yield left, right + 1


def _share(one: str, two: str) -> bool:
    """Whether one character can be both."""
    pairs = ((one, two), (two, one))
    return one == two or any(
        class_ in CLASSES and re.fullmatch(CLASSES[class_], sign) is not None
        for class_, sign in pairs
    )
