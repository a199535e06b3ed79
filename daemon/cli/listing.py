"""Listings: one JSON object a line for programs, straight columns for pipes, a table for people."""

import json
import shlex
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import Enum, auto
from gettext import gettext as _
from typing import TYPE_CHECKING, Any, TypeVar

import click

from daemon.i18n import in_terminal
from parsers.text import plain_lines

if TYPE_CHECKING:
    from daemon.cli.paths import Paths

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
limit = click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    help="At most so many.",
)

RowT = TypeVar("RowT")
CallbackT = TypeVar("CallbackT", bound=Callable[..., Any])


def filters(*, status: str, since: str) -> Callable[[CallbackT], CallbackT]:
    """The options of a listing with pages, and what two of them ask for."""
    options = (
        click.option("--since", metavar="TIME", help=since),
        click.option(
            "--status",
            "statuses",
            multiple=True,
            metavar="STATUS",
            help=status,
        ),
        click.option("--shop", metavar="NAME", help="Only of this marketplace or store."),
        click.option(
            "--search",
            metavar="TEXT",
            help="Only what this finds, over or not: the beginning of an order number, a part of an"
            " item or store, the number of a parcel or case.",
        ),
        click.option("--after", metavar="PLACE", help="The next page; each names the one after."),
        limit,
        as_json,
    )

    def decorate(callback: CallbackT) -> CallbackT:
        for option in reversed(options):
            callback = option(callback)
        return callback

    return decorate


def asked(paths: "Paths", known: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """What the options of `filters` say, as the fields of `Wanted`; the other options stay."""
    from daemon.queries.wanted import since, statuses

    at = options["since"]
    spoken_of = {words(status): status for status in known}
    meant = [spoken_of.get(word, word) for word in options["statuses"]]
    return {
        **options,
        "since": since(at, datetime.now(UTC), paths.zone()) if at else None,
        "statuses": statuses(meant, known),
        **{name: options[name] or "" for name in ("shop", "search", "after")},
    }


def nothing(wanted: Mapping[str, Any], usual: str) -> str:
    """What is said of an empty listing."""
    narrow = ("since", "statuses", "shop", "search", "after")
    return _("nothing fits what you ask for") if any(map(wanted.get, narrow)) else usual


def first(rows: Sequence[RowT], limit: int) -> Sequence[RowT]:
    """So many of the rows; that there are more is said on stderr."""
    if len(rows) > limit:
        say(f"there are more than {limit}; see more with --limit", err=True)
    return rows[:limit]


def tell_more(after: str, more: int | None = None) -> None:
    """Say, on stderr, that there are more (so many, where that is known), and how the next page is
    asked for; nothing at the end.
    """
    place = shlex.quote(after)
    if after and more is None:
        say(f"there are more; the next page: --after {place}", err=True)
    elif after:
        say(f"and {more} more; the next page: --after {place}", err=True)


STYLES = {"critical": "bold red", "warning": "yellow", "info": ""}
"""Of severities."""
NEVER_FIRST = "、。，．：；！？）」』】"
"""Signs no Japanese line begins with."""
WIDE = 110
"""Terminal columns from which a table shows what `Overflow.HIDE` marks."""


PIPED = 120
"""Columns of a table that is not on a terminal; --json cuts nothing."""
LEAST = 16
"""Columns that a text keeps, however many others there are."""


class Overflow(Enum):
    """What becomes of a column when the terminal is too narrow for all of them."""

    NEVER = auto()
    """Never broken, so that it can be copied: numbers, times, single words."""
    FOLD = auto()
    """Folded into what the others leave."""
    HIDE = auto()
    """Text that is left out of a narrow terminal; --json has it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and what of a row stands under it."""

    heading: str
    cell: Callable[[Mapping[str, Any]], object]
    style: Callable[[Mapping[str, Any]], str] = lambda _: ""
    overflow: Overflow = Overflow.NEVER


def column(heading: str, key: str, overflow: Overflow = Overflow.NEVER) -> Column:
    """The row's value called `key`, as text."""
    return Column(heading, lambda row: row.get(key), overflow=overflow)


def say(text: str, *, err: bool = False) -> None:
    """Print an English sentence, its gaps filled, in the language of the terminal."""
    put(in_terminal(text), err=err)


def put(text: str, *, err: bool = False) -> None:
    """Print lines that may hold a stranger's words, without what would steer the terminal."""
    click.echo(plain_lines(text), err=err)


def print_json(row: Mapping[str, Any]) -> None:
    """One line of JSON; controls and direction signs stand in it as escapes, nothing is lost."""
    line = json.dumps(row, ensure_ascii=False)
    if not line.isprintable():
        line = "".join(sign if plain_lines(sign) == sign else _escaped(sign) for sign in line)
    click.echo(line)


def _escaped(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if sign < "\x80" else json.dumps(sign)[1:-1]


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
        say(empty, err=True)
    elif sys.stdout.isatty():
        _as_table(table, columns)
    else:
        for line in _piped(table, columns):
            click.echo(line)


def spoken(at: str | None, zone: tzinfo) -> str:
    """A time of a JSON row as a table shows it."""
    return "" if at is None else f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M}"


def until(at: str | None, zone: tzinfo, now: datetime) -> str:
    """A deadline of a JSON row as a table shows it: one that is over says so."""
    over = at is not None and datetime.fromisoformat(at) <= now
    return (_("passed") + " " if over else "") + spoken(at, zone)


def words(value: str | None) -> str:
    """A choice such as `in_transit`, as a table shows it in the language of the terminal."""
    text = (value or "").replace("_", " ")
    return text and _(text)


def choice(heading: str, key: str) -> Column:
    """The row's value called `key`, one of a few, in words."""
    return Column(heading, lambda row: words(row.get(key)))


def named(table: str, kind: str, language: str) -> str:
    """The name of a watch, case, finding or event as people say it."""
    from daemon.files.exports.words import name

    return name(table, kind, language)


def _piped(table: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> list[str]:
    """Straight columns of at most `PIPED` altogether: texts give way, what is copied never does."""
    cells = [
        [_(part.heading).upper() for part in columns],
        *([_text(part.cell(row)) for part in columns] for row in table),
    ]
    sizes = [max(width(row[index]) for row in cells) for index in range(len(columns))]
    over = sum(sizes) + 2 * (len(sizes) - 1) - PIPED
    soft = [index for index, part in enumerate(columns) if part.overflow is not Overflow.NEVER]
    for index in sorted(soft, key=lambda index: -sizes[index]):
        given = min(max(over, 0), max(sizes[index] - LEAST, 0))
        sizes[index], over = sizes[index] - given, over - given
    return plain_columns(
        [[shortened(cell, size) for cell, size in zip(row, sizes, strict=True)] for row in cells]
    )


def shortened(text: str, size: int) -> str:
    """The text in at most `size` terminal columns; `…` stands for what is left out."""
    return text if width(text) <= size else _cut(text, size - 1)[0].rstrip() + "…"


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


def wrapped(text: str, size: int) -> list[str]:
    """The text in lines of at most `size` terminal columns, broken at spaces, or anywhere in
    Japanese.
    """
    lines, line = [], ""
    for word in _pieces(text):
        while width(word) > size:  # a link longer than the screen
            line, rest = _cut(line + word, size)
            lines.append(line)
            line, word = "", rest  # noqa: PLW2901 - the rest of the same word
        if width(line) + width(word.rstrip()) > size:
            lines.append(line.rstrip())
            line = ""
        line += word if line else word.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines or [""]


def _pieces(text: str) -> list[str]:
    pieces = [""]
    for sign in text:
        if sign in NEVER_FIRST and not pieces[-1] and len(pieces) > 1:
            pieces.pop()
        pieces[-1] += sign
        if sign == " " or width(sign) == 2:
            pieces.append("")
    return [piece for piece in pieces if piece]


def _cut(text: str, size: int) -> tuple[str, str]:
    used = 0
    for index, sign in enumerate(text):
        used += width(sign)
        if used > size:
            return text[:index], text[index:]
    return text, ""


def _pad(text: str, size: int) -> str:
    return text + " " * (size - width(text))


def _text(value: object) -> str:
    """A cell: nothing for None, and never a control sign that a mail brought along."""
    return "" if value is None else plain_lines(str(value)).replace("\n", " ")


def _as_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    shown = [
        part for part in columns if part.overflow is not Overflow.HIDE or console.width >= WIDE
    ]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for part in shown:
        whole = part.overflow is Overflow.NEVER
        heading = _(part.heading)
        texts = (heading, *(_text(part.cell(row)) for row in rows))
        widest = max(width(text) for text in texts)
        table.add_column(
            heading, overflow="fold", no_wrap=whole, min_width=widest if whole else None
        )
    for row in rows:
        table.add_row(*(Text(_text(part.cell(row)), style=part.style(row)) for part in shown))
    console.print(table)
