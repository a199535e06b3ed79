"""The orders a person means: by number, and where a note about one belongs."""

from dataclasses import dataclass

from daemon.pipeline.notes import Note, marketplace_of
from daemon.store.ledger import Ledger
from daemon.store.orders import OrderRow
from parsers.errors import OrderbellError
from parsers.notice import Kind, Role
from parsers.user_yaml import did_you_mean

KNOWN = 1000
"""Orders whose numbers are compared with a misspelt one."""


class UnknownOrderError(OrderbellError):
    """No order of the ledger has that number."""


class AmbiguousOrderError(OrderbellError):
    """The number is that of a purchase and of a sale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteHome:
    """Whose order a note is about."""

    marketplace: str
    role: Role
    known: bool
    """Whether the ledger has the order already."""


def find_orders(ledger: Ledger, number: str) -> tuple[OrderRow, ...]:
    """The orders of that number. Raises UnknownOrderError with a suggestion."""
    rows = ledger.orders.find(number.strip())
    if not rows:
        raise UnknownOrderError(_unknown(ledger, number))
    return rows


def note_home(ledger: Ledger, note: Note, role: str | None) -> NoteHome:
    """Where the note belongs; an order that is not in the ledger begins with order.placed.

    Raises UnknownOrderError, AmbiguousOrderError, and ValueError for what is no order number.
    """
    rows = [row for row in ledger.orders.find(note.order) if role in (None, row.role)]
    if len(rows) > 1:
        raise AmbiguousOrderError(
            f"you have {note.order} as buyer and as seller; say --role buyer or --role seller"
        )
    if rows:
        return NoteHome(marketplace=rows[0].marketplace, role=Role(rows[0].role), known=True)
    if note.kind is not Kind.ORDER_PLACED:
        raise _not_begun(ledger, note.order)
    marketplace = marketplace_of(note.order)
    return NoteHome(marketplace=marketplace, role=Role(role or "buyer"), known=False)


def _not_begun(ledger: Ledger, number: str) -> UnknownOrderError:
    text = _unknown(ledger, number)
    end = "" if text.endswith("?") else "."
    return UnknownOrderError(f"{text}{end} For a new one, note order.placed first")


def _unknown(ledger: Ledger, number: str) -> str:
    known = [row.number for row in ledger.orders.listed(limit=KNOWN)]
    hint = did_you_mean(number, known) or "; orderbell orders --all lists all"
    return f"no order {number!r} in the ledger{hint}"
