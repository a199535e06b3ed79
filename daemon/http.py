"""One HTTP request of our own (the dead man's ping, answers from the phone, tokens, a model):
short, bounded, never sent elsewhere.
"""

import http.client
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from parsers.errors import OrderbellError

LARGEST = 1 << 20
AGENT = "Orderbell"


class WebError(OrderbellError):
    """Why there is no answer, as a verb phrase without the URL, which may be a secret: `answered
    503`.
    """


def get(url: str, *, seconds: float) -> bytes:
    """The body of a 2xx answer, at most 1 MiB. Raises WebError, at the latest after `seconds`."""
    status, body = _within(url, None, {}, seconds)
    if not 200 <= status < 300:
        raise WebError(f"answered {status}")
    return body


def post(url: str, form: Mapping[str, str], *, seconds: float) -> tuple[int, bytes]:
    """Status and body, at most 1 MiB, of what is answered to a form, be it an error. Raises
    WebError, at the latest after `seconds`.
    """
    return _within(url, urllib.parse.urlencode(form).encode(), {}, seconds)


def post_json(
    url: str, body: Mapping[str, Any], *, seconds: float, bearer: str = ""
) -> tuple[int, bytes]:
    """As `post`, for JSON. `bearer`: the key that is shown. An answer over 1 MiB is a WebError."""
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {bearer}"} if bearer else {}
    status, answer = _within(url, json.dumps(body).encode(), headers, seconds)
    if len(answer) >= LARGEST:
        raise WebError("answered more than 1 MiB")
    return status, answer


def _within(
    url: str, data: bytes | None, more: Mapping[str, str], seconds: float
) -> tuple[int, bytes]:
    if not url.lower().startswith(("https://", "http://")):
        raise WebError("is no web address; it begins with https://")
    found: list[tuple[int, bytes] | WebError] = []

    def call() -> None:
        try:
            found.append(_call(url, data, more, seconds))
        except WebError as error:
            found.append(error)

    # In a thread of its own: a time limit of a socket counts from byte to byte, and a server that
    # drips has no end.
    caller = threading.Thread(target=call, name="web", daemon=True)
    caller.start()
    caller.join(seconds)
    if not found:
        raise WebError(f"gave no answer within {seconds:.0f} s")
    if isinstance(found[0], WebError):
        raise found[0]
    return found[0]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """An address that sends us elsewhere is set up wrongly; the answer 3xx says so."""


def _call(
    url: str, data: bytes | None, more: Mapping[str, str], seconds: float
) -> tuple[int, bytes]:
    headers = {"User-Agent": AGENT, **({"Accept": "application/json"} if data else {}), **more}
    try:
        request = urllib.request.Request(url, data, headers)  # noqa: S310 - http or https, checked
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=seconds) as answer:
                return answer.status, answer.read(LARGEST)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(LARGEST)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        cause = getattr(error, "reason", error)
        if isinstance(cause, TimeoutError):
            raise WebError(f"gave no answer within {seconds:.0f} s") from None
        raise WebError(f"cannot be called ({type(cause).__name__})") from None
