"""`status`: how the service is, for a person and, by its exit code, for a monitor."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import as_json, print_json
from daemon.cli.orders import iso, spoken
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.settings import Settings
    from daemon.store.ledger import Ledger

DEAF = 3
"""Polls that may be missed before a mailbox counts as not heard."""
AT_LEAST = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusProblem:
    code: Exit
    what: str


@click.command(short_help="How the service is, for you and for monitors.")
@as_json
@click.pass_obj
def status(places: Paths, as_json: bool) -> None:
    """Say how the service is; exits 0 only when it runs, hears every mailbox and reaches every
    target.
    """
    settings, zone, now = places.settings(), places.zone(), datetime.now(UTC)
    with places.ledger() as ledger:
        told = _facts(ledger, settings, now)
        troubles = [
            *_running(places.state),
            *_mailboxes(ledger, settings, now),
            *_targets(ledger, settings),
        ]
    if as_json:
        row = told | {"troubles": [one.what for one in troubles]}
        for box in row["mailboxes"]:
            box["heard_at"] = iso(box["heard_at"], zone)
        print_json(row)
    else:
        for box in told["mailboxes"]:
            click.echo(
                f"mailbox {box['id']}: read {spoken(iso(box['heard_at'], zone), zone) or 'never'}"
            )
        click.echo(
            f"orders {told['orders']}; alerts ringing {told['firing']}, acknowledged"
            f" {told['acked']}; mails not understood {told['unread']}; messages waiting"
            f" {told['waiting']}"
        )
    if troubles:
        raise ExitError(troubles[0].code, *(one.what for one in troubles))


def _facts(ledger: "Ledger", settings: "Settings", now: datetime) -> dict[str, Any]:
    from parsers.notice import Outcome

    known = {row.id: row for row in ledger.mailboxes.all()}
    live = [row.alert.state.value for row in ledger.alerts.all_live()]
    return {
        "at": iso(now, UTC),
        "mailboxes": [
            {"id": box.id, "heard_at": known[box.id].last_ok_at if box.id in known else None}
            for box in settings.mailboxes
        ],
        "orders": ledger.orders.count(),
        "firing": live.count("firing"),
        "acked": live.count("acked"),
        "unread": len(ledger.mails.listed(outcomes=[Outcome.UNREAD])),
        "waiting": sum(ledger.outbox.waiting(target.id) for target in settings.targets),
    }


def _running(state: Path) -> Iterator[StatusProblem]:
    from daemon.store.lock import holder

    if holder(state) is None:
        what = "the service is not running; try: systemctl status orderbell, or orderbell run"
        yield StatusProblem(code=Exit.ERROR, what=what)


def _mailboxes(ledger: "Ledger", settings: "Settings", now: datetime) -> Iterator[StatusProblem]:
    known = {row.id: row for row in ledger.mailboxes.all()}
    patience = max(AT_LEAST, settings.poll * DEAF)
    for box in settings.mailboxes:
        row = known.get(box.id)
        if row is not None and row.failing_since is not None:
            yield StatusProblem(code=Exit.MAILBOX, what=f"mailbox {box.id}: {row.last_error}")
        elif row is None or row.last_ok_at is None or now - row.last_ok_at > patience:
            yield StatusProblem(
                code=Exit.MAILBOX,
                what=f"mailbox {box.id} was not read for a long time; see the log",
            )


def _targets(ledger: "Ledger", settings: "Settings") -> Iterator[StatusProblem]:
    for target in settings.targets:
        row = ledger.outbox.target(target.id)
        if row.failures:
            waiting = ledger.outbox.waiting(target.id)
            yield StatusProblem(
                code=Exit.DELIVERY,
                what=f"target {target.id} fails: {row.last_error}; {waiting} messages wait for it",
            )
