"""`python -m benchmarks [NAME …] [--json]`: every workload once, each beside its floor.

A workload is a module of this folder with `run() -> Iterable[Result]`; it says what it needs by
raising
`Unavailable`, and leaves nothing behind. Exits 1 when a promise is not kept.
"""

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.result import Result
from benchmarks.unavailable import Unavailable

FOLDER = Path(__file__).parent
ITSELF = {"__init__", "__main__", "result", "unavailable"}


def workloads() -> list[str]:
    return sorted(
        path.stem
        for path in FOLDER.glob("*.py")
        if path.stem not in ITSELF and not path.stem.startswith("_")
    )


def line(one: Result) -> str:
    floor = "" if one.floor is None else f"floor {one.floor:.2f} {one.unit}"
    verdict = "ok" if one.kept else "NOT KEPT"
    return (
        f"{one.workload:<60} {one.measured:>10.2f} {one.unit:<4} {floor:<22} {one.promise:<28}"
        f" {verdict}"
    )


def main(words: list[str]) -> int:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    options.add_argument("names", nargs="*", help=f"of: {', '.join(workloads())}")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args(words)
    if unknown := set(chosen.names) - set(workloads()):
        options.error(
            f"no workload {', '.join(sorted(unknown))}; there are: {', '.join(workloads())}"
        )
    broken = 0
    for name in chosen.names or workloads():
        try:
            for one in importlib.import_module(f"benchmarks.{name}").run():
                print(
                    json.dumps(asdict(one), ensure_ascii=False) if chosen.json else line(one),
                    flush=True,
                )
                broken += not one.kept
        except Unavailable as reason:
            print(f"{name}: not run: {reason}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
