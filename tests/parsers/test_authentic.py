"""Attacks on whom a mail is from: stamps that contradict, stand in the wrong place or are nobody's,
and fields given twice around a signature that covers one of them.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import authentic, mail
from parsers.notice import Trust
from parsers.pack import shipped
from parsers.reader import Context, read

NAMES = {"A": "Authentication-Results", "R": "Received"}
OURS = "from a.example by mx.example.org with ESMTPS id 1; Tue, 12 May 2026 09:30:00 +0000"
OTHERS = "from b.example by relay.example.net with SMTP id 2; Tue, 12 May 2026 09:30:00 +0000"
PASS = "mx.example.org; dkim=pass header.d=amazon.com; dmarc=pass header.from=amazon.com"
FAIL = "mx.example.org; dkim=fail header.d=amazon.com; dmarc=fail header.from=amazon.com"
STRANGER = "mx.example.org; dkim=pass header.d=evil.example; dmarc=none header.from=amazon.com"
SPF_ONLY = "mx.example.org; spf=softfail smtp.mailfrom=x@evil.example"
NOTHING = "mx.example.org; none"


def trust(fields, ids=("mx.example.org",)):
    head = "".join(f"{NAMES.get(name, name)}: {value}\r\n" for name, value in fields)
    raw = f"{head}From: Amazon <order-update@amazon.com>\r\nSubject: x\r\n\r\nhi\r\n"
    one = mail.parse(raw.encode())
    return authentic.trust_of(one, authentic.sender_of(one, shipped()), ids, ())[0]


@pytest.mark.parametrize(
    "fields",
    [
        # what the provider found, and a forged copy right above or below it
        [("R", OURS), ("A", FAIL), ("A", PASS)],
        [("R", OURS), ("A", PASS), ("A", FAIL)],
        [("A", PASS), ("A", FAIL), ("R", OURS)],
        [("A", FAIL), ("A", PASS), ("R", OURS)],
        [("R", OURS), ("A", STRANGER), ("A", PASS)],
        [("R", OURS), ("A", PASS), ("A", STRANGER)],
        [("A", STRANGER), ("A", PASS), ("R", OURS)],
        [("R", OURS), ("A", SPF_ONLY), ("A", PASS)],
        [("R", OURS), ("A", NOTHING), ("A", PASS)],
        # a run that something else interrupts is over
        [("A", SPF_ONLY), ("X-Mailer", "x"), ("A", PASS), ("R", OURS)],
        [("A", NOTHING), ("A", "other.example; dkim=pass"), ("A", PASS), ("R", OURS)],
        [("R", OURS), ("A", SPF_ONLY), ("Subject", "y"), ("A", PASS)],
        # a veto
        [("A", "mx.example.org; dkim=pass header.d=amazon.com; dmarc=fail"), ("R", OURS)],
        [("A", "mx.example.org; dmarc=fail; dmarc=pass header.from=amazon.com"), ("R", OURS)],
        [("A", "mx.example.org; dkim=pass header.d=amazon.com; dkim=fail header.d=amazon.com"), ("R", OURS)],
        [("A", "mx.example.org; dkim=fail; dkim=pass header.d=amazon.com"), ("R", OURS)],
        [("A", "mx.example.org; dkim=permerror header.i=@amazon.com; dkim=pass header.d=amazon.com"), ("R", OURS)],
        # nobody received it
        [("A", PASS)],
        [("A", PASS), ("X-Received", OURS)],
        [],
        # somebody else did
        [("R", OTHERS), ("A", PASS)],
        [("R", OTHERS), ("R", OURS), ("A", PASS)],
        [("R", "from b.example (by mx.example.org) by relay.example.net; Tue"), ("A", PASS)],
        [("R", "from b.example by relay.example.net (x by mx.example.org); Tue"), ("A", PASS)],
        [("R", "from (by mx.example.org with SMTP"), ("A", PASS)],
        [("R", "from b by relay.example.net; by mx.example.org"), ("A", PASS)],
        [("R", 'from b by relay.example.net for "x by mx.example.org"; Tue'), ("A", PASS)],
        # a property that is there twice is none
        [("A", "mx.example.org; dkim=pass header.d=evil.example header.d=amazon.com"), ("R", OURS)],
        [("A", "mx.example.org; dkim=pass header.d=amazon.com header.d=evil.example"), ("R", OURS)],
        [("A", "mx.example.org; dmarc=pass header.from=evil.example header.from=amazon.com"), ("R", OURS)],
        [("A", "mx.example.org; dkim=pass header.d=amazon.com header.i=@evil.example"), ("R", OURS)],
        # what only looks like a result
        [("A", "mx.example.org; x=(dkim=pass header.d=amazon.com"), ("R", OURS)],
        [("A", 'mx.example.org; x="dkim=pass header.d=amazon.com'), ("R", OURS)],
        [("A", "mx.example.org (; dkim=pass header.d=amazon.com"), ("R", OURS)],
        [("A", "mx.example.org; dkim=pass\\ header.d=amazon.com"), ("R", OURS)],
        [("A", "mx.example.org.evil.example; dkim=pass header.d=amazon.com"), ("R", OURS)],
        [("A", "evil.example mx.example.org; dkim=pass header.d=amazon.com"), ("R", OURS)],
        [("A", "(mx.example.org) evil.example; dkim=pass header.d=amazon.com"), ("R", OURS)],
    ],
)  # fmt: skip
def test_no_stamp_that_somebody_else_could_have_written_verifies(fields):
    assert trust(fields) is not Trust.VERIFIED


@pytest.mark.parametrize(
    "fields",
    [
        [("A", PASS), ("R", OURS)],
        [("R", OURS), ("A", PASS)],
        [("R", OURS), ("Return-Path", "<x@bounces.amazon.com>"), ("Received-SPF", "pass"), ("A", PASS)],
        [("A", PASS), ("A", PASS), ("R", OURS)],
        [("A", "mx.example.org; dmarc=pass header.from=amazon.com"), ("X-DMARC-Info", "pass=pass"),
         ("A", "mx.example.org; dkim=pass header.d=amazon.com"), ("R", OURS)],
        [("A", "mx.example.org; spf=pass"), ("A", "mx.example.org; dkim=pass header.d=amazon.com"), ("R", OURS)],
        [("A", "mx.example.org; dkim=pass header.d=amazon.com; dkim=pass header.d=amazonses.com"), ("R", OURS)],
        [("A", "mx.example.org; dkim=pass header.d=amazon.com; dkim=fail header.d=list.example"), ("R", OURS)],
        [("A", "mx.example.org; dkim=none header.d=amazon.com; dmarc=pass header.from=amazon.com"), ("R", OURS)],
        [("A", "mx.example.org; dkim=pass (2048 bit \\) key) header.d=amazon.com"), ("R", OURS)],
        [("A", "MX.Example.Org 1; DKIM=Pass Header.D=Amazon.COM"), ("R", OURS)],
        [("R", "from a.example (a.example [192.0.2.1] by chance) by mx.example.org (Postfix); Tue"), ("A", PASS)],
    ],
)  # fmt: skip
def test_the_stamps_of_real_providers_verify(fields):
    assert trust(fields) is Trust.VERIFIED


@pytest.mark.parametrize(
    "result", [FAIL, STRANGER, "mx.example.org; dkim=pass header.d=amazon.com; dmarc=fail"]
)
def test_what_the_provider_refused_is_forged(result):
    assert trust([("A", result), ("R", OURS)]) is Trust.FORGED


GENUINE = (
    f"Authentication-Results: {PASS}\r\nReceived: {OURS}\r\n"
    "From: Amazon.com <shipment-tracking@amazon.com>\r\nTo: me@example.org\r\n"
    'Subject: Shipped: "Lamp"\r\nDate: Tue, 12 May 2026 09:30:00 +0000\r\n'
    "Message-ID: <one@mail.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
    "Content-Transfer-Encoding: 7bit\r\n\r\n"
    "Your package was shipped!\r\n\r\nArriving tomorrow\r\n\r\nOrder #\r\n111-0000000-0000001\r\n"
)
CONTEXT = Context(library=shipped(), authserv_ids=("mx.example.org",))


@pytest.mark.parametrize(
    "field",
    [
        "Subject: Your Amazon.com order #111-0000000-0000001 has been canceled",
        "subject : x",
        "Date: Tue, 12 May 2026 09:31:00 +0000",
        "To: you@example.org",
        "Message-ID: <two@mail.example>",
        "MIME-Version: 1.0",
        "Content-Type: text/html",
        "Content-Transfer-Encoding: base64",
        "Content-Type: multipart/mixed; boundary=x",
    ],
)
@pytest.mark.parametrize("above", [True, False])
def test_a_signed_mail_with_a_field_put_beside_its_own_is_suspicious(field, above):
    name, rest = GENUINE.split("From: ", 1)
    raw = (
        f"{name}{field}\r\nFrom: {rest}"
        if above
        else GENUINE.replace("7bit\r\n", f"7bit\r\n{field}\r\n")
    )

    assert read(GENUINE.encode(), CONTEXT).trust is Trust.VERIFIED
    found = read(raw.encode(), CONTEXT)
    assert found.trust is not Trust.VERIFIED
    if found.notices:
        assert "suspicious" in found.reason


def test_two_from_fields_are_nobody():
    raw = GENUINE.replace("From: ", "From: x@evil.example\r\nFrom: ", 1)

    assert read(raw.encode(), CONTEXT).trust is not Trust.VERIFIED


@pytest.mark.parametrize(
    "display",
    ["a" * 2000, '"' + "\\" * 1500 + '"', "(" * 1200, "a@b.c, " * 300, "=?utf-8?q?a?= " * 100],
)
def test_a_from_field_larger_than_any_is_not_taken_apart(display):
    raw = GENUINE.replace("From: Amazon.com <", f"From: {display} <", 1)
    found = read(raw.encode(), CONTEXT)

    assert found.reason == "Not read: its From field is larger than 1 KiB."
    assert found.notices == ()


@given(
    st.lists(
        st.sampled_from(
            [
                ("A", PASS),
                ("A", FAIL),
                ("A", STRANGER),
                ("R", OURS),
                ("R", OTHERS),
                ("X-Mailer", "x"),
                ("Return-Path", "<>"),
                ("A", NOTHING),
            ]
        ),
        max_size=6,
    )
)
@settings(max_examples=200, deadline=None)
def test_no_order_of_stamps_outvotes_the_providers_first(fields):
    kinds = [value for name, value in fields if name == "A"]

    if trust(fields) is Trust.VERIFIED:
        assert PASS in kinds
        assert any(name == "R" for name, _ in fields)
        run = [value for _, value in fields if value in (PASS, FAIL, STRANGER, NOTHING)]
        assert run[0] in (PASS, NOTHING)
