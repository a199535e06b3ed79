"""`run` and `once`: the service in the foreground, and one pass."""

import sys
from datetime import tzinfo
from gettext import gettext as _
from gettext import ngettext
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import as_json, print_json, say
from daemon.cli.paths import Paths, tell_left_out
from daemon.cli.progress import progress

if TYPE_CHECKING:
    from daemon.logs import Form
    from daemon.pipeline.compose import Message
    from daemon.pipeline.setup import Setup
    from daemon.service.once import Pass


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
    with progress() as shown:
        done = one_pass(paths.files(), dry_run=dry_run, progress=shown)
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
    if not dry_run:
        tell_left_out(done.left_out)
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
    # Until the service hears it: an exception in the midst of its making could be swallowed, or
    # leave a thread that keeps the program alive. What is written then is whole or not there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    from daemon import logs
    from daemon.service.service import run as serve

    paths.settings()
    logs.start(log_format, level=logging.DEBUG if debug else logging.INFO)
    if not sys.stderr.isatty():  # the log tells it
        serve(paths.files())
        return
    with progress() as shown:
        serve(paths.files(), progress=shown)


@click.command()
@click.pass_obj
def reload(paths: Paths) -> None:
    """Check the files, then have the running service read them again."""
    import os
    import signal

    from daemon.store.lock import holder

    paths.settings()
    paths.check_packs()
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
    say(f"process {process} reads the files again")


def _told(paths: Paths, done: "Pass") -> None:
    with paths.ledger() as ledger:
        orders, need = ledger.orders.count(), ledger.alerts.orders_in_need()
    mails = ", ".join(
        ngettext("{name}: {n} new mail", "{name}: {n} new mails", count).format(name=name, n=count)
        for name, count in done.mails.items()
    )
    parts = (
        mails or _("no mailbox could be read"),
        ngettext("{n} order", "{n} orders", orders).format(n=orders)
        + ngettext(", {n} needs you", ", {n} need you", need).format(n=need),
        ngettext("{n} message sent", "{n} messages sent", done.sent).format(n=done.sent),
    )
    click.echo(_("; ").join(parts))


def _would(done: "Pass", setup: "Setup", zone: tzinfo, *, as_json: bool) -> None:
    for row in (row for message in done.messages for row in _rows_of(message, setup, zone)):
        if as_json:
            print_json(row)
        else:
            say(f"{row['severity']}  [{row['rule']}]  {row['title']}")
    if not as_json:
        say(f"{sum(done.mails.values())} new mails read; nothing was sent or kept", err=True)


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
