"""`note`, `assign` and `dossier`: what leaves no mail, which order a mail belongs to, and
everything on one page.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import say
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.store.orders import OrderRow


class NoteKind(click.ParamType[object]):
    """The kind of a note; shells complete it."""

    name = "kind"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        from daemon.pipeline.notes import kind_of

        try:
            return kind_of(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del ctx, param
        from orders.notes import NOTES

        return [
            CompletionItem(kind.value, help=what)
            for kind, what in NOTES.items()
            if kind.startswith(incomplete)
        ]


@click.command(short_help="Tell what leaves no mail: a promise, an appeal, evidence.")
@click.argument("order_id", metavar="ORDER")
@click.argument("kind", metavar="KIND", type=NoteKind())
@click.option(
    "--at",
    metavar="WHEN",
    help="When it happened, such as 2026-03-02 or '2026-03-02 09:00'.  [default: now]",
)
@click.option("--text", default="", help="In your own words.")
@click.option("--amount", metavar="'VALUE CUR'", help="Such as '26.12 USD'.")
@click.option("--tracking", metavar="NUMBER", help="Of a parcel you sent back.")
@click.option("--due", metavar="WHEN", help="A promised or stated date.")
@click.option("--role", type=click.Choice(["buyer", "seller"]), help="When you are both.")
@click.pass_obj
def note(paths: Paths, /, order_id: str, kind: object, **words: str | None) -> None:
    """Tell what leaves no mail: an appeal filed in a chat, a promise, evidence sent, a return
    posted.

    KIND is any kind of notice (appeal.submitted, return.shipped, order.placed …) or promise,
    evidence,
    parcel_not_here, wrong_item, goods_checked, withdrawal, contacted_seller.
    """
    from daemon.pipeline.lookup import note_home
    from daemon.pipeline.notes import Note, instant
    from parsers.amount import amount
    from parsers.notice import Kind

    zone = paths.zone()
    when, value, due, tracking, role = (
        words[name] for name in ("at", "amount", "due", "tracking", "role")
    )
    try:
        told = Note(
            kind=Kind(str(kind)),
            order=order_id.strip(),
            at=instant(when, zone) if when else datetime.now(UTC),
            text=words["text"] or "",
            amount=amount(value) if value else None,
            tracking=tracking,
            due=instant(due, zone, until=True) if due else None,
        )
        with paths.commands() as commands:
            with commands.store.read() as ledger:
                home = note_home(ledger, told, role)
            keys = commands.note(told, home.marketplace, home.role)
    except ValueError as error:
        raise ExitError(Exit.ERROR, str(error)) from error
    more = "" if home.known else "; it was not in the ledger before"
    day = f"{told.at.astimezone(zone):%Y-%m-%d %H:%M}"
    say(f"noted: {told.kind.value} of {told.order}, {day}{more}")
    if not keys:
        say("it changed nothing: the same was noted before", err=True)


@click.command(short_help="Answer which order a mail is about.")
@click.argument("mail", type=int)
@click.argument("order_id", metavar="ORDER|none")
@click.pass_obj
def assign(paths: Paths, mail: int, order_id: str) -> None:
    """Answer which order a mail is about (orderbell alerts shows the question); 'none' for none of
    them.
    """
    from daemon.pipeline.lookup import find_orders

    with paths.commands() as commands:
        row: OrderRow | None = None
        if order_id.casefold() != "none":
            with commands.store.read() as ledger:
                row = find_orders(ledger, order_id)[0]
        commands.assign(mail, row)
    say(f"mail {mail} belongs to {row.number if row else 'no order of the ledger'}")


@click.command(short_help="Everything about an order in one HTML file.")
@click.argument("order_id", metavar="ORDER")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="[default: dossier-ORDER.html]",
)
@click.option(
    "--language", type=click.Choice(["en", "ja"]), help="[default: that of your first target]"
)
@click.option(
    "--zip", "as_zip", is_flag=True, help="A zip: the page, the mails, your evidence, a manifest."
)
@click.pass_obj
def dossier(
    paths: Paths, order_id: str, output: Path | None, language: str | None, as_zip: bool
) -> None:
    """Write everything about an order into one HTML file: timeline, amounts, mails, and the sheet
    for an appeal. With --zip also the mails themselves and the evidence you keep, with the SHA-256
    of each.
    """
    from daemon.atomic import write_file
    from daemon.pipeline.lookup import find_orders
    from daemon.queries.dossier import dossier as page
    from daemon.queries.kept import OrderEvidence, dossier_zip

    now, spoken = datetime.now(UTC), language or paths.language()
    with paths.ledger() as ledger:
        row = find_orders(ledger, order_id)[0]
        view = paths.view(row.key, ledger)
        path = output or Path(f"dossier-{row.number}.{'zip' if as_zip else 'html'}")
        if as_zip:
            kept = OrderEvidence(view=view, state=paths.state, zone=paths.zone(), language=spoken)
            dossier_zip(path, ledger, kept, now)
        else:
            text = page(ledger, view, language=spoken, zone=paths.zone(), now=now)
            write_file(path, text, mode=None)
    say(f"written to {path}; it holds your mails: share it only with those who decide the case")
