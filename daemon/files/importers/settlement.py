"""Amazon's settlement report (flat file V2): which sales were booked, what was paid back, which fee
rate was taken.

The columns are from general knowledge of the V2 flat file, not from a public page (grade C). A rate
is the commission
over what the buyer paid for the item, its shipping and wrapping, in percent; where tax is settled
apart, the shop's own
page is the truth.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from daemon.files.importers.entry import Batch, Entry, Group, Import, collect, start_of
from daemon.files.importers.table import Table, TableRow
from daemon.files.importers.values import CellError, amazon_order, currency, day_comes_first
from orders.event import Event, Source
from parsers.notice import FieldValue, Kind, Money, Role, Trust
from parsers.user_yaml import Fault

SALE = frozenset({"Order"})
PAID_BACK = frozenset({"Refund", "Chargeback Refund", "A-to-z Guarantee Refund"})
BASE = frozenset({"Principal", "Tax", "Shipping", "ShippingTax", "GiftWrap", "GiftWrapTax"})


def read_settlement(table: Table, about: Import) -> Batch:
    """Order rows by order, the fee rate of each stock number, and the payout that the first row
    tells.
    """
    day_first = day_comes_first([*table.column("posted-date"), *table.column("deposit-date")])
    settlement = Settlement(table, day_first)
    orders = tuple(
        row for row in table.rows if row.text("order-id") and row.text("transaction-type")
    )
    sales = collect(
        Table(file=table.file, header=table.header, rows=orders, faults=table.faults),
        lambda row: amazon_order(row.need("order-id"), "order-id"),
        settlement.check,
        lambda group: settlement.order(group, about),
    )
    faults = list(sales.faults)
    others = (*settlement.rates(orders, about), *settlement.payouts(about, faults))
    told = sum(1 for row in table.rows if row.text("total-amount"))
    skipped = len(table.rows) - len(orders) - told
    return Batch(events=(*sales.events, *others), faults=tuple(sorted(faults)), skipped=skipped)


class Settlement:
    """The parts of one settlement file."""

    def __init__(self, table: Table, day_first: bool | None) -> None:
        self.table = table
        self.day_first = day_first
        self.units = {
            row.need("settlement-id"): row.need("currency")
            for row in table.rows
            if row.text("settlement-id") and row.text("currency")
        }

    def check(self, row: TableRow) -> object:
        return self.posted(row), self.money(row), row.need("settlement-id")

    def posted(self, row: TableRow) -> datetime:
        found = row.when("posted-date-time", "posted-date", zone=UTC, day_first=self.day_first)
        if found is None:
            raise CellError("posted-date", "'posted-date' is empty")
        return start_of(found, UTC)

    def money(self, row: TableRow) -> Money:
        value = row.amount("amount")
        if value is None:
            raise CellError("amount", "'amount' is empty")
        unit = row.text("currency") or self.units.get(row.need("settlement-id"))
        if unit is None:
            raise CellError("currency", "no row of this settlement names its currency")
        return Money(value=value, currency=currency(unit, "currency"))

    def order(self, group: Group, about: Import) -> Iterable[Event]:
        """`settled` with the net amount, and each refund by the platform's own adjustment."""
        number, rows = group
        entry = Entry(marketplace="amazon", role=Role.SELLER, order=number, seen=about.seen)
        by_settlement = defaultdict(list)
        for row in rows:
            by_settlement[row.need("settlement-id"), row.need("transaction-type")].append(row)
        for (name, kind), mine in by_settlement.items():
            if kind in SALE:
                yield self._settled(entry, name, mine)
            elif kind in PAID_BACK:
                yield from self._paid_back(entry, f"{name}:{kind}", mine)

    def _settled(self, entry: Entry, name: str, rows: Sequence[TableRow]) -> Event:
        fields: dict[str, FieldValue | None] = {
            "status": "settled",
            "period": name,
            "amount": self._sum(rows),
            "sku": _sku(rows),
        }
        return entry.event(Kind.IMPORT_ROW, f"settled:{name}", self._latest(rows), fields=fields)

    def _paid_back(self, entry: Entry, name: str, rows: Sequence[TableRow]) -> Iterable[Event]:
        paid = self._sum([row for row in rows if row.text("amount-description") in BASE])
        if paid is None or paid.value >= 0:
            return
        at = self._latest(rows)
        fields: dict[str, FieldValue | None] = {
            "amount": Money(value=-paid.value, currency=paid.currency),
            "at": at,
            "sku": _sku(rows),
        }
        yield entry.event(Kind.REFUND_COMPLETED, f"refund.completed:{name}", at, fields=fields)

    def _latest(self, rows: Iterable[TableRow]) -> datetime:
        return max(self.posted(row) for row in rows)

    def rates(self, rows: Sequence[TableRow], about: Import) -> Iterable[Event]:
        """A `fee.notice` wherever the rate taken for a stock number is not the one taken before it
        in this file.
        """
        for sku in filter(None, dict.fromkeys(row.text("sku") for row in rows)):
            for (_, before, _), (at, rate, number) in pairwise(sorted(self._rates_of(sku, rows))):
                if rate != before:
                    yield _fee(sku, rate, before, at, number, about)

    def _rates_of(
        self, sku: str | None, rows: Sequence[TableRow]
    ) -> Iterable[tuple[datetime, Decimal, str]]:
        by_order: dict[str, list[TableRow]] = defaultdict(list)
        for row in rows:
            if row.text("sku") == sku and row.text("transaction-type") in SALE:
                by_order[row.need("order-id")].append(row)
        for number, mine in by_order.items():
            with suppress(CellError):  # told as a fault of its own row already
                at, rate = self._latest(mine), _rate(mine)
                if rate is not None:
                    yield at, rate, number

    def payouts(self, about: Import, faults: list[Fault]) -> Iterable[Event]:
        for row in self.table.rows:
            if not row.text("total-amount"):
                continue
            try:
                yield self._payout(row, about)
            except CellError as error:
                faults.append(self.table.fault(row, error))

    def _payout(self, row: TableRow, about: Import) -> Event:
        money = row.money("total-amount", unit="currency")
        deposited = row.when(
            "deposit-date", "settlement-end-date", zone=UTC, day_first=self.day_first
        )
        if deposited is None or money is None:
            raise CellError("deposit-date", "'deposit-date' is empty")
        start, end = row.text("settlement-start-date"), row.text("settlement-end-date")
        name = row.need("settlement-id")
        return _loose(
            Kind.PAYOUT_SENT, f"payout:{name}", start_of(deposited, UTC), about, amount=money,
            period=f"{start} – {end}" if start and end else name,
        )  # fmt: skip

    def _sum(self, rows: Sequence[TableRow]) -> Money | None:
        parts = [self.money(row) for row in rows]
        if not parts or len({part.currency for part in parts}) != 1:
            return None
        return Money(
            value=sum((part.value for part in parts), Decimal(0)), currency=parts[0].currency
        )


def _rate(rows: Sequence[TableRow]) -> Decimal | None:
    """The fee in per cent of what the buyer paid, to a tenth."""
    base = _added(row for row in rows if row.text("amount-description") in BASE)
    fee = _added(row for row in rows if row.text("amount-description") == "Commission")
    if not 0 < -fee <= base:
        return None
    return (-fee * 100 / base).quantize(Decimal("0.1"), ROUND_HALF_UP).normalize()


def _added(rows: Iterable[TableRow]) -> Decimal:
    return sum((row.amount("amount") or Decimal(0) for row in rows), Decimal(0))


def _sku(rows: Sequence[TableRow]) -> str | None:
    """The stock number when the rows agree on one."""
    found = {row.text("sku") for row in rows} - {None}
    return found.pop() if len(found) == 1 else None


def _fee(
    sku: str, rate: Decimal, before: Decimal, at: datetime, number: str, about: Import
) -> Event:
    fields: dict[str, FieldValue] = {
        "sku": sku,
        "old_rate": before,
        "new_rate": rate,
        "effective_on": at,
    }
    return _loose(Kind.FEE_NOTICE, f"fee:{sku}:{at:%Y%m%d}:{rate:f}:{number}", at, about, **fields)


def _loose(kind: Kind, what: str, at: datetime, about: Import, **fields: FieldValue) -> Event:
    """An event of the account, not of one order."""
    return Event(
        origin=f"import:amazon:{Role.SELLER}:{what}",
        kind=kind,
        at=min(at, about.seen),
        seen=about.seen,
        source=Source.IMPORT,
        marketplace="amazon",
        role=Role.SELLER,
        trust=Trust.VERIFIED,
        fields=fields,
    )
