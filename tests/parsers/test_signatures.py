"""An own check of DKIM: with keys made here, a mail signed by its sender is verified where the
server stamps nothing, and no other is.
"""

import base64
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from daemon.dns import Remembered
from daemon.worker.reading import ReadingChild, inline
from parsers import mail as letters
from parsers.frame import Frame, is_key_of
from parsers.notice import Trust
from parsers.signatures import key_names, signer

DOMAINS = ("amazon.com",)
NAME = "s1._domainkey.amazon.com"
HEADER = (
    b'From: "Amazon.com" <order-update@amazon.com>\r\n'
    b"To: me@example.org\r\n"
    b"Subject: Your Amazon.com order #249-0000000-0000001 has shipped\r\n"
    b"Date: Mon, 02 Mar 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@mail.example>\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\n'
)
BODY = b"\r\nYour package was shipped!\r\nOrder # 249-0000000-0000001\r\n"
RAW = HEADER + BODY
SIGNED = [b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"]


def keypair(bits):
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


PRIVATE, TEXT = keypair(2048)
KEYS = {NAME: TEXT}


def signed(raw=RAW, *, domain=b"amazon.com", headers=SIGNED, private=PRIVATE, **more):
    line = dkim.sign(
        raw,
        b"s1",
        domain,
        private,
        include_headers=headers,
        canonicalize=(b"relaxed", b"relaxed"),
        **more,
    )
    return line + raw


@cache
def reads():
    return inline(None)


def trust(raw, keys=KEYS):
    frame = Frame(dkim=DOMAINS, keys=tuple(keys.items()))
    return reads()(raw, frame).trust


def test_a_mail_signed_by_its_sender_is_verified():
    assert trust(signed()) is Trust.VERIFIED
    assert trust(signed(identity=b"bounce@mail.amazon.com")) is Trust.VERIFIED
    assert trust(b"Received: from a by b; Mon, 02 Mar 2026 12:00:01 +0000\r\n" + signed()) is (
        Trust.VERIFIED
    )


def test_without_its_key_or_the_wish_for_a_check_it_is_not():
    assert trust(signed(), keys={}) is Trust.UNVERIFIED
    assert reads()(signed(), Frame()).trust is Trust.UNVERIFIED
    assert trust(RAW) is Trust.UNVERIFIED


WHOLE = signed()
LIMITED = signed(length=True)
UNSIGNED = {
    name: signed(headers=[one for one in SIGNED if one != name])
    for name in (b"subject", b"date", b"content-type")
}
ATTACKS = {
    "another text": WHOLE.replace(b"was shipped!", b"was refunded!"),
    "another order in the subject": WHOLE.replace(b"#249-0000000-0000001", b"#249-0000000-0000002"),
    "a length (l=)": LIMITED,
    "a length and more text": LIMITED + b"Your refund was issued\r\n",
    "a second From on top": b"From: x@evil.example\r\n" + WHOLE,
    "a second Subject on top": b"Subject: Your order has been cancelled\r\n" + WHOLE,
    "a second Content-Type": b"Content-Type: text/html\r\n" + WHOLE,
    "a second Date": b"Date: Mon, 09 Mar 2026 12:00:00 +0000\r\n" + WHOLE,
    **{f"{name.decode()} is not signed": raw for name, raw in UNSIGNED.items()},
    "another encoding, not signed": b"Content-Transfer-Encoding: quoted-printable\r\n" + WHOLE,
    "a line that is no field": WHOLE.replace(b"\r\n\r\n", b"\r\nhello you\r\n\r\n", 1),
    "a lone return": b"X-A: x\r\rYour refund was issued\r\r\n" + WHOLE,
    "a space before the colon": b"X-A : x\r\n" + WHOLE,
    "sha1": WHOLE.replace(b"rsa-sha256", b"rsa-sha1"),
    "a stranger's signature": signed(domain=b"evil.example"),
    "no selector": WHOLE.replace(b"s=s1;", b""),
    "nonsense": b"DKIM-Signature: v=1; a=\xff; d=amazon.com; s=s1; b=\x00\r\n" + RAW,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_other_mail_is_verified(name):
    keys = KEYS | {"s1._domainkey.evil.example": TEXT}

    assert trust(ATTACKS[name], keys) is not Trust.VERIFIED


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("v=DKIM1;", "v=DKIM1; t=y;"),
        TEXT.partition("p=")[0] + "p=",
        TEXT.partition("p=")[0] + "p=AAAA",
        TEXT.replace("k=rsa", "k=ed25519"),
        "v=spf1 -all",
        "",
        "\x00\xff",
    ],
    ids=["being tested", "taken back", "cut", "of another kind", "no key", "empty", "bytes"],
)
def test_no_key_but_a_sound_one_counts(text):
    assert trust(signed(), {NAME: text}) is Trust.UNVERIFIED


def test_a_key_for_its_own_domain_alone_speaks_for_none_below():
    strict = {NAME: TEXT.replace("v=DKIM1;", "v=DKIM1; t=s;")}

    assert trust(signed(), strict) is Trust.VERIFIED
    assert trust(signed(identity=b"x@mail.amazon.com"), strict) is Trust.UNVERIFIED


def test_a_small_key_counts_for_nothing(monkeypatch):
    private, text = keypair(1024)
    assert trust(signed(private=private), {NAME: text}) is Trust.VERIFIED
    monkeypatch.setattr("parsers.signatures.MIN_BITS", 2048)

    assert trust(signed(private=private), {NAME: text}) is Trust.UNVERIFIED


def test_a_signature_speaks_for_no_sender_of_another_shop():
    other = signed(RAW.replace(b"order-update@amazon.com", b"transaction@notice.aliexpress.com"))

    assert signer(other, letters.parse(other), KEYS) == "amazon.com"
    assert trust(other) is Trust.UNVERIFIED


@pytest.mark.parametrize(
    ("name", "is_key"),
    [
        (NAME, True),
        ("s1._domainkey.mail.amazon.com", True),
        ("s1._domainkey.evilamazon.com", False),
        ("s1._domainkey.amazon.com.evil.example", False),
        ("amazon.com", False),
        ("s 1._domainkey.amazon.com", False),
        (f"{'s' * 64}._domainkey.amazon.com", False),
    ],
)
def test_keys_are_asked_of_the_shops_domains_alone(name, is_key):
    assert is_key_of(name, DOMAINS) is is_key


def test_few_keys_are_asked_for_one_mail():
    many = b"".join(
        b"DKIM-Signature: v=1; d=amazon.com; s=s%d\r\n" % number for number in range(50)
    )

    assert len(key_names(letters.parse_header(many + HEADER), DOMAINS)) == 2


def test_the_confined_child_checks_with_the_key_that_is_brought_to_it():
    asked = []

    def lookup(name):
        asked.append(name)
        return KEYS.get(name)

    with ReadingChild(None, lookup=Remembered(lookup)) as child:
        frame = Frame(dkim=DOMAINS)

        assert child(signed(), frame).trust is Trust.VERIFIED
        assert child(ATTACKS["another text"], frame).trust is Trust.UNVERIFIED
        assert child(signed(), Frame()).trust is Trust.UNVERIFIED
        assert asked == [NAME]


def test_an_answer_is_kept_for_an_hour_and_silence_is_not():
    now, asked, answers = [0.0], [], [None, "key", "new key"]

    def lookup(name):
        asked.append(name)
        return answers[len(asked) - 1]

    remembered = Remembered(lookup, clock=lambda: now[0])

    assert [remembered("a"), remembered("a"), remembered("a")] == [None, "key", "key"]
    now[0] = 3601.0
    assert remembered("a") == "new key"
