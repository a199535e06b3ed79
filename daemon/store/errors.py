"""What can go wrong with the ledger's file, told apart, in words a person can act on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from sqlalchemy.exc import DBAPIError

from parsers.errors import OrderbellError


class StoreErrorKind(StrEnum):
    FULL = "full"
    """No space left: stop taking mail, keep running, try again."""
    BUSY = "busy"
    """Another process holds the file longer than we wait: try again."""
    CORRUPT = "corrupt"
    """The file is damaged or no database: set aside, restore."""
    FOREIGN = "foreign"
    """A sound database of something else."""
    NEWER = "newer"
    """Written by a newer Orderbell."""
    ACCESS = "access"
    """We may not write there."""
    IO = "io"
    """The disk failed."""
    TAKEN = "taken"
    """Another instance is running."""
    FENCED = "fenced"
    """A newer worker has taken this mailbox over."""
    OTHER = "other"


class StoreError(OrderbellError):
    """The ledger cannot do what was asked; nothing of it was done. `what` and `try_this` are one
    sentence each.
    """

    def __init__(self, trouble: StoreErrorKind, what: str, try_this: str = "") -> None:
        self.trouble = trouble
        super().__init__(what, try_this)


CURES = {
    StoreErrorKind.FULL: "free some space; nothing was lost, and the work goes on by itself",
    StoreErrorKind.BUSY: "another program holds the file open for writing; it is tried again",
    StoreErrorKind.CORRUPT: "the next start sets it aside and restores the last daily copy",
    StoreErrorKind.ACCESS: "check the owner and mode of the file and its folder",
    StoreErrorKind.IO: "check the disk",
}


def trouble_of(error: BaseException) -> StoreErrorKind:
    """The kind of an error of sqlite3, by SQLite's result code, else by its words."""
    code = getattr(error, "sqlite_errorcode", None)
    match code & 0xFF if isinstance(code, int) else None:
        case sqlite3.SQLITE_FULL:
            return StoreErrorKind.FULL
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreErrorKind.BUSY
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreErrorKind.CORRUPT
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StoreErrorKind.ACCESS
        case sqlite3.SQLITE_IOERR:
            return StoreErrorKind.IO
        case _ if "no such table" in str(error):
            # every table of ours is made at the opening: another file lies there now
            return StoreErrorKind.CORRUPT
        case _ if "UTF-8" in str(error):
            return StoreErrorKind.CORRUPT  # what is written in a row was damaged
        case _:
            return StoreErrorKind.OTHER


@contextmanager
def told_apart(where: str) -> Iterator[None]:
    """Turn the database's errors into StoreError; programming errors (a broken constraint) pass
    through.
    """
    try:
        yield
    except DBAPIError as error:
        raw = error.orig or error
        trouble = trouble_of(raw)
        if trouble is StoreErrorKind.OTHER:
            raise
        raise StoreError(trouble, f"{where}: {raw}", CURES[trouble]) from error
    except sqlite3.Error as error:
        trouble = trouble_of(error)
        if trouble is StoreErrorKind.OTHER:
            raise
        raise StoreError(trouble, f"{where}: {error}", CURES[trouble]) from error
