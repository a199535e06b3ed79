import json
import re

import pytest

from daemon.http import WebError
from daemon.push.answers import TopicNews, listen
from tests.daemon.push.recorded import record
from tests.servers.sink import Reply

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def pressed():
    """The target's URL, and what its phone would post when the button is pressed; the message is
    really sent.
    """
    topic = "https://ntfy.example/answers-topic"
    (request,) = record("ntfy", key=KEY, topic=topic)
    target_url = f"ntfy://{request.headers['host']}/a-random-topic"
    action = re.fullmatch(
        rf"http, OK, {re.escape(topic)}, method=POST, body=(\S+), clear=true",
        request.headers["x-actions"],
    )
    return target_url, action[1]


def line(number, message, event="message"):
    return (
        json.dumps(
            {"id": f"id{number}", "time": 1_772_000_000, "event": event, "message": message}
        ).encode()
        + b"\n"
    )


def test_a_button_that_was_pressed_is_heard_once_with_where_to_go_on(http_sink, pressed):
    target_url, token = pressed
    http_sink.plan.append(Reply(body=line(1, "", "open") + line(2, token) + line(3, token)))

    heard = listen(f"http://{http_sink.host}/answers-topic", target_url)

    assert heard == TopicNews(keys=(KEY,), last="id3")
    assert http_sink.requests[0].path == "/answers-topic/json?poll=1&since=12h"


def test_reading_goes_on_where_it_ended(http_sink, pressed):
    http_sink.plan.append(Reply(body=b""))

    heard = listen(f"http://{http_sink.host}/answers-topic/", pressed[0], since="id3")

    assert heard == TopicNews(keys=(), last="id3")
    assert http_sink.requests[0].path == "/answers-topic/json?poll=1&since=id3"


def test_what_others_write_there_is_passed_over(http_sink, pressed):
    target_url, token = pressed
    forged = [
        token[:-1] + ("0" if token[-1] != "0" else "1"),
        KEY,
        f"{KEY}.",
        "",
        "hello",
        token.upper(),
    ]
    odd = [b"no json\n", b"[1]\n", b'{"event": "message"}\n', b"\xff\n"]
    http_sink.plan.append(
        Reply(body=b"".join(odd + [line(at, text) for at, text in enumerate(forged)]))
    )

    assert listen(f"http://{http_sink.host}/t", target_url).keys == ()


def test_a_token_is_worth_nothing_for_another_target(http_sink, pressed):
    http_sink.plan.append(Reply(body=line(1, pressed[1])))

    assert listen(f"http://{http_sink.host}/t", "ntfy://ntfy.example/another-topic").keys == ()


def test_a_service_without_buttons_gets_none():
    (request,) = record("Gotify", topic="https://ntfy.example/answers-topic")

    assert "answers-topic" not in str(request)


@pytest.mark.parametrize(
    ("reply", "words"), [(Reply(status=403), "answered 403"), (Reply(hang=30), "no answer within")]
)
def test_a_topic_that_cannot_be_read_says_why(http_sink, reply, words):
    http_sink.plan.append(reply)

    with pytest.raises(WebError, match=words):
        listen(f"http://{http_sink.host}/t", "ntfy://x/y", seconds=1.0)
