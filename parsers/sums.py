"""The amount of a refund, payout, chargeback or claim that a mail tells in a sentence instead of
behind a label.

A sentence counts when it has a word for what the mail is about and exactly one amount; all such
sentences of a block
must name the same amount. “Up to” and its like promise nothing, so they are left out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from parsers.money import find_money, whole_money
from parsers.notice import Evidence, Kind, Money

REFUND = (
    "refund",
    "返金",
    "払い戻し",
    "erstatt",
    "reembols",
    "rembours",
    "rimbors",
    "terugbeta",
    "zwrot",
    "환불",
)
CHARGEBACK = ("chargeback", "チャージバック")
PAYOUT = ("sent", "disburse", "payout", "transfer", "paid", "振込", "振り込", "売上金", "送金")
COUPON = ("coupon", "credit", "クーポン", "gutschein", "cupón")
CLAIM = ("claim", "reclam", "réclam", "anspruch", "roszczeni", "申請", "申し立て")
STEMS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.REFUND_ANNOUNCED: REFUND,
        Kind.REFUND_COMPLETED: REFUND,
        Kind.REFUND_FAILED: REFUND,
        Kind.CHARGEBACK_OPENED: CHARGEBACK,
        Kind.CHARGEBACK_DECIDED: CHARGEBACK,
        Kind.PAYOUT_SENT: PAYOUT,
        Kind.PAYOUT_HELD: PAYOUT,
        Kind.COUPON_LATE_DELIVERY: COUPON,
        Kind.CLAIM_OPENED: CLAIM,
        Kind.CLAIM_DECIDED: CLAIM,
    }
)
"""Beginnings of the words, by what the mail is about."""
LIMITED = re.compile(
    r"\b(?:up to|at most|as much as|bis zu|hasta|jusqu|fino a|até|maximaal|fee|shipping|total of"
    r" the order)\b"
    r"|最大|まで.{0,4}返金|手数料|최대"
)
BARE = re.compile(
    r"(?:for|of|over|in the amount of|über|in höhe von|pour|d'un montant de|por|de|per|di|voor|van"
    r"|na kwotę|na)\s+",
    re.IGNORECASE,
)
"""What may stand before an amount alone on its line: `for 58.20 USD`."""
SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=。)")


def told(kind: Kind, lines: Sequence[str], dollar: str | None) -> tuple[Money, Evidence] | None:
    """The one amount that sentences about `kind` name, or None. `dollar` is what a bare `$` means
    for this sender.
    """
    stems = STEMS.get(kind)
    if stems is None:
        return None
    found: dict[Money, str] = {}
    for line in lines:
        if not any(sign.isdigit() for sign in line):
            continue
        for sentence in SENTENCE.split(line):
            lowered = sentence.lower()
            if any(stem in lowered for stem in stems) and not LIMITED.search(lowered):
                money = find_money(sentence, dollar)
                if money is not None:
                    found.setdefault(money, sentence)
    if not found:
        found = _bare(lines, dollar)
    if len(found) != 1:
        return None
    money, sentence = found.popitem()
    return money, Evidence(where="body", phrase="", line=sentence, source="parsers/sums.py")


def _bare(lines: Iterable[str], dollar: str | None) -> dict[Money, str]:
    """Lines that are an amount and a preposition."""
    found: dict[Money, str] = {}
    for line in lines:
        match = BARE.match(line)
        money = whole_money(line[match.end() :], dollar) if match else None
        if money is not None:
            found.setdefault(money, line)
    return found
