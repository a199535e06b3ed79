"""One HTTP request of our own (the dead man's ping, answers from the phone): short, bounded, never
sent elsewhere.
"""

import http.client
import threading
import urllib.error
import urllib.request
from typing import Any

LARGEST = 1 << 20
AGENT = "Orderbell"


class WebError(Exception):
    """Why there is no answer, as a verb phrase without the URL, which may be a secret: `answered
    503`.
    """


def get(url: str, *, seconds: float) -> bytes:
    """The body of a 2xx answer, at most 1 MiB. Raises WebError, at the latest after `seconds`."""
    if not url.lower().startswith(("https://", "http://")):
        raise WebError("is no web address; it begins with https://")
    found: list[bytes | WebError] = []

    def call() -> None:
        try:
            found.append(_call(url, seconds))
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


def _call(url: str, seconds: float) -> bytes:
    try:
        request = urllib.request.Request(url, headers={"User-Agent": AGENT})  # noqa: S310 - http or https, checked
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=seconds) as answer:
            body: bytes = answer.read(LARGEST)
            return body
    except urllib.error.HTTPError as error:
        error.close()
        raise WebError(f"answered {error.code}") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        cause = getattr(error, "reason", error)
        raise WebError(f"cannot be called ({type(cause).__name__})") from None
