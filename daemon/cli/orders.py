"""`orders`, `order`, `cases` and `watches`: what is known, and from which mail."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import Column, Fit, as_json, column, print_json, show
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.store.ledger import Ledger
    from daemon.store.orders import OrderRow, WatchRow
    from orders.event import Event
    from orders.facts.view import View
    from orders.order import Case, Finding, Watch

limit = click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    help="At most so many.",
)


@click.command()
@click.option(
    "--all", "everything", is_flag=True, help="Delivered, completed and cancelled ones too."
)
@click.option(
    "--problem", is_flag=True, help="Only those with an open dispute, claim or chargeback."
)
@click.option("--marketplace", metavar="NAME", help="Only of this marketplace, such as amazon.")
@limit
@as_json
@click.pass_obj
def orders(
    places: Paths,
    everything: bool,
    problem: bool,
    marketplace: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List orders, the latest news first."""
    from daemon.store.orders import RUNNING

    zone, language = places.zone(), places.language()
    with places.ledger() as ledger:
        rows = ledger.orders.listed(
            statuses=() if everything or problem else RUNNING,
            marketplace=marketplace,
            problem=True if problem else None,
            limit=limit,
        )
        watches = ledger.orders.watches(limit=100_000) if rows else ()
    if marketplace and not rows:
        _demand_known(marketplace, places.library().marketplaces)
    due = _next_due(watches)
    show(
        (_order(row, due.get(row.key), zone) for row in rows),
        (
            column("order", "number"),
            Column("status", lambda row: words(row["status"])),
            column("item", "title", Fit.TEXT),
            column("total", "total"),
            Column(
                "next",
                lambda row: _until(row["next_due"], row["next"], zone, language),
                fit=Fit.TEXT,
            ),
            Column("last news", lambda row: spoken(row["last_at"], zone), fit=Fit.ROOMY),
        ),
        as_json=as_json,
        empty="no orders under way; with --all also those that are over",
    )


@click.command(short_help="One order: timeline with its mails, what is due.")
@click.argument("order_id", metavar="ID")
@as_json
@click.pass_obj
def order(places: Paths, order_id: str, as_json: bool) -> None:
    """Show one order: its state, its timeline with the mail behind each step, what is due."""
    zone, language = places.zone(), places.language()
    with places.ledger() as ledger:
        rows = found(ledger, order_id)
        views = [places.view(row.key, ledger) for row in rows]
        alerts = {row.key: [one.alert for one in ledger.alerts.of_order(row.key)] for row in rows}
    for view in views:
        told = _whole(view, zone)
        told["alerts"] = [
            {
                "rule": one.rule,
                "severity": one.severity.value,
                "state": one.state.value,
                "since": iso(one.since, zone),
            }
            for one in alerts[view.order.key]
        ]
        if as_json:
            print_json(told)
        else:
            click.echo("\n".join(_in_words(told, zone, language)))


@click.command(short_help="List disputes, returns, refunds, claims that are open.")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@limit
@as_json
@click.pass_obj
def cases(places: Paths, everything: bool, limit: int, as_json: bool) -> None:
    """List disputes, appeals, returns, refunds, claims and other matters that are open."""
    zone, language = places.zone(), places.language()
    with places.ledger() as ledger:
        views = [places.view(row.key, ledger) for row in ledger.orders.listed(limit=limit)]
    rows = [
        {"order": view.order.number, "marketplace": view.order.marketplace, **_case(one, zone)}
        for view in views
        for one in view.order.cases
        if everything or one.closed_at is None
    ]
    show(
        rows,
        (
            column("order", "order"),
            Column("case", lambda row: named("case", row["kind"], language), fit=Fit.TEXT),
            Column("state", lambda row: words(row["state"])),
            column("waits for", "waiting_for"),
            Column("answer by", lambda row: spoken(row["respond_by"], zone)),
            column("claimed", "amount_claimed"),
        ),
        as_json=as_json,
        empty="no open cases; with --all also those that are closed",
    )


@click.command()
@click.option("--all", "everything", is_flag=True, help="Met and void ones too.")
@click.option("--mine", is_flag=True, help="Only deadlines of your own, not the silence of others.")
@limit
@as_json
@click.pass_obj
def watches(places: Paths, everything: bool, mine: bool, limit: int, as_json: bool) -> None:
    """List deadlines and silences being watched, the next due first."""
    zone, language = places.zone(), places.language()
    with places.ledger() as ledger:
        rows = ledger.orders.watches(open_only=not everything, limit=limit)
    show(
        (_watch_row(row, zone) for row in rows if not mine or row.actor == "me"),
        (
            Column("due", lambda row: spoken(row["due_at"], zone)),
            column("order", "order"),
            Column("what", lambda row: named("watch", row["kind"], language), fit=Fit.TEXT),
            column("who", "actor"),
            column("state", "state"),
            column("why", "why", Fit.ROOMY),
        ),
        as_json=as_json,
        empty="nothing is being watched",
    )


def _demand_known(marketplace: str, known: Sequence[str]) -> None:
    from parsers.user_yaml import did_you_mean

    if marketplace not in known:
        hint = did_you_mean(marketplace, known) or f"; known are {', '.join(known)}"
        raise ExitError(Exit.USAGE, f"no marketplace {marketplace!r}{hint}")


def found(ledger: "Ledger", order_id: str) -> "tuple[OrderRow, ...]":
    """The orders of that number. Raises Stop when there is none."""
    rows = ledger.orders.find(order_id.strip())
    if not rows:
        raise ExitError(Exit.ERROR, no_order(ledger, order_id))
    return rows


def no_order(ledger: "Ledger", order_id: str) -> str:
    """What to say of a number that is not in the ledger."""
    from parsers.user_yaml import did_you_mean

    known = [row.number for row in ledger.orders.listed(limit=1000)]
    hint = did_you_mean(order_id, known) or "; orderbell orders --all lists all"
    return f"no order {order_id!r} in the ledger{hint}"


def iso(at: datetime | None, zone: tzinfo) -> str | None:
    """A time as JSON shows it: in the user's zone, to the second."""
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")


def spoken(at: str | None, zone: tzinfo) -> str:
    """A time of a JSON row as a table shows it."""
    return "" if at is None else f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M}"


def _until(at: str | None, what: str | None, zone: tzinfo, language: str) -> str:
    return f"{named('watch', what, language)}, {spoken(at, zone)}" if at and what else ""


def named(table: str, kind: str, language: str) -> str:
    """The name of a watch, case, finding or event as people say it."""
    from daemon.files.exports.words import name

    return name(table, kind, language)


def words(value: str | None) -> str:
    """A choice such as `in_transit`, as a table shows it."""
    return (value or "").replace("_", " ")


def _next_due(watches: "Iterable[WatchRow]") -> "dict[str, WatchRow]":
    due: dict[str, WatchRow] = {}
    for one in watches:
        due.setdefault(one.order_key, one)
    return due


def _order(row: "OrderRow", due: "WatchRow | None", zone: tzinfo) -> dict[str, Any]:
    return {
        "number": row.number,
        "marketplace": row.marketplace,
        "role": row.role,
        "status": row.status,
        "title": row.title,
        "store": row.store,
        "total": row.total,
        "problem": row.problem,
        "ordered_at": iso(row.ordered_at, zone),
        "last_at": iso(row.last_at, zone),
        "next": due.kind if due else None,
        "next_due": iso(due.due_at, zone) if due else None,
    }


def _watch_row(row: "WatchRow", zone: tzinfo) -> dict[str, Any]:
    marketplace, role, number = row.order_key.split(":", 2)
    return {
        "order": number,
        "marketplace": marketplace,
        "role": role,
        "key": row.key,
        "kind": row.kind,
        "actor": row.actor,
        "due_at": iso(row.due_at, zone),
        "state": row.state,
        "stated": row.stated,
        "why": row.why,
    }


def _whole(view: "View", zone: tzinfo) -> dict[str, Any]:
    one = view.order
    return {
        "number": one.number,
        "marketplace": one.marketplace,
        "role": one.role.value,
        "status": one.status.value,
        "title": one.title,
        "store": one.store,
        "total": None if one.total is None else str(one.total),
        "refunded": None if one.refunded is None else str(one.refunded),
        "problem": one.problem,
        "ordered_at": iso(one.ordered_at, zone),
        "items": [{"title": item.title, "quantity": item.quantity} for item in one.items],
        "shipments": [
            {
                "id": parcel.id,
                "status": parcel.status.value,
                "tracking": list(parcel.tracking),
                "provider": parcel.provider,
                "expected_until": iso(parcel.expected_until, zone),
                "delivered_at": iso(parcel.delivered_at, zone),
            }
            for parcel in one.shipments
        ],
        "cases": [_case(case, zone) for case in one.cases],
        "timeline": [_step(event, zone) for event in one.events],
        "findings": [_finding(finding, zone) for finding in view.findings],
        "watches": [_watch(watch, zone) for watch in view.watches],
    }


def _case(case: "Case", zone: tzinfo) -> dict[str, Any]:
    return {
        "kind": case.kind.value,
        "state": case.state,
        "ref": case.ref,
        "opened_at": iso(case.opened_at, zone),
        "closed_at": iso(case.closed_at, zone),
        "judgement": case.judgement,
        "outcome": case.outcome,
        "waiting_for": None if case.waiting_for is None else case.waiting_for.value,
        "respond_by": iso(case.respond_by, zone),
        "amount_claimed": None if case.amount_claimed is None else str(case.amount_claimed),
        "amount_awarded": None if case.amount_awarded is None else str(case.amount_awarded),
        "amount_paid": None if case.amount_paid is None else str(case.amount_paid),
    }


def _step(event: "Event", zone: tzinfo) -> dict[str, Any]:
    from parsers.notice import fields_to_json

    return {
        "at": iso(event.at, zone),
        "kind": event.kind.value,
        "source": event.source.value,
        "mail": event.mail,
        "subject": event.subject,
        "sender": event.sender,
        "trust": event.trust.value,
        "tracking": list(event.tracking),
        "fields": fields_to_json(event.fields),
    }


def _finding(finding: "Finding", zone: tzinfo) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "code": finding.code,
        "at": iso(finding.at, zone),
        "amount": None if finding.amount is None else str(finding.amount),
        "rests_on": [
            {"at": iso(event.at, zone), "kind": event.kind.value, "mail": event.mail}
            for event in finding.rests_on
        ],
    }


def _watch(watch: "Watch", zone: tzinfo) -> dict[str, Any]:
    return {
        "key": watch.key,
        "kind": watch.kind,
        "actor": watch.actor.value,
        "due_at": iso(watch.due_at, zone),
        "state": watch.state.value,
        "stated": watch.stated,
        "why": watch.why,
    }


def _in_words(told: Mapping[str, Any], zone: tzinfo, language: str) -> Iterator[str]:
    yield f"{told['number']}  {told['marketplace']}, as {told['role']}: {words(told['status'])}"
    for item in told["items"]:
        yield f"  {item['quantity']} × {item['title']}"
    facts = (("total", told["total"]), ("refunded", told["refunded"]), ("store", told["store"]))
    yield from (f"  {name} {value}" for name, value in facts if value)
    for parcel in told["shipments"]:
        more = (
            f", expected {spoken(parcel['expected_until'], zone)}"
            if parcel["expected_until"]
            else ""
        )
        yield f"  parcel {parcel['id']}: {words(parcel['status'])}{more}"
    for case in told["cases"]:
        more = (
            f", {case['judgement']}"
            if case["judgement"] and case["judgement"] not in case["state"]
            else ""
        )
        yield f"  {named('case', case['kind'], language)}: {words(case['state'])}{more}"
    yield "Timeline"
    for step in told["timeline"]:
        origin = (
            f"mail {step['mail']}, {step['subject']!r} ({step['trust']})"
            if step["mail"]
            else step["source"]
        )
        yield (
            f"  {spoken(step['at'], zone)}  {step['kind']}"
            f" ({named('event', step['kind'], language)}) – {origin}"
        )
    if told["findings"]:
        yield "What does not fit"
        for one in told["findings"]:
            mails = ", ".join(str(event["mail"]) for event in one["rests_on"] if event["mail"])
            yield f"  {named('finding', one['kind'], language)} ({one['code']}), mails {mails}"
    if waiting := [one for one in told["watches"] if one["state"] == "open"]:
        yield "Due"
        for one in waiting:
            yield (
                f"  {spoken(one['due_at'], zone)}  {named('watch', one['kind'], language)} –"
                f" {one['why']}"
            )
    if told["alerts"]:
        yield "Alerts"
        yield from (f"  {one['severity']}  {one['rule']}: {one['state']}" for one in told["alerts"])
