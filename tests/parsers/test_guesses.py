"""Every phrase, label and word of a pack that no real mail proves does what it says, in a mail made
when the tests run.
"""

from functools import cache

import pytest

from parsers.notice import Outcome, Proof, Trust
from parsers.pack import phrases, shipped
from parsers.phrase import GAP, fold_written
from parsers.reader import Context, read
from tests.parsers.guesses import ORDERS, STAMP, guesses, made, sample

LANGUAGES = [(pack.marketplace, code) for pack in shipped().packs for code in pack.languages]
NUMBERS = ("tracking", "parcel", "package")
ITEM_LINES = {"item": "Lantern", "quantity": "2", "price": "USD 12.40"}
SPOKEN_OF = {
    "judgement": "dispute.judged",
    "solution": "dispute.proposal",
    "delivered_at": "shipment.delivered",
    "at": "shipment.attempt_failed",
}
"""The kind of mail that carries a field; any other field stands in any mail."""


def reading(raw):
    context = Context(
        library=shipped(), authserv_ids=(STAMP,), addresses=("me@example.org",), role="both"
    )
    return read(raw, context)


@cache
def said_in(marketplace):
    """(kind, words) -> the languages that say it so: `Pedido {order}: …` is Spanish and
    Portuguese.
    """
    found = {}
    for phrase, template in phrases(shipped().pack(marketplace)):
        words = fold_written(GAP.sub("", phrase.written))
        found.setdefault((template.kind, words), set()).add(template.language)
    return found


def wrong(guess):
    """What the mail of this phrase is read as, where that is not what the phrase says."""
    found = reading(guess.raw)
    if found.outcome is not Outcome.NOTICES or len(found.notices) != 1:
        return f"is {found.outcome.value}: {found.reason}"
    [notice] = found.notices
    template = guess.template
    if notice.kind is not template.kind:
        return f"is {notice.kind.value} by {notice.evidence[0].source}"
    words = fold_written(GAP.sub("", guess.phrase.written))
    if notice.language not in said_in(guess.pack.marketplace)[template.kind, words]:
        return f"is {notice.language}"
    if notice.language == template.language and notice.proof is not Proof.GUESS:
        return f"is {notice.proof.value}"
    if found.trust is not Trust.VERIFIED:
        return f"is {found.trust.value}"
    if notice.order_numbers != (ORDERS[guess.pack.marketplace],):
        return f"names {notice.order_numbers}"
    lost = {
        name: value for name, value in template.fixed.items() if notice.fields.get(name) != value
    }
    return f"lost {lost}" if lost else None


@pytest.mark.parametrize(("marketplace", "language"), LANGUAGES)
def test_a_guess_is_read_as_what_it_says_and_no_other_phrase_steals_it(marketplace, language):
    mine = [
        guess
        for guess in guesses()
        if (guess.pack.marketplace, guess.template.language) == (marketplace, language)
    ]

    assert mine
    assert [f"{guess.words} {fault}" for guess in mine if (fault := wrong(guess))] == []


def carrier(pack, code, field):
    """A phrase of this language whose mail may carry the field and does not state it itself."""
    kind = SPOKEN_OF.get(field, "")
    return next(
        (phrase, template)
        for phrase, template in sorted(
            phrases(pack), key=lambda one: (one[1].where != "subject", one[1].kind.value)
        )
        if template.language == code
        and template.kind.value.startswith(kind or ("order.", "shipment.", "refund."))
        and not template.vague
        and field not in template.fixed
        and not {field, "item"} & set(phrase.gaps)
    )


def field_of(notice, name):
    """What the notice says of a label's field, or None."""
    if name == "window":
        return notice.fields.get("expected_until")
    if name in NUMBERS:
        return notice.tracking or notice.packages or None
    if name == "case":
        return notice.cases or None
    if name in ITEM_LINES:
        [item] = notice.fields.get("items") or [None]
        return (
            {"item": item.title, "quantity": item.quantity, "price": item.price}[name]
            if item
            else None
        )
    return notice.fields.get(name)


def labelled(pack, code, label):
    """The lines that print a value behind this label."""
    if label.field not in ITEM_LINES:
        return [f"{label.written}: {sample(label.field, pack, code)}"]
    if label.field == "quantity":
        return ["* Lantern", f"{label.written}: {ITEM_LINES['quantity']}"]
    words = {
        one.field: one.written
        for group in pack.languages[code].labels.values()
        for one in group
        if one.field in ITEM_LINES
    } | {label.field: label.written}
    return [f"{words[name]}: {text}" for name, text in ITEM_LINES.items() if name in words]


@pytest.mark.parametrize(("marketplace", "language"), LANGUAGES)
def test_every_label_gives_its_field(marketplace, language):
    pack = shipped().pack(marketplace)
    labels = [label for group in pack.languages[language].labels.values() for label in group]
    silent = []
    for label in labels:
        phrase, template = carrier(pack, language, label.field)
        below = labelled(pack, language, label)
        [notice] = reading(made(pack, phrase, template, *below)).notices
        if label.field != "order" and field_of(notice, label.field) is None:
            silent.append(f"{label.source}: {label.field} {label.written!r}")

    assert labels
    assert silent == []


@pytest.mark.parametrize(("marketplace", "language"), LANGUAGES)
def test_every_word_has_its_meaning_behind_its_label(marketplace, language):
    pack = shipped().pack(marketplace)
    labels = sorted(
        (label for group in pack.languages[language].labels.values() for label in group),
        key=lambda label: label.rank,
    )
    other = []
    for field, words in pack.languages[language].values.items():
        label = next(label for label in labels if label.field == field)
        phrase, template = carrier(pack, language, field)
        for word, meaning in words.items():
            [notice] = reading(made(pack, phrase, template, f"{label.written}: {word}")).notices
            if notice.fields.get(field) != meaning:
                other.append(f"{field} {word!r}: {notice.fields.get(field)} and not {meaning}")

    assert other == []


@pytest.mark.parametrize(("marketplace", "language"), LANGUAGES)
def test_every_line_gives_what_its_gaps_hold(marketplace, language):
    pack = shipped().pack(marketplace)
    lost = []
    for phrase, _ in pack.languages[language].lines.all:
        gaps = [gap.partition(":")[0] for gap in phrase.gaps]
        names = [gap for gap in gaps if gap not in ("any", "name", "n", "order", "site", "code")]
        line = GAP.sub(lambda gap: sample(gap[1], pack, language), phrase.written)
        for name in names:
            said, template = carrier(pack, language, name)
            [notice] = reading(made(pack, said, template, line)).notices
            if field_of(notice, name) is None:
                lost.append(f"{phrase.source}: {line!r} gives no {name}")

    assert lost == []
