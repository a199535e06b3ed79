"""One look at a mailbox as its user would have it looked at: login, folders, who stamps its
mail.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.mailbox.transport import ByteCounter
    from daemon.service.files import Files
    from daemon.settings import Mailbox

RECONNECTS = 4
"""How often a broken connection is made anew: one mail breaks it at most that often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What an open mailbox shows."""

    idle: bool
    folders: tuple[str, ...]
    missing: tuple[str, ...]
    """Configured folders the server does not have."""
    stamps: tuple[tuple[str, int], ...]
    """authserv-ids on the last mails of the first folder that is there, with their counts."""
    silent: tuple[int, ...]
    """UIDs in that folder whose mail the server does not give."""


def look(account: "Mailbox", files: "Files") -> Look:
    """Log in as the service would, and look around; nothing is changed. Raises MailboxError."""
    from daemon.mailbox.errors import MailboxError, MailboxErrorKind
    from daemon.mailbox.transport import ByteCounter

    meter = ByteCounter()
    for _ in range(RECONNECTS):
        try:
            return _look(account, files, meter)
        except MailboxError as error:
            # A mail the connection does not survive is asked for alone, and then no more.
            if error.kind is not MailboxErrorKind.UNREACHABLE or not meter.poison:
                raise
    return _look(account, files, meter)


def _look(account: "Mailbox", files: "Files", meter: "ByteCounter") -> Look:
    from daemon.mailbox.stamps import Stamps
    from daemon.service.watcher import open_session

    with open_session(account, files, meter) as session:
        folders = session.folders()
        missing = tuple(
            name for name in account.folders if name not in folders and name.upper() != "INBOX"
        )
        there = [name for name in account.folders if name not in missing]
        seen = session.stamps(there[0]) if there else Stamps(counts=(), silent=())
        return Look(
            idle=session.can_idle,
            folders=folders,
            missing=missing,
            stamps=seen.counts,
            silent=seen.silent,
        )
