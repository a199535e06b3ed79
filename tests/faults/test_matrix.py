"""The matrix is whole: each of its rows is tested by tests that exist, and the page tells what was
counted.
"""

import ast
import json

from tests.faults.matrix import ROOT, ROWS
from tests.faults.report import COUNTS, PAGE, rendered


def exists(test: str) -> bool:
    path, _, function = test.partition("::")
    if not (ROOT / path).is_file():
        return False
    names = {
        node.name
        for node in ast.parse((ROOT / path).read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    return function in names if function else any(name.startswith("test_") for name in names)


def test_every_fault_has_a_row_and_every_row_tests_that_exist():
    missing = [
        f"row {row.number}: {test}" for row in ROWS for test in row.tests if not exists(test)
    ]

    assert [row.number for row in ROWS] == list(range(1, 27))
    assert missing == []


def test_the_page_tells_what_was_counted_and_nothing_was_lost():
    counts = json.loads(COUNTS.read_text())

    assert PAGE.read_text() == rendered(counts), "run: python -m tests.faults.report --write"
    assert {
        name: found for name, found in counts.items() if found.get("lost") or found.get("failed")
    } == {}
    assert [row.number for row in ROWS if f"\n| {row.number} |" not in PAGE.read_text()] == []
