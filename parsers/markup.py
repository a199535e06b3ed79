"""HTML as people see it: its visible lines, where each stands in a grid, and the links between
them.

lxml builds the tree, `parsers.styles` says what can be seen, `parsers.grid` where it stands.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # ships no types

from parsers import grid, styles
from parsers.css import CssValue
from parsers.grid import GridPlace, GridTable
from parsers.limits import refuse_html
from parsers.styles import PLAIN, Styles, TextStyle, TooComplexError
from parsers.text import MAX_LINE, MAX_LINES, Link, VisibleText, clean, unwrap

INLINE = frozenset(
    (  # noqa: SIM905 - a list of words
        "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label link mark"
        " meta nobr o:p picture q rb ruby s samp small span strike strong sub sup time tt u var wbr"
    ).split()
)
SKIPPED = frozenset(
    (  # noqa: SIM905
        "audio canvas datalist head iframe noscript object rp rt script select style svg template"
        " title video"
    ).split()
)
STRUCK = frozenset(("del", "s", "strike"))
"""Struck through: shown, and no longer said."""
UNREAD = SKIPPED | STRUCK
QUOTES = ("gmail_quote", "yahoo_quoted", "protonmail_quote", "divRplyFwdMsg", "appendonsend")
"""Classes and ids in which mail programs put the earlier mail."""
SOURCE = frozenset(("pre", "listing", "xmp", "textarea"))
"""Where a line break of the source is one."""
BESIDE = frozenset(("inline-block", "inline-flex", "inline-grid", "inline-table"))
"""Boxes in a line: what stands in two of them is two words."""
IN_LINE = BESIDE | {"inline", "contents"}
PARTS = {
    "table": "table", "inline-table": "table", "table-row": "row", "table-cell": "cell",
    "flex": "columns", "-webkit-flex": "columns", "-webkit-box": "columns",
}  # fmt: skip
CENTS = re.compile(r"\d\d")
ROLES = {
    "table": "table",
    "tr": "row",
    "td": "cell",
    "th": "cell",
    "dl": "table",
    "dt": "pair",
    "dd": "pair",
}


def text_of_html(html: str) -> VisibleText:
    """Visible lines of an HTML part, one a block or table cell, their places and links; nothing of
    what nobody sees.
    """
    page = parsed(html)
    if page is None:
        return VisibleText((), ())
    writer = _Writer()
    try:
        writer.styles = styles.styles_of(_sheets(page))
        writer.walk(page)
    except TooComplexError:
        return VisibleText((), ())
    return writer.text()


def parsed(html: str) -> Any:
    """The tree of an HTML part; None when it is empty, or nobody should parse it."""
    if not html or refuse_html(html):
        return None
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        return etree.fromstring(html.replace("\0", "").encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:  # nothing but comments and spaces
        return None


def scripts(html: str, kind: str) -> tuple[str, ...]:
    """What stands in scripts whose type holds `kind`."""
    page = parsed(html)
    if page is None:
        return ()
    return tuple(
        script.text
        for script in page.iter("script")
        if script.text and kind in (script.get("type") or "").lower()
    )


def every_text(html: str) -> Iterator[str]:
    """Every text of an HTML part, seen or not."""
    page = parsed(html)
    for element in page.iter() if page is not None else ():
        if element.tag not in ("script", "style", "title"):
            yield from (text for text in (element.text, element.tail) if text)


def _sheets(page: Any) -> Iterator[str]:
    for sheet in page.iter("style"):
        if sheet.text:
            media = (sheet.get("media") or "").strip()
            yield f"@media {media} {{{sheet.text}}}" if media else sheet.text


class _Frame:
    """What to go back to behind an element."""

    __slots__ = ("block", "columns", "look", "loose", "place", "table")

    def __init__(self, look: TextStyle, place: GridPlace | None, table: GridTable | None) -> None:
        self.look = look
        self.place = place
        self.table = table
        self.block = False
        """Whether a line ends behind it."""
        self.columns: GridTable | None = None
        """The row that all children of this element are the cells of."""
        self.loose: GridTable | None = None
        """The row that cells outside of any table make."""


class _Writer:
    """Writes the visible text of a parsed page, a line break around every block."""

    def __init__(self) -> None:
        self.styles = Styles(rules=())
        self.lines: list[str] = []
        self.places: list[GridPlace | None] = []
        self.links: list[tuple[str, int]] = []
        self.pieces: list[str] = []
        self.place: GridPlace | None = None
        """Where the line that is being written stands."""
        self.quoted: int | None = None
        """The first line of an earlier mail."""
        self.frames: list[_Frame] = [_Frame(PLAIN, None, None)]

    def walk(self, root: Any) -> None:
        walker = etree.iterwalk(root, events=("start", "end"))
        for event, element in walker:
            if event == "start":
                if not self._enter(element):
                    walker.skip_subtree()
            else:
                self._leave(element)
                if len(self.lines) >= MAX_LINES:
                    break
        self._break()

    def text(self) -> VisibleText:
        places = [grid.standing(place) for place in self.places]
        lines: list[str] = []
        kept: list[GridPlace | None] = []
        where: list[int] = []
        for line, place in zip(grid.under_headings(places, self.lines), places, strict=True):
            where.append(len(lines))
            if line is not None:
                lines.append(line[:MAX_LINE])
                kept.append(place)
        where.append(len(lines))
        links = tuple(
            Link(unwrap(url), where[line]) for url, line in self.links if line < len(where)
        )
        quoted = None if self.quoted is None else where[min(self.quoted, len(where) - 1)]
        return VisibleText(tuple(lines), links, grid.cells(kept), quoted)

    def _enter(self, element: Any) -> bool:
        """Whether what is in the element is to be read."""
        above = self.frames[-1]
        frame = _Frame(above.look, above.place, above.table)
        self.frames.append(frame)
        tag = element.tag
        if tag in UNREAD:
            return False
        properties, frame.look = self.styles.look(element, above.look)
        if frame.look.gone or _unsaid(element, tag, properties):
            return False
        if tag == "br":
            self._break()
            return False
        if tag in SOURCE and not frame.look.lines_kept:
            frame.look = replace(frame.look, lines_kept=True)
        frame.block = self._block(tag, properties)
        if frame.block:
            self._break()
        self._mark_quote(element, tag)
        self._into_table(element, frame, above, properties)
        if tag == "a" and (href := element.get("href")):
            self.links.append((href, len(self.lines)))
        elif tag == "sup":
            self._cents(element)
        if element.text and frame.look.seen:
            self._say(element.text, frame.look)
        return True

    def _mark_quote(self, element: Any, tag: str) -> None:
        if self.quoted is None and _quotes(element, tag):
            self.quoted = len(self.lines)

    def _leave(self, element: Any) -> None:
        frame = self.frames.pop()
        if frame.block:
            self._break()
        above = self.frames[-1]
        if element.tail and above.look.seen:
            self._say(element.tail, above.look)

    def _block(self, tag: str, properties: Mapping[str, CssValue]) -> bool:
        """Whether an element begins a line of its own; boxes side by side are words of one."""
        display = properties.get("display")
        boxed = display in BESIDE and tag not in INLINE
        if boxed or properties.get("float") in ("left", "right"):
            self.pieces.append(" ")
            return False
        return tag not in INLINE if display is None else display not in IN_LINE

    def _into_table(
        self, element: Any, frame: _Frame, above: _Frame, properties: Mapping[str, CssValue]
    ) -> None:
        """Find the place of an element that is a table, or a part of one."""
        if above.columns is not None:
            frame.place = above.columns.add()
            frame.table = None
            self._break()
            frame.block = True
        display = properties.get("display")
        role = PARTS.get(str(display)) if display is not None else ROLES.get(element.tag)
        table = frame.table
        match role:
            case "table":
                frame.table = grid.open_table(frame.place)
            case "row" if table is not None:
                table.next_row()
            case "cell":
                if table is None:
                    table = above.loose = above.loose or grid.open_table(above.place)
                if table is not None:
                    frame.place = _cell(element, table)
                frame.table = None
            case "pair" if table is not None:
                frame.place = table.pair(label=element.tag == "dt")
                frame.table = None
            case "columns" if not str(properties.get("flex-direction")).startswith("column"):
                frame.columns = grid.open_table(frame.place)

    def _cents(self, element: Any) -> None:
        """A price whose cents stand high has a point between."""
        high = (element.text or "").strip()
        if (
            len(element) == 0
            and CENTS.fullmatch(high)
            and self.pieces
            and self.pieces[-1][-1:].isdigit()
        ):
            self.pieces.append(".")

    def _say(self, text: str, look: TextStyle) -> None:
        if not look.lines_kept:
            self._add(text)
            return
        for number, line in enumerate(text.split("\n")):
            if number:
                self._break()
            self._add(line)

    def _add(self, text: str) -> None:
        words = text.split()
        if words:
            self.place = self.frames[-1].place
            before = " " if text[0].isspace() else ""
            behind = " " if text[-1].isspace() else ""
            self.pieces.append(f"{before}{' '.join(words)}{behind}")
        elif text and self.pieces:
            self.pieces.append(" ")

    def _break(self) -> None:
        if not self.pieces:
            return
        line = clean("".join(self.pieces))
        self.pieces.clear()
        if line and len(self.lines) < MAX_LINES:
            self.lines.append(line)
            self.places.append(self.place)
            if self.place is not None:
                self.place.show()


def _closed(element: Any, tag: str) -> bool:
    """Whether it opens only when it is clicked."""
    if tag == "dialog":
        return element.get("open") is None
    parent = element.getparent() if tag != "summary" else None
    return parent is not None and parent.tag == "details" and parent.get("open") is None


def _unsaid(element: Any, tag: str, properties: Mapping[str, CssValue]) -> bool:
    """Whether it is closed, or struck through."""
    return _closed(element, tag) or bool(properties.get("text-decoration"))


def _quotes(element: Any, tag: str) -> bool:
    """Whether an element holds an earlier mail."""
    if tag == "blockquote":
        return True
    named = f"{element.get('class') or ''} {element.get('id') or ''}".split()
    return any(name in QUOTES for name in named)


def _cell(element: Any, table: GridTable) -> GridPlace:
    return table.add(
        _span(element.get("colspan")), _span(element.get("rowspan")), heading=element.tag == "th"
    )


def _span(text: str | None) -> int:
    return int(text) if text and len(text) < 4 and text.isascii() and text.isdigit() else 1
