"""`orders`, `order`, `cases` and `watches`: what is known, and from which mail."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from gettext import gettext as _
from typing import Any

import click

from daemon.cli.alerts import teller_of
from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import (
    Column,
    Overflow,
    as_json,
    choice,
    column,
    limit,
    named,
    print_json,
    put,
    show,
    spoken,
    words,
)
from daemon.cli.paths import Paths
from daemon.files.exports.words import in_words


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
def orders(paths: Paths, /, as_json: bool, **wanted: Any) -> None:
    """List orders, the latest news first."""
    from daemon.queries.orders import OrderFilter, listed_orders

    zone, language, marketplace = paths.zone(), paths.language(), wanted["marketplace"]
    with paths.ledger() as ledger:
        rows = listed_orders(ledger, zone, datetime.now(UTC), OrderFilter(**wanted))
    if marketplace and not rows:
        _demand_known(marketplace, paths.library().marketplaces)
    show(
        rows,
        (
            column("order", "number"),
            Column("status", lambda row: words(row["status"])),
            column("item", "title", Overflow.FOLD),
            column("total", "total"),
            Column("next", lambda row: _next(row, zone, language), overflow=Overflow.FOLD),
            Column("last news", lambda row: spoken(row["last_at"], zone), overflow=Overflow.HIDE),
        ),
        as_json=as_json,
        empty="no orders under way; with --all also those that are over",
    )


@click.command(short_help="One order: timeline with its mails, what is due.")
@click.argument("order_id", metavar="ID")
@as_json
@click.pass_obj
def order(paths: Paths, order_id: str, as_json: bool) -> None:
    """Show one order: its state, its timeline with the mail behind each step, what is due."""
    from daemon.pipeline.lookup import find_orders
    from daemon.queries.orders import whole_order

    teller = teller_of(paths)
    zone, language = teller.zone, teller.language
    with paths.ledger() as ledger:
        found = [
            whole_order(paths.view(row.key, ledger), ledger, teller)
            for row in find_orders(ledger, order_id)
        ]
    for row in found:
        if as_json:
            print_json(row)
        else:
            put("\n".join(_in_words(row, zone, language)))


@click.command(short_help="List disputes, returns, refunds, claims that are open.")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@limit
@as_json
@click.pass_obj
def cases(paths: Paths, everything: bool, limit: int, as_json: bool) -> None:
    """List disputes, appeals, returns, refunds, claims and other matters that are open."""
    from daemon.queries.orders import listed_cases

    zone, language, policy = paths.zone(), paths.language(), paths.policy()
    with paths.ledger() as ledger:
        rows = listed_cases(ledger, policy, zone, everything=everything, limit=limit)
    show(
        rows,
        (
            column("order", "order"),
            Column(
                "case", lambda row: named("case", row["kind"], language), overflow=Overflow.FOLD
            ),
            Column("state", lambda row: words(row["state"])),
            choice("waits for", "waiting_for"),
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
def watches(paths: Paths, /, as_json: bool, **wanted: Any) -> None:
    """List deadlines and silences being watched, the next due first."""
    from daemon.queries.orders import listed_watches

    zone, language = paths.zone(), paths.language()
    with paths.ledger() as ledger:
        rows = listed_watches(ledger, zone, **wanted)
    show(
        rows,
        (
            Column("due", lambda row: spoken(row["due_at"], zone)),
            column("order", "order"),
            Column(
                "what", lambda row: named("watch", row["kind"], language), overflow=Overflow.FOLD
            ),
            choice("who", "actor"),
            choice("state", "state"),
            Column("why", lambda row: in_words(row["why"], language), overflow=Overflow.HIDE),
        ),
        as_json=as_json,
        empty="nothing is being watched",
    )


def _demand_known(marketplace: str, known: Sequence[str]) -> None:
    from parsers.user_yaml import did_you_mean

    if marketplace not in known:
        hint = did_you_mean(marketplace, known) or f"; known are {', '.join(known)}"
        raise ExitError(Exit.USAGE, f"no marketplace {marketplace!r}{hint}")


def _next(row: Mapping[str, Any], zone: tzinfo, language: str) -> str:
    kind, due = row["next"], row["next_due"]
    return f"{named('watch', kind, language)}, {spoken(due, zone)}" if kind and due else ""


def _in_words(row: Mapping[str, Any], zone: tzinfo, language: str) -> Iterator[str]:
    told = _("{number}  {marketplace}, as {role}: {status}")
    yield told.format(
        number=row["number"],
        marketplace=row["marketplace"],
        role=words(row["role"]),
        status=words(row["status"]),
    )
    for item in row["items"]:
        yield f"  {item['quantity']} × {item['title']}"
    named_values = {"total": _("total"), "refunded": _("refunded"), "store": _("store")}
    yield from (f"  {name} {row[key]}" for key, name in named_values.items() if row[key])
    if row["store_record"]:
        yield f"  {row['store_record']}"
    if row["stake"]:
        due = row["stake"]["due_at"]
        stake = _("  at stake {amount}").format(amount=row["stake"]["amount"])
        yield stake + (f", {spoken(due, zone)}" if due else "")
    yield from _parts(row, zone, language)
    yield _("Timeline")
    for step in row["timeline"]:
        origin = (
            _("mail {number}, {subject!r} ({trust})").format(
                number=step["mail"], subject=step["subject"], trust=words(step["trust"])
            )
            if step["mail"]
            else words(step["source"])
        )
        event = f"{step['kind']} ({named('event', step['kind'], language)})"
        yield f"  {spoken(step['at'], zone)}  {event} – {origin}"
        if step["kind"] == "mail.gist" and step["fields"].get("text"):
            yield f"    until {step['fields']['due']}: “{step['fields']['text']}”"
    if row["findings"]:
        yield _("What does not fit")
        for finding in row["findings"]:
            mails = ", ".join(str(event["mail"]) for event in finding["rests_on"] if event["mail"])
            name = named("finding", finding["kind"], language)
            told = _("  {name} ({code}), mails {mails}")
            yield told.format(name=name, code=finding["code"], mails=mails)
    yield from _ahead(row, zone, language)


def _parts(row: Mapping[str, Any], zone: tzinfo, language: str) -> Iterator[str]:
    for shipment in row["shipments"]:
        expected = spoken(shipment["expected_until"], zone)
        more = _(", expected {time}").format(time=expected) if expected else ""
        parcel = _("  parcel {number}: {status}")
        yield parcel.format(number=shipment["id"], status=words(shipment["status"])) + more
    for case in row["cases"]:
        judgement = case["judgement"]
        more = f", {words(judgement)}" if judgement and judgement not in case["state"] else ""
        yield f"  {named('case', case['kind'], language)}: {words(case['state'])}{more}"


def _ahead(row: Mapping[str, Any], zone: tzinfo, language: str) -> Iterator[str]:
    if waiting := [watch for watch in row["watches"] if watch["state"] == "open"]:
        yield _("Due")
        for watch in waiting:
            name = named("watch", watch["kind"], language)
            yield f"  {spoken(watch['due_at'], zone)}  {name} – {in_words(watch['why'], language)}"
    if row["alerts"]:
        yield _("Alerts")
        for alert in row["alerts"]:
            over = alert["resolved_at"]
            state = words(alert["state"]) + (f" {spoken(over, zone)}" if over else "")
            yield f"  {alert['alert']}  {words(alert['severity'])}, {state}: {alert['title']}"
