import json
import os
import pty
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.exits import MEANINGS, Exit
from daemon.cli.listing import plain_columns, width
from parsers.user_yaml import parse

CONFIG = (
    "version: 1\nmailboxes:\n  - {id: main, provider: gmail, user: me@example.org, password: {env:"
    " P}}\n"
)
MAIL = "From: Someone <someone@example.org>\nTo: me@example.org\nSubject: Lunch\n\nAt noon?\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command in an empty folder, as a new user would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "STATE_DIRECTORY"):
        monkeypatch.delenv(variable, raising=False)

    def call(*words):
        return CliRunner().invoke(main, words, catch_exceptions=False)

    return call


def test_the_command_is_there_before_its_heavy_parts_are_needed():
    heavy = "pydantic ruamel sqlalchemy apprise rich imapclient lxml bs4 apscheduler"
    code = (
        f"import sys, daemon.cli; print([name for name in {heavy.split()} if name in sys.modules])"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_help_tells_every_exit_code(run):
    text = run("--help").stdout

    assert all(f"{code.value}  {meaning}" in text for code, meaning in MEANINGS.items())


def test_without_a_configuration_one_is_told_how_to_make_it(run, tmp_path):
    answer = run("config", "check")

    assert answer.exit_code == Exit.CONFIGURATION
    assert (
        answer.stderr
        == f"{tmp_path}/.config/orderbell/config.yaml: no such file; try: orderbell init\n"
    )


def test_every_fault_of_a_configuration_is_told_at_once(run, tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG + "pol: 5m\nbackfil: 1d\n")
    answer = run("--config", "c.yaml", "config", "check")

    assert answer.exit_code == Exit.CONFIGURATION
    assert answer.stderr.splitlines() == [
        "c.yaml:4:1: unknown key 'pol'; did you mean 'poll'?",
        "c.yaml:5:1: unknown key 'backfil'; did you mean 'backfill'?",
    ]


def test_the_configuration_is_shown_with_its_defaults(run, tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG)
    answer = run("--config", "c.yaml", "config", "show", "--json")
    written = run("--config", "c.yaml", "config", "show")

    assert (answer.exit_code, written.exit_code) == (Exit.DONE, Exit.DONE)
    assert json.loads(answer.stdout)["poll"] == "5m"
    assert parse(written.stdout, "shown.yaml").tree == json.loads(answer.stdout)


def test_each_mail_is_one_json_object_a_line_named_as_it_was_called(run, tmp_path):
    for name in ("a.eml", "b.eml"):
        (tmp_path / name).write_text(MAIL)
    answer = run("read", "--json", "a.eml", "b.eml")
    rows = [json.loads(line) for line in answer.stdout.splitlines()]

    assert answer.exit_code == Exit.DONE
    assert [(row["file"], row["outcome"], row["notices"]) for row in rows] == [
        ("a.eml", "foreign", []),
        ("b.eml", "foreign", []),
    ]


def test_one_file_that_cannot_be_read_does_not_hide_the_others(run, tmp_path):
    (tmp_path / "a.eml").write_text(MAIL)
    (tmp_path / "empty.eml").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    answer = run("read", "--json", "none.eml", "folder", "empty.eml", "photo.png", "a.eml")

    assert answer.exit_code == Exit.ERROR
    assert json.loads(answer.stdout.splitlines()[-1])["file"] == "a.eml"
    assert [line.split(";")[0] for line in answer.stderr.splitlines()] == [
        "none.eml: no such file",
        "folder is a folder",
        "empty.eml: the file is empty",
        (
            "photo.png: this is no mail: it does not begin with header lines such as 'From:' and"
            " 'Subject:'"
        ),
    ]


def test_a_mail_program_may_pipe_its_mail_in():
    answer = CliRunner().invoke(main, ["read", "--json", "-"], input=MAIL)

    assert json.loads(answer.stdout)["outcome"] == "foreign"


@pytest.mark.parametrize("command", ["why", "scrub"])
def test_a_file_that_is_no_mail_is_told_so_by_every_command(run, tmp_path, command):
    (tmp_path / "note.txt").write_text("Dear diary\n")
    answer = run(command, "note.txt")

    assert answer.exit_code == Exit.ERROR
    assert answer.stderr.startswith("note.txt: this is no mail")


def test_why_prints_lines_that_teach_a_pack_the_mail_when_they_are_written_where_it_says(
    run, tmp_path
):
    (tmp_path / "a.eml").write_text(
        'From: <order-update@amazon.com>\nSubject: Handed over: "Cat tree..."\nDate: Tue, 10 Mar'
        " 2026 03:04:05 +0000\nContent-Type: text/plain\n\nYour package was delivered today!\nOrder"
        " # 111-0000000-0000001\n"
    )
    (tmp_path / "c.yaml").write_text(CONFIG)

    told = run("--config", "c.yaml", "why", "a.eml").stdout.splitlines()
    start = next(place for place, line in enumerate(told) if line.startswith("To teach it"))
    pack = tmp_path / told[start].removeprefix("To teach it, write into ").rstrip(":")
    pack.parent.mkdir(parents=True)
    pack.write_text("\n".join(line.removeprefix("  ") for line in told[start + 1 : start + 3]))
    taught = json.loads(run("--config", "c.yaml", "read", "--json", "a.eml").stdout)

    kind = pack.read_text().partition(":")[0]
    assert [notice["kind"] for notice in taught["notices"]] == [kind]


def test_a_scrubbed_copy_never_overwrites(run, tmp_path):
    (tmp_path / "a.eml").write_text(MAIL)
    (tmp_path / "kept.eml").write_text("mine")
    answer = run("scrub", "a.eml", "-o", "kept.eml")

    assert (answer.exit_code, (tmp_path / "kept.eml").read_text()) == (Exit.ERROR, "mine")


def test_an_unknown_mailbox_is_named_with_a_suggestion(run, tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG)
    (tmp_path / "a.eml").write_text(MAIL)
    answer = run("--config", "c.yaml", "read", "--mailbox", "mian", "a.eml")

    assert (answer.exit_code, answer.stderr) == (
        Exit.USAGE,
        "no mailbox 'mian' in the configuration; did you mean 'main'?\n",
    )


def test_an_unknown_command_is_a_usage_error(run):
    assert run("raed").exit_code == Exit.USAGE


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_learn_to_complete(run, shell):
    answer = run("completion", shell)

    assert answer.exit_code == Exit.DONE
    assert "_ORDERBELL_COMPLETE" in answer.stdout


def on_a_terminal(words, **env):
    """What the command prints when a person is there to see it."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", "from daemon.cli import main; main()", *words],
        stdout=slave,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "200"} | env,
    ) as process:
        os.close(slave)
        said = b""
        while True:
            try:
                said += os.read(master, 65536)
            except OSError:  # the other end is closed
                break
        process.wait(60)
    os.close(master)
    return said.decode()


def test_a_terminal_gets_a_table_in_colour_unless_it_wants_none():
    colour, plain = re.compile(r"\x1b\[[0-9;]*3[0-7]m"), {"NO_COLOR": "1"}

    assert colour.search(on_a_terminal(["rules", "list"]))
    assert not colour.search(on_a_terminal(["rules", "list"], **plain))


def test_a_reader_that_goes_away_is_no_defect():
    code = "from daemon.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "rules", "schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.read(10)
        process.stdout.close()
        said = process.stderr.read()

    assert said == ""


def test_columns_stay_straight_under_wide_signs():
    lines = plain_columns([["ITEM", "X"], ["猫の爪とぎ", "1"], ["cafe\u0301", "2"]])

    assert [width(line) for line in lines] == [13, 13, 13]


def test_a_mail_forwarded_from_another_mailbox_of_the_configuration_is_ones_own(run, tmp_path):
    users = ("ann@example.org", "me@example.org")
    boxes = [
        f"  - {{id: m{n}, provider: gmail, user: {user}, password: {{env: P}}}}\n"
        for n, user in enumerate(users)
    ]
    (tmp_path / "c.yaml").write_text("version: 1\nmailboxes:\n" + "".join(boxes))
    (tmp_path / "a.eml").write_text(
        "From: Ann <ann@example.org>\nTo: me@example.org\nSubject: Fwd: AliExpress Dispute Order\n"
        "Date: Tue, 10 Mar 2026 03:04:05 +0000\nContent-Type: text/plain\n\n"
        "---------- Forwarded message ---------\n"
        "From: AliExpress <transaction@notice.aliexpress.com>\n"
        "Date: Mon, 9 Mar 2026 at 20:09\nSubject: AliExpress Dispute Order\n"
        "To: <me@example.org>\n\nOrder number: 8100000000000001\nJudgement from AE: Valid\n"
    )

    answer = run("--config", "c.yaml", "read", "--json", "--mailbox", "m1", "a.eml")

    told = json.loads(answer.stdout)
    assert told["trust"] == "forwarded"
    assert [one["fields"] for one in told["notices"]] == [{"judgement": "valid"}]
