"""The visible lines of a plain part, and the links between them; what both renderings of a mail
have in common.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from parsers.grid import Cell

MAX_LINES = 4000
MAX_LINE = 1000
CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]+")
"""Cc: escape sequences and their like. Tabs, line breaks and separators are spaces, and stay until
those are folded.
"""
INVISIBLE = re.compile(
    "[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\ufe00-\ufe0f\uffa0]+"
)
"""Cf: bidi controls, zero-width signs, tags; and the fillers that hide the rest of a preheader."""
_MARK = r"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f])"
PILE = re.compile(rf"({_MARK}{{30}}){_MARK}+")
"""Accents upon accents (and rulers): sorting them, as NFKC must, is quadratic."""
SPACES = re.compile(r"[^\S\n]+")
LITERAL_BREAKS = re.compile(r"\\r\\n|\\n|\\r")
URL = re.compile(r"<?\b(?:https?://|www\.)[^\s<>\"'、。）」]+>?", re.IGNORECASE)
ENCODED = re.compile("%(?:25)?3", re.IGNORECASE)
"""A colon, equals or question mark inside a parameter: another address."""


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
    cells: tuple[Cell | None, ...] = ()
    """For each line of HTML its place in a grid of several columns, if it stands in one; empty for
    plain text.
    """
    quoted: int | None = None
    """The first line of an earlier mail that the HTML holds as one."""

    def cell(self, line: int) -> Cell | None:
        return self.cells[line] if line < len(self.cells) else None


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


def visible(text: str) -> str:
    """Text without the signs that show nothing and steer terminals, tables and the eye."""
    text = CONTROLS.sub("", text)
    return text if text.isascii() else INVISIBLE.sub("", text)


def plain_lines(text: str) -> str:
    """The same for whoever prints it: lines end with a line feed, and with nothing else that a
    terminal or a spreadsheet takes for an end.
    """
    return text if text.isprintable() else "\n".join(visible(text).splitlines())


def _normal(text: str) -> str:
    text = visible(text)
    if not text.isascii():
        text = visible(unicodedata.normalize("NFKC", PILE.sub(r"\1", text)))
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
