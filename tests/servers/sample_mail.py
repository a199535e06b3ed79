"""Mails of our own wording for tests that need a mail and not its fine print; stamped by
mx.example.org.
"""

import hashlib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

STAMP = "mx.example.org"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def mail(
    sender: str,
    subject: str,
    *lines: str,
    at: datetime = NOON,
    stamped: bool = True,
    name: str = "",
) -> bytes:
    """A plain mail from `sender`, as the user's own server delivered it at `at`."""
    made = EmailMessage()
    domain = sender.rpartition("@")[2]
    if stamped:
        made["Authentication-Results"] = (
            f"{STAMP}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}"
        )
    made["Received"] = (
        f"from out.{domain} by {STAMP} with ESMTPS id 4X for <me@example.org>;"
        f" {format_datetime(at)}"
    )
    made["From"] = f'"{name or domain}" <{sender}>'
    made["To"] = "me@example.org"
    made["Subject"] = subject
    made["Date"] = format_datetime(at)
    digest = hashlib.sha256(repr((sender, subject, lines, at)).encode()).hexdigest()[:16]
    made["Message-ID"] = f"<{digest}@mail.example.net>"
    made.set_content("\n".join(lines) + "\n")
    return bytes(made)


def amazon(subject: str, *lines: str, at: datetime = NOON) -> bytes:
    return mail("order-update@amazon.com", subject, *lines, at=at, name="Amazon.com")


def aliexpress(subject: str, *lines: str, at: datetime = NOON) -> bytes:
    return mail("transaction@notice.aliexpress.com", subject, *lines, at=at, name="AliExpress")


def placed(number: str, item: str = "USB cable", at: datetime = NOON) -> bytes:
    return mail(
        "auto-confirm@amazon.com",
        f"Ordered: {item}",
        "Thanks for your order!",
        f"Order # {number}",
        item,
        at=at,
    )


def cancel_requested(number: str, at: datetime = NOON) -> bytes:
    return amazon(
        f"Your cancellation request for order {number}",
        "We received your cancellation request",
        f"Order # {number}",
        at=at,
    )


def shipped(number: str, at: datetime = NOON) -> bytes:
    return amazon(
        f"Your Amazon.com order #{number} has shipped",
        "Your package was shipped!",
        f"Order # {number}",
        at=at,
    )


def judged(number: str, judgement: str = "Invalid", at: datetime = NOON) -> bytes:
    return aliexpress(
        f"AliExpress Dispute Order {number}: Judgement from AE",
        f"Judgement from AE: {judgement}",
        f"Order {number}",
        at=at,
    )


def forged(number: str, at: datetime = NOON) -> bytes:
    return mail(
        "refund@amazon-refunds.example",
        f"Refund for order {number}",
        "Click to get your refund",
        f"Order # {number}",
        at=at,
        name="Amazon.com",
    )


def private(text: str = "See you on Friday?", at: datetime = NOON) -> bytes:
    return mail("friend@example.net", text, text, at=at)
