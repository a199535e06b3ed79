"""`import` and `export`: orders from files of the shops, and the ledger as files for others."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.files.exports.rows import Rows
    from daemon.files.importers import Imported
    from orders.facts.view import View

WHAT = ("orders", "events", "watches", "calendar")


@click.command(name="import", short_help="Take in order exports and seller reports.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would come in, and change nothing.")
@click.pass_obj
def import_files(places: Paths, files: tuple[Path, ...], dry_run: bool) -> None:
    """Take in order exports and seller reports; the format is told by the header row."""
    now = datetime.now(UTC)
    found = [(path, _read(path, places, now)) for path in files]
    wrong = 0
    if dry_run:
        for path, one in found:
            click.echo(f"{path}: {one.format}; {one.rows} rows, {len(one.events)} entries")
    else:
        with places.desk() as desk:
            for path, one in found:
                keys = desk.record(one.events)
                click.echo(f"{path}: {one.format}; {one.rows} rows, {len(keys)} orders changed")
    for _, one in found:
        for fault in one.faults:
            click.echo(str(fault), err=True)
        for sentence in one.skipped:
            click.echo(sentence, err=True)
        wrong += len(one.faults)
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
def export(places: Paths, what: str, form: str, tasks: bool, output: Path | None) -> None:
    """Write orders, events or watches as CSV or JSON Lines, or the open deadlines as a calendar for
    phones.
    """
    from daemon.files import exports

    with places.ledger() as ledger:
        views = [places.view(row.key, ledger) for row in ledger.orders.listed(limit=1_000_000)]
    if what == "calendar":
        pairs = [(view.order, watch) for view in views for watch in view.watches]
        raw = exports.calendar(
            pairs, language=places.language(), now=datetime.now(UTC), tasks=tasks
        )
    else:
        lines = (exports.csv_lines if form == "csv" else exports.json_lines)(_rows(what, views))
        raw = "".join(lines).encode()
    if output is None:
        click.echo(raw, nl=False)
    else:
        _replace(output, raw)
        click.echo(f"written to {output}", err=True)


def _read(path: Path, places: Paths, now: datetime) -> "Imported":
    from daemon.files.importers import read
    from parsers.user_yaml import UserFileError

    try:
        return read(path, seen=now, zone=places.zone())
    except UserFileError as error:
        raise ExitError(
            Exit.ERROR, *(str(fault) for fault in error.faults), "nothing was taken in"
        ) from error


def _rows(what: str, views: "list[View]") -> "Iterator[Rows]":
    from daemon.files.exports import event_row, order_row, watch_row

    for view in views:
        match what:
            case "orders":
                yield order_row(view.order)
            case "events":
                yield from map(event_row, view.order.events)
            case _:
                yield from (watch_row(view.order, watch) for watch in view.watches)


def _replace(path: Path, raw: bytes) -> None:
    """The file whole or not at all: a phone may read it at any moment."""
    partial = path.with_name(f".{path.name}.new")
    partial.write_bytes(raw)
    partial.replace(path)
