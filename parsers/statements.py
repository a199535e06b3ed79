"""From one rendering of a mail to its notices: which kind, how many blocks, and what each block
states.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from parsers import marks, structured, sums
from parsers.body import ITEM_LABELS, Card, Fact, Page, cards, item_of, pick
from parsers.mail import ParsedMail
from parsers.notice import FIELDS, Evidence, FieldValue, Kind, Notice, Proof, Role
from parsers.orderlines import counted, labelled
from parsers.phrase import Hit, Phrase
from parsers.template import Template
from parsers.text import Link

PARCEL_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("shipment."))
REFUND_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("refund."))
DISPUTE_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("dispute.")) - {
    Kind.DISPUTE_CLOSED
}
ARRIVED = frozenset(
    {
        Kind.SHIPMENT_DELIVERED,
        Kind.ORDER_AWAITING_CONFIRMATION,
        Kind.ORDER_COMPLETED,
        Kind.IMPORT_ROW,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One rendering of one mail with everything that was recognised in it."""

    letter: ParsedMail
    page: Page
    role: Role
    """Of the sender; a phrase may know better."""
    lead: Hit[Template]
    subjects: tuple[Hit[Template], ...]
    headlines: tuple[tuple[int, Hit[Template]], ...]
    facts: tuple[Fact, ...]
    named: tuple[marks.Named, ...]
    """Numbers in links."""
    subject_orders: tuple[str, ...]


def notices(
    letter: ParsedMail, page: Page, role: Role, *, message: bool = False
) -> tuple[Notice, ...]:
    """What the page states. `message`: it came through a relay for people's own words, whatever its
    subject.
    """
    stated = structured.read(letter, page)
    headlines = (*page.headlines(), *_told(page))
    subjects = _in_one_language(page.subjects(), [hit for _, hit in headlines], letter, page)
    lead = _lead(subjects, [hit for _, hit in headlines])
    if lead is None:
        return _without_phrase(letter, page, role, stated, message=message)
    codes = tuple(dict.fromkeys((lead.value.language, "en", *page.scripts())))
    mail = Mail(
        letter=letter,
        page=page,
        role=role,
        lead=lead,
        subjects=subjects,
        headlines=headlines,
        facts=tuple(page.facts(codes)),
        named=marks.in_links(_links(letter, page), page.pack),
        subject_orders=tuple(_subject_orders(page, subjects)),
    )
    found = _by_parcel(_judged(mail)) or _by_card(_judged(mail))
    return tuple(_with_structure(notice, stated) for notice in found)


def _in_one_language(
    subjects: Sequence[Hit[Template]],
    headlines: Sequence[Hit[Template]],
    letter: ParsedMail,
    page: Page,
) -> tuple[Hit[Template], ...]:
    """Subjects that two languages share (`Pedido …: pedido confirmado`), in the one the rest of the
    mail speaks.
    """
    codes = dict.fromkeys(hit.value.language for hit in subjects)
    if len(codes) < 2 or len({hit.value.kind for hit in subjects}) > 1:
        return tuple(subjects)
    home = (
        page.pack.store(letter.senders[0][1].rpartition("@")[2]).language
        if letter.senders
        else None
    )
    spoken = {
        code: (
            len(page.facts((code,))) + sum(hit.value.language == code for hit in headlines),
            code == home,
        )
        for code in codes
    }
    most = max(spoken.values())
    return tuple(hit for hit in subjects if spoken[hit.value.language] == most)


def _told(page: Page) -> tuple[tuple[int, Hit[Template]], ...]:
    """What a hook of the pack makes of the lines, filed like a headline."""
    hooks = page.pack.hooks
    told = (
        hooks.tell(page.subject, page.text.lines)
        if hooks is not None and hasattr(hooks, "tell")
        else None
    )
    if told is None:
        return ()
    place, kind, language, fields = told
    saying = Template(
        kind=Kind(kind),
        language=language,
        proof=Proof.RECONSTRUCTED,
        role=None,
        fixed=fields,
        vague=False,
        where="hook",
    )
    source = (
        f"packs/{page.pack.marketplace}/hooks.py:{hooks.tell.__code__.co_firstlineno}"
        if hooks
        else ""
    )
    return ((place, Hit(Phrase("", (page.folded[place],), (), source), {}, saying)),)


def _links(letter: ParsedMail, page: Page) -> list[Link]:
    """Every link of the mail; those of this rendering with the line they stand on."""
    placed = {link.url for link in page.text.links}
    others = letter.text.links if page.rich else letter.links
    return [*page.text.links, *(link for link in others if link.url not in placed)]


def _subject_orders(page: Page, subjects: Iterable[Hit[Template]]) -> list[str]:
    caught = [
        hit.caught[gap] for hit in subjects for gap in ("order", "orders") if gap in hit.caught
    ]
    return [number for text in caught for number in page.orders_in(text)] + list(
        marks.orders_in_line(page.subject, page.pack)
    )


def _lead(
    subjects: Sequence[Hit[Template]], headlines: Sequence[Hit[Template]]
) -> Hit[Template] | None:
    """The phrase that settles the kind: the subject's, unless it is vague and a headline says
    more.
    """
    sure = [hit for hit in subjects if not hit.value.vague]
    if sure:
        backed = {hit.value.kind for hit in headlines}
        return max(
            sure,
            key=lambda hit: (
                hit.value.kind in backed,
                hit.value.proof is not Proof.GUESS,
                hit.phrase.own,
            ),
        )
    plain = [hit for hit in headlines if not hit.value.vague]
    if plain:
        return next((hit for hit in plain if hit.value.kind is Kind.DISPUTE_JUDGED), plain[0])
    return max([*headlines, *subjects], key=lambda hit: hit.phrase.own, default=None)


def _judged(mail: Mail) -> Mail:
    """A verdict with its label in a dispute mail is the news, whatever the title says."""
    if mail.lead.value.kind not in DISPUTE_KINDS or not any(
        fact.name == "judgement" for fact in mail.facts
    ):
        return mail
    saying = replace(mail.lead.value, kind=Kind.DISPUTE_JUDGED, fixed={})
    return replace(mail, lead=replace(mail.lead, value=saying))


def _without_phrase(
    letter: ParsedMail,
    page: Page,
    role: Role,
    stated: Sequence[structured.Stated],
    *,
    message: bool,
) -> tuple[Notice, ...]:
    """Structured data, or the fact that somebody wrote, where no phrase fits."""
    empty = Notice(
        kind=Kind.UNPARSED,
        marketplace=page.pack.marketplace,
        role=role,
        language="en",
        proof=Proof.REAL,
    )
    if stated and stated[0].kind is not None:
        return tuple(
            _with_structure(replace(empty, kind=one.kind), [one])
            for one in stated
            if one.kind is not None
        )
    if not message:
        return ()
    orders = marks.merge_orders(
        [
            marks.orders_in_line(page.subject, page.pack),
            (
                number
                for line in page.text.lines
                for number in marks.orders_in_line(line, page.pack)
            ),
            (number for one in marks.in_links(letter.links, page.pack) for number in one.orders),
        ]
    )
    text = " ".join(page.text.lines)[:500]
    proof = Evidence(
        where="subject", phrase="", line=page.subject, source="pack.yaml senders: message"
    )
    fields: dict[str, FieldValue] = {"intent": "other", **({"text": text} if text else {})}
    return (
        replace(
            empty,
            kind=Kind.MESSAGE_RECEIVED,
            proof=Proof.RECONSTRUCTED,
            order_numbers=orders,
            fields=fields,
            evidence=(proof,),
        ),
    )


def _by_parcel(mail: Mail) -> tuple[Notice, ...]:
    """One notice a parcel, when a mail of several parcels names each with its orders in a link of
    its own.
    """
    page = mail.page
    if mail.lead.value.kind not in PARCEL_KINDS or not page.pack.file.one_parcel:
        return ()
    if len(marks.by_parcel(mail.named)) < 2:
        return ()
    text = (
        mail.letter.rich
        if mail.letter.html and all(one.line < 0 for one in mail.named)
        else page.text
    )
    page = replace(page, text=text)
    links = marks.by_parcel(marks.in_links(page.text.links, page.pack))
    starts = sorted((min(one.line for one in group), number) for number, group in links.items())
    out = []
    for index, (start, number) in enumerate(starts):
        stop = starts[index + 1][0] if index + 1 < len(starts) else len(page.text.lines)
        here = tuple((place, hit) for place, hit in page.headlines() if start <= place < stop)
        sure = any(not hit.value.vague for hit in mail.subjects)
        lead = here[0][1] if here and not sure else mail.lead
        one = replace(
            mail,
            page=page,
            lead=lead,
            headlines=here,
            facts=(),
            named=links[number],
            subject_orders=(),
        )
        out.append(_notice(one, Card(start=start, stop=stop, orders=()), first=0))
    return tuple(out)


def _by_card(mail: Mail) -> tuple[Notice, ...]:
    """One notice a block with its own order number; one for all where they are one parcel."""
    page, pack = mail.page, mail.page.pack
    heads = [(place, hit.phrase.written) for place, hit in mail.headlines] + [
        (fact.line, fact.name)
        for fact in mail.facts
        if fact.name in ("expected_until", "judgement")
    ]
    blocks = _unglued(cards(page, heads), mail)
    if len(blocks) == 1 or (pack.file.one_parcel and mail.lead.value.kind in PARCEL_KINDS):
        orders = tuple(number for card in blocks for number in card.orders)
        return (_notice(mail, Card(start=0, stop=len(page.text.lines), orders=orders), first=0),)
    out = []
    first = blocks[0].start
    for index, card in enumerate(blocks):
        others = {number for other in blocks if other is not card for number in other.orders}
        own = [(place, hit) for place, hit in mail.headlines if card.start <= place < card.stop]
        one = replace(
            mail,
            lead=own[0][1] if own and not mail.subjects else mail.lead,
            subjects=mail.subjects
            if index == 0
            else tuple(hit for hit in mail.subjects if "item" not in hit.caught),
            headlines=tuple(
                (place, hit)
                for place, hit in mail.headlines
                if card.start <= place < card.stop or place < first
            ),
            named=tuple(
                named for named in mail.named if _belongs(named, card, others, first=index == 0)
            ),
            subject_orders=tuple(
                n
                for n in mail.subject_orders
                if n in card.orders or (index == 0 and n not in others)
            ),
        )
        out.append(_notice(one, card, first))
    return tuple(out)


def _unglued(blocks: tuple[Card, ...], mail: Mail) -> tuple[Card, ...]:
    """Blocks whose order numbers a hook of the pack has put right."""
    hooks = mail.page.pack.hooks
    if hooks is None or not hasattr(hooks, "unglue"):
        return blocks
    sure = [*mail.subject_orders, *(number for one in mail.named for number in one.orders)]
    right = hooks.unglue([number for card in blocks for number in card.orders], sure)
    return tuple(
        replace(card, orders=tuple(right.get(number, number) for number in card.orders))
        for card in blocks
    )


def _belongs(named: marks.Named, card: Card, others: set[str], *, first: bool) -> bool:
    """Whether a link speaks of this block: by its order number, else by where it stands."""
    numbers = set(named.orders)
    if numbers & set(card.orders):
        return True
    if numbers & others:
        return False
    return card.start <= named.line < card.stop or (named.line < 0 and first)


def _notice(mail: Mail, card: Card, first: int) -> Notice:
    page, pack, kind = mail.page, mail.page.pack, mail.lead.value.kind
    facts = list(mail.facts)
    fields: dict[str, FieldValue] = {}
    evidence: list[Evidence] = []
    items = page.items(card.start, card.stop, (mail.lead.value.language, "en", *page.scripts()))
    items = items or counted(page.text.lines[card.start : card.stop], page.dollar or "USD")
    items = items or labelled(
        (
            (fact.name, str(fact.value))
            for fact in facts
            if fact.name in ITEM_LABELS and card.start <= fact.line < card.stop
        ),
        page.dollar,
    )
    facts = [fact for fact in facts if fact.name not in ITEM_LABELS]
    for place, hit in _agreeing(mail):
        line = mail.letter.subject if place < 0 else page.text.lines[place]
        where = "subject" if place < 0 else "headline"
        proof = Evidence(
            where=where, phrase=hit.phrase.written, line=line, source=hit.phrase.source
        )
        evidence.append(proof)
        fields.update(
            {
                name: value
                for name, value in hit.value.fixed.items()
                if fields.get(name, "unknown") == "unknown"
            }
        )
        facts.extend(
            page.caught(
                hit.caught.items(),
                pack.languages[hit.value.language],
                max(place, card.start),
                proof,
            )
        )
        if "item" in hit.caught and not items and (item := item_of(hit.caught["item"])):
            items = (item,)
    if not evidence:  # a later block under a title that named the first one's item
        lead = mail.lead
        where = lead.value.where
        evidence.append(
            Evidence(
                where=where,
                phrase=lead.phrase.written,
                line=mail.letter.subject,
                source=lead.phrase.source,
            )
        )
        fields.update(lead.value.fixed)
    parcels: list[str] = []
    cases: list[str] = []
    for name, fact in pick(facts, card.start, card.stop, first).items():
        evidence.append(fact.evidence)
        if name in FIELDS:
            if fact.value != "unknown" or name not in fields:
                fields[name] = fact.value
        elif name == "case":
            cases.append(str(fact.value))
        else:
            parcels.append(str(fact.value))
    if "amount" not in fields and (
        sum_ := sums.told(kind, page.text.lines[card.start : card.stop], page.dollar)
    ):
        fields["amount"] = sum_[0]
        evidence.append(sum_[1])
    if items:
        fields["items"] = items
    _settle(kind, fields)
    tracking, packages = marks.sort_parcels(dict.fromkeys(parcels), pack)
    lines = (mail.letter.subject, *page.text.lines[: card.stop])
    linked = [number for one in mail.named for number in one.orders]
    return Notice(
        kind=kind,
        marketplace=pack.marketplace,
        role=mail.lead.value.role or mail.role,
        language=mail.lead.value.language,
        proof=mail.lead.value.proof,
        order_numbers=marks.merge_orders([mail.subject_orders, card.orders, linked]),
        tracking=tuple(
            dict.fromkeys([*tracking, *(number for one in mail.named for number in one.tracking)])
        ),
        packages=tuple(
            dict.fromkeys([*packages, *(number for one in mail.named for number in one.packages)])
        ),
        cases=tuple(
            dict.fromkeys([*cases, *(number for one in mail.named for number in one.cases)])
        ),
        masked=tuple(
            dict.fromkeys(number for line in lines for number in marks.masked_in_line(line))
        ),
        fields=fields,
        evidence=tuple(dict.fromkeys(evidence)),
    )


def _agreeing(mail: Mail) -> list[tuple[int, Hit[Template]]]:
    """Phrases that say the same kind: the fullest of the subject's (-1), then headlines in their
    order.

    What one leaves unknown a later one may settle; nothing else is overruled.
    """
    kind = mail.lead.value.kind
    titles = [hit for hit in mail.subjects if hit.value.kind is kind]
    return [(-1, hit) for hit in titles[-1:]] + [
        (place, hit) for place, hit in mail.headlines if hit.value.kind is kind
    ]


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
    if kind in REFUND_KINDS and "expected_until" in fields:
        fields.setdefault("expected_by", fields["expected_until"])


def _with_structure(notice: Notice, stated: Sequence[structured.Stated]) -> Notice:
    """A notice with what the mail's structured data says of the same order; that is read first
    where it is present.
    """
    own = [
        one
        for one in stated
        if not notice.order_numbers or not one.orders or set(one.orders) & set(notice.order_numbers)
    ]
    if not own:
        return notice
    one = own[0]
    return replace(
        notice,
        kind=one.kind or notice.kind,
        order_numbers=marks.merge_orders([one.orders, notice.order_numbers]),
        tracking=tuple(dict.fromkeys([*one.tracking, *notice.tracking])),
        fields={**notice.fields, **one.fields},
        evidence=(*one.evidence, *notice.evidence),
    )
