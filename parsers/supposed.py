"""What a title says as a fact, and its own body only supposes, asks, denies or tells as another's
word.

A body that says it outright anywhere is not asked further: below it, help and surveys speak of
everything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from parsers.body import is_short
from parsers.clauses import Clauses
from parsers.fields import Section
from parsers.notice import Kind
from parsers.phrase import fold

TOP = 12
"""The news stand within so many lines; below are help, surveys and footers."""
LONGEST_STEP = 4
ENDS = ".!。！"
DECIDED = frozenset({"judged", "approved", "refused"})
FELL_THROUGH = frozenset({"refused", "failed"})
ALSO: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {
        Kind.APPEAL_DECIDED: DECIDED,
        Kind.CLAIM_DECIDED: DECIDED,
        Kind.CHARGEBACK_DECIDED: DECIDED,
        Kind.DISPUTE_JUDGED: DECIDED,
        Kind.CANCEL_REJECTED: FELL_THROUGH,
        Kind.RETURN_AUTHORISED: frozenset({"approved"}),
        Kind.RETURN_REJECTED: FELL_THROUGH,
        Kind.REFUND_COMPLETED: frozenset({"closed", "released"}),
        Kind.REFUND_FAILED: FELL_THROUGH,
        Kind.ORDER_PAYMENT_FAILED: FELL_THROUGH,
        Kind.SHIPMENT_EXCEPTION: frozenset({"lost"}),
        Kind.SHIPMENT_ATTEMPT_FAILED: frozenset({"attempted"}),
    }
)
"""What a kind says beside its own predicate."""
PROMISED = frozenset(
    {
        Kind.ORDER_CANCELLED,
        Kind.ORDER_COMPLETED,
        Kind.ORDER_PAYMENT_CONFIRMED,
        Kind.SHIPMENT_SHIPPED,
        Kind.SHIPMENT_DELIVERED,
        Kind.RETURN_RECEIVED,
        Kind.APPEAL_DECIDED,
        Kind.CLAIM_DECIDED,
        Kind.CHARGEBACK_DECIDED,
        Kind.DISPUTE_CLOSED,
    }
)
"""Kinds that are over when they are told: a body that says them of tomorrow speaks against them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """The part of a mail that stands below a title, and what that title says."""

    section: Section
    clauses: Clauses
    families: frozenset[str]

    @property
    def kind(self) -> Kind:
        return self.section.recognised.kind

    def about(self, sentence: str) -> bool:
        """Whether a sentence speaks of orders, parcels and the like at all."""
        goods = self.section.page.pack.goods.get(self.clauses.language)
        return goods is not None and goods.search(sentence) is not None

    def headline_in(self, sentence: str) -> str:
        """The headline of the kind that a sentence holds with words around it."""
        known = self.section.page.pack.outright.get((self.clauses.language, self.kind), ())
        folded = fold(sentence)
        held = (words for words in known if words in folded and words != folded)
        return max(held, key=len, default="")

    def says(self, sentence: str) -> bool:
        """Whether a sentence says it outright; a step of a progress bar and a button do not."""
        stated = self.clauses.states_fact(sentence) and not self.clauses.retracted(sentence)
        return stated and not is_short(fold(sentence)) and self._ends_or_is_long(sentence)

    def _ends_or_is_long(self, sentence: str) -> bool:
        """`En cours de livraison` is a step, too."""
        words = len(sentence.split())
        return words == 1 or words > LONGEST_STEP or sentence.rstrip()[-1:] in ENDS

    def hedges(self, sentence: str) -> bool:
        """Whether a sentence that speaks of it leaves open whether it is so."""
        clauses, headline = self.clauses, self.headline_in(sentence)
        if clauses.question(sentence):
            return True
        if clauses.conditional(sentence):
            first = not any(map(str.isalnum, clauses.before_condition(sentence)))
            return first or self.kind is not Kind.SHIPMENT_AVAILABLE_FOR_PICKUP  # until a day
        if headline:
            around = fold(sentence).replace(headline, " , ", 1)
            said = clauses.reported(sentence) or clauses.retracted(sentence)
            return said or clauses.negated(around) or clauses.future(around)
        promised = self.kind in PROMISED or (
            self.kind is Kind.REFUND_COMPLETED and "closed" in clauses.happened(sentence)
        )
        return promised and clauses.future(sentence)


def doubt(section: Section, family: str | None) -> str | None:
    """The sentence by which the body only supposes what the title says; `family`: of the kind's own
    predicate.
    """
    said = section.recognised
    clauses = section.page.pack.clauses.get(said.lead.value.language)
    if clauses is None or said.lead.value.where != "subject":
        return None
    if any(hit.value.kind is said.kind for _, hit in said.headlines):
        return None
    families = ALSO.get(said.kind, frozenset()) | {family or ""}
    body = _Body(section=section, clauses=clauses, families=families)
    speaking = tuple(_speaking(body))
    if any(body.says(sentence) for sentence in speaking):
        return None
    return next((sentence for sentence in speaking if body.hedges(sentence)), None)


def _speaking(body: _Body) -> Iterator[str]:
    """The sentences at the top that speak of what the title says. A question needs no verb of it
    where it is the first thing that is said: below the news stand surveys.
    """
    first = True
    for sentence in _top(body.section, body.clauses):
        about = body.about(sentence)
        asks = about and first and body.clauses.asks_whether(sentence)
        words = body.clauses.families(sentence) if asks else body.clauses.happened(sentence)
        first = first and not about
        if body.headline_in(sentence) or (about and body.families & words):
            yield sentence


def _top(section: Section, clauses: Clauses) -> Iterator[str]:
    """The sentences at the top of the part, and those above all parts; no labelled values."""
    block = section.block
    lines = section.page.lines
    for place in (*range(section.head), *range(block.start, min(block.stop, block.start + TOP))):
        if lines.folded[place].partition(":")[0] not in section.page.pack.label_words:
            yield from clauses.sentences(lines.printed[place])
