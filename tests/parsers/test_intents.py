"""People's own words: what they want, until when, and what is left alone."""

from datetime import date

import pytest

from parsers.intents import hear, promised
from parsers.mail import parse
from parsers.notice import FIELDS, Kind, Notice, Proof, Role

TODAY = date(2026, 3, 2)


def heard(text, role=Role.BUYER, intent="other"):
    head = (
        "From: a@example.org\nDate: Mon, 2 Mar 2026 12:00:00 +0900\nContent-Type: text/plain;"
        " charset=utf-8\n\n"
    )
    notice = Notice(
        kind=Kind.MESSAGE_RECEIVED, marketplace="aliexpress", role=role, language="en", proof=Proof.RECONSTRUCTED,
        fields={"intent": intent},
    )  # fmt: skip
    return hear(notice, parse((head + text + "\n").encode()))


@pytest.mark.parametrize(
    ("intent", "role", "text"),
    [
        (
            "out_of_stock",
            "buyer",
            "Dear friend, we are sorry, the lamp is out of stock. Please open dispute.",
        ),
        ("out_of_stock", "buyer", "申し訳ございません。こちらの商品は在庫切れとなりました。"),
        ("will_ship_by", "buyer", "Hello, it is in stock, we will ship it within 1 week."),
        ("will_ship_by", "buyer", "来週中に発送いたします。"),
        ("wait_request", "buyer", "So sorry dear, please wait 2-3 weeks."),
        ("wait_request", "buyer", "あと三日ほどお待ちください。"),
        ("ask_close_dispute", "buyer", "Please close the dispute first, then we refund you."),
        ("ask_close_dispute", "buyer", "If you do not answer the case will be closed soon."),
        ("ask_close_dispute", "buyer", "先に紛争を取り下げてください。返金します。"),
        ("ask_confirm_receipt", "buyer", "Please confirm the receipt of the goods, friend."),
        ("ask_cancel_order", "buyer", "Can you cancel the order and buy again?"),
        ("tracking_given", "buyer", "The new tracking number is LP00123456789012."),
        ("offer", "buyer", "We can give you a partial refund of 5 dollars."),
        (
            "cancel_complaint",
            "seller",
            "I sent a cancel request two days ago. Why did I get a shipping notice?",
        ),
        ("cancel_complaint", "seller", "キャンセルをお願いしたのに、発送通知が届きました。"),
        ("where_is_it", "seller", "Hello, where is my parcel?"),
        ("where_is_it", "seller", "商品がまだ届いていません。"),
        ("return_wish", "seller", "I would like to return the jacket."),
        ("return_wish", "seller", "サイズが合わないので返品したいです。"),
    ],
)
def test_a_message_is_heard_as_what_it_wants(intent, role, text):
    notice = heard(text, Role(role))

    assert notice.fields["intent"] == intent
    assert notice.fields["text"] == text
    assert notice.proof is Proof.GUESS


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for your order, dear friend!",
        "Do you have it in blue?",
        "We hope you like our shop. Follow us for news.",
        "ご購入ありがとうございます。",
        "",
    ],
)
def test_small_talk_wants_nothing(text):
    assert heard(text).fields == {"intent": "other"}


def test_a_buyer_never_hears_a_cancel_complaint_and_a_seller_no_push_to_close():
    assert (
        heard("I sent a cancel request, why did you ship?", Role.BUYER).fields["intent"]
        != "cancel_complaint"
    )
    assert heard("Please close the dispute.", Role.SELLER).fields["intent"] == "other"


def test_what_a_subject_already_said_is_kept():
    assert heard("The lamp is out of stock.", intent="where_is_it").fields == {
        "intent": "where_is_it"
    }


def test_only_messages_are_listened_to():
    notice = Notice(
        kind=Kind.SHIPMENT_SHIPPED,
        marketplace="amazon",
        role=Role.BUYER,
        language="en",
        proof=Proof.REAL,
    )

    assert hear(notice, parse(b"Subject: x\n\nout of stock\n")) is notice


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("we will ship it within 1 week", date(2026, 3, 9)),
        ("please wait one week", date(2026, 3, 9)),
        ("please wait 2-3 weeks", date(2026, 3, 23)),
        ("wait 3 to 5 days, dear", date(2026, 3, 7)),
        ("within 5 working days", date(2026, 3, 9)),
        ("1週間お待ちください", date(2026, 3, 9)),
        ("2〜3週間お待ちください", date(2026, 3, 23)),
        ("3営業日以内に発送します", date(2026, 3, 6)),
        ("please wait", None),
        ("we ship every day", None),
        ("wait 400 weeks", None),
    ],
)
def test_a_relative_promise_is_counted_from_the_mails_date(text, day):
    assert promised(text, TODAY) == day


def test_without_a_date_nothing_is_counted():
    assert promised("within 1 week", None) is None


def test_every_intent_of_the_vocabulary_but_other_has_lines():
    from parsers.intents import _compiled

    assert {*_compiled(), "other"} == set(FIELDS["intent"].choices)
    assert [
        intent
        for intent, lines in _compiled().items()
        if {language for language, *_ in lines} != {"en", "ja"}
    ] == []
