"""What Apprise really sends for each service we name: `python -m tests.daemon.push.recorded` prints
it for review.

The real plugin, the real HTTP; where a URL cannot point to loopback, the one class attribute that
holds the service's
address is turned to the sink.
"""

import importlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any
from unittest import mock

from daemon.push.handler import serve
from tests.servers.mail_sink import MailSink
from tests.servers.sink import Reply, Request, Sink

DELIVERY = {
    "target": "review",
    "title": "AliExpress decided against you: <b>Mug</b> @everyone\r\nX-Injected: 1",
    "body": "Order 8100000000000001 · [Mug](https://shop.example/x) · JPY 1,280\n"
    "Appeal once, until Thu 5 Mar 18:00 (2 d 4 h).\n<!channel> <@U123> `code` & more\u202e",
    "severity": "critical",
    "key": "dispute-judged-invalid/1/firing",
}
"""A message with everything in it that a mail could smuggle into one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    url: str
    """With {host} where it can point to the sink."""
    attribute: str = ""
    """`module:Class.attribute` that holds the service's address."""
    value: str = ""
    """What it is set to; {host} is the sink."""
    reply: bytes = b"{}"


SERVICES: Mapping[str, Service] = {
    "ntfy": Service(url="ntfy://{host}/a-random-topic"),
    "Pushover": Service(
        url="pover://uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        attribute="apprise.plugins.pushover:NotifyPushover.notify_url",
        value="http://{host}/1/messages.json",
        reply=b'{"status": 1}',
    ),
    "Gotify": Service(url="gotify://{host}/Axxxxxxxxxxxxxx"),
    "Slack": Service(
        url="slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        attribute="apprise.plugins.slack:NotifySlack.webhook_url",
        value="http://{host}/services",
        reply=b"ok",
    ),
    "Discord": Service(
        url="discord://100000000000000001/Axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        attribute="apprise.plugins.discord:NotifyDiscord.notify_url",
        value="http://{host}/api/webhooks",
    ),
    "Telegram": Service(
        url="tgram://123456789:abcdefghijklmnopqrstuvwxyz012345678/100001",
        attribute="apprise.plugins.telegram:NotifyTelegram.notify_url",
        value="http://{host}/bot",
        reply=b'{"ok": true}',
    ),
    "LINE": Service(
        url="line://channel-token-that-is-long/U00000000000000000000000000000001",
        attribute="apprise.plugins.line:NotifyLine.notify_url",
        value="http://{host}/v2/bot/message/push",
    ),
    "web hook": Service(url="json://{host}/hook"),
}
MAIL = (
    "mailto://me:secret@{host}?smtp=127.0.0.1&from=bell@example.org&to=me@example.org&mode=insecure"
)


@contextmanager
def pointed(service: Service, host: str) -> Iterator[str]:
    """The service's Apprise URL, its plugin talking to `host` for as long as the block runs."""
    with ExitStack() as patches:
        if service.attribute:
            module, _, name = service.attribute.partition(":")
            owner, _, attribute = name.partition(".")
            plugin = getattr(importlib.import_module(module), owner)
            patches.enter_context(
                mock.patch.object(plugin, attribute, service.value.format(host=host))
            )
        yield service.url.format(host=host)


def record(name: str, **changes: Any) -> tuple[Request, ...]:
    """The requests that one delivery makes at the service called `name`."""
    service = SERVICES[name]
    with Sink(Reply(body=service.reply)) as sink, pointed(service, sink.host) as url:
        answer = serve({**DELIVERY, "url": url, **changes})
        if answer.outcome != "sent":
            raise AssertionError(f"{name}: {answer}")
        return sink.requests


def record_mail(**changes: str) -> bytes:
    """The mail that one delivery becomes."""
    with MailSink() as sink:
        answer = serve({**DELIVERY, "url": MAIL.format(host=sink.host), **changes})
        if answer.outcome != "sent":
            raise AssertionError(answer)
        return sink.mails[0]


def shown(request: Request) -> str:
    """What of a request matters to a reader, invisible characters written out."""
    ordinary = ("host", "accept", "accept-encoding", "connection", "content-length", "content-type")
    headers = [
        f"{name}: {value}" for name, value in request.headers.items() if name not in ordinary
    ]
    try:
        payload = json.dumps(request.json, ensure_ascii=False, indent=1)
    except ValueError:
        payload = request.body.decode()
    written = payload.replace("\u200b", "␣zw␣").replace("\u2024", "␣dot␣")
    return "\n".join([f"{request.method} {request.path}", *headers, "", written])


def main() -> None:
    for name in SERVICES:
        print(f"### {name}\n")
        for request in record(name):
            print(f"```\n{shown(request)}\n```\n")
    mail = message_from_bytes(record_mail(), policy=policy.default)
    print(f"### mail\n\n```\nSubject: {mail['Subject']}\nX-Application: {mail['X-Application']}\n")
    for part in mail.walk():
        if not part.is_multipart():
            print(f"[{part.get_content_type()}]\n{part.get_content()}")
    print("```")


if __name__ == "__main__":
    main()
