"""`mails`: what was not understood or is dull, and reading it again once a pack has been mended."""

from collections.abc import Mapping
from typing import Any

import click

from daemon.cli.listing import Column, Overflow, as_json, column, first, limit, say, show, spoken
from daemon.cli.paths import Paths


@click.group()
def mails() -> None:
    """Look at mails that were not understood, or left out as dull."""


@mails.command()
@limit
@as_json
@click.pass_obj
def unread(paths: Paths, limit: int, as_json: bool) -> None:
    """List marketplace mails that were not understood, and those set aside."""
    from daemon.queries.mails import unread_mails

    zone = paths.zone()
    with paths.ledger() as ledger:
        rows = first(unread_mails(ledger, zone, limit=limit + 1), limit)
    show(
        rows,
        (
            column("mail", "mail"),
            Column("arrived", lambda row: spoken(row["arrived"], zone)),
            column("from", "sender", Overflow.FOLD),
            column("subject", "subject", Overflow.FOLD),
            Column("gist", lambda row: _gist(row["gist"]), overflow=Overflow.FOLD),
            column("why", "reason", Overflow.HIDE),
        ),
        as_json=as_json,
        empty="every marketplace mail was understood",
    )


@mails.command()
@click.option("--from", "sender", metavar="ADDRESS", help="Each mail of this address.")
@limit
@as_json
@click.pass_obj
def noise(paths: Paths, sender: str | None, limit: int, as_json: bool) -> None:
    """List what was left out as dull: how many of each address, by which entry of a pack."""
    from daemon.queries.mails import dull_mails, dull_mails_from

    zone = paths.zone()
    with paths.ledger() as ledger:
        found = (
            dull_mails(ledger, zone, limit=limit + 1)
            if sender is None
            else dull_mails_from(ledger, zone, sender, limit=limit + 1)
        )
    counted = (
        column("from", "sender", Overflow.FOLD),
        column("mails", "mails"),
        Column("last", lambda row: spoken(row["last"], zone)),
    )
    single = (
        column("mail", "mail"),
        Column("arrived", lambda row: spoken(row["arrived"], zone)),
        column("subject", "subject", Overflow.FOLD),
    )
    show(
        first(found, limit),
        (*(counted if sender is None else single), column("listed as", "entry", Overflow.FOLD)),
        as_json=as_json,
        empty="no mail was left out as dull",
    )


def _gist(gist: Mapping[str, Any] | None) -> str:
    """What the mail names and asks for, in one line."""
    if gist is None:
        return ""
    amounts = [f"{one['value']} {one['currency']}" for one in gist["amounts"]]
    told = [*gist["topics"], *gist["orders"], *gist["parcels"], *amounts]
    until = [f"until {one['at']}: “{one['line']}”" for one in gist["deadlines"]]
    return "; ".join(filter(None, (", ".join(told), *until)))


@mails.command()
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Understood ones too: they gain what is new, and are trusted by today's authserv_ids.",
)
@click.pass_obj
def reread(paths: Paths, everything: bool) -> None:
    """Read stored mails again with the packs and authserv_ids as they are now."""
    from daemon.worker.reading import inline
    from parsers.notice import Outcome

    with paths.commands() as commands:
        with commands.store.read() as ledger:
            numbers = list(ledger.mails.kept())
            if not everything:
                outcomes = {number: ledger.mails.get(number).outcome for number in numbers}
                numbers = [one for one in numbers if outcomes[one] is not Outcome.NOTICES]
        changed = commands.reread(inline(commands.setup.packs), numbers)
    for number, found in changed.items():
        was = f", was {found.trust.value}" if found.trust and found.trusted_otherwise else ""
        outcome = f"{found.reading.outcome.value} ({found.reading.trust.value}{was})"
        say(f"mail {number}: {outcome} – {found.reading.reason}")
    say(f"{len(numbers)} read again, {len(changed)} changed", err=True)
