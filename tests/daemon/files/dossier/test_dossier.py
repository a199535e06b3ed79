"""The dossier, written from a real view: a disputed lamp, its mails, a return in time and a hostile
title.
"""

import hashlib
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.files.dossier import StoredMail, write
from daemon.files.dossier.page import STYLE, link, safe, tag
from daemon.files.dossier.words import REASONS, WORDS
from orders.deadlines import policy
from orders.event import Event, Source
from orders.facts.view import view
from parsers.notice import Item, Kind, Money, Role, Trust
from tests.missing import without
from tests.orders.list_index import ListIndex

TOKYO = ZoneInfo("Asia/Tokyo")
NUMBER = "8100000000000001"
START = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
NOW = START + timedelta(days=30)
EVIL = "<script>alert(1)</script>\u202egnp.exe"
HTML_MAIL = (
    b"From: AliExpress <transaction@notice.aliexpress.com>\r\nTo: taro@example.jp\r\n"
    b"Subject: =?utf-8?B?57Sb5LqJ44Gu57WQ5p6c?=\r\nDate: Thu, 12 Mar 2026 09:00:00 +0900\r\n"
    b"Message-ID: <m2@example>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<html><body onload=evil()><img src='https://tracker.example/x.gif'><h1>Judgement from AE</h1>"
    b"<p>Invalid <b>&lt;b&gt;bold&lt;/b&gt;</b></p><script>steal()</script></body></html>"
)
PLAIN_MAIL = (
    b"From: AliExpress <transaction@notice.aliexpress.com>\r\nSubject: Order 8100000000000001:"
    b" order confirmed\r\nDate: Sun, 01 Mar 2026 00:00:00 +0000\r\nMessage-ID:"
    b" <m1@example>\r\n\r\nYour order is confirmed.\r\n2 lamps are on the list.\r\nThank you.\r\n"
)


def event(kind, days, **changes):
    held = {
        "origin": f"note:{kind}:{days}", "kind": kind, "at": START + timedelta(days=days), "seen": START,
        "source": Source.NOTE, "marketplace": "aliexpress", "role": Role.BUYER, "trust": Trust.VERIFIED,
        "order_numbers": (NUMBER,),
    }  # fmt: skip
    return Event(**(held | changes))


def yen(value):
    return Money(value=Decimal(value), currency="JPY")


EVENTS = (
    event(
        Kind.ORDER_PLACED, 0, source=Source.MAIL, mail=1, subject="Order 8100000000000001: order confirmed",
        fields={"items": (Item(title=EVIL, quantity=2, price=yen(293)),), "total": yen(586), "store": "Lamp & Co <b>"},
    ),
    event(Kind.SHIPMENT_SHIPPED, 2, tracking=("RB123456785CN",)),
    event(Kind.PROMISE, 9, fields={"text": "one more week", "due": date(2026, 3, 17)}),
    event(Kind.DISPUTE_OPENED, 13, cases=("7100000000000001",), fields={"amount": yen(586), "reason": "not as told"}),
    event(Kind.EVIDENCE, 14, fields={"text": "photo-1.jpg, photo-2.jpg"}),
    event(Kind.DISPUTE_JUDGED, 20, source=Source.MAIL, mail=2, fields={"judgement": "invalid"}),
    event(Kind.DISPUTE_CLOSED, 28, cases=("7100000000000001",), fields={"outcome": "no_refund"}),
)  # fmt: skip
MAILS = (
    StoredMail(id=2, raw=HTML_MAIL, received_at=START + timedelta(days=20)),
    StoredMail(id=1, raw=PLAIN_MAIL, received_at=START),
    StoredMail(id=3, raw=None, received_at=START + timedelta(days=21)),
)


def seen(events=EVENTS):
    number = events[0].order_numbers[0]
    first = events[0]
    return view(
        f"{first.marketplace}:{first.role}:{number}", ListIndex(events), policy.load(), TOKYO
    )


def written(language="en", events=EVENTS, mails=MAILS):
    return write(seen(events), mails, language=language, zone=TOKYO, now=NOW)


def soup(text):
    return BeautifulSoup(text, "lxml")


def test_it_holds_no_script_no_frame_no_form_and_fetches_nothing():
    page = soup(written())

    assert (
        page.find_all(
            ["script", "iframe", "form", "img", "object", "embed", "link", "base", "video"]
        )
        == []
    )
    assert [
        name
        for element in page.find_all()
        for name in element.attrs
        if name.startswith(("on", "src", "style"))
    ] == []


def test_every_link_is_one_we_built_or_leads_into_the_page():
    page = soup(written())
    targets = {anchor["href"] for anchor in page.find_all("a")}
    ids = {element["id"] for element in page.find_all(id=True)}

    assert [target for target in targets if target.startswith("#") and target[1:] not in ids] == []
    assert all(target.startswith(("#", "https://")) for target in targets)
    assert "tracker.example" not in "".join(targets)
    assert f"https://www.aliexpress.com/p/order/detail.html?orderId={NUMBER}" in targets


def test_its_policy_allows_its_one_style_sheet_and_nothing_else():
    page = soup(written())
    policy_ = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]

    assert policy_.startswith("default-src 'none'; style-src 'sha256-")
    assert page.find("style").string == STYLE
    assert "@media print" in STYLE


def test_what_strangers_wrote_is_text():
    text = written()

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\u202e" not in text
    assert "Lamp &amp; Co &lt;b&gt;" in text


def test_the_html_of_a_mail_is_never_shown_only_its_words():
    article = soup(written()).find(id="mail-2")
    words = article.find("pre").get_text()

    assert "Judgement from AE" in words
    assert "Invalid" in words
    assert "steal()" not in words
    assert "tracker.example" not in article.get_text()
    assert article.find("h1") is None


def test_each_mail_has_its_headers_and_the_hash_of_its_bytes():
    articles = soup(written()).find_all("article")

    assert [article["id"] for article in articles] == ["mail-1", "mail-2", "mail-3"]
    assert "紛争の結果" in articles[1].get_text()
    assert hashlib.sha256(HTML_MAIL).hexdigest() in articles[1].get_text()
    assert "not stored any more" in articles[2].get_text()


def test_the_timeline_has_every_event_in_order_and_leads_to_the_mails():
    page = soup(written())
    heading = page.find("h2", string="Timeline")
    rows = [row.find_all("td") for row in heading.find_next("table").find("tbody").find_all("tr")]

    assert [row[1].get_text() for row in rows] == [
        "Ordered", "Shipped", "Promise", "Dispute opened", "Evidence", "Judgement of the dispute", "Dispute closed"
    ]  # fmt: skip
    assert rows[0][0].get_text() == "2026-03-01 09:00 JST"
    assert rows[5][3].find("a")["href"] == "#mail-2"


def test_the_prep_sheet_holds_what_a_three_minute_chat_asks_for():
    sheet = soup(written()).find(id="prep")
    text = sheet.get_text(" ")

    for part in (
        NUMBER,
        "7100000000000001",
        "586 JPY",
        "photo-1.jpg, photo-2.jpg",
        "RB123456785CN",
        "2026-03-29",
    ):
        assert part in text
    assert f"I want to appeal the dispute result of order {NUMBER}." in sheet.find("pre").get_text()
    assert hashlib.sha256(HTML_MAIL).hexdigest()[:16] in text


def test_an_order_date_without_a_time_is_shown_without_one():
    placed = event(Kind.ORDER_PLACED, 1, fields={"ordered_at": date(2026, 3, 1)})
    page = soup(written(events=(placed, *EVENTS[1:])))
    shown = [
        label.find_next_sibling().get_text()
        for label in page.find_all(["dt", "th"], string="Ordered")
    ]

    assert shown == ["2026-03-01", "2026-03-01"]


def test_the_prep_sheet_offers_every_reason_and_marks_those_the_ledger_backs():
    sheet = soup(written()).find(id="prep")
    items = [item.get_text() for item in sheet.find_all("li")]
    offered = [english for _, entries in REASONS for _, english, _ in entries]

    assert [reason for reason in offered if not any(reason in item for item in items)] == []
    assert [item for item in items if item.startswith("☑")] == [
        "☑ The seller did not keep a promise – the ledger holds: Promise 2026-03-10 09:00 JST"
    ]


def test_without_a_dispute_there_is_no_prep_sheet():
    assert soup(written(events=EVENTS[:3])).find(id="prep") is None


def test_after_the_appeal_was_decided_there_is_no_prep_sheet():
    decided = event(Kind.APPEAL_DECIDED, 29, fields={"outcome": "rejected"})

    assert soup(written(events=(*EVENTS, decided))).find(id="prep") is None


def test_an_amazon_order_has_no_appeal_sheet_and_links_to_its_own_site():
    placed = event(
        Kind.ORDER_PLACED, 0, marketplace="amazon", order_numbers=("249-0000000-0000001",),
        sender="auto-confirm@amazon.co.jp",
    )  # fmt: skip
    page = soup(written(events=(placed,), mails=()))

    assert page.find(id="prep") is None
    assert (
        "https://www.amazon.co.jp/gp/your-account/order-details?orderID=249-0000000-0000001"
        in str(page)
    )


def test_an_imported_order_links_to_the_site_of_its_currency():
    row = event(
        Kind.IMPORT_ROW, 0, marketplace="amazon", order_numbers=("249-0000000-0000001",), source=Source.IMPORT,
        fields={"total": yen(900)},
    )  # fmt: skip

    assert "https://www.amazon.co.jp/gp/your-account/" in str(
        soup(written(events=(row,), mails=()))
    )


def complaint(*more):
    number = "249-0000000-0000101"
    seller = {"marketplace": "amazon", "role": Role.SELLER, "order_numbers": (number,)}
    events = (
        event(Kind.ORDER_PLACED, 0, **seller),
        event(Kind.SHIPMENT_SHIPPED, 1, **seller),
        event(
            Kind.MESSAGE_RECEIVED,
            3,
            **seller,
            fields={"intent": "cancel_complaint", "text": "I had cancelled"},
        ),
        *(event(kind, days, **seller) for kind, days in more),
    )
    return soup(written(events=events, mails=())).get_text()


def test_a_seller_can_show_that_no_cancel_request_came():
    text = complaint()

    assert "Until 2026-03-04 09:00 JST no mail with a request to cancel this order was seen" in text
    assert "was seen in the watched mailboxes at all" in text


def test_a_request_that_came_later_is_not_denied():
    assert "at all" not in complaint((Kind.CANCEL_REQUESTED, 5))


@pytest.mark.parametrize("language", ["en", "ja"])
def test_it_is_written_in_the_language_asked_for(language):
    page = soup(written(language))

    assert page.html["lang"] == language
    assert ("異議申し立ての準備シート" in page.get_text()) == (language == "ja")


def test_the_languages_hold_the_same_words_with_the_same_gaps():
    def gaps(text):
        return sorted(part.partition("}")[0] for part in text.split("{")[1:])

    assert WORDS["en"].keys() == WORDS["ja"].keys()
    assert [key for key in WORDS["en"] if gaps(WORDS["en"][key]) != gaps(WORDS["ja"][key])] == []


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda end: HTML_MAIL + end))
def test_any_bytes_of_a_mail_make_a_whole_page(raw):
    text = written(mails=(StoredMail(id=9, raw=raw, received_at=START),))

    assert text.endswith("</html>\n")
    assert "<script" not in text.lower()


def test_a_mail_beyond_the_limits_is_named_and_not_read():
    bomb = b"From: a@b\r\n" + b"To: " + b"x@y," * 20_000 + b"\r\n\r\nhello"
    article = soup(written(mails=(StoredMail(id=7, raw=bomb, received_at=START),))).find("article")

    assert "The text is not shown" in article.get_text()
    assert article.find("pre") is None


def test_a_link_of_another_scheme_cannot_be_built():
    with pytest.raises(ValueError, match="not a link of ours"):
        link("javascript:alert(1)", "x")


def test_attributes_and_children_are_escaped():
    assert tag("p", "<", title='"><script>') == '<p title="&quot;&gt;&lt;script&gt;">&lt;</p>'
    assert safe("a\u200bb\u202ec\x00d\n") == "abcd\n"


@pytest.mark.chromium
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_browser_shows_it_without_complaint_and_prints_a_pdf(language, tmp_path):
    browser = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if browser is None:
        without(
            "Chromium is missing: the dossier was NOT opened in a browser (apt-get install"
            " chromium)"
        )
    page, pdf = tmp_path / "dossier.html", tmp_path / "dossier.pdf"
    page.write_text(written(language), encoding="utf-8")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--log-level=0",
        f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.as_uri(),
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)

    assert [line for line in ran.stderr.splitlines() if "CONSOLE" in line] == []
    assert Path(pdf).read_bytes().startswith(b"%PDF-")
