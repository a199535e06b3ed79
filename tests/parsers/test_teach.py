"""Teaching: a line becomes a phrase, its own words are held against its kind, and it is written
beside what a person wrote.
"""

import pytest

from parsers.doubts import doubt
from parsers.notice import Kind
from parsers.pack import shipped
from parsers.phrasewriter import added, removed, taught_lines
from parsers.reader import Context
from parsers.teach import Lesson, TeachError, demand_sound, teachable
from tests.servers import sample_mail

CONTEXT = Context(library=shipped(), authserv_ids=(sample_mail.STAMP,))
ORDER = "111-0000000-0000001"
AT = "2026-11-29 14:03:05"

LINES = {
    'Handed over: "Cat tree..."': "Handed over: {item}",
    "Handed over today: Garden hose 20 m...": "Handed over today: {item}",
    "Handed over today: Garden hose": "Handed over today: {item}",
    f"Order {ORDER} is with the neighbour": "Order {order} is with the neighbour",
    f"Orders {ORDER}, 111-0000000-0000002 are packed": "Orders {orders} are packed",
    "Parcel LP00123456789012 sits at the depot": "Parcel {parcel} sits at the depot",
    "We hold back $12.40 for you": "We hold back {amount} for you",
    "We hold back $12.40 of $20.00 for you": "We hold back {amount} of {any} for you",
    "Your 2 boxes are with the driver": "Your {n} boxes are with the driver",
    "Tell us by March 9, 2026 what you want": "Tell us by {respond_by} what you want",
    "Handed over {to} us today": "Handed over (to) us today",
}


@pytest.mark.parametrize("line", LINES)
def test_what_changes_from_mail_to_mail_becomes_a_gap(line):
    of = teachable(sample_mail.amazon(line, "Garden hose", f"Order # {ORDER}"), CONTEXT)
    [subject] = [one for one in of.suggestions if one.place == "subject"]

    assert subject.phrase == LINES[line]
    assert of.line_of("subject", subject.phrase) == (None if "{to}" in line else line)


def test_greetings_labels_and_the_readers_own_name_are_not_offered():
    raw = sample_mail.amazon(
        "Handed over", "Dear Ann,", "Total: $12.40", "For me@example.org", "It is on a ship now"
    ).replace(b"To: me@example.org", b"To: Ann Example <me@example.org>")
    lines = [one.line for one in teachable(raw, CONTEXT).suggestions]

    assert sorted(lines) == ["For me@example.org", "Handed over", "It is on a ship now"]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (sample_mail.placed(ORDER), "this mail is understood already, as order.placed"),
        (sample_mail.private(), "this mail is from no marketplace whose pack is known"),
        (sample_mail.forged(ORDER), "this mail only pretends to be from a marketplace"),
        (b"\0", "this mail is from no marketplace whose pack is known"),
    ],
)
def test_a_mail_that_cannot_be_taught_says_why(raw, told):
    with pytest.raises(TeachError, match=told):
        teachable(raw, CONTEXT)


DOUBTS = [
    ("shipment.delivered", "en", "Handed to your neighbour: {item}", None),
    ("shipment.delivered", "en", "Your package could not be delivered", "it holds a negation"),
    ("shipment.delivered", "en", "Your package will be delivered soon", "it holds what is to come"),
    ("shipment.delivered", "en", "If your package was delivered, tell us", "it holds a condition"),
    ("order.placed", "en", "Your order has been cancelled", "its words say “cancelled”"),
    ("refund.completed", "en", "Your refund was declined", "its words say “refused”"),
    ("refund.announced", "de", "Deine Erstattung wurde abgelehnt", "its words say"),
    ("refund.announced", "de", "Deine Erstattung kommt in wenigen Tagen", None),
    ("shipment.delivered", "ja", "お荷物を配達できませんでした", "it holds a negation"),
    ("shipment.delivered", "ja", "お荷物をお届けしました", None),
    ("dispute.judged", "en", "Was your claim judged?", "it holds a question"),
    ("shipment.attempt_failed", "en", "We could not hand over your package", None),
]


@pytest.mark.parametrize(("kind", "code", "phrase", "told"), DOUBTS)
def test_a_phrase_whose_own_words_say_something_else_is_refused(kind, code, phrase, told):
    why = doubt(phrase, Kind(kind), code, shipped().packs[1])

    assert why is None if told is None else (why or "").startswith(told)


def test_no_phrase_that_is_shipped_speaks_against_most_of_its_kind():
    packs = shipped().packs
    filed = [(pack, *one) for pack in packs for one in (*pack.subjects.all, *pack.headlines.all)]
    refused = [
        phrase.written
        for pack, phrase, template in filed
        if doubt(phrase.written, template.kind, template.language, pack)
    ]

    assert len(refused) / len(filed) < 0.02


@pytest.mark.parametrize(
    ("phrase", "kind", "told"),
    [
        ("Handed over: {itm}", "shipment.shipped", "unknown gap {itm}"),
        ("Handed over: {item", "shipment.shipped", "a brace without its partner"),
        ("{any}", "shipment.shipped", "would match almost any line"),
        ("Handed on: {item}", "shipment.shipped", "no line of this mail is “Handed on"),
        ("Handed\nover: {item}", "shipment.shipped", "a phrase is one line"),
        ("Handed over: {item}", "mail.gist", "mail.gist is said by no mail"),
        ("Handed over: {item}", "shipment.shipped", None),
    ],
)
def test_a_phrase_that_is_none_of_the_mail_is_refused(phrase, kind, told):
    of = teachable(sample_mail.amazon('Handed over: "Cat tree..."', f"Order # {ORDER}"), CONTEXT)
    lesson = Lesson(
        marketplace="amazon", language="en", place="subject", phrase=phrase, kind=Kind(kind)
    )
    if told is None:
        demand_sound(lesson, of)
    else:
        with pytest.raises(TeachError, match=told):
            demand_sound(lesson, of)


FILES = {
    "no file": ("", "refund.announced:\n- {}\n"),
    "another kind": (
        "# mine\norder.placed:\n- subject: ['A b']   # why\n",
        "# mine\norder.placed:\n- subject: ['A b']   # why\nrefund.announced:\n- {}\n",
    ),
    "a list, and comments": (
        "refund.announced:\n  - set: {x: y}\n    subject: ['c d',\n      'e']\n  # tail\nends:\n- 'x'\n",
        "refund.announced:\n  - set: {x: y}\n    subject: ['c d',\n      'e']\n  - {}\n  # tail\nends:\n- 'x'\n",
    ),
    "one block": (
        "refund.announced:\n  # in\n  subject: ['x y']\n  headline:\n    ['q']  # c\n# next\n",
        "refund.announced:\n  # in\n  - subject: ['x y']\n    headline:\n      ['q']  # c\n  - {}\n# next\n",
    ),
    "one line": (
        "refund.announced: [{subject: ['x y']}]  # c\n",
        "refund.announced: [{subject: ['x y']},\n  {{}}\n  ]  # c\n",
    ),
    "one block in one line": (
        "refund.announced: {subject: ['x y']}\n",
        "refund.announced: [{subject: ['x y']},\n  {{}}\n  ]\n",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_phrase_is_written_beside_what_stands_there_and_taken_out_again(name):
    before, after = FILES[name]
    entry = "subject: ['It''s {item}: ok']"
    text = added(before, "refund.announced", "subject", "It's {item}: ok", AT)
    flow = "{{}}" in after
    wanted = after.replace("{{}}" if flow else "{}", f"{{{entry}}}" if flow else entry)
    [line] = taught_lines(text)
    left = removed(text, line)

    assert text.replace(f"  # taught {AT}", "") == wanted
    assert (line.place, line.phrase, line.at) == ("subject", "It's {item}: ok", AT)
    assert "taught" not in left
    assert [part for part in before.splitlines() if part.startswith("#")] == [
        part for part in left.splitlines() if part.startswith("#")
    ]
    assert added(left, "refund.announced", "subject", "It's {item}: ok", AT)


@pytest.mark.parametrize(
    "text", ["a: 1\n...\n", "refund.announced:\n", "refund.announced: x\n", "- a\n"]
)
def test_a_file_of_another_shape_is_left_alone(text):
    with pytest.raises(ValueError, match=r"refund\.announced"):
        added(text, "refund.announced", "subject", "It is ok", AT)
