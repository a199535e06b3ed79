"""A mailbox that is open: one account, one connection, one thread. It is read and never changed."""

import ssl
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from daemon.mailbox.arrived import Cursor, Polled
from daemon.mailbox.connection import Connection, Folder
from daemon.mailbox.poll import FolderPoll, PollOptions, Sink, Wanted, headers
from daemon.mailbox.stamps import Stamps, stamps
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

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
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
        return self._connection.capabilities

    @property
    def can_idle(self) -> bool:
        return self._connection.can_idle

    @property
    def meter(self) -> ByteCounter:
        return self._connection.meter

    def poll(
        self,
        folder: str,
        cursor: Cursor | None,
        since: datetime | None,
        wanted: Wanted,
        sink: Sink,
        options: PollOptions = PollOptions(),  # noqa: B008 - frozen
    ) -> Polled:
        """Give every mail after `cursor` to `sink`, once, UIDs ascending; bodies of those only
        whose header is `wanted`. Raises whatever `sink` raises, too. See `FolderPoll.new`.
        """
        self._polled.pop(folder, None)
        polled = self._look(folder, wanted, sink).new(cursor, since, options)
        if self._connection.folder:
            self._polled[folder] = _mark(self._connection.folder)
        return polled

    def rescan(
        self,
        folder: str,
        cursor: Cursor,
        known: Callable[[int, int], Iterable[int]],
        since: datetime | None,
        wanted: Wanted,
        sink: Sink,
    ) -> Polled:
        """See `FolderPoll.late`."""
        return self._look(folder, wanted, sink).late(cursor, known, since)

    def fetch(self, folder: str, uidvalidity: int, uids: Sequence[int], sink: Sink) -> Polled:
        """See `FolderPoll.again`."""
        return self._look(folder, lambda _header: True, sink).again(uidvalidity, uids)

    def _look(self, folder: str, wanted: Wanted, sink: Sink) -> FolderPoll:
        return FolderPoll(self._connection, self._connection.examine(folder), wanted, sink)

    def flags(
        self, folder: str, uidvalidity: int, uids: Sequence[int]
    ) -> dict[int, tuple[str, ...]]:
        r"""Flags of mails as they are now, such as ("\Flagged",).

        None of what is gone, nor after a new UIDVALIDITY.
        """
        if self._connection.examine(folder).uidvalidity != uidvalidity:
            return {}
        found: dict[int, tuple[str, ...]] = {}
        for start in range(0, len(uids), 500):
            found |= self._connection.flags(sorted(uids)[start : start + 500])
        return found

    def folders(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self._connection.folders())

    def stamps(self, folder: str, mails: int = 50) -> Stamps:
        """Which authserv-ids stand on the last mails of a folder; see `daemon.mailbox.stamps`."""
        self._connection.examine(folder)
        last = self._connection.last_uid()
        uids = self._connection.search(max(1, last - 1000), last)[-mails:] if last else []
        shown, _gone = headers(self._connection, uids)
        return Stamps(
            counts=stamps(mail.header for mail in shown if mail.header),
            silent=tuple(mail.uid for mail in shown if not mail.header),
        )

    def first_read(self, folders: Sequence[str]) -> str:
        """The first of `folders` that a poll of this session could open: the one to wait in."""
        return next((name for name in folders if name in self._polled), folders[0])

    def idle(self, seconds: float, wake: Wakeup, folder: str | None = None) -> bool:
        """Wait for mail in `folder` (default: the one opened last), at most 9 minutes.

        True: mail may have come, or one was flagged (see `flags`). False: the bell rang or the time
        is over. Where the
        server has no IDLE this is a plain wait, and its end counts as True: only a poll can tell.
        """
        if not self._connection.can_idle:
            return not wake.wait(seconds)
        state = self._connection.folder
        if state is None or (folder and folder != state.name):
            state = self._connection.examine(folder or self._connection.account.folders[0])
        if self._polled.get(state.name) != _mark(state):
            return True  # it changed while another folder was open, or since flags were asked for
        return self._connection.listen(min(seconds, LONGEST_IDLE), wake)

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        """Hang up from another thread: the one that waits gets a MailboxError and closes."""
        self._connection.abort()


def _mark(state: Folder) -> tuple[int, int]:
    return state.uidvalidity, state.uidnext or state.exists
