"""Amounts as people write them, in a command or a file: a value and its currency, `26.12 USD`."""

import re
from decimal import Decimal

from parsers.notice import CURRENCIES, Money
from parsers.user_yaml import did_you_mean

NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,6})?|\.[0-9]{1,6}")
"""Below 10^15 and not finer than anybody pays; no exponent, of which ten letters are gigabytes."""
SHOWN = 60


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
    if not NUMBER.fullmatch(number):
        raise ValueError(f"{text[:SHOWN]!r} is no amount; {how}")
    if not currency:
        raise ValueError(f"{text!r} names no currency; {how}")
    return Money(value=Decimal(number), currency=currency_code(currency))
