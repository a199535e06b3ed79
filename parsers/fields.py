"""What one part of a mail states: every field of its notice, each with the line that says so."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from parsers import evidence, marks, sums
from parsers.blocks import Block
from parsers.body import Page
from parsers.clauses import Clauses
from parsers.evidence import Recognised
from parsers.itemtitle import named, unsaid
from parsers.labels import ITEM_LABELS, Fact
from parsers.notice import FIELDS, Evidence, FieldValue, Item, Kind, Role
from parsers.orderlines import counted, labelled
from parsers.values import item_of

REFUND_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("refund."))
ARRIVED = frozenset(
    {
        Kind.SHIPMENT_DELIVERED,
        Kind.ORDER_AWAITING_CONFIRMATION,
        Kind.ORDER_COMPLETED,
        Kind.IMPORT_ROW,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The part of a mail that gives one notice: all of it, a block or a parcel."""

    page: Page
    role: Role
    """Of the sender; a phrase may know better."""
    recognised: Recognised
    block: Block
    head: int
    """What stands above this line holds for every part."""
    facts: tuple[Fact, ...]
    named: tuple[marks.Named, ...]
    """Numbers in links."""
    subject_orders: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The languages its labels are read in."""
        lead = self.recognised.lead
        return tuple(dict.fromkeys((lead.value.language, "en", *self.page.scripts)))

    @property
    def lines(self) -> tuple[str, ...]:
        return self.page.text.lines[self.block.start : self.block.stop]


@dataclass(slots=True, kw_only=True)
class Content:
    """What a part states, while it is gathered."""

    fields: dict[str, FieldValue] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    parcels: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)

    def state(self, fixed: Iterable[tuple[str, FieldValue]]) -> None:
        """What a phrase is filed with; only what is still unknown is settled by a later one."""
        for name, value in fixed:
            if self.fields.get(name, "unknown") == "unknown":
                self.fields[name] = value

    def take(self, name: str, fact: Fact) -> None:
        self.evidence.append(fact.evidence)
        if name in FIELDS:
            if fact.value != "unknown" or name not in self.fields:
                self.fields[name] = fact.value
        elif name == "case":
            self.cases.append(str(fact.value))
        else:
            self.parcels.append(str(fact.value))


def read(part: Section) -> Content:
    """Everything that the part states about its kind."""
    content = Content()
    items = _items(part)
    facts = [fact for fact in part.facts if fact.name not in ITEM_LABELS]
    facts += _of_phrases(part, content)
    for name, fact in pick(facts, part.block, part.head).items():
        content.take(name, fact)
    lead = part.recognised.lead.value.language
    items = tuple(unsaid(items, part.page.pack.clauses.get(lead))) or _named_item(part)
    items = tuple(named(items, part.page.pack, part.page.pack.languages.get(lead)))
    if items:
        content.fields["items"] = items
    _sum(part, content)
    _settle(part.recognised.kind, content.fields)
    return content


def _of_phrases(part: Section, content: Content) -> list[Fact]:
    """What the agreeing phrases are filed with and what their gaps hold."""
    found: list[Fact] = []
    agreeing = part.recognised.agreeing()
    for place, hit in agreeing:
        proof = evidence.of_phrase(part.page, place, hit)
        content.evidence.append(proof)
        content.state(hit.value.fixed.items())
        language = part.page.pack.languages[hit.value.language]
        at = max(place, part.block.start)
        found.extend(part.page.labels.of_gaps(hit.caught, language, at, proof))
    lead = part.recognised.lead
    if not agreeing and lead.value.where not in (
        "label",
        "code",
    ):  # a later block under the first one's title
        content.evidence.append(
            Evidence(
                where=lead.value.where,
                phrase=lead.phrase.written,
                line=part.page.subject,
                source=lead.phrase.source,
            )
        )
        content.state(lead.value.fixed.items())
    if (code := part.recognised.code) is not None:
        content.evidence.insert(0, code.evidence)
        content.state(code.fixed.items())
    return found


def _items(part: Section) -> tuple[Item, ...]:
    """The order lines printed in the part."""
    page, block = part.page, part.block
    pairs = [
        (fact.name, str(fact.value))
        for fact in part.facts
        if fact.name in ITEM_LABELS and block.holds(fact.line)
    ]
    return (
        page.items(block, part.codes)
        or counted(part.lines, page.dollar or "USD")
        or labelled(pairs, page.dollar)
    )


def _named_item(part: Section) -> tuple[Item, ...]:
    """The item that a phrase names."""
    for _, hit in part.recognised.agreeing():
        language = part.page.pack.languages[hit.value.language]
        if "item" in hit.caught and (item := item_of(hit.caught["item"], language)):
            return (item,)
    return ()


def _sum(part: Section, content: Content) -> None:
    """The amount that a sentence tells where no label does."""
    if "amount" in content.fields or part.recognised.kind not in sums.STEMS:
        return
    told = sums.told(part.recognised.kind, tuple(_statements(part)), part.page.dollar)
    if told is not None:
        content.fields["amount"] = told[0]
        content.evidence.append(told[1])


def _statements(part: Section) -> Iterator[str]:
    """The sentences of the part that are said without a condition and deny nothing."""
    clauses = part.page.pack.clauses.get(part.recognised.lead.value.language)
    for line in part.lines:
        if any(sign.isdigit() for sign in line):
            for sentence in clauses.sentences(line) if clauses is not None else (line,):
                if clauses is None or not _unsure(clauses, sentence):
                    yield sentence


def _unsure(clauses: Clauses, sentence: str) -> bool:
    return clauses.conditional(sentence) or clauses.negated(sentence) or clauses.question(sentence)


def pick(facts: Iterable[Fact], block: Block, head: int) -> dict[str, Fact]:
    """One fact a field for a block; what stands above `head` holds for every block."""
    by_name: dict[str, list[Fact]] = {}
    for fact in facts:
        if block.holds(fact.line) or fact.line < head:
            by_name.setdefault(fact.name, []).append(fact)
    chosen: dict[str, Fact] = {}
    for name, group in by_name.items():
        own = [fact for fact in group if block.holds(fact.line)] or group
        if name == "judgement":
            chosen[name] = _verdict(own)
            continue
        best = min(fact.rank for fact in own)
        ranked = [fact for fact in own if fact.rank == best]
        if len({fact.value for fact in ranked}) == 1 or name.startswith("expected_"):
            chosen[name] = ranked[0]
    return chosen


def _of_several(facts: Sequence[Fact]) -> str:
    lines = sorted({fact.line for fact in facts})
    apart = all(below - above > 1 for above, below in pairwise(lines))
    clear = all(fact.value != "unknown" for fact in facts)
    return "mixed" if apart and clear else "unknown"


def _verdict(facts: Sequence[Fact]) -> Fact:
    """Several judgements in one mail: all the same; mixed, when something stands between their
    labels that tells the claims apart; unknown as soon as one of them is unclear.
    """
    values = {fact.value for fact in facts}
    value = facts[0].value if len(values) == 1 else _of_several(facts)
    return Fact(
        name="judgement", value=value, line=facts[0].line, rank=0, evidence=facts[0].evidence
    )


def _settle(kind: Kind, fields: dict[str, FieldValue]) -> None:
    """What a kind must or cannot state."""
    if kind is Kind.DISPUTE_JUDGED:
        fields.setdefault("judgement", "unknown")
    if kind is Kind.MESSAGE_RECEIVED:
        fields.setdefault("intent", "other")
    if kind is Kind.ORDER_CANCELLED and fields.get("reason") == "buyer_request":
        fields["by"] = "buyer" if fields.get("by", "unknown") == "unknown" else fields["by"]
    if kind not in ARRIVED:
        fields.pop("delivered_at", None)
    if kind is Kind.SHIPMENT_DELIVERED:
        fields.pop("expected_from", None)
        fields.pop("expected_until", None)
    if kind is Kind.DISPUTE_CLOSED and fields.get("solution") == "return_refund":
        fields.setdefault("outcome", "return_refund")
    if kind in REFUND_KINDS and "expected_until" in fields:
        fields.setdefault("expected_by", fields["expected_until"])
