"""`alerts`, `ack`, `snooze`, `resolve`: what rings, and what its owner says to it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import STYLES, Column, Overflow, as_json, column, limit, show, spoken
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.pipeline.commands import Commands
    from daemon.store.alerts import AlertRow


@click.command(short_help="List alerts, worst first.")
@click.option("--all", "everything", is_flag=True, help="Those that have ended too.")
@limit
@as_json
@click.pass_obj
def alerts(paths: Paths, everything: bool, limit: int, as_json: bool) -> None:
    """List alerts, worst first; ack, snooze and resolve take their numbers."""
    from daemon.queries.alerts import Teller, listed_alerts

    zone = paths.zone()
    teller = Teller(
        book=paths.rulebook(), language=paths.language(), zone=zone, now=datetime.now(UTC)
    )
    with paths.ledger() as ledger:
        rows = listed_alerts(ledger, teller, everything=everything, limit=limit)
    show(
        rows,
        (
            column("no", "alert"),
            Column("severity", lambda row: row["severity"], lambda row: STYLES[row["severity"]]),
            column("state", "state"),
            column("what", "title", Overflow.FOLD),
            Column("until", lambda row: spoken(row["due_at"], zone)),
        ),
        as_json=as_json,
        empty="nothing rings",
    )


ringing = click.argument("which", metavar="ALERT|ORDER…", nargs=-1, required=True)


@click.command()
@ringing
@click.pass_obj
def ack(paths: Paths, which: tuple[str, ...]) -> None:
    """Say that you have seen it: no more repeats. Takes alert numbers, or order numbers for all
    alerts of an order.
    """
    with paths.commands() as commands:
        rows = _chosen(commands, which)
        commands.acknowledge(rows)
    _said(rows, "acknowledged")


@click.command()
@ringing
@click.option(
    "--for", "span", default="8h", show_default=True, help="Such as 8h, 2d, or deadline-24h."
)
@click.pass_obj
def snooze(paths: Paths, which: tuple[str, ...], span: str) -> None:
    """Be silent for a while; it rings again by itself."""
    from rules.lifecycle import snooze_until

    zone, now = paths.zone(), datetime.now(UTC)
    with paths.commands() as commands:
        rows = _chosen(commands, which)
        refused = []
        for row in rows:
            try:
                until = snooze_until(span, row.alert, now)
            except ValueError as error:
                refused.append(f"{row.id} {row.alert.rule}: {error}")
                continue
            commands.snooze([row], until)
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
def resolve(paths: Paths, which: tuple[str, ...]) -> None:
    """Say that it is done; it rings only if it becomes true anew."""
    with paths.commands() as commands:
        rows = _chosen(commands, which)
        commands.resolve(rows)
    _said(rows, "resolved")


def _chosen(commands: "Commands", which: Sequence[str]) -> "list[AlertRow]":
    from daemon.queries.alerts import open_alerts

    with commands.store.read() as ledger:
        return open_alerts(ledger, which)


def _said(rows: "list[AlertRow]", what: str) -> None:
    for row in rows:
        click.echo(f"{row.id} {row.alert.rule}: {what}")
