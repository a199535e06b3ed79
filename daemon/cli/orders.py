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
    asked,
    choice,
    column,
    filters,
    named,
    nothing,
    print_json,
    put,
    show,
    spoken,
    tell_more,
    until,
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
@filters(
    status="Only in this status, such as in_transit or delivered; may be repeated.",
    since="Only with news since then: a date, or 7d for the last week.",
)
@click.pass_obj
def orders(paths: Paths, /, as_json: bool, **options: Any) -> None:
    """List orders, the latest news first."""
    from daemon.queries.orders import OrderFilter, listed_orders
    from daemon.queries.wanted import ORDER_STATUSES

    zone, language, marketplace = paths.zone(), paths.language(), options["marketplace"]
    wanted = asked(paths, ORDER_STATUSES, options)
    with paths.ledger() as ledger:
        found = listed_orders(ledger, zone, datetime.now(UTC), OrderFilter(**wanted))
    if marketplace and not found.rows:
        _demand_known(marketplace, paths.library().marketplaces)
    show(
        found.rows,
        (
            column("order", "number"),
            Column("status", lambda row: words(row["status"])),
            Column("item", lambda row: row["title"] or _("not named yet"), overflow=Overflow.FOLD),
            column("total", "total"),
            Column("next", lambda row: _next(row, zone, language), overflow=Overflow.FOLD),
            Column("last news", lambda row: spoken(row["last_at"], zone), overflow=Overflow.HIDE),
        ),
        as_json=as_json,
        empty=nothing(wanted, "no orders under way; with --all also those that are over"),
    )
    tell_more(found.next)


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
@filters(
    status="Only open or closed ones, or in a state such as judged; may be repeated.",
    since="Only those opened since then: a date, or 7d for the last week.",
)
@click.pass_obj
def cases(paths: Paths, /, as_json: bool, **options: Any) -> None:
    """List disputes, appeals, returns, refunds, claims and other matters that are open."""
    from daemon.queries.orders import listed_cases
    from daemon.queries.wanted import CASE_STATUSES, Wanted

    zone, language, now = paths.zone(), paths.language(), datetime.now(UTC)
    wanted = asked(paths, CASE_STATUSES, options)
    with paths.ledger() as ledger:
        found = listed_cases(ledger, zone, Wanted(**wanted))
    show(
        found.rows,
        (
            column("order", "order"),
            Column(
                "case", lambda row: named("case", row["kind"], language), overflow=Overflow.FOLD
            ),
            Column("state", lambda row: words(row["state"])),
            choice("waits for", "waiting_for"),
            Column("answer by", lambda row: _answer_by(row, zone, now), overflow=Overflow.FOLD),
            column("claimed", "amount_claimed"),
        ),
        as_json=as_json,
        empty=nothing(wanted, "no open cases; with --all also those that are closed"),
    )
    tell_more(found.next)


@click.command()
@click.option("--all", "everything", is_flag=True, help="Met and void ones too.")
@click.option("--mine", is_flag=True, help="Only deadlines of your own, not the silence of others.")
@filters(
    status="Only open, met or void ones; may be repeated.",
    since="Only those due since then or later: a date, or 7d for a week ago.",
)
@click.pass_obj
def watches(paths: Paths, /, mine: bool, as_json: bool, **options: Any) -> None:
    """List deadlines and silences being watched, the next due first."""
    from daemon.queries.orders import listed_watches
    from daemon.queries.wanted import WATCH_STATES, Wanted

    zone, language, now = paths.zone(), paths.language(), datetime.now(UTC)
    wanted = asked(paths, WATCH_STATES, options)
    with paths.ledger() as ledger:
        found = listed_watches(ledger, zone, Wanted(**wanted), mine=mine)
    show(
        found.rows,
        (
            Column("due", lambda row: spoken(row["due_at"], zone)),
            column("order", "order"),
            Column(
                "what", lambda row: named("watch", row["kind"], language), overflow=Overflow.FOLD
            ),
            choice("who", "actor"),
            Column("state", lambda row: _("passed") if _is_over(row, now) else words(row["state"])),
            Column("why", lambda row: in_words(row["why"], language), overflow=Overflow.HIDE),
        ),
        as_json=as_json,
        empty=nothing(wanted, "nothing is being watched"),
    )
    tell_more(found.next)


def _is_over(watch: Mapping[str, Any], now: datetime) -> bool:
    return watch["state"] == "open" and datetime.fromisoformat(watch["due_at"]) <= now


def _answer_by(case: Mapping[str, Any], zone: tzinfo, now: datetime) -> str:
    at = case["respond_by"]
    return spoken(at, zone) if case["closed_at"] else until(at, zone, now)


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
