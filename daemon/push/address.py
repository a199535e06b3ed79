"""Apprise URLs: what is refused before Apprise sees it, and the options a message adds."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from daemon.push.answers import button
from daemon.push.delivery import Delivery

CONNECT = 10
READ = 20
"""Seconds. Apprise waits four, and then calls a slow server that has the message a failure."""

PRIORITIES: Mapping[str, Mapping[str, str]] = {
    # What each service calls it; its type (colour, icon) makes no phone ring.
    "ntfy": {"critical": "max", "warning": "high", "info": "default"},
    "pover": {
        "critical": "high",
        "warning": "normal",
        "info": "moderate",
    },  # its "low" shows nothing at all
    "gotify": {"critical": "emergency", "warning": "high", "info": "normal"},
    "prowl": {"critical": "emergency", "warning": "high", "info": "normal"},
    "join": {"critical": "emergency", "warning": "high", "info": "normal"},
}
NATIVE = {"ntfy.sh": "ntfy", "api.pushover.net": "pover"}
"""Pages of a service that Apprise takes as its URL."""
CLICKS = {"ntfy": "click", "pover": "url"}
"""What a service calls the page that a tap opens."""
LINK = re.compile(r"https://\S+")
MONTHLY = {"line": 200}
"""Messages a month a service takes for nothing; after that it takes none."""
RECIPIENT = re.compile(r"/[UCR][0-9a-f]{32}(?![0-9a-f])")
"""Whom LINE counts one by one."""
MACHINES = ("json", "xml", "form")
"""Read by programs: the type field says how bad it is, and a header carries the key of the
message.
"""
MARKS = {"critical": "🔴 ", "warning": "🟠 ", "info": ""}
"""Before the title where a service knows no priority."""


def refuse(url: str) -> str | None:
    """Why this URL cannot be used, in one sentence without the URL, or None. Asks no network and no
    Apprise.
    """
    scheme, _, rest = url.strip().partition("://")
    if not rest:
        return "is no Apprise URL; write one such as ntfy://ntfy.sh/a-long-random-topic"
    if re.search(r"[\s,]\s*\w+://", url.strip()):
        return "holds more than one URL; make each its own target"
    options = _options(url)
    if "optional" in options:
        return "says optional=, which would hide failures; take it out"
    if "retry" in options or "wait" in options:
        return (
            "says retry= or wait=, which can deliver twice; take it out, Orderbell tries again by"
            " itself"
        )
    if scheme.lower() == "tgram" and not re.match(r"[^/?]+/+[^/?]+", rest):
        return "names no Telegram chat; write tgram://bot-token/chat-id"
    return None


def service(url: str) -> str:
    """The service's schema without its TLS letter: ntfys:// and ntfy:// are both ntfy."""
    scheme, _, rest = url.strip().partition("://")
    scheme = scheme.lower()
    if scheme in ("http", "https"):
        return NATIVE.get(re.split(r"[/:?]", rest.rpartition("@")[2])[0].lower(), scheme)
    bare = scheme.removesuffix("s")
    return bare if bare in (*PRIORITIES, *MACHINES) else scheme


def dress(delivery: Delivery) -> str:
    """The target's URL for this message: patience, priority, key, button and link added, its
    owner's words kept.
    """
    url, options, kind = delivery.url.strip(), _options(delivery.url), service(delivery.url)
    added = {"cto": str(CONNECT), "rto": str(READ)}
    if kind in PRIORITIES:
        added["priority"] = PRIORITIES[kind][delivery.severity]
    if kind in MACHINES:
        added["+Idempotency-Key"] = delivery.key
    if kind == "ntfy" and delivery.topic:
        added["actions"] = button(delivery.topic, delivery.key, url)
    link = LINK.search(delivery.body) if delivery.click else None
    if link and kind in CLICKS:
        added[CLICKS[kind]] = link[0]
    words = "&".join(
        f"{quote(name, safe='+')}={quote(value, safe='')}"
        for name, value in added.items()
        if name not in options
    )
    if not words:
        return url
    return f"{url}{'&' if '?' in url else '?'}{words}"


def monthly(url: str) -> int | None:
    """How many messages a month this URL's service takes for nothing, as far as that is limited."""
    limit = MONTHLY.get(service(url))
    return None if limit is None else limit // max(1, len(RECIPIENT.findall(url.partition("?")[0])))


def mark(url: str, severity: str) -> str:
    """What goes before the title so that a severity can be told where the service itself cannot
    show it.
    """
    return "" if service(url) in (*PRIORITIES, *MACHINES) else MARKS[severity]


def _options(url: str) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in parse_qsl(url.partition("?")[2], keep_blank_values=True)
    }
