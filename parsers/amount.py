"""Amounts as people write them, in a command or a file: a value and its currency, `26.12 USD`."""

from decimal import Decimal, InvalidOperation

from parsers.notice import CURRENCIES, Money
from parsers.user_yaml import did_you_mean


def currency_code(text: str) -> str:
    """An ISO 4217 code in upper case. Raises ValueError with a suggestion."""
    code = text.strip().upper()
    if code not in CURRENCIES:
        raise ValueError(
            f"{text!r} is no currency; write a code such as JPY or"
            f" USD{did_you_mean(code, CURRENCIES)}"
        )
    return code


def amount(text: str) -> Money:
    """An amount such as '26.12 USD'. Raises ValueError with what to write."""
    number, _, currency = text.strip().partition(" ")
    how = "write value and currency, such as '26.12 USD'"
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ValueError(f"{text!r} is no amount; {how}")
    if not currency:
        raise ValueError(f"{text!r} names no currency; {how}")
    return Money(value=value, currency=currency_code(currency))
