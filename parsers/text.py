"""The visible lines of a text or HTML part, and the links between them.

HTML is read by BeautifulSoup with lxml, and only when the plain text says nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from parsers.limits import refuse_html

MAX_LINES = 4000
MAX_LINE = 1000
# Bidi controls, zero-width signs and the padding that hides the rest of a preheader; none of them
# carries meaning here.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]+"
)
SPACES = re.compile(r"[^\S\n]+")
LITERAL_BREAKS = re.compile(r"\\r\\n|\\n|\\r")
URL = re.compile(r"<?\b(?:https?://|www\.)[^\s<>\"'、。）」]+>?", re.IGNORECASE)
DISPLAY_NONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
CENTS = re.compile(r"\d\d")
ENCODED = re.compile("%(?:25)?3", re.IGNORECASE)
"""A colon, equals or question mark inside a parameter: another address."""
INLINE = frozenset(
    {
        *(
            "a",
            "abbr",
            "acronym",
            "b",
            "bdi",
            "bdo",
            "big",
            "cite",
            "code",
            "em",
            "font",
            "i",
            "img",
            "ins",
            "kbd",
            "label",
        ),
        *(
            "link",
            "mark",
            "meta",
            "o:p",
            "q",
            "s",
            "samp",
            "small",
            "span",
            "strike",
            "strong",
            "sub",
            "sup",
            "time",
            "tt",
        ),
        *("u", "var", "wbr"),
    }
)
UNSEEN = (("<!--", "-->"), ("<style", "</style>"))
"""What no reader sees and no parser need build: comments (Outlook's second copies among them) and
styles.
"""
SKIPPED = frozenset(
    ("head", "iframe", "noscript", "object", "script", "style", "svg", "template", "title")
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link target with its redirects unwrapped, and the line of text it stands on (-1: not
    known).
    """

    url: str
    line: int

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield from parse_qsl(urlsplit(self.url).query, keep_blank_values=False, max_num_fields=200)


@dataclass(frozen=True, slots=True)
class VisibleText:
    """The visible lines of one rendering of a mail, cleaned, without empty ones, and the links
    between them.
    """

    lines: tuple[str, ...]
    links: tuple[Link, ...]


def clean(text: str) -> str:
    """One line as it is compared and shown: NFKC, invisible signs gone, single spaces."""
    return SPACES.sub(" ", _normal(text)).strip()


def text_of_plain(plain: str) -> VisibleText:
    """Lines and links of a plain text part; link targets are taken out of the lines."""
    links: list[Link] = []
    lines: list[str] = []
    body = LITERAL_BREAKS.sub("\n", plain) if "\\n" in plain or "\\r" in plain else plain
    for raw_line in _normal(body).split("\n")[: MAX_LINES * 4]:
        line = raw_line
        if "//" in line or "www." in line:
            links.extend(
                Link(unwrap(match[0].strip("<>")), len(lines)) for match in URL.finditer(line)
            )
            line = URL.sub(" ", line)
        line = SPACES.sub(" ", line).strip()
        if line and line not in ("()", "[]", "<>"):
            lines.append(line[:MAX_LINE])
            if len(lines) >= MAX_LINES:
                break
    return VisibleText(tuple(lines), tuple(links))


def text_of_html(html: str) -> VisibleText:
    """Visible lines and links of an HTML part: one line a block or table cell, hidden blocks left
    out.
    """
    if not html or refuse_html(html):
        return VisibleText((), ())
    from bs4 import BeautifulSoup  # noqa: PLC0415 - 130 ms that most mails never need

    writer = _Writer()
    seen = html
    for opening, closing in UNSEEN:
        seen = _without(seen, opening, closing)
    page = BeautifulSoup(seen, "lxml", multi_valued_attributes=None)
    if "<th" in seen:
        _label_columns(page)
    writer.walk(page)
    lines: list[str] = []
    where: dict[int, int] = {}
    for number, raw_line in enumerate(_normal("".join(writer.out)).split("\n")):
        where[number] = len(lines)
        line = SPACES.sub(" ", raw_line).strip()
        if line and len(lines) < MAX_LINES:
            lines.append(line[:MAX_LINE])
    last = len(lines)
    return VisibleText(
        tuple(lines), tuple(Link(unwrap(url), where.get(line, last)) for url, line in writer.links)
    )


def _label_columns(page: Any) -> None:
    """In a table with a row of headings, every cell below says which heading it stands under:
    `Heading: cell`.
    """
    for table in page.find_all("table"):
        headings: list[str] = []
        top = None
        for row in table.find_all("tr"):
            cells = row.find_all(["th", "td"], recursive=False)
            if len(cells) > 1 and all(cell.name == "th" for cell in cells):
                headings = [cell.get_text(" ", strip=True) for cell in cells]
                top = row
            elif (
                headings
                and len(cells) == len(headings)
                and all(cell.name == "td" for cell in cells)
            ):
                if top is not None:
                    top = top.clear()  # said again beside each cell
                for heading, cell in zip(headings, cells, strict=True):
                    cell.insert(0, f"{heading}: ")


def _without(text: str, opening: str, closing: str) -> str:
    """The text without what stands between two marks; linear, whatever is left open."""
    if opening not in text:
        return text
    out: list[str] = []
    end = 0
    while (start := text.find(opening, end)) >= 0 and (stop := text.find(closing, start)) >= 0:
        out.append(text[end:start])
        end = stop + len(closing)
    return "".join([*out, text[end:]])


def unwrap(url: str, depth: int = 0) -> str:
    """The target of a link behind known redirect parameters, percent-decoded once a level."""
    url = url.strip().replace("&amp;", "&")
    if depth > 3 or not ENCODED.search(url) or not url.startswith("http"):
        return url
    try:
        parameters = parse_qsl(urlsplit(url).query, max_num_fields=200)
    except ValueError:
        return url
    for name, value in parameters:
        if "/" not in value and "%2f" in value.lower():
            value = unquote(value)  # noqa: PLW2901 - percent-encoded once more than it need be
        if (
            name in ("U", "u", "url", "redirectUrl", "redirect", "target", "q", "af_dp", "dest")
            and "/" in value
        ):
            host = urlsplit(url).netloc
            return unwrap(
                value if value.startswith("http") else f"https://{host}/{value.lstrip('/')}",
                depth + 1,
            )
    return url


def _normal(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text))
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class _Writer:
    """Writes the visible text of a parsed page, a line break around every block."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.links: list[tuple[str, int]] = []
        self.line = 0

    def walk(self, root: Any) -> None:
        # An explicit stack: pages nest deeper than Python likes to recurse.
        stack: list[Any] = [root]
        while stack:
            node = stack.pop()
            if node is None:
                self._break()
                continue
            name = getattr(node, "name", None)
            if name is None:
                if type(node).__name__ == "NavigableString" and node.strip():
                    self.out.append(
                        " ".join(str(node).split()).join((self._gap(node, 0), self._gap(node, -1)))
                    )
                continue
            if name in SKIPPED or self._hidden(node):
                continue
            if name == "a" and node.get("href"):
                self.links.append((str(node["href"]), self.line))
            if name == "br":
                self._break()
                continue
            if (
                name == "sup"
                and CENTS.fullmatch(node.get_text(strip=True))
                and self.out
                and self.out[-1][-1:].isdigit()
            ):
                self.out.append(".")
            block = name not in INLINE
            if block:
                self._break()
                stack.append(None)
            stack.extend(reversed(node.contents))

    @staticmethod
    def _gap(node: Any, end: int) -> str:
        return " " if str(node)[end].isspace() else ""

    @staticmethod
    def _hidden(node: Any) -> bool:
        style = node.get("style") if hasattr(node, "get") and node.attrs else None
        return bool(style and DISPLAY_NONE.search(str(style)))

    def _break(self) -> None:
        if self.out and not self.out[-1].endswith("\n"):
            self.out.append("\n")
            self.line += 1
