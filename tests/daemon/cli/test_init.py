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
    answer = init(
        "--no-try", answers="gmail\nme@example.org\nhunter2\nntfy\nen\nEurope/Berlin\n23:00-06:30\n"
    )
    settings = load(folder / "config.yaml")
    secret = settings.mailbox().password.file

    assert answer.exit_code == Exit.DONE
    assert "hunter2" not in answer.output
    assert f"{settings.quiet_hours.from_:%H:%M}-{settings.quiet_hours.to:%H:%M}" == "23:00-06:30"
    assert secret.read_text() == "hunter2\n"
    assert "hunter2" not in (folder / "config.yaml").read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {
        0o600
    }


def test_an_answer_that_cannot_work_is_asked_for_again(init, folder):
    typed = "gmail\n32975\nme@example.org\nhunter2\nsecret\nfoo://secret\njson://127.0.0.1/bell\nen\nUTC\n9pm\nnone\n"
    answer = init("--no-try", answers=typed)

    assert answer.exit_code == Exit.DONE, answer.output
    assert "'32975' is no address; write one such as me@example.org" in answer.output
    assert (
        "this is no Apprise URL; write one such as ntfy://ntfy.sh/a-long-random-topic"
        in answer.output
    )
    assert "'9pm' is no span of a day" in answer.output
    assert load(folder / "config.yaml").quiet_hours is None
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
        "check host: and port:, and the network (as flags: --host, --port)\n"
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
        answers="gmail\nme@example.org\nhunter2\nntfy\nen\nEurope/Berlim\nEurope/Berlin\n\n",
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


def test_port_and_tls_are_tried(init, folder, dovecot, monkeypatch):
    from daemon.service import account

    monkeypatch.setattr(account, "WAYS", ((9, "implicit"), (dovecot.port, "starttls")))
    monkeypatch.setenv("P", dovecot.password)
    words = ("--non-interactive", "--host", "127.0.0.1", "--user", dovecot.user())
    answer = init(*words, "--password-env", "P", "--tls-ca-file", str(dovecot.ca_file))
    box = load(folder / "config.yaml").mailbox()

    assert answer.exit_code == Exit.DONE, answer.output
    assert f"Logged in at 127.0.0.1, port {dovecot.port}, TLS starttls" in answer.output
    assert (box.port, box.tls) == (dovecot.port, "starttls")


@pytest.mark.parametrize(
    ("host", "port", "tls", "expected"),
    [
        (
            "imap.example.org",
            None,
            None,
            [(993, "implicit"), (143, "starttls"), (1143, "starttls")],
        ),
        ("imap.example.org", 1993, None, [(1993, "implicit"), (1993, "starttls")]),
        ("imap.example.org", None, "starttls", [(143, "starttls"), (1143, "starttls")]),
        ("imap.example.org", 50, "implicit", [(50, "implicit")]),
        ("127.0.0.1", 1143, None, [(1143, "implicit"), (1143, "starttls"), (1143, "none")]),
        ("localhost", None, "none", [(143, "none"), (1143, "none")]),
        ("imap.example.org", None, "none", [(143, "none")]),
    ],
)
def test_the_ways_to_a_server_are_those_that_are_given_else_the_usual_ones(
    host, port, tls, expected
):
    from daemon.service.account import ways

    assert list(ways(host, port, tls)) == expected


def test_a_failed_login_asks_again_and_nothing_typed_is_lost(init, folder, dovecot):
    user = dovecot.user()
    flags = ("--host", "127.0.0.1", "--port", str(dovecot.port), "--tls", "none", "--user", user)
    typed = f"wrong\nnone\nen\nUTC\nagain\n\n{dovecot.password}\nINBOX\n"
    answer = init(*flags, answers=typed)

    assert answer.exit_code == Exit.DONE, answer.output
    assert "refused the password" in answer.stderr
    assert "--password-file" in answer.stderr
    box = load(folder / "config.yaml").mailbox()
    assert box.user == user
    assert box.password.file.read_text() == f"{dovecot.password}\n"


def test_one_test_message_of_each_severity_is_sent(init, http_sink, tmp_path, monkeypatch):
    monkeypatch.setattr("daemon.cli.init.with_login", lambda _paths, answers, **_: answers)
    (tmp_path / "url").write_text(f"json://{http_sink.host}/\n")
    (tmp_path / "url").chmod(0o600)
    words = [word for word in FLAGS if word != "--no-try"]
    answer = init(*words, "--password-env", "P", "--url-file", str(tmp_path / "url"))

    assert answer.exit_code == Exit.DONE, answer.output
    assert "a test message of each severity was sent: critical, warning, info" in answer.output
    assert [one.json["type"] for one in http_sink.requests] == ["failure", "warning", "info"]


def test_a_mailbox_and_a_target_are_added_and_comments_stay(init, folder):
    init(*FLAGS, "--password-env", "P", "--ntfy")
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("targets:", "# mine\ntargets:"))
    mailbox = init("--add", "mailbox", "--no-try", answers="gmail\nmore@example.org\nhunter2\n")
    target = init("--add", "target", "--no-try", "--non-interactive", "--ntfy")
    settings = load(config)

    assert (mailbox.exit_code, target.exit_code) == (Exit.DONE, Exit.DONE), mailbox.output
    assert [box.id for box in settings.mailboxes] == ["main", "gmail"]
    assert [target.id for target in settings.targets] == ["phone", "phone-2"]
    assert settings.notify["everyone"] == ("phone", "phone-2")
    assert "# mine" in config.read_text()
    assert (folder / "secrets" / "imap-gmail").read_text() == "hunter2\n"


def test_what_is_added_twice_is_refused_and_nothing_to_add_to_is_told(init, folder):
    words = ("--add", "target", "--non-interactive", "--no-try", "--ntfy")
    assert "try: orderbell init" in init(*words).stderr
    init(*FLAGS, "--password-env", "P", "--ntfy")
    answer = init(*words, "--name", "phone")

    assert (answer.exit_code, "--name" in answer.stderr) == (Exit.USAGE, True)


def test_init_asks_in_the_language_of_the_terminal(init, folder, monkeypatch):
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    answer = init("--no-try", answers="gmail\nx\nme@example.org\nhunter2\nntfy\n\nAsia/Tokyo\n\n")

    assert answer.exit_code == Exit.DONE, answer.output
    assert "通知を止める時間帯" in answer.output
    assert "'x' はメールアドレスではありません" in answer.output
    assert load(folder / "config.yaml").targets[0].language == "ja"
