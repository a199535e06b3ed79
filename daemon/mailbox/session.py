"""A mailbox that is open: one account, one connection, one thread. It is read and never changed."""

import ssl
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from daemon.mailbox import poll as look
from daemon.mailbox.arrived import Arrived, Cursor, Polled
from daemon.mailbox.connection import Connection, Folder, uid_set
from daemon.mailbox.stamps import stamps
from daemon.mailbox.transport import ByteCounter, Limits
from daemon.mailbox.wakeup import Wakeup
from daemon.settings import Mailbox

LONGEST_IDLE = 540.0
"""Seconds. Providers let longer ones fall asleep, and routers forget silent connections after about
15 minutes.
"""


class Session:
    """Every method may raise MailboxError; after any kind but `folder` and `temporary`, close it
    and open a new one.
    """

    def __init__(self, talk: Connection) -> None:
        self._talk = talk
        self._polled: dict[str, tuple[int, int]] = {}

    @classmethod
    def open(
        cls,
        account: Mailbox,
        secret: str,
        context: ssl.SSLContext,
        *,
        token: bool = False,
        limits: Limits | None = None,
        meter: ByteCounter | None = None,
    ) -> Self:
        """Connect and log in with a password, or with an OAuth2 access token. `context` comes from
        `login.trust`.

        Pass one `meter` to all sessions of an account: it counts, and it remembers mails on which
        the connection broke.
        Raises MailboxError.
        """
        return cls(
            Connection(
                account,
                secret,
                context,
                token=token,
                limits=limits or Limits(),
                meter=meter or ByteCounter(),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def capabilities(self) -> frozenset[str]:
        return self._talk.capabilities

    @property
    def can_idle(self) -> bool:
        return self._talk.can_idle

    @property
    def meter(self) -> ByteCounter:
        return self._talk.meter

    def poll(
        self,
        folder: str,
        cursor: Cursor | None,
        since: datetime | None,
        wanted: Callable[[bytes], bool],
        sink: Callable[[Arrived], None],
        *,
        unfinished: bool = False,
        on_reset: Callable[[int], None] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Polled:
        """See `daemon.mailbox.poll.poll`."""
        self._polled.pop(folder, None)
        polled = look.poll(
            self._talk,
            folder,
            cursor,
            since,
            wanted,
            sink,
            unfinished=unfinished,
            on_reset=on_reset,
            progress=progress,
        )
        if self._talk.folder:
            self._polled[folder] = _mark(self._talk.folder)
        return polled

    def rescan(
        self,
        folder: str,
        cursor: Cursor,
        known: Callable[[int, int], Iterable[int]],
        since: datetime | None,
        wanted: Callable[[bytes], bool],
        sink: Callable[[Arrived], None],
    ) -> Polled:
        """See `daemon.mailbox.poll.rescan`."""
        return look.rescan(self._talk, folder, cursor, known, since, wanted, sink)

    def fetch(
        self, folder: str, uidvalidity: int, uids: Sequence[int], sink: Callable[[Arrived], None]
    ) -> Polled:
        """See `daemon.mailbox.poll.fetch`."""
        return look.fetch(self._talk, folder, uidvalidity, uids, sink)

    def flags(
        self, folder: str, uidvalidity: int, uids: Sequence[int]
    ) -> dict[int, tuple[str, ...]]:
        r"""Flags of mails as they are now, such as ("\Flagged",).

        None of what is gone, nor after a new UIDVALIDITY.
        """
        if self._talk.examine(folder).uidvalidity != uidvalidity:
            return {}
        found: dict[int, tuple[str, ...]] = {}
        for start in range(0, len(uids), 500):
            found |= self._talk.flags(sorted(uids)[start : start + 500])
        return found

    def folders(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self._talk.folders())

    def stamps(self, folder: str, mails: int = 50) -> tuple[tuple[str, int], ...]:
        """Which authserv-ids stand on the last mails of a folder, with their counts; see
        `daemon.mailbox.stamps`.
        """
        self._talk.examine(folder)
        last = self._talk.last_uid()
        uids = self._talk.search(max(1, last - 1000), last)[-mails:] if last else []
        shown = self._talk.headers(uid_set(uids)) if uids else {}
        return stamps(mail.header for mail in shown.values() if mail.header)

    def first_read(self, folders: Sequence[str]) -> str:
        """The first of `folders` that a poll of this session could open: the one to wait in."""
        return next((name for name in folders if name in self._polled), folders[0])

    def idle(self, seconds: float, wake: Wakeup, folder: str | None = None) -> bool:
        """Wait for mail in `folder` (default: the one opened last), at most 9 minutes.

        True: mail may have come, or one was flagged (see `flags`). False: the bell rang or the time
        is over. Where the
        server has no IDLE this is a plain wait, and its end counts as True: only a poll can tell.
        """
        if not self._talk.can_idle:
            return not wake.wait(seconds)
        state = self._talk.folder
        if state is None or (folder and folder != state.name):
            state = self._talk.examine(folder or self._talk.account.folders[0])
        if self._polled.get(state.name) != _mark(state):
            return True  # it changed while another folder was open, or since flags were asked for
        return self._talk.listen(min(seconds, LONGEST_IDLE), wake)

    def close(self) -> None:
        self._talk.close()

    def abort(self) -> None:
        """Hang up from another thread: the one that waits gets a MailboxError and closes."""
        self._talk.abort()


def _mark(state: Folder) -> tuple[int, int]:
    return state.uidvalidity, state.uidnext or state.exists
