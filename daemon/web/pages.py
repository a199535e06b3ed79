"""What is looked at: each page asks one query and fills one template."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import HTMLResponse, RedirectResponse, Response

from daemon.pipeline.lookup import UnknownOrderError, find_orders
from daemon.pipeline.setup import Setup
from daemon.queries.alerts import UnknownAlertError, listed_alerts, whole_alert
from daemon.queries.dossier import dossier
from daemon.queries.evidence import evidence
from daemon.queries.mails import mail_row, unread_mails
from daemon.queries.numbers import ShopPace, numbers
from daemon.queries.orders import disputed_orders, found_orders, watch_row, whole_order
from daemon.queries.routes import listed_routes, of_alert, of_rule
from daemon.queries.routes import way as route_of
from daemon.queries.rules import explained, find_rule, listed_rules
from daemon.queries.status import status
from daemon.queries.today import today
from daemon.queries.told import told_rows
from daemon.queries.wanted import Wanted
from daemon.store.filters import RUNNING, RowFilter
from daemon.store.ledger import Ledger
from daemon.store.orders import OrderRow
from daemon.web.drawing import bars, way
from daemon.web.render import page
from daemon.web.visitor import Ask
from orders.notes import NOTES
from rules.alert import Severity

PER_PAGE = 50
CALENDAR = timedelta(days=60)
SHOWS = ("open", "problem", "all")
ANSWERABLE = ("firing", "acked", "snoozed")
SPANS = ("8h", "1d", "3d", "deadline-24h")
"""For how long an alert may be silenced by a button."""


def today_page(ask: Ask) -> Response:
    site = ask.site
    with site.store.read() as ledger:
        found = today(ledger, site.folded, site.teller(ask.language))
        return page(ask, "today.html", ledger=ledger, today=found, empty=not ledger.orders.any())


def orders_page(ask: Ask) -> Response:
    show = ask.query("show") if ask.query("show") in SHOWS else "open"
    text, marketplace = ask.query("q"), ask.query("marketplace")
    wanted = RowFilter(
        statuses=RUNNING if show == "open" and not text else (),
        problem=True if show == "problem" else None,
        marketplace=marketplace or None,
        text=text,
    )
    with ask.site.store.read() as ledger:
        zone, now = ask.site.setup.zone, ask.site.clock()
        found = found_orders(ledger, zone, now, wanted, after=ask.query("after"), limit=PER_PAGE)
        return page(
            ask,
            "orders.html",
            ledger=ledger,
            orders=found,
            show=show,
            text=text,
            marketplace=marketplace,
        )


def order_page(ask: Ask) -> Response:
    site = ask.site
    with site.store.read() as ledger:
        rows = find_orders(ledger, ask.part("order"))
        if len(rows) > 1:
            return page(ask, "choose.html", ledger=ledger, orders=rows)
        if ask.part("order") != rows[0].key:
            return RedirectResponse(f"/orders/{rows[0].key}", status_code=303)
        teller = site.teller(ask.language)
        row = whole_order(site.folded.of(ledger, rows[0]), ledger, teller)
        return page(
            ask,
            "order.html",
            ledger=ledger,
            order=row,
            key=rows[0].key,
            live=_live(row["alerts"]),
            way=way(row, teller.now),
            notes=NOTES,
            spans=SPANS,
        )


def _live(alerts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that can be answered, the worst first."""
    found = [row for row in alerts if row["state"] in ANSWERABLE]
    return sorted(found, key=lambda row: -Severity(row["severity"]).rank)


def dossier_page(ask: Ask) -> Response:
    """The dossier as a file: a page of its own, whole in itself, is not shown among ours."""
    site = ask.site
    with site.store.read() as ledger:
        row = _one(ledger, ask.part("order"))
        text = dossier(
            ledger,
            site.folded.of(ledger, row),
            language=ask.language,
            zone=site.setup.zone,
            now=site.clock(),
            with_mails=False,
        )
    named = f'attachment; filename="dossier-{row.number}.html"'
    return HTMLResponse(text, headers={"content-disposition": named})


def _one(ledger: Ledger, name: str) -> OrderRow:
    rows = find_orders(ledger, name)
    if len(rows) > 1:
        raise UnknownOrderError(f"there are {len(rows)} orders {name}; name one by its key")
    return rows[0]


def alerts_page(ask: Ask) -> Response:
    everything = ask.query("all") == "1"
    with ask.site.store.read() as ledger:
        wanted = Wanted(everything=everything, limit=PER_PAGE * 2)
        found = listed_alerts(ledger, ask.site.teller(ask.language), wanted)
        return page(ask, "alerts.html", ledger=ledger, alerts=found, everything=everything)


def alert_page(ask: Ask) -> Response:
    site = ask.site
    with site.store.read() as ledger:
        row = whole_alert(ledger, site.teller(ask.language), ask.number("alert"))
        lines = evidence(ledger, site.setup, site.reads, row["mails"])
        return page(ask, "alert.html", ledger=ledger, alert=row, lines=lines, spans=SPANS)


def told_page(ask: Ask) -> Response:
    with ask.site.store.read() as ledger:
        rows = told_rows(ledger, ask.site.teller(ask.language), limit=PER_PAGE)
        return page(ask, "told.html", ledger=ledger, told=rows)


def disputes_page(ask: Ask) -> Response:
    site = ask.site
    with site.store.read() as ledger:
        rows = disputed_orders(ledger, site.folded, site.setup.zone)
        return page(ask, "disputes.html", ledger=ledger, cases=rows)


def calendar_page(ask: Ask) -> Response:
    site, now = ask.site, ask.site.clock()
    begin = _instant(ask.query("from")) or now
    with site.store.read() as ledger:
        rows = ledger.orders.due_between(begin, begin + CALENDAR, limit=PER_PAGE + 1)
        late = (
            ledger.orders.due_between(now - CALENDAR, now, limit=PER_PAGE) if begin == now else ()
        )
        zone = site.setup.zone
        days: dict[str, list[object]] = {}
        for row in rows[:PER_PAGE]:
            shown = watch_row(row, zone)
            days.setdefault(str(shown["due_at"])[:10], []).append(shown)
        return page(
            ask,
            "calendar.html",
            ledger=ledger,
            days=days,
            next=rows[PER_PAGE].due_at.isoformat() if len(rows) > PER_PAGE else "",
            late=[watch_row(row, zone) for row in late],
        )


def _instant(text: str) -> datetime | None:
    """An aware time in an address. Raises ValueError."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not 2000 <= at.year <= 2100:
        raise ValueError(f"no place in the calendar: {text!r}")
    return at


def unread_page(ask: Ask) -> Response:
    with ask.site.store.read() as ledger:
        rows = unread_mails(ledger, ask.site.setup.zone, limit=PER_PAGE)
        return page(ask, "unread.html", ledger=ledger, mails=rows)


def mail_page(ask: Ask) -> Response:
    site = ask.site
    with site.store.read() as ledger:
        row = mail_row(ledger, site.setup, site.reads, ask.number("mail"))
        return page(ask, "mail.html", ledger=ledger, mail=row)


def rules_page(ask: Ask) -> Response:
    with ask.site.store.read() as ledger:
        rows = listed_rules(ask.site.setup.rulebook, ask.language)
        return page(ask, "rules.html", ledger=ledger, rules=rows)


def routes_page(ask: Ask) -> Response:
    """Who is told of what; with a rule or an alert in the address, who would be told of that."""
    setup = ask.site.setup
    named, marketplace = ask.query("name"), ask.query("marketplace")
    with ask.site.store.read() as ledger:
        told = _told_of(ledger, setup, named, marketplace, ask.site.clock()) if named else None
        sent = ask.query("sent")
        return page(
            ask,
            "routes.html",
            ledger=ledger,
            routes=listed_routes(setup, ask.site.settings),
            targets=[target.id for target in setup.targets],
            sent=sent if any(sent == target.id for target in setup.targets) else "",
            named=named,
            marketplace=marketplace,
            told=told,
        )


def _told_of(
    ledger: Ledger, setup: Setup, named: str, marketplace: str, now: datetime
) -> Mapping[str, Any]:
    """Raises UnknownAlertError, UnknownRuleError."""
    if named.isdigit():
        row = ledger.alerts.get(int(named[:15]))
        if row is None:
            raise UnknownAlertError(f"no alert has the number {named}", "orderbell alerts --all")
        known = {one.id: one for one in (*setup.rulebook.rules, *setup.rulebook.idle)}
        return route_of(setup, known.get(row.alert.rule), of_alert(row, now))
    rule = find_rule(setup.rulebook, named)
    return route_of(setup, rule, of_rule(rule, marketplace or None, now))


def rule_page(ask: Ask) -> Response:
    site, order = ask.site, ask.query("order")
    rule = find_rule(site.setup.rulebook, ask.part("rule"))
    with site.store.read() as ledger:
        lines: list[str] = []
        if order:
            shown = site.folded.of(ledger, _one(ledger, order))
            lines = list(explained(rule, shown, site.clock(), site.setup.zone))
        return page(ask, "rule.html", ledger=ledger, rule=rule, order=order, lines=lines)


def health_page(ask: Ask) -> Response:
    site = ask.site
    settings = site.settings
    with site.store.read() as ledger:
        boxes = {row.id: row for row in ledger.mailboxes.all()}
        found = status(ledger, settings, site.state, site.clock()) if settings else None
        targets = [ledger.outbox.target(one.id) for one in site.setup.targets]
        return page(ask, "health.html", ledger=ledger, health=found, boxes=boxes, targets=targets)


def numbers_page(ask: Ask) -> Response:
    with ask.site.store.read() as ledger:
        found = numbers(ledger)
        charts = [
            {"by": by, "to": to, "bars": bars(pairs)}
            for by, paces in (("shop", found.shops), ("store", found.stores))
            for to, pairs in (("ship", _to_ship(paces)), ("deliver", _to_deliver(paces)))
            if pairs
        ]
        return page(ask, "numbers.html", ledger=ledger, numbers=found, bars=bars, charts=charts)


def _to_ship(paces: Iterable[ShopPace]) -> list[tuple[str, float]]:
    return [(one.name, one.to_ship) for one in paces if one.to_ship is not None]


def _to_deliver(paces: Iterable[ShopPace]) -> list[tuple[str, float]]:
    return [(one.name, one.to_deliver) for one in paces if one.to_deliver is not None]
