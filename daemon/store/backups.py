"""Copies of the ledger: one a day, seven kept; and what is done with a ledger that is broken."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from daemon.atomic import sync_folder
from daemon.store.errors import StoreError, told_apart

KEEP = 7
SIDES = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """What was done about a broken ledger."""

    aside: Path
    """Where the broken file lies now."""
    restored: Path | None
    """The copy that took its place; None when there was no sound one and the ledger starts anew."""
    why: str


def copy(database: Path, to: Path) -> None:
    """A sound copy of `database` at `to`, made while others read and write. Raises StoreError.

    `to` appears whole or not at all; it is readable by its owner only.
    """
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = to.with_name(f".{to.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with told_apart(str(to)), closing(sqlite3.connect(database, timeout=10)) as connection:
            connection.execute("VACUUM INTO ?", (str(partial),))
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(to)
        sync_folder(to.parent)
    finally:
        partial.unlink(missing_ok=True)


def daily(database: Path, now: datetime) -> Path | None:
    """The copy of today (UTC) if there is none yet, and no more than KEEP of them. Raises
    StoreError.
    """
    folder = database.parent / "copies"
    path = folder / f"{database.stem}-{now:%Y-%m-%d}.sqlite"
    if path.exists():
        return None
    copy(database, path)
    for old in sorted(folder.glob(f"{database.stem}-????-??-??.sqlite"))[:-KEEP]:
        old.unlink(missing_ok=True)
    return path


def rescue(database: Path, now: datetime, why: str) -> Rescue:
    """Set the broken `database` aside with its side files and put the newest sound copy in its
    place.
    """
    aside = database.with_name(f"{database.name}.broken-{now:%Y%m%dT%H%M%S}")
    for side in SIDES:
        part = database.with_name(database.name + side)
        if part.exists():
            part.rename(aside.with_name(aside.name + side))
    for candidate in _newest_first(database):
        if sound(candidate):
            copy(candidate, database)
            return Rescue(aside=aside, restored=candidate, why=why)
    return Rescue(aside=aside, restored=None, why=why)


def damage(connection: sqlite3.Connection) -> str:
    """What is wrong with the file, empty where nothing is found; reads all of it. SQLite looks at
    its pages, and not at what is written in a row: events are read, too. Raises sqlite3.Error.
    """
    verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        return verdict
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'event'").fetchone():
        return ""
    try:
        for (payload,) in connection.execute("SELECT payload FROM event"):
            json.loads(payload)
    except (sqlite3.OperationalError, ValueError) as error:
        return f"an event cannot be read: {str(error)[:80]!a}"
    return ""


def sound(database: Path) -> bool:
    """Whether nothing is found wrong with the file (`damage`)."""
    try:
        with closing(
            sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
        ) as connection:
            return not damage(connection)
    except (sqlite3.Error, StoreError):
        return False


def _newest_first(database: Path) -> Iterator[Path]:
    folder = database.parent / "copies"
    yield from sorted(folder.glob(f"{database.stem}-????-??-??.sqlite"), reverse=True)
