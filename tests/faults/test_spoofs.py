"""Row 23: every way we know to look like a shop. What is not confirmed touches no order and shows
no link.
"""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from daemon.mailbox.arrived import Arrived
from daemon.pipeline.pipeline import Pipeline
from daemon.pipeline.setup import build
from daemon.settings import Settings
from daemon.store.store import Store
from daemon.worker.reading import inline
from parsers.frame import Frame
from parsers.notice import Outcome, Trust
from tests.servers import sample_mail

FRAME = Frame(authserv_ids=(sample_mail.STAMP,), addresses=("me@example.org",), zone=UTC)
ORDER = "249-0000000-0000001"
SITE = "https://steal.example.cn/login"
RECEIVED = (
    b"Received: from out.evil.example by mx.example.org with ESMTPS id 1; Tue, 12 May 2026 09:30:00"
    b" +0900\r\n"
)
PASS = (
    b"Authentication-Results: mx.example.org; dkim=pass header.d=amazon.com; dmarc=pass"
    b" header.from=amazon.com\r\n"
)
FAIL = (
    b"Authentication-Results: mx.example.org; dkim=none; spf=fail; dmarc=fail"
    b" header.from=amazon.com\r\n"
)
OTHER = PASS.replace(b"mx.example.org", b"mx.elsewhere.example")
NAME = b"From: Amazon.com <order-update@amazon.com>\r\n"
REST = (
    b"To: me@example.org\r\nDate: Tue, 12 May 2026 09:30:00 +0900\r\nMessage-ID:"
    b" <a@mail.example>\r\nSubject: Your refund for order 249-0000000-0000001\r\n\r\nYour refund"
    b" was issued\r\nOrder # 249-0000000-0000001\r\nRefund total: $99.00\r\n"
    + SITE.encode()
    + b"\r\n"
)


def results(text: str) -> bytes:
    return b"Authentication-Results: mx.example.org; " + text.encode() + b"\r\n"


def cousin(address: str, name: str = "Amazon.com") -> bytes:
    domain = address.rpartition("@")[2].encode("idna").decode()
    stamp = f"dkim=pass header.d={domain}; spf=pass; dmarc=pass header.from={domain}"
    return results(stamp) + RECEIVED + f"From: {name} <{address}>\r\n".encode()


FORGED = {
    "its own results below ours": FAIL + RECEIVED + PASS + NAME,
    "nothing but its own results, on top of a foreign hop": (
        FAIL + PASS.replace(b"mx.example.org", b"x") + RECEIVED + NAME
    ),
    "two results of ours that disagree, the bad one first": FAIL + RECEIVED + PASS + NAME,
    "a pass inside a comment": (
        results("dkim=fail (dkim=pass header.d=amazon.com) header.d=evil.example") + RECEIVED + NAME
    ),
    "nested comments": (
        results("dkim=fail ((a) (dkim=pass (header.d=amazon.com))) header.d=e.example")
        + RECEIVED
        + NAME
    ),
    "a comment that never ends": (
        results("dkim=fail (; dkim=pass header.d=amazon.com") + RECEIVED + NAME
    ),
    "a pass inside quotes": (
        results('dkim=fail reason="; dkim=pass header.d=amazon.com"') + RECEIVED + NAME
    ),
    "an escaped quote": (
        results(r'dkim=fail reason="\"; dkim=pass header.d=amazon.com"') + RECEIVED + NAME
    ),
    "20,000 brackets": (
        results("dkim=fail " + "(" * 400 + "dkim=pass header.d=amazon.com") + RECEIVED + NAME
    ),
    "signed by somebody else": results("dkim=pass header.d=evil.example") + RECEIVED + NAME,
    "signed by a longer name": results("dkim=pass header.d=notamazon.com") + RECEIVED + NAME,
    "signed by a name above": results("dkim=pass header.d=com") + RECEIVED + NAME,
    "DMARC of another From": results("dmarc=pass header.from=evil.example") + RECEIVED + NAME,
    "SPF alone, of somebody else": (
        results("spf=pass smtp.mailfrom=x@evil.example") + RECEIVED + NAME
    ),
    "signed by two, one of them us": (
        results("dkim=pass header.d=amazon.com header.i=@evil.example") + RECEIVED + NAME
    ),
    "a cousin": cousin("refund@amazon-refunds.example"),
    "a letter like another": cousin("refund@arnazon.com"),
    "a digit like a letter": cousin("refund@amaz0n.co.jp"),
    "a Cyrillic а": cousin("refund@аmazon.com"),
    "punycode": cousin("refund@xn--mazon-3ve.com"),
    "the shop as a subdomain of a stranger": cousin("refund@amazon.com.evil.example"),
    "the display name only": cousin("x@mail.example.cn"),
    "an address as display name": cousin("x@mail.example.cn", '"order-update@amazon.com"'),
    "a second From": (
        results("dkim=pass header.d=evil.example") + RECEIVED + b"From: x@evil.example\r\n" + NAME
    ),
    "two addresses in one From": (
        results("dkim=pass header.d=evil.example")
        + RECEIVED
        + b"From: Amazon <order-update@amazon.com>, x@evil.example\r\n"
    ),
}
STRAYS = {
    "a line that is no field": b"hello you\r\nYour refund was issued\r\n",
    "a space before the colon": b"X-Other : x\r\n",
    "a field without a name": b": x\r\n",
    "a return without a line feed": b"X-Other: x\r\rYour refund was issued\r\r\n",
    "a NUL": b"X-Other: x\0y\r\n",
    "an envelope's From": b"From x\r\n",
}
"""Where parsers differ about what is header and what is text, so that a signed mail can be made to
say what was never signed.
"""
UNPROVED = {
    "SPF alone": results("spf=pass smtp.mailfrom=x@amazon.com") + RECEIVED + NAME,
    "no results at all": RECEIVED + NAME,
    "only results of its own, with a foreign id": OTHER + RECEIVED + NAME,
    "its results below a hop of its own": (
        RECEIVED.replace(b"by mx.example.org", b"by relay.evil.example") + PASS + NAME
    ),
    "ARC says it passed": (
        RECEIVED
        + b"ARC-Authentication-Results: i=1; mx.example.org; dkim=pass header.d=amazon.com\r\n"
        + b"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=evil.example\r\n"
        + NAME
    ),
    "our own id in another field": RECEIVED + b"X-" + PASS + NAME,
    **{
        f"a signed mail sent again with {what} in its header": PASS + RECEIVED + NAME + line
        for what, line in STRAYS.items()
    },
    "a signature that covers only the beginning": (
        PASS + RECEIVED + b"DKIM-Signature: v=1; d=mail.amazon.com; l = 10; s=x; b=x\r\n" + NAME
    ),
    "an id that only begins like ours": (
        OTHER.replace(b"mx.elsewhere", b"mx.example.org.evil") + RECEIVED + NAME
    ),
}


@pytest.fixture(scope="module")
def reads():
    return inline(None)


@pytest.mark.parametrize("name", FORGED)
def test_what_pretends_to_be_a_shop_is_forged(reads, name, record_property):
    reading = reads(FORGED[name] + REST, FRAME)
    record_property("tried", 1)

    assert (reading.outcome, reading.trust) == (Outcome.FORGED, Trust.FORGED)
    assert reading.notices == ()
    assert reading.claims == (ORDER,)


@pytest.mark.parametrize("name", UNPROVED)
def test_what_nobody_vouches_for_is_never_taken_as_proved(reads, name, record_property):
    reading = reads(UNPROVED[name] + REST, FRAME)
    record_property("tried", 1)

    assert reading.trust in (Trust.UNVERIFIED, Trust.FORGED)


def test_a_forward_by_somebody_else_is_no_forward(reads, record_property):
    inner = (PASS + RECEIVED + NAME + REST).decode()
    head = "From: me@example.org\r\nTo: me@example.org\r\nSubject: Fwd: refund\r\n\r\n"
    outer = f"{head}---- Forwarded message ----\r\n{inner}"
    failed = (
        "Authentication-Results: mx.example.org; dmarc=fail header.from=example.org\r\n"
        + RECEIVED.decode()
        + outer
    )
    stranger = outer.replace("From: me@example.org", "From: thief@evil.example", 1)
    record_property("tried", 2)

    assert reads(failed.encode(), FRAME).trust is Trust.FORGED
    assert reads(stranger.encode(), FRAME).notices == ()


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_mail_changes_no_order_and_its_links_are_never_shown(reads, name, record_property):
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with Store.memory() as store:
        pipeline = Pipeline(store, setup(), reads, clock=lambda: now)
        poll = pipeline.begin_poll("main", backfill=timedelta(0))
        pipeline.end_poll(poll, now)
        poll = pipeline.begin_poll("main", backfill=timedelta(0))
        pipeline.take(poll, arrived(1, sample_mail.placed(ORDER), now))
        with store.read() as ledger:
            before = ledger.orders.get(f"amazon:buyer:{ORDER}"), len(tuple(ledger.all_events()))
        pipeline.take(poll, arrived(2, FORGED[name] + REST, now))
        pipeline.end_poll(poll, now)
        with store.read() as ledger:
            after = ledger.orders.get(f"amazon:buyer:{ORDER}"), len(tuple(ledger.all_events()))
            said = "\n".join(f"{row.title}\n{row.body}" for row in ledger.outbox.listed())
    record_property("tried", 1)

    assert after == before
    assert "steal.example" not in said
    assert "fake" in said.lower() or "pretend" in said.lower() or "forged" in said.lower(), said


@cache
def setup():
    box = {"id": "main", "host": "imap.example.org", "user": "me", "password": {"value": "x"}}
    box |= {"authserv_ids": [sample_mail.STAMP], "addresses": ["me@example.org"]}
    target = {"id": "phone", "url": {"value": "json://localhost"}}
    alerts = {severity: {"group": "now"} for severity in ("critical", "warning", "info")}
    written = {
        "version": 1,
        "mailboxes": [box],
        "targets": [target],
        "alerts": alerts,
        "group_wait": "0s",
    }
    return build(Settings.model_validate(written), rules=None, packs=None)


def arrived(uid: int, raw: bytes, at: datetime) -> Arrived:
    return Arrived(
        mailbox="main",
        folder="INBOX",
        uidvalidity=1,
        uid=uid,
        internal_date=at,
        size=len(raw),
        raw=raw,
        header=b"",
        flags=(),
    )
