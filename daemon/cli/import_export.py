"""`import` and `export`: orders from files of the shops, and the ledger as files for others."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError, complain
from daemon.cli.listing import say
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.files.importers import Imported

WHAT = ("orders", "events", "watches", "calendar")


@click.command(name="import", short_help="Take in order exports and seller reports.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would come in, and change nothing.")
@click.pass_obj
def import_files(paths: Paths, files: tuple[Path, ...], dry_run: bool) -> None:
    """Take in order exports and seller reports; the format is told by the header row."""
    now = datetime.now(UTC)
    found = [(path, _read(path, paths, now)) for path in files]
    if dry_run:
        for path, table in found:
            say(f"{path}: {table.format}; {table.rows} rows, {len(table.events)} entries")
    else:
        with paths.commands() as commands:
            for path, table in found:
                keys = commands.record(table.events, path.name)
                say(f"{path}: {table.format}; {table.rows} rows, {len(keys)} orders changed")
    for _, table in found:
        complain([*map(str, table.faults), *table.skipped])
    wrong = sum(len(table.faults) for _, table in found)
    if wrong:
        raise ExitError(
            Exit.ERROR, f"{wrong} row{'s' if wrong > 1 else ''} could not be read; all others were"
        )


@click.command(short_help="Orders, events, watches or deadlines as files.")
@click.argument("what", type=click.Choice(WHAT))
@click.option(
    "--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True
)
@click.option("--tasks", is_flag=True, help="Calendar: to-dos instead of events.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write here, not to stdout.",
)
@click.pass_obj
def export(paths: Paths, what: Any, form: Any, tasks: bool, output: Path | None) -> None:
    """Write orders, events or watches as CSV or JSON Lines, or the open deadlines as a calendar for
    phones.
    """
    from daemon.atomic import write_file
    from daemon.queries.exports import calendar, every_view, table

    with paths.ledger() as ledger:
        views = every_view(ledger, paths.policy(), paths.zone())
    if what == "calendar":
        raw = calendar(views, paths.language(), datetime.now(UTC), tasks=tasks)
    else:
        raw = table(views, what, form)
    if output is None:
        click.echo(raw, nl=False)
    else:
        write_file(output, raw, mode=None)  # a phone may read it at any moment
        say(f"written to {output}", err=True)


def _read(path: Path, paths: Paths, now: datetime) -> "Imported":
    from daemon.files.importers import read
    from parsers.user_yaml import UserFileError

    try:
        return read(path, seen=now, zone=paths.zone())
    except UserFileError as error:
        raise ExitError(Exit.ERROR, *error.sentences, "nothing was taken in") from error
