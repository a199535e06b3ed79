"""`stake` and `stores`: what doing nothing costs, and how each store has behaved."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from gettext import gettext as _
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.listing import (
    Column,
    Overflow,
    as_json,
    column,
    first,
    limit,
    named,
    print_json,
    put,
    show,
    until,
    words,
)
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.queries.stake import Looker, StakeList


@click.command(short_help="What doing nothing costs, and until when.")
@click.option("--all", "everything", is_flag=True, help="Every open matter, not one an order.")
@as_json
@click.pass_obj
def stake(paths: Paths, everything: bool, as_json: bool) -> None:
    """List what is lost by doing nothing, and until when, the nearest first. The sums of different
    currencies stand side by side, or as one by the `rates` of your configuration.
    """
    from daemon.queries.stake import listed_stakes

    looker = looker_of(paths)
    with paths.ledger() as ledger:
        found = listed_stakes(ledger, looker, everything=everything)
    show(
        found.rows,
        (
            Column("until", lambda row: until(row["due_at"], looker.zone, looker.now)),
            column("order", "order"),
            Column("at stake", lambda row: row["amount"] or _("not known")),
            Column("matter", lambda row: _matter(row, looker.language), overflow=Overflow.FOLD),
            Column("who", lambda row: _("you") if row["mine"] else _("others")),
            Column("worth it", lambda row: _("no") if row["small"] else _("yes")),
        ),
        as_json=as_json,
        empty="nothing is at stake",
    )
    if found.totals and not as_json:
        _sums(found)


def _sums(found: "StakeList") -> None:
    click.echo(_("in all {sums}").format(sums=", ".join(found.totals)))
    if found.together:
        click.echo(_("together {sum} by your rates").format(sum=found.together))


@click.command(short_help="How each store has behaved, with the orders behind it.")
@click.argument("name", required=False)
@limit
@as_json
@click.pass_obj
def stores(paths: Paths, name: str | None, limit: int, as_json: bool) -> None:
    """List stores by what went wrong with them; with NAME (or a part of it) one store and the
    orders behind each figure. All of it is from your own ledger.
    """
    from daemon.queries.stake import listed_stores

    looker = looker_of(paths)
    with paths.ledger() as ledger:
        rows = first(listed_stores(ledger, looker, name=name, limit=limit + 1), limit)
    if name is not None:
        for row in rows:
            if as_json:
                print_json(row)
            else:
                put("\n".join(_whole(row)))
        return
    show(
        rows,
        (
            column("store", "store", Overflow.FOLD),
            column("marketplace", "marketplace", Overflow.HIDE),
            Column("record", lambda row: ", ".join(row["record"]), overflow=Overflow.FOLD),
        ),
        as_json=as_json,
        empty="no order of the ledger names its store",
    )


def looker_of(paths: Paths) -> "Looker":
    """In the language, zone and money of the user."""
    from daemon.queries.stake import Looker

    return Looker(
        policy=paths.policy(),
        zone=paths.zone(),
        now=datetime.now(UTC),
        language=paths.language(),
        worth=paths.worth(),
    )


def _matter(row: Mapping[str, Any], language: str) -> str:
    from daemon.files.exports.words import TABLES

    tables = (one for one in ("watch", "finding") if row["kind"] in TABLES[one])
    table = next(tables, "case")
    return named(table, row["kind"], language)


def _whole(row: Mapping[str, Any]) -> Iterator[str]:
    from daemon.queries.stake import behind

    yield f"{row['store']}  {row['marketplace']}: {', '.join(row['record'])}"
    yield f"  orders: {', '.join(row['orders'])}"
    for mark, numbers in behind(row):
        yield f"  {words(mark)}: {', '.join(numbers)}"
