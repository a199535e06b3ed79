"""A mail as a person sees it: who, when, about what, and its lines of text. Bytes in, nothing out
but values.

MIME structure and transfer encodings are read by the standard library (compat32, which is linear
where the newer policy
is not); what stands in them by `parsers.charsets` and `parsers.text`.
"""

import email
import html as entities
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.message import Message
from email.utils import getaddresses, parsedate_tz
from functools import cached_property

from parsers.charsets import charset_of, decode_bytes, decode_words, eight_bit
from parsers.dates import FIRST_YEAR, LAST_YEAR
from parsers.limits import MAX_FROM, has_stray_lines, header_of, refuse_fields, trimmed
from parsers.text import MAX_LINE, Link, VisibleText, text_of_plain, unwrap, visible

HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
MESSAGE_ID = re.compile(r"<[^<>\s]+>")
LOOSE_ADDRESS = re.compile(r"[^\s<>\"(),;:@]{1,128}@[^\s<>\"(),;:@]{1,255}")
MAX_SENDERS = 3
"""From fields that are looked at; a sound mail has one."""
MAX_DATE = 100
MAX_MAILS = 4
"""Mails within mails."""
MAX_NESTED = 20
TEXTS = ("text/plain", "text/html")
SINGLE = frozenset(("subject", "date", "from", "to", "message-id", "mime-version"))
MAX_STAND_IN = 32 << 10
STAND_IN_SUBJECT = re.compile(
    rb"^subject:\s{0,9}retrieval using the \w{1,9} protocol failed for the following message",
    re.IGNORECASE | re.MULTILINE,
)
STAND_IN = re.compile(
    rb"(?:\A|\n)\s{0,9}(?:<[^<>]{1,200}>\s{0,9}){0,9}retrieval using the \w{1,9} protocol"
    rb" failed for the following message",
    re.IGNORECASE,
)


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
    signer: str = ""
    """The domain whose signature we found to hold (`parsers.signatures`)."""
    strays: bool = False
    """Whether something in the header is no header (`limits.has_stray_lines`)."""

    @property
    def repeated(self) -> tuple[str, ...]:
        """Fields that a mail may have once and that this one has several times: a signature covers
        the last, and what people are shown is the first.
        """
        counts = Counter(name for name, _ in self.fields)
        return tuple(
            name
            for name, times in counts.items()
            if times > 1 and (name in SINGLE or name.startswith("content-"))
        )

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
    def html_texts(self) -> Iterator[str]:
        """Every text of the HTML part, seen or not."""
        from parsers.markup import every_text  # noqa: PLC0415 - as above

        return every_text(self.html)

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
    letter = _parsed(email.message_from_bytes(trimmed(raw)), depth=0)
    letter.strays = has_stray_lines(raw)
    return letter


def parse_header(header: bytes) -> ParsedMail:
    """The letter of a header block alone."""
    block = trimmed(header).rstrip() + b"\r\n\r\n"
    letter = _parsed(email.message_from_bytes(block), depth=0, bodies=False)
    letter.strays = has_stray_lines(block)
    return letter


def unretrieved(raw: bytes) -> bool:
    """Whether this is what Exchange serves in place of a mail that it could not turn into MIME. The
    mail itself may come when it is asked for later.

    Cheap and linear: the service asks it of bytes that nothing has looked at yet.
    """
    if len(raw) > MAX_STAND_IN:
        return False
    raw = trimmed(raw)
    header = header_of(raw)
    body = raw[len(header) :] or raw
    return bool(STAND_IN_SUBJECT.search(header) or STAND_IN.search(body))


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
        subject=decode_words(found.get("subject", [""])[0])[:MAX_LINE],
        senders=tuple(
            pair for value in found.get("from", [])[:MAX_SENDERS] for pair in _addresses(value)
        ),
        date=_date(found.get("date", [""])[0]),
        message_id=_first_id(found.get("message-id", [""])[0]),
        thread=_ids(found.get("references", []) + found.get("in-reply-to", [])),
    )
    if bodies:
        parts = _Parts()
        parts.collect(message, depth)
        letter.plain, letter.html = "\n".join(parts.plain), "\n".join(parts.html)
        letter.inner = tuple(parts.inner)
    return letter


@dataclass(slots=True)
class _Parts:
    """What stands in the parts of one mail."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    inner: list[ParsedMail] = field(default_factory=list)

    def collect(self, part: Message, depth: int) -> None:
        kind = part.get_content_type()
        payload = part.get_payload() if part.is_multipart() else None
        children = [one for one in payload or () if isinstance(one, Message)]
        if kind == "message/rfc822":
            if depth < MAX_MAILS and children and not refuse_fields(children[0].raw_items()):
                self.inner.append(_parsed(children[0], depth + 1))
        elif payload is not None:
            for child in children if depth < MAX_NESTED else ():
                self.collect(child, depth + 1)
        elif kind in TEXTS and part.get_content_disposition() != "attachment":
            self._add(part, kind)

    def _add(self, part: Message, kind: str) -> None:
        data = part.get_payload(decode=True)
        if isinstance(data, bytes) and data:
            text = decode_bytes(data, charset_of(part))
            (self.html if kind == "text/html" or _is_html(text) else self.plain).append(text)


def _is_html(text: str) -> bool:
    head = text[:200].lstrip().lower()
    return head.startswith(("<!doctype html", "<html"))


def _addresses(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_FROM:
        return [(decode_words(text[:MAX_FROM]), "")]
    try:
        found = getaddresses([text])
    except (ValueError, IndexError):
        found = []
    pairs = [
        (decode_words(name), visible(address).strip().lower()) for name, address in found if address
    ]
    if pairs:
        return pairs
    # The strict parser refuses what people do see as a sender; keep every address in it, so that
    # nothing passes as one.
    loose = LOOSE_ADDRESS.findall(visible(text))
    return [(decode_words(text), address.lower()) for address in loose] or [
        (decode_words(text), "")
    ]


def _date(value: str) -> datetime | None:
    try:
        parts = parsedate_tz(value[:MAX_DATE])
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
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _first_id(value: str) -> str:
    match = MESSAGE_ID.search(visible(value))
    return match[0] if match else ""


def _ids(values: list[str]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(match for value in values for match in MESSAGE_ID.findall(visible(value)))
    )
