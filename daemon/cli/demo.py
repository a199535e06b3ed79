"""`demo`: the whole road without an account, on a mail server and a phone of its own."""

import logging
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import width, wrapped
from daemon.cli.orders import orders, watches
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.demo.phone import Push
    from daemon.demo.play import Event

BROAD = 76
SEVERITIES = {"failure": ("critical", "red"), "warning": ("warning", "yellow")}
"""What Apprise calls them."""


@click.command(short_help="The whole road without an account, in your terminal.")
@click.option(
    "--once",
    "only_once",
    is_flag=True,
    help="End after the four stories; exit code 0 when all were seen.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "ja"]),
    default="en",
    show_default=True,
    help="Of the messages.",
)
@click.pass_context
def demo(ctx: click.Context, only_once: bool, language: str) -> None:
    """Show it all without an account: a real mail server, the real service, alerts as a phone gets
    them.
    """
    from daemon.demo.play import stage
    from daemon.demo.postbox import PostboxError
    from daemon.settings import zone_here

    logging.basicConfig(level=logging.ERROR)
    began = time.monotonic()
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # even where a shell's background job ignores Ctrl-C
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="orderbell-demo-") as name:
        folder = Path(name)
        try:
            with stage(folder, language=language, zone=zone_here()) as running:
                good = running.play(_tell)
                ctx.obj = Paths(given_config=folder / "config.yaml", given_state=folder / "state")
                click.echo("\nWhat the ledger knows now (orderbell orders, orderbell watches):\n")
                ctx.invoke(
                    orders,
                    everything=True,
                    problem=False,
                    marketplace=None,
                    limit=20,
                    as_json=False,
                )
                click.echo()
                ctx.invoke(watches, everything=False, mine=True, limit=20, as_json=False)
                if not only_once:
                    box = running.postbox
                    click.echo(
                        f"\nStill watching. Put mail into it yourself: IMAP 127.0.0.1:{box.port}, "
                        f"user {box.user}, password {box.password}. Ctrl-C ends."
                    )
                    running.rest(_tell)
        except PostboxError as error:
            raise ExitError(Exit.ERROR, str(error)) from error
        except KeyboardInterrupt:
            click.echo("\nEnded.")
            return
    if not good:
        raise ExitError(Exit.ERROR, "not every story was seen; see above")
    click.echo(
        f"\nAll four stories were seen, in {time.monotonic() - began:.0f} s. Your own mailbox:"
        " orderbell init"
    )


def _tell(event: "Event") -> None:
    from daemon.demo.play import Delivered, Ended, Rang, Started

    match event:
        case Started():
            click.echo(
                f"A mail server runs on 127.0.0.1:{event.postbox.port}, with {event.mails} mails of"
                " the last weeks."
            )
            click.echo(
                "The service reads them silently and tells once what is still true; then it waits"
                " (IDLE)."
            )
        case Delivered():
            click.echo(f"\n✉  Now arrives: {event.story.name} (order {event.story.order})")
        case Rang():
            after = "" if event.after is None else f"{event.after:.1f} s after the mail"
            for line in _phone(event.push, after):
                click.echo(line)
        case Ended() if event.failure:
            click.secho(f"✗  {event.story.name}: {event.failure}", fg="red")
        case Ended():
            more = "" if event.story.changes else "; the order stayed exactly as it was"
            click.secho(f"✓  {event.story.name}{more}", fg="green")
    sys.stdout.flush()


def _phone(push: "Push", after: str) -> list[str]:
    """A message as it stands on a lock screen."""
    severity, colour = SEVERITIES.get(push.kind, ("info", "cyan"))
    head = click.style(f"● {severity}", fg=colour, bold=True)
    space = " " * max(1, BROAD - 2 - width(f"● {severity}") - width(after))
    lines = [click.style(line, bold=True) for line in wrapped(push.title, BROAD - 2)]
    lines += [
        line for paragraph in push.body.splitlines() for line in wrapped(paragraph, BROAD - 2)
    ]
    framed = [f"│ {line}{' ' * (BROAD - 2 - width(click.unstyle(line)))} │" for line in lines]
    return [f"╭{'─' * BROAD}╮", f"│ {head}{space}{after} │", *framed, f"╰{'─' * BROAD}╯"]
