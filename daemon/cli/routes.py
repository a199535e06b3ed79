"""`routes`: who would be told of what."""

from datetime import UTC, datetime

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import as_json, print_json, say
from daemon.cli.paths import Paths


@click.group()
def routes() -> None:
    """Look at the routes of the configuration."""


@routes.command(short_help="Who would get an alert, and which route says so.")
@click.argument("name", metavar="RULE|ALERT")
@click.option("--marketplace", metavar="NAME", help="As if about an order of it (with RULE).")
@as_json
@click.pass_obj
def test(paths: Paths, name: str, marketplace: str | None, as_json: bool) -> None:
    """Say who would be told of an alert of RULE, or of the alert numbered ALERT, and which route
    says so.
    """
    from daemon.queries.routes import of_alert, of_rule, way
    from daemon.queries.rules import find_rule

    paths.settings()
    setup, now = paths.setup(), datetime.now(UTC)
    if name.isdigit():
        with paths.ledger() as ledger:
            row = ledger.alerts.get(int(name))
        if row is None:
            raise ExitError(
                Exit.ERROR, f"no alert has the number {name}; orderbell alerts --all lists them"
            )
        known = {one.id: one for one in (*setup.rulebook.rules, *setup.rulebook.idle)}
        told = way(setup, known.get(row.alert.rule), of_alert(row, now))
    else:
        rule = find_rule(setup.rulebook, name)
        told = way(setup, rule, of_rule(rule, marketplace, now))
    if as_json:
        print_json(told)
        return
    groups, targets = ", ".join(told["groups"]), ", ".join(told["targets"])
    say(f"{told['rule']} ({told['severity']}) → {groups or 'every target'}: {targets or 'nobody'}")
    say(f"because of {told['because']}")
