"""For programs that only look: the calendar, the metrics, and whether it is well."""

from starlette.responses import JSONResponse, PlainTextResponse, Response

from daemon.queries.exports import open_calendar
from daemon.web.access import AccessScope
from daemon.web.visitor import Ask

CALENDAR_TYPE = "text/calendar; charset=utf-8"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def calendar(ask: Ask) -> Response:
    """The open deadlines, for who knows the secret in the address."""
    site = ask.site
    token = site.access.token(ask.part("secret"))
    if token is None or AccessScope.CALENDAR not in token.scopes:
        return PlainTextResponse("There is no such calendar.\n", status_code=404)
    language = ask.query("language") if ask.query("language") in ("en", "ja") else ask.language
    with site.store.read() as ledger:
        text = open_calendar(ledger, site.folded, language, site.clock())
    named = 'inline; filename="orderbell.ics"'
    return Response(text, media_type=CALENDAR_TYPE, headers={"content-disposition": named})


def metrics(ask: Ask) -> Response:
    return Response(ask.site.metrics(), media_type=METRICS_TYPE)


def alive(ask: Ask) -> Response:
    """The process answers."""
    del ask
    return JSONResponse({"status": "ok"})


def ready(ask: Ask) -> Response:
    """The ledger can be read. StoreError becomes 503 where it is met."""
    with ask.site.store.read() as ledger:
        ledger.orders.running_count()
    return JSONResponse({"status": "ok"})
