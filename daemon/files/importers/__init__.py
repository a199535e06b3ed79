"""Orders from files: exports of the shops and of browser extensions, told apart by their header
row.

Everything is read before anything is returned: a file that cannot be read gives nothing but one
sentence, a row that
cannot be read is a fault with its line while the others become events. Importing a file twice gives
the same events.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
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
    raw = _bytes(path)
    about = Import(seen=seen, zone=zone)
    known: list[tuple[Format, Table]] = []
    skipped: list[str] = []
    for name, table in _tables(raw, str(path), skipped):
        found = recognise(table.header)
        if found is not None:
            known.append((found, table))
        else:
            skipped.append(f"{name}: {_unknown(table)}")
    if not known:
        raise refuse(
            str(path),
            skipped[0].split(": ", 1)[1] if len(skipped) == 1 else _nothing_known(skipped),
        )
    batches = [(found, table, found.read(table, about)) for found, table in known]
    skipped += [
        f"{table.file}: {batch.skipped} rows hold nothing for the ledger"
        for _, table, batch in batches
        if batch.skipped
    ]
    return Imported(
        format=", ".join(dict.fromkeys(found.title for found, _, _ in batches)),
        rows=sum(len(table.rows) + len(table.faults) for _, table, _ in batches),
        events=_merged([batch for _, _, batch in batches]),
        faults=tuple(sorted(fault for _, _, batch in batches for fault in batch.faults)),
        skipped=tuple(skipped),
    )


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE:
            raise refuse(str(path), f"is larger than {MAX_FILE >> 20} MiB; is this the right file?")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise refuse(str(path), "no such file") from None
    except IsADirectoryError:
        raise refuse(str(path), "is a folder; name one file of it") from None
    except OSError as error:
        raise refuse(str(path), f"cannot be read: {error.strerror or error}") from None
    if not raw.strip():
        raise refuse(str(path), "the file is empty")
    return raw


def _tables(raw: bytes, file: str, skipped: list[str]) -> Iterator[tuple[str, Table]]:
    if raw.startswith(b"PK\x03\x04"):
        yield from _unzipped(raw, file, skipped)
    elif raw.startswith(b"PK\x05\x06"):
        raise refuse(file, "the zip file is empty")
    else:
        text = decode(raw, file)
        table = read_json(text, file) if text.lstrip()[:1] in ("[", "{") else read_text(text, file)
        yield file, table


def _unzipped(raw: bytes, file: str, skipped: list[str]) -> Iterator[tuple[str, Table]]:
    try:
        package = zipfile.ZipFile(io.BytesIO(raw))
    except BROKEN_ZIP:
        raise refuse(file, "is no whole zip file: half a file? Download it again") from None
    with package:
        if "xl/workbook.xml" in package.namelist():
            yield from ((file, table) for table in read_workbook(raw, file))
            return
        members = [one for one in package.infolist() if not one.is_dir()]
        if len(members) > MAX_MEMBERS or sum(one.file_size for one in members) > 2 * MAX_FILE:
            raise refuse(
                file, "holds far more than an export of orders; unpack it and import the tables"
            )
        for member in members:
            name = f"{file}/{member.filename}"
            if not member.filename.casefold().endswith(READABLE):
                continue
            content = _member(package, member, name)
            if not content.strip():
                skipped.append(f"{name}: the file is empty")
            elif member.filename.casefold().endswith(".xlsx"):
                yield from ((name, table) for table in read_workbook(content, name))
            else:
                text = decode(content, name)
                yield (
                    name,
                    (
                        read_json(text, name)
                        if text.lstrip()[:1] in ("[", "{")
                        else read_text(text, name)
                    ),
                )


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
    titles = ", ".join(one.title for one in FORMATS)
    found = (
        f"found {len(skipped)} tables, none of them known" if skipped else "found no table in it"
    )
    return f"{found}; known are: {titles}"
