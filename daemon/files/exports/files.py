"""Rows as CSV for a spreadsheet, or as JSON Lines for a program, made one at a time, however many
there are.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator

from daemon.files.exports.rows import Rows
from parsers.text import plain_lines

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet run a cell. Titles and messages come from strangers' mails."""


def csv_lines(rows: Iterable[Rows]) -> Iterator[str]:
    """A byte order mark (spreadsheets take the file for Shift_JIS or Windows-1252 without one), a
    header, the rows.

    Cells that would run as a formula are quoted with an apostrophe. Without rows there is no
    header: nothing at all.
    """
    header: tuple[str, ...] = ()
    for row in rows:
        if not header:
            header = tuple(row)
            yield "\ufeff" + _line(header)
        yield _line([_cell(row[name]) for name in header])


def json_lines(rows: Iterable[Rows]) -> Iterator[str]:
    """One JSON object a line; lists and tables stay what they are."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _line(cells: Iterable[str]) -> str:
    held = io.StringIO()
    csv.writer(held, lineterminator="\r\n").writerow(cells)
    return held.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() if all(isinstance(part, str) for part in value):
            text = "; ".join(value)
        case list() | dict():
            text = json.dumps(value, ensure_ascii=False) if value else ""
        case _:
            text = str(value)
    text = plain_lines(text)
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text
