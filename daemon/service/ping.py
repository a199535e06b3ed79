"""The dead man's switch: a URL that is called after every good cycle, so that silence is noticed
elsewhere.

A daemon that is dead cannot alert; a service such as Healthchecks does when the calls stop.
"""

from daemon.http import WebError, get

SECONDS = 10.0


def ping(url: str, *, seconds: float = SECONDS) -> str | None:
    """Call the URL once. None when it answered 2xx, else why not, in one sentence without the URL
    (it is a secret).
    """
    try:
        get(url, seconds=seconds)
    except WebError as error:
        return f"the ping URL {error}"
    return None
