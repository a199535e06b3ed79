"""The page on a real socket, under those who are slow, many, or curious; and addresses that cannot be
had.
"""

import http.client
import socket
import sqlite3
import time
from contextlib import ExitStack, closing

import pytest

from daemon.cli.exits import Exit
from daemon.settings import Web
from daemon.web import server as served
from daemon.web.server import PageServer, PortError
from tests.daemon.web.visits import Visits


@pytest.fixture(scope="module")
def place(tmp_path_factory, sample):
    """The address of a served page, whose patience is a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(served, "REQUEST_SECONDS", 1.0)
        visits = Visits(sample.household, listen="127.0.0.1:0")
        page = PageServer(visits.site)
        page.start()
        host, _, port = page.address.removeprefix("http://").partition(":")
        yield host, int(port)
        page.close()
        visits.close()


def ask(place, path="/healthz", **headers):
    with closing(http.client.HTTPConnection(*place, timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def said_to(place, *parts: bytes, seconds=10.0) -> bytes:
    """What comes back for raw bytes, until the page hangs up."""
    with socket.create_connection(place, timeout=seconds) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while more := connection.recv(65536):
            answer += more
        return answer


def test_a_client_that_drips_its_request_is_hung_up_on_and_others_are_served(place):
    with ExitStack() as slow:
        drips = [slow.enter_context(socket.create_connection(place, timeout=10)) for _ in range(20)]
        for one in drips:
            one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        began = time.monotonic()
        assert ask(place)[0] == 200
        assert time.monotonic() - began < 5
        for one in drips:
            assert one.recv(100) == b""


def test_a_body_that_does_not_come_is_answered_with_408(place, monkeypatch):
    monkeypatch.setattr("daemon.web.shield.BODY_SECONDS", 0.3)
    head = (
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\npassw"
    )

    assert said_to(place, head).startswith(b"HTTP/1.1 408")


def test_200_connections_at_once_are_all_answered(place):
    with ExitStack() as many:
        clients = [
            many.enter_context(closing(http.client.HTTPConnection(*place, timeout=30)))
            for _ in range(200)
        ]
        for one in clients:
            one.connect()
        for one in clients:
            one.request("GET", "/healthz")
        assert {one.getresponse().status for one in clients} == {200}


def test_more_connections_than_it_holds_close_the_oldest_idle_one(place, monkeypatch):
    monkeypatch.setattr(served, "MOST_CONNECTIONS", 30)
    with ExitStack() as many:
        idle = [many.enter_context(socket.create_connection(place, timeout=10)) for _ in range(40)]
        assert ask(place)[0] == 200
        assert idle[0].recv(100) == b""


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 421),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421),
        (b"GET /../../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 404),
        (b"GET /orders/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 404),
        (b"GET /%00 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 404),
        (b"BREW / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 404),
        (b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10485760\r\n\r\n", 413),
        (b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 70_000, 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ],
)  # fmt: skip
def test_a_request_that_is_a_trick_is_refused_and_tells_nothing(place, raw, status):
    answer = said_to(place, raw)

    assert answer.split()[1] == str(status).encode(), answer[:300]
    assert b"root:" not in answer
    assert b"Traceback" not in answer


def test_ten_megabytes_in_pieces_are_cut_off(place):
    head = (
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with socket.create_connection(place, timeout=10) as connection:
        connection.sendall(head)
        try:
            for _ in range(160):
                connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        except OSError:
            pass
        try:
            answer = connection.recv(4096)
        except ConnectionError:
            answer = b""

    assert answer[:12] in (b"HTTP/1.1 413", b"")
    assert ask(place)[0] == 200


def test_a_port_in_use_is_a_sentence_that_says_what_to_do(sample):
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        taken = Visits(sample.household, listen=f"127.0.0.1:{port}")
        try:
            with pytest.raises(PortError) as told:
                PageServer(taken.site)
        finally:
            taken.close()
        answer = sample.household.call("web", "--listen", f"127.0.0.1:{port}")

    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in str(told.value)
    assert answer.exit_code == Exit.ERROR
    assert "choose another with web: listen" in answer.stderr


def test_a_page_for_the_whole_network_needs_a_lock(sample):
    answer = sample.household.call("web", "--listen", "0.0.0.0:8470")

    assert answer.exit_code == Exit.CONFIGURATION, answer.stderr
    assert "lets the whole network in; add password" in answer.stderr


def test_the_socket_is_its_owners_alone_and_a_dead_one_is_replaced(sample, tmp_path):
    path = tmp_path / "page.sock"
    for _ in range(2):
        visits = Visits(sample.household, listen=f"unix:{path}")
        page = PageServer(visits.site)
        assert path.stat().st_mode & 0o777 == 0o600
        page.start()
        with closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.settimeout(10)
            connection.connect(str(path))
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        page._path = None  # as if it had died and left its socket behind
        page.close()
        visits.close()
    assert Web.model_validate({"listen": f"unix:{path}"}).local


@pytest.fixture
def newer(fresh):
    """The ledger as a newer version would leave it, under a page that runs."""
    path = fresh.household.paths.state / "ledger.sqlite"

    def marked(revision):
        with closing(sqlite3.connect(path)) as raw:
            [before] = raw.execute("SELECT version_num FROM alembic_version").fetchone()
            raw.execute("UPDATE alembic_version SET version_num = ?", (revision,))
            raw.commit()
        return before

    before = marked("9999")
    yield fresh
    marked(before)


def test_a_ledger_that_a_newer_version_took_over_is_told(newer):
    shown, asked = newer.me.get("/"), newer.me.get("/api/v1/orders")
    pressed = newer.me.post("/undo", data={"number": "1"})
    started = newer.household.call("web", "--listen", "127.0.0.1:0")

    assert [one.status_code for one in (shown, asked, pressed)] == [503, 503, 503]
    for text in (shown.text, asked.json()["detail"], pressed.text, started.stderr):
        assert "was written by a newer Orderbell" in text
        assert "use the newer version again" in text
    assert started.exit_code == Exit.LEDGER
