"""Mails that the connection does not survive: some servers hang up on a mail that is damaged on
their disk.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from daemon.mailbox.errors import MailboxError, MailboxErrorKind

MOST = 3
"""Breaks in a row, asked for alone, after which a mail is not asked for any more."""

Place = tuple[str, str, int]
"""Header or body, folder, UIDVALIDITY: a mail may show its header and break on its body."""


class PoisonMails:
    """Which mails were being fetched when the connection broke; it outlives the connections of an
    account.

    Without it one such mail would be asked for first after every reconnect, and nothing behind it
    ever be read.
    """

    def __init__(self) -> None:
        self._count: dict[tuple[Place, int], int] = {}

    def __bool__(self) -> bool:
        """Whether any mail is under suspicion."""
        return bool(self._count)

    def groups(self, place: Place, uids: Sequence[int]) -> list[list[int]]:
        """How to ask for `uids`: what is above suspicion together, suspects alone, what broke too
        often not at all.
        """
        clean = [uid for uid in uids if (place, uid) not in self._count]
        suspects = [uid for uid in uids if self._count.get((place, uid), MOST) < MOST]
        # Suspects last: whatever can be had is had before the connection may break again.
        return ([clean] if clean else []) + [[uid] for uid in suspects]

    @contextmanager
    def watching(self, place: Place, uids: Sequence[int]) -> Iterator[None]:
        """Around one command that fetches `uids`."""
        try:
            yield
        except MailboxError as error:
            if error.kind in (MailboxErrorKind.UNREACHABLE, MailboxErrorKind.PROTOCOL):
                alone = len(uids) == 1
                for uid in uids:
                    self._count[place, uid] = self._count.get((place, uid), 0) + alone
            raise
        for uid in uids:
            self._count.pop((place, uid), None)
