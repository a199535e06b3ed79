"""`note`, `assign` and `dossier`: what leaves no mail, which order a mail belongs to, and
everything on one page.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from daemon.cli.exits import Exit, ExitError
from daemon.cli.orders import found, no_order
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.store.orders import OrderRow
    from parsers.notice import Money


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
def note(
    places: Paths,
    order_id: str,
    kind: "object",
    at: str | None,
    text: str,
    amount: str | None,
    tracking: str | None,
    due: str | None,
    role: str | None,
) -> None:
    """Tell what leaves no mail: an appeal filed in a chat, a promise, evidence sent, a return
    posted.

    KIND is any kind of notice (appeal.submitted, return.shipped, order.placed …) or promise,
    evidence,
    parcel_not_here, wrong_item, goods_checked, withdrawal, contacted_seller.
    """
    from daemon.pipeline.commands import CommandError
    from daemon.pipeline.notes import Note, instant, marketplace_of
    from parsers.notice import Kind, Role

    zone = places.zone()
    try:
        one = Note(
            kind=Kind(str(kind)),
            order=order_id.strip(),
            at=instant(at, zone) if at else datetime.now(UTC),
            text=text,
            amount=_money(amount) if amount else None,
            tracking=tracking,
            due=instant(due, zone, until=True) if due else None,
        )
        with places.desk() as desk:
            with desk.store.read() as ledger:
                known = [row for row in ledger.orders.find(one.order) if role in (None, row.role)]
                missing = (
                    "" if known or one.kind is Kind.ORDER_PLACED else no_order(ledger, one.order)
                )
            if len(known) > 1:
                raise ExitError(
                    Exit.USAGE,
                    f"you have {one.order} as buyer and as seller; say --role buyer or --role"
                    " seller",
                )
            if missing:
                end = "" if missing.endswith("?") else "."
                raise ExitError(
                    Exit.ERROR, f"{missing}{end} For a new one, note order.placed first"
                )
            marketplace = known[0].marketplace if known else marketplace_of(one.order)
            keys = desk.note(one, marketplace, Role(known[0].role if known else role or "buyer"))
    except (ValueError, CommandError) as error:
        raise ExitError(Exit.ERROR, str(error)) from error
    more = "" if known else "; it was not in the ledger before"
    click.echo(
        f"noted: {one.kind.value} of {one.order}, {one.at.astimezone(zone):%Y-%m-%d %H:%M}{more}"
    )
    if not keys:
        click.echo("it changed nothing: the same was noted before", err=True)


@click.command(short_help="Answer which order a mail is about.")
@click.argument("mail", type=int)
@click.argument("order_id", metavar="ORDER|none")
@click.pass_obj
def assign(places: Paths, mail: int, order_id: str) -> None:
    """Answer which order a mail is about (orderbell alerts shows the question); 'none' for none of
    them.
    """
    from daemon.pipeline.commands import CommandError

    with places.desk() as desk:
        row: OrderRow | None = None
        if order_id.casefold() != "none":
            with desk.store.read() as ledger:
                row = found(ledger, order_id)[0]
        try:
            desk.assign(mail, row)
        except CommandError as error:
            raise ExitError(Exit.ERROR, str(error)) from error
    click.echo(f"mail {mail} belongs to {row.number if row else 'no order of the ledger'}")


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
@click.pass_obj
def dossier(places: Paths, order_id: str, output: Path | None, language: str | None) -> None:
    """Write everything about an order into one HTML file: timeline, amounts, mails, and the sheet
    for an appeal.
    """
    from daemon.files.dossier import StoredMail, write

    with places.ledger() as ledger:
        row = found(ledger, order_id)[0]
        view = places.view(row.key, ledger)
        numbers = sorted({event.mail for event in view.order.events if event.mail is not None})
        mails = [
            StoredMail(
                id=number,
                raw=ledger.mails.raw(number),
                received_at=ledger.mails.get(number).arrived,
            )
            for number in numbers
        ]
    page = write(
        view,
        mails,
        language=language or places.language(),
        zone=places.zone(),
        now=datetime.now(UTC),
    )
    path = output or Path(f"dossier-{row.number}.html")
    path.write_text(page, encoding="utf-8")
    click.echo(
        f"written to {path}; it holds your mails: share it only with those who decide the case"
    )


def _money(text: str) -> "Money":
    from decimal import Decimal, InvalidOperation

    from daemon.pipeline.notes import currency_code
    from parsers.notice import Money

    value, _, currency = text.strip().partition(" ")
    how = "write value and currency, such as '26.12 USD'"
    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{text!r} is no amount; {how}")
    if not currency:
        raise ValueError(f"{text!r} names no currency; {how}")
    return Money(value=amount, currency=currency_code(currency))
