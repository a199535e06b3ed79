"""Dates, amounts and numbers, as mails print them."""

import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.dates import Clock, find_dates, find_span, iso_moment
from parsers.identifiers import (
    SHAPES,
    check_digit_holds,
    shape_of,
    tracking_link,
)
from parsers.marketplaces import marketplace_of, order_in_text, order_link
from parsers.money import find_money, number_of, whole_money
from parsers.notice import Money
from parsers.pack import shipped
from parsers.phrase import _fold_with_places, compile_phrase, fold
from parsers.text import clean
from tests.parsers.truth import AMAZON_ORDER, UPDATES, field, mail

TUESDAY = date(2026, 5, 12)
TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "language", "numeric", "day"),
    [
        ("today", "en", None, date(2026, 5, 12)),
        ("tomorrow", "en", None, date(2026, 5, 13)),
        ("overnight 4 AM - 8 AM", "en", None, date(2026, 5, 13)),
        ("Tuesday", "en", None, date(2026, 5, 12)),
        ("Monday", "en", None, date(2026, 5, 18)),
        ("tomorrow, May 14", "en", None, date(2026, 5, 14)),
        ("Friday, December 3", "en", None, date(2026, 12, 3)),
        ("January 4", "en", None, date(2027, 1, 4)),
        ("May 3, 2026", "en", None, date(2026, 5, 3)),
        ("Jul 15,2023, 12:47", "en", None, date(2023, 7, 15)),
        ("3 May 2026", "en", None, date(2026, 5, 3)),
        ("05/19/2026", "en", None, date(2026, 5, 19)),
        ("05/06/2026", "en", None, None),
        ("05/06/2026", "en", "mdy", date(2026, 5, 6)),
        ("05/06/2026", "en", "dmy", date(2026, 6, 5)),
        ("30/08/2024", "de", None, date(2024, 8, 30)),
        ("05/06/2026", "de", None, date(2026, 6, 5)),
        ("2. Oktober", "de", None, date(2026, 10, 2)),
        ("Mittwoch, 14. Dezember", "de", None, date(2026, 12, 14)),
        ("morgen", "de", None, date(2026, 5, 13)),
        ("el jueves", "es", None, date(2026, 5, 14)),
        ("6 de julio", "es", None, date(2026, 7, 6)),
        ("mañana", "es", None, date(2026, 5, 13)),
        ("2026年5月14日", "ja", None, date(2026, 5, 14)),
        ("5月14日", "ja", None, date(2026, 5, 14)),
        ("2026/05/14", "ja", None, date(2026, 5, 14)),
        ("明日", "ja", None, date(2026, 5, 13)),
        ("土曜日", "ja", None, date(2026, 5, 16)),
        ("May 3, 9999", "en", None, None),
        ("3 May 1999", "en", None, None),
        ("05/19/9999", "en", None, None),
        ("19-05-1999", "de", None, None),
        ("9999-12-31", "en", None, None),
        ("1999-12-31", "en", None, None),
        ("2100-12-31", "en", None, date(2100, 12, 31)),
        ("9999年12月31日", "ja", None, None),
        ("1999年5月14日", "ja", None, None),
        ("26年5月14日", "ja", None, date(2026, 5, 14)),
        ("令和8年5月14日", "ja", None, date(2026, 5, 14)),
        ("令和元年12月31日", "ja", None, date(2019, 12, 31)),
        ("平成31年4月30日", "ja", None, date(2019, 4, 30)),
        ("2026년 5월 14일", "ko", None, date(2026, 5, 14)),
        ("٢٠٢٦-٠٥-١٤", "en", None, None),
        ("١٤ May ٢٠٢٦", "en", None, None),
        ("31 February 2026", "en", None, None),
        ("99/99/2026", "de", None, None),
        ("soon", "en", None, None),
    ],
)
def test_a_date_is_read_as_its_language_and_store_mean_it(text, language, numeric, day):
    found = find_dates(
        text, shipped().words[language], Clock(today=TUESDAY, zone=None, numeric=numeric)
    )

    assert found == (() if day is None else (day,))


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-05-14T10:00:00Z", TOKYO, datetime(2026, 5, 14, 10, tzinfo=UTC)),
        ("2026-05-14T10:00Z", None, datetime(2026, 5, 14, 10, tzinfo=UTC)),
        ("2026-05-14T10:00:00.123+09:00", None, datetime(2026, 5, 14, 1, tzinfo=UTC)),
        ("2026-05-14t10:00-0500", TOKYO, datetime(2026, 5, 14, 15, tzinfo=UTC)),
        ("2026-05-14 10:00 UTC", TOKYO, datetime(2026, 5, 14, 10, tzinfo=UTC)),
        ("2026-05-14 10:00", TOKYO, datetime(2026, 5, 14, 1, tzinfo=UTC)),
        ("2026-05-14 10:00", None, date(2026, 5, 14)),
        ("May 14 10:00-12:00", TOKYO, date(2026, 5, 14)),
        ("May 14 10:00 pm", TOKYO, date(2026, 5, 14)),
        ("2026-05-14T25:00Z", TOKYO, date(2026, 5, 14)),
        ("2026-05-14T10:00+99:99", TOKYO, datetime(2026, 5, 14, 10, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_holds_where_it_says(text, zone, expected):
    (found,) = find_dates(text, shipped().words["en"], Clock(today=TUESDAY, zone=zone))

    assert found == expected
    assert isinstance(found, datetime) is isinstance(expected, datetime)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-14", date(2026, 5, 14)),
        ("20260514", date(2026, 5, 14)),
        ("2026-05-14T10:00:00+09:00", datetime(2026, 5, 14, 1, tzinfo=UTC)),
        ("2026-05-14T10:00:00", date(2026, 5, 14)),
        ("9999-12-31T23:59:59Z", None),
        ("0001-01-01", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_moment_of_a_program_is_in_this_century(text, expected):
    assert iso_moment(text) == expected


@pytest.mark.parametrize(
    ("text", "expected", "with_points"),
    [
        ("26.12", "26.12", "26.12"),
        ("26,12", "26.12", "26.12"),
        ("1,234.50", "1234.50", "1234.50"),
        ("1.234,50", "1234.50", "1234.50"),
        ("1,234", "1234", "1234"),
        ("1.234", "1234", "1.234"),
        ("1'234", "1234", "1234"),
        ("1 234 567,5", "1234567.5", "1234567.5"),
        ("1.234.567", "1234567", "1234567"),
        ("1,23,456", "123456", "123456"),
        ("1,234.567.890", None, None),
        ("12,34,5", None, None),
        ("-5.00", "-5.00", "-5.00"),
        ("5.", "5", "5"),
        ("٥", None, None),
        ("five", None, None),
        ("", None, None),
    ],
)
def test_a_number_is_what_the_shop_means(text, expected, with_points):
    found = (number_of(text), number_of(text, dot_is_point=True))

    assert found == tuple(None if one is None else Decimal(one) for one in (expected, with_points))


ORDERS = [
    ("249-0000000-0000001", "amazon"),
    ("D01-0000000-0000001", "amazon"),
    ("P01-0000000-0000001", "amazon"),
    ("S01-0000000-0000001", "amazon"),
    ("8100000000000001", "aliexpress"),
    ("81000000000001", "aliexpress"),
    ("X01-0000000-0000001", None),
    ("249-0000000-000001", None),
    ("8100000000001", None),
    ("81000000000000000001", None),
    ("٨١٠٠٠٠٠٠٠٠٠٠٠٠٠١", None),
    ("８１００００００００００００００１", None),
    ("", None),
]


@pytest.mark.parametrize(("number", "marketplace"), ORDERS)
def test_an_order_number_is_known_by_its_shape_everywhere_alike(number, marketplace):
    packs = [pack.marketplace for pack in shipped().packs if pack.order.fullmatch(number)]

    assert marketplace_of(number) == marketplace
    assert packs == ([marketplace] if marketplace else [])
    found = order_in_text().findall(f"order {number}, thank you")
    assert found == ([number] if marketplace else [])


def test_full_width_digits_of_an_order_are_read_and_others_are_none():
    number = "８１００００００００００００００１"
    foreign = "٨١٠٠٠٠٠٠٠٠٠٠٠٠٠١"

    assert marketplace_of(clean(number)) == "aliexpress"
    assert marketplace_of(clean(foreign)) is None
    assert marketplace_of(clean("\u20668100000000000001\u2069")) == "aliexpress"


@pytest.mark.parametrize(
    ("text", "language", "first", "last"),
    [
        ("2. Oktober - 5. Oktober", "de", date(2026, 10, 2), date(2026, 10, 5)),
        ("el 6 de julio y el 7 de julio", "es", date(2026, 7, 6), date(2026, 7, 7)),
        ("May 18 - May 20", "en", date(2026, 5, 18), date(2026, 5, 20)),
        ("May 18 - 20", "en", date(2026, 5, 18), date(2026, 5, 20)),
        ("5月18日 - 5月20日", "ja", date(2026, 5, 18), date(2026, 5, 20)),
        ("tomorrow", "en", None, date(2026, 5, 13)),
        ("May 20 - May 18", "en", None, None),
    ],
)
def test_a_span_has_an_earliest_and_a_latest_day(text, language, first, last):
    assert find_span(text, shipped().words[language], Clock(today=TUESDAY, zone=None)) == (
        first,
        last,
    )


def test_a_printed_time_of_day_counts_where_the_zone_is_known():
    words = shipped().words["ja"]

    assert find_dates(
        "2026年4月10日 09:05", words, Clock(today=TUESDAY, zone=TOKYO), past=True
    ) == (datetime(2026, 4, 10, 9, 5, tzinfo=TOKYO),)
    assert find_dates("2026年4月10日 09:05", words, Clock(today=TUESDAY, zone=None), past=True) == (
        date(2026, 4, 10),
    )


def test_what_is_over_lies_before_the_mail():
    assert find_dates(
        "December 3", shipped().words["en"], Clock(today=TUESDAY, zone=None), past=True
    ) == (date(2025, 12, 3),)


def test_a_mail_without_a_date_has_no_tomorrow():
    clock = Clock(today=None, zone=None)

    assert find_dates("tomorrow", shipped().words["en"], clock) == ()
    assert find_dates("May 3", shipped().words["en"], clock) == ()
    assert find_dates("2026-05-03", shipped().words["en"], clock) == (date(2026, 5, 3),)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("$26.12", "26.12", "USD"),
        ("US $5.00", "5.00", "USD"),
        ("US$1,234.50", "1234.50", "USD"),
        ("7.39€", "7.39", "EUR"),
        ("1,99€", "1.99", "EUR"),
        ("€ 1,99", "1.99", "EUR"),
        ("EUR 24,63", "24.63", "EUR"),
        ("12.3 EUR", "12.30", "EUR"),
        ("1.234,56 €", "1234.56", "EUR"),
        ("￥ 2,168", "2168", "JPY"),
        ("¥12,345", "12345", "JPY"),
        ("1,980円", "1980", "JPY"),
        ("1,010 JPY", "1010", "JPY"),
        ("LKR 42,200.61", "42200.61", "LKR"),
        ("R$ 12,34", "12.34", "BRL"),
        ("₹69.42", "69.42", "INR"),
        ("£35.99", "35.99", "GBP"),
        ("15.33 EUR", "15.33", "EUR"),
    ],
)
def test_an_amount_is_read_with_its_currency(text, amount, currency):
    assert whole_money(unicodedata.normalize("NFKC", text)) == Money(
        value=Decimal(amount), currency=currency
    )


@pytest.mark.parametrize("text", ["7379", "$", "24.64", "free", "", "12 apples"])
def test_what_is_no_amount_is_not_one(text):
    assert whole_money(text) is None


def test_a_bare_dollar_is_the_stores_own_and_two_amounts_are_none():
    assert whole_money("$5.00", "CAD") == Money(value=Decimal("5.00"), currency="CAD")
    assert whole_money("$5.00", None) is None
    assert find_money("from $5.00 to $6.00") is None
    assert find_money("a refund of $5.00 was sent") == Money(value=Decimal("5.00"), currency="USD")


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("CDN$ 12.40", "CAD"),
        ("CAD $12.40", "CAD"),
        ("CAD$12.40", "CAD"),
        ("$12.40 CAD", "CAD"),
        ("12.40 $ CA", "CAD"),
        ("USD $12.40", "USD"),
        ("US$12.40 USD", "USD"),
        ("US$12.40 CAD", None),
        ("X$12.40", None),
    ],
)
def test_a_dollar_sign_with_a_word_beside_it_is_of_that_country(text, currency):
    known = Money(value=Decimal("12.40"), currency=currency) if currency else None
    assert whole_money(text, "SGD") == known
    assert find_money(f"a total of {text} was paid", "SGD") == known


def test_a_bare_dollar_sign_is_never_yen():
    raw = mail(UPDATES, 'Ordered: "Lantern"', [f"Order # {AMAZON_ORDER}", "Grand Total $1,234.50"])
    assert field(raw, "total") == Money(value=Decimal("1234.50"), currency="USD")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_knows_its_own_numbers(shape):
    good = [
        number
        for number in shape.valid
        if shape.pattern.fullmatch(number) and (shape.check is None or shape.check(number))
    ]
    bad = [
        number
        for number in shape.invalid
        if shape.pattern.fullmatch(number) and (shape.check is None or shape.check(number))
    ]

    assert good == list(shape.valid)
    assert bad == []


@pytest.mark.parametrize(
    ("number", "provider", "sound"),
    [
        ("RR473124829GB", None, True),
        ("RR473124828GB", None, False),
        ("444413758703", "ヤマト運輸", True),
        ("444413758704", "ヤマト運輸", False),
        ("444413758704", None, None),
        ("1Z999AA10123456784", "UPS", True),
        ("TBA123456789012", None, None),
        ("", None, None),
    ],
)
def test_a_check_digit_is_tested_where_the_carrier_is_known(number, provider, sound):
    assert check_digit_holds(number, provider) is sound


def test_a_twelve_digit_number_is_nobodys_without_its_carrier():
    assert shape_of("444413758703") is None
    assert tracking_link("444413758703") is None
    assert (
        tracking_link("444413758703", "ヤマト運輸")
        == "https://jizen.kuronekoyamato.co.jp/jizen/servlet/crjz.b.NQ0010?id=444413758703"
    )


@pytest.mark.parametrize(
    ("marketplace", "number", "region", "link"),
    [
        (
            "amazon",
            "249-0000000-0000001",
            "amazon.co.jp",
            "https://www.amazon.co.jp/gp/your-account/order-details?orderID=249-0000000-0000001",
        ),
        (
            "amazon",
            "249-0000000-0000001",
            "evil.example",
            "https://www.amazon.com/gp/your-account/order-details?orderID=249-0000000-0000001",
        ),
        (
            "aliexpress",
            "8100000000000001",
            None,
            "https://www.aliexpress.com/p/order/detail.html?orderId=8100000000000001",
        ),
        ("amazon", "8100000000000001", None, None),
        ("aliexpress", "x", None, None),
        ("ebay", "1", None, None),
    ],
)
def test_an_order_page_is_built_from_the_number_alone(marketplace, number, region, link):
    assert order_link(marketplace, number, region) == link


@given(st.text(max_size=80))
def test_folding_with_places_is_folding(line):
    folded, places = _fold_with_places(line)

    assert folded == fold(line)
    assert len(folded) == len(places)


@pytest.mark.parametrize(
    ("phrase", "line", "caught"),
    [
        ("Order {order}: order shipped", "Order 81: order shipped", {"order": "81"}),
        ("Order {order}: order shipped", "ORDER 81 : Order Shipped!", {"order": "81"}),
        ("Shipped: {item}", "Shipped: “A “fine” Lamp...”", {"item": "A “fine” Lamp"}),
        ("発送済み: {item}", "発送済み：「ランプ」", {"item": "ランプ"}),
        ("注文{order}の紛争", "注文 81 の紛争", {"order": "81"}),
        ("注文{order}の紛争", "注文81の紛争", {"order": "81"}),
        ("Zugestellt: {item}", "Zustellung heute: Lampe zugestellt", None),
        ("Order {order}", "Reorder 81", None),
        ("Delivered", "Delivered today", None),
    ],
)
def test_a_phrase_is_a_whole_line(phrase, line, caught):
    line = unicodedata.normalize("NFKC", line)
    found = compile_phrase(phrase, "x:1", ["order", "item"]).match(line, fold(line))

    assert (found if found is None else {gap: held.text for gap, held in found.items()}) == caught


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("Order {oder} shipped", "unknown gap {oder}"),
        ("{item}", "would match almost any line"),
        ("{item} {order}", "two gaps side by side"),
        ("Order {order shipped", "a brace without its partner"),
    ],
)
def test_a_phrase_that_cannot_work_is_refused_in_words(phrase, words):
    with pytest.raises(ValueError, match=words.replace("{", r"\{")):
        compile_phrase(phrase, "x:1", ["order", "item"])
