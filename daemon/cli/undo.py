"""`undo`: what you told is listed, and taken back."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.alerts import language, teller_of
from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import (
    Column,
    Overflow,
    as_json,
    column,
    first,
    limit,
    print_json,
    say,
    show,
    spoken,
)
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.queries.alerts import Teller


@click.command(short_help="Take back what you told: notes, answers, imports, acks.")
@click.argument("number", required=False, type=int)
@click.option("--last", is_flag=True, help="Take back what you told last.")
@language
@limit
@as_json
@click.pass_obj
def undo(
    paths: Paths, number: int | None, last: bool, language: str | None, limit: int, as_json: bool
) -> None:
    """List what you told, newest first, and take back NUMBER: a note, an assignment, an import, or
    what you acknowledged, snoozed or resolved. Nothing is deleted: that you took it back is kept
    beside it.
    """
    from daemon.queries.told import told_rows

    if last and number is not None:
        raise ExitError(Exit.USAGE, "say a number or --last, not both")
    teller = teller_of(paths, language)
    with paths.ledger() as ledger:
        rows = told_rows(ledger, teller, limit=limit + 1)
    if number is None and not last:
        _list(first(rows, limit), teller, as_json=as_json)
        number = _asked(rows) if sys.stdin.isatty() and sys.stdout.isatty() and rows else None
    elif last:
        if not rows:
            raise ExitError(Exit.ERROR, "nothing was told that could be taken back")
        number = rows[0]["number"]
    if number is not None:
        _take_back(paths, number, teller, as_json=as_json)


def _list(rows: Sequence[Mapping[str, Any]], teller: "Teller", *, as_json: bool) -> None:
    show(
        rows,
        (
            column("number", "number"),
            Column("when", lambda row: spoken(row["at"], teller.zone)),
            column("kind", "kind"),
            column("what", "what", Overflow.FOLD),
            column("by", "by", Overflow.HIDE),
        ),
        as_json=as_json,
        empty="you have told nothing that could be taken back",
    )


def _asked(rows: list[dict[str, Any]]) -> int | None:
    known = {str(row["number"]) for row in rows}
    while True:
        text = click.prompt("Take back number (Enter: none)", default="", show_default=False)
        if not text.strip():
            return None
        if text.strip() in known:
            return int(text)
        say(f"{text.strip()!r} is not in the list", err=True)


def _take_back(paths: Paths, number: int, teller: "Teller", *, as_json: bool) -> None:
    from daemon.queries.told import told_row

    with paths.commands() as commands:
        with commands.store.read() as ledger:
            row = ledger.told.get(number)
            told: Mapping[str, Any] = told_row(ledger, row, teller) if row else {}
        _, keys = commands.take_back(number)
    orders = sorted({key.split(":", 2)[2] for key in keys})
    if as_json:
        print_json({**told, "changed": orders})
        return
    say(f"taken back: {told['what']}")
    if orders:
        say(f"{len(orders)} order{'s' * (len(orders) != 1)} changed: {', '.join(orders)}")
