from email import message_from_bytes, policy

import pytest

from tests.daemon.push.recorded import SERVICES, record, record_mail, shown


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_gets_one_request_with_nothing_in_it_that_acts(name):
    (request,) = record(name)
    said = shown(request).lower()

    assert request.headers["user-agent"] == "Orderbell"
    assert "apprise" not in said
    assert "@everyone" not in said
    assert "<!channel>" not in said
    assert "](" not in said
    assert "\u202e" not in said
    assert "x-injected" not in request.headers


@pytest.mark.parametrize(
    ("name", "severity", "where"),
    [
        ("ntfy", "critical", "x-priority: max"),
        ("ntfy", "warning", "x-priority: high"),
        ("Pushover", "critical", "priority=1&"),
        ("Pushover", "info", "priority=-1&"),
        ("Gotify", "critical", '"priority": 10'),
        ("Slack", "critical", '"title": "🔴 '),
        ("Discord", "critical", '"content": "🔴 '),
        ("Discord", "info", '"content": "AliExpress'),
        ("Telegram", "warning", "<b>🟠 "),
        ("LINE", "critical", '"text": "🔴 '),
        ("web hook", "critical", '"type": "failure"'),
        ("web hook", "critical", "idempotency-key: dispute-judged-invalid/1/firing"),
    ],
)
def test_each_service_shows_how_bad_it_is_in_its_own_way(name, severity, where):
    (request,) = record(name, severity=severity)

    assert where in shown(request)


@pytest.mark.parametrize("name", ["Slack", "Telegram"])
def test_markup_is_escaped_where_the_service_would_read_it(name):
    (request,) = record(name)

    assert "&lt;b&gt;Mug" in shown(request)


def test_a_japanese_body_of_full_length_is_sent_as_text_not_as_a_file():
    (request,) = record("ntfy", title="審査結果", body="注" * 3_000)

    assert request.json["message"] == "注" * 999 + "…"
    assert len(request.body) < 8_000


@pytest.mark.parametrize(("name", "where"), [("ntfy", "x-click: "), ("Pushover", "url=")])
def test_a_tap_opens_the_orders_page_when_that_is_wanted(name, where):
    body = "Order 8100000000000001\nhttps://www.aliexpress.com/p/order/detail.html?orderId=8100000000000001"
    (asked,) = record(name, body=body, click=True)
    (unasked,) = record(name, body=body)

    assert where in shown(asked)
    assert where not in shown(unasked)


def test_an_empty_body_still_arrives():
    (request,) = record("ntfy", body="")

    assert request.json["message"].startswith("AliExpress decided against you")


def test_a_mail_has_one_subject_line_and_plain_text():
    mail = message_from_bytes(record_mail(), policy=policy.default)

    assert mail["Subject"].startswith("🔴 AliExpress decided against you")
    assert mail["X-Injected"] is None
    assert mail["X-Application"] == "Orderbell"
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == [
        "text/plain"
    ]
