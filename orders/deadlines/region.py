"""Which country's marketplace an order is from, as far as its mails tell."""

import re

from orders.event import Event

DOMAINS = (
    (re.compile(r"amazon\.co\.jp$"), "JP"),
    (re.compile(r"amazon\.co\.uk$"), "GB"),
    (re.compile(r"amazon\.com\.([a-z]{2})$"), None),
    (re.compile(r"amazon\.com$"), "US"),
    (re.compile(r"amazon\.([a-z]{2})$"), None),
)
CURRENCIES = {
    "JPY": "JP",
    "USD": "US",
    "GBP": "GB",
    "CAD": "CA",
    "AUD": "AU",
    "INR": "IN",
    "MXN": "MX",
    "BRL": "BR",
}

STORES = {
    "JP": "amazon.co.jp",
    "GB": "amazon.co.uk",
    "US": "amazon.com",
    "AU": "amazon.com.au",
    "BR": "amazon.com.br",
    "MX": "amazon.com.mx",
    "TR": "amazon.com.tr",
    "BE": "amazon.com.be",
}


def store(country: str | None) -> str | None:
    """Amazon's domain in that country."""
    return None if country is None else STORES.get(country, f"amazon.{country.lower()}")


def region(events: tuple[Event, ...], currency: str | None) -> str | None:
    """ISO 3166-1 alpha-2 of the marketplace: by sender, else by currency, else by language; None
    when nothing tells.
    """
    by_sender = next(filter(None, map(_country_of_sender, events)), None)
    if by_sender is not None:
        return by_sender
    if currency in CURRENCIES:
        return CURRENCIES[currency]
    return "JP" if any(event.language == "ja" for event in events) else None


def _country_of_sender(event: Event) -> str | None:
    domain = event.sender.rpartition("@")[2].lower()
    for pattern, country in DOMAINS:
        found = pattern.search(domain)
        if found is not None:
            return country or found[1].upper()
    return None
