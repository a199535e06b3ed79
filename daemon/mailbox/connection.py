"""The few things said to a server, each with a deadline, and every odd answer told as a
MailboxError.

Nothing here can change a mailbox: folders are opened with EXAMINE and mails read with BODY.PEEK.
"""

import logging
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from imapclient.datetime_util import format_criteria_date
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, ProtocolError
from imapclient.response_parser import parse_fetch_response

from daemon import __version__
from daemon.mailbox.errors import MailboxError, MailboxErrorKind, said, while_talking
from daemon.mailbox.login import connect
from daemon.mailbox.transport import ByteCounter, Limits
from daemon.mailbox.wakeup import Wakeup
from daemon.settings import Mailbox
from parsers.user_yaml import did_you_mean

log = logging.getLogger(__name__)

HEADER_BYTES = 256 << 10
"""No honest header block is larger."""
BODY_BYTES = 8 << 20
"""Of a larger mail the beginning is read."""
WINDOW = 10_000
"""UIDs asked for in one command where the server does not search; an answer of 1 MB at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder as EXAMINE tells it."""

    name: str
    uidvalidity: int
    """0 when the server gives none."""
    uidnext: int | None
    """None when the server does not tell (Courier)."""
    exists: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedHeader:
    """What the server shows of one mail; None where it showed nothing."""

    uid: int
    received: datetime | None
    size: int
    header: bytes | None
    flags: tuple[str, ...]


class Connection:
    """One connection. Not for two threads at once, but `abort` may come from any."""

    def __init__(
        self,
        account: Mailbox,
        secret: str,
        context: ssl.SSLContext,
        *,
        token: bool,
        limits: Limits,
        meter: ByteCounter,
    ) -> None:
        self.account = account
        self.limits = limits
        self.meter = meter
        self.folder: Folder | None = None
        self.news = False
        """The server told of mail behind our back: it counts at the next `listen`."""
        self._client = connect(account, secret, context, token=token, limits=limits, meter=meter)
        self._header_item = f"BODY.PEEK[HEADER]<0.{HEADER_BYTES}>"
        self._may_idle = self._may_search = True
        try:
            with self._saying("CAPABILITY"):
                names = self._client.capabilities()
            self.capabilities = frozenset(name.decode("ascii", "replace") for name in names)
            if "ID" in self.capabilities:
                self._introduce()
        except MailboxError:
            self._client.wire.shutdown()
            raise

    def _introduce(self) -> None:
        """Say who we are (RFC 2971): 163.com, 126.com and yeah.net open no folder before."""
        try:
            with self._saying("ID"):
                self._client.id_({"name": "Orderbell", "version": __version__})
        except MailboxError as error:
            if error.kind is not MailboxErrorKind.TEMPORARY:
                raise
            log.debug("imap ID was refused: %s", error)

    @property
    def can_idle(self) -> bool:
        return self._may_idle and "IDLE" in self.capabilities

    def examine(self, name: str) -> Folder:
        """Open a folder read-only. Raises MailboxError (folder) when there is none of this name."""
        try:
            with self._saying("EXAMINE"):
                answer = self._client.select_folder(name, readonly=True)
                self.folder = Folder(
                    name=name,
                    uidvalidity=int(answer.get(b"UIDVALIDITY") or 0),
                    uidnext=int(answer[b"UIDNEXT"]) if answer.get(b"UIDNEXT") else None,
                    exists=int(answer.get(b"EXISTS") or 0),
                )
                self._client.wire.untagged_responses.clear()
        except MailboxError as error:
            self.folder = None
            if error.kind is not MailboxErrorKind.FOLDER:
                raise
            raise self._not_opened(name, error) from None
        self.news = False
        return self.folder

    def _not_opened(self, name: str, refusal: MailboxError) -> MailboxError:
        """Whether a folder is not there, or is and the server does not open it now (a session that
        ran out, a lock).
        """
        there = dict(self.folders())
        known = ", ".join(sorted(there)[:12])
        if name in there and "\\Noselect" not in there[name]:
            what = f"{self.account.server} does not open folder {name!r}: “{refusal.what}”"
            return MailboxError(MailboxErrorKind.TEMPORARY, what, "it is tried again by itself")
        what = f"{self.account.server} has no folder {name!r}{did_you_mean(name, there)}"
        return MailboxError(
            MailboxErrorKind.FOLDER, what, f"folders there: {known}" if known else ""
        )

    def folders(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        r"""Every folder with its flags, such as ("Junk", ("\Junk",))."""
        with self._saying("LIST"):
            return tuple(
                (str(name), _texts(flags))
                for flags, _delimiter, name in self._client.list_folders()
            )

    def search(self, first: int, last: int, since: date | None = None) -> list[int]:
        """UIDs that exist from `first` to `last`, ascending; `since` counts days as the server
        does.
        """
        words = ["UID", f"{first}:{last}"]
        if since:
            words += ["SINCE", format_criteria_date(since).decode()]
        found = self._searched(words)
        if found is None:
            windows = range(first, last + 1, WINDOW)
            found = [
                uid
                for start in windows
                for uid, day in self._days(f"{start}:{min(start + WINDOW - 1, last)}")
                if since is None or day is None or day >= since
            ]
        return [uid for uid in found if first <= uid <= last]

    def last_uid(self) -> int:
        """The highest UID of the open folder, 0 when it is empty: for servers that tell no
        UIDNEXT.
        """
        found = self._searched(["UID", "*"])
        return max([uid for uid, _ in self._days("*")] if found is None else found, default=0)

    def _days(self, uids: str) -> list[tuple[int, date | None]]:
        """UIDs that exist, ascending, with the day each mail came, by FETCH."""
        answers = self._fetch(uids, ["UID", "INTERNALDATE"], self.limits.command)
        days = ((uid, items.get(b"INTERNALDATE")) for uid, items in answers.items())
        return sorted((uid, at.date() if isinstance(at, datetime) else None) for uid, at in days)

    def _searched(self, words: Sequence[str]) -> list[int] | None:
        """UIDs, ascending; None where this server does not search, or not for these words."""
        if not self._may_search:
            return None
        try:
            answers = self._uid("SEARCH", self.limits.command, *words)
        except MailboxError as error:
            if error.kind is not MailboxErrorKind.TEMPORARY or not self._usable:
                raise
            self._may_search = False  # on this connection; if it was a mood, the next one sees
            return None
        with self._understanding("SEARCH"):
            # Some servers spread the answer over several lines, or repeat it; MODSEQ may follow the
            # numbers.
            lines = [line.partition(b"(")[0].split() for line in answers if isinstance(line, bytes)]
            return sorted({int(number) for line in lines for number in line})

    def headers(self, uids: str) -> dict[int, FetchedHeader]:
        """Header block, date and size of a set of UIDs such as “5:9,12”. What is expunged is not in
        the answer.
        """
        items = ["UID", "INTERNALDATE", "RFC822.SIZE", "FLAGS"]
        try:
            answers = self._fetch(uids, [*items, self._header_item], self.limits.command)
        except MailboxError as error:
            if (
                error.kind is not MailboxErrorKind.TEMPORARY
                or "<" not in self._header_item
                or not self._usable
            ):
                raise
            # This server does not do parts of headers; whole ones then.
            self._header_item = "BODY.PEEK[HEADER]"
            answers = self._fetch(uids, [*items, self._header_item], self.limits.command)
        return {uid: _fetched(uid, items) for uid, items in answers.items()}

    def bodies(self, uids: Sequence[int], *, beginning: bool = False) -> dict[int, bytes]:
        """Whole mails, or with `beginning` their first 8 MB; a mail the server does not give is not
        in the answer.
        """
        part = f"<0.{BODY_BYTES}>" if beginning else ""
        answers = self._fetch(uid_set(uids), ["UID", f"BODY.PEEK[]{part}"], self.limits.bodies)
        found = {uid: _part(items, b"BODY[]") for uid, items in answers.items()}
        return {uid: raw for uid, raw in found.items() if raw}

    def flags(self, uids: Sequence[int]) -> dict[int, tuple[str, ...]]:
        answers = self._fetch(uid_set(uids), ["UID", "FLAGS"], self.limits.command)
        return {uid: _texts(items.get(b"FLAGS")) for uid, items in answers.items()}

    def listen(self, seconds: float, wake: Wakeup) -> bool:
        """IDLE in the open folder: True when mail may have arrived. A refusal is remembered in
        `can_idle`.
        """
        if self.news:
            return True
        try:
            with self._saying("IDLE"):
                heard = self._client.wire.listen(seconds, wake)
        except MailboxError as error:
            if error.kind is not MailboxErrorKind.TEMPORARY or not self._usable:
                raise
            self._may_idle = False
            return True
        return heard or self.news

    def close(self) -> None:
        """Say goodbye, shortly; a lost connection is no fault."""
        with suppress(Exception):
            if self._usable:
                with self._client.wire.within(2):
                    self._client.logout()
        self._client.wire.shutdown()

    def abort(self) -> None:
        """Hang up; whoever waits on the wire in another thread gets a MailboxError, and has to
        `close`.
        """
        with suppress(OSError):
            self._client.wire.sock.shutdown(socket.SHUT_RDWR)

    @property
    def _usable(self) -> bool:
        return self._client.wire.sock.fileno() >= 0

    def _fetch(
        self, uids: str, items: Sequence[str], seconds: float
    ) -> dict[int, dict[bytes, Any]]:
        answers = self._uid("FETCH", seconds, uids, f"({' '.join(items)})")
        with self._understanding("FETCH"):
            return _by_uid(answers)

    def _uid(self, command: str, seconds: float, *words: str) -> list[Any]:
        with self._saying(command, seconds):
            verdict, answers = self._client.wire.uid(command, *words)
            if verdict != "OK":
                raise self._client.Error(said(answers[-1] or verdict))
        return list(answers)

    @contextmanager
    def _saying(self, command: str, seconds: float | None = None) -> Iterator[None]:
        """One command: counted, timed, with its deadline; afterwards nothing of it stays behind in
        imaplib.
        """
        wire, before, began = self._client.wire, self.meter.received, time.monotonic()
        self.meter.commands += 1
        try:
            with wire.within(seconds or self.limits.command):
                yield
        except Exception as error:  # noqa: BLE001 – imapclient answers odd lines with any error there is
            raise self._told(error, command) from None
        finally:
            # imaplib keeps untagged answers for ever and hands stale ones to the next command.
            self.news |= "EXISTS" in wire.untagged_responses
            wire.untagged_responses.clear()
            took = (time.monotonic() - began) * 1000
            log.debug(
                "imap command=%s ms=%.1f received=%d", command, took, self.meter.received - before
            )

    @contextmanager
    def _understanding(self, command: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 – imapclient answers odd lines with any error there is
            raise self._told(error, command) from None

    def _told(self, error: Exception, command: str) -> MailboxError:
        refused = isinstance(error, IMAPClientError) and not isinstance(
            error, IMAPClientAbortError | ProtocolError
        )
        if command == "EXAMINE" and refused and not _is_temporary(error):
            return MailboxError(MailboxErrorKind.FOLDER, said(error), "")
        trouble = while_talking(error, self.account, command)
        if not (refused and trouble.kind is MailboxErrorKind.TEMPORARY):
            # half an answer may still be on its way: this connection is of no more use
            self._client.wire.shutdown()
        return trouble


def uid_set(uids: Sequence[int]) -> str:
    """Ascending UIDs as IMAP writes them: 1,2,3,7 is “1:3,7”."""
    runs: list[list[int]] = []
    for uid in uids:
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{first}" if first == last else f"{first}:{last}" for first, last in runs)


def _is_temporary(error: Exception) -> bool:
    return any(
        word in str(error).upper()
        for word in ("UNAVAILABLE", "SERVERBUG", "INUSE", "THROTTLED", "TEMPORAR")
    )


def _by_uid(answers: Sequence[Any]) -> dict[int, dict[bytes, Any]]:
    """Join the pieces of imaplib to one dictionary per mail.

    Answers without a UID are news about flags, told by sequence number: they are not for us.
    """
    found: dict[int, dict[bytes, Any]] = {}
    pieces: list[Any] = []
    for piece in answers:
        if piece is None:
            continue
        pieces.append(piece)
        if isinstance(piece, tuple):
            continue  # a literal; its answer goes on
        for items in parse_fetch_response(pieces, normalise_times=False, uid_is_key=False).values():
            if isinstance(uid := items.get(b"UID"), int):
                found.setdefault(uid, {}).update(items)
        pieces = []
    return found


def _fetched(uid: int, items: dict[bytes, Any]) -> FetchedHeader:
    received = items.get(b"INTERNALDATE")
    size = items.get(b"RFC822.SIZE")
    return FetchedHeader(
        uid=uid,
        received=received.astimezone(UTC)
        if isinstance(received, datetime) and received.tzinfo
        else None,
        size=size if isinstance(size, int) else 0,
        header=_part(items, b"BODY[HEADER]"),
        flags=_texts(items.get(b"FLAGS")),
    )


def _part(items: dict[bytes, Any], name: bytes) -> bytes | None:
    """BODY[…] with or without the “<0>” of a partial fetch; None when the server said NIL or
    nothing.
    """
    for key, value in items.items():
        if key.partition(b"<")[0] == name:
            # A short quoted text of digits comes out of imapclient as a number.
            return (
                value
                if isinstance(value, bytes)
                else str(value).encode()
                if isinstance(value, int)
                else None
            )
    return None


def _texts(flags: object) -> tuple[str, ...]:
    return tuple(_text(flag) for flag in flags) if isinstance(flags, tuple | list) else ()


def _text(flag: object) -> str:
    return flag.decode("utf-8", "replace") if isinstance(flag, bytes) else str(flag)
