"""Who asks: a browser with a session, a program with a token, or somebody a proxy has let in."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from http import cookies
from urllib.parse import parse_qs

from starlette.requests import Request

from daemon.settings import Web
from daemon.web.access import EVERYTHING, AccessScope
from daemon.web.site import Site

SESSION = "orderbell"
LANGUAGE = "orderbell_language"
LANGUAGES = ("en", "ja")
MOST_FIELDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    name: str
    scopes: frozenset[str]
    session: str = ""
    """The secret of its session, for signing out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, as what answers it sees it."""

    site: Site
    request: Request
    visitor: Visitor
    language: str
    form: Mapping[str, list[str]]
    body: bytes = b""

    def field(self, name: str) -> str:
        """A field of the form; empty when it was left out."""
        return self.form.get(name, [""])[0].strip()

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "").strip()[:500]

    def part(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """A number in the address; -1, which nothing has, for one that is too large."""
        value = int(self.request.path_params[name])
        return value if value < 2**53 else -1


def visitor_of(request: Request, site: Site) -> Visitor | None:
    """Who asks; None for somebody unknown. Raises StoreError."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        token = site.access.token(secret.strip())
        if token is None:
            return None
        return Visitor(name=token.name, scopes=frozenset(token.scopes))
    web = site.web
    named = request.headers.get(web.user_header, "")
    if named and is_trusted(peer(request), web):
        return Visitor(name=named[:100], scopes=frozenset(EVERYTHING))
    secret = request.cookies.get(SESSION, "")
    session = site.access.session(secret) if secret else None
    if session is None:
        return None
    return Visitor(name=session.name, scopes=frozenset(session.scopes), session=secret)


def peer(request: Request) -> str:
    """The address on the other end of the connection; “unix” for a socket."""
    return (request.client and request.client.host) or "unix"


def is_trusted(address: str, web: Web) -> bool:
    """Whether the connection comes from a proxy of the user's."""
    if address == "unix":
        return address in web.trusted_proxies
    try:
        own = ipaddress.ip_address(address)
    except ValueError:
        return False
    networks = [one for one in web.trusted_proxies if one != "unix"]
    return any(own in ipaddress.ip_network(one) for one in networks)


def may(visitor: Visitor | None, scope: AccessScope) -> bool:
    return visitor is not None and scope in visitor.scopes


def language_of(request: Request, site: Site) -> str:
    """The one chosen on the page, else configured, else what the browser prefers."""
    chosen = request.cookies.get(LANGUAGE, "")
    if chosen in LANGUAGES:
        return chosen
    if site.web.language:
        return site.web.language
    asked = request.headers.get("accept-language", "").lower()
    found = [part.split(";")[0].strip()[:2] for part in asked.split(",")[:10]]
    targets = site.setup.targets
    usual = targets[0].language if targets else "en"
    return next((one for one in found if one in LANGUAGES), usual)


def form_of(body: bytes) -> dict[str, list[str]]:
    """Fields of a form. Raises ValueError for what is none."""
    return parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)


def cookie(name: str, value: str, *, secure: bool, days: int) -> str:
    """A Set-Cookie header that no other site's request brings along."""
    jar: cookies.SimpleCookie = cookies.SimpleCookie()
    jar[name] = value
    morsel = jar[name]
    morsel["path"] = "/"
    morsel["max-age"] = days * 86400
    morsel["httponly"] = True
    morsel["samesite"] = "Strict"
    morsel["secure"] = secure
    return morsel.OutputString()
