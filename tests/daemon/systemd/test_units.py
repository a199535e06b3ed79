import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon import units
from tests.missing import without

ROOT = Path(__file__).parents[3]
UNITS = [ROOT / "systemd/orderbell.service", ROOT / "systemd/user/orderbell.service"]
MISSING = (
    "systemd-analyze is missing: the units' hardening was NOT measured (apt-get install systemd)"
)


@pytest.fixture(scope="module")
def analyze():
    """`systemd-analyze`, loud where it is missing, a failure in CI."""
    if not shutil.which("systemd-analyze"):
        without(MISSING)
    return lambda *words: subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, check=False
    )


def settings(path):
    lines = [line for line in path.read_text().splitlines() if re.match(r"[A-Z]\w+=", line)]
    return [tuple(line.split("=", 1)) for line in lines]


def test_the_system_unit_stays_below_an_exposure_of_two(analyze):
    measured = analyze("security", "--offline=yes", "--threshold=20", str(UNITS[0]))

    assert measured.returncode == 0, measured.stdout + measured.stderr


@pytest.mark.parametrize("user", [False, True])
def test_systemd_finds_nothing_wrong_with_the_units(analyze, tmp_path, user):
    path = tmp_path / "orderbell.service"
    path.write_text(units.unit(user=user, command=Path("/bin/true")))

    measured = analyze("verify", "--man=no", *(["--user"] if user else []), str(path))

    assert "orderbell.service" not in measured.stdout + measured.stderr


@pytest.mark.parametrize("path", UNITS, ids=["system", "user"])
def test_every_setting_has_one_comment_above_it(path):
    lines = path.read_text().splitlines()
    bare = [
        line
        for before, line in itertools.pairwise(lines)
        if re.match(r"[A-Z]\w+=", line) and before[:2] != "# "
    ]

    assert bare == []


@pytest.mark.parametrize("path", UNITS, ids=["system", "user"])
def test_a_hung_service_is_started_again_and_a_broken_file_waits_for_its_owner(path):
    told = dict(settings(path))

    assert told["Type"] == "notify"
    assert told["WatchdogSec"] == "120"
    assert told["TimeoutStopSec"] == "30"
    assert told["Restart"] == "always"
    assert told["RestartPreventExitStatus"] == "2 3 4"


@pytest.mark.parametrize(
    ("command", "config", "line"),
    [
        (
            "/opt/ob/bin/orderbell",
            None,
            "ExecStart=/opt/ob/bin/orderbell --config /etc/orderbell/config.yaml run",
        ),
        (
            "/opt/ob/bin/orderbell",
            "/srv/a.yaml",
            "ExecStart=/opt/ob/bin/orderbell --config /srv/a.yaml run",
        ),
        ("/o b/50%$/orderbell", "/x", 'ExecStart="/o b/50%%$$/orderbell" --config /x run'),
    ],
)
def test_the_unit_names_this_installations_command(command, config, line):
    text = units.unit(user=False, command=Path(command), config=Path(config) if config else None)

    assert [one for one in text.splitlines() if one.startswith("ExecStart=")] == [line]


def test_the_users_unit_leaves_the_configuration_where_it_always_is():
    text = units.unit(user=True, command=Path("/home/me/.local/bin/orderbell"))

    assert "ExecStart=/home/me/.local/bin/orderbell run\n" in text


def test_a_program_that_the_service_could_not_see_is_told_before_it_is_installed(tmp_path):
    assert "use --user" in (
        units.obstacle(user=False, command=Path("/home/me/.local/bin/orderbell")) or ""
    )
    assert units.obstacle(user=True, command=units.program()) is None
    assert "there is no" in (units.obstacle(user=True, command=tmp_path / "orderbell") or "")
