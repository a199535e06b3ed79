"""`routes`: who would be told of what."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

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
@click.option("--at", "moment", metavar="TIME", help="As if it were then: 2026-03-02 23:30.")
@as_json
@click.pass_obj
def test(
    paths: Paths, name: str, marketplace: str | None, moment: str | None, as_json: bool
) -> None:
    """Say who would be told of an alert of RULE, or of the alert numbered ALERT, which route says
    so, and until when it waits.
    """
    from daemon.queries.routes import of_alert, of_rule, way
    from daemon.queries.rules import find_rule

    paths.settings()
    setup, now = paths.setup(), _instant(moment, paths.zone())
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
    _say_when(told, datetime.fromisoformat(told["at"]).astimezone(paths.zone()))


def _say_when(told: Mapping[str, Any], until: datetime) -> None:
    at = f"{until:%Y-%m-%d %H:%M}"
    match told["waits_for"], told["quiet_of"]:
        case None, _:
            say("it goes out at once")
        case "digest", _:
            say(f"it waits until {at} for the daily digest")
        case _, None:
            say(f"it waits until {at} for the quiet hours")
        case _, "rule":
            say(f"it waits until {at} for the rule's own quiet hours")
        case _, route:
            say(f"it waits until {at} for the quiet hours of {route}")


def _instant(moment: str | None, zone: tzinfo) -> datetime:
    from daemon.pipeline.notes import instant

    try:
        return instant(moment, zone) if moment else datetime.now(UTC)
    except ValueError as error:
        raise ExitError(Exit.USAGE, f"--at {moment}: {error}") from error
