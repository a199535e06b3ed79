"""`orderbell login` as it is typed, against a provider on loopback that answers as RFC 8628 and
6749 say.
"""

import json
import os
import stat
import subprocess
import sys
import threading
import urllib.parse
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from daemon.cli.exits import Exit
from daemon.store.store import Store
from tests.servers.sink import Sink

ORDERBELL = [sys.executable, "-c", "from daemon.cli import main; main()"]
PENDING = (400, {"error": "authorization_pending"})
CODE = (
    200,
    {
        "device_code": "d-1",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://login.example.org/device",
        "interval": 0.05,
        "expires_in": 60,
    },
)
GRANT = (
    200,
    {"access_token": "a-1", "refresh_token": "r-1", "token_type": "Bearer", "expires_in": 0.001},
)
OVER = (400, {"error": "invalid_grant", "error_description": "The refresh token has been revoked."})


class Provider(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.forms = [], []

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()

    def urls(self):
        base = f"http://127.0.0.1:{self.server_port}"
        return ("--device-url", f"{base}/device", "--token-url", f"{base}/token")


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.forms.append((self.path, dict(urllib.parse.parse_qsl(text))))
        status, answer = (
            self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        )
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def provider():
    with Provider() as server:
        yield server


@pytest.fixture
def place(tmp_path):
    """A configuration with a mailbox that is signed in to, and a phone."""
    with Sink() as sink:
        (tmp_path / "url").write_text(f"json://{sink.host}/")
        (tmp_path / "url").chmod(0o600)
        (tmp_path / "c.yaml").write_text(
            "version: 1\nmailboxes: [{id: main, provider: outlook, user: me@outlook.com, login:"
            f" microsoft}}]\ntargets: [{{id: phone, url: {{file: {tmp_path}/url}}}}]\n"
        )

        def run(*words):
            places = ("--config", str(tmp_path / "c.yaml"), "--state", str(tmp_path / "state"))
            return subprocess.run(
                [*ORDERBELL, *places, *words],
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
                env={**os.environ, "HOME": str(tmp_path)},
            )

        run.sink, run.state = sink, tmp_path / "state"
        yield run


def test_a_code_typed_in_a_browser_signs_in(place, provider):
    provider.answers = [CODE, PENDING, PENDING, GRANT]
    done = place("login", "main", "--client-id", "app-1", *provider.urls())
    token = place.state / "tokens" / "main.json"

    assert done.returncode == 0, done.stderr
    assert "Open https://login.example.org/device in any browser and type WDJB-MJHT" in done.stdout
    assert [path for path, _ in provider.forms] == ["/device", "/token", "/token", "/token"]
    assert provider.forms[1][1]["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code"
    assert (stat.S_IMODE(token.stat().st_mode), stat.S_IMODE(token.parent.stat().st_mode)) == (
        0o600,
        0o700,
    )
    assert json.loads(token.read_text())["refresh_token"] == "r-1"


def test_a_login_that_was_declined_is_one_sentence_and_keeps_no_file(place, provider):
    provider.answers = [CODE, PENDING, (400, {"error": "access_denied"})]
    done = place("login", "--client-id", "app-1", *provider.urls())

    assert (done.returncode, len(done.stderr.splitlines())) == (Exit.MAILBOX, 1)
    assert "start it again" in done.stderr
    assert not (place.state / "tokens").exists()


def test_a_login_that_is_over_rings_once_and_says_how_to_mend_it(place, provider):
    provider.answers = [CODE, GRANT, OVER]
    place("login", "--client-id", "app-1", *provider.urls())
    passes = [place("once") for _ in range(3)]
    [told] = place.sink.requests

    assert [one.returncode for one in passes] == [Exit.MAILBOX] * 3
    assert "orderbell login main" in told.json["message"]
    assert "r-1" not in "".join(one.stdout + one.stderr for one in passes)


def test_after_a_new_login_the_service_looks_at_once(place, provider):
    provider.answers = [OVER]
    place("once")
    provider.answers = [CODE, GRANT]
    place("login", "--client-id", "app-1", *provider.urls())

    with Store.open(place.state / "ledger.sqlite") as store, store.read() as ledger:
        assert ledger.mailboxes.due(datetime.now(UTC)) == ("main",)


def test_half_a_place_is_refused(place):
    done = place("login", "--client-id", "app-1", "--device-url", "http://127.0.0.1:9/")

    assert done.returncode == Exit.USAGE
