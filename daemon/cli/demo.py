"""`demo`: the whole road without an account, on a mail server and a phone of its own."""

import logging
import signal
import sys
import tempfile
import time
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.evidence import evidence
from daemon.cli.exits import Exit, ExitError
from daemon.cli.letters import letter
from daemon.cli.listing import width, words, wrapped
from daemon.cli.orders import orders, watches
from daemon.cli.paths import Paths
from daemon.cli.stake import stake, stores
from daemon.i18n import in_terminal, speak, speaking
from daemon.units import called

if TYPE_CHECKING:
    from daemon.demo.phone import Push
    from daemon.demo.play import Event, Stage
    from daemon.demo.postbox import Postbox

BROAD = 76
JUDGED, CANCELLED = "8100000000000001", "249-0000000-0000001"
"""The orders of the first and the third story."""
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
    help="Of the messages.  [default: as this terminal]",
)
@click.pass_context
def demo(ctx: click.Context, only_once: bool, language: str | None) -> None:
    """Show it all without an account: a real mail server, the real service, alerts as a phone gets
    them.
    """
    spoken = language or speaking()
    with speak(spoken):
        _demo(ctx, only_once=only_once, language=spoken)


def _demo(ctx: click.Context, *, only_once: bool, language: str) -> None:
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
                _show_ledger(ctx)
                _show_help(ctx, language)
                good &= _show_page(running, language, keep=not only_once)
                if not only_once:
                    _say_postbox(running.postbox)
                    running.rest(_tell)
        except PostboxError as error:
            raise ExitError(Exit.ERROR, str(error)) from error
        except KeyboardInterrupt:
            click.echo("\n" + _("Ended."))
            click.echo(_begin_text())
            return
    if not good:
        raise ExitError(Exit.ERROR, _("not every story was seen; see above"))
    seen = _("All four stories were seen, in {seconds} s.")
    click.echo("\n" + seen.format(seconds=f"{time.monotonic() - began:.0f}"))
    click.echo(_begin_text())


def _show_ledger(ctx: click.Context) -> None:
    click.echo("\n" + _("What the ledger knows now (orderbell orders, orderbell watches):") + "\n")
    ctx.invoke(orders, everything=True, limit=20)
    click.echo()
    ctx.invoke(watches, mine=True, limit=20)


def _show_help(ctx: click.Context, language: str) -> None:
    """One letter, one list of evidence, what is at stake, and the record of a store."""
    click.echo("\n" + _("What doing nothing costs (orderbell stake):") + "\n")
    ctx.invoke(stake)
    click.echo(
        "\n" + _("A letter, ready to paste (orderbell letter {order}):").format(order=CANCELLED)
    )
    click.echo()
    ctx.invoke(letter, order_id=CANCELLED, language=language)
    click.echo(
        "\n" + _("What shows it (orderbell evidence {order} check):").format(order=JUDGED) + "\n"
    )
    ctx.invoke(evidence, order_id=JUDGED, action="check")
    click.echo("\n" + _("How its store has behaved (orderbell stores):") + "\n")
    ctx.invoke(stores, name=None, limit=20)


def _show_page(running: "Stage", language: str, *, keep: bool) -> bool:
    """Say where the page is and what it shows; whether it really answered, or is not installed."""
    from http.client import HTTPException

    from daemon.demo.visit import headline

    looked = running.page()
    if looked is None:
        click.echo("\n" + _("The same as a page needs an extra: pipx install 'orderbell[web]'"))
        return True
    try:
        title = headline(looked, language)
    except (OSError, HTTPException):
        title = ""
    if not title:
        silent = _("the page did not answer at {address}")
        click.secho("✗  " + silent.format(address=looked.address), fg="red")
        return False
    shown = _("The page of it all is at {address}, and says: “{title}”.")
    click.echo("\n" + shown.format(address=looked.address, title=title))
    later = _("It ends with this run; to keep it open: {program} demo")
    click.echo(_sign_in_text(running) if keep else later.format(program=called()))
    return True


def _sign_in_text(running: "Stage") -> str:
    link = running.page()
    told = _("It stays open until Ctrl-C. This link signs your browser in, once:\n  {link}")
    return told.format(link=link.sign_in if link else "")


def _say_postbox(box: "Postbox") -> None:
    told = _(
        "Still watching. Put mail into it yourself: IMAP 127.0.0.1:{port}, user {user},"
        " password {password}. Ctrl-C ends."
    )
    click.echo("\n" + told.format(port=box.port, user=box.user, password=box.password))


def _begin_text() -> str:
    """How to go on with a mailbox of one's own, by the name this program was called by."""
    told = _(
        "Nothing of it stays on this machine. For your own mailbox:\n"
        "  {program} init    # asks for the mailbox, tries the login, sends a test\n"
        "  {program} once    # reads 90 days back and says what needs you\n"
        "  {program} run     # watches from now on, as does: {program} service install --user"
    )
    return told.format(program=called())


def _tell(event: "Event") -> None:
    from daemon.demo.play import Delivered, Ended, Rang, Started

    match event:
        case Started():
            runs = _(
                "A mail server runs on 127.0.0.1:{port}, with {mails} mails of the last weeks."
            )
            click.echo(runs.format(port=event.postbox.port, mails=event.mails))
            click.echo(
                _(
                    "The service reads them silently and tells once what is still true; then it"
                    " waits (IDLE)."
                )
            )
        case Delivered():
            told = _("✉  Now arrives: {story} (order {order})")
            name = in_terminal(event.story.name)
            click.echo("\n" + told.format(story=name, order=event.story.order))
        case Rang():
            told = _("{seconds} s after the mail")
            after = "" if event.after is None else told.format(seconds=f"{event.after:.1f}")
            for line in _phone(event.push, after):
                click.echo(line)
        case Ended() if event.failure:
            failure = in_terminal(event.failure)
            click.secho(f"✗  {in_terminal(event.story.name)}: {failure}", fg="red")
        case Ended():
            more = "" if event.story.changes else _("; the order stayed exactly as it was")
            click.secho(f"✓  {in_terminal(event.story.name)}{more}", fg="green")
    sys.stdout.flush()


def _phone(push: "Push", after: str) -> list[str]:
    """A message as it stands on a lock screen."""
    severity, colour = SEVERITIES.get(push.kind, ("info", "cyan"))
    mark = f"● {words(severity)}"
    head = click.style(mark, fg=colour, bold=True)
    space = " " * max(1, BROAD - 2 - width(mark) - width(after))
    lines = [click.style(line, bold=True) for line in wrapped(push.title, BROAD - 2)]
    lines += [
        line for paragraph in push.body.splitlines() for line in wrapped(paragraph, BROAD - 2)
    ]
    framed = [f"│ {line}{' ' * (BROAD - 2 - width(click.unstyle(line)))} │" for line in lines]
    return [f"╭{'─' * BROAD}╮", f"│ {head}{space}{after} │", *framed, f"╰{'─' * BROAD}╯"]
