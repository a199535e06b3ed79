"""Words of values that the page shows in the reader's language."""

from collections.abc import Iterator

from orders.facts_table import CASE_STATES
from orders.order import Actor, OrderStatus, ShipmentStatus
from parsers.notice import Outcome, Role, Trust
from rules.alert import AlertState, Cause, Severity

MORE = (
    "There is nothing at this address.",
    "This is a mistake of ours; the log says more.",
    "aliexpress",
    "amazon",
    "mail",
    "note",
    "import",
    "terminal",
    "phone",
    "page",
    "star",
    "valid",
    "invalid",
    "mixed",
    "sent",
    "new",
    "dead",
    "folded",
    "sending",
    "unsure",
    "quarantine",
    "read",
    "ignored",
    "8h",
    "1d",
    "3d",
    "deadline-24h",
)


def page_words() -> Iterator[str]:
    """Each as the catalogue knows it: `in_transit` is “in transit”."""
    enums = (OrderStatus, ShipmentStatus, Actor, AlertState, Cause, Severity, Role, Trust, Outcome)
    values = [one.value for kind in enums for one in kind]
    states = [state for known in CASE_STATES.values() for state in known]
    yield from (value.replace("_", " ") for value in (*values, *states, *MORE))
