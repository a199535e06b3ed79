"""An item's title never holds a count, an order number or a verb, in any language."""

import pytest

from parsers.pack import shipped
from parsers.reader import Context, read

CONTEXT = Context(library=shipped(), addresses=("me@example.org",), trust_all=True)
ORDER = "249-0000000-0000001"
WORDS = {  # shipped, a count that follows, the word for order, something said of it
    "de": ("Versandt: {}", "und 2 andere(r) Artikel", "Bestellung", "wurde storniert"),
    "en": ("Shipped: {}", "and 2 more items", "Order #", "has been cancelled"),
    "es": ("Enviado: {}", "y 2 productos más", "Pedido n.º", "ha sido cancelado"),
    "fr": ("Expédié : {}", "et 2 autres articles", "Commande n°", "a été annulé"),
    "it": ("Spedito: {}", "e 2 altri articoli", "Ordine n.", "è stato annullato"),
    "ja": ("発送済み: {}", "他2点", "注文番号:", "はキャンセルされました"),
    "ko": ("발송됨: {}", "외 2개", "주문 번호", "취소되었습니다"),
    "nl": ("Verzonden: {}", "en 2 andere artikelen", "Bestelling", "is geannuleerd"),
    "pl": ("Wysłano: {}", "i 2 inne produkty", "Zamówienie nr", "zostało anulowane"),
    "pt": ("Enviado: {}", "e mais 2 itens", "Pedido nº", "foi cancelado"),
}
TITLE = "Laterna Trio"


def titles(subject, body=""):
    host = "amazon.co.jp" if not subject.isascii() and "発" in subject else "amazon.com"
    text = (
        f"From: Amazon <shipment-tracking@{host}>\nTo: me@example.org\nSubject: {subject}\n"
        f"Content-Type: text/plain; charset=utf-8\n\nZzz.\n{body}\n{ORDER}\n"
    )
    notices = read(text.encode(), CONTEXT).notices
    return [item.title for one in notices for item in one.fields.get("items", ())]


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize(
    "shape",
    [
        "{title}",
        '"{title}"',
        "{title} {more}",
        '"{title}" {more}',
        '2 "{title}"',
        "{title} | {order} {number}",
        '"{title}" ({order} {number})',
        "{title} ({number})",
    ],
)
def test_a_title_of_a_subject_is_the_item_alone(language, shape):
    phrase, more, order, _ = WORDS[language]
    named = shape.format(title=TITLE, more=more, order=order, number=ORDER)

    assert titles(phrase.format(named)) in ([TITLE], [])


@pytest.mark.parametrize("language", WORDS)
def test_the_plain_title_is_told(language):
    assert titles(WORDS[language][0].format(f'"{TITLE}"')) == [TITLE]


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("shape", ["{title} {verb}", '"{title}" {verb}', "{verb} {title} {verb}"])
def test_a_title_holds_no_verb(language, shape):
    phrase, _, _, verb = WORDS[language]

    assert titles(phrase.format(shape.format(title=TITLE, verb=verb))) == []


@pytest.mark.parametrize("language", WORDS)
def test_a_labelled_line_that_goes_on_as_a_sentence_names_nothing(language):
    phrase, _, _, verb = WORDS[language]
    label = "商品名：" if language == "ja" else "Item: "

    assert titles(phrase.format(f'"{TITLE}"'), f"{label}{TITLE} {verb}") in ([TITLE], [])


@pytest.mark.parametrize("count", ["3点の商品", "商品2点", "2点"])
def test_a_count_alone_names_nothing(count):
    assert titles(f"発送済み: {count}") == []
