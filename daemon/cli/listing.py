"""Listings: one JSON object a line for programs, plain columns for pipes, a table for a
terminal.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


ROOMY = 110
"""Terminal columns from which a table shows what `Fit.ROOMY` marks."""


class Fit(Enum):
    """What becomes of a column when the terminal is too narrow for all of them."""

    WHOLE = auto()
    """Never broken, so that it can be copied: numbers, times, single words."""
    TEXT = auto()
    """Folded into what the others leave."""
    ROOMY = auto()
    """Text that is left out of a narrow table; --json has it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and what of a row stands under it."""

    heading: str
    cell: Callable[[Mapping[str, Any]], object]
    style: Callable[[Mapping[str, Any]], str] = lambda _: ""
    fit: Fit = Fit.WHOLE


def column(heading: str, key: str, fit: Fit = Fit.WHOLE) -> Column:
    """The row's value called `key`, as text."""
    return Column(heading, lambda row: row.get(key), fit=fit)


def print_json(row: Mapping[str, Any]) -> None:
    click.echo(json.dumps(row, ensure_ascii=False))


def show(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], *, as_json: bool, empty: str
) -> None:
    """Print rows; `empty` is said, on stderr, when there are none and a person is reading."""
    if as_json:
        for row in rows:
            print_json(row)
        return
    table = list(rows)
    if not table:
        click.echo(empty, err=True)
    elif sys.stdout.isatty():
        _as_table(table, columns)
    else:
        cells = [
            [one.heading.upper() for one in columns],
            *([_text(one.cell(row)) for one in columns] for row in table),
        ]
        for line in plain_columns(cells):
            click.echo(line)


def plain_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with straight columns, two spaces apart; East Asian wide signs count double."""
    widths = [max(width(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        "  ".join(_pad(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def width(text: str) -> int:
    """How many terminal columns `text` takes."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def _pad(text: str, size: int) -> str:
    return text + " " * (size - width(text))


def _text(value: object) -> str:
    """A cell: nothing for None, and never a control sign that a mail brought along."""
    return (
        "" if value is None else "".join(sign if sign.isprintable() else " " for sign in str(value))
    )


def _as_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    shown = [one for one in columns if one.fit is not Fit.ROOMY or console.width >= ROOMY]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for one in shown:
        whole = one.fit is Fit.WHOLE
        widest = max(width(text) for text in (one.heading, *(_text(one.cell(row)) for row in rows)))
        table.add_column(
            one.heading, overflow="fold", no_wrap=whole, min_width=widest if whole else None
        )
    for row in rows:
        table.add_row(*(Text(_text(one.cell(row)), style=one.style(row)) for one in shown))
    console.print(table)
