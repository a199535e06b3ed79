import time

import pytest

from daemon.service.ping import ping
from tests.servers.sink import Reply, Sink


def test_a_good_cycle_is_told_to_the_switch(http_sink):
    assert ping(f"http://{http_sink.host}/abc-123") is None

    (request,) = http_sink.requests
    assert (request.method, request.path) == ("GET", "/abc-123")
    assert request.headers["user-agent"] == "Orderbell"


@pytest.mark.parametrize(
    ("reply", "words"),
    [(Reply(status=404), "404"), (Reply(status=503), "503"), (Reply(cut=True), "cannot be called")],
)
def test_a_switch_that_does_not_take_it_says_so_without_its_url(http_sink, reply, words):
    http_sink.plan.append(reply)

    assert words in (ping(f"http://{http_sink.host}/abc-123") or "")


def test_a_redirect_is_not_followed(http_sink):
    with Sink() as elsewhere:
        http_sink.plan.append(Reply(status=302, headers={"Location": f"http://{elsewhere.host}/"}))

        assert "302" in (ping(f"http://{http_sink.host}/abc-123") or "")
        assert elsewhere.requests == ()


@pytest.mark.parametrize("reply", [Reply(hang=30), Reply(drip=0.2)], ids=["hangs", "drips"])
def test_a_switch_that_never_ends_holds_nothing_up(http_sink, reply):
    http_sink.plan.append(reply)
    started = time.monotonic()

    assert ping(f"http://{http_sink.host}/abc-123", seconds=1.0)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/y", "hc-ping.com/abc", "", "http://[", "http://a b/"]
)
def test_what_is_no_web_address_is_one_sentence(url):
    assert ping(url)


def test_nobody_there_is_one_sentence():
    assert (
        ping("http://127.0.0.1:9/abc-123")
        == "the ping URL cannot be called (ConnectionRefusedError)"
    )
