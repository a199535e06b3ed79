"""Backup and restore over the kept ledger of version 0.1: whole, checked, and nothing lost."""

import json
import lzma
import shutil
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from daemon.backup import LEFT_OUT, BackupError, Places, make_backup, read_backup, restore
from daemon.cli import main
from daemon.cli.exits import Exit
from daemon.store.errors import StoreError
from daemon.store.lock import Lock
from daemon.store.outbox import Outgoing
from daemon.store.store import FILE, Store

KEPT = Path(__file__).parents[1] / "fixtures" / "ledger-0.1"
NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
CONFIG = """\
version: 1
# the shop's mailbox
mailboxes:
  - id: main
    host: imap.example.org
    user: me@example.org
    password: {value: "swordfish"}
targets:
  - {id: phone, url: {file: ntfy.url}}
timezone: Asia/Tokyo
"""


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "config"
    (folder / "packs" / "amazon" / "phrases").mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "rules.yaml").write_text("disable: [shipped]\n")
    (folder / "packs" / "amazon" / "phrases" / "de.yaml").write_text("lines: []\n")
    (folder / "ntfy.url").write_text("ntfys://ntfy.sh/a-long-secret-topic\n")
    state = tmp_path / "state"
    (state / "evidence" / "a").mkdir(parents=True)
    (state / "evidence" / "a" / "box.jpg").write_bytes(b"picture")
    (state / "token-main.json").write_text('{"refresh_token": "hush"}')
    (state / FILE).write_bytes(lzma.decompress((KEPT / "ledger.sqlite.xz").read_bytes()))
    return SimpleNamespace(
        places=Places(config=folder / "config.yaml", state=state), file=tmp_path / "all.zip"
    )


def orders(path):
    with Store.open(path) as store, store.read() as ledger:
        return [row.key for row in ledger.orders.listed(limit=1000)]


def call(home, *words):
    options = ["--config", str(home.places.config), "--state", str(home.places.state), *words]
    return CliRunner().invoke(main, options, catch_exceptions=False)


def everything(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".lock", ".sqlite-shm", ".sqlite-wal")
    }


def test_a_backup_holds_the_ledger_and_what_people_wrote_and_no_secret(home):
    made = make_backup(home.places, home.file, NOW)

    assert set(made.files) == {
        "ledger.sqlite",
        "config/config.yaml",
        "config/rules.yaml",
        "config/packs/amazon/phrases/de.yaml",
        "state/evidence/a/box.jpg",
    }
    with zipfile.ZipFile(home.file) as archive:
        held = b"".join(archive.read(name) for name in archive.namelist())
    for secret in (b"swordfish", b"a-long-secret-topic", b"hush"):
        assert secret not in held
    assert b"# the shop's mailbox" in held
    assert home.file.stat().st_mode & 0o077 == 0


def test_what_was_lost_comes_back_as_it_was(home, tmp_path):
    before = orders(home.places.ledger)
    make_backup(home.places, home.file, NOW)
    shutil.rmtree(home.places.state)
    shutil.rmtree(home.places.config.parent)

    done = restore(home.file, home.places, NOW)

    assert orders(home.places.ledger) == before != []
    assert (home.places.state / "evidence" / "a" / "box.jpg").read_bytes() == b"picture"
    assert (home.places.config.parent / "rules.yaml").read_text() == "disable: [shipped]\n"
    assert LEFT_OUT in home.places.config.read_text()
    assert (done.secrets, done.aside) == (1, ())


def test_what_a_restore_replaces_is_kept(home):
    make_backup(home.places, home.file, NOW)
    home.places.config.with_name("rules.yaml").write_text("disable: [delivered]\n")
    with Store.open(home.places.ledger) as store, store.write() as ledger:
        ledger.mailboxes.ensure(["another"], NOW)

    done = restore(home.file, home.places, NOW + timedelta(hours=1))

    assert {path.name for path in done.aside} == {
        "config.yaml.before-restore-20261129T090000",
        "rules.yaml.before-restore-20261129T090000",
        "ledger.sqlite.before-restore-20261129T090000",
    }
    with closing(sqlite3.connect(next(p for p in done.aside if FILE in p.name))) as old:
        assert old.execute("SELECT count(*) FROM mailbox WHERE id = 'another'").fetchone() == (1,)


def test_what_waited_to_be_sent_is_marked_as_a_maybe_after_a_restore(home):
    with Store.open(home.places.ledger) as store, store.write() as ledger:
        row = ledger.connection.exec_driver_sql("SELECT id FROM message LIMIT 1").scalar_one()
        waits = Outgoing(key="waits", target="t", message=row, severity="info", title="", body="")
        ledger.outbox.add(waits, NOW)
    make_backup(home.places, home.file, NOW)

    restore(home.file, home.places, NOW)

    with Store.open(home.places.ledger) as store, store.read() as ledger:
        assert [row.key for row in ledger.outbox.left_sending("t")] == ["waits"]


def test_nothing_is_restored_under_a_running_service(home):
    make_backup(home.places, home.file, NOW)
    before = everything(home.places.state)

    with Lock.take(home.places.state), pytest.raises(StoreError, match="stop it first"):
        restore(home.file, home.places, NOW)

    assert everything(home.places.state) == before


def half(raw, _folder):
    return raw[: len(raw) // 2]


def flipped(raw, _folder):
    """One bit of the packed ledger is another."""
    place = raw.index(b"ledger.sqlite") + 10_000
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


def rewritten(change):
    """The archive with its manifest changed."""

    def apply(raw, folder):
        old, new = folder / "old.zip", folder / "new.zip"
        old.write_bytes(raw)
        with zipfile.ZipFile(old) as source, zipfile.ZipFile(new, "w") as target:
            for name in source.namelist():
                data = source.read(name)
                if name == "manifest.json":
                    data = json.dumps(change(json.loads(data))).encode()
                target.writestr(name, data)
        return new.read_bytes()

    return apply


def escaping(told):
    return told | {"files": told["files"] | {"config/../../.bashrc": "00"}}


def foreign(told):
    return told | {"files": told["files"] | {"state/orderbell.lock": "00"}}


WRONG = {
    "half": (half, "or only a part of one"),
    "no zip": (lambda _raw, _: b"hello", "no backup of Orderbell"),
    "a changed byte": (flipped, "is damaged or missing in it"),
    "newer": (rewritten(lambda told: told | {"revision": "9999_x"}), "install that version"),
    "no manifest": (rewritten(lambda _: []), "its manifest is missing or broken"),
    "a way out": (rewritten(escaping), "names files that no backup holds"),
    "a file of ours": (rewritten(foreign), "names files that no backup holds"),
    "a file missing": (
        rewritten(lambda told: told | {"files": told["files"] | {"config/packs/x.yaml": "00"}}),
        "config/packs/x.yaml is damaged or missing",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_backup_that_is_not_right_changes_nothing_and_says_so(home, tmp_path, what):
    change, sentence = WRONG[what]
    (home.places.state / "evidence" / "a" / "raw.bin").write_bytes(b"")
    make_backup(home.places, home.file, NOW)
    home.file.write_bytes(change(home.file.read_bytes(), tmp_path))
    before = everything(home.places.state), everything(home.places.config.parent)

    with pytest.raises(BackupError, match=sentence):
        restore(home.file, home.places, NOW)

    assert (everything(home.places.state), everything(home.places.config.parent)) == before


DAMAGES = {
    "cut": lambda raw: raw[: len(raw) // 3],
    "zeros": lambda raw: raw[:4096] + bytes(8192) + raw[12288:],
    "no database": lambda _: b"not a database, but long enough to be taken for one" * 50,
    "gone": lambda _: None,
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_ledger_damaged_in_any_way_is_replaced_by_the_backup(home, damage):
    before = orders(home.places.ledger)
    make_backup(home.places, home.file, NOW)
    raw = DAMAGES[damage](home.places.ledger.read_bytes())
    for side in ("-wal", "-shm"):
        home.places.ledger.with_name(FILE + side).unlink(missing_ok=True)
    home.places.ledger.unlink() if raw is None else home.places.ledger.write_bytes(raw)

    restore(home.file, home.places, NOW)

    assert orders(home.places.ledger) == before


def test_commands_say_what_they_did_and_refuse_what_they_cannot(home, tmp_path):
    made = call(home, "backup", str(home.file))
    again = call(home, "backup", str(home.file))
    nowhere = call(home, "backup", str(tmp_path / "no" / "x.zip"))
    checked = call(home, "restore", "--check", str(home.file))
    missing = call(home, "restore", str(tmp_path / "none.zip"))
    back = call(home, "restore", str(home.file))

    assert made.exit_code == Exit.DONE
    assert "no secret is in it" in made.stdout
    assert (again.exit_code, "is there already" in again.stderr) == (Exit.ERROR, True)
    assert (nowhere.exit_code, "no such folder" in nowhere.stderr) == (Exit.ERROR, True)
    assert (checked.exit_code, "by Orderbell" in checked.stdout) == (Exit.DONE, True)
    assert (missing.exit_code, "none.zip" in missing.stderr) == (Exit.ERROR, True)
    assert back.exit_code == Exit.DONE
    assert "write them in again" in back.stdout
    assert read_backup(home.file).files
