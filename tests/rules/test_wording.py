from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.facts.stake import Worth
from orders.subject import Subject
from parsers.notice import Money
from rules.alert import BODY_LENGTH, TITLE_LENGTH, Cause, Severity
from rules.rulebook import shipped
from rules.strings import CHOICES, LANGUAGES, WEEKDAYS, WORDS
from rules.templates import fill
from rules.wording import (
    AlertText,
    Counts,
    Listener,
    Week,
    all_quiet,
    cut,
    digest,
    distance,
    first_run,
    join,
    moment,
    rate_limited,
    with_week,
    write,
)
from tests.rules.alert_life import book
from tests.rules.sample_alerts import alert

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
RULE = shipped().rule("appeal-due")
DUE = NOW + timedelta(days=2, hours=14)
ORDER = Subject(
    about="watch",
    id="D-AE-13",
    facts={
        "order.number": "8100000000000001",
        "order.title": "USB cable",
        "order.amount": Money(value=Decimal("26.12"), currency="USD"),
        "order.marketplace": "aliexpress",
        "order.link": "https://www.aliexpress.com/p/order/detail.html?orderId=8100000000000001",
        "watch.due_at": DUE,
        "read.subject": "Dispute closed",
        "read.at": NOW - timedelta(hours=1),
        "read.trust": "verified",
    },
    order="aliexpress:buyer:8100000000000001",
    orders=("8100000000000001",),
    due_at=DUE,
)


def words(rule=RULE, subject=ORDER, cause=Cause.FIRING, *, language="en", now=NOW, **more):
    return write(
        rule,
        subject,
        alert(rule, subject, now),
        cause,
        Listener(language=language, zone=TOKYO, now=now, **more),
    )


def test_an_alert_says_what_which_how_much_what_next_until_when_and_where_it_was_read():
    assert words() == AlertText(
        title="Appeal, once, by Wed 25 Nov 11:00 JST: USB cable (8100000000000001)",
        body=(
            "The dispute did not go as you asked. One appeal is possible.\nOrder 8100000000000001:"
            " USB cable, 26.12 USD, AliExpress\nTo do: Gather order number, amounts, dates, reasons"
            " and evidence first; then file it with AliExpress (Help Center, Online Service, Chat"
            " Now).\nUntil Wed 25 Nov 11:00 JST (2 d 14 h left)\nRead in: “Dispute closed” Sun 22"
            " Nov 20:00"
            " JST\nhttps://www.aliexpress.com/p/order/detail.html?orderId=8100000000000001"
        ),
    )


def test_the_same_in_japanese():
    assert words(language="ja") == AlertText(
        title="異議申し立て（1回のみ）は 11/25(水) 11:00 JST まで：USB cable (8100000000000001)",
        body=(
            "紛争は希望どおりになりませんでした。異議申し立ては1回だけ可能です。\n"
            "注文 8100000000000001：USB cable、26.12 USD、AliExpress\n"
            "次にすること：注文番号・金額・日付・理由・証拠を先にそろえてから申し立ててください："
            "AliExpress（ヘルプセンター→オンラインサービス→チャット）\n"
            "期限：11/25(水) 11:00 JST（あと2日14時間）\n"
            "根拠：「Dispute closed」 11/22(日) 20:00 JST\n"
            "https://www.aliexpress.com/p/order/detail.html?orderId=8100000000000001"
        ),
    )


def test_when_the_deadline_has_passed_the_way_that_is_left_is_told():
    text = words(now=DUE + timedelta(hours=3), cause=Cause.REPEAT)

    assert text.title.startswith("Reminder: Appeal, once, by")
    assert "The time to appeal is over." in text.body
    assert "It was due Wed 25 Nov 11:00 JST (3 h ago)" in text.body


def test_the_end_is_short():
    assert words(cause=Cause.RESOLVED, language="ja").title.startswith("解消：")
    assert (
        words(cause=Cause.RESOLVED).body
        == "This no longer holds, or it is too late to act on it.\n"
        "Order 8100000000000001: USB cable, 26.12 USD, AliExpress"
    )


@pytest.mark.parametrize("trust", ["unverified", "forwarded"])
def test_a_sender_that_is_not_verified_is_said(trust):
    subject = replace(ORDER, facts={**ORDER.facts, "read.trust": trust})

    assert "Sender not verified" in words(subject=subject).body
    assert "送信元は未確認です" in words(subject=subject, language="ja").body


def test_so_it_is_where_the_alert_is_about_the_mail_itself():
    facts = {"mail.subject": "Your appeal", "mail.trust": "unverified", "mail.question": True}

    assert (
        "Sender not verified"
        in words(shipped().rule("which-order"), Subject(about="mail", id="4", facts=facts)).body
    )


def test_of_a_mail_that_may_be_anybodys_nobody_says_that_it_is_genuine():
    texts = (
        text for rule in shipped().rules for text in (*rule.body.values(), *rule.advice.values())
    )

    assert [text for text in texts if "genuine" in text or "本物のメール" in text] == []


def test_a_doubtful_mail_that_says_otherwise_is_told_of():
    subject = replace(ORDER, facts={**ORDER.facts, "watch.doubtful_at": NOW - timedelta(days=1)})

    assert (
        "A mail of Sat 21 Nov, unsure by sender or order, says otherwise"
        in words(subject=subject).body
    )
    assert "11/21(土) に別の内容のメールがあります" in words(subject=subject, language="ja").body


def test_what_was_inferred_is_said_to_be():
    subject = replace(ORDER, facts={**ORDER.facts, "watch.inferred": True})

    assert "Matched without a full order number" in words(subject=subject).body


def test_the_users_own_way_to_the_support_is_told_instead():
    assert "chat.example, code 12" in words(contact={"aliexpress": "chat.example, code 12"}).body


def test_an_optional_part_goes_when_its_fact_is_missing_or_says_nothing():
    rule = book(
        "- {id: it, about: order, when: {order.cancelled: true}, severity: info, "
        'title: "Off[ by {order.cancelled_by}]"}\n'
    ).rule("it")

    def title(**facts):
        subject = Subject(
            about="order", id="x", facts={f"order.{name}": value for name, value in facts.items()}
        )
        return words(rule, subject).title

    assert title(cancelled_by="seller") == "Off by the seller"
    assert title(cancelled_by="unknown") == "Off"
    assert title() == "Off"


def test_our_words_are_translated_a_strangers_text_is_not():
    rule = book(
        "- {id: it, about: order, when: {order.cancelled: true}, severity: info, "
        'title: {en: x, ja: "{order.store} {order.cancel_reason}"}}\n'
    ).rule("it")
    subject = Subject(
        about="order",
        id="x",
        facts={"order.store": "lost_seller", "order.cancel_reason": "out_of_stock"},
    )

    assert words(rule, subject, language="ja").title == "lost_seller 在庫切れ"


def test_a_part_may_be_for_one_marketplace_only():
    rule = book(
        "- {id: it, about: order, when: {order.cancelled: true}, severity: info, "
        'title: "Off[@amazon , claim by {order.ship_by|date}][@aliexpress , dispute it]"}\n'
    ).rule("it")

    def title(**facts):
        subject = Subject(
            about="order", id="x", facts={f"order.{name}": value for name, value in facts.items()}
        )
        return words(rule, subject).title

    assert title(marketplace="aliexpress") == "Off, dispute it"
    assert title(marketplace="amazon", ship_by=DUE) == "Off, claim by Wed 25 Nov"
    assert title(marketplace="amazon") == "Off"
    assert title() == "Off"


def test_what_i_did_myself_is_said_to_be_mine():
    facts = {"order.role": "buyer", "order.cancelled_by": "buyer"}

    assert (
        "cancelled by you"
        in words(
            shipped().rule("order-cancelled"), Subject(about="order", id="x", facts=facts)
        ).body
    )


def test_a_rule_in_one_language_speaks_it_to_everyone():
    rule = book(
        "- {id: it, about: order, when: {order.cancelled: true}, severity: info, title: Off}\n"
    ).rule("it")

    assert words(rule, Subject(about="order", id="x"), language="ja").title == "Off"


def test_braces_and_brackets_can_be_written():
    rule = book(
        '- {id: it, about: order, when: {order.cancelled: true}, severity: info, title: "{{a}}'
        ' [[b]]"}\n'
    ).rule("it")

    assert words(rule, Subject(about="order", id="x")).title == "{a} [b]"


def test_an_alert_is_never_lost_for_its_wording():
    broken = replace(RULE, title={"en": "{"})

    text = words(broken)

    assert text.title == "appeal-due"
    assert "order.number: 8100000000000001" in text.body


@pytest.mark.parametrize(
    ("at", "language", "expected"),
    [
        (datetime(2026, 11, 25, 14, 59, tzinfo=UTC), "en", "Wed 25 Nov 23:59 JST"),
        (datetime(2026, 11, 25, 14, 59, tzinfo=UTC), "ja", "11/25(水) 23:59 JST"),
        (datetime(2027, 1, 3, 0, 0, tzinfo=UTC), "en", "Sun 3 Jan 2027 09:00 JST"),
        (datetime(2027, 1, 3, 0, 0, tzinfo=UTC), "ja", "2027/1/3(日) 09:00 JST"),
    ],
)
def test_times_are_local_with_their_zone(at, language, expected):
    assert moment(at, language, TOKYO, NOW) == expected


def test_a_zone_without_letters_is_told_by_its_offset():
    assert moment(NOW, "en", ZoneInfo("America/Sao_Paulo"), NOW) == "Sun 22 Nov 09:00 UTC-03"


@pytest.mark.parametrize(
    ("span", "en", "ja"),
    [
        (timedelta(days=5, hours=3), "5 d 3 h left", "あと5日3時間"),
        (timedelta(days=5), "5 d left", "あと5日"),
        (timedelta(hours=3, minutes=20), "3 h 20 min left", "あと3時間20分"),
        (timedelta(minutes=45), "45 min left", "あと45分"),
        (timedelta(0), "now", "今"),
        (timedelta(seconds=-40), "now", "今"),
        (timedelta(days=-2, hours=-1), "2 d 1 h ago", "2日1時間前"),
    ],
)
def test_the_time_left_is_told_in_two_steps_at_most(span, en, ja):
    assert (distance(span, "en"), distance(span, "ja")) == (en, ja)


def test_long_texts_are_cut_between_words_with_an_ellipsis():
    assert cut("one two three four", 15) == "one two three…"
    assert cut("一二三四五六", 4) == "一二三…"
    assert cut("short", 5) == "short"


def test_of_a_long_body_the_story_is_shortened_never_what_to_do():
    rule = replace(RULE, body={"en": "blah " * 600})

    body = words(rule).body

    assert len(body) <= BODY_LENGTH
    assert "To do: Gather" in body
    assert "Until Wed 25 Nov" in body
    assert "blah…" in body


long = st.text(st.characters(blacklist_categories=["Cs"]), max_size=3000)


@given(title=long, body=long, number=long, shop=long)
@settings(max_examples=60)
def test_whatever_a_mail_says_title_and_body_keep_their_lengths(title, body, number, shop):
    facts = {
        "order.title": title,
        "order.number": number,
        "read.subject": body,
        "order.marketplace": shop,
    }
    subject = replace(ORDER, facts={**ORDER.facts, **facts})
    for language in LANGUAGES:
        text = words(subject=subject, language=language)
        assert len(text.title) <= TITLE_LENGTH
        assert len(text.body) <= BODY_LENGTH


# several at once

LOW = (Severity.INFO, AlertText(title="Shipped: cable", body="on its way"))
HIGH = (Severity.CRITICAL, AlertText(title="Appeal by Wed", body="once only"))
MIDDLE = (Severity.WARNING, AlertText(title="Pay by Thu", body="or it closes"))


def test_several_alerts_are_one_message_the_worst_first():
    assert join([LOW, HIGH, MIDDLE], "en") == AlertText(
        title="Appeal by Wed and 2 more",
        body="once only\n\nPay by Thu\nor it closes\n\nShipped: cable\non its way",
    )


def test_what_is_the_same_for_all_is_said_once():
    one = (
        Severity.CRITICAL,
        AlertText(title="Judged", body="Order 1: cable\nTo do: this\nRead in: mail 4"),
    )
    two = (
        Severity.WARNING,
        AlertText(title="Appeal", body="Order 1: cable\nTo do: that\nRead in: mail 4"),
    )

    assert (
        join([one, two], "en").body
        == "Order 1: cable\nTo do: this\nRead in: mail 4\n\nAppeal\nTo do: that"
    )


def test_one_alert_stays_as_it_is():
    assert join([HIGH], "en") == HIGH[1]


def test_what_has_no_room_is_counted():
    many = [
        (Severity.WARNING, AlertText(title=f"Alert {n}", body=f"{n} " + "x" * 300))
        for n in range(40)
    ]

    text = join(many, "en")

    assert len(text.body) <= BODY_LENGTH
    assert text.title == "Alert 0 and 39 more"
    assert text.body.endswith("more")
    assert "Alert 5" in text.body


def test_a_digest_is_a_list_of_titles():
    assert digest([LOW, HIGH], "en") == AlertText(
        title="2 things to know", body="• Appeal by Wed\n• Shipped: cable"
    )
    assert digest([LOW], "ja") == AlertText(title="お知らせ 1件", body="• Shipped: cable")


NEW = tuple((f"{name}@amazon.com", 2) for name in ("a", "b", "c", "d"))
WEEKS = [
    (
        Week(dull=12, unread=1, new=NEW),
        "en",
        (
            "Left out as dull this week: 12 mails, of new senders a@amazon.com (2), b@amazon.com (2),"
            " c@amazon.com (2) and 1 more (orderbell mails noise).\n"
            "Not understood this week: 1 mail (orderbell mails unread)."
        ),
    ),
    (Week(dull=1, unread=0), "en", "Left out as dull this week: 1 mail (orderbell mails noise)."),
    (
        Week(dull=12, unread=3, new=NEW[:1]),
        "ja",
        (
            "この1週間に省いた広告など：メール12通、新しい送信元は a@amazon.com (2)（orderbell mails noise）\n"
            "この1週間に読み取れなかったもの：メール3通（orderbell mails unread）"
        ),
    ),
    (Week(dull=0, unread=0), "ja", ""),
]


@pytest.mark.parametrize(("week", "language", "lines"), WEEKS)
def test_a_digest_tells_what_was_left_out_below_what_it_tells(week, language, lines):
    text = with_week(AlertText(title="2 things", body="• one\n• two"), week, language)
    full = with_week(AlertText(title="2 things", body="word " * 400), week, language)

    assert text.body == "\n".join(filter(None, ("• one\n• two", lines)))
    assert full.body.endswith(lines)
    assert len(full.body) <= BODY_LENGTH


def test_a_digest_of_very_many_counts_what_it_cannot_show():
    text = digest(
        [(Severity.INFO, AlertText(title=f"Alert number {n}", body="")) for n in range(300)], "ja"
    )

    assert len(text.body) <= BODY_LENGTH
    assert text.body.endswith("件")


def test_the_first_run_counts_only_what_needs_somebody():
    assert (
        first_run([LOW, HIGH, MIDDLE], "en", Counts(mails=214, orders=61, in_need=2)).title
        == "214 mails, 61 orders, 2 need you"
    )
    assert (
        first_run([HIGH], "en", Counts(mails=1, orders=1, in_need=1)).title
        == "1 mail, 1 order, 1 needs you"
    )
    assert first_run([], "ja", Counts(mails=3, orders=1, in_need=0)) == AlertText(
        title="メール3通・注文1件、対応が必要なもの0件",
        body="お知らせすることはありませんでした。メールボックスはすべて読めています。",
    )


def test_the_small_messages_exist_in_every_language():
    for language in LANGUAGES:
        assert all_quiet(language).body
        assert "12" in rate_limited(12, language).title


# the catalogue


def test_every_language_has_the_same_words_with_the_same_gaps():
    import string

    def gaps(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert set(WORDS) == set(CHOICES) == set(WEEKDAYS) == set(LANGUAGES)
    for language in LANGUAGES:
        assert {key: gaps(text) for key, text in WORDS[language].items()} == {
            key: gaps(text) for key, text in WORDS["en"].items()
        }
        assert set(CHOICES["en"]) - set(CHOICES[language]) == set()


def at_stake(amount, **facts):
    money = Money(value=Decimal(amount), currency="JPY")
    return replace(ORDER, facts={**ORDER.facts, "order.stake": money, **facts})


@pytest.mark.parametrize(
    ("language", "amount", "line"),
    [
        ("en", "46800", "At stake: 46800 JPY\n"),
        ("ja", "46800", "放置すると失う額：46800 JPY\n"),
        ("en", "293", "This is under your limit of 500 JPY: you will not be reminded.\n"),
        ("ja", "293", "設定した下限（500 JPY）に満たないため、再通知はしません。\n"),
    ],
)
def test_what_is_at_stake_is_said_in_one_line(language, amount, line):
    worth = Worth(limit=Money(value=Decimal(500), currency="JPY"))

    assert line in words(subject=at_stake(amount), language=language, worth=worth).body


def test_until_when_is_said_where_it_is_not_the_alerts_own_deadline():
    soon = at_stake("46800", **{"order.stake_due": DUE + timedelta(days=1)})

    assert "At stake: 46800 JPY until Thu 26 Nov 11:00 JST\n" in words(subject=soon).body


@pytest.mark.parametrize(
    ("text", "shop", "said"),
    [
        ("[@amazon A][@aliexpress B][@else C].", "amazon", "A."),
        ("[@amazon A][@aliexpress B][@else C].", "minatoya", "C."),
        ("[@aliexpress B][@else C] and [@amazon A]", "amazon", "C and A"),
        ("[@aliexpress B][@else C] and [@amazon A][@else D]", "minatoya", "C and D"),
        ("[@else C]", "amazon", "C"),
    ],
)
def test_a_part_for_all_others_looks_at_those_right_before_it(text, shop, said):
    assert fill(text, lambda _slot: None, shop) == said
