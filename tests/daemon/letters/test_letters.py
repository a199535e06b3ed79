"""Letters: whole templates, facts with their mail, nothing invented, never longer than the form."""

import re

import pytest

from daemon.letters.book import forms, load_letters
from daemon.letters.write import LetterError, LetterWriter
from orders.facts.letter_facts import FACTS_OF_LETTERS, letter_facts
from parsers.user_yaml import UserFileError
from rules.templates import parse, slots
from tests.orders.events import AE, AZ, day, money, said, seen, sold
from tests.stories import story as made

SHIPPED = load_letters(None).letters
STORIES = {told.folder.name: told for told in made.stories()}
PLACED = said("order.placed", 0, total=money("26.12 USD"), store="Good Cables")
DISPUTE = [
    PLACED,
    said("shipment.shipped", 2, tracking="A1"),
    said("dispute.opened", 12, amount=money("26.12 USD"), cases="D1"),
    said("dispute.closed", 20, outcome="no_refund", cases="D1"),
]
REASONS = {"request": "reject", "reason_1": "return_long", "reason_2": "history", "reason_3": "refund"}  # fmt: skip


def writer(*events, language="ja", book=None, **more):
    return LetterWriter(
        view=seen(*events, **more),
        book=book or load_letters(None),
        zone=made.ZONE,
        language=language,
    )


def test_there_are_more_than_twelve():
    assert len(SHIPPED) >= 12


@pytest.mark.parametrize("name", SHIPPED)
def test_both_languages_of_a_letter_say_the_same_facts(name):
    for paragraph in SHIPPED[name].text:
        english, japanese = (
            {slot.name for slot in slots(parse(text))} for text in (paragraph.en, paragraph.ja)
        )
        assert english == japanese
    assert SHIPPED[name].title.ja


@pytest.mark.parametrize("name", SHIPPED)
def test_sentences_are_short_enough_for_a_translating_machine(name):
    for paragraph in SHIPPED[name].text:
        for sentence in re.split(r"[.?!:](?:\s|$|\])", paragraph.en):
            assert len(sentence.split()) <= 24, sentence


def test_every_fact_names_what_it_is_known_from():
    written = writer(*DISPUTE).write("appeal", REASONS)
    sources = {fact.name: fact.event and fact.event.kind.value for fact in written.facts}

    assert sources["claimed"] == "dispute.opened"
    assert sources["outcome"] == "dispute.closed"
    assert sources["ordered_on"] == "order.placed"
    assert sources["request"] is None


def test_what_is_not_known_is_asked_for_and_never_invented():
    asks = writer(PLACED)

    assert [one.name for one in asks.missing("first-contact", {})] == ["problem"]
    with pytest.raises(LetterError, match=r"needs problem \(.+\); say it with --fact problem=…"):
        asks.write("first-contact", {})
    told = asks.write("first-contact", {"problem": "The cable is broken."})
    assert "There is a problem: The cable is broken.\n" in told.pieces[0]
    assert "?" not in told.pieces[0]


def test_an_appeal_takes_only_what_the_form_offers():
    with pytest.raises(LetterError, match="'because' is not in the form's list for reason_1"):
        writer(*DISPUTE).write("appeal", {**REASONS, "reason_1": "because"})


def test_the_ledger_backs_a_reason_where_it_can():
    promised = said("promise", 5, source="note")
    names = [one.name for one in writer(*DISPUTE, promised).missing("appeal", {})]

    assert names == ["reason_1", "reason_2", "reason_3"]


def test_a_chat_letter_is_pasted_in_pieces_that_fit():
    written = writer(*DISPUTE).write("appeal", REASONS)

    assert len(written.pieces) == len(written.beside) > 2
    assert max(map(len, written.pieces)) <= forms()["aliexpress-chat"].characters


def test_what_is_said_too_long_is_refused():
    long = {"problem": "x " * 249, "wanted": "1 JPY", "item": "y " * 249, "store": "z" * 400}

    with pytest.raises(LetterError, match=r"characters and the form takes 1000; shorten"):
        writer(PLACED).write("first-contact", long)


def test_unverified_mail_is_no_fact():
    weak = said("shipment.delivered", 9, trust="unverified")

    assert "delivered_on" not in letter_facts(seen(PLACED, weak), made.ZONE)


def test_a_letter_for_somebody_else_is_refused():
    with pytest.raises(LetterError, match="'claim-answer' is for amazon, as seller; this order"):
        writer(PLACED).choose("claim-answer")
    with pytest.raises(LetterError, match=r"no letter '\.\./appeal'"):
        writer(PLACED).choose("../appeal")


def test_the_known_facts_are_those_a_template_may_name():
    every = letter_facts(seen(*DISPUTE), made.ZONE)

    assert every.keys() <= FACTS_OF_LETTERS
    assert {slot for one in SHIPPED.values() for slot in one.ask} - FACTS_OF_LETTERS == {
        *("answer", "reason", "request", "reason_1", "reason_2", "reason_3")
    }


OWN = "title: {en: Mine, ja: 自作}\nform: aliexpress-message\ntext:\n  - {en: 'Hello {order}', ja: '{order}'}\n"


def test_the_users_own_lie_beside_and_replace_ours(tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN)
    (tmp_path / "appeal.yaml").write_text(OWN)
    book = load_letters(tmp_path)

    assert book.own == {"mine", "appeal"}
    assert writer(PLACED, book=book).write("mine", {}).pieces == (f"Hello {AE}",)
    assert book.letters["appeal"].title.en == "Mine"


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (OWN.replace("{order}", "{ordr}"), r"no fact 'ordr' for a letter; did you mean 'order'\?"),
        (OWN.replace("aliexpress-message", "fax"), "no form 'fax'"),
        (OWN.replace("Hello {order}", "Hello [{order}"), "a \\[ without its \\]"),
        ("text: []", "title"),
        ("", "the file is empty"),
    ],
)
def test_a_wrong_letter_of_the_user_is_told_with_its_place(tmp_path, wrong, fault):
    (tmp_path / "mine.yaml").write_text(wrong)

    with pytest.raises(UserFileError, match=fault) as caught:
        load_letters(tmp_path)
    assert "mine.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("story", "number", "letter", "says"),
    [
        ("aliexpress-evidence-told", "8122000000000001", "send-evidence", "label.jpg, lamp.jpg"),
        ("aliexpress-seller-presses", "8104000000000001", "keep-open", "on 2026-03-17"),
        ("aliexpress-return-in-time", "8106000000000001", "return-in-time", "EE123456785JP"),
        ("aliexpress-judged-valid-refund-short", "8103000000000001", "refund-short", "20.00 USD"),
        ("aliexpress-half-shipped", "8102000000000001", "open-dispute", "Missing: "),
        ("amazon-cancel-then-shipped", "249-0000000-0000001", "lost-cancel-request", "2026-03-03"),
        ("amazon-seller-lost-requests", "249-0000000-0000101", "no-request-reached-us", "2026-03-05"),
    ],
)  # fmt: skip
def test_the_letter_that_a_story_needed_is_the_one_offered(story, number, letter, says):
    view = made.order_view(STORIES[story], number)
    writes = LetterWriter(view=view, book=load_letters(None), zone=made.ZONE, language="en")
    given = {one.name: "x" for one in writes.missing(letter, {})}

    assert writes.choose(None) == letter
    assert says in "\n".join(writes.write(letter, given).pieces)


def test_a_seller_is_offered_a_sellers_letter():
    view = seen(sold("order.placed", 0), sold("cancel.requested", 1), number=AZ)
    writes = LetterWriter(view=view, book=load_letters(None), zone=made.ZONE, language="en")

    assert writes.choose(None) == "we-cancel"
    assert day(1).date().isoformat() in writes.write("we-cancel", {}).pieces[0]
