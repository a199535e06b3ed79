"""What is known of a marketplace is data of its pack: no code names one, with few exceptions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from parsers.pack import shipped

ROOT = Path(__file__).parents[1]
ROOMS = ("daemon", "orders", "rules", "parsers")
NAME = re.compile("|".join(shipped().marketplaces), re.IGNORECASE)
MAY = {
    "daemon/files/importers/": "each reads a file that the marketplace itself writes",
    "daemon/cli/orders.py": "an example in the help",
    "daemon/web/api.py": "an example in the description of the API",
    "orders/facts_table.py": "examples in the table of facts",
    "rules/fields.py": "examples in the table of facts",
    "parsers/identifiers.py": "a carrier's name: its parcels come from everywhere",
    "parsers/gist.py": "a header field that relayed mail bears",
    "parsers/notice.py": "what a field is called everywhere",
}
"""File or folder -> why it may. Comments and docstrings may say where something was seen."""


def named(path: Path) -> Iterator[str]:
    """The lines of code, prose left out, that name a marketplace."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if id(node) in prose:
            continue
        words = [
            value
            for field in ("id", "name", "attr", "arg", "value", "module")
            if isinstance(value := getattr(node, field, None), str)
        ]
        if any(map(NAME.search, words)):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def test_no_code_names_a_marketplace_without_a_reason():
    found = [
        line
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for line in named(path)
    ]

    assert [line for line in found if not line.startswith(tuple(MAY))] == []
