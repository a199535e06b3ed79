"""Every shipped alert as a person would read it, in every language, on one page: for those who
write the texts.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from orders.deadlines import policy
from orders.subject import FactType, FactValue, Subject
from parsers.notice import Money
from rules.alert import Alert, AlertState, Cause
from rules.fields import ABOUTS, FIELDS
from rules.rulebook import Rule, shipped
from rules.strings import LANGUAGES
from rules.templates import parse, slots
from rules.wording import AlertText, Listener, write

SAMPLES: Mapping[str, FactValue] = {
    "order.number": "8100000000000001",
    "order.marketplace": "aliexpress",
    "order.role": "buyer",
    "order.title": "USB-C cable 2 m, braided (+1)",
    "order.store": "Good Cables Store",
    "order.amount": Money(value=Decimal("26.12"), currency="USD"),
    "order.link": "https://www.aliexpress.com/p/order/detail.html?orderId=8100000000000001",
    "order.cancelled_by": "seller",
    "order.cancel_reason": "out_of_stock",
    "read.subject": "Judgement from AE",
    "read.trust": "verified",
    "watch.tracking": "LP00123456789012",
    "watch.text": "will ship next week",
    "shipment.tracking": "LP00123456789012",
    "shipment.provider": "Yamato",
    "shipment.problem": "lost",
    "appeal.state": "rejected",
    "appeal.reason": "return_missed",
    "account.state": "warned",
    "mail.subject": "Your refund of $500 is waiting",
    "mail.sender": "refund@shop.example",
    "mail.marketplace": "aliexpress",
    "mail.order": "8100000000000001",
    "mailbox.trouble": "wrong_password",
    "mailbox.reason": "imap.example.org refused the password",
    "target.reason": "the service answered 401",
    "rules.reason": (
        "rules.yaml:6:24: 'invalit' is not one of valid, invalid, mixed, unknown; did you mean"
        " 'invalid'?"
    ),
}
"""What the facts of the page say; others are made up by their type."""
AMAZON: Mapping[str, FactValue] = {
    "order.number": "249-0000000-0000001",
    "order.marketplace": "amazon",
    "order.store": "Good Cables",
    "order.amount": Money(value=Decimal(1980), currency="JPY"),
    "order.link": (
        "https://www.amazon.co.jp/gp/your-account/order-details?orderID=249-0000000-0000001"
    ),
    "read.subject": "ご注文について",
    "watch.tracking": "4000-0000-0000",
}
"""The same where only Amazon has such a thing."""
_BOUGHT = ("seller-silent-in-dispute", "seller-out-of-stock")
_SOLD = (
    "cancel-complaint-without-request",
    "cancel-outage-suspected",
    "case-on-refunded-order",
    "refund-without-return",
)
_SELLING = (
    "seller",
    "claim",
    "chargeback",
    "buyer-message",
    "return-request",
    "refund-after",
    "fee",
    "account",
    "sale",
)


POLICY = policy.load()
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Tokyo")


def page() -> Iterator[str]:
    """The page, in Markdown."""
    book = shipped()
    for rule in (*book.rules, *book.idle):
        yield f"### {rule.id}"
        yield ""
        yield f"{rule.severity.value}, about {rule.about}" + (
            "" if rule.enabled else ", shipped switched off"
        )
        for text in texts(rule, NOW, ZONE):
            yield from ("", f"> **{text.title}**\\")
            yield "\\\n".join(f"> {line}" for line in text.body.split("\n"))
        yield ""


def texts(rule: Rule, now: datetime, zone: tzinfo) -> Iterator[AlertText]:
    """The alert in each language."""
    about = sample(rule, now)
    for language in LANGUAGES:
        yield write(
            rule,
            about,
            alert(rule, about, now),
            Cause.FIRING,
            Listener(language=language, zone=zone, now=now),
        )


def sample(rule: Rule, now: datetime) -> Subject:
    """A subject with everything the rule's texts speak of."""
    named = {
        one.name
        for key in (rule.title, rule.body, rule.advice)
        for text in key.values()
        for one in slots(parse(text))
    }
    samples = {**SAMPLES, **AMAZON} if _of_amazon(rule) else SAMPLES
    number = str(samples["order.number"])
    names = [name for name in ABOUTS[rule.about] if name in named or name in SAMPLES]
    order = "order.number" in ABOUTS[rule.about]
    return Subject(
        about=rule.about,
        id="sample",
        facts={name: samples.get(name, _made_up(name, now)) for name in names}
        | ({"read.at": now} if order else {}),
        order=f"{samples['order.marketplace']}:{samples['order.role']}:{number}" if order else None,
        orders=(number,) if order else (),
        due_at=now + timedelta(days=2, hours=14) if rule.by_deadline else None,
    )


def _of_amazon(rule: Rule) -> bool:
    kinds = {
        kind
        for test in rule.when.tests()
        if test.field == "watch.kind"
        for kind in test.span.values or ()
    }
    shops = {row.marketplace for row in POLICY.rows if row.kind in kinds}
    return (
        shops == {"amazon"}
        or (rule.id.startswith(_SELLING) and rule.id not in _BOUGHT)
        or rule.id in _SOLD
    )


def alert(rule: Rule, subject: Subject, now: datetime) -> Alert:
    """The alert of the sample, just fired."""
    return Alert(
        rule=rule.id,
        about=rule.about,
        subject=subject.id,
        episode=int(now.timestamp()),
        state=AlertState.FIRING,
        severity=rule.severity,
        since=now,
        fired_at=now,
        due_at=subject.due_at,
    )


def _made_up(name: str, now: datetime) -> FactValue:
    spec = FIELDS[name]
    match spec.type:
        case FactType.TIME if name.endswith(("due_at", "expected_until", "respond_by")):
            return now + timedelta(days=2, hours=14)
        case FactType.TIME:
            return now - timedelta(days=12)
        case FactType.MONEY:
            return Money(value=Decimal("19.90"), currency="USD")
        case FactType.NUMBER:
            return Decimal(2)
        case FactType.FLAG:
            return True
        case _:
            return spec.choices[0] if spec.choices else spec.example
