import stat

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.exits import Exit
from daemon.settings import load

FLAGS = ("--non-interactive", "--no-try", "--host", "imap.example.org", "--user", "me@example.org")


@pytest.fixture
def init(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)

    def call(*words, answers=""):
        return CliRunner().invoke(main, ["init", *words], input=answers, catch_exceptions=False)

    return call


@pytest.fixture
def folder(tmp_path):
    return tmp_path / ".config" / "orderbell"


def test_flags_alone_make_a_configuration_that_is_right(init, folder):
    answer = init(
        *FLAGS, "--password-env", "P", "--ntfy", "--language", "ja", "--timezone", "Asia/Tokyo"
    )
    settings = load(folder / "config.yaml")

    assert answer.exit_code == Exit.DONE
    assert settings.mailbox().server == "imap.example.org"
    assert settings.targets[0].language == "ja"
    assert settings.timezone.key == "Asia/Tokyo"
    assert settings.alerts.critical.notify == ("everyone",)


def test_flags_that_are_missing_are_all_named(init, folder):
    answer = init("--non-interactive")

    assert (answer.exit_code, answer.stderr) == (
        Exit.USAGE,
        (
            "without questions these are needed: --provider or --host, --user, --password-file or"
            " --password-env\n"
        ),
    )
    assert not folder.exists()


def test_questions_lead_to_the_same_and_secrets_stay_with_their_owner(init, folder):
    answer = init("--no-try", answers="gmail\nme@example.org\nhunter2\nntfy\nen\nEurope/Berlin\n")
    settings = load(folder / "config.yaml")
    secret = settings.mailbox().password.file

    assert answer.exit_code == Exit.DONE
    assert "hunter2" not in answer.output
    assert secret.read_text() == "hunter2\n"
    assert "hunter2" not in (folder / "config.yaml").read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {
        0o600
    }


def test_an_answer_that_cannot_work_is_asked_for_again(init, folder):
    typed = "gmail\n32975\nme@example.org\nhunter2\nsecret\nfoo://secret\njson://127.0.0.1/bell\nen\nUTC\n"
    answer = init("--no-try", answers=typed)

    assert answer.exit_code == Exit.DONE, answer.output
    assert "'32975' is no address; write one such as me@example.org" in answer.output
    assert (
        "this is no Apprise URL; write one such as ntfy://ntfy.sh/a-long-random-topic"
        in answer.output
    )
    assert load(folder / "config.yaml").mailbox().user == "me@example.org"
    assert (folder / "secrets" / "phone-url").read_text() == "json://127.0.0.1/bell\n"


def test_a_server_of_ones_own_may_know_people_by_a_name_but_a_number_is_asked_for_again(
    init, folder
):
    answer = init(
        "--no-try", "--host", "imap.example.org", answers="32975\nanna\nhunter2\nnone\nen\nUTC\n"
    )

    assert answer.exit_code == Exit.DONE, answer.output
    assert "'32975' is no address" in answer.output
    assert load(folder / "config.yaml").mailbox().user == "anna"


def test_each_ntfy_topic_is_another_and_cannot_be_guessed(init, folder):
    topics = set()
    for _ in range(3):
        init(*FLAGS, "--password-env", "P", "--ntfy", "--force")
        topics.add((folder / "secrets" / "phone-url").read_text().strip().rsplit("/", 1)[-1])

    assert len(topics) == 3
    assert all(len(topic) >= 30 for topic in topics)


def test_a_provider_without_passwords_is_signed_in_to(init, folder):
    answer = init("--non-interactive", "--provider", "outlook", "--user", "me@outlook.com")
    box = load(folder / "config.yaml").mailbox()

    assert answer.exit_code == Exit.DONE, answer.output
    assert (box.login, box.password) == ("microsoft", None)
    assert "orderbell login main" in answer.stdout


def test_folders_are_picked_from_those_that_are_there(init, folder, dovecot):
    user = dovecot.user()
    dovecot.append(user, b"Subject: x\r\n\r\nhi\r\n", folder="Orders")
    flags = ("--host", "127.0.0.1", "--port", str(dovecot.port), "--tls", "none", "--user", user)
    typed = f"{dovecot.password}\nnone\nen\nUTC\nINBOX, Oders\nINBOX, Orders\n"
    answer = init(*flags, answers=typed)

    assert answer.exit_code == Exit.DONE, answer.output
    assert "There is no folder Oders." in answer.stderr
    assert load(folder / "config.yaml").mailbox().folders == ("INBOX", "Orders")


def test_a_configuration_is_never_lost(init, folder):
    init(*FLAGS, "--password-env", "FIRST")
    refused = init(*FLAGS, "--password-env", "SECOND")
    init(*FLAGS, "--password-env", "THIRD", "--force")

    assert refused.exit_code == Exit.ERROR
    assert "FIRST" in (folder / "config.yaml.old").read_text()
    assert "THIRD" in (folder / "config.yaml").read_text()


def test_an_unreachable_server_is_told_before_anything_is_written(init, folder):
    words = (
        "--non-interactive",
        "--host",
        "127.0.0.1",
        "--port",
        "9",
        "--tls",
        "none",
        "--user",
        "u",
    )
    answer = init(*words, "--password-env", "PATH")

    assert answer.exit_code == Exit.MAILBOX
    assert "127.0.0.1:9" in answer.stderr
    assert answer.stderr.endswith(
        "check host: and port:, and the network (--host and --port here)\n"
    )
    assert not folder.exists()


def test_a_real_server_is_logged_into_and_its_stamp_learned(init, folder, dovecot, monkeypatch):
    user = dovecot.user()
    stamped = (
        b"Authentication-Results: mx.example.net; dmarc=pass\r\nFrom: a@example.org\r\nSubject:"
        b" x\r\n\r\nhi\r\n"
    )
    dovecot.append(user, stamped)
    monkeypatch.setenv("P", dovecot.password)
    words = (
        "--non-interactive",
        "--host",
        "127.0.0.1",
        "--port",
        str(dovecot.port),
        "--tls",
        "none",
    )
    answer = init(*words, "--user", user, "--password-env", "P")

    assert answer.exit_code == Exit.DONE
    assert load(folder / "config.yaml").mailbox().stamps == ("mx.example.net",)


def test_a_time_zone_that_does_not_exist_is_told_before_anything_is_written(init, folder):
    answer = init(*FLAGS, "--password-env", "P", "--timezone", "Asia/Tokio")

    assert answer.exit_code == Exit.USAGE
    assert "no time zone 'Asia/Tokio'; did you mean 'Asia/Tokyo'?" in answer.stderr
    assert not folder.exists()


def test_a_time_zone_that_does_not_exist_is_asked_for_again(init, folder):
    answer = init(
        "--no-try",
        answers="gmail\nme@example.org\nhunter2\nntfy\nen\nEurope/Berlim\nEurope/Berlin\n",
    )

    assert answer.exit_code == Exit.DONE, answer.output
    assert load(folder / "config.yaml").timezone.key == "Europe/Berlin"


def test_a_server_of_ones_own_with_starttls_needs_its_certificate_alone(
    init, folder, dovecot, monkeypatch
):
    monkeypatch.setenv("P", dovecot.password)
    words = (
        "--non-interactive",
        "--host",
        "127.0.0.1",
        "--port",
        str(dovecot.port),
        "--tls",
        "starttls",
    )
    answer = init(
        *words,
        "--user",
        dovecot.user(),
        "--password-env",
        "P",
        "--tls-ca-file",
        str(dovecot.ca_file),
    )

    assert answer.exit_code == Exit.DONE, answer.output
    assert load(folder / "config.yaml").mailbox().tls_ca_file == dovecot.ca_file


def test_a_folder_that_does_not_exist_is_told_before_anything_is_written(
    init, folder, dovecot, monkeypatch
):
    monkeypatch.setenv("P", dovecot.password)
    words = (
        "--non-interactive",
        "--host",
        "127.0.0.1",
        "--port",
        str(dovecot.port),
        "--tls",
        "none",
    )
    answer = init(
        *words,
        "--user",
        dovecot.user(),
        "--password-env",
        "P",
        "--folder",
        "INBOX",
        "--folder",
        "Jnk",
    )

    assert answer.exit_code == Exit.MAILBOX
    assert "no folder 'Jnk'; did you mean 'Junk'?" in answer.stderr
    assert not folder.exists()
