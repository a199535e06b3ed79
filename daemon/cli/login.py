"""`login`: OAuth2 for mailboxes that take no passwords, by a code typed into any browser."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import say
from daemon.cli.paths import Paths, mailbox_of

if TYPE_CHECKING:
    from daemon.mailbox.oauth import OAuthProvider


@click.command(short_help="Sign in to a mailbox with OAuth2.")
@click.argument("mailbox", required=False)
@click.option(
    "--client-id", required=True, help="Of the app that may read mail, from the provider's console."
)
@click.option(
    "--client-secret-file",
    type=click.Path(path_type=Path),
    help="Its secret, where the provider wants one.",
)
@click.option(
    "--device-url",
    metavar="URL",
    help="Where codes are handed out, if your organisation has its own place.",
)
@click.option("--token-url", metavar="URL", help="And where tokens are.")
@click.pass_obj
def login(
    paths: Paths,
    mailbox: str | None,
    client_id: str,
    client_secret_file: Path | None,
    device_url: str | None,
    token_url: str | None,
) -> None:
    """Sign in to MAILBOX, one with `login: microsoft` in the configuration."""
    from daemon.mailbox.oauth import PROVIDERS, begin, finish, save
    from daemon.secrets import resolve
    from daemon.settings import Secret

    box = mailbox_of(paths.settings(), mailbox)
    if box.login is None:
        raise ExitError(
            Exit.CONFIGURATION,
            f"mailbox {box.id} has no login: microsoft in {paths.config}",
        )
    secret = (
        resolve(Secret(file=client_secret_file), what="the client secret")
        if client_secret_file
        else ""
    )
    provider = _elsewhere(PROVIDERS[box.login], device_url, token_url)
    code = begin(provider, client_id)
    say(f"Open {code.address} in any browser and type {code.user_code}")
    grant = finish(provider, code, client_id, secret)
    save(paths.files().token(box.id), grant)
    if paths.files().ledger.exists():
        with paths.store() as store, store.write() as ledger:
            ledger.mailboxes.hurry(
                box.id, datetime.now(UTC)
            )  # a running service waits an hour after a refusal
    say(f"Signed in: {box.user} at {box.server}")


def _elsewhere(
    provider: "OAuthProvider", device_url: str | None, token_url: str | None
) -> "OAuthProvider":
    """The provider at other addresses, where both are given."""
    if bool(device_url) != bool(token_url):
        raise ExitError(Exit.USAGE, "--device-url and --token-url belong together")
    if not device_url or not token_url:
        return provider
    return replace(provider, device_url=device_url, token_url=token_url)
