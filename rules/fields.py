"""Every fact a rule can test, in one table: checks, help, JSON Schema and documentation are
generated from it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from orders.facts.describe import FACTS
from orders.subject import FactSpec, FactType

OWN = (
    # read: the mail that says so, for whatever belongs to an order
    FactSpec(
        name="read.subject",
        type=FactType.TEXT,
        meaning="subject of the newest mail it rests on",
        example="Your order has shipped",
    ),
    FactSpec(
        name="read.at",
        type=FactType.TIME,
        meaning="when that mail was written",
        example="{newer_than: 2d}",
    ),
    FactSpec(
        name="read.trust",
        type=FactType.CHOICE,
        meaning="the least sure sender among the mails it rests on",
        example="verified",
        listed=("verified", "forwarded", "unverified"),
    ),
    # mail: one mail, as it was read
    FactSpec(
        name="mail.outcome",
        type=FactType.CHOICE,
        meaning="how the reading of the mail ended",
        example="unread",
        listed=("notices", "unread", "noise", "foreign", "forged"),
    ),
    FactSpec(
        name="mail.trust",
        type=FactType.CHOICE,
        meaning="whom the mail is from, and how we know",
        example="verified",
        listed=("verified", "forwarded", "unverified", "forged"),
    ),
    FactSpec(
        name="mail.marketplace",
        type=FactType.TEXT,
        meaning="the marketplace it is from, or claims to be from",
        example="amazon",
    ),
    FactSpec(
        name="mail.subject",
        type=FactType.TEXT,
        meaning="its subject",
        example="Your order has shipped",
    ),
    FactSpec(
        name="mail.sender",
        type=FactType.TEXT,
        meaning="the address in From, lower case",
        example="auto-confirm@amazon.co.jp",
    ),
    FactSpec(
        name="mail.reason",
        type=FactType.TEXT,
        meaning="why it was read so, in one sentence",
        example="no phrase of the pack stands in it",
    ),
    FactSpec(
        name="mail.mailbox",
        type=FactType.TEXT,
        meaning="id of the mailbox it lies in",
        example="main",
    ),
    FactSpec(
        name="mail.received_at",
        type=FactType.TIME,
        meaning="when it arrived",
        example="{older_than: 1h}",
    ),
    FactSpec(
        name="mail.order",
        type=FactType.TEXT,
        meaning="the known order numbers it names; absent when it names none",
        example="249-0000000-0000001",
    ),
    FactSpec(
        name="mail.named",
        type=FactType.TEXT,
        meaning="the order numbers that stand in a mail no phrase fits, known or not",
        example="249-0000000-0000001",
    ),
    FactSpec(
        name="mail.topics",
        type=FactType.TEXT,
        meaning="what a mail no phrase fits is about: dispute, refund, return, cancel, claim, …",
        example="dispute, refund",
    ),
    FactSpec(
        name="mail.due_at",
        type=FactType.TIME,
        meaning="the first date beside the cue of a deadline in a mail no phrase fits",
        example="{within: 3d}",
    ),
    FactSpec(
        name="mail.line",
        type=FactType.TEXT,
        meaning="the line in which that date stands",
        example="Please reply by 5 June 2027.",
    ),
    FactSpec(
        name="mail.amount",
        type=FactType.MONEY,
        meaning="the first amount in a mail no phrase fits, else what its order cost",
        example="{at_least: 50 EUR}",
    ),
    FactSpec(
        name="mail.title",
        type=FactType.TEXT,
        meaning="the item of the order that a mail no phrase fits names",
        example="USB cable",
    ),
    FactSpec(
        name="mail.urgent",
        type=FactType.FLAG,
        meaning="no phrase fits it, and a deadline lay within 72 hours of it, or it is about money"
        " or rights of an order with an open case",
        example="true",
    ),
    FactSpec(
        name="mail.case_open",
        type=FactType.FLAG,
        meaning="no phrase fits it, and its order has an open dispute, appeal, claim or chargeback",
        example="true",
    ),
    FactSpec(
        name="mail.question",
        type=FactType.FLAG,
        meaning="it may belong to several orders, and only you can say to which",
        example="true",
    ),
    FactSpec(
        name="mail.candidates",
        type=FactType.TEXT,
        meaning="the order numbers it may belong to",
        example="8100000000000001, 8100000000000002",
    ),
    # sender: mail that nobody vouches for about orders that nobody knows
    FactSpec(
        name="sender.domain",
        type=FactType.TEXT,
        meaning="domain of the address it says to be from",
        example="notice.aliexpress.com",
    ),
    FactSpec(
        name="sender.orders",
        type=FactType.TEXT,
        meaning="the order numbers it names, the first of them",
        example="8100000000000001, 8100000000000002",
    ),
    FactSpec(
        name="sender.count",
        type=FactType.NUMBER,
        meaning="how many orders it names",
        example="{at_least: 2}",
    ),
    FactSpec(
        name="sender.subject",
        type=FactType.TEXT,
        meaning="subject of the newest such mail",
        example="Judgement from AE",
    ),
    FactSpec(
        name="sender.first_at",
        type=FactType.TIME,
        meaning="when the first such mail was written",
        example="{older_than: 1d}",
    ),
    FactSpec(
        name="sender.last_at",
        type=FactType.TIME,
        meaning="when the newest such mail was written",
        example="{newer_than: 7d}",
    ),
    # mailbox: one IMAP account
    FactSpec(
        name="mailbox.id",
        type=FactType.TEXT,
        meaning="its id in the configuration",
        example="main",
    ),
    FactSpec(
        name="mailbox.failing",
        type=FactType.FLAG,
        meaning="the last poll failed",
        example="true",
    ),
    FactSpec(
        name="mailbox.failing_since",
        type=FactType.TIME,
        meaning="the first failed poll since the last good one",
        example="{older_than: 1h}",
    ),
    FactSpec(
        name="mailbox.permanent",
        type=FactType.FLAG,
        meaning="trying again will not help: a wrong password, a folder that is not there",
        example="false",
    ),
    FactSpec(
        name="mailbox.trouble",
        type=FactType.CHOICE,
        meaning="of what kind the last failure was",
        example="wrong_password",
        listed=(
            "wrong_password",
            "expired_token",
            "secret",
            "temporary",
            "too_many",
            "unreachable",
            "tls",
            "folder",
            "protocol",
        ),
    ),
    FactSpec(
        name="mailbox.reason",
        type=FactType.TEXT,
        meaning="what the last failure was, and what to try",
        example="the server refused the password",
    ),
    FactSpec(
        name="mailbox.polled_at",
        type=FactType.TIME,
        meaning="the last good poll",
        example="{older_than: 1h}",
    ),
    # target: one place alerts are pushed to
    FactSpec(
        name="target.id",
        type=FactType.TEXT,
        meaning="its id in the configuration",
        example="iphone",
    ),
    FactSpec(
        name="target.failing",
        type=FactType.FLAG,
        meaning="the last message could not be delivered",
        example="true",
    ),
    FactSpec(
        name="target.failures",
        type=FactType.NUMBER,
        meaning="failed tries in a row",
        example="3",
    ),
    FactSpec(
        name="target.failing_since",
        type=FactType.TIME,
        meaning="the first failed try since the last good one",
        example="{older_than: 1h}",
    ),
    FactSpec(
        name="target.permanent",
        type=FactType.FLAG,
        meaning="trying again will not help: the service says the address or the key is wrong",
        example="false",
    ),
    FactSpec(
        name="target.reason",
        type=FactType.TEXT,
        meaning="what the last failure was",
        example="the service answered 401",
    ),
    FactSpec(
        name="target.waiting",
        type=FactType.NUMBER,
        meaning="messages that wait for it",
        example="4",
    ),
    FactSpec(
        name="target.sent_month",
        type=FactType.NUMBER,
        meaning="messages sent to it this month, where its service allows only so many",
        example="151",
    ),
    FactSpec(
        name="target.month_left",
        type=FactType.NUMBER,
        meaning="how many more it takes this month",
        example="49",
    ),
    FactSpec(
        name="target.month_used",
        type=FactType.NUMBER,
        meaning="per cent of what it takes in a month",
        example="{at_least: 75}",
    ),
    # pack: the reading of one marketplace's mail
    FactSpec(
        name="pack.marketplace",
        type=FactType.TEXT,
        meaning="which marketplace",
        example="aliexpress",
    ),
    FactSpec(
        name="pack.last_mail_at",
        type=FactType.TIME,
        meaning="the last mail of this marketplace in any mailbox",
        example="{older_than: 1h}",
    ),
    FactSpec(
        name="pack.open_orders",
        type=FactType.NUMBER,
        meaning="orders of this marketplace that still run",
        example="3",
    ),
    FactSpec(
        name="pack.unread_7d",
        type=FactType.NUMBER,
        meaning="mails of the last seven days that were not understood",
        example="2",
    ),
    # rules: your own rule file
    FactSpec(
        name="rules.rejected",
        type=FactType.FLAG,
        meaning="the file has faults; the last good rules stay in force",
        example="true",
    ),
    FactSpec(
        name="rules.rejected_at",
        type=FactType.TIME,
        meaning="when it was refused",
        example="{older_than: 1h}",
    ),
    FactSpec(
        name="rules.faults",
        type=FactType.NUMBER,
        meaning="how many faults",
        example="2",
    ),
    FactSpec(
        name="rules.reason",
        type=FactType.TEXT,
        meaning="the first fault with its place",
        example="rules.yaml:6:24: 'invalit' is not one of …",
    ),
    FactSpec(
        name="rules.file",
        type=FactType.TEXT,
        meaning="which file",
        example="rules.yaml",
    ),
    # service: the daemon itself
    FactSpec(
        name="service.quarantined",
        type=FactType.NUMBER,
        meaning="mails set aside because reading them failed twice",
        example="1",
    ),
    FactSpec(
        name="service.started_at",
        type=FactType.TIME,
        meaning="when the daemon started",
        example="{older_than: 1h}",
    ),
    FactSpec(
        name="service.clock_jumped",
        type=FactType.FLAG,
        meaning="the clock of this machine jumped by more than an hour",
        example="false",
    ),
)
"""Facts that do not come from orders: the daemon fills them."""

FIELDS: Mapping[str, FactSpec] = MappingProxyType({spec.name: spec for spec in (*FACTS, *OWN)})

_APART = ("mail", "sender", "mailbox", "target", "pack", "rules", "service")
"""What stands beside orders; everything else belongs to one and knows its order's facts too."""


def owner(field: str) -> str:
    """The part before the dot: what the fact is about."""
    return field.partition(".")[0]


def _usable(about: str) -> tuple[str, ...]:
    owners = (about,) if about in _APART else dict.fromkeys((about, "order", "read"))
    return tuple(name for one in owners for name in FIELDS if owner(name) == one)


ABOUTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {about: _usable(about) for about in dict.fromkeys(map(owner, FIELDS)) if about != "read"}
)
"""What rules can be about, and the names of the facts each may test."""

FLAGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        about: tuple(name for name in names if FIELDS[name].type is FactType.FLAG)
        for about, names in ABOUTS.items()
    }
)
"""The yes/no facts of each about: always present, never unknown."""
