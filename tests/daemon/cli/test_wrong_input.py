"""What goes wrong at people's hands, on the real command with a real server: one sentence, its
cure, its exit code.
"""

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from daemon.cli.exits import Exit

ORDERBELL = [sys.executable, "-c", "from daemon.cli import main; main()"]
CONFIG = """\
version: 1
mailboxes:
  - id: main
    host: {host}
    port: {port}
    tls: none
    user: {user}
    password: {{env: PASSWORD}}
    folders: [{folder}]
    authserv_ids: [mx.example.net]
timezone: Asia/Tokyo
"""
RULES_WITH_TEN_MISTAKES = """\
version: 1
disabel: [unknown-order]
disable: [dispute-judged-invald]
change:
  protection-endin: {repeat: 12h}
  protection-ending: {repeet: 12h}
rules:
  - id: One
    about: order
    when: {order.marketplace: aliexpress}
    severity: warning
    title: A
  - id: two
    about: order
    when: {order.marketplac: aliexpress}
    severity: warning
    title: B
  - id: three
    about: order
    when: {order.marketplace: alixpress}
    severity: warning
    title: C
  - id: four
    about: order
    when: {order.ship_by: {within: 3 fortnights}}
    severity: warning
    title: D
  - id: five
    about: order
    when: {order.marketplace: aliexpress}
    severity: urgent
    title: E
  - id: six
    about: ordre
    when: {order.marketplace: aliexpress}
    severity: warning
    title: F
"""
PLACED = b"""\
Authentication-Results: mx.example.net; dmarc=pass header.from=amazon.co.jp
From: "Amazon.co.jp" <auto-confirm@amazon.co.jp>
To: me@example.net
Subject: Ordered: "Blue cup..."
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <placed@example.net>
Content-Type: text/plain; charset=utf-8

Thanks for your order!

Order #
249-0000000-0000001

* Blue cup
  Quantity: 1
  900 JPY
"""


@pytest.fixture
def place(tmp_path, dovecot):
    """A folder with a configuration that is right, and the command in it."""

    class Place:
        folder = tmp_path
        state = tmp_path / "state"
        user = dovecot.user()
        env = os.environ | {"HOME": str(tmp_path), "PASSWORD": dovecot.password}

        def write(self, **changes):
            about = {
                "host": "127.0.0.1",
                "port": dovecot.port,
                "user": self.user,
                "folder": "INBOX",
            } | changes
            (tmp_path / "config.yaml").write_text(CONFIG.format(**about))

        def words(self, *words):
            return [
                *ORDERBELL,
                "--config",
                str(tmp_path / "config.yaml"),
                "--state",
                str(self.state),
                *words,
            ]

        def run(self, *words, **env):
            return subprocess.run(
                self.words(*words),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                env=self.env | env,
            )

    one = Place()
    one.write()
    dovecot.append(one.user, PLACED)
    return one


def sentences(run):
    assert "Traceback" not in run.stderr, run.stderr

    return run.stderr.splitlines()


def test_one_pass_reads_the_mailbox_and_a_second_finds_nothing_new(place):
    first, second = place.run("once", "--json"), place.run("once", "--json")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert '"mails": {"main": 1}' in first.stdout
    assert '"mails": {"main": 0}' in second.stdout
    assert "249-0000000-0000001" in place.run("orders").stdout


def test_a_dry_run_says_what_it_would_do_and_keeps_nothing(place):
    assert place.run("once", "--dry-run").returncode == Exit.DONE
    assert '"mails": {"main": 1}' in place.run("once", "--json").stdout


def test_a_missing_configuration_says_how_to_make_one(place):
    (place.folder / "config.yaml").unlink()
    run = place.run("run")

    assert (run.returncode, sentences(run)) == (
        Exit.CONFIGURATION,
        [f"{place.folder}/config.yaml: no such file; try: orderbell init"],
    )


@pytest.mark.parametrize("command", ["run", "once", "doctor"])
def test_a_broken_configuration_tells_every_fault(place, command):
    with (place.folder / "config.yaml").open("a") as file:
        file.write("pol: 5m\nbackfil: 1d\n")
    run = place.run(command)
    text = run.stdout + run.stderr

    assert run.returncode == Exit.CONFIGURATION
    assert "unknown key 'pol'; did you mean 'poll'?" in text
    assert "unknown key 'backfil'; did you mean 'backfill'?" in text


def test_an_unreachable_server_is_one_sentence(place):
    place.write(port=9)
    run = place.run("once")

    assert run.returncode == Exit.MAILBOX
    assert sentences(run) == [
        (
            "mailbox main: no connection to 127.0.0.1:9: Connection refused; check host: and port:, and"
            " the network"
        )
    ]


def test_a_wrong_password_is_one_sentence(place):
    run = place.run("once", PASSWORD="wrong")

    assert run.returncode == Exit.MAILBOX
    assert len(sentences(run)) == 1
    assert "refused the password" in run.stderr


def test_a_missing_secret_is_one_sentence_that_names_it(place):
    run = place.run("once", PASSWORD="")

    assert run.returncode == Exit.CONFIGURATION
    assert len(sentences(run)) == 1
    assert "environment variable PASSWORD is not set" in run.stderr


def test_a_folder_that_does_not_exist_is_one_sentence(place):
    place.write(folder="Oders")
    run = place.run("once")

    assert run.returncode == Exit.MAILBOX
    assert len(sentences(run)) == 1
    assert "Oders" in run.stderr


def test_after_the_cure_nothing_is_lost(place):
    for broken in ({"port": 9}, {"folder": "Oders"}):
        place.write(**broken)
        place.run("once")
    place.write()

    assert '"mails": {"main": 1}' in place.run("once", "--json").stdout


def test_a_rule_file_with_ten_mistakes_tells_all_of_them(place):
    (place.folder / "rules.yaml").write_text(RULES_WITH_TEN_MISTAKES)
    run = place.run("rules", "check")

    assert run.returncode == Exit.RULES
    assert len({line.split(":")[1] for line in sentences(run)}) == 10, run.stderr
    assert all(line.startswith(f"{place.folder}/rules.yaml:") for line in sentences(run))


def test_wrong_rules_stop_a_pass_before_it_begins(place):
    (place.folder / "rules.yaml").write_text(RULES_WITH_TEN_MISTAKES)
    run = place.run("once")

    assert run.returncode == Exit.RULES
    assert len(sentences(run)) >= 10


def test_a_state_folder_that_cannot_be_written_is_one_sentence(place):
    (place.folder / "state").write_text("a file, not a folder")
    run = place.run("once")

    assert run.returncode == Exit.LEDGER
    assert len(sentences(run)) == 1
    assert "choose a folder you can write with --state DIR" in run.stderr


def test_a_second_instance_on_one_ledger_is_refused(place):
    with subprocess.Popen(
        place.words("run"), stderr=subprocess.PIPE, text=True, env=place.env
    ) as first:
        try:
            for line in first.stderr:
                if "connected mailbox=main" in line:
                    break
            second = place.run("once")
            status = place.run("status")
            (place.folder / "rules.yaml").write_text("version: 1\ndisable: [shipped]\n")
            reload = place.run("reload")
            for line in first.stderr:
                if "files read again" in line:
                    break
        finally:
            first.send_signal(signal.SIGTERM)
        began = time.monotonic()
        first.communicate(timeout=30)

        assert first.returncode == 0
        assert time.monotonic() - began < 10
    assert second.returncode == Exit.LEDGER
    assert len(sentences(second)) == 1
    assert f"another Orderbell (process {first.pid}) already watches" in second.stderr
    assert status.returncode == Exit.DONE, status.stderr
    assert (reload.returncode, reload.stdout) == (
        Exit.DONE,
        f"process {first.pid} reads the files again\n",
    )


def test_a_reload_with_nobody_to_reload_says_so(place):
    run = place.run("reload")

    assert run.returncode == Exit.ERROR
    assert "no Orderbell watches with" in run.stderr


def test_wrong_rules_never_reach_the_running_service(place):
    (place.folder / "rules.yaml").write_text("version: 1\nrulez: []\n")
    run = place.run("reload")

    assert run.returncode == Exit.RULES
    assert "unknown key 'rulez'; did you mean 'rules'?" in run.stderr


def test_a_service_that_does_not_run_is_told_to_a_monitor(place):
    place.run("once")
    run = place.run("status")

    assert run.returncode == Exit.ERROR
    assert "the service is not running" in run.stderr


def test_a_monitor_learns_which_mailbox_is_not_heard(place):
    place.run("once")
    place.run("once", PASSWORD="wrong")
    run = place.run("status", "--json")
    told = json.loads(run.stdout)

    assert [box["id"] for box in told["mailboxes"]] == ["main"]
    assert told["mailboxes"][0]["heard_at"].endswith("+09:00")
    assert told["orders"] == 1
    assert any(
        trouble.startswith("mailbox main: ") and "password" in trouble
        for trouble in told["troubles"]
    )
    assert run.returncode != Exit.DONE


def test_a_database_of_another_program_is_left_alone(place):
    place.state.mkdir()
    path = place.state / "ledger.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    run = place.run("once")

    assert run.returncode == Exit.LEDGER
    assert len(sentences(run)) == 1
    assert "another program" in run.stderr


@pytest.mark.parametrize(
    "command", [["orders"], ["alerts"], ["watches"], ["order", "x"], ["mails", "unread"]]
)
def test_a_listing_without_a_ledger_says_how_it_begins(place, command):
    run = place.run(*command)

    assert (run.returncode, sentences(run)) == (
        Exit.LEDGER,
        [f"{place.state}/ledger.sqlite: there is no ledger yet; it begins with: orderbell once"],
    )
    assert not place.state.exists()


def test_what_one_pass_says_is_right_for_one_and_for_many(place):
    assert place.run("once").stdout == "main: 1 new mail; 1 order, 0 need you; 0 messages sent\n"


def test_a_first_run_in_a_terminal_shows_how_far_it_is(place, dovecot):
    dovecot.burst(place.user, [b"From: a@example.org\r\nSubject: x\r\n\r\nhi\r\n"] * 300)
    terminal, ours = pty.openpty()
    try:
        subprocess.run(
            place.words("once"),
            stdout=subprocess.DEVNULL,
            stderr=ours,
            timeout=60,
            check=True,
            env=place.env,
        )
        shown = os.read(terminal, 4096).decode()
    finally:
        os.close(terminal)
        os.close(ours)

    assert "301/301" in shown
    assert "main, INBOX" in shown
