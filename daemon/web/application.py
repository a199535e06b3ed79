"""The routes, who may use each, and what becomes of errors: a page or an answer that says what to
do.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

import anyio.to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from daemon.i18n import sentence
from daemon.pipeline.lookup import AmbiguousOrderError, UnknownOrderError
from daemon.queries.alerts import UnknownAlertError
from daemon.queries.mails import UnknownMailError
from daemon.queries.rules import UnknownRuleError
from daemon.store.errors import StoreError
from daemon.web import actions, api, feeds, pages
from daemon.web.access import AccessScope
from daemon.web.render import page
from daemon.web.shield import Shield
from daemon.web.site import Site
from daemon.web.visitor import Ask, Visitor, form_of, language_of, may, visitor_of
from parsers.errors import OrderbellError

log = logging.getLogger("orderbell.web")

THREADS = 4
"""Requests that work at the same time; others wait."""
NOBODY = Visitor(name="", scopes=frozenset())
UNKNOWN = (UnknownOrderError, UnknownAlertError, UnknownMailError, UnknownRuleError)
CONFLICT = (AmbiguousOrderError,)

Answers = Callable[[Ask], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One address and what answers it."""

    path: str
    answers: Answers
    method: str = "GET"
    scope: AccessScope | None = AccessScope.READ
    """None: for everybody."""

    @property
    def program(self) -> bool:
        """Answered with JSON rather than a page."""
        return self.path.startswith(("/api/", "/metrics", "/healthz", "/readyz", "/calendar/"))


def _read(path: str, answers: Answers) -> Way:
    return Way(path=path, answers=answers)


def _write(path: str, answers: Answers) -> Way:
    return Way(path=path, answers=answers, method="POST", scope=AccessScope.WRITE)


def _open(path: str, answers: Answers, method: str = "GET") -> Way:
    return Way(path=path, answers=answers, method=method, scope=None)


WAYS = (
    _read("/", pages.today_page),
    _read("/orders", pages.orders_page),
    _read("/orders/{order}", pages.order_page),
    _read("/orders/{order}/dossier", pages.dossier_page),
    _read("/alerts", pages.alerts_page),
    _read("/alerts/{alert:int}", pages.alert_page),
    _read("/told", pages.told_page),
    _read("/disputes", pages.disputes_page),
    _read("/calendar", pages.calendar_page),
    _read("/unread", pages.unread_page),
    _read("/mails/{mail:int}", pages.mail_page),
    _read("/rules", pages.rules_page),
    _read("/rules/{rule}", pages.rule_page),
    _read("/routes", pages.routes_page),
    _read("/health", pages.health_page),
    _read("/numbers", pages.numbers_page),
    _write("/alerts/answer", actions.answer),
    _write("/orders/{order}/note", actions.note),
    _write("/mails/{mail:int}/assign", actions.assign),
    _write("/targets/{target}/test", actions.try_target),
    _write("/undo", actions.undo),
    _open("/language", actions.choose_language, "POST"),
    _open("/sign-in", actions.sign_in_page),
    _open("/sign-in/{invitation}", actions.sign_in_page),
    _open("/sign-in", actions.sign_in, "POST"),
    _write("/sign-out", actions.sign_out),
    _open("/calendar/{secret}.ics", feeds.calendar),
    Way(path="/metrics", answers=feeds.metrics, scope=AccessScope.METRICS),
    _open("/healthz", feeds.alive),
    _open("/readyz", feeds.ready),
    _read("/api/v1/openapi.json", api.openapi),
    *(_read(f"/api/v1/{name}", listing) for name, listing in api.LISTINGS.items()),
    _read("/api/v1/orders/{order}", api.order),
    _read("/api/v1/alerts/{alert:int}", api.alert),
    _write("/api/v1/alerts/{alert:int}/{do}", api.answer),
    _write("/api/v1/orders/{order}/note", api.note),
)


def application(site: Site) -> Shield:
    """The whole of it, as one ASGI application."""
    style = files("daemon.web").joinpath("style.css").read_bytes()

    async def stylesheet(request: Request) -> Response:
        del request
        kept = {"cache-control": "max-age=3600"}
        return Response(style, media_type="text/css; charset=utf-8", headers=kept)

    async def icon(request: Request) -> Response:
        del request
        kept = {"cache-control": "max-age=86400"}
        return Response(ICON, media_type="image/svg+xml", headers=kept)

    routes = [Route(way.path, _endpoint(way, site), methods=[way.method]) for way in WAYS]
    app = Starlette(
        routes=[Route("/style.css", stylesheet), Route("/icon.svg", icon), *routes],
        lifespan=_lifespan,
        exception_handlers={404: partial(_lost, site), 405: partial(_lost, site)},
    )
    web = site.web
    names = [] if web.socket is not None else [web.address[0]]
    return Shield(app, hosts=[*web.hosts, *names])


ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#b45309" d="M16 3a2 2'
    b" 0 0 0-2 2v1a9 9 0 0 0-7 9v6l-3 4v1h24v-1l-3-4v-6a9 9 0 0 0-7-9V5a2 2 0 0 0-2-2zm-4 24a4 4 0"
    b' 0 0 8 0z"/></svg>'
)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    del app
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


def _endpoint(way: Way, site: Site) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(_answered, way, site, request, body)

    return endpoint


async def _lost(site: Site, request: Request, error: Exception) -> Response:
    del error
    way = Way(path=request.url.path, answers=_nothing_here, scope=None)
    return await run_in_threadpool(_answered, way, site, request, b"")


def _nothing_here(ask: Ask) -> Response:
    return _told(ask, 404, ("There is nothing at this address.",))


def _answered(way: Way, site: Site, request: Request, body: bytes) -> Response:
    """Never raises: what goes wrong is an answer too."""
    try:
        site.store.check()
        visitor = visitor_of(request, site)
        if way.scope is not None and not may(visitor, way.scope):
            return _refused(way, request, visitor)
        ask = Ask(
            site=site,
            request=request,
            visitor=visitor or NOBODY,
            language=language_of(request, site),
            form={} if way.path.startswith("/api/") else form_of(body),
            body=body,
        )
        return _safely(way, ask)
    except StoreError as error:
        return _unstored(way, error, language_of(request, site))
    except ValueError:
        return PlainTextResponse("This is no form of ours.\n", status_code=400)


def _safely(way: Way, ask: Ask) -> Response:
    try:
        return way.answers(ask)
    except StoreError:
        raise
    except OrderbellError as error:
        status = 404 if isinstance(error, UNKNOWN) else 409 if isinstance(error, CONFLICT) else 400
        return _failed(way, ask, status, error.sentences)
    except ValueError as error:
        return _failed(way, ask, 400, (str(error),))
    except Exception:
        log.exception("page failed path=%s", way.path)
        return _failed(way, ask, 500, ("This is a mistake of ours; the log says more.",))


def _failed(way: Way, ask: Ask, status: int, sentences: tuple[str, ...]) -> Response:
    if way.program:
        return problem(status, " – ".join(sentences))
    return _told(ask, status, sentences)


def _told(ask: Ask, status: int, sentences: tuple[str, ...]) -> Response:
    return page(ask, "message.html", status=status, sentences=sentences, code=status)


def problem(status: int, detail: str) -> Response:
    """An error for programs (RFC 9457)."""
    what: Mapping[str, object] = {"status": status, "detail": detail}
    return JSONResponse(what, status_code=status, media_type="application/problem+json")


def _refused(way: Way, request: Request, visitor: Visitor | None) -> Response:
    if visitor is not None:
        return problem(403, f"this token lacks the scope {way.scope}")
    if way.program:
        answer = problem(401, "a token is needed: orderbell web token NAME --scope read")
        answer.headers["www-authenticate"] = "Bearer"
        return answer
    if request.method != "GET":
        return PlainTextResponse(
            "You are not signed in (any more); nothing was done. Sign in at /sign-in.\n",
            status_code=401,
        )
    return RedirectResponse("/sign-in", status_code=303)


def _unstored(way: Way, error: StoreError, language: str) -> Response:
    """The ledger fails, so that no page can be made of it."""
    log.warning("ledger failed trouble=%s: %s", error.trouble.value, error)
    text = " – ".join(error.sentences)
    page_text = f"{sentence(text, language)}\n"
    answer = problem(503, text) if way.program else PlainTextResponse(page_text, status_code=503)
    answer.headers["retry-after"] = "10"
    return answer
