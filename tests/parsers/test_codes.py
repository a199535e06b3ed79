"""A mail's own code names its kind before phrases do; one that nobody knows is told."""

import pytest

from parsers.notice import Kind, Outcome, Proof, Role
from parsers.pack import load, shipped
from parsers.reader import Context, read
from parsers.user_yaml import UserFileError

ORDER = "249-0000000-0000001"
CONTEXT = Context(library=shipped(), addresses=("me@example.org",), trust_all=True)
LINKS = (
    "https://sellercentral-europe.amazon.com/nms/sellermobile/redirect/x?nt={}",
    "https://sellercentral.amazon.com.br/notifications/feedback?a=1&communicationName={}",
    "https://sellercentral.amazon.it/gp/survey-form.html?HMDName=x&customAttribute1Value={}",
)


def mail(
    *, code="", link="", subject=f"Zzz {ORDER}", body="Zzz zzz zzz.", sender="donotreply@amazon.com"
):
    head = f"X-Space-Notification-Type: {code}\n" if code else ""
    text = f"From: Amazon <{sender}>\nTo: me@example.org\nSubject: {subject}\n{head}"
    return f"{text}Content-Type: text/plain; charset=utf-8\n\n{body}\n{link}\n".encode()


def reading(**parts):
    return read(mail(**parts), CONTEXT)


CODES = shipped().pack("amazon").file.codes


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("place", ["header", *LINKS])
def test_a_code_names_the_kind_of_a_mail_in_words_that_nobody_knows(code, place):
    said = reading(code=code) if place == "header" else reading(link=place.format(code))

    (notice,) = said.notices
    assert (notice.kind, notice.role, notice.proof, notice.order_numbers) == (
        Kind(CODES[code].kind),
        Role.SELLER,
        Proof.REAL,
        (ORDER,),
    )
    assert [one.phrase for one in notice.evidence if one.where == "code"] == [code]


def test_a_forwarded_mail_keeps_its_code_in_its_links():
    inner = (
        f"---------- Forwarded message ---------\nFrom: <donotreply@amazon.com>\n"
        f"Date: Tue, 2 Jun 2026 09:00\nSubject: Zzz {ORDER}\nTo: <me@example.org>\n\n"
        f"Zzz zzz.\n{LINKS[0].format('REFUND_ISSUED')}\n"
    )
    text = f"From: me@example.org\nTo: me@example.org\nSubject: Fwd: Zzz\n\n{inner}"

    said = read(text.encode(), CONTEXT)

    assert [one.kind for one in said.notices] == [Kind.REFUND_ANNOUNCED]


@pytest.mark.parametrize(
    ("code", "subject", "body", "kind", "fields"),
    [
        # words that the code bears out say it more exactly, and fill the fields
        (
            "RETURN_REQUEST",
            f"Notifica di autorizzazione del reso per l'ordine {ORDER}",
            "Motivo del reso: difettoso",
            "return.authorised",
            {"reason": "difettoso"},
        ),
        # a guess of another kind gives way, and says nothing
        ("REFUND_ISSUED", f"Return requested for order {ORDER}", "Zzz.", "refund.announced", {}),
        # labels are read in the language most of them are in
        (
            "REFUND_ISSUED",
            f"Zzz {ORDER}",
            "Importo rimborsato: 12,50 EUR\nMotivo del reso: difettoso",
            "refund.announced",
            {"amount": "12.50 EUR", "reason": "difettoso"},
        ),
        ("BRC_SELLER_NOTIFICATION", f"Zzz {ORDER}", "Zzz.", "cancel.requested", {"by": "buyer"}),
    ],
)
def test_words_fill_what_the_code_names(code, subject, body, kind, fields):
    (notice,) = reading(code=code, subject=subject, body=body).notices

    assert notice.kind.value == kind
    assert {name: str(value) for name, value in notice.fields.items()} == fields


@pytest.mark.parametrize(
    ("code", "subject", "body"),
    [
        ("A_Z_CLAIM_RESPONDENT_NOTIFY", f"Refund Initiated for Order {ORDER}", "Zzz."),
        ("REFUND_ISSUED", f"Zzz {ORDER}", f"The refund for your order {ORDER} was not issued."),
    ],
)
def test_a_code_and_words_against_each_other_are_no_news(code, subject, body):
    said = reading(code=code, subject=subject, body=body)

    assert (said.outcome, said.notices) == (Outcome.UNREAD, ())
    assert said.reason.startswith("Its words contradict each other")
    assert said.gist.orders == (ORDER,)


@pytest.mark.parametrize("place", ["header", *LINKS])
def test_an_unknown_code_is_unread_with_the_code_in_its_reason(place):
    code = "NEW_THING_2027"

    said = reading(code=code) if place == "header" else reading(link=place.format(code))

    assert said.outcome is Outcome.UNREAD
    assert said.reason == (
        "No phrase of the pack fits it, and it names itself NEW_THING_2027, a code that the pack"
        " does not list."
    )
    assert said.gist.orders == (ORDER,)


def test_an_unknown_code_is_told_beside_words_that_are_understood():
    said = reading(code="NEW_THING_2027", subject=f"Refund Initiated for Order {ORDER}")

    assert [one.kind for one in said.notices] == [Kind.REFUND_ANNOUNCED]
    assert said.reason.endswith(
        "it names itself NEW_THING_2027, a code that the pack does not list."
    )


def test_an_unknown_code_is_told_of_an_address_that_no_pack_knows():
    said = reading(code="NEW_THING_2027", sender="brand-new@amazon.com", subject="Zzz zzz")

    assert said.outcome is Outcome.UNREAD
    assert "NEW_THING_2027" in said.reason


@pytest.mark.parametrize("sender", ["x1@marketplace.amazon.it", "shipment-tracking@amazon.it"])
def test_a_code_says_nothing_that_its_sender_may_not_say(sender):
    """Whoever writes to a seller can put a link into it."""
    said = reading(sender=sender, link=LINKS[0].format("BBC_MESSAGE_CONFIRMATION_TO_MERCHANT"))

    assert Kind.MESSAGE_SENT not in [one.kind for one in said.notices]


@pytest.mark.parametrize(
    "link",
    [
        "https://example.net/x?nt=REFUND_ISSUED",
        "https://amazon.com.example.net/x?nt=REFUND_ISSUED",
        "https://www.amazon.com/x?nt=refund",
        "https://www.amazon.com/x?other=REFUND_ISSUED",
    ],
)
def test_what_only_looks_like_a_code_is_none(link):
    said = reading(link=link)

    assert said.outcome is Outcome.UNREAD
    assert "names itself" not in said.reason


@pytest.mark.parametrize("above", ["-----Original Message-----", "On Mon, 4 May 2026 they wrote:"])
def test_the_code_of_an_earlier_mail_below_is_none_of_this_one(above):
    said = reading(body=f"Zzz.\n{above}", link=LINKS[0].format("REFUND_ISSUED"))

    assert said.outcome is Outcome.UNREAD


@pytest.mark.parametrize(
    "subject", ["The refund was not issued", "Was the refund issued?", "If the refund is issued"]
)
def test_a_strange_title_that_denies_or_doubts_stands_against_the_code(subject):
    said = reading(code="REFUND_ISSUED", subject=f"{subject} {ORDER}")

    assert said.outcome is Outcome.UNREAD


def test_two_codes_that_differ_are_none_that_is_known():
    links = "\n".join(LINKS[0].format(code) for code in ("REFUND_ISSUED", "RETURN_REQUEST"))

    said = reading(link=links)

    assert said.outcome is Outcome.UNREAD
    assert "names itself REFUND_ISSUED and RETURN_REQUEST" in said.reason


@pytest.mark.parametrize(
    ("headers", "link", "number", "sender", "zone"),
    [
        (
            "X-Marketplace-ID: A1F83G8C2ARO7P\n",
            "https://sellercentral.amazon.de/x?a=1",
            ORDER,
            "donotreply@amazon.com",
            "Europe/London",
        ),
        ("", "https://sellercentral.amazon.de/x", ORDER, "donotreply@amazon.com", "Europe/Berlin"),
        ("", "", ORDER, "donotreply@amazon.com", "Asia/Tokyo"),
        ("", "", "999-0000000-0000001", "donotreply@amazon.it", "Europe/Rome"),
    ],
)
def test_the_store_is_told_by_its_id_then_links_then_number_then_domain(
    headers, link, number, sender, zone
):
    from parsers.authentic import sender_of
    from parsers.mail import parse
    from parsers.stores import letterhead

    letter = parse(headers.encode() + mail(link=link, subject=number, sender=sender))

    assert letterhead(letter, sender_of(letter, shipped()), "seller").store.zone == zone


@pytest.mark.parametrize(
    ("codes", "line", "words"),
    [
        (
            "codes:\n  SOLD: order.placed\n  REFUND_ISSUED: refund.anounced\n",
            3,
            "'refund.anounced' is no kind; did you mean 'refund.announced'?",
        ),
        ("codes:\n  SOLD: {kind: sold}\n", 2, "'sold' is no kind"),
        ("codes:\n  SOLD:\n    kind: order.placed\n    also: [x.y]\n", 4, "'x.y' is no kind"),
        ("codes:\n  SOLD:\n    kind: order.placed\n    rôle: seller\n", 4, "unknown key 'rôle'"),
        (
            "codes:\n  SOLD:\n    kind: order.placed\n    set: {bye: buyer}\n",
            4,
            "unknown field 'bye'",
        ),
    ],
)
def test_a_pack_with_an_unknown_kind_of_code_is_refused_with_one_sentence(
    tmp_path, codes, line, words
):
    path = tmp_path / "lanternshop" / "pack.yaml"
    path.parent.mkdir()
    path.write_text(
        codes + "marketplace: lanternshop\nstores: {lanternshop.example: {}}\nbrand: ['lantern']\n"
        "senders: {}\norder: ['LS-######']\n",
        encoding="utf-8",
    )

    with pytest.raises(UserFileError) as caught:
        load(tmp_path)

    (fault,) = map(str, caught.value.faults)
    assert fault.startswith(f"{path}:{line}:")
    assert words in fault
