"""Answers from the phone: the button under an ntfy message writes a token to a second topic, which
we read at times.

The daemon listens nowhere, so the phone cannot reach it; both reach the ntfy server. A token is
worth something only to
the target it was made for: it is signed with that target's URL, which is a secret of the two of
them.
"""

import hmac
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from daemon.http import get

SECONDS = 10.0
LABEL = "OK"
"""Goes in a header, and means the same in every language we write."""
FIRST = "12h"
"""How far back a server is asked when it was never asked before: ntfy keeps messages so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicNews:
    """What was written to the topic since it was last read."""

    keys: tuple[str, ...]
    """Keys of the messages whose button was pressed, in that order."""
    last: str
    """Where to go on."""


def button(topic: str, key: str, target_url: str) -> str:
    """The `actions` of ntfy for one message: a button that posts the message's token to the
    topic.
    """
    return f"http, {LABEL}, {topic}, method=POST, body={_token(key, target_url)}, clear=true"


def listen(topic: str, target_url: str, *, since: str = "", seconds: float = SECONDS) -> TopicNews:
    """Read what was written since `since`. What is no token of this target is passed over. Raises
    WebError.
    """
    body = get(
        f"{topic.rstrip('/')}/json?poll=1&since={quote(since or FIRST, safe='')}", seconds=seconds
    )
    said = [one for line in body.splitlines() if (one := _message(line))]
    keys = [key for one in said if (key := _genuine(str(one.get("message", "")), target_url))]
    return TopicNews(keys=tuple(dict.fromkeys(keys)), last=str(said[-1]["id"]) if said else since)


def _message(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    is_message = (
        isinstance(found, dict)
        and found.get("event") == "message"
        and isinstance(found.get("id"), str)
    )
    return found if is_message else None


def _token(key: str, target_url: str) -> str:
    return (
        f"{key}.{hmac.new(target_url.encode(), f'ack {key}'.encode(), 'sha256').hexdigest()[:32]}"
    )


def _genuine(token: str, target_url: str) -> str | None:
    key = token.strip().rpartition(".")[0]
    return (
        key
        if key and hmac.compare_digest(token.strip().encode(), _token(key, target_url).encode())
        else None
    )
