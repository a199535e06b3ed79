"""`mails`: what was not understood, and reading it again once a pack has been mended."""

from typing import TYPE_CHECKING, Any

import click

from daemon.cli.listing import Column, Fit, as_json, column, show
from daemon.cli.orders import iso, limit, spoken
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from datetime import tzinfo

    from daemon.store.mails import MailRow


@click.group()
def mails() -> None:
    """Look at mails that were not understood."""


@mails.command()
@limit
@as_json
@click.pass_obj
def unread(places: Paths, limit: int, as_json: bool) -> None:
    """List marketplace mails that were not understood, and those set aside."""
    from daemon.store.mails import MailState
    from parsers.notice import Outcome

    zone = places.zone()
    with places.ledger() as ledger:
        found = [
            *ledger.mails.listed(outcomes=[Outcome.UNREAD], limit=limit),
            *ledger.mails.listed(states=[MailState.QUARANTINE], limit=limit),
        ]
    show(
        (_row(one, zone) for one in sorted(found, key=lambda one: one.id, reverse=True)[:limit]),
        (
            column("mail", "mail"),
            Column("arrived", lambda row: spoken(row["arrived"], zone)),
            column("from", "sender", Fit.TEXT),
            column("subject", "subject", Fit.TEXT),
            column("why", "reason", Fit.TEXT),
        ),
        as_json=as_json,
        empty="every marketplace mail was understood",
    )


def _row(one: "MailRow", zone: "tzinfo") -> dict[str, Any]:
    return {
        "mail": one.id,
        "arrived": iso(one.arrived, zone),
        "mailbox": one.place.mailbox,
        "folder": one.place.folder,
        "uid": one.place.uid,
        "marketplace": one.marketplace,
        "state": one.state.value,
        "sender": one.sender,
        "subject": one.subject,
        "reason": one.reason,
    }


@mails.command()
@click.option(
    "--all", "everything", is_flag=True, help="Understood ones too: they only gain what is new."
)
@click.pass_obj
def reread(places: Paths, everything: bool) -> None:
    """Read stored mails again with the packs as they are now."""
    from daemon.worker.reading import inline
    from parsers.notice import Outcome

    with places.desk() as desk:
        with desk.store.read() as ledger:
            kept = ledger.mails.kept()
            numbers = [
                one
                for one in kept
                if everything or ledger.mails.get(one).outcome is not Outcome.NOTICES
            ]
        changed = desk.reread(inline(desk.setup.packs), numbers)
    for number, reading in changed.items():
        click.echo(f"mail {number}: {reading.outcome.value} – {reading.reason}")
    click.echo(f"{len(numbers)} read again, {len(changed)} changed", err=True)
