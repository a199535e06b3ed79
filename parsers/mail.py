"""A mail as a person sees it: who, when, about what, and its lines of text. Bytes in, nothing out
but values.

MIME structure and transfer encodings are read by the standard library (compat32, which is linear
where the newer policy
is not); what stands in them by `parsers.charsets` and `parsers.text`.
"""

import email
import html as entities
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.message import Message
from email.utils import getaddresses, parsedate_tz
from functools import cached_property

from parsers.charsets import charset_of, decode_bytes, decode_words, eight_bit
from parsers.text import Link, VisibleText, text_of_plain, unwrap

HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
MESSAGE_ID = re.compile(r"<[^<>\s]+>")


@dataclass(kw_only=True)
class ParsedMail:
    """One mail. `plain` and `html` are decoded and otherwise raw; `text` and `rich` are what is
    read.
    """

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
    inner: tuple["ParsedMail", ...] = field(default=())
    """Attached message/rfc822 mails."""

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.fields if key == name)

    @cached_property
    def text(self) -> VisibleText:
        """The plain part."""
        return text_of_plain(self.plain)

    @cached_property
    def rich(self) -> VisibleText:
        """The HTML part."""
        from parsers.markup import text_of_html  # noqa: PLC0415 - 60 ms that most mails never need

        return text_of_html(self.html)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Every link of every part, each once; from HTML by its href alone, so that no HTML need be
        parsed for them.
        """
        seen: dict[str, Link] = {}
        for link in self.text.links:
            seen.setdefault(link.url, link)
        for match in HREF.finditer(self.html):
            url = unwrap(entities.unescape(match[1] or match[2] or ""))
            seen.setdefault(url, Link(url, -1))
        return tuple(seen.values())

    @cached_property
    def json_ld(self) -> tuple[str, ...]:
        if "ld+json" not in self.html:
            return ()
        from parsers.markup import scripts  # noqa: PLC0415 - as above

        return scripts(self.html, "ld+json")

    @property
    def read_rich(self) -> VisibleText | None:
        """`rich`, if anybody asked for it yet."""
        return self.__dict__.get("rich")

    @property
    def has_plain(self) -> bool:
        """Whether the plain part says anything: some mails carry only “see the HTML”."""
        lines = self.text.lines
        return len(lines) >= 3 or sum(map(len, lines)) >= (40 if self.html else 1)


def parse(raw: bytes) -> ParsedMail:
    """The letter in `raw`. Assumes `limits.refuse(raw)` said None."""
    return _parsed(email.message_from_bytes(raw), depth=0)


def parse_header(header: bytes) -> ParsedMail:
    """The letter of a header block alone."""
    return _parsed(email.message_from_bytes(header.rstrip() + b"\r\n\r\n"), depth=0, bodies=False)


def _parsed(message: Message, depth: int, *, bodies: bool = True) -> ParsedMail:
    fields = tuple(
        (name.lower(), eight_bit(" ".join(str(value).split())))
        for name, value in message.raw_items()
    )
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    letter = ParsedMail(
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
        inner: list[ParsedMail] = []
        _collect(message, plain, html, inner, depth)
        letter.plain, letter.html, letter.inner = "\n".join(plain), "\n".join(html), tuple(inner)
    return letter


def _collect(
    part: Message, plain: list[str], html: list[str], inner: list[ParsedMail], depth: int
) -> None:
    kind = part.get_content_type()
    if kind == "message/rfc822":
        payload = part.get_payload()
        if depth < 4 and isinstance(payload, list) and payload and isinstance(payload[0], Message):
            inner.append(_parsed(payload[0], depth + 1))
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


def _addresses(text: str) -> list[tuple[str, str]]:
    try:
        found = getaddresses([text])
    except (ValueError, IndexError):
        found = []
    pairs = [(decode_words(name), address.strip().lower()) for name, address in found if address]
    if pairs:
        return pairs
    # The strict parser refuses what people do see as a sender; keep every address in it, so that
    # nothing passes as one.
    loose = re.findall(r"[^\s<>\"(),;:]+@[^\s<>\"(),;:]+", text)
    return [(decode_words(text), address.lower()) for address in loose] or [
        (decode_words(text), "")
    ]


def _date(value: str) -> datetime | None:
    try:
        parts = parsedate_tz(value)
        if parts is None:
            return None
        offset = parts[9] or 0
        if abs(offset) >= 86400:
            return None
        year, month, day, hour, minute, second = parts[:6]
        moment = datetime(
            year,
            month,
            day,
            hour,
            minute,
            min(second, 59),
            tzinfo=timezone(timedelta(seconds=offset)),
        )
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if 1990 < moment.year < 2100 else None


def _first_id(value: str) -> str:
    match = MESSAGE_ID.search(value)
    return match[0] if match else ""


def _ids(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match for value in values for match in MESSAGE_ID.findall(value)))
