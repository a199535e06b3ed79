"""Whether a part of a mail says one thing: its title and its body agree, and so do its fields.

Two words against each other are no news: the part is then unread, and `why` says what stood against
what.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType

from parsers import supposed
from parsers.body import HEAD, Page
from parsers.clauses import Clauses
from parsers.fields import Content, Section
from parsers.notice import FieldValue, Kind

PIECE = re.compile(
    r"[,;、，；]|\s(?:and|but|und|aber|et|mais|y|pero|e|ma|mas|en|maar|i|ale)\s",
    re.IGNORECASE,
)
MAIL = re.compile(
    r"@|e-?mail|\bmails?\b|メール|메일|\bcorreo|\bcourriel|wiadomoś|\bmensagem|nachricht|\bposta\b",
    re.IGNORECASE,
)
"""A sentence about the mail itself: it cannot be answered, it was sent by a machine."""
LEAST_WORDS = 3
LEAST_SIGNS = 7
"""Shorter lines are steps of a progress bar and buttons."""
ARRIVING = (
    Kind.SHIPMENT_PREPARING,
    Kind.SHIPMENT_SHIPPED,
    Kind.SHIPMENT_IN_TRANSIT,
    Kind.SHIPMENT_OUT_FOR_DELIVERY,
    Kind.SHIPMENT_AVAILABLE_FOR_PICKUP,
    Kind.SHIPMENT_DELIVERED,
)
OWN: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.ORDER_PLACED: "placed",
        Kind.ORDER_PAYMENT_CONFIRMED: "paid",
        Kind.ORDER_CANCELLED: "cancelled",
        Kind.SHIPMENT_SHIPPED: "shipped",
        Kind.SHIPMENT_IN_TRANSIT: "in_transit",
        Kind.SHIPMENT_OUT_FOR_DELIVERY: "in_transit",
        Kind.SHIPMENT_ESTIMATE_CHANGED: "delayed",
        Kind.SHIPMENT_AVAILABLE_FOR_PICKUP: "ready",
        Kind.SHIPMENT_DELIVERED: "delivered",
        Kind.ORDER_COMPLETED: "closed",
        Kind.DISPUTE_JUDGED: "judged",
        Kind.DISPUTE_CLOSED: "closed",
        Kind.CLAIM_DECIDED: "judged",
        Kind.CHARGEBACK_OPENED: "charged",
        Kind.PAYOUT_HELD: "held",
        Kind.ACCOUNT_RESTRICTED: "restricted",
        Kind.RETURN_AUTHORISED: "returned",
        Kind.RETURN_RECEIVED: "returned",
        Kind.REFUND_ANNOUNCED: "refunded",
        Kind.REFUND_COMPLETED: "refunded",
        Kind.PAYOUT_SENT: "paid",
    }
)
"""What a kind says of its subject: a family of predicates."""
PAID_BACK = frozenset({"refunded", "paid", "returned"})
"""What others can refuse: your bank rejected this refund."""
DENIALS = frozenset({"refused", "failed", "withdrawn"})
AGAINST: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {kind: frozenset({"cancelled"}) for kind in (Kind.ORDER_PLACED, *ARRIVING)}
    | {Kind.SHIPMENT_DELIVERED: frozenset({"cancelled", "attempted", "lost"})}
)
"""What cannot be so at the same time."""
OPPOSITE = MappingProxyType({"granted": "refused", "rejected": "approved", "denied": "approved"})
"""An outcome of a title -> the family that says the contrary."""
MISSED: Mapping[str, str] = MappingProxyType(
    {
        "return_missed": "return_by",
        "seller_timeout": "respond_by",
        "unpaid": "pay_by",
        "not_shipped_in_time": "ship_by",
    }
)
"""A result that says a deadline was missed -> that deadline."""


def objection(section: Section, content: Content) -> str | None:
    """Why the section may not say what its lead says; None when nothing stands against it."""
    return (
        _other_headline(section)
        or _still_ahead(section, content)
        or _other_title(section)
        or _retraction(section)
        or _other_sentence(section)
        or _two_outcomes(section)
        or _other_outcome(section)
        or _only_supposed(section)
    )


def _only_supposed(section: Section) -> str | None:
    """A body that asks, supposes or denies what its title says, and nowhere says it outright."""
    sentence = supposed.doubt(section, OWN.get(section.recognised.kind))
    return f"the body does not say so: “{sentence.strip()}”" if sentence else None


def _other_headline(section: Section) -> str | None:
    """A title of one kind above headlines of another."""
    said = section.recognised
    kinds = {hit.value.kind for _, hit in said.news}
    if said.lead.value.vague or not kinds or said.kind in kinds:
        return None
    return f"the body says otherwise: “{section.page.lines.printed[said.news[0][0]]}”"


def _still_ahead(section: Section, content: Content) -> str | None:
    """A result that calls missed what the same mail still asks for."""
    today = section.page.clock.today
    for value in (content.fields.get("reason"), content.fields.get("outcome")):
        name = MISSED.get(str(value), "")
        day = _day(content.fields.get(name))
        if today and day and day >= today:
            return f"it says {value}, and {name} is {day.isoformat()}, still ahead"
    return None


def _day(value: FieldValue | None) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def _other_title(section: Section) -> str | None:
    """A subject that no phrase fits, and that denies or only expects what the body says."""
    page, code = section.page, section.recognised.lead.value.language
    clauses, goods = page.pack.clauses.get(code), page.pack.goods.get(code)
    subject, family = page.subject, OWN.get(section.recognised.kind)
    if page.titled or clauses is None or goods is None:
        return None
    alone = section.recognised.lead.value.where == "code"
    own = alone or family in clauses.families(subject)
    if not own and not goods.search(subject):
        return None
    unsure = clauses.conditional, clauses.future, clauses.question, clauses.reported
    denied = clauses.negated(subject) or clauses.retracted(subject)
    if denied or (own and any(one(subject) for one in unsure)):
        return f"the subject says otherwise: “{subject}”"
    return None


def _retraction(section: Section) -> str | None:
    """A sentence of the body that takes back what was said, a mail of ours among it."""
    clauses = section.page.pack.clauses.get(section.recognised.lead.value.language)
    if clauses is None:
        return None
    known = {place for place, _ in section.recognised.headlines}
    for place in range(section.block.start, min(section.block.stop, HEAD)):
        line = section.page.lines.printed[place]
        if place in known or not clauses.retracted(line):
            continue
        for sentence in clauses.sentences(line):
            if clauses.retracted(sentence) and not clauses.conditional(sentence):
                return f"the body takes it back: “{sentence}”"
    return None


def _other_sentence(section: Section) -> str | None:
    """A sentence of the body that denies what the title says."""
    kind, code = section.recognised.kind, section.recognised.lead.value.language
    clauses, goods = section.page.pack.clauses.get(code), section.page.pack.goods.get(code)
    if clauses is None or goods is None or not (kind in OWN or kind in AGAINST):
        return None
    for piece in _pieces(section, clauses, goods):
        if not MAIL.search(piece) and _denies(piece, kind, clauses):
            return f"the body says otherwise: “{piece.strip()}”"
    return None


def _two_outcomes(section: Section) -> str | None:
    """A title and a headline of one kind with contrary outcomes."""
    said = [str(hit.value.fixed.get("outcome")) for _, hit in section.recognised.agreeing()]
    refused = {"rejected", "denied"} & set(said)
    return f"it says granted and {refused.pop()}" if "granted" in said and refused else None


def _other_outcome(section: Section) -> str | None:
    """A sentence of the body that refuses what the title grants, or the other way round."""
    lead = section.recognised.lead.value
    clauses, goods = (
        section.page.pack.clauses.get(lead.language),
        section.page.pack.goods.get(lead.language),
    )
    against = OPPOSITE.get(str(lead.fixed.get("outcome")))
    if clauses is None or goods is None or against is None:
        return None
    about = {word.lower() for word in goods.findall(section.page.subject)}
    for piece in _pieces(section, clauses, goods):
        same = about & {word.lower() for word in goods.findall(piece)}
        if same and against in clauses.predicates(piece) and clauses.states_fact(piece):
            return f"the body says otherwise: “{piece.strip()}”"
    return None


def _denies(piece: str, kind: Kind, clauses: Clauses) -> bool:
    """Whether a part of a sentence says of the kind's own matter that it is not so."""
    families = clauses.predicates(piece)
    if not families or clauses.conditional(piece) or clauses.question(piece):
        return False
    own = OWN.get(kind)
    main = clauses.predicates(clauses.main_clause(piece))
    if own in families and (main & DENIALS or clauses.negated(piece)):
        return True
    if kind is Kind.SHIPMENT_OUT_FOR_DELIVERY and "delivered" in main:
        return bool(main & DENIALS or clauses.negated(piece))
    if own in PAID_BACK and own in clauses.families(piece) and families & DENIALS:
        return True
    return bool(families & AGAINST.get(kind, frozenset())) and clauses.states_fact(piece)


def _pieces(section: Section, clauses: Clauses, goods: re.Pattern[str]) -> Iterator[str]:
    """The parts of the body's sentences, without lines that are phrases themselves."""
    known = {place for place, _ in section.recognised.headlines}
    known |= {fact.line for fact in section.facts if fact.name == "reason"}  # a person's words
    for place in range(section.block.start, section.block.stop):
        line = section.page.lines.printed[place]
        if place in known or not _is_prose(line) or not goods.search(line):
            continue
        for sentence in clauses.sentences(line):
            main = clauses.before_condition(sentence)
            if goods.search(main):
                yield from (piece for piece in PIECE.split(main) if piece)


def denied(page: Page, kind: Kind) -> str | None:
    """The words of a page that no phrase fits which deny this kind."""
    own = OWN.get(kind)
    for code, clauses in page.pack.clauses.items():
        goods = page.pack.goods.get(code)
        for line in (page.subject, *page.text.lines[:HEAD]):
            if own is None or goods is None or not goods.search(line):
                continue
            for sentence in clauses.sentences(line):
                main = clauses.before_condition(sentence)
                if _denies(main, kind, clauses) and not MAIL.search(main):
                    return f"the body says otherwise: “{main}”"
    return None


def _is_prose(line: str) -> bool:
    return len(line.split()) >= LEAST_WORDS or (not line.isascii() and len(line) >= LEAST_SIGNS)
