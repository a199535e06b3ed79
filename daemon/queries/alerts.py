"""Alerts as rows, in the words they are told in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from daemon.queries.times import iso
from daemon.store.alerts import AlertRow
from daemon.store.ledger import Ledger
from parsers.errors import OrderbellError
from rules.alert import AlertState, Cause
from rules.rulebook import Rulebook
from rules.wording import Listener, write


class UnknownAlertError(OrderbellError):
    """No open alert has that number, and no order of that number has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """In whose words and zone alerts are told."""

    book: Rulebook
    language: str
    zone: tzinfo
    now: datetime

    def title(self, row: AlertRow) -> str:
        """As it would be told now; the rule's id when that rule is no more."""
        try:
            rule = self.book.rule(row.alert.rule)
        except KeyError:
            return row.alert.rule
        listener = Listener(language=self.language, zone=self.zone, now=self.now)
        return write(rule, row.subject, row.alert, Cause.FIRING, listener).title


def listed_alerts(
    ledger: Ledger, teller: Teller, *, everything: bool = False, limit: int = 200
) -> list[Mapping[str, Any]]:
    """The worst first; without `everything` only those that ring or wait for something."""
    if everything:
        rows = ledger.alerts.listed(limit=limit)
    else:
        live = ledger.alerts.all_live(limit=limit)
        rows = tuple(row for row in live if row.alert.state is not AlertState.PENDING)
    worst = sorted(rows, key=lambda row: -row.alert.severity.rank)
    return [_row(row, teller) for row in worst]


def open_alerts(ledger: Ledger, wanted: Sequence[str]) -> list[AlertRow]:
    """Live alerts by their numbers or those of their orders. Raises UnknownAlertError."""
    live = ledger.alerts.all_live()
    rows: dict[int, AlertRow] = {}
    for word in wanted:
        hits = [row for row in live if str(row.id) == word or word in row.alert.orders]
        if not hits:
            raise UnknownAlertError(f"no alert {word!r} is open", "orderbell alerts lists them")
        rows |= {row.id: row for row in hits}
    return list(rows.values())


def _row(row: AlertRow, teller: Teller) -> Mapping[str, Any]:
    alert = row.alert
    return {
        "alert": row.id,
        "rule": alert.rule,
        "severity": alert.severity.value,
        "state": alert.state.value,
        "title": teller.title(row),
        "orders": list(alert.orders),
        "since": iso(alert.since, teller.zone),
        "due_at": iso(alert.due_at, teller.zone),
        "mails": list(alert.mails),
    }
