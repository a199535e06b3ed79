"""A mail as a person sees it: who, when, about what, and its lines of text. Bytes in, nothing out but values.

MIME structure and transfer encodings are read by the standard library (compat32, which is linear where the newer policy
is not); header words and dates by mail-parser; HTML by BeautifulSoup with lxml, and only when the plain text says
nothing. What both get wrong for Japanese mail (no charset, cp932 under another name) is settled here.
"""

import email
import html as entities
import logging
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_tz
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from parsers.limits import refuse_html

# It writes the header it cannot decode into the log; no word of a mail belongs there, whoever reads it.
logging.getLogger("mailparser").addHandler(logging.NullHandler())
logging.getLogger("mailparser").propagate = False

MAX_LINES = 4000
MAX_LINE = 1000

# Bidi controls, zero-width signs and the padding that hides the rest of a preheader; none of them carries meaning here.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]+"
)
SPACES = re.compile(r"[^\S\n]+")
LITERAL_BREAKS = re.compile(r"\\r\\n|\\n|\\r")
URL = re.compile(r"<?\b(?:https?://|www\.)[^\s<>\"'、。）」]+>?", re.IGNORECASE)
HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
DISPLAY_NONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
CENTS = re.compile(r"\d\d")
ENCODED = re.compile("%(?:25)?3", re.IGNORECASE)
"""A colon, equals or question mark inside a parameter: another address."""
JSON_LD = re.compile(r"<script[^>]*application/ld\+json[^>]*>(.*?)</script>", re.IGNORECASE | re.DOTALL)
MESSAGE_ID = re.compile(r"<[^<>\s]+>")

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
"""What no reader sees and no parser need build: comments (Outlook's second copies among them) and styles."""
SKIPPED = frozenset(("head", "iframe", "noscript", "object", "script", "style", "svg", "template", "title"))

# What mails call a charset, and what its bytes really are.
CHARSETS = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms932": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "iso-8859-1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link target with its redirects unwrapped, and the line of text it stands on (-1: not known)."""

    url: str
    line: int

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield from parse_qsl(urlsplit(self.url).query, keep_blank_values=False, max_num_fields=200)


@dataclass(frozen=True, slots=True)
class Text:
    """The visible lines of one rendering of a mail, cleaned, without empty ones, and the links between them."""

    lines: tuple[str, ...]
    links: tuple[Link, ...]


@dataclass(kw_only=True)
class Letter:
    """One mail. `plain` and `html` are decoded and otherwise raw; `text` and `rich` are what is read."""

    fields: tuple[tuple[str, str], ...]
    """Header fields in their order, names in lower case, values unfolded and undecoded."""
    subject: str = ""
    senders: tuple[tuple[str, str], ...] = ()
    """Every (display name, address) of every From field; a sound mail has exactly one."""
    date: datetime | None = None
    """Date with the offset the sender wrote; None when absent or impossible."""
    message_id: str = ""
    thread: tuple[str, ...] = ()
    plain: str = ""
    html: str = ""
    inner: tuple["Letter", ...] = field(default=())
    """Attached message/rfc822 mails."""

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.fields if key == name)

    @cached_property
    def text(self) -> Text:
        """The plain part."""
        return text_of_plain(self.plain)

    @cached_property
    def rich(self) -> Text:
        """The HTML part."""
        return text_of_html(self.html)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Every link of every part, each once; from HTML by its href alone, so that no HTML need be parsed for them."""
        seen: dict[str, Link] = {}
        for link in self.text.links:
            seen.setdefault(link.url, link)
        for match in HREF.finditer(self.html):
            url = unwrap(entities.unescape(match[1] or match[2] or ""))
            seen.setdefault(url, Link(url, -1))
        return tuple(seen.values())

    @cached_property
    def json_ld(self) -> tuple[str, ...]:
        return tuple(JSON_LD.findall(self.html)) if "ld+json" in self.html else ()

    @property
    def read_rich(self) -> Text | None:
        """`rich`, if anybody asked for it yet."""
        return self.__dict__.get("rich")

    @property
    def has_plain(self) -> bool:
        """Whether the plain part says anything: some mails carry only “see the HTML”."""
        lines = self.text.lines
        return len(lines) >= 3 or sum(map(len, lines)) >= (40 if self.html else 1)


def parse(raw: bytes) -> Letter:
    """The letter in `raw`. Assumes `limits.refuse(raw)` said None."""
    return _letter(email.message_from_bytes(raw), depth=0)


def parse_header(header: bytes) -> Letter:
    """The letter of a header block alone."""
    return _letter(email.message_from_bytes(header.rstrip() + b"\r\n\r\n"), depth=0, bodies=False)


def clean(text: str) -> str:
    """One line as it is compared and shown: NFKC, invisible signs gone, single spaces."""
    return SPACES.sub(" ", _normal(text)).strip()


def text_of_plain(plain: str) -> Text:
    """Lines and links of a plain text part; link targets are taken out of the lines."""
    links: list[Link] = []
    lines: list[str] = []
    body = LITERAL_BREAKS.sub("\n", plain) if "\\n" in plain or "\\r" in plain else plain
    for raw_line in _normal(body).split("\n")[: MAX_LINES * 4]:
        line = raw_line
        if "//" in line or "www." in line:
            links.extend(Link(unwrap(match[0].strip("<>")), len(lines)) for match in URL.finditer(line))
            line = URL.sub(" ", line)
        line = SPACES.sub(" ", line).strip()
        if line and line not in ("()", "[]", "<>"):
            lines.append(line[:MAX_LINE])
            if len(lines) >= MAX_LINES:
                break
    return Text(tuple(lines), tuple(links))


def text_of_html(html: str) -> Text:
    """Visible lines and links of an HTML part: one line a block or table cell, hidden blocks left out."""
    if not html or refuse_html(html):
        return Text((), ())
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
    return Text(tuple(lines), tuple(Link(unwrap(url), where.get(line, last)) for url, line in writer.links))


def _label_columns(page: Any) -> None:
    """In a table with a row of headings, every cell below says which heading it stands under: `Heading: cell`."""
    for table in page.find_all("table"):
        headings: list[str] = []
        top = None
        for row in table.find_all("tr"):
            cells = row.find_all(["th", "td"], recursive=False)
            if len(cells) > 1 and all(cell.name == "th" for cell in cells):
                headings = [cell.get_text(" ", strip=True) for cell in cells]
                top = row
            elif headings and len(cells) == len(headings) and all(cell.name == "td" for cell in cells):
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
        if name in ("U", "u", "url", "redirectUrl", "redirect", "target", "q", "af_dp", "dest") and "/" in value:
            host = urlsplit(url).netloc
            return unwrap(value if value.startswith("http") else f"https://{host}/{value.lstrip('/')}", depth + 1)
    return url


def decode_words(value: str) -> str:
    """A header value with its encoded words read, cleaned to one line; words split inside a character are joined."""
    text = _eight_bit(value)
    if "=?" in text:
        from mailparser.utils import decode_header_part  # noqa: PLC0415 - 35 ms that a plain header does not need

        defects: list[str] = []
        decoded = decode_header_part(text, defects=defects)
        text = decoded if not defects and "\ufffd" not in decoded else _join_words(text)
    return clean(text.replace("\n", " ").replace("\r", " "))


def decode_bytes(data: bytes, charset: str | None) -> str:
    """Text from bytes whose charset may be missing, wrong or unknown."""
    named = (charset or "").strip().strip("\"'").lower()
    guesses = [CHARSETS.get(named, named), "utf-8"] if named and "\0" not in named else ["utf-8"]
    if b"\x1b$" in data or b"\x1b(" in data:
        guesses.insert(0, "iso2022_jp_ext")
    for guess in guesses:
        try:
            return data.decode(guess)
        except (LookupError, UnicodeError, ValueError):
            continue
    return _unlabelled(data)


def _unlabelled(data: bytes) -> str:
    for guess in ("cp932", "euc_jp"):
        try:
            text = data.decode(guess)
        except UnicodeError:
            continue
        # Half-width katakana in every second place is Latin text misread; kana or kanji is the real thing.
        if re.search("[\u3041-\u30ff\u4e00-\u9fff]", text):
            return text
    return data.decode("utf-8", "replace") if data.count(b"\xc3") else data.decode("cp1252", "replace")


def _normal(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text))
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _letter(message: Message, depth: int, *, bodies: bool = True) -> Letter:
    fields = tuple((name.lower(), _eight_bit(" ".join(str(value).split()))) for name, value in message.raw_items())
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    letter = Letter(
        fields=fields,
        subject=decode_words(found.get("subject", [""])[0]),
        senders=tuple(pair for value in found.get("from", []) for pair in _addresses(value)),
        date=_date(found.get("date", [""])[0]),
        message_id=_first_id(found.get("message-id", [""])[0]),
        thread=_ids(found.get("references", []) + found.get("in-reply-to", [])),
    )
    if bodies:
        plain: list[str] = []
        html: list[str] = []
        inner: list[Letter] = []
        _collect(message, plain, html, inner, depth)
        letter.plain, letter.html, letter.inner = "\n".join(plain), "\n".join(html), tuple(inner)
    return letter


def _collect(part: Message, plain: list[str], html: list[str], inner: list[Letter], depth: int) -> None:
    kind = part.get_content_type()
    if kind == "message/rfc822":
        payload = part.get_payload()
        if depth < 4 and isinstance(payload, list) and payload and isinstance(payload[0], Message):
            inner.append(_letter(payload[0], depth + 1))
        return
    if part.is_multipart():
        payload = part.get_payload()
        for child in payload if isinstance(payload, list) and depth < 20 else []:
            if isinstance(child, Message):
                _collect(child, plain, html, inner, depth + 1)
        return
    if kind not in ("text/plain", "text/html") or part.get_content_disposition() == "attachment":
        return
    data = part.get_payload(decode=True)
    if isinstance(data, bytes) and data:
        text = decode_bytes(data, charset_of(part))
        (html if kind == "text/html" or _is_html(text) else plain).append(text)


def _is_html(text: str) -> bool:
    head = text[:200].lstrip().lower()
    return head.startswith(("<!doctype html", "<html"))


def charset_of(part: Message) -> str | None:
    """The charset a part declares, as it stands; None when it declares none or nothing that can be read."""
    try:
        charset = part.get_param("charset")
    except (ValueError, LookupError, UnicodeError):
        return None
    if isinstance(charset, tuple):
        charset = charset[2]
    return str(charset) if charset else None


def _addresses(text: str) -> list[tuple[str, str]]:
    try:
        found = getaddresses([text])
    except (ValueError, IndexError):
        found = []
    pairs = [(decode_words(name), address.strip().lower()) for name, address in found if address]
    if pairs:
        return pairs
    # The strict parser refuses what people do see as a sender; keep every address in it, so that nothing passes as one.
    loose = re.findall(r"[^\s<>\"(),;:]+@[^\s<>\"(),;:]+", text)
    return [(decode_words(text), address.lower()) for address in loose] or [(decode_words(text), "")]


def _date(value: str) -> datetime | None:
    try:
        parts = parsedate_tz(value)
        if parts is None:
            return None
        offset = parts[9] or 0
        if abs(offset) >= 86400:
            return None
        year, month, day, hour, minute, second = parts[:6]
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone(timedelta(seconds=offset)))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if 1990 < moment.year < 2100 else None


def _first_id(value: str) -> str:
    match = MESSAGE_ID.search(value)
    return match[0] if match else ""


def _ids(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match for value in values for match in MESSAGE_ID.findall(value)))


def _eight_bit(text: str) -> str:
    """Header text with raw bytes above 127, which the parser keeps as surrogates, as the text they were meant to be."""
    if text.isascii():
        return text
    return decode_bytes(text.encode("utf-8", "surrogateescape"), None)


@lru_cache(maxsize=256)
def _join_words(text: str) -> str:
    try:
        chunks = decode_header(text)
    except (ValueError, LookupError, UnicodeError, HeaderParseError):
        return text
    out: list[str] = []
    data, charset = b"", None
    for chunk, chunk_charset in [*chunks, (b"", None)]:
        if isinstance(chunk, str):
            return text
        if data and (chunk_charset or "").lower() != (charset or "").lower():
            out.append(decode_bytes(data, charset))
            data = b""
        data, charset = data + chunk, chunk_charset
    return "".join([*out, decode_bytes(data, charset) if data else ""])


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
                    self.out.append(" ".join(str(node).split()).join((self._gap(node, 0), self._gap(node, -1))))
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
