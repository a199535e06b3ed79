"""What doing nothing costs, and how stores have behaved, as rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from daemon.pipeline.records import record_for
from daemon.queries.times import iso
from daemon.store.ledger import Ledger
from orders.deadlines.policy import Policy
from orders.facts.stake import Stake, Worth, ranked, stakes, totals, worst_stake
from orders.facts.stores import MARKS, StoreRecord
from orders.facts.view import view
from parsers.errors import OrderbellError
from parsers.user_yaml import did_you_mean
from rules.records import record_figures

EVERY = 100_000
"""More orders than any ledger has."""


class UnknownStoreError(OrderbellError):
    """No order of the ledger is from a store called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """For whom, and when."""

    policy: Policy
    zone: tzinfo
    now: datetime
    language: str
    worth: Worth


@dataclass(frozen=True, slots=True, kw_only=True)
class StakeList:
    rows: list[dict[str, Any]]
    """One a matter, what is due first first."""
    totals: tuple[str, ...]
    """One sum a currency, of one stake an order."""
    together: str | None
    """All of them in the user's currency, where the rates of the configuration allow it."""


def listed_stakes(ledger: Ledger, looker: Looker, *, everything: bool = False) -> StakeList:
    """What is at stake; without `everything` one matter an order, the worst."""
    found: list[Stake] = []
    worst: list[Stake] = []
    for row in ledger.orders.unsettled():
        own = stakes(view(row.key, ledger, looker.policy, looker.zone), looker.now)
        first = worst_stake(own, looker.now)
        worst += [first] if first else []
        found += own if everything else [first] if first else own[:1]
    sums = totals(worst)
    together = looker.worth.together(sums)
    return StakeList(
        rows=[_stake(one, looker) for one in ranked(found)],
        totals=tuple(str(one) for one in sums),
        together=None if together is None else str(together),
    )


def _stake(stake: Stake, looker: Looker) -> dict[str, Any]:
    marketplace, role, number = stake.order.split(":", 2)
    return {
        "order": number,
        "marketplace": marketplace,
        "role": role,
        "kind": stake.kind,
        "amount": None if stake.amount is None else str(stake.amount),
        "due_at": iso(stake.due_at, looker.zone),
        "mine": stake.mine,
        "small": looker.worth.is_small(stake.amount),
    }


def listed_stores(
    ledger: Ledger, looker: Looker, *, name: str | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Stores by how many of their orders went wrong; with `name` those it is part of. Raises
    UnknownStoreError.
    """
    first = {
        (row.marketplace, row.store): row
        for row in ledger.orders.listed(limit=EVERY)
        if row.store and row.role == "buyer"
    }
    wanted = {key: row for key, row in first.items() if name is None or _named(name, str(key[1]))}
    if name is not None and not wanted:
        known = [str(store) for _, store in first]
        raise UnknownStoreError(
            f"no order in the ledger is from a store {name!r}"
            f"{did_you_mean(name, known) or '; orderbell stores lists all'}"
        )
    records = [
        record_for(ledger, row, looker.policy, looker.zone, looker.now) for row in wanted.values()
    ]
    ordered = sorted(records, key=lambda one: (-_trouble(one), -len(one.orders), one.name))
    return [store_row(one, looker.language) for one in ordered[:limit]]


def store_row(record: StoreRecord, language: str) -> dict[str, Any]:
    """Figures, and behind each the orders."""
    return {
        "store": record.name,
        "marketplace": record.marketplace,
        "orders": list(record.orders),
        "days_to_ship": record.days_to_ship,
        **{mark: list(record.of(mark)) for mark in MARKS},
        "record": record_figures(record, language),
    }


def behind(row: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Each figure of a store that is not none, with its orders."""
    for mark in MARKS:
        if row[mark]:
            yield mark, row[mark]


def _named(name: str, store: str) -> bool:
    return name.strip().casefold() in store.casefold()


def _trouble(record: StoreRecord) -> int:
    wrong = (numbers for mark, numbers in record.marks.items() if mark not in ("won", "valid"))
    return len({number for numbers in wrong for number in numbers})
