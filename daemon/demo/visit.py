"""A look at the demo's page, as a browser takes it: signed in by a link, then asked for Today."""

import http.client
import re
from dataclasses import dataclass
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

HEADLINE = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)
SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """Where the page is, and the secret that signs one browser in, once."""

    address: str
    invitation: str

    @property
    def sign_in(self) -> str:
        return f"{self.address}/sign-in/{self.invitation}"


def headline(link: PageLink, language: str) -> str:
    """What Today says at its top. Uses the invitation up. Raises OSError, HTTPException."""
    connection = http.client.HTTPConnection(urlsplit(link.address).netloc, timeout=SECONDS)
    try:
        cookie = _signed_in(connection, link.invitation)
        connection.request("GET", "/", headers={"Cookie": cookie, "Accept-Language": language})
        found = HEADLINE.search(connection.getresponse().read().decode())
    finally:
        connection.close()
    return unescape(found[1]).strip() if found else ""


def _signed_in(connection: http.client.HTTPConnection, invitation: str) -> str:
    """The cookie of a new session."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/sign-in", urlencode({"invitation": invitation}), form)
    answer = connection.getresponse()
    answer.read()
    jar: SimpleCookie = SimpleCookie(answer.getheader("Set-Cookie", ""))
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
