"""`rules`: check, list, test, explain and replay the rules, and their schema for editors."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, Stop
from daemon.cli.listing import Column, as_json, column, show
from daemon.cli.places import Places

if TYPE_CHECKING:
    from rules.rulebook import Rulebook


@click.group()
def rules() -> None:
    """Look at the rules."""


@rules.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def check(places: Places, file: Path | None) -> None:
    """Check the rules and say every fault as file:line:column."""
    book = rulebook(places, file)
    where = file or places.rules or "the shipped rules"
    click.echo(f"{where}: right; {len(book.rules)} rules in effect")


@rules.command(name="list")
@as_json
@click.pass_obj
def list_rules(places: Places, as_json: bool) -> None:
    """List the rules in effect."""
    book = rulebook(places, None)
    rows = [
        {
            "id": rule.id,
            "about": rule.about,
            "severity": rule.severity.value,
            "title": rule.title.get("en") or next(iter(rule.title.values())),
            "source": f"{rule.file}:{rule.line}",
        }
        for rule in book.rules
    ]
    columns = (
        Column("severity", lambda row: row["severity"], lambda row: STYLES[row["severity"]]),
        column("rule", "id"),
        column("about", "about"),
        column("title", "title"),
    )
    show(rows, columns, as_json=as_json, empty="no rules are in effect")


STYLES = {"critical": "bold red", "warning": "yellow", "info": ""}


def rulebook(places: Places, file: Path | None) -> "Rulebook":
    """The shipped rules with the user's file laid over. Raises Stop with every fault."""
    from parsers.written import WrittenError
    from rules.rulebook import load

    settings = places.settings_if_any()
    try:
        return load(file or places.rules, None if settings is None else settings.notify)
    except WrittenError as error:
        raise Stop(Exit.RULES, *(str(fault) for fault in error.faults)) from error
