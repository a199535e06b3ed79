"""The file of the ledger: opened, locked, migrated, copied, restored."""

import os
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event

from daemon.store.backups import daily, damage
from daemon.store.errors import StoreError, StoreErrorKind
from daemon.store.lock import Lock
from daemon.store.migrate import config, upgrade
from daemon.store.store import APPLICATION, Store, rescue, suspect
from daemon.store.tables import HEAD, METADATA

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def kept(path: Path) -> tuple[str, ...]:
    with Store.open(path) as store, store.read() as ledger:
        return tuple(row.id for row in ledger.mailboxes.all())


def filled(path: Path, *names: str) -> Path:
    with Store.open(path) as store, store.write() as ledger:
        ledger.mailboxes.ensure(names, NOW)
    return path


def test_a_new_ledger_and_its_folder_belong_to_their_owner_alone(tmp_path):
    path = filled(tmp_path / "state" / "ledger.sqlite", "main")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_was_committed_is_there_after_reopening(tmp_path):
    assert kept(filled(tmp_path / "ledger.sqlite", "main", "shop")) == ("main", "shop")


def test_the_file_is_written_ahead_and_synced_in_full(tmp_path):
    with Store.open(tmp_path / "ledger.sqlite") as store, store.read() as ledger:
        settings = {
            name: ledger.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "trusted_schema",
                "busy_timeout",
            )
        }

    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "busy_timeout": 10000,
    }


def test_an_exception_undoes_the_whole_transaction(tmp_path):
    path = tmp_path / "ledger.sqlite"

    def fail(store: Store) -> None:
        with store.write() as ledger:
            ledger.mailboxes.ensure(["main"], NOW)
            raise RuntimeError

    with Store.open(path) as store, pytest.raises(RuntimeError):
        fail(store)

    assert kept(path) == ()


def test_a_reader_keeps_its_snapshot_while_another_thread_writes(tmp_path):
    with Store.open(tmp_path / "ledger.sqlite") as store:
        with store.read() as ledger:
            before = ledger.mailboxes.all()

            def write() -> None:
                with store.write() as other:
                    other.mailboxes.ensure(["main"], NOW)

            thread = threading.Thread(target=write)
            thread.start()
            thread.join()

            assert ledger.mailboxes.all() == before
        with store.read() as ledger:
            assert len(ledger.mailboxes.all()) == 1


def test_many_threads_write_one_after_the_other(tmp_path):
    path = filled(tmp_path / "ledger.sqlite", "main")
    with Store.open(path) as store:

        def poll() -> None:
            for _ in range(20):
                with store.write() as ledger:
                    ledger.mailboxes.begin_poll("main", NOW)

        threads = [threading.Thread(target=poll) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.read() as ledger:
            assert ledger.mailboxes.get("main").epoch == 160


def test_two_processes_may_write_to_one_ledger(tmp_path):
    path = filled(tmp_path / "ledger.sqlite", "main")
    with Store.open(path) as service, Store.open(path) as command:
        for store in (service, command, service):
            with store.write() as ledger:
                ledger.mailboxes.begin_poll("main", NOW)
        with service.read() as ledger:
            assert ledger.mailboxes.get("main").epoch == 3


def test_a_second_instance_is_refused_in_one_sentence(tmp_path):
    with Lock.take(tmp_path), pytest.raises(StoreError) as refusal:
        Lock.take(tmp_path)

    assert refusal.value.trouble is StoreErrorKind.TAKEN
    assert str(refusal.value).startswith(
        f"another Orderbell (process {os.getpid()}) already watches with {tmp_path}"
    )


def test_the_lock_is_free_again_after_its_holder(tmp_path):
    Lock.take(tmp_path).release()

    with Lock.take(tmp_path) as lock:
        assert lock


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipe (name)")
    before = path.read_bytes()

    with pytest.raises(StoreError, match="a database of another program"):
        rescue(path, NOW)

    assert path.read_bytes() == before


def test_a_ledger_of_a_newer_version_is_refused(tmp_path):
    path = filled(tmp_path / "ledger.sqlite", "main")
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreError, match="newer Orderbell") as refusal:
        Store.open(path)

    assert refusal.value.trouble is StoreErrorKind.NEWER


def test_a_folder_that_cannot_be_written_is_told_with_its_path(tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")

    with pytest.raises(StoreError, match="ledger") as refusal:
        Store.open(tmp_path / "state" / "ledger.sqlite")

    assert refusal.value.trouble is StoreErrorKind.ACCESS


def test_a_full_disk_keeps_what_was_there_and_recovers_alone(tmp_path):
    path = filled(tmp_path / "ledger.sqlite", "main")
    with Store.open(path) as store:
        with store.write() as ledger:
            pages = ledger.connection.exec_driver_sql("PRAGMA page_count").scalar_one()

        def limit(number: int) -> None:
            with store.write() as ledger:
                ledger.connection.exec_driver_sql(f"PRAGMA max_page_count = {number}")

        limit(pages)
        with pytest.raises(StoreError) as refusal, store.write() as ledger:
            ledger.state.set("big", NOW, "x" * 1_000_000)
        limit(1_000_000)
        with store.write() as ledger:
            ledger.state.set("small", NOW, "x")

    assert refusal.value.trouble is StoreErrorKind.FULL
    assert refusal.value.try_this
    assert kept(path) == ("main",)


def test_one_copy_a_day_is_made_and_seven_are_kept(tmp_path):
    path = filled(tmp_path / "ledger.sqlite", "main")

    made = [daily(path, NOW + timedelta(days=day)) for day in range(10)]
    again = daily(path, NOW + timedelta(days=9))

    assert all(made)
    assert again is None
    assert [copy.name for copy in sorted((tmp_path / "copies").iterdir())] == [
        f"ledger-2026-03-{day:02}.sqlite" for day in range(5, 12)
    ]
    assert kept(tmp_path / "copies" / "ledger-2026-03-11.sqlite") == ("main",)


def test_a_file_that_is_no_database_is_set_aside_and_the_last_copy_restored(tmp_path):
    path = filled(tmp_path / "ledger.sqlite", "main")
    daily(path, NOW)
    filled(path, "later")
    path.write_bytes(b"not a database at all, but long enough to look like a file" * 100)

    store, done = rescue(path, NOW)
    with store, store.read() as ledger:
        rows = ledger.mailboxes.all()

    assert [(row.id, row.first_run) for row in rows] == [("main", True)]
    assert done is not None
    assert done.restored == tmp_path / "copies" / "ledger-2026-03-02.sqlite"
    assert done.aside.read_bytes().startswith(b"not a database")


def test_without_any_copy_a_broken_ledger_starts_anew(tmp_path):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"rubbish" * 1000)

    store, done = rescue(path, NOW)
    store.close()

    assert done is not None
    assert done.restored is None
    assert kept(path) == ()


def test_damage_anywhere_in_the_file_ends_in_a_ledger_that_works(tmp_path):
    sound = filled(
        tmp_path / "sound.sqlite", *(f"box{number}" for number in range(50))
    ).read_bytes()
    step = len(sound) // 100
    refused = set()
    for number in range(100):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / "ledger.sqlite"
        broken = bytearray(sound)
        broken[number * step : number * step + 64] = bytes(64)
        path.write_bytes(broken)
        try:
            store, _ = rescue(path, NOW)
        except StoreError as error:
            refused.add(error.trouble)
            continue
        with store, store.write() as ledger:
            ledger.mailboxes.ensure(["again"], NOW)

    # A wiped header field may make it look like another program's file: refused, and left for a
    # person.
    assert refused <= {StoreErrorKind.FOREIGN, StoreErrorKind.NEWER}


def test_a_suspicion_is_remembered_until_the_next_whole_check(tmp_path):
    path = filled(tmp_path / "ledger.sqlite", "main")
    suspect(path)
    mark = tmp_path / "ledger.sqlite.suspect"

    assert mark.exists()
    assert kept(path) == ("main",)
    assert not mark.exists()


def revisions() -> list[str]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        script = ScriptDirectory.from_config(config(connection))
        found = [revision.revision for revision in script.walk_revisions()]
    engine.dispose()
    return sorted(found)


def test_head_is_the_newest_revision():
    assert revisions()[-1] == HEAD


@pytest.mark.parametrize("revision", revisions())
def test_a_ledger_of_every_earlier_version_is_brought_up_to_date(tmp_path, revision):
    from alembic import command

    path = tmp_path / "ledger.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(config(connection), revision)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
        connection.exec_driver_sql("INSERT INTO mailbox (id) VALUES ('main')")
    engine.dispose()

    assert kept(path) == ("main",)
    with Store.open(path) as store, store.read() as ledger:
        context = MigrationContext.configure(ledger.connection, opts={"compare_type": False})
        assert compare_metadata(context, METADATA) == []
    before = list((tmp_path / "copies").glob("before-*")) if revision != HEAD else []
    assert len(before) == (revision != HEAD)


def test_a_migrated_ledger_has_the_same_schema_as_a_new_one(tmp_path):
    def schema(engine):
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
            )
            return {name: sorted(_words(sql)) for name, sql in rows if name != "alembic_version"}

    def _words(sql):
        return sql.replace("(", " ").replace(")", " ").replace(",", " ").replace('"', "").split()

    migrated = create_engine(f"sqlite:///{tmp_path / 'migrated.sqlite'}")
    upgrade(migrated)
    new = create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    METADATA.create_all(new)

    assert schema(migrated) == schema(new)
    migrated.dispose()
    new.dispose()


class FailingCall:
    """Makes the n-th statement or commit of a store fail as SQLite would."""

    def __init__(self, store: Store, code: int) -> None:
        self.at = 0
        self.calls = 0
        self._code = code
        event.listen(store._engine, "before_cursor_execute", self._count)
        event.listen(store._engine, "commit", self._count)

    def _count(self, *arguments) -> None:
        self.calls += 1
        if self.calls == self.at:
            broken = sqlite3.OperationalError("made to fail")
            broken.sqlite_errorcode = self._code
            raise broken


@pytest.mark.parametrize("error", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY])
def test_a_failing_call_leaves_all_or_nothing(tmp_path, error):
    """Fail the n-th call of one transaction for every n: afterwards either nothing of it is there
    or all of it.
    """

    def write(store: Store) -> None:
        with store.write() as ledger:
            ledger.mailboxes.ensure(["new"], NOW)
            ledger.state.set("done", NOW, "yes")

    def found(store: Store) -> tuple[int, bool]:
        with store.read() as ledger:
            return len(ledger.mailboxes.all()), ledger.state.get("done") is not None

    with Store.open(filled(tmp_path / "ledger.sqlite", "main")) as store:
        failing = FailingCall(store, error)
        write(store)
        calls = failing.calls
        with store.write() as ledger:
            ledger.connection.exec_driver_sql("DELETE FROM mailbox WHERE id = 'new'")
            ledger.connection.exec_driver_sql("DELETE FROM health")

        for failing.at in range(1, calls + 1):
            failing.calls = 0
            with pytest.raises(StoreError) as caught:
                write(store)
            assert caught.value.trouble.name in ("FULL", "IO", "BUSY")
            assert found(store) == (1, False)
        failing.calls = 0
        failing.at = -1
        write(store)
        assert found(store) == (2, True)
    assert calls >= 4


def test_a_damaged_name_that_is_no_text_is_damage_like_any_other(tmp_path):
    path = filled(tmp_path / "ledger.sqlite", "main")
    broken = path.read_bytes().replace(b"CREATE TABLE mailbox", b"\x9e\xff\xfeATE TABLE mailbox")
    path.write_bytes(broken)

    with pytest.raises(StoreError) as refusal:
        Store.open(path)

    assert refusal.value.trouble is StoreErrorKind.CORRUPT


@pytest.mark.parametrize("written", [b'{"trust": "\xff\xfe"}', b'{"trust": '])
def test_damage_inside_a_row_is_found_where_sqlite_sees_none(written):
    with closing(sqlite3.connect(":memory:")) as raw:
        raw.execute("CREATE TABLE event (payload TEXT)")
        raw.execute("INSERT INTO event VALUES ('{}'), (CAST(? AS TEXT))", (written,))

        assert raw.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        assert "cannot be read" in damage(raw)
