"""One look at a mailbox as its user would have it looked at: login, folders, who stamps its
mail.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.service.files import Files
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


def look(account: "Mailbox", files: "Files") -> Look:
    """Log in as the service would, and look around; nothing is changed. Raises MailboxError."""
    from daemon.mailbox.transport import ByteCounter
    from daemon.service.watcher import open_session

    with open_session(account, files, ByteCounter()) as session:
        folders = session.folders()
        missing = tuple(
            name for name in account.folders if name not in folders and name.upper() != "INBOX"
        )
        there = [name for name in account.folders if name not in missing]
        return Look(
            idle=session.can_idle,
            folders=folders,
            missing=missing,
            stamps=session.stamps(there[0]) if there else (),
        )
