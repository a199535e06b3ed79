"""What the audit of what we lean on tells: a hole fails, silence of the service is told and does
not.
"""

import json

import pytest

from tests import audit

SOUND = {"name": "one", "version": "1", "vulns": []}
SKIPPED = {"name": "two", "skip_reason": "could not be audited"}
HOLE = {
    "name": "three",
    "version": "3",
    "vulns": [{"id": "CVE-2026-1", "fix_versions": ["4"], "aliases": []}],
}


@pytest.mark.parametrize(
    ("report", "code", "words"),
    [
        (None, 0, "!!! NOT AUDITED"),
        ({"dependencies": [SKIPPED]}, 0, "!!! NOT AUDITED"),
        ({"dependencies": [SOUND]}, 0, "1 of 1 pinned versions audited, 0 known holes"),
        ({"dependencies": [SOUND, SKIPPED]}, 0, "!!! 1 NOT AUDITED"),
        ({"dependencies": [SOUND, HOLE, SKIPPED]}, 1, "three 3: CVE-2026-1, fixed in 4"),
    ],
)
def test_a_hole_fails_and_what_is_not_known_is_told(report, code, words):
    ended, told = audit.judged("offline", report)

    assert ended == code
    assert any(line.startswith(words) for line in told)


def test_the_bill_names_what_runs_and_no_tool_of_its_makers(tmp_path):
    pytest.importorskip("cyclonedx_py")
    audit.write_bill(tmp_path / "bill.json")
    bill = json.loads((tmp_path / "bill.json").read_text())
    names = {one["name"].lower() for one in bill["components"]}

    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "orderbell"
    refs = {one["bom-ref"] for one in bill["components"]}
    leaning = {ref for one in bill["dependencies"] for ref in one.get("dependsOn", ())}

    assert {"lxml", "sqlalchemy", "apprise", "imapclient", "starlette", "dkimpy"} <= names
    assert names.isdisjoint({"mypy", "ruff", "pytest", "cyclonedx-bom", "playwright", "hatchling"})
    assert leaning <= refs
