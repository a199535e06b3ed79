"""Tokens from our own login, against a real HTTP server on loopback."""

import json
import os
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from daemon.mailbox import oauth
from daemon.mailbox.errors import MailboxError, MailboxErrorKind


class TokenServer(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = []
        self.forms = []
        self.before_answer = lambda: None

    def url(self, path="/token"):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.forms.append((self.path, dict(urllib.parse.parse_qsl(text))))
        self.server.before_answer()
        status, answer, *headers = self.server.answers.pop(0)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with TokenServer() as tokens:
        thread = threading.Thread(target=tokens.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield tokens
        tokens.shutdown()
        thread.join()


@pytest.fixture
def provider(server):
    return oauth.OAuthProvider(
        device_url=server.url("/device"), token_url=server.url(), scope="mail"
    )


DEVICE = {
    "device_code": "d-1",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://login.example.org/device",
    "interval": 5,
    "expires_in": 60,
}
TOKEN = {"access_token": "a-1", "refresh_token": "r-1", "expires_in": 1000}


def grant(server, **changes):
    return oauth.Grant(
        **(
            {
                "token_url": server.url(),
                "client_id": "client",
                "client_secret": "",
                "scope": "mail",
                "refresh_token": "r-0",
                "access_token": "a-0",
                "refresh_at": 800.0,
                "expires_at": 1000.0,
            }
            | changes
        )
    )


def test_the_device_login_waits_as_it_is_told_and_brings_a_grant(server, provider):
    server.answers = [
        (200, DEVICE),
        (400, {"error": "authorization_pending"}),
        (400, {"error": "slow_down"}),
        (200, TOKEN),
    ]
    naps = []
    code = oauth.begin(provider, "client")
    found = oauth.finish(provider, code, "client", sleep=naps.append, now=lambda: 0)

    assert (code.address, code.user_code) == ("https://login.example.org/device", "ABCD-EFGH")
    assert naps == [5, 5, 10]
    assert (found.refresh_token, found.access_token, found.refresh_at, found.expires_at) == (
        "r-1",
        "a-1",
        800,
        1000,
    )
    assert server.forms[0] == ("/device", {"client_id": "client", "scope": "mail"})
    assert server.forms[1][1]["device_code"] == "d-1"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("access_denied", "declined"),
        ("expired_token", "ran out"),
        ("invalid_scope", "app password"),
    ],
)
def test_a_login_that_is_refused_says_what_to_do(server, provider, error, advice):
    server.answers = [(200, DEVICE), (400, {"error": error})]
    code = oauth.begin(provider, "client")
    with pytest.raises(MailboxError) as caught:
        oauth.finish(provider, code, "client", sleep=lambda seconds: None)

    assert caught.value.kind is MailboxErrorKind.EXPIRED_TOKEN
    assert advice in caught.value.try_this


def test_a_code_nobody_types_runs_out(server, provider):
    server.answers = [(200, DEVICE)] + [(400, {"error": "authorization_pending"})] * 12
    code = oauth.begin(provider, "client")
    with pytest.raises(MailboxError, match="ran out"):
        oauth.finish(provider, code, "client", sleep=lambda seconds: None)

    assert server.answers == []


def test_a_login_without_refresh_token_is_refused(server, provider):
    server.answers = [(200, DEVICE), (200, {"access_token": "a"})]
    code = oauth.begin(provider, "client")
    with pytest.raises(MailboxError, match="no refresh token"):
        oauth.finish(provider, code, "client", sleep=lambda seconds: None)


def test_the_token_file_is_for_its_owner_alone(server, tmp_path):
    path = tmp_path / "tokens" / "main.json"
    oauth.save(path, grant(server))

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert oauth.load(path) == grant(server)
    assert [entry.name for entry in path.parent.iterdir()] == ["main.json"]


def test_a_token_file_others_can_read_is_refused(server, tmp_path):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server))
    path.chmod(0o644)
    with pytest.raises(MailboxError, match="chmod 600"):
        oauth.load(path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"refresh_token": "x"}'])
def test_a_broken_token_file_asks_for_a_new_login(tmp_path, text):
    path = tmp_path / "main.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(MailboxError, match="orderbell login main"):
        oauth.load(path)


def test_without_a_token_file_a_login_is_asked_for(tmp_path):
    with pytest.raises(MailboxError, match="orderbell login main") as caught:
        oauth.access_token(tmp_path / "tokens" / "main.json")

    assert caught.value.kind is MailboxErrorKind.EXPIRED_TOKEN


def test_a_young_token_is_used_without_asking(server, tmp_path):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server))

    assert oauth.access_token(path, now=lambda: 799) == "a-0"
    assert server.forms == []


def test_an_old_token_is_replaced_and_the_new_refresh_token_is_on_disk_first(server, tmp_path):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server, client_secret="s"))
    server.answers = [(200, TOKEN)]
    token = oauth.access_token(path, now=lambda: 801)

    assert token == "a-1"
    assert server.forms[0][1] == {
        "grant_type": "refresh_token",
        "refresh_token": "r-0",
        "client_id": "client",
        "scope": "mail",
        "client_secret": "s",
    }
    stored = oauth.load(path)
    assert (stored.refresh_token, stored.access_token, stored.refresh_at) == ("r-1", "a-1", 1601)


def test_a_new_token_that_cannot_be_stored_is_not_used(server, tmp_path, monkeypatch):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server))
    server.answers = [(200, TOKEN)]

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(oauth.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        oauth.access_token(path, now=lambda: 801)

    assert oauth.load(path) == grant(server)
    assert not [
        entry for entry in tmp_path.iterdir() if entry.name not in ("main.json", "main.lock")
    ]


def test_a_refresh_token_that_is_not_changed_is_kept(server, tmp_path):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server))
    server.answers = [(200, {"access_token": "a-2", "expires_in": 10})]
    oauth.access_token(path, now=lambda: 2000)

    assert oauth.load(path).refresh_token == "r-0"


def test_a_token_the_server_refused_is_replaced_although_it_is_young(server, tmp_path):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server))
    server.answers = [(200, TOKEN)]

    assert oauth.access_token(path, fresh=True, now=lambda: 1) == "a-1"


def test_a_login_that_was_taken_back_asks_for_a_new_one(server, tmp_path):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server))
    server.answers = [
        (
            400,
            {"error": "invalid_grant", "error_description": "Token has been revoked.\r\nTrace: 1"},
        )
    ]
    with pytest.raises(MailboxError) as caught:
        oauth.access_token(path, now=lambda: 801)

    assert caught.value.kind is MailboxErrorKind.EXPIRED_TOKEN
    assert caught.value.permanent
    assert "Token has been revoked. Trace: 1" in caught.value.what
    assert "orderbell login main" in caught.value.try_this
    assert oauth.load(path) == grant(server)


@pytest.mark.parametrize(
    "answer",
    [
        (503, b"busy"),
        (429, b""),
        (400, {"error": "temporarily_unavailable"}),
        (200, b"<html>"),
        (200, [1]),
        (200, {}),
    ],
)
def test_a_token_server_in_trouble_does_not_end_the_login(server, tmp_path, answer):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server))
    server.answers = [answer, answer]
    with pytest.raises(MailboxError) as caught:
        oauth.access_token(path, now=lambda: 1001)

    assert not caught.value.permanent


def test_the_old_token_serves_until_it_really_ends(server, tmp_path):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server, token_url="http://127.0.0.1:9/token"))

    assert oauth.access_token(path, now=lambda: 999) == "a-0"
    with pytest.raises(MailboxError) as caught:
        oauth.access_token(path, now=lambda: 1001)
    assert caught.value.kind is MailboxErrorKind.UNREACHABLE


def test_secrets_follow_no_redirect(server, tmp_path):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server))
    server.answers = [(307, b"", ("Location", server.url("/elsewhere")))]
    with pytest.raises(MailboxError):
        oauth.access_token(path, now=lambda: 1001)

    assert [place for place, _ in server.forms] == ["/token"]


def test_secrets_do_not_travel_unencrypted(server, tmp_path):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server, token_url="http://login.example.org/token"))
    with pytest.raises(MailboxError, match="not encrypted"):
        oauth.access_token(path, now=lambda: 1001)


def test_two_at_once_refresh_one_after_the_other(server, tmp_path):
    path = tmp_path / "main.json"
    oauth.save(path, grant(server))
    server.answers = [(200, TOKEN)]
    gate = threading.Barrier(2)
    found = []

    def refresh():
        gate.wait()
        found.append(oauth.access_token(path, now=lambda: 801))

    threads = [threading.Thread(target=refresh) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == ["a-1", "a-1"]
    assert len(server.forms) == 1


def test_a_login_by_root_belongs_to_the_owner_of_the_state_folder(server, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    if os.geteuid() == 0:
        os.chown(state, 4711, 4711)
    path = state / "tokens" / "main.json"
    server.answers = [(200, {"access_token": "a-2", "expires_in": 10})]
    oauth.save(path, grant(server))
    oauth.access_token(path, fresh=True)

    owners = {one.stat().st_uid for one in (path, path.parent, path.with_suffix(".lock"))}
    assert owners == {state.stat().st_uid}
