"""The blocks of a mail: which lines speak of which order, found once, before anything is read."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parsers import marks
from parsers.pack import Pack
from parsers.values import bare


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The part of a mail that speaks of one order (or of one parcel with several)."""

    start: int
    stop: int
    orders: tuple[str, ...]

    def holds(self, line: int) -> bool:
        return self.start <= line < self.stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The lines of one rendering, as printed and folded, and the pack that knows the words."""

    printed: tuple[str, ...]
    folded: tuple[str, ...]
    pack: Pack

    def labels_an_order(self, place: int) -> bool:
        """Whether the line is a word for “order” alone, whose number stands below."""
        return self.folded[place].rstrip(" :#") in self.pack.order_words

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


def split(lines: Lines, heads: Sequence[tuple[int, str]]) -> tuple[Block, ...]:
    """The blocks of a page, one an order number; numbers printed directly below one another share a
    block.

    `heads`: where a block may begin above its number (a headline, an arrival line), and what is
    said there.
    """
    places = _places(lines)
    end = len(lines.printed)
    if len(places) < 2:
        return (Block(start=0, stop=end, orders=tuple(places[0][1]) if places else ()),)
    starts = _starts(lines, [place for place, _ in places], heads)
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


def _starts(lines: Lines, places: Sequence[int], heads: Sequence[tuple[int, str]]) -> list[int]:
    if _number_first(places, heads):
        return [
            place - 1 if place and lines.labels_an_order(place - 1) else place for place in places
        ]
    tops = [place for place, _ in heads]
    return [
        _top(place, places[index - 1] if index else -1, tops) for index, place in enumerate(places)
    ]


def _number_first(places: Sequence[int], heads: Iterable[tuple[int, str]]) -> bool:
    """Whether each block begins with its number: what stands between numbers stands behind the
    last, not before.
    """
    heads = list(heads)
    before = {what for head, what in heads if head < places[0]}
    between = {what for head, what in heads if places[0] < head < places[-1]}
    behind = {what for head, what in heads if head > places[-1]}
    return bool(between & behind) and not between & before


def _top(place: int, floor: int, heads: Sequence[int]) -> int:
    """Where the block of the number at `place` begins: its headline or arrival line a little above,
    if there is one.
    """
    near = [head for head in heads if floor < head < place and place - head <= 6]
    return min(near) if near else max(place - 1, floor + 1)
