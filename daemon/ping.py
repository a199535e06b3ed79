"""The dead man's switch: a URL that is called after every good cycle, so that silence is noticed elsewhere.

A daemon that is dead cannot alert; a service such as Healthchecks does when the calls stop.
"""

import http.client
import threading
import urllib.error
import urllib.request
from typing import Any

SECONDS = 10.0


def ping(url: str, *, seconds: float = SECONDS) -> str | None:
    """Call the URL once. None when it answered 2xx, else why not, in one sentence without the URL (it is a secret)."""
    if not url.lower().startswith(("https://", "http://")):
        return "the ping URL must begin with https://"
    found: list[str | None] = []
    # In a thread of its own: a time limit of a socket counts from byte to byte, and a server that drips has no end.
    caller = threading.Thread(target=lambda: found.append(_call(url, seconds)), name="ping", daemon=True)
    caller.start()
    caller.join(seconds)
    return found[0] if found else f"no answer within {seconds:.0f} s"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A switch that sends us elsewhere is set up wrongly; say so."""


def _call(url: str, seconds: float) -> str | None:
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "Orderbell"})  # noqa: S310 - http or https, checked
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=seconds):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return f"the ping URL answered {error.code}"
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        cause = getattr(error, "reason", error)
        return f"the ping URL cannot be called ({type(cause).__name__})"
