import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.exits import Exit
from daemon.queries.stamps import stamp_shares
from daemon.service.doctor import CheckResult, unlisted_codes
from daemon.store.store import FILE, Store
from tests.servers import fake_imap, sample_mail

CONFIG = """\
version: 1
mailboxes:
  - id: main
    host: 127.0.0.1
    port: {port}
    tls: none
    user: {user}
    password: {secret}
    folders: [{folder}]
    {more}
targets:
  - {{id: phone, url: {{env: PHONE_URL}}}}
"""
STAMPED = (
    b"Authentication-Results: mx.example.net; dmarc=pass\r\nFrom: a@example.org\r\nSubject:"
    b" x\r\n\r\nhi\r\n"
)


@pytest.fixture
def doctor(tmp_path, monkeypatch, dovecot, http_sink):
    """A set-up that is right, and ways to break it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PHONE_URL", f"json://127.0.0.1:{http_sink.port}/")
    monkeypatch.setenv("PASSWORD", dovecot.password)
    user = dovecot.user()
    dovecot.append(user, STAMPED)
    dovecot.append(user, STAMPED, folder="Orders")

    def call(
        *words,
        port=dovecot.port,
        user=user,
        folder="INBOX",
        secret="{env: PASSWORD}",
        more="authserv_ids: [mx.example.net]",
    ):
        (tmp_path / "c.yaml").write_text(
            CONFIG.format(port=port, user=user, folder=folder, secret=secret, more=more)
        )
        (tmp_path / "state").mkdir(exist_ok=True)
        options = [
            "--config",
            str(tmp_path / "c.yaml"),
            "--state",
            str(tmp_path / "state"),
            "doctor",
            *words,
        ]
        return CliRunner().invoke(main, options, catch_exceptions=False)

    return call


def lines(answer, about):
    return [line for line in answer.stdout.splitlines() if line[6:].startswith(about)]


def test_a_set_up_that_is_right_is_told_so_and_a_test_message_goes_out(doctor, http_sink):
    answer = doctor()

    assert answer.exit_code == Exit.DONE, answer.output
    assert "BAD" not in answer.stdout
    assert len(http_sink.requests) == 1


def test_no_message_goes_out_when_none_is_wanted(doctor, http_sink):
    answer = doctor("--no-message")

    assert (answer.exit_code, len(http_sink.requests)) == (Exit.DONE, 0)


def test_a_wrong_password_is_told_with_its_cure(doctor, monkeypatch):
    monkeypatch.setenv("PASSWORD", "wrong")
    answer = doctor("--no-message")

    assert answer.exit_code == Exit.MAILBOX
    assert lines(answer, "mailbox main")[0].startswith("BAD")
    assert "refused the password" in answer.stdout


def test_a_server_that_is_not_there_is_told_and_the_rest_is_still_looked_at(doctor):
    answer = doctor("--no-message", port=9)

    assert answer.exit_code == Exit.MAILBOX
    assert lines(answer, "target phone")[0].startswith("ok")


def test_a_misspelt_folder_gets_a_suggestion(doctor):
    answer = doctor("--no-message", folder="Oders")

    assert answer.exit_code == Exit.MAILBOX
    assert "no folder 'Oders'; did you mean 'Orders'?" in answer.stdout


def test_who_stamps_the_mail_is_learned_from_the_mail(doctor):
    answer = doctor("--no-message", more="authserv_ids: []")

    assert answer.exit_code == Exit.DONE
    assert "authserv_ids: [mx.example.net]" in answer.stdout


def test_a_stamp_nobody_writes_is_doubtful(doctor):
    answer = doctor("--no-message", more="authserv_ids: [mx.other.net]")

    assert "no mail is stamped by mx.other.net; the last were by mx.example.net" in answer.stdout


def test_a_broken_configuration_does_not_hide_broken_rules(doctor, tmp_path):
    (tmp_path / "rules.yaml").write_text("version: 1\nrulez: []\n")
    answer = doctor("--no-message", more="colour: red")

    assert answer.exit_code == Exit.CONFIGURATION
    assert lines(answer, "configuration")[0].startswith("BAD")
    assert any(line.startswith("BAD") and "rulez" in line for line in lines(answer, "rules"))


def test_a_target_that_fails_is_told_with_the_delivery_code(doctor, monkeypatch):
    monkeypatch.setenv("PHONE_URL", "json://127.0.0.1:9/")
    answer = doctor()

    assert answer.exit_code == Exit.DELIVERY
    assert lines(answer, "target phone")[0].startswith("BAD")


def test_a_schema_of_another_version_is_doubtful(doctor, tmp_path):
    (tmp_path / "rules.schema.json").write_text("{}")
    answer = doctor("--no-message")

    assert answer.exit_code == Exit.DONE
    assert any(
        line.startswith("look") and "another version" in line for line in lines(answer, "rules")
    )


def test_a_ledger_others_can_read_is_doubtful(doctor, tmp_path):
    with Store.open(tmp_path / "state" / FILE):
        (tmp_path / "state" / FILE).chmod(0o644)
    answer = doctor("--no-message")

    assert any(line.startswith("look") and "chmod 600" in line for line in lines(answer, "ledger"))


def refuses(connection, tag, rest):
    if b"BODY.PEEK[HEADER]" in rest and 2 in connection._chosen(rest.decode().split(" ")[2]):
        connection.send(tag + b" NO [SERVERBUG] this mail is damaged\r\n")
    else:
        connection._uid_fetch(tag, rest)


def hangs_up(connection, tag, rest):
    if b"BODY.PEEK[HEADER]" in rest and 2 in connection._chosen(rest.decode().split(" ")[2]):
        connection.close()
    else:
        connection._uid_fetch(tag, rest)


@pytest.mark.parametrize("fault", [refuses, hangs_up])
def test_one_mail_that_cannot_be_fetched_is_named_and_looked_past(doctor, monkeypatch, fault):
    monkeypatch.setenv("PASSWORD", fake_imap.PASSWORD)
    with fake_imap.running() as server:
        server.add(STAMPED, STAMPED, STAMPED)
        server.answers["UID FETCH"] = fault
        answer = doctor("--no-message", port=server.port, user=fake_imap.USER)

    assert answer.exit_code == Exit.DONE, answer.output
    told = [line for line in lines(answer, "mailbox main") if line.startswith("look")]
    assert len(told) == 1
    assert "UID 2 in INBOX" in told[0]


def test_what_a_helper_complained_of_is_shown_to_who_asks_alone(doctor, tmp_path):
    helper = tmp_path / "helper"
    helper.write_text("#!/bin/sh\necho 'the vault is shut, refresh_token=hunter2' >&2\nexit 9\n")
    helper.chmod(0o700)
    quiet = doctor("--no-message", secret=f"{{command: [{helper}]}}")
    verbose = doctor("--no-message", "--verbose", secret=f"{{command: [{helper}]}}")

    assert quiet.exit_code == verbose.exit_code == Exit.CONFIGURATION
    assert "helper ended with 9" in quiet.stdout
    assert "vault" not in quiet.stdout
    assert "the vault is shut" in verbose.stdout
    assert "hunter2" not in verbose.stdout


def test_each_stamp_is_told_with_its_share_of_verified_marketplace_mail(household):
    now = household.now
    for digit in range(1, 5):
        household.take(sample_mail.judged(f"810000000000000{digit}", at=now))
    forwarder = b"Authentication-Results: relay.example.net; spf=none\r\n"
    household.take(forwarder + sample_mail.judged("8100000000000009", at=now))
    library = household.paths.library()
    shares = household.ask(lambda ledger: stamp_shares(ledger, library, "main"))

    assert [str(one) for one in shares] == [
        f"{sample_mail.STAMP} verifies 5 of 5 (100 %)",
        "relay.example.net verifies 0 of 5 (0 %)",
    ]


def test_codes_that_no_pack_lists_are_told_with_how_many_mails_bear_them(household):
    for code, number in (("NEW_THING", 1), ("NEW_THING", 2), ("OTHER_THING", 3)):
        household.take(
            b"From: Amazon <donotreply@amazon.com>\r\nSubject: Zzz %d\r\n"
            b"X-Space-Notification-Type: %s\r\n\r\nZzz.\r\n" % (number, code.encode())
        )
    paths = household.paths

    (told,) = unlisted_codes(paths.files(), household.now)

    assert told.result is CheckResult.DOUBTFUL
    assert "NEW_THING (2), OTHER_THING (1)" in told.what


def test_how_well_the_reading_of_mail_is_shut_in_is_told(doctor):
    answer = doctor("--no-message")
    told = lines(answer, "reading")

    assert len(told) == 1
    assert told[0].startswith(("ok", "look"))
    assert "2 s of processor time a mail" in told[0]
    assert ("no network" in told[0]) or ("no seccomp" in told[0])
    assert ("no files" in told[0]) or ("no landlock" in told[0])
