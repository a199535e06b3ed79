import os
import re
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.demo import wrapped
from daemon.cli.exits import Exit
from daemon.cli.listing import width
from daemon.demo import postbox
from daemon.demo.visit import PageLink, headline

ORDERBELL = [sys.executable, "-c", "from daemon.cli import main; main()"]


def test_the_demo_shows_all_four_stories_and_ends_well(tmp_path):
    run = subprocess.run(
        [*ORDERBELL, "demo", "--once"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env=os.environ | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    )

    assert run.returncode == Exit.DONE, run.stdout + run.stderr
    assert run.stdout.count("✓") == 4
    assert "All four stories were seen" in run.stdout
    assert "says: “4 matters need you”" in run.stdout
    assert "orderbell init " in run.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_goes_on_until_it_is_interrupted_and_leaves_nothing(tmp_path, number):
    with subprocess.Popen(
        [*ORDERBELL, "demo", "--language", "ja"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    ) as process:
        text = ""
        for line in process.stdout:
            text += line
            if line.startswith("引き続き監視しています"):
                break
        [address, invitation] = re.findall(r"(http://127\.0\.0\.1:\d+)/sign-in/(\S+)", text)[0]
        shown = headline(PageLink(address=address, invitation=invitation), "ja")
        process.send_signal(number)
        text += process.stdout.read()
        code = process.wait(30)

    assert (code, text.count("✓"), "紛争の判定は Invalid" in text) == (Exit.DONE, 4, True)
    assert shown == "対応が必要なもの：4件"
    assert list(tmp_path.iterdir()) == []


def test_without_its_mail_server_the_demo_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(postbox.importlib.util, "find_spec", lambda _name: None)
    answer = CliRunner().invoke(main, ["demo", "--once"], catch_exceptions=False)

    assert (answer.exit_code, answer.stderr) == (
        Exit.ERROR,
        (
            "the demo starts an IMAP server of its own and needs pymap, which is not installed; install"
            " Orderbell again, or: pipx inject orderbell pymap\n"
        ),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two three", ["one two", "three"]),
        ("猫の爪とぎ", ["猫の爪と", "ぎ"]),
        ("爪とぎ棒。", ["爪とぎ", "棒。"]),
        ("https://example", ["https://", "example"]),
        ("", [""]),
    ],
)
def test_a_message_is_broken_as_a_phone_breaks_it(text, expected):
    lines = wrapped(text, 8)

    assert lines == expected
    assert all(width(line) <= 8 for line in lines)
