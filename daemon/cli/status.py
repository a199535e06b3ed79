"""`status`: how the service is, for a person and, by its exit code, for a monitor."""

from datetime import UTC, datetime

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import as_json, print_json, say, spoken
from daemon.cli.paths import Paths
from daemon.queries.times import iso

CODES = {"service": Exit.ERROR, "mailbox": Exit.MAILBOX, "target": Exit.DELIVERY}


@click.command(short_help="How the service is, for you and for monitors.")
@as_json
@click.pass_obj
def status(paths: Paths, as_json: bool) -> None:
    """Say how the service is; exits 0 only when it runs, hears every mailbox and reaches every
    target.
    """
    from daemon.queries.status import status as look

    settings, zone, now = paths.settings(), paths.zone(), datetime.now(UTC)
    with paths.ledger() as ledger:
        found = look(ledger, settings, paths.state, now)
    read = {name: iso(at, zone) for name, at in found.mailboxes.items()}
    if as_json:
        print_json(
            {
                "at": iso(now, UTC),
                "mailboxes": [{"id": name, "heard_at": at} for name, at in read.items()],
                "orders": found.orders,
                "in_need": found.in_need,
                "firing": found.firing,
                "acked": found.acked,
                "unread": found.unread,
                "waiting": found.waiting,
                "troubles": [problem.what for problem in found.problems],
            }
        )
    else:
        for name, at in read.items():
            say(f"mailbox {name}: read {spoken(at, zone) or 'never'}")
        say(
            f"orders {found.orders}, in need of you {found.in_need};"
            f" alerts ringing {found.firing}, acknowledged {found.acked};"
            f" mails not understood {found.unread}; messages waiting {found.waiting}"
        )
    if found.problems:
        raise ExitError(
            CODES[found.problems[0].area], *(problem.what for problem in found.problems)
        )
