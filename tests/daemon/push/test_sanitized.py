from datetime import UTC, datetime

from daemon.push.sanitize import sanitized
from orders.subject import Subject


def test_what_a_mail_says_is_cleaned_and_what_we_say_is_left():
    subject = Subject(
        about="order",
        id="amazon:buyer:249-0000000-0000001",
        facts={
            "order.number": "249-0000000-0000001",
            "order.title": "Mug\r\n@everyone https://evil.example/x",
            "order.marketplace": "amazon",
            "read.subject": "[Claim](https://evil.example) at evil.example",
            "read.at": datetime(2026, 3, 1, tzinfo=UTC),
            "read.trust": "unverified",
            "rules.reason": "rules.yaml:6:24: 'invalit' is not one of …",
            "a.fact.we.do.not.know": "<!channel>",
        },
    )

    assert sanitized(subject).facts == subject.facts | {
        "order.title": "Mug @\u200beveryone [link]",
        "read.subject": "[Claim]\u200b([link] at evil\u2024example",
        "a.fact.we.do.not.know": "<\u200b!channel>",
    }


def test_cleaning_twice_is_cleaning_once():
    subject = Subject(
        about="mail", id="1", facts={"mail.subject": "a@b.example @here www.x.example"}
    )

    assert sanitized(sanitized(subject)) == sanitized(subject)
