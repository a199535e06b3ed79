import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.exits import Exit
from daemon.units import obstacle

CONFIG = (
    "version: 1\nmailboxes:\n  - {id: main, provider: gmail, user: me@example.org, password: {env:"
    " P}}\n"
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return lambda *words: CliRunner().invoke(main, words, catch_exceptions=False)


def test_the_unit_is_printed_with_this_command_and_configuration(run, tmp_path):
    text = run("--config", str(tmp_path / "c.yaml"), "service", "print", "--user").stdout
    [line] = [line for line in text.splitlines() if line.startswith("ExecStart=")]

    assert line.endswith(f"orderbell --config {tmp_path}/c.yaml run")


def test_a_unit_is_installed_once_and_never_overwritten(run, tmp_path):
    path = tmp_path / ".config/systemd/user/orderbell.service"
    first = run("service", "install", "--user")
    again = run("service", "install", "--user")
    path.write_text("mine\n")
    refused = run("service", "install", "--user")
    kept = path.read_text()
    forced = run("service", "install", "--user", "--force")

    assert (first.exit_code, again.exit_code, refused.exit_code, forced.exit_code) == (
        0,
        0,
        Exit.ERROR,
        0,
    )
    assert "systemctl --user daemon-reload" in first.stdout
    assert kept == "mine\n"
    assert "ExecStart=" in path.read_text()


def test_signing_in_is_only_for_mailboxes_that_say_so(run, tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG)
    answer = run("--config", str(tmp_path / "c.yaml"), "login", "main", "--client-id", "x")

    assert answer.exit_code == Exit.CONFIGURATION
    assert "has no login: microsoft" in answer.stderr


def test_a_hangup_while_it_starts_ends_nothing(tmp_path):
    (tmp_path / "c.yaml").write_text(
        CONFIG.replace("provider: gmail", "host: 127.0.0.1, port: 9, tls: none")
    )
    program, state = Path(sys.executable).with_name("orderbell"), tmp_path / "state"
    words = [str(program), "--config", str(tmp_path / "c.yaml"), "--state", str(state), "run"]
    process = subprocess.Popen(
        words, stderr=subprocess.PIPE, text=True, env=os.environ | {"HOME": str(tmp_path)}
    )
    try:
        while not (state / "orderbell.lock").exists():
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        alive = process.poll() is None
        process.terminate()
        _, told = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()

    assert alive, told


@pytest.mark.parametrize("place", ["/home/me/.local/bin/orderbell", "/tmp/x/bin/orderbell"])
def test_a_program_the_systems_service_cannot_see_is_not_installed(place):
    assert "--user" in str(obstacle(user=False, command=Path(place)))
