"""A table of text: its header, its rows, and the place of every cell; from CSV, tab-separated text
or JSON.
"""

import codecs
import csv
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from daemon.files.importers.values import CellError, amount, currency, moment, nothing
from parsers.notice import Money
from parsers.user_yaml import Fault, UserFileError

MAX_ROWS = 1_000_000
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    RuntimeError,
)
"""What zipfile raises for damaged files, as found by damaging some; NotImplementedError is a
RuntimeError.
"""
JAPANESE = re.compile(r"[぀-ヿ一-鿿]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One record: header name to cell, without the cells that say nothing."""

    line: int
    """From 1: the line of the file the record starts on, the row of a sheet, or the line of a JSON
    object.
    """
    cells: Mapping[str, str]

    def text(self, *names: str) -> str | None:
        """The first of these columns that says something."""
        return next((self.cells[name] for name in names if name in self.cells), None)

    def need(self, *names: str) -> str:
        found = self.text(*names)
        if found is None:
            raise CellError(names[0], f"{names[0]!r} is empty")
        return found

    def count(self, *names: str) -> int:
        """A whole number of things; 1 when the column is empty."""
        found = self.text(*names)
        if found is None:
            return 1
        value = amount(found, names[0])
        if value != value.to_integral_value() or not 0 <= value <= 1_000_000:
            raise CellError(names[0], f"{names[0]!r} is {found!r}, which is no number of things")
        return int(value)

    def amount(self, *names: str) -> Decimal | None:
        found = self.text(*names)
        return (
            None
            if found is None
            else amount(found, next(name for name in names if name in self.cells))
        )

    def money(self, *names: str, unit: str) -> Money | None:
        """The amount in `names` with the currency in the column `unit`; None when the amount is
        empty.
        """
        value = self.amount(*names)
        return (
            None if value is None else Money(value=value, currency=currency(self.need(unit), unit))
        )

    def when(
        self, *names: str, zone: tzinfo, day_first: bool | None = None
    ) -> date | datetime | None:
        found = self.text(*names)
        if found is None:
            return None
        column = next(name for name in names if name in self.cells)
        return moment(found, column, zone=zone, day_first=day_first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All rows of one file or sheet."""

    file: str
    header: tuple[str, ...]
    rows: tuple[TableRow, ...]
    faults: tuple[Fault, ...] = ()
    """Rows that are no rows: too few or too many cells."""

    def fault(self, row: TableRow, error: CellError) -> Fault:
        column = self.header.index(error.column) + 1 if error.column in self.header else 1
        return Fault(file=self.file, line=row.line, column=column, what=str(error))

    def column(self, *names: str) -> list[str]:
        """Every value of a column that says something."""
        return [found for row in self.rows if (found := row.text(*names)) is not None]


def refuse(file: str, what: str, line: int = 0, column: int = 0) -> UserFileError:
    """The whole file cannot be read: one sentence."""
    return UserFileError([Fault(file=file, line=line, column=column, what=what)])


def decode(raw: bytes, file: str) -> str:
    """Text of an export: UTF-8 with or without a mark, UTF-16 with one, Shift_JIS of Japan, else
    Windows-1252.

    Shift_JIS accepts much of what is Windows-1252, so it is believed only beside a sign of Japan.
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strictly(raw, "utf-16", file)
    with suppress(UnicodeDecodeError):
        return raw.decode("utf-8-sig")
    if b"\0" in raw[:4096]:
        raise refuse(
            file, "is not text; expected a CSV, TSV, JSON, XLSX or zip file as the shop gave it"
        )
    with suppress(UnicodeDecodeError):
        japanese = raw.decode("cp932")
        if _is_of_japan(raw, japanese):
            return japanese
    return _strictly(raw, "cp1252", file)


def _is_of_japan(raw: bytes, text: str) -> bool:
    header = text.partition("\n")[0]
    return b"JPY" in raw or b".co.jp" in raw or JAPANESE.search(header) is not None


def _strictly(raw: bytes, encoding: str, file: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise refuse(
            file, "is neither UTF-8 nor Shift_JIS; import the file as downloaded", line, 1
        ) from error


def read_text(text: str, file: str) -> Table:
    """A CSV or tab-separated file. Raises WrittenError when it is cut off or has no header."""
    first = text.partition("\n")[0]
    tabbed = first.count("\t") > first.count(",")
    numbered = _numbered(_records(text, first, tabbed=tabbed), file)
    header = next((cells for _, cells in numbered if _says_anything(cells)), None)
    if header is None:
        raise refuse(file, "the file is empty")
    names = tuple(name.strip().strip("\ufeff") for name in header)
    return _table(file, names, numbered, whole=text.endswith(("\n", "\r")), trimmed=tabbed)


def _records(text: str, first: str, *, tabbed: bool) -> Any:
    if tabbed:
        # Amazon's flat files do not quote: a lone " in a product's name is a " and nothing more.
        return csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    delimiter = ";" if first.count(";") > first.count(",") else ","
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _says_anything(cells: Iterable[str]) -> bool:
    return any(cell.strip() for cell in cells)


def _numbered(records: Any, file: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the line each starts on."""
    while True:
        line = records.line_num + 1
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error):
                raise refuse(
                    file,
                    "ends inside a quoted cell: half a file? Export or download it again",
                    line,
                    1,
                ) from None
            raise refuse(
                file,
                f"cannot be read as a table here ({error}); import the file as downloaded",
                line,
                1,
            ) from None
        if line > MAX_ROWS:
            raise refuse(file, f"more than {MAX_ROWS} lines; split the file")
        yield line, cells


def _table(
    file: str,
    names: tuple[str, ...],
    numbered: Iterator[tuple[int, list[str]]],
    *,
    whole: bool,
    trimmed: bool,
) -> Table:
    """`whole`: the file ends with a line's end. `trimmed`: empty cells at a line's end may be left
    out.
    """
    rows: list[TableRow] = []
    faults: list[Fault] = []
    short: int | None = None
    for line, cells in filter(lambda record: _says_anything(record[1]), numbered):
        missing = len(cells) < len(names)
        short = line if missing else None
        if _says_anything(cells[len(names) :]) or (missing and not trimmed):
            what = f"{len(cells)} cells under {len(names)} columns"
            faults.append(Fault(file=file, line=line, column=1, what=what))
        else:
            rows.append(TableRow(line=line, cells=_said(names, cells)))
    if short is not None and not whole:
        raise refuse(
            file, "the last line is cut short: half a file? Export or download it again", short, 1
        )
    return Table(file=file, header=names, rows=tuple(rows), faults=tuple(faults))


def read_json(text: str, file: str) -> Table:
    """A JSON list of flat objects, or an object that holds one. Raises WrittenError when it is cut
    off or neither.
    """
    entries = _entries(text, file)
    lines = _lines(text)
    rows = tuple(TableRow(line=next(lines, 0), cells=_cells(entry)) for entry in entries)
    header = tuple(dict.fromkeys(name for entry in entries for name in entry))
    return Table(file=file, header=header, rows=rows)


def _whole_json(text: str, file: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        what = f"is not whole JSON here ({error.msg}): half a file? Export it again"
        raise refuse(file, what, error.lineno, error.colno) from None
    except RecursionError:
        raise refuse(file, "is nested too deeply to be an export") from None


def _entries(text: str, file: str) -> list[dict[str, Any]]:
    whole = _whole_json(text, file)
    entries = whole if isinstance(whole, list) else _first_list(whole)
    if entries == []:
        raise refuse(file, "the list of orders is empty")
    if entries is None or not _are_objects(entries):
        raise refuse(file, "holds no list of orders")
    return entries


def _are_objects(entries: Iterable[Any]) -> bool:
    return all(isinstance(entry, dict) for entry in entries)


def _said(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    pairs = zip(names, cells, strict=False)
    return {name: cell.strip() for name, cell in pairs if not nothing(cell)}


def _first_list(whole: Any) -> list[Any] | None:
    values = whole.values() if isinstance(whole, dict) else ()
    return next((value for value in values if isinstance(value, list)), None)


def _cells(entry: Mapping[str, Any]) -> dict[str, str]:
    """What of an object is a cell: no lists, no objects, nothing empty."""
    return {
        name: str(value)
        for name, value in entry.items()
        if isinstance(value, str | int | float | bool) and not nothing(str(value))
    }


def _lines(text: str) -> Iterator[int]:
    """The line each object of the first list starts on."""
    decoder = json.JSONDecoder()
    at = text.index("[") + 1
    line, counted = 1, 0
    while (brace := text.find("{", at)) >= 0:
        line += text.count("\n", counted, brace)
        counted = brace
        yield line
        _, at = decoder.raw_decode(text, brace)
