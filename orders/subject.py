"""What rules are judged on: a subject is one order, case, watch, finding, mail … as a flat table of
facts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from orders.belief import is_unverified
from parsers.notice import Money


class FactType(StrEnum):
    """How a fact may be tested."""

    FLAG = "yes/no"
    CHOICE = "choice"
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    TIME = "time"


FactValue = bool | str | Decimal | Money | datetime
"""Yes/no, choice or text, number, money, aware UTC time. A missing fact is absent from the table,
never None.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSpec:
    """One row of the documented table of facts: checks, help, JSON Schema and docs are generated
    from it.
    """

    name: str
    """`about.word`, such as `order.ship_by`."""
    type: FactType
    meaning: str
    example: str
    listed: tuple[str, ...] = ()
    found: Callable[[], tuple[str, ...]] | None = None
    """Where the choices are no list of ours: who knows them now."""

    @property
    def choices(self) -> tuple[str, ...]:
        """What it may be."""
        return self.found() if self.found else self.listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing rules speak about, with its facts at one instant."""

    about: str
    """order, shipment, case kinds (dispute, appeal, return, refund, cancellation, claim,
    chargeback, account, fee),
    watch, finding, mail, mailbox, target, pack, rules.
    """
    id: str
    """Stable name, unique within `about`; for an order its key."""
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    """Its own facts (`watch.due_at`) and those of its order (`order.number`), every yes/no fact of
    them present.
    """
    order: str | None = None
    """Key of the order it belongs to: alerts of one order are grouped."""
    orders: tuple[str, ...] = ()
    """Order numbers as people know them, for the alert's text and JSON."""
    mails: tuple[int, ...] = ()
    """The store's numbers of the mails it rests on: where it was read."""
    due_at: datetime | None = None
    """Until when, if anything is due."""
    uncounted: Mapping[str, FactValue] = field(default_factory=dict)
    """What its facts would be if mail that is not believed counted, where that differs."""

    @property
    def believed(self) -> bool:
        """Made from believed mail alone (`orders.belief`)."""
        return not is_unverified(self.id)
