"""Numbers that name parcels: shapes, check digits, and the pages they lead to.

Shapes and their proofs: UPU S10 (weights 8 6 4 2 3 5 9 7, modulo 11), Japanese domestic parcels
(first eleven digits
modulo 7), Amazon Logistics TBA. A number whose check digit fails is still what the mail says;
whoever relies on it asks.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def s10_valid(number: str) -> bool:
    """Whether the check digit of an UPU S10 number holds."""
    if not re.fullmatch(r"[A-Z]{2}[0-9]{9}[A-Z]{2}", number):
        return False
    total = sum(
        weight * int(digit) for weight, digit in zip(S10_WEIGHTS, number[2:10], strict=True)
    )
    check = 11 - total % 11
    return int(number[10]) == {10: 0, 11: 5}.get(check, check)


def mod7_valid(number: str) -> bool:
    """Whether a Japanese domestic number (12 digits, or 11 for registered mail) holds: all but the
    last, modulo 7.
    """
    return bool(re.fullmatch(r"[0-9]{11,12}", number)) and int(number[:-1]) % 7 == int(number[-1])


def mod10_valid(number: str) -> bool:
    """UPS 1Z: letters count as their place modulo 10, every second doubled, sum to the next ten."""
    if not re.fullmatch(r"1Z[0-9A-Z]{16}", number):
        return False
    digits = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in number[2:]]
    total = sum(digit * (2 if index % 2 else 1) for index, digit in enumerate(digits[:-1]))
    return (-total) % 10 == digits[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of tracking number."""

    name: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool] | None = None
    alone: bool = True
    """Whether the shape tells enough by itself; else only beside a label (お問い合わせ番号)."""
    valid: tuple[str, ...]
    invalid: tuple[str, ...]
    link: str | None = None


def _shape(
    name: str, pattern: str, valid: tuple[str, ...], invalid: tuple[str, ...], **more: object
) -> Shape:
    return Shape(name=name, pattern=re.compile(pattern), valid=valid, invalid=invalid, **more)  # type: ignore[arg-type]


SHAPES: tuple[Shape, ...] = (
    _shape(
        "s10",
        r"[A-Z]{2}[0-9]{9}[A-Z]{2}",
        ("RR473124829GB", "EE473124829JP"),
        ("RR473124829", "R473124829GB"),
        check=s10_valid,
        link="https://t.17track.net/en#nums={number}",
    ),
    _shape(
        "amazon-logistics",
        r"TB[ACM][0-9]{12}",
        ("TBA123456789012",),
        ("TBA12345678901", "TBX123456789012"),
    ),
    _shape(
        "cainiao",
        r"LP[0-9]{14,16}|CNFR[0-9]{8,14}HD|CAINIAO[A-Z0-9]{6,16}",
        ("LP00123456789012",),
        ("LP123", "LX00123456789012"),
        link="https://global.cainiao.com/newDetail.htm?mailNoList={number}",
    ),
    _shape(
        "yunexpress",
        r"YT[0-9]{16}",
        ("YT2100000000000001",),
        ("YT210000000000001",),
        link="https://www.yuntrack.com/parcelTracking?id={number}",
    ),
    _shape(
        "4px",
        r"4PX[0-9]{10,16}CN",
        ("4PX3000000000001CN",),
        ("4PX1CN",),
        link="https://track.4px.com/#/result/0/{number}",
    ),
    _shape(
        "yanwen",
        r"U[A-Z][0-9]{9}YP",
        ("UJ000000001YP",),
        ("UJ00000001YP",),
        link="https://track.yw56.com.cn/en/querydel?nums={number}",
    ),
    _shape("sf-express", r"SF[0-9]{12,15}", ("SF1000000000001",), ("SF10000000",)),
    _shape("jt-express", r"JT[0-9]{12,15}", ("JT000000000001",), ("JT00000001",)),
    _shape(
        "ups",
        r"1Z[0-9A-Z]{16}",
        ("1Z999AA10123456784",),
        ("1Z999AA1012345678", "2Z999AA10123456784"),
        check=mod10_valid,
        link="https://www.ups.com/track?tracknum={number}",
    ),
    _shape(
        "dhl-sscc",
        r"00340[0-9]{15}",
        ("00340000000000000001",),
        ("0034000000000000001",),
        link="https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode={number}",
    ),
    _shape("hermes", r"H[0-9]{19}", ("H1000000000000000001",), ("H100000000000000001",)),
    _shape(
        "yamato",
        r"[0-9]{12}",
        ("444413758703", "123456789013"),
        ("444413758704", "123456789012"),
        check=mod7_valid,
        alone=False,
        link="https://jizen.kuronekoyamato.co.jp/jizen/servlet/crjz.b.NQ0010?id={number}",
    ),
    _shape(
        "sagawa",
        r"[0-9]{12}",
        ("512547514334",),
        ("512547514335",),
        check=mod7_valid,
        alone=False,
        link="https://k2k.sagawa-exp.co.jp/p/web/okurijosearch.do?okurijoNo={number}",
    ),
    _shape(
        "japan-post",
        r"[0-9]{12}|[0-9]{11}",
        ("405548424886",),
        ("405548424887",),
        check=mod7_valid,
        alone=False,
        link="https://trackings.post.japanpost.jp/services/srv/search/direct?reqCodeNo1={number}&locale=ja",
    ),
)
BY_NAME = {shape.name: shape for shape in SHAPES}

# How mails write the carriers whose page we can build, in folded form.
CARRIERS = {
    "ヤマト運輸": "yamato",
    "ヤマト": "yamato",
    "クロネコヤマト": "yamato",
    "yamato": "yamato",
    "yamato transport": "yamato",
    "佐川急便": "sagawa",
    "sagawa": "sagawa",
    "sagawa express": "sagawa",
    "日本郵便": "japan-post",
    "ゆうパック": "japan-post",
    "japan post": "japan-post",
    "jp post": "japan-post",
    "ups": "ups",
    "dhl": "dhl-sscc",
    "dhl paket": "dhl-sscc",
    "yunexpress": "yunexpress",
    "cainiao": "cainiao",
    "4px": "4px",
    "yanwen": "yanwen",
}


def normal(number: str) -> str:
    """A number without the spaces and hyphens it is printed with."""
    return re.sub(r"[\s\-]", "", number).upper()


def shape_of(number: str) -> Shape | None:
    """The shape that tells by itself what this number is."""
    return next(
        (shape for shape in SHAPES if shape.alone and shape.pattern.fullmatch(number)), None
    )


def check_digit_holds(number: str, provider: str | None = None) -> bool | None:
    """Whether the check digit of a tracking number holds; None when its kind has none or is not
    known.
    """
    shape = BY_NAME.get(CARRIERS.get((provider or "").lower(), "")) or shape_of(number)
    if shape is None or shape.check is None or not shape.pattern.fullmatch(number):
        return None
    return shape.check(number)


def tracking_link(number: str, provider: str | None = None) -> str | None:
    """The carrier's own page for a parcel, built from its number; None when the carrier is not
    known.
    """
    shape = BY_NAME.get(CARRIERS.get((provider or "").lower(), "")) or shape_of(number)
    if shape is None or shape.link is None or not shape.pattern.fullmatch(number):
        return None
    return shape.link.format(number=quote(number, safe=""))
