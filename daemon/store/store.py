"""The ledger's file: opened, checked, migrated, read and written; SQLite behind SQLAlchemy Core.

One writer at a time, in this process by a lock and among processes by BEGIN IMMEDIATE; readers see
a snapshot (WAL).
`synchronous=FULL`: what was committed is on the disk.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, text

from daemon.store import backups
from daemon.store.errors import StoreError, StoreErrorKind, told_apart
from daemon.store.ledger import Ledger
from daemon.store.tables import HEAD, METADATA

FILE = "ledger.sqlite"
APPLICATION = 0x4F42454C
"""“OBEL” in the header of the file: it is ours."""
SMALL = 64 << 20
"""A file up to this size is checked whole at each opening (about 100 ms); a larger one after a
suspicion.
"""


class Store:
    """An open ledger. `close` it, or use it in a with statement."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self.path = path
        self._engine = engine
        self._writer = engine.execution_options(writing=True)
        self._light = engine.execution_options(writing=True, light=True)
        self._turn = threading.RLock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the ledger at `path` (a file), made new when missing and migrated when old. Raises
        StoreError.

        A folder made here is 0700, the file 0600.
        """
        prepare(path)
        try:
            with told_apart(str(path)):
                revision = _revision(path)
        except (
            UnicodeDecodeError
        ) as error:  # SQLite names what is damaged, and the name is damaged too
            raise StoreError(StoreErrorKind.CORRUPT, f"{path} is damaged") from error
        engine = _engine(path)
        store = cls(engine, path)
        try:
            with told_apart(str(path)):
                store._settle(revision)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def memory(cls) -> Self:
        """A ledger that lives as long as this object, for one thread: replay and tests."""
        engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        _listen(engine, durable=False)
        store = cls(engine, None)
        store._settle(None)
        return store

    @contextmanager
    def write(self, *, light: bool = False) -> Iterator[Ledger]:
        """One transaction: all of it or, after any exception, nothing. Raises StoreError.

        `light`: it survives the death of this process, and the loss of power only together with the
        next whole one.
        """
        with (
            self._turn,
            told_apart(self._name),
            (self._light if light else self._writer).begin() as connection,
        ):
            yield Ledger(connection)

    @contextmanager
    def read(self) -> Iterator[Ledger]:
        """A snapshot that later writes do not disturb. Raises StoreError."""
        with told_apart(self._name), self._engine.connect() as connection:
            yield Ledger(connection)

    def check(self) -> None:
        """Raises StoreError when a newer Orderbell has taken over the ledger meanwhile."""
        with self.read() as ledger:
            found = ledger.connection.exec_driver_sql("SELECT version_num FROM alembic_version")
            _refuse_newer(self._name, str(found.scalar_one()))

    def copy_daily(self, now: datetime) -> Path | None:
        """Make today's copy when it is missing."""
        return backups.daily(self.path, now) if self.path else None

    def close(self) -> None:
        self._engine.dispose()

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
    def _name(self) -> str:
        return str(self.path or "ledger in memory")

    def _settle(self, revision: str | None) -> None:
        if revision == HEAD:
            return
        if revision is None:
            with self._writer.begin() as connection:
                METADATA.create_all(connection)
                connection.execute(
                    text(
                        "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT"
                        " NULL)"
                    )
                )
                stamp = (
                    "INSERT INTO alembic_version SELECT :head WHERE NOT EXISTS (SELECT 1 FROM"
                    " alembic_version)"
                )
                connection.execute(text(stamp), {"head": HEAD})
                connection.execute(text(f"PRAGMA application_id = {APPLICATION}"))
            return
        if self.path:
            now = datetime.now(UTC)
            backups.copy(
                self.path, self.path.parent / "copies" / f"before-{HEAD}-{now:%Y%m%dT%H%M%S}.sqlite"
            )
        from daemon.store.migrate import (  # noqa: PLC0415 - Alembic takes 300 ms and is seldom needed
            upgrade,
        )

        with self._turn:
            upgrade(self._writer)


def rescue(path: Path, now: datetime) -> tuple[Store, backups.Rescue | None]:
    """Open the ledger; a damaged one is set aside and replaced by the last sound copy.

    For the service alone, which holds the lock. Raises StoreError for everything that this does not
    cure.
    """
    try:
        return Store.open(path), None
    except StoreError as error:
        if error.trouble is not StoreErrorKind.CORRUPT:
            raise
        done = backups.rescue(path, now, error.what)
    store = Store.open(path)
    with store.write() as ledger:
        ledger.mailboxes.forget_cursors()
    return store, done


def suspect(path: Path) -> None:
    """Remember that the file misbehaved, so that the next opening checks all of it."""
    path.with_name(path.name + ".suspect").touch(mode=0o600)


def prepare(path: Path) -> None:
    """Make the folder (0700) and the file (0600) where they are missing. Raises StoreError."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        cure = "choose a folder you can write with --state DIR"
        raise StoreError(StoreErrorKind.ACCESS, f"{path}: {error.strerror}", cure) from error


def _revision(path: Path) -> str | None:
    """The revision the file carries, None when it is empty. Raises StoreError for a file that is
    not ours or broken.
    """
    mark = path.with_name(path.name + ".suspect")
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as raw:
        tables = raw.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[
            0
        ]
        if not tables:
            return None
        if raw.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            raise StoreError(
                StoreErrorKind.FOREIGN,
                f"{path} is a database of another program",
                "move it away, or choose another --state DIR",
            )
        if mark.exists() or path.stat().st_size <= SMALL:
            if verdict := backups.damage(raw):
                raise StoreError(StoreErrorKind.CORRUPT, f"{path} is damaged ({verdict})")
            mark.unlink(missing_ok=True)
        revision = str(raw.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    _refuse_newer(path, revision)
    return revision


def _refuse_newer(name: object, revision: str) -> None:
    if revision > HEAD:
        raise StoreError(
            StoreErrorKind.NEWER,
            f"{name} was written by a newer Orderbell (revision {revision}, this one knows {HEAD})",
            "use the newer version again, or restore a copy from the folder copies",
        )


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": 10, "check_same_thread": False}
    )
    _listen(engine, durable=True)
    return engine


def _listen(engine: Engine, *, durable: bool) -> None:
    @event.listens_for(engine, "connect")
    def connected(raw: Any, record: Any) -> None:
        del record
        # we begin transactions ourselves: deferred ones fail at once when two want to write
        raw.isolation_level = None
        raw.execute("PRAGMA busy_timeout = 10000")
        if durable:
            raw.execute("PRAGMA journal_mode = WAL")
            raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("PRAGMA trusted_schema = OFF")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("writing", False):
            if durable:
                connection.exec_driver_sql(
                    f"PRAGMA synchronous = {'NORMAL' if options.get('light') else 'FULL'}"
                )
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")
