"""Bytes and header words as text, whatever charset they name, wrongly or not at all.

Only charsets are decoders here: Python's codecs for names, escapes and transfer encodings (punycode
takes quadratic time)
never meet a mail. Japanese mail that calls cp932 by another name, or puts its signs (① ㈱ ℡, row 13
of NEC) into
ISO-2022-JP and EUC-JP, is read as it is meant.
"""

import logging
import re
from binascii import Error, a2b_base64, a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from encodings.aliases import aliases

from parsers.text import clean

# It writes the header it cannot decode into the log; no word of a mail belongs there, whoever reads
# it.
logging.getLogger("mailparser").addHandler(logging.NullHandler())
logging.getLogger("mailparser").propagate = False

NO_CHARSETS = re.compile(
    r".*_codec|idna|punycode|.*unicode_escape|rot_13|undefined|mbcs|oem|palmos"
)
CODECS = frozenset(aliases.values()) - {
    name for name in aliases.values() if NO_CHARSETS.fullmatch(name)
}
# What mails call a charset, and what its bytes really are: the larger set that goes by the smaller
# one's name (https://encoding.spec.whatwg.org), where Python has it.
CHARSETS = {
    "shift_jis": "cp932",
    "sjis": "cp932",
    "x_sjis": "cp932",
    "windows_31j": "cp932",
    "ms932": "cp932",
    "ms_kanji": "cp932",
    "iso_2022_jp": "iso2022_jp_ext",
    "iso_2022_jp_ms": "iso2022_jp_ext",
    "iso2022_jp": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "cp50222": "iso2022_jp_ext",
    "csiso2022jp": "iso2022_jp_ext",
    "cp51932": "euc_jp",
    "eucjp_win": "euc_jp",
    "x_euc_jp": "euc_jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "x_gbk": "gb18030",
    "gb_2312_80": "gb18030",
    "euc_cn": "gb18030",
    "big5": "big5hkscs",
    "x_x_big5": "big5hkscs",
    "cn_big5": "big5hkscs",
    "euc_kr": "cp949",
    "ks_c_5601_1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "korean": "cp949",
    "windows_949": "cp949",
    "latin_1": "cp1252",
    "ascii": "cp1252",
    "windows_874": "cp874",
    "koi8_u": "koi8_u",
    "koi8_ru": "koi8_u",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "unicode_1_1_utf_7": "utf_7",
    "utf8mb4": "utf_8",
    "x_unknown": "",
    "unknown_8bit": "",
    "8bit": "",
    "default": "",
}
LATIN = ("cp1252", "")
"""What is named where nothing was thought of: UTF-8 is believed first."""
ESCAPES = {
    b"\x1b(B": "ascii",
    b"\x1b(J": "ascii",
    b"\x1b(H": "ascii",
    b"\x1b(I": "kana",
    b"\x1b$@": "jis",
    b"\x1b$B": "jis",
    b"\x1b$(@": "jis",
    b"\x1b$(B": "jis",
    b"\x1b$(D": "jis0212",
}
ESCAPED = re.compile(rb"\x1b[$(]")
ESCAPE = re.compile(rb"(\x1b(?:\([BJHI]|\$[@B]|\$\([@BD]))")
EUC = re.compile(rb"\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|[\xa1-\xfe]{2}|[\x00-\x7f]+|.", re.DOTALL)
JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
MAX_CHARSET = 40
ORDINARY = 1000
"""Signs of a header that mail-parser may read, whose time is quadratic in it."""


@dataclass(frozen=True, slots=True)
class EncodedWord:
    """One `=?charset?encoding?text?=` of RFC 2047, and where it stands."""

    start: int
    stop: int
    charset: str
    data: bytes


def decode_words(value: str) -> str:
    """A header value with its encoded words read, cleaned to one line; words split inside a
    character are joined.
    """
    text = eight_bit(value)
    words = list(_encoded_words(text)) if "=?" in text else []
    if words:
        ordinary = len(text) <= ORDINARY and {word.charset for word in words} == {"utf-8"}
        text = (_by_library(text) if ordinary else None) or _joined(text, words)
    return clean(text.replace("\n", " ").replace("\r", " "))


def _by_library(text: str) -> str | None:
    """What mail-parser reads, where it is sure."""
    from mailparser.utils import decode_header_part  # noqa: PLC0415 - 35 ms that a plain header does not need

    defects: list[str] = []
    decoded = decode_header_part(text, defects=defects)
    return None if defects or "\ufffd" in decoded else str(decoded)


def _encoded_words(text: str) -> Iterator[EncodedWord]:
    """In one pass: an opening without its end is looked for once."""
    start = text.find("=?")
    while start >= 0:
        head = text[start + 2 : start + 2 + MAX_CHARSET + 4]
        charset, _, rest = head.partition("?")
        encoding = rest[:1].lower()
        if rest[1:2] != "?" or encoding not in ("b", "q") or " " in charset:
            start = text.find("=?", start + 2)
            continue
        inside = start + 2 + len(charset) + 3
        stop = text.find("?=", inside)
        if stop < 0:
            return
        data = _transfer_decoded(text[inside:stop], encoding)
        yield EncodedWord(start, stop + 2, charset.partition("*")[0].lower(), data)
        start = text.find("=?", stop + 2)


def _transfer_decoded(text: str, encoding: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if encoding == "q":
        return a2b_qp(raw.replace(b" ", b"_"), header=True)
    try:
        return a2b_base64(raw.rstrip(b"= ") + b"==")
    except Error:
        return raw


def _joined(text: str, words: list[EncodedWord]) -> str:
    """Words of one charset with nothing but spaces between them are one text."""
    out: list[str] = []
    data, charset, end = b"", "", 0
    for word in words:
        between = text[end : word.start]
        apart = bool(between.strip()) or not end
        if data and (apart or word.charset != charset):
            out.append(decode_bytes(data, charset))
            data = b""
        if apart:
            out.append(between)
        data, charset, end = data + word.data, word.charset, word.stop
    return "".join([*out, decode_bytes(data, charset), text[end:]])


def codec_of(charset: str | None) -> str:
    """The decoder for a charset as a mail names it; empty for none, and for what is no charset."""
    name = re.sub(r"[^a-z0-9]+", "_", (charset or "")[:MAX_CHARSET].lower()).strip("_")
    known = CHARSETS.get(name)
    if known is not None:
        return known
    codec = aliases.get(name, name)
    return CHARSETS.get(codec, codec) if codec in CODECS else ""


def decode_bytes(data: bytes, charset: str | None) -> str:
    """Text from bytes whose charset may be missing, wrong or unknown."""
    named = codec_of(charset)
    for guess in _guesses(data, named):
        text = _strict(data, guess)
        if text is not None:
            return text
    return _damaged(data, named)


def _guesses(data: bytes, named: str) -> Iterator[str]:
    if ESCAPED.search(data):
        yield "iso2022_jp_ext"
        if named in ("iso2022_jp_ext", "") or data.isascii():
            yield "iso-2022-jp-ms"
    if named in LATIN:
        yield "utf_8"
    if named:
        yield named
    if named == "euc_jp":
        yield "euc-jp-ms"
    yield "utf_8"


def _strict(data: bytes, codec: str) -> str | None:
    try:
        match codec:
            case "iso-2022-jp-ms":
                return _iso_2022_jp_ms(data)
            case "euc-jp-ms":
                return _euc_jp_ms(data)
            case _:
                return data.decode(codec)
    except (LookupError, ValueError):
        return None


def _damaged(data: bytes, named: str) -> str:
    """Text that is not wholly what it says: a few broken signs in it, else a charset that Japanese
    mail forgets to name.
    """
    if named:
        text = data.decode(named, "replace")
        if text.removesuffix("\ufffd").count("\ufffd") * 20 < len(text) - 1:  # perhaps cut off
            return text
    for guess in ("cp932", "euc_jp"):
        guessed = _strict(data, guess)
        # Half-width katakana in every second place is Latin text misread; kana or kanji is the real
        # thing.
        if guessed is not None and JAPANESE.search(guessed):
            return guessed
    return data.decode("utf-8" if data.count(b"\xc3") else "cp1252", "replace")


def _iso_2022_jp_ms(data: bytes) -> str:
    """ISO-2022-JP as Windows writes it: rows of NEC and IBM, half-width katakana. Raises
    ValueError.
    """
    out: list[str] = []
    mode = "ascii"
    for piece in ESCAPE.split(data):
        if piece in ESCAPES:
            mode = ESCAPES[piece]
            continue
        if ESCAPED.search(piece):
            raise ValueError("another language's escape")
        # A line ends what was switched on, as RFC 1468 has it, and some leave that out.
        for number, line in enumerate(piece.split(b"\n")):
            if number:
                out.append("\n")
                mode = "ascii"
            out.append(_in_mode(line, mode))
    return "".join(out)


def _in_mode(data: bytes, mode: str) -> str:
    match mode:
        case "ascii":
            return data.decode("cp932")
        case "kana":
            return bytes(byte | 0x80 if 0x20 < byte < 0x60 else byte for byte in data).decode(
                "cp932"
            )
        case "jis0212":
            pairs = (b"\x8f" + bytes((data[at] | 0x80, data[at + 1] | 0x80)) for at in _pairs(data))
            return b"".join(pairs).decode("euc_jp")
        case _:
            return b"".join(_shifted(data[at], data[at + 1]) for at in _pairs(data)).decode("cp932")


def _pairs(data: bytes) -> range:
    if len(data) % 2:
        raise ValueError("half a character")
    return range(0, len(data), 2)


def _shifted(row: int, cell: int) -> bytes:
    """A character of JIS X 0208, given by its two bytes of 0x21 to 0x7e, in Shift_JIS."""
    if not (0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E):
        raise ValueError("no character of JIS X 0208")
    high = (row - 0x21) // 2 + (0x81 if row < 0x5F else 0xC1)
    if row % 2:
        return bytes((high, cell + (0x1F if cell < 0x60 else 0x20)))
    return bytes((high, cell + 0x7E))


def _euc_jp_ms(data: bytes) -> str:
    """EUC-JP with the rows of NEC and IBM. Raises ValueError."""
    out: list[str] = []
    for match in EUC.finditer(data):
        sign = match[0]
        if len(sign) == 2 and sign[0] >= 0xA1:
            out.append(_shifted(sign[0] & 0x7F, sign[1] & 0x7F).decode("cp932"))
        else:
            out.append(sign.decode("euc_jp"))
    return "".join(out)


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
