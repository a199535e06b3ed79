"""What every request passes before anything looks at it: the host it names, where a form comes
from, how large and how slow it is; and what every answer says to the browser.
"""

import asyncio
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parsers.errors import OrderbellError

LARGEST = 64 << 10
"""Bytes of a body: a note is no novel."""
BODY_SECONDS = 10.0
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SAME = frozenset({"same-origin", "none"})
LOCAL = ("127.0.0.1", "localhost", "::1")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}


class BodyError(OrderbellError):
    """The body is too large (413) or too slow (408)."""

    def __init__(self, status: int, what: str) -> None:
        self.status = status
        super().__init__(what)


class Shield:
    """ASGI around the application."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = {*LOCAL, *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if name not in headers:
                        headers[name] = value
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, sent)
            return
        try:
            body = await asyncio.wait_for(_whole(receive), BODY_SECONDS)
        except TimeoutError:
            await _plain(408, "The request came too slowly.")(scope, receive, sent)
            return
        except BodyError as error:
            await _plain(error.status, str(error))(scope, receive, sent)
            return
        await self._app(scope, _again(body, receive), sent)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if host_of(headers.get("host", "")) not in self._hosts:
            return _plain(
                421,
                "This page is not served under that name. Add the name to web: hosts in"
                " config.yaml.",
            )
        if scope["method"] not in SAFE and not _from_here(headers):
            return _plain(403, "This form was sent from another site; nothing was done.")
        declared = headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > LARGEST:
            return _plain(413, f"More than {LARGEST >> 10} kB are not taken.")
        return None


def host_of(header: str) -> str:
    """The name in a Host header, without its port; empty for what is no host."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def _from_here(headers: Headers) -> bool:
    """A browser says where a form comes from; a program that says nothing brings no cookie along
    by accident.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in SAME
    origin = headers.get("origin")
    if origin is None:
        return True
    parts = urlsplit(origin)
    return parts.netloc.lower() == headers.get("host", "").lower()


async def _whole(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BodyError(400, "The request broke off.")
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > LARGEST:
            raise BodyError(413, f"More than {LARGEST >> 10} kB are not taken.")
        if not message.get("more_body", False):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body first."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _plain(status: int, what: str) -> Response:
    return PlainTextResponse(f"{what}\n", status_code=status, headers={"connection": "close"})
