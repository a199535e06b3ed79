"""Orders from files: exports of the shops and of browser extensions, told apart by their header
row.

Everything is read before anything is returned: a file that cannot be read gives nothing but one
sentence, a row that
cannot be read is a fault with its line while the others become events. Importing a file twice gives
the same events.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import chain, repeat
from pathlib import Path

from daemon.files.importers.entry import Batch, Import
from daemon.files.importers.formats import FORMATS, Format, nearest, recognise
from daemon.files.importers.table import BROKEN_ZIP, Table, decode, read_json, read_text, refuse
from daemon.files.importers.workbook import read_workbook
from orders.event import Event
from parsers.user_yaml import Fault

MAX_FILE = 128 << 20
"""Bytes of a file, and of all files of a zip together once unpacked twice over."""
MAX_MEMBERS = 2_000
READABLE = (".csv", ".tsv", ".txt", ".json", ".xlsx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What one file gave."""

    format: str
    """The recognised formats in words, such as `Amazon seller: All Orders`."""
    rows: int
    events: tuple[Event, ...]
    faults: tuple[Fault, ...]
    """Rows that could not be read; the others were."""
    skipped: tuple[str, ...]
    """One sentence for everything that was left out on purpose."""


def read(path: Path, *, seen: datetime, zone: tzinfo) -> Imported:
    """Read one export. `seen` is now (aware UTC), `zone` the user's.

    Raises WrittenError, with one sentence, when the file is missing, empty, cut off or none of the
    known formats.
    """
    about = Import(seen=seen, zone=zone)
    skipped: list[str] = []
    known = _recognised(path, skipped)
    if not known:
        raise refuse(str(path), _nothing_known(skipped))
    tables = [table for _, table in known]
    batches = [found.read(table, about) for found, table in known]
    return Imported(
        format=", ".join(dict.fromkeys(found.title for found, _ in known)),
        rows=sum(len(table.rows) + len(table.faults) for table in tables),
        events=_merged(batches),
        faults=tuple(sorted(chain.from_iterable(batch.faults for batch in batches))),
        skipped=(*skipped, *_left_out(tables, batches)),
    )


def _recognised(path: Path, skipped: list[str]) -> list[tuple[Format, Table]]:
    """The tables of the file whose format is known; the others are told in `skipped`."""
    known: list[tuple[Format, Table]] = []
    for name, table in _tables(_bytes(path), str(path), skipped):
        found = recognise(table.header)
        if found is not None:
            known.append((found, table))
        else:
            skipped.append(f"{name}: {_unknown(table)}")
    return known


def _left_out(tables: Iterable[Table], batches: Iterable[Batch]) -> Iterator[str]:
    for table, batch in zip(tables, batches, strict=True):
        if batch.skipped:
            yield f"{table.file}: {batch.skipped} rows hold nothing for the ledger"


def _bytes(path: Path) -> bytes:
    raw = _whole(path)
    if not raw.strip():
        raise refuse(str(path), "the file is empty")
    return raw


def _whole(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE:
            raise refuse(str(path), f"is larger than {MAX_FILE >> 20} MiB; is this the right file?")
        return path.read_bytes()
    except FileNotFoundError:
        raise refuse(str(path), "no such file") from None
    except IsADirectoryError:
        raise refuse(str(path), "is a folder; name one file of it") from None
    except OSError as error:
        raise refuse(str(path), f"cannot be read: {error.strerror or error}") from None


def _tables(raw: bytes, file: str, skipped: list[str]) -> Iterator[tuple[str, Table]]:
    if raw.startswith(b"PK\x03\x04"):
        yield from _unzipped(raw, file, skipped)
    elif raw.startswith(b"PK\x05\x06"):
        raise refuse(file, "the zip file is empty")
    else:
        yield file, _text_table(raw, file)


def _text_table(raw: bytes, file: str) -> Table:
    text = decode(raw, file)
    return read_json(text, file) if text.lstrip()[:1] in ("[", "{") else read_text(text, file)


def _unzipped(raw: bytes, file: str, skipped: list[str]) -> Iterator[tuple[str, Table]]:
    try:
        package = zipfile.ZipFile(io.BytesIO(raw))
    except BROKEN_ZIP:
        raise refuse(file, "is no whole zip file: half a file? Download it again") from None
    with package:
        if "xl/workbook.xml" in package.namelist():
            yield from ((file, table) for table in read_workbook(raw, file))
            return
        for member in _readable(package, file):
            name = f"{file}/{member.filename}"
            content = _member(package, member, name)
            if not content.strip():
                skipped.append(f"{name}: the file is empty")
                continue
            yield from zip(repeat(name), _tables_of_member(content, name), strict=False)


def _readable(package: zipfile.ZipFile, file: str) -> list[zipfile.ZipInfo]:
    members = [one for one in package.infolist() if not one.is_dir()]
    if _is_overfull(members):
        raise refuse(
            file, "holds far more than an export of orders; unpack it and import the tables"
        )
    return [one for one in members if one.filename.casefold().endswith(READABLE)]


def _is_overfull(members: list[zipfile.ZipInfo]) -> bool:
    size = sum(one.file_size for one in members)
    return len(members) > MAX_MEMBERS or size > 2 * MAX_FILE


def _tables_of_member(content: bytes, name: str) -> Iterable[Table]:
    if name.casefold().endswith(".xlsx"):
        return read_workbook(content, name)
    return (_text_table(content, name),)


def _member(package: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bytes:
    try:
        return package.read(member)
    except BROKEN_ZIP as error:
        what = " ".join(str(error).split())
        raise refuse(name, f"cannot be unpacked ({what}); download the zip again") from None


def _merged(batches: list[Batch]) -> tuple[Event, ...]:
    """Each origin once, in the files' order."""
    events: dict[str, Event] = {}
    for batch in batches:
        for event in batch.events:
            events.setdefault(event.origin, event)
    return tuple(events.values())


def _unknown(table: Table) -> str:
    close = nearest(table.header)
    if close is not None:
        known, missing = close
        return (
            f"looks like {known.title}, but the columns {', '.join(map(repr, missing))} are missing"
        )
    shown = ", ".join(repr(name) for name in table.header[:6] if name) or "none"
    return (
        "not an export this program knows; its columns are"
        f" {shown}{' …' if len(table.header) > 6 else ''}"
    )


def _nothing_known(skipped: list[str]) -> str:
    if len(skipped) == 1:
        return skipped[0].split(": ", 1)[1]
    titles = ", ".join(one.title for one in FORMATS)
    found = (
        f"found {len(skipped)} tables, none of them known" if skipped else "found no table in it"
    )
    return f"{found}; known are: {titles}"
