"""What a mailbox gives: mails, and how far it was read."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a folder was read: every UID up to `last_uid` is done, as long as UIDVALIDITY
    stays.
    """

    uidvalidity: int
    last_uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One mail of a folder, as the server shows it."""

    mailbox: str
    folder: str
    uidvalidity: int
    uid: int
    internal_date: datetime
    """When the server received it, aware, UTC."""
    size: int
    """Bytes on the server (RFC822.SIZE), which may be more than `raw` holds."""
    raw: bytes | None
    """The whole mail, of one over 8 MB its beginning;
    None when it was not wanted or, with `missing`, not given."""
    header: bytes
    """The header block, at most 256 kB of it."""
    flags: tuple[str, ...] = ()
    missing: bool = False
    """Wanted, asked for twice, not given, and yet not expunged: not done; ask again with
    `Session.fetch`.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """The result of one look at a folder."""

    folder: str
    cursor: Cursor
    """Everything up to here was given to the sink, is gone, or is older than asked for. Store it
    after the poll.
    """
    seen: int = 0
    """Mails given to the sink."""
    gone: tuple[int, ...] = ()
    """UIDs expunged between the search and the fetch."""
    missing: tuple[int, ...] = ()
    """UIDs given to the sink with `missing`."""
    reset: bool = False
    """UIDVALIDITY is not the cursor's: the folder was read anew from `since`."""
