"""Known holes in what we lean on, and the bill of materials.

    python -m tests.audit    # or: make audit

`pip-audit` asks a service for every pinned version: a hole fails. Where the service cannot be
asked, nothing is known: that is said loudly, and is no failure. The bill (CycloneDX 1.6, JSON) is
of this environment, and needs no network.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def write_bill(path: Path) -> int:
    """Write what is installed here; how many components that is."""
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
    return len(json.loads(path.read_text())["components"])


def main() -> int:
    print(f"{BILL.relative_to(ROOT)}: {write_bill(BILL)} components")
    code, told = judged(*known_holes())
    print(*told, sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
