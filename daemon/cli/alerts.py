"""`alerts`, `ack`, `snooze`, `resolve`: what rings, and what its owner says to it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import Column, Fit, as_json, column, show
from daemon.cli.orders import iso, limit, spoken
from daemon.cli.paths import Paths
from daemon.cli.rules import STYLES, rulebook

if TYPE_CHECKING:
    from datetime import tzinfo

    from daemon.pipeline.commands import Commands
    from daemon.store.alerts import AlertRow
    from rules.rulebook import Rulebook


@click.command(short_help="List alerts, worst first.")
@click.option("--all", "everything", is_flag=True, help="Those that have ended too.")
@limit
@as_json
@click.pass_obj
def alerts(places: Paths, everything: bool, limit: int, as_json: bool) -> None:
    """List alerts, worst first; ack, snooze and resolve take their numbers."""
    zone, book = places.zone(), rulebook(places, None)
    with places.ledger() as ledger:
        found = (
            ledger.alerts.listed(limit=limit) if everything else ledger.alerts.all_live(limit=limit)
        )
    now = datetime.now(UTC)
    shown = found if everything else [one for one in found if one.alert.state != "pending"]
    rows = [_row(one, book, places.language(), zone, now) for one in shown]
    show(
        sorted(rows, key=lambda row: ("critical", "warning", "info").index(row["severity"])),
        (
            column("no", "alert"),
            Column("severity", lambda row: row["severity"], lambda row: STYLES[row["severity"]]),
            column("state", "state"),
            column("what", "title", Fit.TEXT),
            Column("until", lambda row: spoken(row["due_at"], zone)),
        ),
        as_json=as_json,
        empty="nothing rings",
    )


def _row(
    one: "AlertRow", book: "Rulebook", language: str, zone: "tzinfo", now: datetime
) -> dict[str, Any]:
    alert = one.alert
    return {
        "alert": one.id,
        "rule": alert.rule,
        "severity": alert.severity.value,
        "state": alert.state.value,
        "title": title(one, book, language, zone, now),
        "orders": list(alert.orders),
        "since": iso(alert.since, zone),
        "due_at": iso(alert.due_at, zone),
        "mails": list(alert.mails),
    }


def title(one: "AlertRow", book: "Rulebook", language: str, zone: "tzinfo", now: datetime) -> str:
    """The alert's title as it would be told now; its rule's id when that rule is no more."""
    from rules.alert import Cause
    from rules.wording import Listener, write

    rule = {rule.id: rule for rule in book.rules}.get(one.alert.rule)
    if rule is None:
        return one.alert.rule
    listener = Listener(language=language, zone=zone, now=now)
    return write(rule, one.subject, one.alert, Cause.FIRING, listener).title


ringing = click.argument("which", metavar="ALERT|ORDER…", nargs=-1, required=True)


@click.command()
@ringing
@click.pass_obj
def ack(places: Paths, which: tuple[str, ...]) -> None:
    """Say that you have seen it: no more repeats. Takes alert numbers, or order numbers for all
    alerts of an order.
    """
    with places.desk() as desk:
        rows = _chosen(desk, which)
        desk.acknowledge(rows)
    _said(rows, "acknowledged")


@click.command()
@ringing
@click.option(
    "--for", "span", default="8h", show_default=True, help="Such as 8h, 2d, or deadline-24h."
)
@click.pass_obj
def snooze(places: Paths, which: tuple[str, ...], span: str) -> None:
    """Be silent for a while; it rings again by itself."""
    from rules.lifecycle import snooze_until

    zone, now = places.zone(), datetime.now(UTC)
    with places.desk() as desk:
        rows = _chosen(desk, which)
        refused = []
        for row in rows:
            try:
                until = snooze_until(span, row.alert, now)
            except ValueError as error:
                refused.append(f"{row.id} {row.alert.rule}: {error}")
                continue
            desk.snooze([row], until)
            click.echo(
                f"{row.id} {row.alert.rule}: silent until {until.astimezone(zone):%Y-%m-%d %H:%M}"
            )
    if len(refused) == len(rows):
        raise ExitError(Exit.USAGE, *refused)
    for line in refused:
        click.echo(line, err=True)


@click.command()
@ringing
@click.pass_obj
def resolve(places: Paths, which: tuple[str, ...]) -> None:
    """Say that it is done; it rings only if it becomes true anew."""
    with places.desk() as desk:
        rows = _chosen(desk, which)
        desk.resolve(rows)
    _said(rows, "resolved")


def _chosen(desk: "Commands", which: tuple[str, ...]) -> "list[AlertRow]":
    """Live alerts by their numbers or those of their orders. Raises Stop when one is not there."""
    with desk.store.read() as ledger:
        live = ledger.alerts.all_live()
    rows: dict[int, AlertRow] = {}
    for word in which:
        hits = [row for row in live if str(row.id) == word or word in row.alert.orders]
        if not hits:
            raise ExitError(Exit.ERROR, f"no alert {word!r} is open; orderbell alerts lists them")
        rows |= {row.id: row for row in hits}
    return list(rows.values())


def _said(rows: "list[AlertRow]", what: str) -> None:
    for row in rows:
        click.echo(f"{row.id} {row.alert.rule}: {what}")
