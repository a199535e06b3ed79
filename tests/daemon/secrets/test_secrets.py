import os
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from daemon import secrets
from daemon.secrets import SecretError, resolve
from daemon.settings import Secret

WHAT = "the password of mailbox main"


def private(path, content="hunter2\n", mode=0o600):
    path.write_text(content)
    path.chmod(mode)
    return path


def failure(secret, **kwargs):
    with pytest.raises(SecretError) as caught:
        resolve(secret, what=WHAT, **kwargs)
    assert str(caught.value).startswith(WHAT + ": ")
    assert caught.value.try_this
    return str(caught.value)


def test_a_file_of_ones_own_gives_its_first_line(tmp_path):
    path = private(tmp_path / "imap", "pässwörd with space \r\nuser: me\n")

    assert resolve(Secret(file=path), what=WHAT) == "pässwörd with space "


def test_a_file_is_found_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    private(tmp_path / "imap")

    assert resolve(Secret(file=Path("~/imap")), what=WHAT) == "hunter2"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o777])
def test_a_file_that_others_can_touch_is_refused_with_the_command_that_helps(tmp_path, mode):
    path = private(tmp_path / "imap", mode=mode)

    assert f"chmod 600 {path}" in failure(Secret(file=path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path):
    path = private(tmp_path / "imap")
    os.chown(path, 12_345, -1)

    assert "another user" in failure(Secret(file=path))


def test_what_is_no_ordinary_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)

    assert "no ordinary file" in failure(Secret(file=tmp_path / "pipe"))
    assert "no ordinary file" in failure(Secret(file=tmp_path / "folder"))


def test_a_missing_empty_binary_or_relative_file_is_one_sentence(tmp_path):
    assert "there is no file" in failure(Secret(file=tmp_path / "none"))
    assert "first line is empty" in failure(Secret(file=private(tmp_path / "empty", "\nhunter2")))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "binary").chmod(0o600)
    assert "no text" in failure(Secret(file=tmp_path / "binary"))
    assert "whole path" in failure(Secret(file=Path("imap")))


def test_a_credential_of_systemd_is_read_from_its_folder(tmp_path):
    private(tmp_path / "imap-main", mode=0o440)
    given = {"CREDENTIALS_DIRECTORY": str(tmp_path)}

    assert resolve(Secret(credential="imap-main"), what=WHAT, environment=given) == "hunter2"
    assert "LoadCredential=imap-mian:" in failure(Secret(credential="imap-mian"), environment=given)
    assert "no name of a credential" in failure(
        Secret(credential="../imap-main"), environment=given
    )
    assert "not started by it" in failure(Secret(credential="imap-main"), environment={})


def test_an_environment_variable_gives_its_value():
    assert resolve(Secret(env="PASS"), what=WHAT, environment={"PASS": "hunter2"}) == "hunter2"
    assert "PASS is not set" in failure(Secret(env="PASS"), environment={})


def test_a_value_written_out_is_itself():
    assert resolve(Secret(value="hunter2"), what=WHAT) == "hunter2"


def test_a_command_gives_its_first_line_and_sees_no_shell(tmp_path):
    script = "import sys; print(sys.argv[1]); print('url: imap')"

    assert (
        resolve(Secret(command=(sys.executable, "-c", script, "$HOME; ls")), what=WHAT)
        == "$HOME; ls"
    )


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; sys.exit('no\\nkey')", "ended with 1; run it by hand"),
        ("pass", "first line is empty"),
        ("import os; os.write(1, b'\\xff')", "no text"),
    ],
)
def test_a_command_that_fails_says_how(script, words):
    assert words in failure(Secret(command=(sys.executable, "-c", script)))


LEAKS = (
    "refresh_token=1//0gAbCdEf-1",
    "Bearer eyJhbGciOi.eyJzdWIiOi.sig",
    "password: hunter2",
    'curl: {"access_token": "ya29.a0Ab"}',
    "mypassword=hunter2",
    "AKIAIOSFODNN7EXAMPLEKEY",
    "https://me:hunter2@example.org/x?code=1",
)


@pytest.mark.parametrize("leak", LEAKS)
def test_what_a_command_complains_of_is_told_to_nobody_but_who_asks_and_without_secrets(leak):
    script = f"import sys; sys.exit({'cannot renew: ' + leak!r})"
    with pytest.raises(SecretError) as caught:
        resolve(Secret(command=(sys.executable, "-c", script)), what=WHAT)

    assert "renew" not in str(caught.value)
    assert leak not in str(caught.value)
    assert caught.value.said.startswith("cannot renew: ")
    words = ("hunter2", "0gAbCd", "eyJz", "ya29", "IOSFODNN7")
    assert not [word for word in words if word in caught.value.said]


def test_a_command_is_named_without_its_path_and_arguments(tmp_path):
    program = tmp_path / "helper"
    program.write_text("#!/bin/sh\nexit 9\n")
    program.chmod(0o700)

    why = failure(Secret(command=(str(program), "--key", "hunter2")))

    assert "the command helper ended with 9" in why
    assert "hunter2" not in why
    assert str(tmp_path) not in why


def test_a_command_that_does_not_exist_is_one_sentence():
    assert "cannot be started: No such file" in failure(Secret(command=("no-such-program", "x")))
    with pytest.raises(ValueError, match="at least 1 item"):
        Secret(command=())


def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 1.0)
    note = tmp_path / "pid"
    script = (
        f"import os, time; pid = os.fork(); pid and open({str(note)!r}, 'w').write(str(pid));"
        " time.sleep(60)"
    )
    started = time.monotonic()

    assert "took more than 1 s" in failure(Secret(command=(sys.executable, "-c", script)))
    assert time.monotonic() - started < 5
    grandchild = Path("/proc", note.read_text(), "stat")
    while grandchild.exists() and grandchild.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() - started < 10, "a process was left behind"
        time.sleep(0.02)


def test_a_keyring_that_is_not_installed_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)

    assert "pipx inject orderbell keyring" in failure(Secret(keyring="imap-main"))


def test_a_keyring_gives_what_was_stored_for_us(monkeypatch):
    ring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})
    ring.errors = errors
    ring.get_password = lambda service, name: {("orderbell", "imap-main"): "hunter2"}.get(
        (service, name)
    )
    monkeypatch.setitem(sys.modules, "keyring", ring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)

    assert resolve(Secret(keyring="imap-main"), what=WHAT) == "hunter2"
    assert "keyring set orderbell imap-mian" in failure(Secret(keyring="imap-mian"))

    def locked(service, name):
        raise errors.KeyringError

    ring.get_password = locked
    assert "does not open" in failure(Secret(keyring="imap-main"))
