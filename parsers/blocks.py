"""The blocks of a mail: which lines speak of which order, found once, before anything is read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from parsers import marks
from parsers.grid import Cell
from parsers.notice import Kind
from parsers.pack import Pack
from parsers.text import VisibleText
from parsers.values import bare

NEAR_ABOVE = 3
FAR_ABOVE = 6
"""Lines between a headline and the number it speaks of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The part of a mail that speaks of one order (or of one parcel with several)."""

    start: int
    stop: int
    orders: tuple[str, ...]

    def holds(self, line: int) -> bool:
        return self.start <= line < self.stop


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The lines of one rendering, as printed and folded, and the pack that knows the words."""

    text: VisibleText
    folded: tuple[str, ...]
    pack: Pack

    @cached_property
    def printed(self) -> tuple[str, ...]:
        return self.text.lines

    def cell(self, place: int) -> Cell | None:
        """Where the line stands in a grid; None outside of any and in plain text."""
        return self.text.cell(place)

    def is_label(self, place: int) -> bool:
        """Whether the line is a label of the pack and nothing else."""
        return self.folded[place].rstrip(":# ") in self.pack.label_words

    def beside(self, place: int) -> list[int]:
        """Where the value of a label alone on its line may stand: further down in its own cell,
        else to the right and below in its grid, else on the next line.
        """
        cell, under = self.cell(place), self._past_colon(place + 1)
        if cell is None or (under is not None and self.cell(under) == cell):
            return [] if under is None else [under]
        right = self._first(cell.table, cell.row, cell.column + cell.columns)
        if right is not None and self.printed[right] == ":":  # a colon in a cell of its own
            right = self._past_colon(right)
        below = self._first(cell.table, cell.row + 1, cell.column)
        found = [at for at in (right, below) if at is not None]
        return found or ([under] if under is not None and self._may_follow(cell, under) else [])

    def _may_follow(self, cell: Cell, under: int) -> bool:
        """Whether the next line can be the value of an empty-handed cell: not in another column."""
        other = self.cell(under)
        if other is None or other.table != cell.table:
            return True
        return other.column <= cell.column < other.column + other.columns

    def _past_colon(self, place: int) -> int | None:
        if place + 1 < len(self.printed) and self.printed[place] == ":":
            place += 1
        return place if place < len(self.printed) else None

    def _first(self, table: int, row: int, column: int) -> int | None:
        """The first line of a cell."""
        return self._cells.get((table, row, column))

    @cached_property
    def _cells(self) -> dict[tuple[int, int, int], int]:
        found: dict[tuple[int, int, int], int] = {}
        for place in range(len(self.printed)):
            cell = self.cell(place)
            for column in range(cell.column, cell.column + cell.columns) if cell else ():
                found.setdefault((cell.table, cell.row, column), place)  # type: ignore[union-attr]
        return found

    def heads_columns(self, place: int) -> bool:
        """Whether a label stands above its values: in the first row of a grid of three columns or
        more.
        """
        cell = self.cell(place)
        return cell is not None and cell.row == 0 and (cell.table, 0, 2) in self._cells

    def in_line_with(self, place: int) -> list[int]:
        """The other lines in the same row or column of the grid."""
        cell = self.cell(place)
        if cell is None:
            return []
        cells = dict(enumerate(map(self.cell, range(len(self.printed)))))
        del cells[place]
        return [other for other, at in cells.items() if at and cell.is_in_line_with(at)]

    def is_headed(self, place: int, label: int, is_value: Callable[[str], bool]) -> bool:
        """Whether a cell has a label of its own, on its left or above: other words than a value,
        and not the line `label`.
        """
        cell = self.cell(place)
        if cell is None or self._first(cell.table, cell.row, cell.column) != place:
            return False
        left = self._first(cell.table, cell.row, cell.column - 1)
        above = self._above(cell)
        return any(
            at is not None and at != label and not is_value(self.printed[at])
            for at in (left, above)
        )

    def _above(self, cell: Cell) -> int | None:
        rows = range(cell.row - 1, -1, -1)
        found = (self._first(cell.table, row, cell.column) for row in rows)
        return next((at for at in found if at is not None), None)

    def labels_an_order(self, place: int) -> bool:
        """Whether the line is a word for “order” alone, whose number stands below."""
        return self.folded[place].rstrip(" :#") in self.pack.order_words

    def begin_of(self, place: int) -> int:
        """Where an order number begins: at its label, where that stands on the line above."""
        return place - 1 if place and self.labels_an_order(place - 1) else place

    def numbers(self, place: int) -> list[str]:
        """The order numbers of a line."""
        line = self.printed[place]
        found = list(marks.orders_in_line(line, self.pack))
        alone = bool(self.pack.order.fullmatch(bare(line)))
        if not found and place and alone and self.labels_an_order(place - 1):
            found.append(bare(line))
        return found

    def only_number(self, place: int) -> bool:
        return len(re.sub(r"[\d\W_]", "", self.folded[place])) <= 12

    def adjoin(self, above: int, place: int) -> bool:
        """Whether two lines with order numbers are one list: nothing between them but a word for
        “order”.
        """
        between = place - above == 1 or (place - above == 2 and self.labels_an_order(place - 1))
        return between and self.only_number(above) and self.only_number(place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A line under which a block may begin, above its number: a headline, an arrival line."""

    place: int
    what: str
    kind: Kind | None = None
    """What a headline says."""


def split(lines: Lines, heads: Sequence[Head], kind: Kind) -> tuple[Block, ...]:
    """The blocks of a page, one an order number; numbers printed directly below one another share a
    block. `kind`: what the whole says, if only in its title.
    """
    places = _places(lines)
    end = len(lines.printed)
    if len(places) < 2:
        return (Block(start=0, stop=end, orders=tuple(places[0][1]) if places else ()),)
    starts = _starts(lines, [place for place, _ in places], heads, kind)
    stops = [*starts[1:], end]
    return tuple(
        Block(start=start, stop=stop, orders=tuple(numbers))
        for (_, numbers), start, stop in zip(places, starts, stops, strict=True)
    )


def _places(lines: Lines) -> list[tuple[int, list[str]]]:
    """Every line with new order numbers; those of one list together, at its last line."""
    places: list[tuple[int, list[str]]] = []
    seen: set[str] = set()
    for place in range(len(lines.printed)):
        numbers = [number for number in lines.numbers(place) if number not in seen]
        if not numbers:
            continue
        seen.update(numbers)
        if places and lines.adjoin(places[-1][0], place):
            places[-1] = (place, [*places[-1][1], *numbers])
        else:
            places.append((place, numbers))
    return places


def _starts(lines: Lines, places: Sequence[int], heads: Sequence[Head], kind: Kind) -> list[int]:
    if not _number_first(places, heads):
        tops = [head.place for head in heads]
        floors = [-1, *places]
        return [_top(place, floor, tops) for floor, place in zip(floors, places, strict=False)]
    starts = []
    above, floor = kind, -1
    for place in places:
        own = [head for head in heads if head.kind and floor < head.place < place]
        starts.append(_turn(place, own, above) or lines.begin_of(place))
        above, floor = own[-1].kind or kind if own else kind, place
    return starts


def _turn(place: int, own: Sequence[Head], above: Kind) -> int | None:
    """The headline near above a number that says something else than the block above."""
    turn = next((one.place for one in own if one.kind is not above), None)
    return turn if turn is not None and place - turn <= NEAR_ABOVE else None


def _number_first(places: Sequence[int], heads: Sequence[Head]) -> bool:
    """Whether each block begins with its number: nothing is said above the first one, or what
    stands between numbers stands behind the last, not before.
    """
    before = {head.what for head in heads if head.place < places[0]}
    between = {head.what for head in heads if places[0] < head.place < places[-1]}
    behind = {head.what for head in heads if head.place > places[-1]}
    said = any(head.kind for head in heads if places[0] < head.place < places[1])
    return (said and not before) or (bool(between & behind) and not between & before)


def _top(place: int, floor: int, heads: Sequence[int]) -> int:
    """Where the block of the number at `place` begins: its headline or arrival line a little above,
    if there is one.
    """
    near = [head for head in heads if floor < head < place and place - head <= FAR_ABOVE]
    return min(near) if near else max(place - 1, floor + 1)
