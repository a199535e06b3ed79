"""What comes in broken: lines that no mail begins with, charsets under other names, relays, and the
text a server sends when it could not fetch the mail.
"""

import base64
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import limits, mail
from parsers.authentic import sender_of
from parsers.charsets import codec_of, decode_bytes, decode_words
from parsers.notice import Outcome, Trust
from parsers.pack import shipped
from parsers.reader import Context, interesting, read
from parsers.relays import known, unwrapped
from parsers.scrub import scrub

SHIPPED = (
    b"From: Amazon.com <shipment-tracking@amazon.com>\r\n"
    b'Subject: Shipped: "Lamp"\r\n'
    b"Date: Tue, 12 May 2026 09:30:00 +0000\r\n"
    b"Message-ID: <one@mail.example>\r\n"
    b"\r\n"
    b"Your package was shipped!\r\n\r\nArriving tomorrow\r\n\r\nOrder #\r\n111-0000000-0000001\r\n"
)
CONTEXT = Context(library=shipped())


@pytest.mark.parametrize(
    "stray",
    [
        b"",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf\xef\xbb\xbf",
        b"\r\n",
        b"\n\n \n",
        b"\xef\xbb\xbf\r\n",
        b">From shipment-tracking@amazon.com Tue May 12 09:30:00 2026\r\n",
        b"From shipment-tracking@amazon.com Tue May 12 09:30:00 2026\n",
        b"220 mail.example ready\r\n",
        b"* OK still here\r\n\xef\xbb\xbf",
        b"\r\n>From somebody\r\n\r\n",
    ],
)
def test_what_no_mail_begins_with_is_dropped(stray):
    raw = stray + SHIPPED
    reading = read(raw, CONTEXT)

    assert [notice.kind.value for notice in reading.notices] == ["shipment.shipped"]
    assert reading.message_id == "<one@mail.example>"
    assert interesting(limits.header_of(raw), CONTEXT)
    assert limits.header_of(raw) == limits.header_of(SHIPPED)
    assert [notice.kind for notice in read(scrub(raw), CONTEXT).notices] == [
        notice.kind for notice in reading.notices
    ]


@pytest.mark.parametrize(
    "raw",
    [b"", b"\n", b"no header at all\n" * 20, b"a" * 3000 + b"\n" + SHIPPED, b"\n" * 30 + SHIPPED],
)
def test_what_has_no_header_near_its_beginning_stays_as_it_is(raw):
    assert limits.trimmed(raw) == raw
    assert read(raw, CONTEXT).outcome is Outcome.FOREIGN


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_dropping_ends_and_drops_no_field(raw):
    kept = limits.trimmed(raw)

    assert raw.endswith(kept)
    assert limits.trimmed(kept) == kept


JIS = b"\x1b$B-!-j-d\x1b(B \x1b$BCmJ8\x1b(B"
"""Row 13 of NEC: a one in a circle, “(company)”, “TEL”; then a word of two ordinary signs."""
NEC = "①㈱℡ 注文"


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        (JIS, "iso-2022-jp", NEC),
        (JIS, "ISO-2022-JP-MS", NEC),
        (JIS, "cp50221", NEC),
        (JIS, "us-ascii", NEC),
        (JIS, None, NEC),
        (JIS, "utf-8", NEC),
        (b"\x1b$B-!\n\x1b(Bok", "iso-2022-jp", "①\nok"),
        (b"\x1b(I6@\x1b(B", "iso-2022-jp", "ｶﾀ"),
        (b"\x1b$B|q\x1b(B", "iso-2022-jp-ms", "ⅰ".encode("cp932").decode("cp932")),
        ("①注文".encode("cp932"), "shift_jis", "①注文"),
        ("①注文".encode("cp932"), "x-sjis", "①注文"),
        ("①注文".encode("cp932"), "Windows-31J", "①注文"),
        (b"\xad\xa1\xc3\xed\xca\xb8", "euc-jp", "①注文"),
        ("注文".encode("euc_jp"), "x-euc-jp", "注文"),
        ("訂單鎔".encode("gb18030"), "gb2312", "訂單鎔"),
        ("訂單鎔".encode("gb18030"), "GBK", "訂單鎔"),
        ("똠방".encode("cp949"), "ks_c_5601-1987", "똠방"),
        ("똠방".encode("cp949"), "EUC-KR", "똠방"),
        ("訂單".encode("big5"), "Big5", "訂單"),
        ("“5 €”".encode("cp1252"), "iso-8859-1", "“5 €”"),
        ("“5 €”".encode("cp1252"), "us-ascii", "“5 €”"),
        ("注文".encode(), "iso-8859-1", "注文"),
        ("注文".encode(), "ascii", "注文"),
        ("注文".encode(), "x-unknown", "注文"),
        ("ş".encode("cp1254"), "iso-8859-9", "ş"),
        ("заказ".encode("koi8_r"), "KOI8-R", "заказ"),
        ("注文".encode("cp932"), None, "注文"),
        ("注文番号のお知らせ".encode()[:-1], "utf-8", "注文番号のお知ら\ufffd"),
        ("注文".encode("utf-16"), "utf-16", "注文"),
        (b"plain", "punycode", "plain"),
        (b"cGxhaW4=", "base64", "cGxhaW4="),
        (b"plain", "unicode_escape", "plain"),
        (b"plain", "idna", "plain"),
        (b"plain", "rot13", "plain"),
        (b"plain", "no-such\0charset", "plain"),
    ],
)
def test_bytes_are_the_text_they_were_meant_to_be(data, charset, expected):
    assert decode_bytes(data, charset) == expected


@pytest.mark.parametrize(
    "name", ["punycode", "idna", "base64", "bz2", "zlib", "rot13", "hex", "uu", "quopri",
             "unicode_escape", "raw-unicode-escape", "undefined", "mbcs", "../x", "x" * 500],
)  # fmt: skip
def test_no_codec_but_a_charset_ever_meets_a_mail(name):
    assert codec_of(name) == ""


def word(text, charset, encoding="B"):
    return f"=?{charset}?{encoding}?{base64.b64encode(text).decode()}?="


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (word(JIS, "iso-2022-jp"), "1(株)TEL 注文"),
        (word("注文".encode(), "utf-8"), "注文"),
        ("=?utf-8?Q?Lamp=2C_red?=", "Lamp, red"),
        ("=?utf-8?Q?Lamp, red?=", "Lamp, red"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= c =?utf-8?q?b?=", "a c b"),
        (f"{word('注'.encode()[:2], 'utf-8')} {word('注'.encode()[2:], 'utf-8')}", "注"),
        (f"{word('注'.encode('cp932')[:1], 'cp932')} {word('注'.encode('cp932')[1:], 'cp932')}", "注"),
        ("=?iso-8859-1?q?=80_5?=", "€ 5"),
        ("=?iso-8859-1*en?q?=80_5?=", "€ 5"),
        ("=?gb2312?B?" + base64.b64encode("鎔".encode("gb18030")).decode() + "?=", "鎔"),
        ("=?punycode?q?abc-def?=", "abc-def"),
        ("=?utf-8?b?not base64!?= x", "=?utf-8?b?not base64!?= x"),
        ("=?utf-8?x?abc?= y", "=?utf-8?x?abc?= y"),
        ("=?utf-8?q?without an end", "=?utf-8?q?without an end"),
        ("=?=?=?", "=?=?=?"),
        ("a\u202eb\u200bc\x1b[2Jd\te", "abc[2Jd e"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_header_is_read_as_it_was_meant(value, expected):
    assert decode_words(value) == expected


STAND_IN = "Retrieval using the IMAP4 protocol failed for the following message"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (f"Subject: {STAND_IN}: 17\r\n\r\nThe server could not.\r\n", True),
        (f"From: Amazon <a@amazon.com>\r\nSubject: Shipped\r\n\r\n{STAND_IN}: 17\r\n", True),
        (f"Content-Type: multipart/mixed; boundary=q\n\n--q\nContent-Type: text/plain\n\n{STAND_IN}", True),
        (f"Content-Type: text/html\n\n<html><body><p>{STAND_IN}: 17</p>", True),
        (f"{STAND_IN}: 17\r\n", True),
        ("Subject: retrieval using the POP3 protocol failed for the following message: 2\n\n", True),
        (f"Subject: Fwd: {STAND_IN}\n\nwhat is it?\n", False),
        (f"Subject: x\n\n> {STAND_IN}\n", False),
        (f"Subject: {STAND_IN}\n\n" + "x" * 40_000, False),
        ("Subject: Shipped\n\nOrder 111-0000000-0000001\n", False),
        ("", False),
    ],
)  # fmt: skip
def test_what_exchange_serves_in_place_of_a_mail_is_known(raw, expected):
    assert mail.unretrieved(raw.encode()) is expected


RELAYED = [
    ('"shipment-tracking@amazon.com [via Relay]" <q1w2e3@mozmail.com>', "mozmail.com"),
    ('"Amazon.com <shipment-tracking@amazon.com> [via Relay]" <q1w2e3@mozmail.com>', "mozmail.com"),
    ("Amazon <shipment-tracking_at_amazon_com_a1b2c3d4e5_f6a7b8c9@icloud.com>", "icloud.com"),
    ("Amazon <shipment-tracking_at_amazon_com_a1b2c3d4e5_f6a7b8c9@privaterelay.appleid.com>", "privaterelay.appleid.com"),
    ("Amazon <shipment-tracking_at_amazon.com_ada@duck.com>", "duck.com"),
    ("Amazon <shipment-tracking_at_amazon_com_qwerty@simplelogin.co>", "simplelogin.co"),
    ("Amazon <shipment-tracking_at_amazon_com_qwerty@passmail.net>", "passmail.net"),
    ("Amazon <shipment-tracking_at_amazon_com_qwerty@passmail.com>", "passmail.com"),
    ("Amazon <shop+shipment-tracking=amazon.com@ada.anonaddy.com>", "anonaddy.com"),
    ("Amazon <shop+shipment-tracking=amazon.com@ada.addy.io>", "addy.io"),
]  # fmt: skip
RECEIVED = "from a.example by mx.example.org with ESMTPS id 1; Tue, 12 May 2026 09:30:00 +0000"


def through(sender, relay, result="pass"):
    stamp = f"mx.example.org; dkim={result} header.d={relay}; dmarc={result} header.from={relay}"
    head = f"Authentication-Results: {stamp}\r\nReceived: {RECEIVED}\r\nFrom: {sender}\r\n"
    return head.encode() + SHIPPED.split(b"\r\n", 1)[1]


@pytest.mark.parametrize(("sender", "relay"), RELAYED)
def test_a_relay_unwraps_to_who_wrote_and_vouches_only_where_it_is_named(sender, relay):
    raw = through(sender, relay)
    stamped = {"library": shipped(), "authserv_ids": ("mx.example.org",)}

    found = sender_of(mail.parse(raw), shipped())
    assert (found.address, found.relay) == ("shipment-tracking@amazon.com", relay)
    for context, trust in (
        (CONTEXT, Trust.UNVERIFIED),
        (Context(**stamped), Trust.UNVERIFIED),
        (Context(**stamped, relays=("another.example",)), Trust.UNVERIFIED),
        (Context(**stamped, relays=(relay,)), Trust.VERIFIED),
    ):
        reading = read(raw, context)
        assert (reading.trust, [one.kind.value for one in reading.notices]) == (
            trust,
            ["shipment.shipped"],
        )
    failed = read(through(sender, relay, "fail"), Context(**stamped, relays=(relay,)))
    assert failed.trust is Trust.UNVERIFIED


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("x_at_amazon_com_club_a1b2c3d4e5_f6a7b8c9@icloud.com", "amazon.com.club"),
        ("order_at_amazon_com_at_evil_example_a1b2c3d4e5_f6a7b8c9@icloud.com", "evil.example"),
        ("x_at_amazon.com.evil.example_ada@duck.com", "amazon.com.evil.example"),
        ("x_at_amazon_com_club_qwerty@simplelogin.co", "amazon.com.club"),
        ('"order@amazon.com <x@evil.example> [via Relay]" <q1@mozmail.com>', "evil.example"),
        ('"order-update(a)amazon.com" <x_at_evil_example_qwerty@simplelogin.co>', "evil.example"),
        ("a+order=amazon.com+x=evil.example@ada.anonaddy.com", "evil.example"),
    ],
)
def test_a_stranger_behind_a_relay_is_a_stranger(sender, domain):
    found = sender_of(mail.parse(f"From: {sender}\r\n\r\nx".encode()), shipped())

    assert found.domain == domain
    assert found.pack is None


@pytest.mark.parametrize(
    "sender",
    [
        '"Amazon.com - order-update(a)amazon.com" <ra+qwerty@simplelogin.co>',
        '"order-update at amazon.com" <qwerty@slmail.me>',
        f"Amazon <{'a' * 21}.order-update_at_amazon_com_qwerty@simplelogin.co>",
        "Amazon.com <q1w2e3@mozmail.com>",
    ],
)
def test_a_name_the_sender_could_have_chosen_never_verifies(sender):
    raw = through(sender, sender.rpartition("@")[2].strip(">"))
    relays = tuple(domain for relay in known() for domain in relay.domains)
    context = Context(library=shipped(), authserv_ids=("mx.example.org",), relays=relays)

    assert read(raw, context).trust is Trust.UNVERIFIED


@pytest.mark.parametrize("sender", ["Amazon <ada@icloud.com>", "Amazon <ada@duck.com>"])
def test_people_who_have_an_address_where_a_relay_has_its_own_are_people(sender):
    assert read(f"From: {sender}\r\n\r\nx".encode(), CONTEXT).outcome is Outcome.FORGED


@given(st.text(max_size=80), st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_no_name_breaks_the_shapes_of_relays(display, local):
    for relay in known():
        found = unwrapped(display, local, relay.domains[0], ("amazon.com",))
        assert found is None or "." in found.domain


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("Tue, 12 May 2026 09:30:00 +0900", date(2026, 5, 12)),
        ("Tue, 12 May 1999 09:30:00 +0900", None),
        ("Fri, 31 Dec 9999 23:59:59 +0000", None),
        ("Tue, 12 May 2026 09:30:00 +9999", None),
        ("x" * 5000, None),
    ],
)
def test_a_date_out_of_this_century_is_none(value, day):
    found = mail.parse(f"Date: {value}\r\n\r\nx".encode()).date

    assert (found and found.date()) == day
