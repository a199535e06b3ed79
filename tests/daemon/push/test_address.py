import pytest

from daemon.push import Delivery, check_url
from daemon.push.address import dress, mark, monthly, refuse


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no Apprise URL"),
        ("ntfy.sh/topic", "no Apprise URL"),
        ("ntfy://a.example/t, ntfy://b.example/t", "more than one URL"),
        ("ntfy://a.example/t?optional=yes", "optional="),
        ("ntfy://a.example/t?Retry=3", "retry="),
        ("tgram://123:abc", "chat"),
        ("tgram://123:abc/?x=1", "chat"),
    ],
)
def test_a_url_that_would_lose_or_double_messages_is_refused(url, words):
    assert words in (refuse(url) or "")


@pytest.mark.parametrize(
    "url",
    [
        "ntfy://ntfy.sh/topic",
        "tgram://123:abc/456",
        "mailto://me:pass@example.org?to=you@example.org",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
        "json://user:pa,ss@example.org/x",
    ],
)
def test_an_ordinary_url_is_not_refused(url):
    assert refuse(url) is None


@pytest.mark.parametrize(
    ("url", "dressed"),
    [
        ("ntfy://h/t", "ntfy://h/t?cto=10&rto=20&priority=max"),
        ("ntfys://h/t?priority=low", "ntfys://h/t?priority=low&cto=10&rto=20"),
        ("https://ntfy.sh/t", "https://ntfy.sh/t?cto=10&rto=20&priority=max"),
        ("pover://u@t?rto=5", "pover://u@t?rto=5&cto=10&priority=high"),
        ("gotify://h/t", "gotify://h/t?cto=10&rto=20&priority=emergency"),
        ("slack://a/b/c", "slack://a/b/c?cto=10&rto=20"),
        ("jsons://h/x", "jsons://h/x?cto=10&rto=20&+Idempotency-Key=a%201%2B%2F%C3%A9"),
    ],
)
def test_patience_priority_and_key_are_added_and_the_owners_options_kept(url, dressed):
    delivery = Delivery(
        target="t", url=url, title="", body="https://a.example/1", severity="critical", key="a 1+/é"
    )

    assert dress(delivery) == dressed


@pytest.mark.parametrize(
    ("url", "severity", "before"),
    [
        ("ntfy://h/t", "critical", ""),
        ("json://h/t", "critical", ""),
        ("slack://a/b/c", "critical", "🔴 "),
        ("discord://a/b", "warning", "🟠 "),
        ("discord://a/b", "info", ""),
        ("https://hooks.slack.com/services/a/b/c", "critical", "🔴 "),
    ],
)
def test_a_service_without_priorities_shows_the_severity_in_the_title(url, severity, before):
    assert mark(url, severity) == before


def test_what_apprise_does_not_know_is_said_before_the_first_alert():
    assert (
        check_url("nfty://ntfy.sh/topic")
        == "begins with nfty://, which Apprise does not know; did you mean ntfy://?"
    )
    assert (
        check_url("slack://secret-token")
        == "is no whole slack:// URL: a part of it is missing or wrong"
    )
    assert "web page" in (check_url("https://example.org/secret") or "")
    assert check_url("ntfy://ntfy.sh/topic") is None
    assert check_url("https://ntfy.sh/topic") is None


@pytest.mark.parametrize(
    ("url", "limit"),
    [
        ("line://a-token/U0123456789abcdef0123456789abcdef", 200),
        ("line://a-token/U0123456789abcdef0123456789abcdef/C0123456789abcdef0123456789abcdef", 100),
        ("line://a-token=/U0123456789abcdef0123456789abcdef?priority=x", 200),
        ("ntfys://ntfy.sh/topic", None),
    ],
)
def test_a_months_free_messages_are_known_for_line_each_recipient_counts(url, limit):
    assert monthly(url) == limit
