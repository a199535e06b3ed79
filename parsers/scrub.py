"""A copy of a mail that is safe to share: names, addresses, streets and numbers replaced, the same
by the same.

What a parser trips over stays as it is: parts, boundaries, charsets, transfer encodings, wording,
dates and amounts.
What could not be recognised as personal stays too, so the person reads the copy before it leaves
the house.
"""

import email
import hashlib
import re
from base64 import b64encode, encodebytes
from collections.abc import Iterable, Sequence
from email.generator import BytesGenerator
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses
from io import BytesIO
from quopri import encodestring

from parsers.authentic import claim
from parsers.charsets import charset_of, decode_bytes, decode_words
from parsers.identifiers import mod7_valid, s10_valid
from parsers.mail import ParsedMail
from parsers.pack import Library, shipped

KEPT = frozenset(
    (
        "from",
        "to",
        "cc",
        "subject",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "authentication-results",
        "reply-to",
    )
)
ADDRESS = re.compile(r"[A-Za-z0-9._%+\-=]{1,128}@[A-Za-z0-9.\-]{1,253}\.[A-Za-z]{2,63}")
FROM = re.compile(rf"({ADDRESS.pattern})")
DATE = re.compile(r"(?:19|20)\d\d-\d\d-\d\d|\d\d-\d\d-(?:19|20)\d\d")
NUMBER = re.compile(r"(?<![A-Za-z0-9])[A-Z]{0,4}\d[\dA-Z]*(?:-\d+)*[A-Z]{0,3}(?![A-Za-z0-9])")
POSTCODE = re.compile(r"〒?\b\d{3}-\d{4}\b(?!-)")
PHONE = re.compile(r"\(?\+\d{1,3}\)?[\d\s\-]{6,}\d")
OPAQUE = re.compile(
    r"(?<=[=/])(?=[A-Za-z0-9_\-]*[A-Z])(?=[A-Za-z0-9_\-]*[0-9])[A-Za-z0-9_\-]{9,}(?=[&\s\"'>#?;]|$)"
)
WORDS = re.compile(r"=\?[^?]+\?[bBqQ]\?[^?]*\?=(?:\s+=\?[^?]+\?[bBqQ]\?[^?]*\?=)*")
WORD = re.compile(r"=\?([^?]+)\?([bBqQ])\?[^?]*\?=")
GREETING = re.compile(
    r"^[>\s]{0,40}+(?:Hi|Hello|Dear|Hallo|Guten"
    r" Tag|Liebe[rs]?|Sehr geehrte[rs]?|Hola|Estimad[oa]|Bonjour|Ch(?:er|ère)|Ciao|Gentile|"
    r"Buongiorno|Olá|Prezad[oa]|Beste|Geachte|Cześć|Dzień dobry|Witaj)"
    r"\s{1,9}([^,!:<>\n]{2,40})[,!:]",
    re.MULTILINE,
)
HONORIFIC = re.compile(r"([\w・ \u3000]{1,20}?)\s?様")
KOREAN_NAME = re.compile(r"([^\W\d_]{2,10})님")
PLACE_LINE = re.compile(r"^\W*([^\W\d][\w. ]{0,30}?)\s+[-–]\s+[^\n]{2,40}$", re.MULTILINE)
TOWN = re.compile(r"(?<=[-–]\s)[A-Z][A-Z .'\-]{1,30}, [A-Z]{2}\b")
SHIP_TO = re.compile(
    r"^\W*(?:ship(?:ping)? (?:to|address)|your order was sent to[^\n]*|versand nach|die sendung"
    r" geht an|lieferadresse|"
    r"お届け先|配送先|envío a|"
    r"dirección de envío|livraison à|spedito a|enviar para|verzonden naar|adres"
    r" dostawy|배송지)\W*$",
    re.IGNORECASE,
)
STREET_LINES = 6
PIECE = re.compile(r"(<[^<>]*>|\n)")
LINK = re.compile(r"(https?://[^\s/?#<>\"']{1,253})[^\s<>\"']*", re.IGNORECASE)
SPACED_NUMBER = re.compile(r"(?<![\d.,/:-])\(?\+?\d{1,5}\)?(?:[ \-]\d{2,5}){2,6}(?![\d.,/:-])")
"""A telephone number in groups; a date between strokes is none."""
LONG_NUMBER = re.compile(r"\d{7}")
OUTLOOK_HOP = re.compile(r"\bby\s+\S+\.(?:outlook|office365)\.com\b", re.IGNORECASE)
FILE_NAME = re.compile(
    r"""(\b(?:file)?name(?:\*\d*\*?)?=)(?:"[^"]*?(\.\w{1,5})?"|[^;"\s]*?(\.\w{1,5})?(?=[;\s]|$))""",
    re.IGNORECASE,
)
ESCAPED_ADDRESS = re.compile(
    r"[A-Za-z0-9._+\-]{1,128}%40[A-Za-z0-9.\-]{1,253}\.[A-Za-z]{2,63}", re.IGNORECASE
)
RELAYED = re.compile(
    r"(.{1,64}_at_.{1,253}?)(?:_[0-9a-z]{6,12}){1,2}@(?:privaterelay\.appleid\.com|duck\.com)"
)
NOT_NAMES = frozenset(
    {
        "customer",
        "buyer",
        "seller",
        "there",
        "kunde",
        "kundin",
        "cliente",
        "client",
        "klant",
        "고객",
        "お客",
        "お客様",
        "your",
        "order",
    }
)


def scrub(raw: bytes, library: Library | None = None) -> bytes:
    """The mail without its people. Never raises for a mail that `limits.refuse` lets pass."""
    message = email.message_from_bytes(raw)
    texts = [_text(part)[0] for part in message.walk() if part.get_content_maintype() == "text"]
    library = library or shipped()
    mask = _Mask(library, raw, _names(message, texts, library))
    for part in message.walk():
        if part is message or any(name.lower() in ("from", "received", "to") for name in part):
            _scrub_headers(part, mask, person=_is_person(part, library))
        _scrub_part(part, mask)
        if part.get_content_maintype() == "text":
            text, charset = _text(part)
            _put(part, mask.body(text), charset)
        elif not part.is_multipart():
            part.set_payload("")
    out = BytesIO()
    separator = "\r\n" if b"\r\n" in raw[:4096] else "\n"
    BytesGenerator(
        out, mangle_from_=False, policy=compat32.clone(linesep=separator, max_line_length=0)
    ).flatten(message)
    return out.getvalue()


def scrub_lines(raw: bytes, lines: Sequence[str]) -> tuple[str, ...]:
    """Lines of that mail for somebody else's eyes, one for one: without its people, with nothing of
    a link but its host, and without any long number.
    """
    message = email.message_from_bytes(raw)
    texts = [_text(part)[0] for part in message.walk() if part.get_content_maintype() == "text"]
    library = shipped()
    whole = "\n".join(line.replace("\n", " ") for line in lines)
    mask = _Mask(library, raw, _names(message, [*texts, whole], library))
    text = LINK.sub(r"\1/…", mask.body(whole))
    text = SPACED_NUMBER.sub(
        lambda match: match[0] if DATE.fullmatch(match[0]) else re.sub(r"\d", "0", match[0]), text
    )
    return tuple(text.split("\n"))


class _Mask:
    """Replaces the same by the same within one mail; what stands in for it cannot be traced
    back.
    """

    def __init__(self, library: Library, salt: bytes, names: Iterable[str]) -> None:
        self.salt = hashlib.sha256(salt).digest()
        self.domains = {domain for pack in library.packs for domain in pack.domains}
        self.orders = [pack.order for pack in library.packs]
        self.people: dict[str, str] = {}
        self.names = sorted(set(names), key=len, reverse=True)

    def line(self, text: str) -> str:
        """A line of text or a header value: addresses by themselves, everything else between
        them.
        """
        out: list[str] = []
        end = 0
        text = ESCAPED_ADDRESS.sub(
            lambda match: self.address(match[0].replace("%40", "@")).replace("@", "%40"), text
        )
        for match in ADDRESS.finditer(text):
            out += [self._words(text[end : match.start()]), self.address(match[0])]
            end = match.end()
        return "".join([*out, self._words(text[end:])])

    def words_only(self, text: str) -> str:
        """A From field: the display name, with the address left for `address`."""
        return "".join(
            piece if ADDRESS.fullmatch(piece) else self._words(piece) for piece in FROM.split(text)
        )

    def body(self, text: str) -> str:
        """A text part. Tags stay; the lines or cells behind “Ship to” are a street."""
        out: list[str] = []
        street = 0
        for piece in PIECE.split(text):
            bare = piece.strip()
            if not bare or piece.startswith("<"):
                out.append(self.line(piece) if bare else piece)
                continue
            if street and not LONG_NUMBER.search(bare):
                out.append(piece.replace(bare, "Sample Street 1"))
                street -= 1
                continue
            street = STREET_LINES if SHIP_TO.match(bare) else 0
            out.append(self.line(piece))
        return "".join(out)

    def address(self, address: str, *, sender: bool = False) -> str:
        """The same stand-in for the same address. A sender's domain says whom it claims to be, so
        it stays.
        """
        lowered = address.lower()
        local, _, domain = lowered.rpartition("@")
        # `header.i=@mail.amazon.com` is a domain alone, and nobody's address.
        if domain.endswith(("example.org", "example.net", "example.com")) or local.endswith("="):
            return address
        if domain in self.domains and "+" not in local and "marketplace." not in domain:
            return address
        relay = RELAYED.fullmatch(lowered)
        if relay:
            return (
                f"{relay[1]}_0a1b2c3d4e_0a1b2c3d@{domain}"
                if "apple" in domain
                else f"{relay[1]}_0a1b2c3d@{domain}"
            )
        stand_in = self.people.setdefault(lowered, f"person{len(self.people) + 1}@example.org")
        return (
            stand_in.replace("example.org", domain)
            if sender or domain in self.domains
            else stand_in
        )

    def _words(self, text: str) -> str:
        for name in self.names:
            text = re.sub(
                rf"(?<!\w){re.escape(name)}(?!\w)" if name.isascii() else re.escape(name),
                "Taro",
                text,
            )
        text = OPAQUE.sub(lambda match: self._letters(match[0]), text)
        text = TOWN.sub("TOWN, ST", text)
        text = PHONE.sub(lambda match: re.sub(r"\d", "0", match[0]), text)
        text = POSTCODE.sub(lambda match: re.sub(r"\d", "0", match[0]), text)
        return NUMBER.sub(self._number, text)

    def _number(self, match: re.Match[str]) -> str:
        token = match[0]
        few = sum(sign.isdigit() for sign in token) < 8 and not self._is_order(token)
        if few or DATE.fullmatch(token):
            return token
        digits = iter(self._digits(token))
        new = "".join(
            next(digits) if sign.isdigit() and place > 0 else sign
            for place, sign in enumerate(token)
        )
        return _with_check_digit(token, new)

    def _is_order(self, token: str) -> bool:
        return any(order.fullmatch(token) for order in self.orders)

    def _digits(self, token: str) -> str:
        seed = hashlib.sha256(self.salt + token.encode()).hexdigest()
        return "".join(str(int(sign, 16) % 10) for sign in seed)

    def _letters(self, token: str) -> str:
        if re.fullmatch(r"[A-Z]{0,4}[\d-]+[A-Z]{0,3}", token):
            return token  # a number: replaced as one, the same as in the text
        seed = iter(hashlib.sha256(self.salt + token.encode()).hexdigest() * (len(token) // 64 + 1))
        return "".join(
            chr(ord("A") + int(next(seed), 16)) if sign.isalnum() else sign for sign in token
        )


def _with_check_digit(old: str, new: str) -> str:
    """The new number with a sound check digit where the old one had one."""
    for valid, place in ((s10_valid, -3), (mod7_valid, -1)):
        if valid(old):
            for digit in "0123456789":
                tried = new[:place] + digit + (new[place + 1 :] if place != -1 else "")
                if valid(tried):
                    return tried
    return new


def _names(message: Message, texts: Iterable[str], library: Library) -> list[str]:
    """What people are called in this mail: recipients, forwarders, greetings, 様, and the line with
    name and town.
    """
    found: list[str] = []
    for part in message.walk():
        fields = ("to", "cc", "delivered-to", *(("from",) if _is_person(part, library) else ()))
        for field in fields:
            for name, address in getaddresses(
                [decode_words(str(value)) for value in part.get_all(field, [])]
            ):
                found += [name, address.partition("@")[0]]
    for text in texts:
        plain = re.sub(r"<[^<>]*>", "\n", text)
        for pattern in (GREETING, HONORIFIC, KOREAN_NAME, PLACE_LINE):
            found += pattern.findall(plain)
    names = {name.strip() for name in found} | {word for name in found for word in name.split()}
    no_names = NOT_NAMES | _brands(library)
    return [
        name
        for name in names
        if len(name) > 1 and name.lower() not in no_names and not name.isdigit()
    ]


def _brands(library: Library) -> set[str]:
    return {brand.lower() for pack in library.packs for brand in pack.file.brand}


def _is_person(message: Message, library: Library) -> bool:
    """Whether From is somebody who neither is nor pretends to be a marketplace: a forwarder, by
    name and domain.
    """
    written = [decode_words(str(value)) for value in message.get_all("from", [])]
    letter = ParsedMail(fields=(), senders=tuple(getaddresses(written)))
    addresses = [address.lower() for _, address in letter.senders]
    if any(map(RELAYED.fullmatch, addresses)):
        return False
    listed = any(library.pack_of(address.rpartition("@")[2]) for address in addresses)
    return bool(addresses) and not listed and claim(letter, library) is None


def _scrub_headers(message: Message, mask: _Mask, *, person: bool) -> None:
    """The header of a mail, or of one attached to it. `person`: From is somebody's own, not a
    shop's.
    """
    kept: list[tuple[str, str]] = []
    for name, value in message.raw_items():
        lowered = name.lower()
        text = str(value)
        if lowered.startswith("content-") or lowered == "date":
            kept.append((name, text))
        elif lowered == "received":
            host = "mail.outlook.com" if OUTLOOK_HOP.search(text) else "mx.example.org"
            kept.append(
                (name, f"from mail.example.net by {host}; {text.rpartition(';')[2].strip()}")
            )
        elif lowered == "from" and not person:
            masked = _header(text, mask, sender=True)
            kept.append(
                (name, ADDRESS.sub(lambda match: mask.address(match[0], sender=True), masked))
            )
        elif lowered in KEPT:
            kept.append((name, _header(text, mask)))
    message._headers = kept  # type: ignore[attr-defined]  # noqa: SLF001 - the one way to keep order and spelling


def _scrub_part(part: Message, mask: _Mask) -> None:
    """What a part says of itself: file names and descriptions go, and words between the parts are
    masked.
    """
    kept = [
        (name, FILE_NAME.sub(r'\1"file\2"', str(value)))
        for name, value in part.raw_items()
        if name.lower() != "content-description"
    ]
    part._headers = kept  # type: ignore[attr-defined]  # noqa: SLF001
    for place in ("preamble", "epilogue"):
        text = getattr(part, place)
        if text and text.strip():
            setattr(part, place, mask.line(text))


def _header(value: str, mask: _Mask, *, sender: bool = False) -> str:
    """A field with its encoded words written anew in the charset and encoding they came in."""
    words = WORD.findall(value)
    change = mask.words_only if sender else mask.line
    if not words:
        return change(value)
    return WORDS.sub(lambda match: _encoded(change(decode_words(match[0])), *words[0]), value)


def _encoded(text: str, charset: str, encoding: str) -> str:
    try:
        data = text.encode(charset)
    except (LookupError, UnicodeError):
        charset, data = "utf-8", text.encode()
    if encoding in "bB":
        return f"=?{charset}?{encoding}?{b64encode(data).decode()}?="
    quoted = "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"={byte:02X}" for byte in data
    )
    return f"=?{charset}?{encoding}?{quoted}?="


def _text(part: Message) -> tuple[str, str | None]:
    data = part.get_payload(decode=True)
    charset = charset_of(part)
    return (decode_bytes(data, charset) if isinstance(data, bytes) else ""), charset


def _put(part: Message, text: str, charset: str | None) -> None:
    """The text as the body of this part, in the charset and transfer encoding it came in."""
    try:
        data = text.encode(charset or "utf-8", "surrogateescape")
    except (
        LookupError,
        ValueError,
    ):  # an unknown charset, a NUL in its name, a stand-in it cannot write
        data = text.encode("utf-8", "replace")
    match str(part.get("content-transfer-encoding", "")).strip().lower():
        case "base64":
            body = encodebytes(data)
        case "quoted-printable":
            body = encodestring(data)
        case _:
            body = data
    part._payload = body.decode("ascii", "surrogateescape")  # type: ignore[attr-defined]  # noqa: SLF001 - as the parser keeps it
