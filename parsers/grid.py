"""Where the lines of a page stand in its tables: rows and columns as a person sees them.

Layout tables nest without end. A line's grid is the innermost table around it that shows text in
more than one column;
tables of one row each that follow one another are the rows of one grid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MAX_SPAN = 50
MAX_COLUMNS = 200
MAX_DEPTH = 60
"""Tables within tables; deeper ones are taken as part of their cell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The place of a line: which grid of the text, and its row and column there, from 0."""

    table: int
    row: int
    column: int
    columns: int = 1
    """How many columns it spans."""

    def is_in_line_with(self, other: "Cell") -> bool:
        """Whether both stand in one row or in one column of one grid."""
        return self.table == other.table and (self.row == other.row or self.column == other.column)


@dataclass(eq=False, slots=True, kw_only=True)
class GridTable:
    """A table while it is read."""

    around: "GridPlace | None"
    depth: int
    row: int = -1
    column: int = 0
    width: int = 0
    counts: list[list[int]] = field(default_factory=list)
    """Cells of each row, and how many of them are headings."""
    taken: dict[int, int] = field(default_factory=dict)
    """Columns that a cell from above reaches into, and the last row it does."""
    shown: set[int] = field(default_factory=set)
    """Columns with text."""
    rows_shown: set[int] = field(default_factory=set)

    def next_row(self) -> None:
        self.row += 1
        self.column = 0
        self.counts.append([0, 0])

    def add(self, columns: int = 1, rows: int = 1, *, heading: bool = False) -> "GridPlace":
        """The next cell of this row."""
        if self.row < 0:
            self.next_row()
        while self.taken.get(self.column, -1) >= self.row:
            self.column += 1
        columns = max(1, min(columns, MAX_SPAN))
        column = min(self.column, MAX_COLUMNS)
        self.column = min(self.column + columns, MAX_COLUMNS)
        self.width = max(self.width, self.column)
        if rows > 1:
            self.taken.update(dict.fromkeys(range(column, column + columns), self.row + rows - 1))
        self.counts[self.row][0] += 1
        self.counts[self.row][1] += heading
        return GridPlace(table=self, row=self.row, column=column, columns=columns)

    def pair(self, *, label: bool) -> "GridPlace":
        """A term of a definition list (on the left), or what is said of it (on the right)."""
        if label or self.row < 0:
            self.next_row()
        self.width = 2
        return GridPlace(table=self, row=self.row, column=0 if label else 1)

    def heads(self, row: int) -> bool:
        """Whether a row is nothing but headings, of several columns."""
        cells, headings = self.counts[row]
        return cells > 1 and headings == cells


@dataclass(eq=False, slots=True, kw_only=True)
class GridPlace:
    """A cell while it is read."""

    table: GridTable
    row: int
    column: int
    columns: int = 1

    def show(self) -> None:
        """Say that a line stands here, and so in every table around."""
        place: GridPlace | None = self
        while place is not None:
            place.table.shown.add(place.column)
            place.table.rows_shown.add(place.row)
            place = place.table.around


def open_table(around: GridPlace | None) -> GridTable | None:
    """A table inside a cell or outside of all; None when tables are nested too deep."""
    depth = around.table.depth + 1 if around is not None else 0
    return GridTable(around=around, depth=depth) if depth < MAX_DEPTH else None


def standing(place: GridPlace | None) -> GridPlace | None:
    """The cell in which a person sees what stands at `place`."""
    while place is not None and len(place.table.shown) < 2:
        place = place.table.around
    return place


def cells(places: Sequence[GridPlace | None]) -> tuple[Cell | None, ...]:
    """The cells of all lines, whose places are given in order (already `standing`)."""
    numbers: dict[GridTable, tuple[int, int]] = {}
    out: list[Cell | None] = []
    last: GridTable | None = None
    count = 0
    for place in places:
        if place is None:
            out.append(None)
            last = None
            continue
        table = place.table
        if table not in numbers:
            if last is not None and _continues(last, table):
                number, row = numbers[last]
                numbers[table] = (number, row + 1 + last.row - table.row)
            else:
                numbers[table] = (count, 0)
                count += 1
        last = table
        number, first = numbers[table]
        out.append(Cell(number, first + place.row, place.column, place.columns))
    return tuple(out)


def _continues(above: GridTable, table: GridTable) -> bool:
    """Whether two tables are rows of one grid."""
    return (
        len(above.rows_shown) == len(table.rows_shown) == 1
        and above.width == table.width
        and standing(above.around) is standing(table.around)
    )


def under_headings(
    places: Sequence[GridPlace | None], lines: Sequence[str]
) -> Iterator[str | None]:
    """Each line, with the heading of its column before the first line of a cell; None for headings
    that are said so.
    """
    headings: dict[tuple[GridTable, int], dict[int, str]] = {}
    for place, line in zip(places, lines, strict=True):
        if place is not None and place.table.heads(place.row):
            row = headings.setdefault((place.table, place.row), {})
            row[place.column] = f"{row[place.column]} {line}" if place.column in row else line
    if not headings:
        yield from lines
        return
    below = _headed(headings, places)
    used = {key for key in below.values() if key is not None}
    said: set[tuple[GridTable, int, int]] = set()
    for place, line in zip(places, lines, strict=True):
        if place is None:
            yield line
        elif (place.table, place.row) in used:
            yield None
        else:
            key = below.get((place.table, place.row))
            heading = headings[key].get(place.column) if key is not None else None
            first = (place.table, place.row, place.column) not in said
            said.add((place.table, place.row, place.column))
            yield f"{heading}: {line}" if heading and first else line


def _headed(
    headings: dict[tuple[GridTable, int], dict[int, str]], places: Sequence[GridPlace | None]
) -> dict[tuple[GridTable, int], tuple[GridTable, int] | None]:
    """For each row with text the row of headings it stands under: the last above with as many
    cells.
    """
    found: dict[tuple[GridTable, int], tuple[GridTable, int] | None] = {}
    last: dict[GridTable, tuple[GridTable, int]] = {}
    for place in places:
        if place is None:
            continue
        key = (place.table, place.row)
        if key in headings:
            last[place.table] = key
        elif key not in found:
            above = last.get(place.table)
            same = above is not None and place.table.counts[above[1]][0] == _cells(place)
            found[key] = above if same and not place.table.counts[place.row][1] else None
    return found


def _cells(place: GridPlace) -> int:
    return place.table.counts[place.row][0]
