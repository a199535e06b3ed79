"""`alerts`, `ack`, `snooze`, `resolve`: what rings, and what its owner says to it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.ledger import iso, limit, spoken
from daemon.cli.listing import Column, as_json, column, show
from daemon.cli.places import Places
from daemon.cli.rules import STYLES, rulebook

if TYPE_CHECKING:
    from datetime import tzinfo

    from daemon.store.alerts import AlertRow
    from rules.rulebook import Rulebook


@click.command()
@click.option("--all", "everything", is_flag=True, help="Those that have ended too.")
@limit
@as_json
@click.pass_obj
def alerts(places: Places, everything: bool, limit: int, as_json: bool) -> None:
    """List alerts, worst first; ack, snooze and resolve take their numbers."""
    zone, book = places.zone(), rulebook(places, None)
    with places.ledger() as ledger:
        found = ledger.alerts.listed(limit=limit) if everything else ledger.alerts.all_live(limit=limit)
    now = datetime.now(UTC)
    shown = found if everything else [one for one in found if one.alert.state != "pending"]
    rows = [_row(one, book, places.language(), zone, now) for one in shown]
    show(
        sorted(rows, key=lambda row: ("critical", "warning", "info").index(row["severity"])),
        (
            column("no", "alert"),
            Column("severity", lambda row: row["severity"], lambda row: STYLES[row["severity"]]),
            column("state", "state"),
            column("what", "title"),
            Column("until", lambda row: spoken(row["due_at"], zone)),
        ),
        as_json=as_json,
        empty="nothing rings",
    )


def _row(one: "AlertRow", book: "Rulebook", language: str, zone: "tzinfo", now: datetime) -> dict[str, Any]:
    alert = one.alert
    return {
        "alert": one.id,
        "rule": alert.rule,
        "severity": alert.severity.value,
        "state": alert.state.value,
        "title": title(one, book, language, zone, now),
        "orders": list(alert.orders),
        "since": iso(alert.since, zone),
        "due_at": iso(alert.due_at, zone),
        "mails": list(alert.mails),
    }


def title(one: "AlertRow", book: "Rulebook", language: str, zone: "tzinfo", now: datetime) -> str:
    """The alert's title as it would be told now; its rule's id when that rule is no more."""
    from rules.alert import Cause
    from rules.wording import write

    rule = {rule.id: rule for rule in book.rules}.get(one.alert.rule)
    if rule is None:
        return one.alert.rule
    return write(rule, one.subject, one.alert, Cause.FIRING, language=language, zone=zone, now=now).title
