"""The API: the shapes of `--json`, described as OpenAPI; the four commands of a phone."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from daemon import __version__
from daemon.pipeline.commands import CommandError
from daemon.pipeline.lookup import find_orders
from daemon.queries.alerts import AlertList, listed_alerts, whole_alert
from daemon.queries.mails import unread_mails
from daemon.queries.orders import (
    OrderFilter,
    listed_cases,
    listed_orders,
    listed_watches,
    whole_order,
)
from daemon.queries.wanted import (
    ALERT_STATES,
    CASE_STATUSES,
    ORDER_STATUSES,
    WATCH_STATES,
    RowPage,
    Wanted,
    statuses,
)
from daemon.queries.wanted import since as since_when
from daemon.store.ledger import Ledger
from daemon.web.actions import NOTE_FIELDS, answer_alerts, tell
from daemon.web.visitor import Ask

USUAL, MOST = 50, 500
ANSWERS = ("ack", "snooze", "resolve")

Row = Mapping[str, Any]
Page = RowPage | AlertList


def _listing(found: Callable[[Ask, Ledger], Page]) -> Callable[[Ask], Response]:
    def listing(ask: Ask) -> Response:
        with ask.site.store.read() as ledger:
            page = found(ask, ledger)
        return JSONResponse({"rows": page.rows, "next": page.next})

    return listing


def _limit(ask: Ask) -> int:
    text = ask.query("limit") or str(USUAL)
    if not (text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise CommandError(f"limit is a number from 1 to {MOST}")
    return int(text)


def _is(ask: Ask, name: str) -> bool:
    return ask.query(name) in ("1", "true")


def _wanted(ask: Ask, known: Iterable[str]) -> dict[str, Any]:
    since = ask.query("since")
    return {
        "everything": _is(ask, "all"),
        "statuses": statuses(filter(None, ask.query("status").split(",")), known),
        "since": since_when(since, ask.site.clock(), ask.site.setup.zone) if since else None,
        "shop": ask.query("shop"),
        "search": ask.query("search"),
        "after": ask.query("after"),
        "limit": _limit(ask),
    }


def _orders(ask: Ask, ledger: Ledger) -> Page:
    wanted = OrderFilter(
        **_wanted(ask, ORDER_STATUSES),
        problem=_is(ask, "problem"),
        marketplace=ask.query("marketplace") or None,
    )
    return listed_orders(ledger, ask.site.setup.zone, ask.site.clock(), wanted)


def _alerts(ask: Ask, ledger: Ledger) -> Page:
    return listed_alerts(
        ledger, ask.site.teller(ask.language), Wanted(**_wanted(ask, ALERT_STATES))
    )


def _watches(ask: Ask, ledger: Ledger) -> Page:
    wanted = Wanted(**_wanted(ask, WATCH_STATES))
    return listed_watches(ledger, ask.site.setup.zone, wanted, mine=_is(ask, "mine"))


def _cases(ask: Ask, ledger: Ledger) -> Page:
    wanted = Wanted(**_wanted(ask, CASE_STATUSES))
    return listed_cases(ledger, ask.site.setup.zone, wanted)


def _mails(ask: Ask, ledger: Ledger) -> Page:
    return RowPage(rows=unread_mails(ledger, ask.site.setup.zone, limit=_limit(ask)), next="")


LISTINGS = {
    "orders": _listing(_orders),
    "alerts": _listing(_alerts),
    "watches": _listing(_watches),
    "cases": _listing(_cases),
    "mails": _listing(_mails),
}


def order(ask: Ask) -> Response:
    site = ask.site
    with site.store.read() as ledger:
        rows = find_orders(ledger, ask.part("order"))
        teller = site.teller(ask.language)
        whole = [whole_order(site.folded.of(ledger, row), ledger, teller) for row in rows]
    return JSONResponse({"rows": whole})


def alert(ask: Ask) -> Response:
    with ask.site.store.read() as ledger:
        return JSONResponse(whole_alert(ledger, ask.site.teller(ask.language), ask.number("alert")))


def answer(ask: Ask) -> Response:
    do = ask.part("do")
    if do not in ANSWERS:
        raise CommandError(f"no command {do!r}; known are {', '.join(ANSWERS)}")
    said, commands = _said(ask), ask.site.commands
    number = str(ask.number("alert"))
    answer_alerts(commands, [number], do, str(said.get("for", "")))
    with commands.store.read() as ledger:
        return JSONResponse(whole_alert(ledger, ask.site.teller(ask.language), ask.number("alert")))


def note(ask: Ask) -> Response:
    said = _said(ask)
    unknown = set(said) - {*NOTE_FIELDS, "role"}
    if unknown:
        raise CommandError(
            f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(NOTE_FIELDS)}, role"
        )
    new = tell(ask.site.commands, {**said, "order": ask.part("order")})
    return JSONResponse({"noted": new}, status_code=201 if new else 200)


def _said(ask: Ask) -> dict[str, str]:
    """The JSON object of the request; nothing for an empty body."""
    if not ask.body:
        return {}
    try:
        said = json.loads(ask.body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not all(isinstance(one, str) for one in said.values()):
        raise CommandError("the body is a JSON object whose values are texts")
    return said


def openapi(ask: Ask) -> Response:
    del ask
    return JSONResponse(DOCUMENT)


def _parameter(name: str, where: str, kind: str, what: str) -> Row:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "schema": {"type": kind},
        "description": what,
    }


def _operation(what: str, *parameters: Row, body: Row | None = None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "summary": what,
        "responses": {
            "200": {"description": "done", "content": {"application/json": {"schema": OBJECT}}},
            "401": {"$ref": "#/components/responses/Problem"},
            "403": {"$ref": "#/components/responses/Problem"},
            "404": {"$ref": "#/components/responses/Problem"},
        },
    }
    if parameters:
        said["parameters"] = list(parameters)
    if body is not None:
        said["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return said


OBJECT: Row = {"type": "object"}
LIMIT = _parameter("limit", "query", "integer", f"At most so many, up to {MOST}; usually {USUAL}.")
ALL = _parameter("all", "query", "boolean", "Those that are over too.")
FILTERS = (
    LIMIT,
    ALL,
    _parameter("since", "query", "string", "A date such as 2026-11-01, or a span such as 7d."),
    _parameter("status", "query", "string", "One or more, with commas between."),
    _parameter("shop", "query", "string", "A marketplace, or a part of the store's name."),
    _parameter("search", "query", "string", "A part of number, item, store, or a tracking number."),
    _parameter("after", "query", "string", "The `next` of the page before."),
)
ORDER = _parameter("order", "path", "string", "Number of the order, or its key.")
ALERT = _parameter("alert", "path", "integer", "Number of the alert.")


def _texts(*names: str) -> Row:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


DOCUMENT: Row = {
    "openapi": "3.1.0",
    "info": {
        "title": "Orderbell",
        "version": __version__,
        "description": "Rows as `--json` prints them, under `rows`; `next`, unless it is empty,"
        " asks for the page after as `after`. Times are ISO 8601.",
    },
    "servers": [{"url": "/api/v1"}],
    "security": [{"token": []}],
    "paths": {
        "/orders": {
            "get": _operation(
                "Orders, the latest news first.",
                *FILTERS,
                _parameter("problem", "query", "boolean", "Only with an open dispute or claim."),
                _parameter("marketplace", "query", "string", "aliexpress or amazon."),
            )
        },
        "/orders/{order}": {"get": _operation("One order, whole.", ORDER)},
        "/orders/{order}/note": {
            "post": _operation(
                "Tell what leaves no mail (scope write).",
                ORDER,
                body=_texts(*NOTE_FIELDS, "role"),
            )
        },
        "/alerts": {"get": _operation("Alerts, the worst first.", *FILTERS)},
        "/alerts/{alert}": {"get": _operation("One alert, as it was pushed.", ALERT)},
        **{
            f"/alerts/{{alert}}/{do}": {
                "post": _operation(f"{do} an alert (scope write).", ALERT, body=_texts("for"))
            }
            for do in ANSWERS
        },
        "/watches": {
            "get": _operation(
                "Deadlines and silences, the next due first.",
                *FILTERS,
                _parameter("mine", "query", "boolean", "Only what the user must do."),
            )
        },
        "/cases": {"get": _operation("Disputes, returns, claims and others.", *FILTERS)},
        "/mails": {"get": _operation("Mails that were not understood.", LIMIT)},
    },
    "components": {
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        "responses": {
            "Problem": {
                "description": "why not, in a sentence",
                "content": {"application/problem+json": {"schema": _texts("detail")}},
            }
        },
    },
}
