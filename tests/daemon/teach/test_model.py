"""A language model proposes: what leaves the house, and what becomes of each answer."""

import json

import pytest

from daemon.secrets import SecretError
from daemon.settings import TeachEndpoint
from daemon.teach.model import ModelError, propose, question
from parsers.pack import shipped
from parsers.reader import Context
from parsers.teach import teachable
from tests.servers import sample_mail
from tests.servers.chat_model import KEY, chat_model

ORDER = "111-0000000-0000001"
RAW = sample_mail.amazon(
    f'Order {ORDER} handed over: "Cat tree..."',
    "Dear Ann Example,",
    "Ann Example, your package LP00123456789012 was handed over to the carrier today!",
    "Questions? ann.example@shop.test or +81 90 1111 2222, 090 3333 4444",
    "See https://www.amazon.com/gp/css?token=Zz00AAbb11CCdd22&orderId=" + ORDER + " for it now",
)


@pytest.fixture(scope="module")
def of():
    context = Context(library=shipped(), authserv_ids=(sample_mail.STAMP,))
    return teachable(RAW, context)


@pytest.fixture(scope="module")
def server():
    with chat_model() as running:
        yield running


@pytest.fixture
def model(server):
    server.content, server.body, server.status = "{}", None, 200
    server.asked.clear()
    return server


@pytest.fixture
def endpoint(model, monkeypatch):
    monkeypatch.setenv("MODEL_KEY", KEY)
    return TeachEndpoint(endpoint=model.endpoint, model="small", key={"env": "MODEL_KEY"})


def number_of(of, part):
    return next(at for at, one in enumerate(of.suggestions, 1) if part in one.line)


def test_what_leaves_the_house_names_nobody_and_no_order(of, model, endpoint):
    model.content = json.dumps({"line": 1, "kind": "shipment.shipped", "phrase": "no"})
    propose(question(of, RAW), endpoint)
    [sent] = model.asked
    told = sent["messages"][1]["content"]

    assert "handed over to the carrier today!" in told
    for private in (ORDER, "Ann", "shop.test", "1111", "2222", "3333", "token", "orderId", "AAbb"):
        assert private not in told
    assert "LP00123456789012" not in told


def test_a_proposal_is_a_line_of_the_mail_with_gaps(of, model, endpoint):
    number = number_of(of, "Cat tree")
    phrase = "Order {order} handed over: {item}"
    model.content = json.dumps({"line": number, "kind": "shipment.shipped", "phrase": phrase})
    lesson = propose(question(of, RAW), endpoint)

    assert (lesson.place, lesson.phrase, lesson.kind) == ("subject", phrase, "shipment.shipped")


@pytest.mark.parametrize(
    "around",
    ["```json\n{}\n```", "<think>{{is it?</think>{}", "Sure! Here it is: {} Anything else?"],
)
def test_words_around_the_answer_do_not_matter_and_gaps_that_do_not_fit_become_ours(
    of, model, endpoint, around
):
    number = number_of(of, "Cat tree")
    found = json.dumps({"line": number, "kind": "shipment.shipped", "phrase": "Delivered: {item}"})
    model.content = around.replace("{}", found).replace("{{", "{")

    assert propose(question(of, RAW), endpoint).phrase == "Order {order} handed over: {item}"


ANSWERS = {
    "nonsense": ("I am a teapot", "answered something else than was asked for"),
    "no object": ("[1, 2]", "answered something else than was asked for"),
    "nothing": ("", "answered something else than was asked for"),
    "deep": ("[" * 10_000, "answered something else than was asked for"),
    "very long": ("{" + " " * 30_000 + "}", "answered something else than was asked for"),
    "no line": ('{"line": 0}', "finds no line that says what has happened"),
    "a line that is none": (
        '{"line": 99, "kind": "promo"}',
        "named a line that the mail does not have",
    ),
    "a line in words": ('{"line": "one"}', "named a line that the mail does not have"),
    "a kind that is none": ('{"line": 1, "kind": "mail.gist"}', "named a kind that there is not"),
}


@pytest.mark.parametrize("content", ANSWERS)
def test_an_answer_that_is_none_is_one_sentence(of, model, endpoint, content):
    model.content, told = ANSWERS[content]
    with pytest.raises(ModelError) as raised:
        propose(question(of, RAW), endpoint)

    assert str(raised.value) == f"the model at 127.0.0.1:{model.server_port} {told}"


BODIES = {
    b"": "answered something else than was asked for",
    b"<html>": "answered something else than was asked for",
    b'{"choices": []}': "answered something else than was asked for",
    b'{"choices": [{"message": {"content": null}}]}': "answered something else than was asked for",
    b" " * (1 << 20): "answered more than 1 MiB",
}


@pytest.mark.parametrize(
    "body", BODIES, ids=["empty", "a page", "no choice", "no text", "too much"]
)
def test_what_is_no_chat_completion_is_one_sentence(of, model, endpoint, body):
    model.body = body
    with pytest.raises(ModelError, match=BODIES[body]):
        propose(question(of, RAW), endpoint)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (500, "answered 500"),
        (204, "answered 204"),
        (302, "answered 302"),
        (429, "answered 429; it is asked too often"),
        (404, "knows no such address or model"),
    ],
)
def test_other_statuses_are_told(of, model, endpoint, status, told):
    model.status = status
    with pytest.raises(ModelError, match=told):
        propose(question(of, RAW), endpoint)


def test_a_wrong_key_is_told_without_the_key(of, model, endpoint, monkeypatch):
    monkeypatch.setenv("MODEL_KEY", "sk-wrong")
    with pytest.raises(ModelError, match="refuses the key") as raised:
        propose(question(of, RAW), endpoint)

    assert "sk-wrong" not in str(raised.value)


def test_a_key_that_is_not_there_is_told(of, endpoint, monkeypatch):
    monkeypatch.delenv("MODEL_KEY")
    with pytest.raises(
        SecretError, match="the key of the model: the environment variable MODEL_KEY"
    ):
        propose(question(of, RAW), endpoint)


def test_a_model_that_does_not_answer_is_waited_for_no_longer_than_was_said(of, model, endpoint):
    model.silent.clear()
    hasty = endpoint.model_copy(update={"timeout": endpoint.timeout / 300})
    try:
        with pytest.raises(ModelError, match="gave no answer within"):
            propose(question(of, RAW), hasty)
    finally:
        model.silent.set()


def test_a_model_that_is_not_there_is_told(of):
    nobody = TeachEndpoint(endpoint="http://127.0.0.1:9/v1", model="small")
    with pytest.raises(ModelError, match=r"the model at 127\.0\.0\.1:9 cannot be called"):
        propose(question(of, RAW), nobody)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"endpoint": "127.0.0.1:11434"}, "expected an address such as http://127.0.0.1:11434/v1"),
        ({"endpoint": "ftp://example.org"}, "expected an address"),
        ({"endpoint": "http://me:secret@example.org/v1"}, "expected an address"),
        ({"endpoint": "http://[::1"}, "expected an address"),
        ({"endpoint": "http://example.org/v1", "key": {"env": "K"}}, "would show the key"),
        ({"key": "sk-made-up"}, "a secret may not stand here"),
        ({"timeout": "2h"}, "from 1s to 1h is possible"),
    ],
)
def test_a_wrong_configuration_is_told(written, told):
    with pytest.raises(ValueError, match=told):
        TeachEndpoint.model_validate({"endpoint": "http://[::1]:8080/v1", "model": "m", **written})
