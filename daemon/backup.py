"""Backup and restore: the ledger and what a person wrote, in one file; secrets stay where they lie.

A backup is a zip: `manifest.json` (version, revision of the ledger, when, and the SHA-256 of every
other file), `ledger.sqlite` (a sound copy, made while others write), `config/…` (config.yaml with
every secret's `value` left out, rules, packs, letters) and `state/…` (evidence). Tokens, passwords
and URLs of targets are never part of it.
"""

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from daemon import __version__
from daemon.store import backups
from daemon.store.lock import Lock
from daemon.store.state import BACKED_UP
from daemon.store.store import FILE, Store
from daemon.store.tables import HEAD
from parsers.errors import OrderbellError
from parsers.user_yaml import Fault, UserFileError

MANIFEST = "manifest.json"
LEDGER = "ledger.sqlite"
CONFIGURATION = ("config.yaml", "rules.yaml", "rules.tests.yaml")
FOLDERS = ("packs", "letters")
"""Folders beside the configuration whose YAML files belong to a backup."""
KEPT_STATE = ("evidence",)
"""Folders of the state folder that belong to a backup."""
LEFT_OUT = "left-out-of-the-backup"
"""Stands in a restored config.yaml where a secret was written into the file itself."""
MAX_FILES = 100_000
NAME = re.compile(r"(?:config|state)/[^/\\\x00-\x1f]+(?:/[^/\\\x00-\x1f]+)*")
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the files of one Orderbell lie."""

    config: Path
    """config.yaml; rules and packs lie beside it."""
    state: Path
    """The folder of the ledger."""

    @property
    def ledger(self) -> Path:
        return self.state / FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup file holds, as its manifest says."""

    made: datetime
    """Aware UTC."""
    version: str
    revision: str
    files: Mapping[str, str]
    """Name in the archive -> SHA-256 in hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did."""

    backup: Backup
    aside: tuple[Path, ...]
    """Where the files that were replaced lie now."""
    secrets: int
    """Secrets that config.yaml held itself and that must be written in again."""


def make_backup(places: Places, to: Path, now: datetime) -> Backup:
    """Write a backup of everything at `places` to `to`, whole or not at all, for its owner's eyes.

    Safe while the service runs. Raises StoreError for a ledger that cannot be copied, UserFileError
    for a config.yaml that cannot be read as YAML, OSError for a place that cannot be written.
    """
    partial = to.with_name(f".{to.name}.{os.getpid()}")
    with tempfile.TemporaryDirectory(dir=places.state, prefix=".backup-") as folder:
        copy = Path(folder) / LEDGER
        backups.copy(places.ledger, copy)
        try:
            descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as raw:
                made = _write(raw, copy, places, now)
                raw.flush()
                os.fsync(raw.fileno())
            partial.replace(to)
        finally:
            partial.unlink(missing_ok=True)
    with Store.open(places.ledger) as store, store.write() as ledger:
        ledger.state.set(BACKED_UP, now, str(to.absolute()))
    return made


def _write(raw: Any, copy: Path, places: Places, now: datetime) -> Backup:
    files: dict[str, str] = {}
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        files[LEDGER] = _add_file(archive, LEDGER, copy)
        for name, path in _written_by_people(places):
            if path == places.config:
                text = without_secrets(path.read_text(encoding="utf-8"), str(path))[0].encode()
                archive.writestr(name, text)
                files[name] = hashlib.sha256(text).hexdigest()
            else:
                files[name] = _add_file(archive, name, path)
        made = Backup(made=now, version=__version__, revision=HEAD, files=files)
        archive.writestr(MANIFEST, json.dumps(_manifest(made), indent=1, sort_keys=True))
    return made


def _manifest(backup: Backup) -> dict[str, Any]:
    return {
        "orderbell": backup.version,
        "revision": backup.revision,
        "made": backup.made.astimezone(UTC).isoformat(timespec="seconds"),
        "files": dict(backup.files),
    }


def _written_by_people(places: Places) -> Iterator[tuple[str, Path]]:
    """Every file of a backup beside the ledger: its name in the archive, and where it lies."""
    beside = places.config.parent
    for name in CONFIGURATION:
        path = places.config if name == "config.yaml" else beside / name
        if path.is_file():
            yield f"config/{name}", path
    for base, prefix, folders in ((beside, "config", FOLDERS), (places.state, "state", KEPT_STATE)):
        for folder in folders:
            for path in sorted((base / folder).rglob("*")):
                if path.is_file() and not path.is_symlink():
                    yield f"{prefix}/{path.relative_to(base).as_posix()}", path


def _add_file(archive: zipfile.ZipFile, name: str, path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def without_secrets(text: str, file: str) -> tuple[str, int]:
    """config.yaml with each secret that stands in it replaced, comments kept; and how many.

    Raises UserFileError for text that is no YAML.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    try:
        tree = yaml.load(text)
    except YAMLError as error:
        what = f"cannot be read ({str(error).splitlines()[0]}); see: orderbell config check"
        raise UserFileError([Fault(file=file, line=0, column=0, what=what)]) from error
    found = _blank_values(tree)
    if not found:
        return text, 0
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue(), found


def _blank_values(node: Any) -> int:
    """Blank the `value` of every secret: a map that holds nothing else."""
    if isinstance(node, list):
        return sum(_blank_values(child) for child in node)
    if not isinstance(node, dict):
        return 0
    if set(node) == {"value"}:
        node["value"] = LEFT_OUT
        return 1
    return sum(_blank_values(child) for child in node.values())


class BackupError(OrderbellError):
    """A backup that cannot be taken back: what is wrong with it, and what to try."""


def read_backup(path: Path) -> Backup:
    """The manifest of a backup. Raises BackupError, OSError."""
    with _opened(path) as archive:
        return _read_manifest(archive, path)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise BackupError(
            f"{path}: no backup of Orderbell, or only a part of one ({error}); nothing was changed."
            " Take another copy of it"
        ) from error


def _read_manifest(archive: zipfile.ZipFile, path: Path) -> Backup:
    try:
        told = json.loads(archive.read(MANIFEST))
        backup = Backup(
            made=datetime.fromisoformat(told["made"]).astimezone(UTC),
            version=str(told["orderbell"]),
            revision=str(told["revision"]),
            files={str(name): str(digest) for name, digest in told["files"].items()},
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BackupError(
            f"{path}: its manifest is missing or broken, so it is no backup of Orderbell; nothing"
            " was changed"
        ) from error
    wrong = [name for name in backup.files if name != LEDGER and not _may_be_named(name)]
    if wrong or LEDGER not in backup.files or len(backup.files) > MAX_FILES:
        raise BackupError(
            f"{path}: it names files that no backup holds ({', '.join(wrong[:3]) or 'no ledger'});"
            " nothing was changed"
        )
    if backup.revision > HEAD:
        raise BackupError(
            f"{path}: made by Orderbell {backup.version}, whose ledger is newer than this version"
            f" knows (revision {backup.revision}, this one knows {HEAD}); install that version,"
            " then restore"
        )
    return backup


def _may_be_named(name: str) -> bool:
    parts = PurePosixPath(name).parts
    if not NAME.fullmatch(name) or any(part in (".", "..") for part in parts):
        return False
    if parts[0] == "state":
        return len(parts) > 2 and parts[1] in KEPT_STATE
    return (len(parts) == 2 and parts[1] in CONFIGURATION) or (
        len(parts) > 2 and parts[1] in FOLDERS
    )


def restore(path: Path, places: Places, now: datetime) -> Restored:
    """Put a backup in force: checked as a whole first, what it replaces is set aside, not deleted.

    The service must not run. Raises BackupError, StoreError (in use, no place), OSError; then
    nothing has changed.
    """
    places.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (
        Lock.take(places.state),
        _opened(path) as archive,
        tempfile.TemporaryDirectory(dir=places.state, prefix=".restore-") as folder,
    ):
        backup = _read_manifest(archive, path)
        new = Path(folder)
        _unpack(archive, backup, new, path)
        _settle_ledger(new / LEDGER, path)
        secrets = _secrets_in(new / "config" / "config.yaml")
        aside = tuple(_put_in_force(new, backup.files, places, now))
    return Restored(backup=backup, aside=aside, secrets=secrets)


def _unpack(archive: zipfile.ZipFile, backup: Backup, folder: Path, path: Path) -> None:
    for name, digest in backup.files.items():
        target = folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            right = _extract(archive, name, target) == digest
        except (KeyError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile, OSError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            right = False
        if not right:
            raise BackupError(
                f"{path}: {name} is damaged or missing in it; nothing was changed."
                " Take another copy"
            )


def _extract(archive: zipfile.ZipFile, name: str, target: Path) -> str:
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as out, archive.open(name) as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _settle_ledger(ledger: Path, path: Path) -> None:
    """Check the copy, bring it to this version, and mark what waited: it may have gone out."""
    if not backups.sound(ledger):
        raise BackupError(f"{path}: the ledger in it is damaged; nothing was changed")
    with Store.open(ledger) as store, store.write() as rows:
        rows.outbox.doubt_waiting()
    with closing(sqlite3.connect(ledger)) as raw:  # one file: no log beside it
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.execute("PRAGMA journal_mode = DELETE")


def _secrets_in(config: Path) -> int:
    return config.read_text(encoding="utf-8").count(LEFT_OUT) if config.is_file() else 0


def _put_in_force(new: Path, names: Iterable[str], places: Places, now: datetime) -> Iterator[Path]:
    """Set aside what is there, and move the new files in; the ledger last, since it counts most."""
    stamp = f"before-restore-{now:%Y%m%dT%H%M%S}"
    for name in sorted(names, key=lambda name: (name == LEDGER, name)):
        target = _target(name, places)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if name == LEDGER:
            yield from _set_ledger_aside(target, stamp)
        elif target.exists():
            if target.read_bytes() == (new / name).read_bytes():
                continue
            kept = target.with_name(f"{target.name}.{stamp}")
            shutil.copy2(target, kept)
            yield kept
        shutil.move(new / name, target)


def _target(name: str, places: Places) -> Path:
    if name == LEDGER:
        return places.ledger
    if name == "config/config.yaml":
        return places.config
    first, _, rest = name.partition("/")
    return (places.config.parent if first == "config" else places.state) / rest


def _set_ledger_aside(ledger: Path, stamp: str) -> Iterator[Path]:
    """The old ledger under another name, its log folded in where it is sound."""
    if not ledger.exists():
        return
    try:
        with closing(sqlite3.connect(ledger, timeout=10)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error:
        pass  # damaged: file and log are kept as they are
    aside = ledger.with_name(f"{ledger.name}.{stamp}")
    for side in backups.SIDES:
        part = ledger.with_name(ledger.name + side)
        if part.exists():
            part.rename(aside.with_name(aside.name + side))
    yield aside


def last_backup(ledger: Path) -> tuple[datetime, str] | None:
    """When the last backup was made (aware UTC) and where to; None when there was none yet."""
    with Store.open(ledger) as store, store.read() as rows:
        row = rows.state.get(BACKED_UP)
    return None if row is None else (row.at, str(row.value))


def newest_copy(ledger: Path) -> tuple[Path, bool] | None:
    """The newest daily copy of the ledger, and whether it opens; None when there is none."""
    found = sorted((ledger.parent / "copies").glob(f"{ledger.stem}-????-??-??.sqlite"))
    return (found[-1], backups.sound(found[-1])) if found else None
