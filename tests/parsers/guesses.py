"""A mail made from each phrase that is our guess, so that no file has to prove our wording with our
wording.

What a mail is dressed in (plain, HTML, both, an old charset, direction marks) goes round, so that
every language is read in each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.header import Header
from functools import cache
from itertools import cycle

from parsers.notice import FIELDS, FieldType, Proof, Role
from parsers.pack import Pack, phrases, shipped
from parsers.phrase import GAP, Phrase
from parsers.template import Label, Template

STAMP = "mx.example.org"
DATE = "Tue, 12 May 2026 09:30:00 +0000"
ORDERS = {"amazon": "249-0000000-0000001", "aliexpress": "8100000000000001"}
STORES: Mapping[str, Mapping[str, str]] = {
    "amazon": {
        "de": "amazon.de",
        "en": "amazon.com",
        "es": "amazon.es",
        "fr": "amazon.fr",
        "it": "amazon.it",
        "ja": "amazon.co.jp",
        "ko": "amazon.com",
        "nl": "amazon.nl",
        "pl": "amazon.pl",
        "pt": "amazon.com.br",
    },
    "aliexpress": {},
}
SENDERS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("amazon", "buyer"): {
        "": "order-update",
        "order.payment": "payments-messages",
        "order.placed": "auto-confirm",
        "refund": "payments-messages",
        "return": "return",
        "shipment": "shipment-tracking",
    },
    ("amazon", "seller"): {
        "": "seller-notification",
        "account": "seller-performance",
        "chargeback": "cb-seller-notification",
        "claim": "atoz-guarantee",
        "fee": "seller-fee-changes",
        "payout": "payments-seller",
        "return": "seller-returns",
    },
    ("aliexpress", "buyer"): {"": "transaction", "message": "message"},
    ("aliexpress", "seller"): {"": "transaction_seller"},
}
"""Who writes of a kind: the longest beginning that fits."""
SAMPLES: Mapping[str, str] = {
    "masked": "81000000****0001",
    "parcel": "LP00123456789012",
    "tracking": "1Z999AA10123456784",
    "package": "315190040000000005",
    "case": "CASE-00012345",
    "item": "Lantern...",
    "n": "2",
    "name": "Ana",
    "any": "Ana",
    "asin": "B000000001",
    "sku": "LAMP-01",
    "metric": "Late shipments",
    "store": "Lantern Shop",
    "title": "Lantern rules",
    "place": "Kiosk 12",
    "site": "com",
    "code": "482913",
    "category": "Lamps",
}
OLD_CHARSETS: Mapping[str, str] = {
    "de": "iso-8859-1",
    "en": "us-ascii",
    "es": "iso-8859-1",
    "fr": "iso-8859-15",
    "it": "windows-1252",
    "ja": "iso-2022-jp",
    "ko": "euc-kr",
    "nl": "windows-1252",
    "pl": "iso-8859-2",
    "pt": "iso-8859-1",
}
DRESSES = ("plain", "html", "both", "old charset", "direction marks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A phrase that is a guess, and the mail made from it."""

    pack: Pack
    phrase: Phrase
    template: Template
    dress: str
    raw: bytes

    @property
    def words(self) -> str:
        return (
            f"{self.phrase.source}: {self.phrase.written!r} ({self.template.kind.value},"
            f" {self.dress})"
        )


@cache
def guesses() -> tuple[Guess, ...]:
    """Every guess of the shipped packs."""
    return tuple(_guesses())


def _guesses() -> Iterator[Guess]:
    dresses = cycle(DRESSES)
    for pack in shipped().packs:
        for phrase, template in phrases(pack):
            if template.proof is Proof.GUESS:
                dress = next(dresses)
                yield Guess(
                    pack=pack,
                    phrase=phrase,
                    template=template,
                    dress=dress,
                    raw=made(pack, phrase, template, dress=dress),
                )


def made(
    pack: Pack, phrase: Phrase, template: Template, *below: str, dress: str = "plain"
) -> bytes:
    """The mail that says this phrase, and the lines `below` it."""
    number = ORDERS[pack.marketplace]
    said = GAP.sub(lambda gap: sample(gap[1], pack, template.language), phrase.written)
    subject = said if template.where == "subject" else f"№ {number}"
    lines = [] if template.where == "subject" else [said]
    lines += ["Ana", order_line(pack, template.language), *below]
    sender, name = sender_of(pack, template)
    return dressed(sender, name, subject, lines, dress, template.language)


def sender_of(pack: Pack, template: Template) -> tuple[str, str]:
    """The address that writes such mail, and the name it shows."""
    role = (template.role or Role.BUYER).value
    kind = template.kind.value
    if kind.startswith("message.") and pack.marketplace == "amazon" and role == "buyer":
        return "a1+b2@marketplace.amazon.com", "Lantern Shop"
    listed = SENDERS[pack.marketplace, role]
    local = listed[max((head for head in listed if kind.startswith(head)), key=len)]
    domain = STORES[pack.marketplace].get(template.language, "notice.aliexpress.com")
    return f"{local}@{domain}", domain


def sample(gap: str, pack: Pack, language: str) -> str:
    """What stands in a gap in our mails."""
    number = ORDERS[pack.marketplace]
    if gap in ("order", "orders"):
        return number
    if gap in SAMPLES:
        return SAMPLES[gap]
    return value_of(gap, pack, language)


def value_of(field: str, pack: Pack, language: str) -> str:
    """A text that the field `field` can be read from."""
    spec = FIELDS.get(field)
    if spec is not None and spec.type is FieldType.CHOICE:
        return next(iter(pack.languages[language].values.get(field, {})), "")
    if spec is not None and spec.type is FieldType.TEXT:
        return SAMPLES.get(field, "Lantern")
    kind = spec.type if spec is not None else FieldType.WHEN
    return {FieldType.MONEY: "USD 12.40", FieldType.NUMBER: "15"}.get(kind, "2026-05-30")


def order_line(pack: Pack, language: str) -> str:
    """The order number behind the word that this language has for it."""
    return f"{_first_label(pack, language, 'order').written} {ORDERS[pack.marketplace]}"


def _first_label(pack: Pack, language: str, field: str) -> Label:
    labels = [label for group in pack.languages[language].labels.values() for label in group]
    return min((label for label in labels if label.field == field), key=lambda label: label.rank)


def dressed(
    sender: str, name: str, subject: str, lines: Sequence[str], dress: str, language: str
) -> bytes:
    """A mail of these lines as a marketplace sends them."""
    if dress == "direction marks":
        lines = [_isolated(line) for line in lines]
    charset = _charset(lines, OLD_CHARSETS[language]) if dress == "old charset" else "utf-8"
    parts = []
    if dress != "html":
        parts.append(_part("plain", "\r\n".join(lines), charset))
    if dress in ("html", "both"):
        rows = "".join(f"<tr><td>{line}</td></tr>" for line in lines)
        parts.append(_part("html", f"<html><body><table>{rows}</table></body></html>", charset))
    if len(parts) == 1:
        return _head(sender, name, subject) + parts[0]
    inner = b"".join(b"--=_guess\r\n" + part + b"\r\n" for part in parts)
    kind = b'Content-Type: multipart/alternative; boundary="=_guess"\r\n\r\n'
    return _head(sender, name, subject) + kind + inner + b"--=_guess--\r\n"


def _head(sender: str, name: str, subject: str) -> bytes:
    domain = sender.rpartition("@")[2]
    fields = {
        "Authentication-Results": (
            f"{STAMP}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}"
        ),
        "Received": "from mail.example.org by mx.example.org; Tue, 05 May 2026 10:00:00 +0000",
        "From": f'"{name}" <{sender}>',
        "To": "me@example.org",
        "Subject": Header(subject, "utf-8").encode(linesep="\r\n"),
        "Date": DATE,
        "Message-ID": "<guess@mail.example.net>",
    }
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()


def _part(subtype: str, text: str, charset: str) -> bytes:
    head = f"Content-Type: text/{subtype}; charset={charset}\r\n"
    return f"{head}Content-Transfer-Encoding: 8bit\r\n\r\n".encode() + text.encode(charset)


def _isolated(line: str) -> str:
    """The order number between the marks that Amazon puts around it."""
    for number in ORDERS.values():
        line = line.replace(number, f"\u2066{number}\u2069")
    return line


def _charset(lines: Sequence[str], wanted: str) -> str:
    try:
        "".join(lines).encode(wanted)
    except UnicodeEncodeError:
        return "utf-8"
    return wanted
