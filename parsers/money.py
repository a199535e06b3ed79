"""Amounts as mails print them: `$26.12`, `7.39€`, `EUR 24,63`, `￥ 2,168`, `12.3 EUR`, `LKR
42,200.61`, `500円`.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from parsers.notice import Money

SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "US$": "USD",
        "US $": "USD",
        "C$": "CAD",
        "CA$": "CAD",
        "CDN$": "CAD",
        "$ CA": "CAD",
        "$ US": "USD",
        "A$": "AUD",
        "AU$": "AUD",
        "AU $": "AUD",
        "NZ$": "NZD",
        "S$": "SGD",
        "HK$": "HKD",
        "NT$": "TWD",
        "MX$": "MXN",
        "R$": "BRL",
        "CLP$": "CLP",
        "€": "EUR",
        "£": "GBP",
        "¥": "JPY",
        "JP¥": "JPY",
        "CN¥": "CNY",
        "円": "JPY",
        "₹": "INR",
        "₩": "KRW",
        "원": "KRW",
        "zł": "PLN",
        "₺": "TRY",
        "₽": "RUB",
        "руб.": "RUB",
        "₪": "ILS",
        "₴": "UAH",
        "Kč": "CZK",
        "Rs.": "INR",
    }
)
CODES = frozenset(
    [
        "AED",
        "ARS",
        "AUD",
        "BGN",
        "BRL",
        "CAD",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CZK",
        "DKK",
        "EGP",
        "EUR",
        "GBP",
        "HKD",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "JPY",
        "KRW",
        "KWD",
        "KZT",
        "LKR",
        "MAD",
        "MXN",
        "MYR",
        "NGN",
        "NOK",
        "NZD",
        "PEN",
        "PHP",
        "PKR",
        "PLN",
        "QAR",
        "RON",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TRY",
        "TWD",
        "UAH",
        "USD",
        "VND",
        "ZAR",
    ]
)
WHOLE = frozenset({"JPY", "KRW", "CLP", "VND"})
"""Currencies without a smaller unit in use."""

DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "BRL", "CLP", "COP", "ARS")
"""What a bare $ can mean."""

_OF_DOLLARS = "|".join(DOLLARS)
_SIGN = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True)) + (
    rf"|(?:{_OF_DOLLARS})\s?\$|(?<![A-Za-z])\$"
)
_UNIT = rf"(?:{_SIGN}|\b(?:{'|'.join(sorted(CODES))})\b)"
_NUMBER = (
    r"[0-9]{1,3}(?:[.,'\u00a0 ][0-9]{3}){1,6}(?:[.,][0-9]{1,2})?|[0-9]{1,18}(?:[.,][0-9]{1,3})?"
)
NUMBER = re.compile(r"-?[0-9][0-9.,]*")
SPACES_IN_NUMBER = re.compile(r"['\u00a0 ]")
AMOUNT = re.compile(
    rf"(?P<sign>(?<![^\s(])[-\u2212])?(?P<before>{_UNIT})\s*(?P<a>-?(?:{_NUMBER}))(?![\d])"
    rf"(?:\s?(?P<of>{_OF_DOLLARS})\b)?|(?<![\d.,])(?P<b>-?(?:{_NUMBER}))\s*(?P<after>{_UNIT})"
)


def find_money(text: str, dollar: str | None = "USD", yen: str = "JPY") -> Money | None:
    """The one amount in `text`, or None when there is none or more than one.

    `dollar` is what a bare `$` means for this sender (None: nothing); `yen` what ¥ means.
    """
    found = set(every_money(text, dollar, yen))
    return found.pop() if len(found) == 1 else None


def every_money(text: str, dollar: str | None = "USD", yen: str = "JPY") -> Iterator[Money]:
    """Every amount in `text`, in its order."""
    for match in AMOUNT.finditer(text):
        if (money := _money(match, dollar, yen)) is not None:
            yield money


def whole_money(text: str, dollar: str | None = "USD", yen: str = "JPY") -> Money | None:
    """The amount that `text` is, apart from spaces and a closing full stop."""
    match = AMOUNT.fullmatch(text.strip().rstrip("。").removesuffix(".").strip())
    return _money(match, dollar, yen) if match else None


def _money(match: re.Match[str], dollar: str | None, yen: str) -> Money | None:
    currency = _currency(match, dollar, yen)
    if currency is None:
        return None
    value = _number(match["a"] or match["b"], currency)
    if value is None:
        return None
    return Money(value=-value if match["sign"] else value, currency=currency)


def _currency(match: re.Match[str], dollar: str | None, yen: str) -> str | None:
    """Of `$12`, `CAD $12`, `$12 CAD`, `¥12`; None when the sign and the word behind it differ."""
    unit = match["before"] or match["after"]
    if unit == "$":
        return match["of"] or dollar
    if unit == "¥":
        return yen
    currency = SIGNS.get(unit, unit[:3])
    return currency if match["of"] in (None, currency) else None


def _number(text: str, currency: str) -> Decimal | None:
    value = number_of(text)
    if value is None or currency in WHOLE:
        return value
    return value.quantize(Decimal("0.01"))


def number_of(text: str, *, dot_is_point: bool = False) -> Decimal | None:
    """A number as shops print it, in ASCII digits: `1,234.50`, `1.234,50`, `1 234`, `26.12`. None
    for what is no number.

    A mark before exactly three digits parts thousands. `dot_is_point`:
    where a lone dot never does, as in files that programs write.
    """
    digits = SPACES_IN_NUMBER.sub("", text)
    if not NUMBER.fullmatch(digits):
        return None
    mark = max(digits.rfind("."), digits.rfind(","))
    if mark < 0:
        return Decimal(digits)
    sign, behind = digits[mark], len(digits) - mark - 1
    mixed = "," in digits and "." in digits
    repeated = digits.count(sign) > 1
    if repeated and (mixed or behind != 3):
        return None  # 1,234.567.890 and 12,34,5
    thousands = repeated or (behind == 3 and not mixed and not (sign == "." and dot_is_point))
    whole, part = (digits, "") if thousands else (digits[:mark], digits[mark + 1 :])
    return Decimal(f"{whole.replace(',', '').replace('.', '')}.{part}")
