"""Orders folded from their events, kept while nothing touches them."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from threading import Lock

from daemon.store.ledger import Ledger
from daemon.store.orders import OrderRow
from orders.deadlines.policy import Policy
from orders.facts.view import View, view

KEPT = 64
"""Orders remembered: more than a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    seen: tuple[int, datetime]
    view: View


class FoldedOrders:
    """Views of one ledger under one policy, the last used ones remembered; for several threads."""

    def __init__(self, policy: Policy, zone: tzinfo) -> None:
        self._policy = policy
        self._zone = zone
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._turn = Lock()

    def of(self, ledger: Ledger, row: OrderRow) -> View:
        """The view of the order of that row."""
        seen = (row.events, row.last_at)
        with self._turn:
            known = self._kept.get(row.key)
            if known is not None and known.seen == seen:
                self._kept.move_to_end(row.key)
                return known.view
        made = _Kept(seen=seen, view=view(row.key, ledger, self._policy, self._zone))
        with self._turn:
            self._kept[row.key] = made
            self._kept.move_to_end(row.key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made.view

    def by_key(self, ledger: Ledger, keys: Iterable[str]) -> dict[str, View]:
        """The views of those keys that are orders of the ledger."""
        rows = (ledger.orders.get(key) for key in dict.fromkeys(keys))
        return {row.key: self.of(ledger, row) for row in rows if row is not None}
