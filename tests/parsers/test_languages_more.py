"""French, Italian, Portuguese, Dutch, Polish and Korean: dates, amounts and numbers as their mails
print them.
"""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from parsers.dates import Clock, find_dates, find_span
from parsers.money import find_money
from parsers.notice import Money
from parsers.pack import shipped
from parsers.values import item_of

TUESDAY = date(2026, 5, 12)
NEW_YEARS_EVE = date(2026, 12, 31)


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("fr", "aujourd'hui", date(2026, 5, 12)),
        ("fr", "aujourd’hui avant 22h", date(2026, 5, 12)),
        ("fr", "demain", date(2026, 5, 13)),
        ("fr", "après-demain", date(2026, 5, 14)),
        ("fr", "jeudi", date(2026, 5, 14)),
        ("fr", "jeudi 14 mai", date(2026, 5, 14)),
        ("fr", "le 1er juin", date(2026, 6, 1)),
        ("fr", "14 août 2026", date(2026, 8, 14)),
        ("fr", "14 AOÛT", date(2026, 8, 14)),
        ("fr", "4 janv.", date(2027, 1, 4)),
        ("fr", "05/06/2026", date(2026, 6, 5)),
        ("it", "oggi", date(2026, 5, 12)),
        ("it", "domani", date(2026, 5, 13)),
        ("it", "dopodomani", date(2026, 5, 14)),
        ("it", "venerdì", date(2026, 5, 15)),
        ("it", "martedì 01 dicembre", date(2026, 12, 1)),
        ("it", "l'8 giugno", date(2026, 6, 8)),
        ("it", "14 mag 2026", date(2026, 5, 14)),
        ("it", "mar 5 mag 2026", date(2026, 5, 5)),
        ("it", "5.6.2026", date(2026, 6, 5)),
        ("pt", "hoje", date(2026, 5, 12)),
        ("pt", "amanhã", date(2026, 5, 13)),
        ("pt", "depois de amanhã", date(2026, 5, 14)),
        ("pt", "segunda-feira", date(2026, 5, 18)),
        ("pt", "sexta", date(2026, 5, 15)),
        ("pt", "14 de maio de 2026", date(2026, 5, 14)),
        ("pt", "1º de junho", date(2026, 6, 1)),
        ("pt", "1o de junho", date(2026, 6, 1)),
        ("pt", "14 de mai.", date(2026, 5, 14)),
        ("pt", "05/06/2026", date(2026, 6, 5)),
        ("nl", "vandaag", date(2026, 5, 12)),
        ("nl", "morgen", date(2026, 5, 13)),
        ("nl", "overmorgen", date(2026, 5, 14)),
        ("nl", "woensdag", date(2026, 5, 13)),
        ("nl", "donderdag 14 mei", date(2026, 5, 14)),
        ("nl", "3 mrt. 2027", date(2027, 3, 3)),
        ("nl", "05-06-2026", date(2026, 6, 5)),
        ("pl", "dziś", date(2026, 5, 12)),
        ("pl", "jutro", date(2026, 5, 13)),
        ("pl", "pojutrze", date(2026, 5, 14)),
        ("pl", "w środę", date(2026, 5, 13)),
        ("pl", "czwartek, 14 maja", date(2026, 5, 14)),
        ("pl", "2 października 2026", date(2026, 10, 2)),
        ("pl", "5 paź", date(2026, 10, 5)),
        ("pl", "05.06.2026", date(2026, 6, 5)),
        ("ko", "오늘", date(2026, 5, 12)),
        ("ko", "내일", date(2026, 5, 13)),
        ("ko", "모레 도착", date(2026, 5, 14)),
        ("ko", "토요일까지", date(2026, 5, 16)),
        ("ko", "5월 14일", date(2026, 5, 14)),
        ("ko", "2026년 5월 14일(목)", date(2026, 5, 14)),
        ("ko", "2026. 5. 14.", date(2026, 5, 14)),
        ("ko", "2026.05.14", date(2026, 5, 14)),
    ],
)
def test_a_date_is_read_in_its_language(language, text, day):
    assert find_dates(text, shipped().words[language], Clock(today=TUESDAY, zone=None)) == (day,)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "bientôt"),
        ("fr", "31 février 2026"),
        ("it", "lunedìssimo"),
        ("pt", "99/99/2026"),
        ("nl", "goedemorgen"),
        ("nl", "403-0000000-0000001"),
        ("pl", "wkrótce"),
        ("ko", "13월 40일"),
    ],
)
def test_what_is_no_date_is_not_one(language, text):
    assert find_dates(text, shipped().words[language], Clock(today=TUESDAY, zone=None)) == ()


@pytest.mark.parametrize(
    ("language", "text", "first", "last"),
    [
        ("fr", "entre le 14 mai et le 16 mai", date(2026, 5, 14), date(2026, 5, 16)),
        ("fr", "du 14 au 16 mai", date(2026, 5, 14), date(2026, 5, 16)),
        ("fr", "jeudi 14 mai - samedi 16 mai", date(2026, 5, 14), date(2026, 5, 16)),
        ("it", "giovedì 14 maggio - sabato 16 maggio", date(2026, 5, 14), date(2026, 5, 16)),
        ("it", "dal 14 al 16 maggio", date(2026, 5, 14), date(2026, 5, 16)),
        ("pt", "entre 14 e 16 de maio", date(2026, 5, 14), date(2026, 5, 16)),
        ("pt", "14 de maio - 16 de maio", date(2026, 5, 14), date(2026, 5, 16)),
        ("pt", "14 - 16 de maio", date(2026, 5, 14), date(2026, 5, 16)),
        ("nl", "14 mei - 16 mei", date(2026, 5, 14), date(2026, 5, 16)),
        ("nl", "tussen 14 en 16 mei", date(2026, 5, 14), date(2026, 5, 16)),
        ("nl", "14-16 mei", date(2026, 5, 14), date(2026, 5, 16)),
        ("pl", "14 maja - 16 maja", date(2026, 5, 14), date(2026, 5, 16)),
        ("pl", "od 14 do 16 maja", date(2026, 5, 14), date(2026, 5, 16)),
        ("ko", "5월 14일 ~ 5월 16일", date(2026, 5, 14), date(2026, 5, 16)),
        ("ko", "5월 14일~16일", date(2026, 5, 14), date(2026, 5, 16)),
        ("ja", "5月14日~16日", date(2026, 5, 14), date(2026, 5, 16)),
        ("en", "May 14 to 16", date(2026, 5, 14), date(2026, 5, 16)),
    ],
)
def test_a_span_is_read_in_its_language(language, text, first, last):
    assert find_span(text, shipped().words[language], Clock(today=TUESDAY, zone=None)) == (
        first,
        last,
    )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "2 janvier"),
        ("it", "2 gennaio"),
        ("pt", "2 de janeiro"),
        ("nl", "2 januari"),
        ("pl", "2 stycznia"),
        ("ko", "1월 2일"),
    ],
)
def test_a_date_without_its_year_lies_ahead_over_the_turn_of_the_year(language, text):
    assert find_dates(text, shipped().words[language], Clock(today=NEW_YEARS_EVE, zone=None)) == (
        date(2027, 1, 2),
    )


@pytest.mark.parametrize("language", ["fr", "it", "pt", "nl", "pl", "ko"])
def test_a_language_knows_every_month_and_weekday(language):
    words = shipped().words[language]

    assert set(words.months.values()) == set(range(1, 13))
    assert set(words.weekdays.values()) == set(range(7))


@pytest.mark.parametrize("language", ["fr", "it", "pt", "nl", "pl", "ko"])
def test_an_english_month_is_read_in_every_language(language):
    assert find_dates(
        "Aug 15,2023, 12:47", shipped().words[language], Clock(today=TUESDAY, zone=None)
    ) == (date(2023, 8, 15),)


def test_a_korean_time_of_day_with_its_half_is_left_out_and_a_polish_one_counts():
    zone = ZoneInfo("Europe/Warsaw")
    clock = Clock(today=TUESDAY, zone=zone)

    assert find_dates("5월 14일 오후 3:00", shipped().words["ko"], clock) == (date(2026, 5, 14),)
    assert find_dates("14 maja 2026, 15:00", shipped().words["pl"], clock) == (
        datetime(2026, 5, 14, 15, 0, tzinfo=zone),
    )


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("24,90 €", "24.90", "EUR"),
        ("24,90\u00a0€", "24.90", "EUR"),
        ("EUR 107,34", "107.34", "EUR"),
        ("€ 1.234,56", "1234.56", "EUR"),
        ("1 234,56 €", "1234.56", "EUR"),
        ("R$ 89,90", "89.90", "BRL"),
        ("R$89,90", "89.90", "BRL"),
        ("R$ 1.234,56", "1234.56", "BRL"),
        ("49,99 zł", "49.99", "PLN"),
        ("1 234,56 zł", "1234.56", "PLN"),
        ("49,99 PLN", "49.99", "PLN"),
        ("₩12,300", "12300", "KRW"),
        ("12,300원", "12300", "KRW"),
        ("₩ 500", "500", "KRW"),
        ("12.3 EUR", "12.30", "EUR"),
    ],
)
def test_an_amount_is_read_with_its_decimal_comma_and_its_currency(text, amount, currency):
    assert find_money(text, dollar=None) == Money(value=Decimal(amount), currency=currency)


@pytest.mark.parametrize(
    ("subject", "title", "quantity"),
    [
        ("« Lanterne de camping... »", "Lanterne de camping", 1),
        ("2 « Lanterne de camping... »", "Lanterne de camping", 2),
        ('"Lanterna da campeggio..."', "Lanterna da campeggio", 1),
        ("3 „Latarnia kempingowa...”", "Latarnia kempingowa", 3),
        ("“Lanterna de camping...”", "Lanterna de camping", 1),
    ],
)
def test_an_item_is_read_from_between_the_quotes_of_its_language(subject, title, quantity):
    item = item_of(subject)

    assert (item.title, item.quantity) == (title, quantity)


@pytest.mark.parametrize("language", ["fr", "it", "pt", "nl", "pl", "ko"])
@pytest.mark.parametrize("marketplace", ["amazon", "aliexpress"])
def test_every_added_language_has_the_phrases_of_both_marketplaces(language, marketplace):
    assert language in shipped().pack(marketplace).languages
