"""Which country's marketplace an order is from, as far as its mails tell."""

from orders.event import Event
from parsers import marketplaces

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
    return marketplaces.of(event.marketplace).country(event.sender.rpartition("@")[2])
