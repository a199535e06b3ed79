"""What imported files come to in the ledger: known orders, nothing that rings for years gone by."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from daemon.files.importers import read
from orders.deadlines import policy
from orders.event import Event, Source
from orders.facts.view import view
from orders.order import ShipmentStatus
from parsers.notice import Kind, Money, Role, Trust
from tests.orders.list_index import ListIndex

FOLDER = Path(__file__).parents[3] / "fixtures" / "imports"
SEEN = datetime(2026, 6, 1, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


def order(key, *files):
    events = [
        event for file in files for event in read(FOLDER / file, seen=SEEN, zone=TOKYO).events
    ]
    return view(key, ListIndex(events), policy.load(), TOKYO)


@pytest.mark.parametrize(
    ("key", "file", "status"),
    [
        ("aliexpress:buyer:8100000000000001", "aliexpress-inventory.csv", "in_transit"),
        ("aliexpress:buyer:8100000000020001", "aliexpress-inventory.csv", "completed"),
        ("aliexpress:buyer:8100000000040001", "aliexpress-personal-data.xlsx", "processing"),
        ("amazon:buyer:111-0000000-0000001", "amazon-history-old.csv", "completed"),
        ("amazon:buyer:249-0000000-0000001", "amazon-history.csv", "completed"),
        ("amazon:buyer:249-0000000-0000002", "amazon-history.csv", "cancelled"),
        ("amazon:seller:249-0000000-0000101", "amazon-all-orders.txt", "in_transit"),
        ("amazon:buyer:249-0000000-0000001", "reporter-shipments.csv", "delivered"),
    ],
)
def test_an_order_known_only_from_a_file_has_the_status_the_file_claims(key, file, status):
    assert order(key, file).order.status == status


def test_deliverys_of_an_export_keep_their_numbers_and_things():
    parcels = order("amazon:buyer:249-0000000-0000001", "amazon-history.csv").order.shipments

    assert sorted(parcel.tracking for parcel in parcels) == [
        ("123456789013",),
        ("405548424886",),
        ("444413758703",),
    ]


@pytest.mark.parametrize(
    ("files", "total"),
    [
        (
            ("reporter-orders.csv", "reporter-transactions.csv"),
            Money(value=Decimal(9080), currency="JPY"),
        ),
        (("reporter-transactions.csv",), None),
    ],
)
def test_money_that_moved_is_not_taken_for_the_price(files, total):
    assert order("amazon:buyer:249-0000000-0000001", *files).order.total == total


@pytest.mark.parametrize(
    "files",
    [
        (
            "your-orders.zip",
            "reporter-orders.csv",
            "reporter-items.csv",
            "reporter-transactions.csv",
        ),
        ("amazon-history.csv", "your-orders.zip"),
        ("aliexpress-inventory.csv", "aliexpress-inventory.json", "aliexpress-personal-data.xlsx"),
    ],
)
def test_the_same_orders_from_several_files_contradict_nothing(files):
    key = (
        "aliexpress:buyer:8100000000000001"
        if files[0].startswith("ali")
        else "amazon:buyer:249-0000000-0000001"
    )

    assert [finding.kind for finding in order(key, *files).findings] == []


def mail(kind, day, **changes):
    at = datetime(2026, 2, day, 12, tzinfo=UTC)
    held = {
        "origin": f"mail:{kind}:{day}#0", "kind": kind, "at": at, "seen": at, "source": Source.MAIL,
        "marketplace": "amazon", "role": Role.BUYER, "trust": Trust.VERIFIED, "mail": day,
        "order_numbers": ("249-0000000-0000001",),
    }  # fmt: skip
    return Event(**(held | changes))


def with_mails(*mails):
    events = [*mails, *read(FOLDER / "amazon-history.csv", seen=SEEN, zone=TOKYO).events]
    return view("amazon:buyer:249-0000000-0000001", ListIndex(events), policy.load(), TOKYO).order


def test_a_parcel_of_a_file_is_the_parcel_the_mails_told_of_and_lends_it_its_number():
    parcels = with_mails(
        mail(Kind.SHIPMENT_SHIPPED, 2, packages=("PtMwXClFZ",)),
        mail(Kind.SHIPMENT_DELIVERED, 4, packages=("PtMwXClFZ",)),
    ).shipments

    assert len(parcels) == 3
    assert {parcel.status for parcel in parcels if "PtMwXClFZ" in parcel.packages} == {
        ShipmentStatus.DELIVERED
    }
    assert all(parcel.tracking for parcel in parcels)


def test_a_parcel_of_a_file_long_after_the_mails_is_another():
    assert len(with_mails(mail(Kind.SHIPMENT_SHIPPED, 20, packages=("PtMwXClFZ",))).shipments) == 4


def test_a_parcel_with_the_same_number_is_the_same_whenever_it_was_told():
    parcels = with_mails(mail(Kind.SHIPMENT_DELIVERED, 20, tracking=("444413758703",))).shipments

    assert len(parcels) == 3


@pytest.mark.parametrize(
    ("day", "amount", "findings"), [(25, 2480, []), (25, 2000, ["refund_double"])]
)
def test_a_refund_in_a_file_and_in_a_mail_is_one_refund(day, amount, findings):
    money = {"amount": Money(value=Decimal(amount), currency="JPY")}
    events = [
        mail(Kind.ORDER_PLACED, 1, fields={"total": Money(value=Decimal(2480), currency="JPY")}),
        mail(Kind.REFUND_COMPLETED, day, fields=money),
        *read(FOLDER / "amazon-refunds.csv", seen=SEEN, zone=TOKYO).events,
    ]
    seen = view("amazon:buyer:249-0000000-0000001", ListIndex(events), policy.load(), TOKYO)

    assert [finding.kind for finding in seen.findings] == findings
