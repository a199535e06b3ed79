"""One look at a mailbox as its user would have it looked at: login, folders, who stamps its mail."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.settings import Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What an open mailbox shows."""

    idle: bool
    folders: tuple[str, ...]
    missing: tuple[str, ...]
    """Configured folders the server does not have."""
    stamps: tuple[tuple[str, int], ...]
    """authserv-ids on the last mails of the first folder that is there, with their counts."""


def look(account: "Mailbox", secret: str, *, token: bool) -> Look:
    """Log in and look around; nothing is changed. Raises MailboxError."""
    from daemon.mailbox.login import trust
    from daemon.mailbox.session import Session

    with Session.open(account, secret, trust(account.tls_ca_file), token=token) as session:
        folders = session.folders()
        missing = tuple(name for name in account.folders if name not in folders and name.upper() != "INBOX")
        there = [name for name in account.folders if name not in missing]
        return Look(
            idle=session.can_idle,
            folders=folders,
            missing=missing,
            stamps=session.stamps(there[0]) if there else (),
        )


def secret_of(account: "Mailbox", state: Path) -> tuple[str, bool]:
    """The password, or the access token and True. `state` holds what `orderbell login` left.

    Raises SecretError and MailboxError.
    """
    from daemon.mailbox.oauth import access_token, from_command, token_file
    from daemon.secrets import resolve

    if account.token_command:
        return from_command(account.token_command), True
    if account.password is None:
        return access_token(token_file(state, account.id)), True
    return resolve(account.password, what=f"the password of mailbox {account.id}"), False
