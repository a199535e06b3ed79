"""The API: the shapes of `--json`, described as OpenAPI; the four commands of a phone."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from daemon import __version__
from daemon.pipeline.commands import CommandError
from daemon.pipeline.lookup import find_orders
from daemon.queries.alerts import listed_alerts, whole_alert
from daemon.queries.mails import unread_mails
from daemon.queries.orders import (
    OrderFilter,
    listed_cases,
    listed_orders,
    listed_watches,
    whole_order,
)
from daemon.web.actions import NOTE_FIELDS, answer_alerts, tell
from daemon.web.visitor import Ask

USUAL, MOST = 50, 500
ANSWERS = ("ack", "snooze", "resolve")

Row = Mapping[str, Any]


def _listing(rows: Callable[[Ask, int], Iterable[Row]]) -> Callable[[Ask], Response]:
    def listing(ask: Ask) -> Response:
        return JSONResponse({"rows": list(rows(ask, _limit(ask)))})

    return listing


def _limit(ask: Ask) -> int:
    text = ask.query("limit") or str(USUAL)
    if not (text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise CommandError(f"limit is a number from 1 to {MOST}")
    return int(text)


def _all(ask: Ask) -> bool:
    return ask.query("all") in ("1", "true")


def _orders(ask: Ask, limit: int) -> Iterable[Row]:
    with ask.site.store.read() as ledger:
        wanted = OrderFilter(
            everything=_all(ask),
            problem=ask.query("problem") in ("1", "true"),
            marketplace=ask.query("marketplace") or None,
            limit=limit,
        )
        return listed_orders(ledger, ask.site.setup.zone, ask.site.clock(), wanted)


def _alerts(ask: Ask, limit: int) -> Iterable[Row]:
    with ask.site.store.read() as ledger:
        teller = ask.site.teller(ask.language)
        return listed_alerts(ledger, teller, everything=_all(ask), limit=limit).rows


def _watches(ask: Ask, limit: int) -> Iterable[Row]:
    with ask.site.store.read() as ledger:
        zone, mine = ask.site.setup.zone, ask.query("mine") in ("1", "true")
        return listed_watches(ledger, zone, everything=_all(ask), mine=mine, limit=limit)


def _cases(ask: Ask, limit: int) -> Iterable[Row]:
    with ask.site.store.read() as ledger:
        setup = ask.site.setup
        return listed_cases(ledger, setup.policy, setup.zone, everything=_all(ask), limit=limit)


def _mails(ask: Ask, limit: int) -> Iterable[Row]:
    with ask.site.store.read() as ledger:
        return unread_mails(ledger, ask.site.setup.zone, limit=limit)


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
ORDER = _parameter("order", "path", "string", "Number of the order, or its key.")
ALERT = _parameter("alert", "path", "integer", "Number of the alert.")


def _texts(*names: str) -> Row:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


DOCUMENT: Row = {
    "openapi": "3.1.0",
    "info": {
        "title": "Orderbell",
        "version": __version__,
        "description": "Rows as `--json` prints them, under `rows`. Times are ISO 8601.",
    },
    "servers": [{"url": "/api/v1"}],
    "security": [{"token": []}],
    "paths": {
        "/orders": {
            "get": _operation(
                "Orders, the latest news first.",
                LIMIT,
                ALL,
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
        "/alerts": {"get": _operation("Alerts, the worst first.", LIMIT, ALL)},
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
                LIMIT,
                ALL,
                _parameter("mine", "query", "boolean", "Only what the user must do."),
            )
        },
        "/cases": {"get": _operation("Disputes, returns, claims and others.", LIMIT, ALL)},
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
