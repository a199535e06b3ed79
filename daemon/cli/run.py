"""`run` and `once`: the service in the foreground, and one pass."""

import sys
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import as_json, print_json
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.logs import Form
    from daemon.pipeline.compose import Message
    from daemon.pipeline.setup import Setup
    from daemon.service.once import Pass


WIDTH = 30
"""Characters of the bar in a terminal."""
MANY = 100
"""Mails in a folder that are worth a bar: a first run, or one after a long while."""


@click.command()
@click.option(
    "--dry-run", is_flag=True, help="Say what would be sent; send nothing and keep nothing."
)
@as_json
@click.pass_obj
def once(paths: Paths, dry_run: bool, as_json: bool) -> None:
    """Read every mailbox once, judge, send what is due, and end."""
    from daemon.mailbox.errors import MailboxErrorKind
    from daemon.service.once import once as one_pass

    settings = paths.settings()
    done = one_pass(
        paths.files(), dry_run=dry_run, progress=_progress if sys.stderr.isatty() else None
    )
    if dry_run:
        _would(done, paths.setup(), settings.timezone, as_json=as_json)
    elif as_json:
        print_json(
            {
                "mails": done.mails,
                "failures": {name: error.what for name, error in done.failures.items()},
                "messages": len(done.messages),
                "sent": done.sent,
                "undelivered": done.undelivered,
                "damaged": done.damaged,
            }
        )
    else:
        _told(paths, done)
    if done.damaged:
        click.echo(done.damaged, err=True)
    if done.failures:
        secrets_only = all(
            error.kind is MailboxErrorKind.SECRET for error in done.failures.values()
        )
        raise ExitError(
            Exit.CONFIGURATION if secrets_only else Exit.MAILBOX,
            *(f"mailbox {name}: {error}" for name, error in done.failures.items()),
        )
    if done.undelivered:
        raise ExitError(Exit.DELIVERY, *_undelivered(paths))


@click.command(short_help="Watch the mailboxes until stopped.")
@click.option(
    "--log-format",
    type=click.Choice(["auto", "console", "json"]),
    default="auto",
    show_default=True,
)
@click.option("--debug", is_flag=True, help="Log the why of everything.")
@click.pass_obj
def run(paths: Paths, log_format: "Form", debug: bool) -> None:
    """Watch the mailboxes until SIGTERM or Ctrl-C; SIGHUP, and any change of the files, reads them
    again.
    """
    import logging
    import signal

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the files are about to be read anyway

    from daemon import logs
    from daemon.service.service import run as serve

    paths.settings()
    logs.start(log_format, level=logging.DEBUG if debug else logging.INFO)
    serve(paths.files(), progress=_progress if sys.stderr.isatty() else None)


@click.command()
@click.pass_obj
def reload(paths: Paths) -> None:
    """Check the files, then have the running service read them again."""
    import os
    import signal

    from daemon.store.lock import holder

    paths.settings()
    paths.setup()
    process = holder(paths.state)
    if process is None:
        raise ExitError(
            Exit.ERROR,
            f"no Orderbell watches with {paths.state}; it reads the files when it starts",
        )
    try:
        os.kill(process, signal.SIGHUP)
    except PermissionError:
        raise ExitError(
            Exit.ERROR, f"process {process} is another user's; try: sudo systemctl reload orderbell"
        ) from None
    click.echo(f"process {process} reads the files again")


def _told(paths: Paths, done: "Pass") -> None:
    with paths.ledger() as ledger:
        orders = ledger.orders.count()
        needing = [
            row
            for row in ledger.alerts.all_live()
            if row.alert.state == "firing" and row.alert.severity != "info"
        ]
    mails = ", ".join(
        f"{name}: {count} new mail{'s' * (count != 1)}" for name, count in done.mails.items()
    )
    count = len(needing)
    click.echo(
        f"{mails or 'no mailbox could be read'}; {orders} order{'s' * (orders != 1)}, "
        f"{count} need{'s' * (count == 1)} you; {done.sent} message{'s' * (done.sent != 1)} sent"
    )


def _would(done: "Pass", setup: "Setup", zone: tzinfo, *, as_json: bool) -> None:
    for row in (row for message in done.messages for row in _rows_of(message, setup, zone)):
        if as_json:
            print_json(row)
        else:
            click.echo(f"{row['severity']}  [{row['rule']}]  {row['title']}")
    if not as_json:
        click.echo(f"{sum(done.mails.values())} new mails read; nothing was sent or kept", err=True)


def _rows_of(message: "Message", setup: "Setup", zone: tzinfo) -> list[dict[str, object]]:
    """The alerts of a message as `replay --json` shows them."""
    from daemon.pipeline.compose import word

    target = setup.targets[0] if setup.targets else None
    rows: list[dict[str, object]] = []
    for said in message.said:
        text = word(setup, said, target, message.at)
        rows.append(
            {
                "at": message.at.astimezone(zone).isoformat(timespec="seconds"),
                "rule": said.row.alert.rule,
                "severity": said.row.alert.severity.value,
                "state": said.cause.value,
                "orders": list(said.row.alert.orders),
                "title": text.title,
                "body": text.body,
                "message": message.number,
            }
        )
    return rows


def _undelivered(paths: Paths) -> list[str]:
    from daemon.store.outbox import OutboxState

    with paths.ledger() as ledger:
        rows = ledger.outbox.listed(states=[OutboxState.NEW, OutboxState.UNSURE, OutboxState.DEAD])
    reasons = dict.fromkeys(f"target {row.target}: {row.error}" for row in rows if row.error)
    return [
        *reasons,
        (
            "what was not delivered is tried again by the next pass; orderbell doctor tries the"
            " targets"
        ),
    ]


def _progress(mailbox: str, folder: str, done: int, of: int) -> None:
    if of >= MANY:
        end = "\n" if done >= of else ""
        click.echo(
            f"\r{mailbox}, {folder}: {bar(done, of)} {done} of {of} mails{end}", nl=False, err=True
        )


def bar(done: int, of: int) -> str:
    """How far it is, such as [########........]."""
    filled = WIDTH * done // of
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}]"
