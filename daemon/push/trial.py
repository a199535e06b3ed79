"""A test message to a target, the way an alert goes there."""

from uuid import uuid4

from daemon.push.delivery import Delivery, SendOutcome
from daemon.push.notifier import Notifier
from daemon.secrets import SecretError, resolve
from daemon.settings import Target

TEXTS = {
    "en": (
        "Orderbell: this is a test",
        "If you can read this, alerts reach you here. Nothing has happened.",
    ),
    "ja": (
        "Orderbell：テストです",
        "この通知が読めれば、お知らせはここに届きます。何も起きていません。",
    ),
}
EACH = {
    "en": {
        "critical": "Test: critical. Money or rights are lost soon; it rings at night, too.",
        "warning": "Test: warning. Something is not as it should be; it waits for the morning.",
        "info": "Test: info. Good to know; it comes with the daily digest.",
    },
    "ja": {
        "critical": "テスト：緊急。お金や権利を失うおそれがあるとき。夜間も鳴ります。",
        "warning": "テスト：警告。何かおかしいとき。夜間は朝まで待ちます。",
        "info": "テスト：お知らせ。知っておくとよいこと。1日1回まとめて届きます。",
    },
}
"""How each severity will ring here, the worst first."""


def send_test(target: Target, notifier: Notifier) -> str | None:
    """Send a test message; why it did not arrive, in one sentence, or None."""
    url, why = address_of(target, notifier)
    if why:
        return why
    return _send(target, notifier, (url, *TEXTS[target.language]), "info")


def send_each(target: Target, notifier: Notifier) -> str | None:
    """Send one test message of each severity, the worst first; why one did not arrive, or None."""
    url, why = address_of(target, notifier)
    if why:
        return why
    title = TEXTS[target.language][0]
    texts = EACH[target.language].items()
    tried = (_send(target, notifier, (url, title, body), severity) for severity, body in texts)
    return next((reason for reason in tried if reason), None)


def _send(
    target: Target, notifier: Notifier, message: tuple[str, str, str], severity: str
) -> str | None:
    url, title, body = message
    delivery = Delivery(
        target=target.id,
        url=url,
        title=title,
        body=body,
        severity=severity,
        key=f"test-{uuid4()}",
    )
    result = notifier.send(delivery)
    match result.outcome:
        case SendOutcome.SENT:
            return None
        case SendOutcome.UNSURE:
            return f"sent, but no answer came: {result.reason}; look whether it arrived"
        case SendOutcome.FAILED:
            return f"{result.reason}; check the URL and orderbell's access to it"


def address_of(target: Target, notifier: Notifier) -> tuple[str, str | None]:
    """The target's URL, and why it cannot be used, in one sentence without the URL, or None."""
    try:
        url = resolve(target.url, what=f"the URL of target {target.id}")
    except SecretError as error:
        return "", str(error)
    reason = notifier.check(url)
    return url, f"its URL {reason}" if reason else None
