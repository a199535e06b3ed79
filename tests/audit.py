"""Known holes in what we lean on, and the bill of materials.

    python -m tests.audit    # or: make audit

`pip-audit` asks a service for every pinned version: a hole fails. Where the service cannot be
asked, nothing is known: that is said loudly, and is no failure. The bill (CycloneDX 1.6, JSON) is
of what runs: Orderbell with all its extras and what these lean on, as installed here; the tools of
its makers are no part of it. It needs no network.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
BILL = ROOT / "dist" / "orderbell.cdx.json"
SECONDS = 300


def known_holes() -> tuple[str, dict[str, Any] | None]:
    """What pip-audit wrote to stderr last, and its report; None where it could not make one."""
    asked = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(CONSTRAINTS), "--no-deps"),
        *("--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "15"),
    ]
    try:
        done = subprocess.run(
            asked, capture_output=True, text=True, check=False, timeout=SECONDS, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {SECONDS} s", None
    last = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
    try:
        return last, json.loads(done.stdout)
    except ValueError:
        return last, None


def judged(why: str, report: dict[str, Any] | None) -> tuple[int, list[str]]:
    """The exit code and what is told."""
    asked = [] if report is None else report["dependencies"]
    audited = [one for one in asked if "skip_reason" not in one]
    if not audited:
        reason = asked[0]["skip_reason"] if asked else why
        return 0, [f"!!! NOT AUDITED: the service of known holes gave no answer ({reason})"]
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, fixed in"
        f" {', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in audited
        for hole in one["vulns"]
    ]
    told = [f"{len(audited)} of {len(asked)} pinned versions audited, {len(holes)} known holes"]
    if len(audited) < len(asked):
        told.append(
            f"!!! {len(asked) - len(audited)} NOT AUDITED: the service knows nothing of them"
        )
    return (1 if holes else 0), [*holes, *told]


def runtime() -> frozenset[str]:
    """Normalized names of all distributions that `orderbell[all]` leans on, itself among them."""
    wanted, seen = [("orderbell", "all")], set[tuple[str, str]]()
    while wanted:
        one = wanted.pop()
        if one not in seen:
            seen.add(one)
            wanted += _leans_on(*one)
    return frozenset(name for name, _ in seen)


def _leans_on(name: str, extra: str) -> Iterator[tuple[str, str]]:
    """What a distribution needs here with that extra, each with the extras asked of it."""
    try:
        lines = metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        return
    for need in map(Requirement, lines):
        if need.marker is None or need.marker.evaluate({"extra": extra}):
            for its_extra in ("", *need.extras):
                yield canonicalize_name(need.name), its_extra


def only_runtime(bill: dict[str, Any]) -> dict[str, Any]:
    """The bill without what is only installed to make and to check Orderbell."""
    names = runtime()
    kept = [one for one in bill["components"] if canonicalize_name(one["name"]) in names]
    refs = {one["bom-ref"] for one in kept} | {bill["metadata"]["component"]["bom-ref"]}
    leaning = [
        one | {"dependsOn": [ref for ref in one["dependsOn"] if ref in refs]}
        if "dependsOn" in one
        else one
        for one in bill.get("dependencies", ())
        if one["ref"] in refs
    ]
    return bill | {"components": kept, "dependencies": leaning}


def write_bill(path: Path) -> int:
    """Write what runs; how many components that is."""
    path.parent.mkdir(exist_ok=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"),
            *("--no-validate", "--pyproject", str(ROOT / "pyproject.toml"), "--of", "JSON"),
            *("--output-file", str(path), sys.executable),
        ],
        check=True,
        capture_output=True,
    )
    bill = only_runtime(json.loads(path.read_text()))
    path.write_text(json.dumps(bill, indent=2, ensure_ascii=False) + "\n")
    return len(bill["components"])


def main() -> int:
    print(f"{BILL.relative_to(ROOT)}: {write_bill(BILL)} components")
    code, told = judged(*known_holes())
    print(*told, sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
