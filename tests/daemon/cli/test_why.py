"""`orderbell why`: for each of the ten rules of a truthful reading, the rule that refused a phrase."""

import pytest
from click.testing import CliRunner

from daemon.cli import main
from tests.parsers.truth import (
    AMAZON_ORDER,
    DISPUTES,
    ORDER,
    PARCELS,
    SELLING,
    UPDATES,
    mail,
    table,
)

AO = f"Order # {AMAZON_ORDER}"
AE = f"Order number: {ORDER}"
RELAY = "A buyer <a1b2c3d4@marketplace.amazon.com>"
RULES = {
    "an open gap holds no predicate": (
        mail(UPDATES, "Ordered: Lantern has been canceled", [AO]),
        "the gap {item} would hold “has been canceled”",
    ),
    "predicates are words of each language": (
        mail(SELLING, "注文確定: ランタンはキャンセルされました", [AMAZON_ORDER]),
        "the gap {item} would hold “キャンセル",
    ),
    "subject and body agree": (
        mail(PARCELS, 'Delivered: "Lantern"', ["Your order was cancelled.", AO]),
        "the body says otherwise: “Your order was cancelled.”",
    ),
    "a fact is a main clause": (
        mail(
            DISPUTES,
            "大切なお知らせ",
            [
                f"注文番号：{ORDER}",
                "異議申し立ての結果",
                "時間内に商品を返品しない場合、売り手に支払いがリリースされます。",
            ],
        ),
        "it is not stated as a fact",
    ),
    "a value stands in its label's own place": (
        mail(
            DISPUTES,
            "AliExpress Dispute Order",
            html=f"<p>{AE}</p>{table(('Seller claim', 'Judgement from AE'), ('Valid', ''))}",
        ),
        "no single verdict stands in the place of the label “Judgement from AE”",
    ),
    "what nobody sees says nothing": (
        mail(
            DISPUTES,
            "A note",
            html=f'<p>{AE}</p><p style="display:none">Judgement from AE: Valid</p>',
        ),
        "nobody sees this line",
    ),
    "both renderings are read": (
        mail(
            DISPUTES,
            "AliExpress Dispute Order",
            [AE, "Judgement from AE: Valid"],
            html=f"<p>{AE}</p><p>Judgement from AE: Invalid</p>",
        ),
        "judgement: valid / invalid",
    ),
    "an earlier mail is no news": (
        mail(
            PARCELS,
            "RE: A note",
            [
                "Hello",
                "On Mon, 4 May 2026 at 10:12 they wrote:",
                "> Your package was delivered",
                AO,
            ],
        ),
        "it stands below the news: in an earlier mail, help or adverts",
    ),
    "senders have a ceiling": (
        mail(RELAY, "Your order has been cancelled", ["Your order has been cancelled", AO]),
        "the pack lets no sender of the group message say order.cancelled",
    ),
    "a day is a day": (
        mail(DISPUTES, f"Order {ORDER}: awaiting confirmation", ["Delivered 05/06/2026"]),
        "delivered at is a whole day, compared with days and never with a clock",
    ),
}
"""Rule -> a mail that it keeps from being read falsely, and the words that name it."""


@pytest.mark.parametrize("rule", RULES)
def test_why_names_the_rule_that_refused_a_phrase(rule, tmp_path):
    raw, named = RULES[rule]
    file = tmp_path / "a.eml"
    file.write_bytes(raw)

    told = CliRunner().invoke(main, ["why", str(file)])

    assert told.exit_code == 0
    assert named in told.output
