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


def send_test(target: Target, notifier: Notifier) -> str | None:
    """Send a test message; why it did not arrive, in one sentence, or None."""
    url, why = address_of(target, notifier)
    if why:
        return why
    title, body = TEXTS[target.language]
    delivery = Delivery(
        target=target.id,
        url=url,
        title=title,
        body=body,
        severity="info",
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
