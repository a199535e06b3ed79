"""The first sheet with a header of an XLSX workbook, as text.

Read with zipfile and lxml, which are here anyway: openpyxl would be a dependency for one export of
one shop, and builds
a cell object where a string is enough. Entities are not resolved, sizes are bounded, formulas are
never evaluated.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # ships no types

from daemon.files.importers.table import BROKEN_ZIP, MAX_ROWS, Table, TableRow, refuse
from daemon.files.importers.values import nothing

MAX_PART = 256 << 20
"""Unpacked bytes of one part; a year of orders is a hundredth of it."""
SHEET = re.compile(r"xl/worksheets/sheet\d+\.xml")
SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CELL = re.compile(r"([A-Z]{1,3})(\d+)")


def read_workbook(raw: bytes, file: str) -> tuple[Table, ...]:
    """Every sheet that has rows, its first row taken as the header. Raises WrittenError for a
    broken workbook.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as package:
            shared = tuple(_shared(package))
            names = sorted(filter(SHEET.fullmatch, package.namelist()))
            sheets = [tuple(_rows(package, name, shared, file)) for name in names]
    except (etree.XMLSyntaxError, *BROKEN_ZIP) as error:
        what = " ".join(str(error).split())
        raise refuse(file, f"is no whole workbook ({what}); export it again") from None
    tables = tuple(_table(file, rows) for rows in sheets if rows)
    if not tables:
        raise refuse(file, "the workbook is empty")
    return tables


def _table(file: str, rows: tuple[tuple[int, dict[int, str]], ...]) -> Table:
    (_, head), *rest = rows
    width = max(head) + 1
    header = tuple(head.get(index, "").strip() for index in range(width))
    records = (TableRow(line=line, cells=_under(header, cells)) for line, cells in rest)
    return Table(file=file, header=header, rows=tuple(row for row in records if row.cells))


def _under(header: tuple[str, ...], cells: dict[int, str]) -> dict[str, str]:
    """What stands under the columns that have a name."""
    said = {index: text for index, text in cells.items() if not nothing(text)}
    return {header[index]: text.strip() for index, text in said.items() if index < len(header)}


def _elements(package: zipfile.ZipFile, name: str, tag: str) -> Iterator[Any]:
    if package.getinfo(name).file_size > MAX_PART:
        raise ValueError(f"{name} is larger than {MAX_PART >> 20} MiB")
    with package.open(name) as part:
        for _, element in etree.iterparse(
            part, tag=SPACE + tag, resolve_entities=False, no_network=True
        ):
            yield element
            element.clear()


def _shared(package: zipfile.ZipFile) -> Iterator[str]:
    if "xl/sharedStrings.xml" in package.namelist():
        for element in _elements(package, "xl/sharedStrings.xml", "si"):
            yield _words(element)


def _words(element: Any) -> str:
    return "".join(piece.text or "" for piece in element.iter(SPACE + "t"))


def _rows(
    package: zipfile.ZipFile, name: str, shared: tuple[str, ...], file: str
) -> Iterator[tuple[int, dict[int, str]]]:
    for count, row in enumerate(_elements(package, name, "row"), start=1):
        if count > MAX_ROWS:
            raise refuse(file, f"more than {MAX_ROWS} rows")
        if cells := _cells(row, shared):
            yield int(row.get("r") or count), cells


def _cells(row: etree._Element, shared: tuple[str, ...]) -> dict[int, str]:
    cells = {}
    for index, cell in enumerate(row.iter(SPACE + "c")):
        place = CELL.fullmatch(cell.get("r", ""))
        if text := _cell(cell, shared):
            cells[_index(place[1]) if place else index] = text
    return cells


def _cell(cell: Any, shared: tuple[str, ...]) -> str:
    if cell.get("t") == "inlineStr":
        return _words(cell)
    value = cell.findtext(SPACE + "v") or ""
    return shared[int(value)] if cell.get("t") == "s" and value else value


def _index(letters: str) -> int:
    """A is 0, Z is 25, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
