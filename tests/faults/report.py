"""Runs the tests of the matrix and writes docs/faults.md: `python -m tests.faults.report [--endurance]
[ROW …]`.

Counts are kept beside this file, so that a run of some rows leaves the others as they were. A test
that brings about
many faults tells how many by `record_property("tried", …)`, and so for `lost` and `doubled`; any
other counts as one.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.faults.matrix import ROOT, ROWS, Row

COUNTS = Path(__file__).with_name("counts.json")
PAGE = ROOT / "docs" / "faults.md"
HEAD = """\
# What can go wrong, and what was tried

Each row is a fault that IMAP servers, disks, clocks, mails and push services were seen to have. *Tried* is how often
it was brought about in the last counted run, *lost* how many mails or alerts did not arrive, *doubled* how many
messages came twice; a message comes twice, and marked, only where its answer was lost on the way.

Made by `make endurance`; the quick part runs with `make test`, a longer one with `make soak`.

| # | Fault | What must hold | Tried | Lost | Doubled | Tests |
| ---: | --- | --- | ---: | ---: | ---: | --- |
"""


class Collector:
    """A plugin of pytest: adds up what each test tells of itself."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" or report.skipped:
            return
        told = {name: value for name, value in report.user_properties if isinstance(value, int)}
        found = self.counts.setdefault(report.nodeid.partition("[")[0], Counter())
        found.update({"tried": 1} | told | {"failed": int(report.failed)})


def rendered(counts: Mapping[str, Mapping[str, int]]) -> str:
    return HEAD + "\n".join(_line(row, counts) for row in ROWS) + "\n"


def _line(row: Row, counts: Mapping[str, Mapping[str, int]]) -> str:
    total: Counter[str] = Counter()
    for test in row.tests:
        for name, found in counts.items():
            if name == test or name.startswith(f"{test}::"):
                total.update(found)
    lost = total["lost"] + total["failed"]
    where = ", ".join(
        dict.fromkeys(f"[{_short(test)}](../{test.partition('::')[0]})" for test in row.tests)
    )
    counted = f"{total['tried']:,} | {lost} | {total['doubled']:,}"
    return f"| {row.number} | {row.fault} | {row.holds} | {counted} | {where} |"


def _short(test: str) -> str:
    path = Path(test.partition("::")[0])
    return f"{path.parent.name}/{path.stem.removeprefix('test_')}"


def main(words: list[str]) -> int:
    options = argparse.ArgumentParser(
        prog="python -m tests.faults.report", description=__doc__.splitlines()[0]
    )
    options.add_argument("rows", nargs="*", type=int)
    options.add_argument(
        "--endurance", action="store_true", help="the long tests too; takes an hour"
    )
    options.add_argument(
        "--write", action="store_true", help="run nothing, write the page from the counts kept"
    )
    chosen = options.parse_args(words)
    counts: dict[str, Any] = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    code = 0
    if not chosen.write:
        tests = [
            test
            for row in ROWS
            if not chosen.rows or row.number in chosen.rows
            for test in row.tests
        ]
        collector = Collector()
        marks = "soak or not soak" if chosen.endurance else "not soak and not endurance"
        code = pytest.main(
            ["-q", "--timeout", "7200", "-m", marks, *dict.fromkeys(tests)], plugins=[collector]
        )
        counts |= {name: dict(found) for name, found in collector.counts.items()}
        COUNTS.write_text(json.dumps(dict(sorted(counts.items())), indent=1) + "\n")
    PAGE.write_text(rendered(counts))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
