"""`web`: the page in a process of its own, invitations, tokens and the password."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import Column, as_json, column, show, spoken
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.web.access import Access

SCOPES = ("read", "write", "metrics", "calendar")


@click.group(invoke_without_command=True, short_help="The page, the calendar and the API.")
@click.option(
    "--listen",
    metavar="ADDRESS",
    help="Such as 127.0.0.1:8470 or unix:/run/orderbell/page.sock.  [default: web: listen of"
    " config.yaml, else 127.0.0.1:8470]",
)
@click.pass_context
def web(ctx: click.Context, listen: str | None) -> None:
    """Serve the page over the ledger until stopped (extra orderbell[web]); `web:` in config.yaml
    has `run` serve it as well.
    """
    if ctx.invoked_subcommand is None:
        _serve(ctx.obj, listen)
    elif listen:
        raise ExitError(Exit.USAGE, "--listen belongs to orderbell web alone")


@web.command("open")
@click.pass_obj
def invite(paths: Paths) -> None:
    """Print an address that signs one browser in, within a quarter of an hour."""
    with _access(paths) as access:
        secret = access.invite()
    settings = paths.settings_if_any()
    listen = settings.web.listen if settings and settings.web else "127.0.0.1:8470"
    click.echo(f"http://{listen}/sign-in/{secret}")


@web.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    default=("read",),
    show_default=True,
    help="What it may do; give several times.",
)
@click.pass_obj
def token(paths: Paths, name: str, scopes: tuple[str, ...]) -> None:
    """Make a token for a program called NAME and print it, once."""
    with _access(paths) as access:
        secret = access.issue(name, scopes)
    click.echo(secret)
    if "calendar" in scopes:
        click.echo(f"the calendar: /calendar/{secret}.ics", err=True)


@web.command()
@as_json
@click.pass_obj
def tokens(paths: Paths, as_json: bool) -> None:
    """List tokens: their ids, names and scopes; their secrets are kept nowhere."""
    zone = paths.zone()
    with _access(paths) as access:
        rows = [
            {"id": one.id, "name": one.name, "scopes": list(one.scopes), "made_at": one.made_at}
            for one in access.tokens()
        ]
    show(
        rows,
        (
            column("id", "id"),
            column("name", "name"),
            Column("may", lambda row: ", ".join(row["scopes"])),
            Column("since", lambda row: spoken(row["made_at"], zone)),
        ),
        as_json=as_json,
        empty="there are no tokens; make one: orderbell web token NAME --scope read",
    )


@web.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def revoke(paths: Paths, id_: str) -> None:
    """Take back the token called ID."""
    with _access(paths) as access:
        access.revoke(id_)
    click.echo(f"revoked: {id_}")


@web.command()
def password() -> None:
    """Ask for a password and print its hash, for a file that `web: password` names."""
    from daemon.web.access import AccessError, hash_password

    typed = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if len(typed) < 10:
        raise AccessError(
            "a password of fewer than 10 signs is soon guessed", "choose a longer one"
        )
    try:
        click.echo(hash_password(typed))
    except ImportError:
        from daemon.web.bridge import EXTRA

        raise ExitError(Exit.ERROR, EXTRA) from None


@contextmanager
def _access(paths: Paths) -> "Iterator[Access]":
    from daemon.web.access import Access

    with paths.store() as store:
        yield Access(store, lambda: datetime.now(UTC))


def _serve(paths: Paths, listen: str | None) -> None:
    import signal

    from daemon import logs
    from daemon.service.standalone import serving

    paths.setup()
    logs.start("auto")
    with serving(paths.files(), listen) as server:
        with _access(paths) as access:
            invitation = access.invite()
        click.echo(f"The page is at {server.address}")
        if not server.address.startswith("unix:"):
            click.echo(f"Sign in once: {server.address}/sign-in/{invitation}")
        click.echo("Ctrl-C ends it.")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            server.wait()
        except KeyboardInterrupt:
            click.echo("\nEnded.")
