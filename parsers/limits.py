"""The linear check before any parser touches a mail: a mail beyond these limits is refused, not
read.

Every MIME, header and HTML bomb that was measured breaks at least one limit; genuine marketplace
mail is far below all
of them (60 to 180 kB, some 40 header fields, 3 parts). The whole check is a handful of
`bytes.count` calls.
"""

import re
from collections.abc import Iterable

MAX_BYTES = 8 << 20
MAX_HEADER = 256 << 10
MAX_FIELD = 32 << 10
MAX_FIELDS = 600
MAX_ENCODED_WORDS = 400
MAX_FROM = 1 << 10
"""Who writes a longer From wants something else; taking addresses apart is quadratic."""
MAX_MARKS = 500
"""Commas, parentheses, angle brackets or semicolons in one header field: address groups and
comments nest in these.
"""
MAX_PARTS = 300
MAX_PART_FIELD = 4 << 10
"""Content-Type and its like, of a part and of a mail within the mail."""
MAX_PARAMETERS = 60
MAX_BOUNDARIES = 20
MAX_BLANK_LINES = 20_000
MAX_LINES = 200_000
"""Twice what 8 MiB of attachments have, whose lines are 76 signs long (RFC 2045 §6.8)."""
MAX_HTML_TAGS = 60_000
MAX_ATTRIBUTES = 2_000
"""Of one tag; looking for doubles among them is quadratic."""

HEADER_END = re.compile(rb"\r?\n\r?\n")
FIELD_START = re.compile(rb"^[!-9;-~]{1,100}[ \t]{0,9}:", re.MULTILINE)
PART_FIELD = re.compile(
    rb"^content-[a-z-]{1,40}[ \t]{0,9}:[^\n]*(?:\n[ \t][^\n]*)*", re.MULTILINE | re.IGNORECASE
)
FIRST_FIELD = re.compile(rb"[!-9;-~]{1,100}[ \t]{0,9}:")
NO_FIELD = re.compile(rb"\r(?!\n)|\x00|(?:\A|\n)(?![ \t]|[!-9;-~]{1,100}:)")
"""In a header: a lone CR, a NUL, or a line that is neither a field nor the rest of one."""
BOM = b"\xef\xbb\xbf"
MAX_STRAY_LINES = 8
MAX_STRAY_LINE = 1000


def refuse(raw: bytes) -> str | None:
    """Why this mail is not read, as one sentence, or None when it may be parsed."""
    if len(raw) > MAX_BYTES:
        return f"it is larger than {MAX_BYTES >> 20} MiB"
    return refuse_header(header_of(raw)) or _refuse_body(raw)


def trimmed(raw: bytes) -> bytes:
    """The mail without what no mail begins with: a byte order mark (Office 365), empty lines, a
    stray first line (`>From …`, `220 …`). What has no header within a few lines stays as it is.
    """
    start = 0
    for _ in range(MAX_STRAY_LINES + 1):
        while raw.startswith(BOM, start):
            start += len(BOM)
        if FIRST_FIELD.match(raw, start):
            return raw[start:] if start else raw
        end = raw.find(b"\n", start, start + MAX_STRAY_LINE)
        if end < 0:
            return raw
        start = end + 1
    return raw


def header_of(raw: bytes) -> bytes:
    """The header block, cut a little above the limit where it never ends."""
    raw = trimmed(raw)
    end = HEADER_END.search(raw, 0, MAX_HEADER + 4)
    return raw[: end.start()] if end else raw[: MAX_HEADER + 1]


def has_stray_lines(raw: bytes) -> bool:
    """Whether something in the header is no header. Parsers differ about where such a header ends,
    so that what a signature covers as one mail may be read as another.
    """
    return NO_FIELD.search(header_of(raw)) is not None


def refuse_html(html: str) -> str | None:
    """Why this HTML part is not parsed, or None."""
    if len(html) > 1 << 20:
        return "its HTML is larger than 1 MiB"
    if html.count("<") > MAX_HTML_TAGS:
        return f"its HTML holds more than {MAX_HTML_TAGS} tags"
    if any(
        tag.count("=") > MAX_ATTRIBUTES or tag.partition(">")[0].count(" ") > MAX_ATTRIBUTES
        for tag in html.split("<")
    ):
        return f"one tag of its HTML has more than {MAX_ATTRIBUTES} attributes"
    return None


def refuse_header(header: bytes) -> str | None:
    """Why this header block is not parsed, or None."""
    if len(header) > MAX_HEADER:
        return f"its header is larger than {MAX_HEADER >> 10} KiB"
    if header.count(b"=?") > MAX_ENCODED_WORDS:
        return f"its header holds more than {MAX_ENCODED_WORDS} encoded words"
    starts = [match.start() for match in FIELD_START.finditer(header)]
    if len(starts) > MAX_FIELDS:
        return f"it has more than {MAX_FIELDS} header fields"
    for start, stop in zip(starts, [*starts[1:], len(header)], strict=False):  # no field: no pair
        if stop - start > MAX_FIELD:
            return f"one header field is larger than {MAX_FIELD >> 10} KiB"
        if stop - start > MAX_FROM and header[start : start + 4].lower() == b"from":
            return f"its From field is larger than {MAX_FROM >> 10} KiB"
        if stop - start > MAX_MARKS and any(
            header.count(mark, start, stop) > MAX_MARKS for mark in (b",", b"(", b"<", b";")
        ):
            return "one header field is a list of absurd length"
    return None


def refuse_fields(fields: Iterable[tuple[str, str]]) -> str | None:
    """Why the header of a mail within a mail is not taken apart, or None."""
    for number, (name, value) in enumerate(fields):
        limit = MAX_FROM if name.lower() == "from" else MAX_PART_FIELD
        if number >= MAX_FIELDS or len(value) > limit:
            return "the header of a mail within it is too large"
    return None


def _refuse_body(raw: bytes) -> str | None:
    if raw.count(b"\n") > MAX_LINES:
        return f"it has more than {MAX_LINES} lines"
    if raw.count(b"\n\n") + raw.count(b"\n\r\n") > MAX_BLANK_LINES:
        return f"it holds more than {MAX_BLANK_LINES} blank lines"
    lowered = raw.lower()
    if lowered.count(b"content-type:") > MAX_PARTS or raw.count(b"\n--") > 4 * MAX_PARTS:
        return f"it has more than {MAX_PARTS} parts"
    if lowered.count(b"boundary=") > MAX_BOUNDARIES or lowered.count(b"message/") > MAX_BOUNDARIES:
        return f"it nests more than {MAX_BOUNDARIES} multipart or message parts"
    for field in PART_FIELD.finditer(raw):
        if len(field[0]) > MAX_PART_FIELD or field[0].count(b";") > MAX_PARAMETERS:
            return f"the header of a part is larger than {MAX_PART_FIELD >> 10} KiB"
    return None
