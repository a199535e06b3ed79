"""What leaves no mail and may be told by hand: the kinds that make sense, and what a note's words
and dates mean.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from parsers.notice import FIELDS, FieldValue, Kind, Money

NOTES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.PROMISE: "the seller promised something; --due says until when",
        Kind.EVIDENCE: "you handed in evidence, or answered a claim, a chargeback or a warning",
        Kind.CONTACTED_SELLER: "you wrote to the other side",
        Kind.PARCEL_NOT_HERE: "the mail says delivered, but nothing is here",
        Kind.WRONG_ITEM: "something else was in the parcel, or it is broken",
        Kind.GOODS_CHECKED: "you opened the parcel and all is well",
        Kind.WITHDRAWAL: "you withdrew the dispute yourself",
        Kind.CANCEL_REQUESTED: "you asked to cancel (seller: the buyer asked)",
        Kind.CANCEL_REJECTED: "the wish to cancel was refused",
        Kind.ORDER_CANCELLED: "the order was cancelled",
        Kind.ORDER_PLACED: "the order was placed",
        Kind.ORDER_PAYMENT_CONFIRMED: "the payment was made",
        Kind.ORDER_COMPLETED: "receipt was confirmed",
        Kind.SHIPMENT_SHIPPED: "it was shipped; --tracking says how",
        Kind.SHIPMENT_DELIVERED: "it arrived",
        Kind.MESSAGE_RECEIVED: (
            "the other side wrote; --text may be its intent, such as out_of_stock"
        ),
        Kind.DISPUTE_OPENED: "you opened a dispute",
        Kind.DISPUTE_PROPOSAL: (
            "a proposal came; --text refund, return_refund or reject; --due until when to answer. "
            "You answered one: --text accepted, rejected or answered"
        ),
        Kind.DISPUTE_ESCALATED: "the platform stepped in",
        Kind.DISPUTE_EVIDENCE_REQUESTED: "evidence is wanted; --due until when",
        Kind.DISPUTE_JUDGED: "the platform judged; --text valid, invalid or mixed",
        Kind.DISPUTE_CLOSED: (
            "the dispute ended; --text refund_full, no_refund, return_refund, withdrawn …"
        ),
        Kind.APPEAL_SUBMITTED: "you appealed (in the chat, which leaves no mail)",
        Kind.APPEAL_DECIDED: "the appeal was decided; --text granted or rejected",
        Kind.RETURN_REQUESTED: "a return was asked for",
        Kind.RETURN_AUTHORISED: "you may send it back; --due until when",
        Kind.RETURN_SHIPPED: "you posted the return; --tracking says how",
        Kind.RETURN_RECEIVED: "the return arrived",
        Kind.RETURN_REJECTED: "the return was refused",
        Kind.REFUND_ANNOUNCED: "a refund was announced; --due until when it should be there",
        Kind.REFUND_COMPLETED: "the money is back",
        Kind.REFUND_FAILED: "the refund failed",
        Kind.CLAIM_OPENED: "an A-to-z claim was opened",
        Kind.CLAIM_INFO_REQUESTED: "the marketplace asks about the claim; --due until when",
        Kind.CLAIM_DECIDED: "the claim was decided; --text granted, denied or withdrawn",
        Kind.CHARGEBACK_OPENED: "the card's bank asks the money back",
        Kind.CHARGEBACK_DECIDED: "the chargeback was decided",
    }
)
"""Kinds for `orderbell note`, in the order they are shown, with one line of help."""

MEANS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.MESSAGE_RECEIVED: "intent",
        Kind.DISPUTE_PROPOSAL: "solution",
        Kind.DISPUTE_JUDGED: "judgement",
        Kind.DISPUTE_CLOSED: "outcome",
        Kind.APPEAL_DECIDED: "outcome",
        Kind.CLAIM_DECIDED: "outcome",
        Kind.CHARGEBACK_DECIDED: "outcome",
        Kind.ORDER_CANCELLED: "by",
    }
)
"""The field a note's text fills when it is one of that field's words."""
ANSWERS = frozenset({"accepted", "rejected", "answered", "countered"})
"""Words of a note on a proposal that tell what the buyer did with it."""
SINGLE = re.compile(r"[a-z_]+")
"""What looks like a word of a list and not like a sentence; other scripts write without gaps."""
DUE: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.DISPUTE_PROPOSAL: "respond_by",
        Kind.DISPUTE_JUDGED: "respond_by",
        Kind.DISPUTE_EVIDENCE_REQUESTED: "respond_by",
        Kind.DISPUTE_CLOSED: "appeal_by",
        Kind.RETURN_AUTHORISED: "return_by",
        Kind.REFUND_ANNOUNCED: "expected_by",
        Kind.CLAIM_OPENED: "respond_by",
        Kind.CLAIM_INFO_REQUESTED: "respond_by",
        Kind.CHARGEBACK_OPENED: "respond_by",
        Kind.ORDER_PLACED: "ship_by",
        Kind.SHIPMENT_SHIPPED: "expected_until",
    }
)
"""The field a note's due date fills; `due` for all others."""


def words_of(kind: Kind) -> tuple[str, ...]:
    """The words that a note's text may be and that say more than a sentence; none for most
    kinds.
    """
    meant = MEANS.get(kind)
    words = () if meant is None else tuple(one for one in FIELDS[meant].choices if one != "unknown")
    return (*words, *sorted(ANSWERS - {*words})) if kind is Kind.DISPUTE_PROPOSAL else words


def check_text(kind: Kind, text: str) -> None:
    """Raises ValueError for one word that means nothing where others would; a sentence is always
    right.
    """
    known, word = words_of(kind), _word(text)
    if known and SINGLE.fullmatch(word) and word not in known:
        raise ValueError(
            f"{text.strip()!r} is no word for {kind.value}; known are {', '.join(known)},"
            " or write a whole sentence"
        )


def _word(text: str) -> str:
    return text.strip().lower().replace("-", "_")


def note_fields(
    kind: Kind, *, text: str = "", amount: Money | None = None, due: date | datetime | None = None
) -> dict[str, FieldValue]:
    """The fields of a note's event: its text as the word it is, its date as the date that kind is
    about.
    """
    fields = _text_fields(kind, text)
    if amount is not None:
        fields["total" if kind is Kind.ORDER_PLACED else "amount"] = amount
    if due is not None:
        fields[DUE.get(kind, "due")] = due
    return fields


def _text_fields(kind: Kind, text: str) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {"text": text} if text else {}
    if kind is Kind.DISPUTE_PROPOSAL and _word(text) in ANSWERS:
        fields["sender"] = "buyer"
    meant = MEANS.get(kind)
    if meant is not None and _word(text) in FIELDS[meant].choices:
        fields[meant] = _word(text)
    return fields
