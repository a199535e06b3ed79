"""What holds for the repository as a whole: its arrows, its words, and what its wheel carries."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_the_arrows_between_the_rooms_hold():
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr


# Written in pieces, so that this file does not hold what it looks for.
UNWANTED = {
    "a package registry's host": re.compile(
        "|".join(["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.org"])
    ),
    "the path of the machine it was made on": re.compile(r"(?<![\w.])/wo" + r"rk/"),
    "a merge that was not finished": re.compile("^(<{7}|>{7}) ", re.MULTILINE),
}


@pytest.mark.parametrize("what", UNWANTED)
def test_no_file_names(what):
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.suffix not in {".eml", ".png", ".pdf"}
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if UNWANTED[what].search(line)
    ]

    assert found == []


def test_constraints_are_names_with_versions_and_nothing_else():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    wrong = [
        line
        for line in lines
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[0-9][a-z0-9.+!]*", line, re.IGNORECASE)
    ]

    assert lines
    assert wrong == []


def test_every_dependency_is_pinned_for_the_checks():
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
    }
    project, extras = PROJECT["project"], PROJECT["project"]["optional-dependencies"]
    asked = [*project["dependencies"], *extras["mqtt"], *PROJECT["dependency-groups"]["dev"]]
    names = {re.split(r"[<>=!~\[; ]", one)[0].lower().replace("_", "-") for one in asked}

    assert names - pinned == set()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [path] = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


CARRIED = [
    "daemon/locale/ja/LC_MESSAGES/terminal.mo",
    "daemon/locale/ja/LC_MESSAGES/sentences.mo",
    "parsers/packs/*/pack.yaml",
    "parsers/packs/*/phrases/*.yaml",
    "parsers/languages/*.yaml",
    "orders/deadlines/policy.yaml",
    "rules/defaults.yaml",
    "daemon/demo/mails/*",
    "daemon/store/migrations/**/*.py",
    "systemd/*.service",
    "systemd/user/*.service",
]


@pytest.mark.parametrize("pattern", CARRIED)
def test_the_wheel_carries(wheel, pattern):
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    }
    inside = {name.replace("daemon/systemd/", "systemd/") for name in wheel}

    assert wanted
    assert wanted - inside == set()


def test_the_wheel_carries_no_tests_and_nobodys_mails(wheel):
    assert [
        name for name in wheel if name.startswith(("tests/", "benchmarks/")) or ".work" in name
    ] == []


def test_the_command_of_the_wheel_is_orderbell():
    assert PROJECT["project"]["scripts"] == {"orderbell": "daemon.cli:main"}
