"""A language model that may propose what a mail says: one question, one answer, nothing believed.

It is asked over the chat completions of OpenAI's API, which Ollama, llama.cpp and others speak too.
It sees lines without names, addresses and numbers, and what it answers is a proposal: the line must
be the mail's, and the phrase is tried by the rules that hold for a person's.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from daemon.http import WebError, post_json
from daemon.secrets import resolve
from daemon.settings import TeachEndpoint
from parsers.errors import OrderbellError
from parsers.gapping import is_line
from parsers.scrub import scrub_lines
from parsers.teach import TAUGHT_KINDS, Lesson, Suggestion, Teachable

LONGEST = 20_000
"""Characters of an answer that may still hold the few words asked for."""
STATUSES: Mapping[int, str] = {
    401: "it refuses the key, see teach.key in config.yaml",
    403: "it refuses the key, see teach.key in config.yaml",
    404: "it knows no such address or model, see teach.endpoint and teach.model in config.yaml",
    429: "it is asked too often, so try again later",
}
SYSTEM = """\
You help a program to read e-mail of online shops. You get numbered lines of one mail, in which
names and numbers have been replaced. Choose the one line that says what has happened, and answer
with one JSON object and nothing else:
{{"line": NUMBER, "kind": "KIND", "phrase": "TEXT"}}
KIND is one of: {kinds}.
TEXT is the line word for word, with {{order}}, {{item}}, {{parcel}}, {{amount}}, {{n}},
{{respond_by}} or {{window}} in the place of an order number, an item's title, a parcel's number, an
amount, a count, a deadline or a date of arrival. If no line says what has happened, answer
{{"line": 0}}."""
_KINDS = {kind.value: kind for kind in TAUGHT_KINDS}
Posts = Callable[..., tuple[int, bytes]]


class ModelError(OrderbellError):
    """The model gave no proposal; says why in one sentence. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuestion:
    """What would be sent: all of it is shown to who asks before it leaves."""

    of: Teachable
    lines: tuple[str, ...]
    """The suggestions' lines, scrubbed, in their order."""

    @property
    def text(self) -> str:
        return "\n".join(f"{number}. {line}" for number, line in enumerate(self.lines, start=1))


def question(of: Teachable, raw: bytes) -> ModelQuestion:
    """The lines of the mail that may be taught, without what is personal."""
    lines = [one.line for one in of.suggestions]
    return ModelQuestion(of=of, lines=scrub_lines(raw, lines))


def propose(asked: ModelQuestion, endpoint: TeachEndpoint, post: Posts = post_json) -> Lesson:
    """What the model proposes. Raises ModelError, and SecretError for a key that cannot be had."""
    where = urlsplit(endpoint.endpoint).netloc
    key = resolve(endpoint.key, what="the key of the model") if endpoint.key else ""
    body = {
        "model": endpoint.model,
        "stream": False,
        "temperature": 0,
        "response_format": {"type": "json_object"},
        "messages": [
            {"role": "system", "content": SYSTEM.format(kinds=", ".join(TAUGHT_KINDS))},
            {"role": "user", "content": asked.text},
        ],
    }
    url = f"{endpoint.endpoint.rstrip('/')}/chat/completions"
    try:
        status, answer = post(url, body, seconds=endpoint.timeout.total_seconds(), bearer=key)
    except WebError as error:
        raise ModelError(f"the model at {where} {error.what}") from None
    if status != 200:
        hint = f"; {STATUSES[status]}" if status in STATUSES else ""
        raise ModelError(f"the model at {where} answered {status}{hint}")
    found = _object(answer)
    if found is None:
        raise ModelError(f"the model at {where} answered something else than was asked for")
    return _lesson(found, asked.of, where)


def _object(answer: bytes) -> Mapping[str, Any] | None:
    """The JSON object in the message of the answer, whatever stands around it."""
    try:
        content = json.loads(answer)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not isinstance(content, str) or len(content) > LONGEST:
        return None
    return _first_object(content.rpartition("</think>")[2])


def _first_object(text: str) -> Mapping[str, Any] | None:
    _words, brace, rest = text.partition("{")
    try:
        found, _end = json.JSONDecoder().raw_decode(brace + rest)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _lesson(found: Mapping[str, Any], of: Teachable, where: str) -> Lesson:
    """The proposal as a lesson. Its gaps are taken where they fit the line as it really is, else
    our own are.
    """
    number, kind = found.get("line"), _KINDS.get(str(found.get("kind")))
    if number == 0:
        raise ModelError(f"the model at {where} finds no line that says what has happened")
    suggestion = _chosen(number, of.suggestions)
    if suggestion is None:
        raise ModelError(f"the model at {where} named a line that the mail does not have")
    if kind is None:
        raise ModelError(f"the model at {where} named a kind that there is not")
    phrase = found.get("phrase")
    fits = isinstance(phrase, str) and is_line(phrase, suggestion.line, of.page, of.language)
    return of.lesson(suggestion, kind, str(phrase) if fits else None)


def _chosen(number: object, among: Sequence[Suggestion]) -> Suggestion | None:
    if isinstance(number, bool) or not isinstance(number, int):
        return None
    return among[number - 1] if 1 <= number <= len(among) else None
