"""`evidence`: files that show what is wrong, kept beside the order; nothing is uploaded."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import Column, Overflow, as_json, column, print_json, show, spoken
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.queries.kept import OrderEvidence

ACTIONS = ("add", "list", "check", "remove")


@click.command(short_help="Photos and papers kept for an order, and what is missing.")
@click.argument("order_id", metavar="ORDER")
@click.argument("action", metavar="add|list|check|remove", type=click.Choice(ACTIONS))
@click.argument("files", metavar="[FILE]…", nargs=-1)
@click.option("--item", metavar="ITEM", help="What the file shows, as in the checklist.")
@click.option("--reason", metavar="REASON", help="Whose checklist, such as damaged or missing.")
@as_json
@click.pass_obj
def evidence(
    paths: Paths, /, order_id: str, action: str, files: tuple[str, ...], **options: Any
) -> None:
    """Keep files that show what is wrong with an order: add copies them with their SHA-256, list
    shows them, check says what is still missing and what the form will not take, remove deletes.
    """
    kept = _of(paths, order_id, options["reason"])
    _demand_files(action, files)
    match action:
        case "add":
            _add(paths, kept, [Path(one) for one in files], options["item"])
        case "remove":
            with paths.commands() as commands:
                for name in files:
                    kept.remove(commands, name)
                    click.echo(f"removed: {name}")
        case "list":
            _list(kept, as_json=options["as_json"])
        case _:
            _check(kept, as_json=options["as_json"])


def _of(paths: Paths, number: str, reason: str | None) -> "OrderEvidence":
    from daemon.pipeline.lookup import find_orders
    from daemon.queries.kept import OrderEvidence

    with paths.ledger() as ledger:
        view = paths.view(find_orders(ledger, number)[0].key, ledger)
    return OrderEvidence(
        view=view, state=paths.state, zone=paths.zone(), language=paths.language(), reason=reason
    )


def _demand_files(action: str, files: Iterable[str]) -> None:
    wants = action in ("add", "remove")
    if wants != bool(tuple(files)):
        raise ExitError(
            Exit.USAGE, f"{action} needs a file" if wants else f"{action} takes no files"
        )


def _add(paths: Paths, kept: "OrderEvidence", files: Iterable[Path], item: str | None) -> None:
    for file in files:
        with paths.commands() as commands:
            copy = kept.add(commands, file, item, datetime.now(UTC))
        click.echo(f"kept: {copy.name}, {copy.size / 1e6:.1f} MB, SHA-256 {copy.sha256[:16]}…")
        kept = _of(paths, kept.view.order.number, kept.reason)
    for warning in kept.warnings():
        click.echo(warning, err=True)


def _list(kept: "OrderEvidence", *, as_json: bool) -> None:
    show(
        kept.rows(),
        (
            column("file", "file", Overflow.FOLD),
            column("shows", "item"),
            Column("kept", lambda row: spoken(row["at"], kept.zone)),
            Column("MB", lambda row: "" if row["bytes"] is None else f"{row['bytes'] / 1e6:.1f}"),
            Column("SHA-256", lambda row: row["sha256"][:16], overflow=Overflow.HIDE),
        ),
        as_json=as_json,
        empty="no evidence is kept for this order",
    )


def _ticked(kept: "OrderEvidence", rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The list as people read it, and what the form takes."""
    yield kept.checklist.title.said(kept.language)
    for row in rows:
        yield f"  {'☑' if row['kept'] else '☐'} {row['item']}: {row['what']}"
    if limit := kept.limit:
        yield (
            f"the form takes {limit.megabytes} MB a photo, {limit.video_megabytes} MB a video,"
            f" within {limit.days} days of being asked ({limit.basis})"
        )


def _check(kept: "OrderEvidence", *, as_json: bool) -> None:
    rows = kept.wanted()
    if as_json:
        for row in rows:
            print_json(row)
    else:
        click.echo("\n".join(_ticked(kept, rows)))
    if wrong := list(kept.warnings()):
        raise ExitError(Exit.ERROR, *wrong)
