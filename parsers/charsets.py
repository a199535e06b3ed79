"""Bytes and header words as text, whatever charset they name, wrongly or not at all.

Header words are read by mail-parser; what it gets wrong for Japanese mail (no charset, cp932 under
another name, words
split inside a character) is settled here.
"""

import logging
import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from functools import lru_cache

from parsers.text import clean

# It writes the header it cannot decode into the log; no word of a mail belongs there, whoever reads
# it.
logging.getLogger("mailparser").addHandler(logging.NullHandler())
logging.getLogger("mailparser").propagate = False

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


def decode_words(value: str) -> str:
    """A header value with its encoded words read, cleaned to one line; words split inside a
    character are joined.
    """
    text = eight_bit(value)
    if "=?" in text:
        from mailparser.utils import decode_header_part  # noqa: PLC0415 - 35 ms that a plain header does not need

        defects: list[str] = []
        try:
            decoded = decode_header_part(text, defects=defects)
        except ValueError:  # mail-parser 4.8: a NUL inside the name of a charset
            decoded = "\ufffd"
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
        # Half-width katakana in every second place is Latin text misread; kana or kanji is the real
        # thing.
        if re.search("[\u3041-\u30ff\u4e00-\u9fff]", text):
            return text
    return (
        data.decode("utf-8", "replace") if data.count(b"\xc3") else data.decode("cp1252", "replace")
    )


def charset_of(part: Message) -> str | None:
    """The charset a part declares, as it stands; None when it declares none or nothing that can be
    read.
    """
    try:
        charset = part.get_param("charset")
    except (ValueError, LookupError, UnicodeError):
        return None
    if isinstance(charset, tuple):
        charset = charset[2]
    return str(charset) if charset else None


def eight_bit(text: str) -> str:
    """Header text with raw bytes above 127, which the parser keeps as surrogates, as the text they
    were meant to be.
    """
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
