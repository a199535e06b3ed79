"""Order lines without bullets or labels: a title, a variant perhaps, and `x1`."""

from decimal import Decimal

import pytest

from parsers.notice import Item, Money
from parsers.orderlines import counted


def item(title, quantity=1, price=None):
    value = Money(value=Decimal(price[0]), currency=price[1]) if price else None
    return Item(title=title, quantity=quantity, price=value)


@pytest.mark.parametrize(
    ("lines", "items"),
    [
        (("Delivered", "Camping lantern LED ...", "Colour A", "x1", "Order total", "US $4.99"), [item("Camping lantern LED")]),
        (("Lantern Shop", "Camping lantern with five light modes", "Colour A", "€ 1,99x1"), [item("Camping lantern with five light modes", 1, ("1.99", "EUR"))]),
        (("Store: X", "USB lamp, warm white", "x1", "¥293", "Cable tie set", "x2", "¥100"), [item("USB lamp, warm white", 1, ("293", "JPY")), item("Cable tie set", 2, ("100", "JPY"))]),
        (("Bulk phone cases", "x100", "US $5.00"), [item("Bulk phone cases", 100, ("5.00", "USD"))]),
        (("Información del paquete", "Linterna", "x1"), [item("Linterna")]),
        (("キャンプ用ランタン LED 充電式 大型", "カラーA", "x1"), [item("キャンプ用ランタン LED 充電式 大型")]),
        (("Order number: 8100000000000001", "x1"), []),
        (("x1",), []),
        (("5G router x2 sold", "2x faster"), []),
        ((), []),
    ],
)  # fmt: skip
def test_a_count_belongs_to_the_title_above_it(lines, items):
    assert counted(lines, "USD") == tuple(items)


def test_a_page_of_counts_gives_no_more_than_a_sane_number():
    assert len(counted(("Lamp", "x1") * 500, "USD")) == 60
