"""One look at a mailbox as its user would have it looked at: login, folders, who stamps its
mail.
"""

from dataclasses import dataclass

from daemon.mailbox.errors import MailboxError, MailboxErrorKind
from daemon.mailbox.stamps import Stamps
from daemon.mailbox.transport import ByteCounter
from daemon.service.files import Files
from daemon.service.watcher import open_session
from daemon.settings import Mailbox

RECONNECTS = 4
"""How often a broken connection is made anew: one mail breaks it at most that often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What an open mailbox shows."""

    idle: bool
    folders: tuple[str, ...]
    missing: tuple[str, ...]
    """Configured folders the server does not have."""
    stamps: tuple[tuple[str, int], ...]
    """authserv-ids on the last mails of the first folder that is there, with their counts."""
    silent: tuple[int, ...]
    """UIDs in that folder whose mail the server does not give."""


def inspect(box: Mailbox, files: Files) -> Account:
    """Log in as the service would, and look around; nothing is changed. Raises MailboxError."""
    meter = ByteCounter()
    for _ in range(RECONNECTS):
        try:
            return _look(box, files, meter)
        except MailboxError as error:
            # A mail the connection does not survive is asked for alone, and then no more.
            if error.kind is not MailboxErrorKind.UNREACHABLE or not meter.poison:
                raise
    return _look(box, files, meter)


def _look(box: Mailbox, files: Files, meter: ByteCounter) -> Account:
    with open_session(box, files, meter) as session:
        folders = session.folders()
        missing = tuple(
            name for name in box.folders if name not in folders and name.upper() != "INBOX"
        )
        present = [name for name in box.folders if name not in missing]
        seen = session.stamps(present[0]) if present else Stamps(counts=(), silent=())
        return Account(
            idle=session.can_idle,
            folders=folders,
            missing=missing,
            stamps=seen.counts,
            silent=seen.silent,
        )
