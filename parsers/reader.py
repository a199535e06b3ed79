"""Mail bytes in, a reading out. Order of evidence: sender, marks that need no language, phrases, hook.

`read` never raises: for any bytes there is an outcome and one sentence that says why.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from parsers import authentic, forwarded, limits, marks
from parsers import letter as letters
from parsers.authentic import Sender
from parsers.body import Card, Fact, Page, cards, clock_for, item_of, pick
from parsers.letter import Letter, Text
from parsers.notice import FIELDS, Evidence, FieldValue, Item, Kind, NearMiss, Notice, Outcome, Reading, Role, Trust
from parsers.pack import Library, Pack, Saying, phrases
from parsers.phrase import Hit, fold

FORWARD_PREFIX = re.compile(r"\s*(?:fwd?|wg|tr|rv|enc|転送|i|doorst)\s*[:：]", re.IGNORECASE)
PARCEL_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("shipment."))
REFUND_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("refund."))
NEAR = 0.72
MAX_NEAR = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the reader knows about the mailbox a mail came to."""

    library: Library
    authserv_ids: tuple[str, ...] = ()
    """Who stamps Authentication-Results for this mailbox; empty: nothing is trusted."""
    addresses: tuple[str, ...] = ()
    """The user's own, for forwards."""
    relays: tuple[str, ...] = ()
    zone: tzinfo = field(default=UTC)
    """The user's."""
    role: str = "buyer"
    """buyer, seller or both"""
    trust_all: bool = False


def read(raw: bytes, context: Context) -> Reading:
    """What one mail says. Never raises, for any bytes."""
    refused = limits.refuse(raw)
    if refused:
        return Reading(outcome=Outcome.FOREIGN, reason=f"Not read: {refused}.")
    try:
        return _read(letters.parse(raw), context)
    except Exception as error:  # noqa: BLE001 - hostile bytes find what no test found; the mail is kept, counted and shown
        return Reading(outcome=Outcome.UNREAD, reason=f"Could not be read ({type(error).__name__}); please report it.")


def interesting(header: bytes, context: Context) -> bool:
    """Whether the body is worth fetching, from the header block alone."""
    try:
        letter = letters.parse_header(header[: limits.MAX_HEADER])
    except Exception:  # noqa: BLE001 - a header nobody can parse is read whole, and refused there if need be
        return True
    sender = authentic.sender_of(letter, context.library)
    if sender is not None and sender.pack is not None:
        return True
    if authentic.claim(letter, context.library):
        return True
    return any(address in context.addresses for _, address in letter.senders) or bool(
        not context.addresses and FORWARD_PREFIX.match(letter.subject)
    )


def _read(letter: Letter, context: Context) -> Reading:
    library = context.library
    sender = authentic.sender_of(letter, library)
    if sender is not None and sender.pack is not None:
        trust, why = authentic.trust_of(
            letter, sender, context.authserv_ids, context.relays, trust_all=context.trust_all
        )
        if trust is Trust.FORGED:
            return _forged(letter, sender.pack, why, context)
        return _understand(letter, sender, sender.pack, trust, why, context)
    forward = _forwarded(letter, context)
    if forward is not None:
        return forward
    claimed = authentic.claim(letter, library)
    pack = library.pack(claimed) if claimed else None
    if pack is not None:
        shown = letter.senders[0][1] if letter.senders else ""
        return _forged(letter, pack, f"claims {pack.marketplace} and comes from {shown or 'nobody'}", context)
    return _reading(letter, Outcome.FOREIGN, "Not from a marketplace.")


def _forwarded(letter: Letter, context: Context) -> Reading | None:
    """A mail the user forwarded, read as the innermost marketplace mail in it."""
    own = [address for _, address in letter.senders if address in context.addresses]
    if len(letter.senders) != 1 or (context.addresses and not own):
        return None
    if not own and not (
        letter.inner or FORWARD_PREFIX.match(letter.subject) or "forwarded" in letter.plain[:2000].lower()
    ):
        return None
    inner = forwarded.inner_letter(letter, context.library)
    sender = authentic.sender_of(inner, context.library) if inner is not None else None
    if inner is None or sender is None or sender.pack is None:
        return None
    if not authentic.own_forward(letter, context.authserv_ids):
        return _forged(inner, sender.pack, "forwarded by a mail that only pretends to be yours", context)
    trust = Trust.FORWARDED if own else Trust.UNVERIFIED
    return _understand(inner, sender, sender.pack, trust, "forwarded", context)


def _forged(letter: Letter, pack: Pack, why: str, context: Context) -> Reading:
    text = letter.text if letter.has_plain else letter.rich
    lines = [letter.subject, *text.lines]
    claims = [number for line in lines for number in marks.orders_in_line(line, pack)]
    claims += [number for one in marks.in_links(letter.links, pack) for number in one.orders]
    return _reading(
        letter,
        Outcome.FORGED,
        f"Forged: {why}.",
        marketplace=pack.marketplace,
        trust=Trust.FORGED,
        claims=tuple(dict.fromkeys(claims)),
    )


def _understand(letter: Letter, sender: Sender, pack: Pack, trust: Trust, why: str, context: Context) -> Reading:
    group = group_of(sender, pack)
    more = {"marketplace": pack.marketplace, "trust": trust}
    if group == "noise":
        return _reading(letter, Outcome.NOISE, f"{sender.local} sends nothing that matters.", sender=sender, **more)
    best: tuple[Notice, ...] = ()
    pages = [_page(letter, sender, pack, text) for text in _texts(letter)]
    for number, page in enumerate(pages):
        notices = _notices(letter, sender, pack, page, group, context)
        if notices and (not best or (_weight(notices) > _weight(best))):
            best = notices
        if best and any(notice.order_numbers or notice.tracking or notice.packages for notice in best):
            break
        if number == 0 and best and not letter.html:
            break
    if best:
        reason = f"Understood; {why}."
        return _reading(letter, Outcome.NOTICES, reason, notices=best, sender=sender, **more)
    page = pages[0]
    if any(one.is_noise() for one in pages):
        return _reading(letter, Outcome.NOISE, "A mail of the dull kind.", sender=sender, **more)
    if group is None and not _names_an_order(page):
        return _reading(
            letter,
            Outcome.NOISE,
            f"{sender.local} is no sender of order mail, and it names no order.",
            sender=sender,
            **more,
        )
    near = _near(page)
    return _reading(
        letter,
        Outcome.UNREAD,
        "From a marketplace, and no phrase of the pack fits it.",
        near=near,
        sender=sender,
        **more,
    )


def _texts(letter: Letter) -> list[Text]:
    """The renderings worth reading, the cheap one first."""
    if not letter.html:
        return [letter.text]
    return [letter.text, _Later(letter)] if letter.has_plain else [letter.rich]  # type: ignore[list-item]


class _Later:
    """The HTML rendering, made only when somebody looks at it."""

    def __init__(self, letter: Letter) -> None:
        self._letter = letter

    @property
    def lines(self) -> tuple[str, ...]:
        return self._letter.rich.lines

    @property
    def links(self) -> tuple[letters.Link, ...]:
        return self._letter.rich.links


def _page(letter: Letter, sender: Sender, pack: Pack, text: Text) -> Page:
    store = pack.store(sender.domain)
    clock = clock_for(letter.date, pack.zone(sender.domain), store.numeric)
    return Page(pack=pack, subject=letter.subject, text=text, clock=clock, dollar=store.currency or "USD")


def _weight(notices: Sequence[Notice]) -> int:
    return sum(len(notice.fields) + 3 * len(notice.order_numbers) for notice in notices)


def group_of(sender: Sender, pack: Pack) -> str | None:
    """What this address sends: transactional, seller, message or noise; None when the pack does not say."""
    listed = pack.file.senders.model_dump()
    for wanted in (f"{sender.local}@{sender.domain}", sender.domain, sender.local):
        for group, names in listed.items():
            if wanted in names:
                return str(group)
    for group, names in listed.items():
        if any(name.endswith(".*") and sender.domain.startswith(name[:-1]) for name in names):
            return str(group)
    return None


def _names_an_order(page: Page) -> bool:
    return any(True for line in (page.subject, *page.text.lines[:200]) for _ in marks.orders_in_line(line, page.pack))


def _notices(
    letter: Letter, sender: Sender, pack: Pack, page: Page, group: str | None, context: Context
) -> tuple[Notice, ...]:
    subjects, headlines = page.subjects(), page.headlines()
    lead = _lead(subjects, [hit for _, hit in headlines])
    if lead is None:
        return ()
    codes = tuple(dict.fromkeys((lead.value.language, "en")))
    facts = page.facts(codes)
    heads = [place for place, _ in headlines] + [fact.line for fact in facts if fact.name.startswith("expected_")]
    blocks = cards(page, heads)
    kind = lead.value.kind
    joined = len(blocks) == 1 or (pack.file.one_parcel and kind in PARCEL_KINDS)
    named = marks.in_links(letter.links, pack)
    subject_orders = [
        number
        for hit in subjects
        for gap in ("order", "orders")
        if gap in hit.caught
        for number in page.orders_in(hit.caught[gap])
    ]
    subject_orders += list(marks.orders_in_line(letter.subject, pack))
    if joined:
        orders = [number for card in blocks for number in card.orders]
        block = Card(start=0, stop=len(page.text.lines), orders=tuple(orders))
        return (
            _notice(letter, page, group, context, lead, subjects, headlines, facts, block, 0, subject_orders, named),
        )
    out = []
    first = blocks[0].start
    for index, card in enumerate(blocks):
        own_heads = [(place, hit) for place, hit in headlines if card.start <= place < card.stop]
        own_lead = lead
        if not subjects and own_heads:
            own_lead = own_heads[0][1]
        own = set(card.orders)
        others = {number for other in blocks if other is not card for number in other.orders}
        extra = [number for number in subject_orders if number in own or (index == 0 and number not in others)]
        here = tuple(
            one
            for one in named
            if own & set(one.orders)
            or (not others & set(one.orders) and (card.start <= one.line < card.stop or (one.line < 0 and index == 0)))
        )
        used = [(place, hit) for place, hit in headlines if card.start <= place < card.stop or place < first]
        out.append(
            _notice(
                letter,
                page,
                group,
                context,
                own_lead,
                subjects if index == 0 else [],
                used,
                facts,
                card,
                first,
                extra,
                here,
            )
        )
    return tuple(out)


def _lead(subjects: Sequence[Hit[Saying]], headlines: Sequence[Hit[Saying]]) -> Hit[Saying] | None:
    """The phrase that settles the kind: the subject's, unless it is vague and a headline says more."""
    sure = [hit for hit in subjects if not hit.value.vague]
    if sure:
        backed = {hit.value.kind for hit in headlines}
        return max(sure, key=lambda hit: (hit.value.kind in backed, hit.value.proof.value != "guess", _length(hit)))
    plain = [hit for hit in headlines if not hit.value.vague]
    if plain:
        return plain[0]
    vague = [*headlines, *subjects]
    return max(vague, key=_length) if vague else None


def _length(hit: Hit[Saying]) -> int:
    return sum(map(len, hit.phrase.texts))


def _notice(
    letter: Letter,
    page: Page,
    group: str | None,
    context: Context,
    lead: Hit[Saying],
    subjects: Sequence[Hit[Saying]],
    headlines: Sequence[tuple[int, Hit[Saying]]],
    facts: Sequence[Fact],
    card: Card,
    first: int,
    subject_orders: Sequence[str],
    named: Sequence[marks.Named],
) -> Notice:
    kind, pack = lead.value.kind, page.pack
    agreeing = [(-1, hit) for hit in subjects if hit.value.kind is kind] + [
        (place, hit) for place, hit in headlines if hit.value.kind is kind
    ]
    language = pack.languages[lead.value.language]
    own_facts = list(facts)
    fields: dict[str, FieldValue] = {}
    evidence: list[Evidence] = []
    items: tuple[Item, ...] = page.items(card.start, card.stop, (language.code, "en"))
    for place, hit in sorted(agreeing, key=lambda pair: _length(pair[1])):
        where = "subject" if place < 0 else "headline"
        proof = Evidence(
            where=where,
            phrase=hit.phrase.written,
            line=letter.subject if place < 0 else page.text.lines[place],
            source=hit.phrase.source,
        )
        evidence.append(proof)
        fields.update(hit.value.fixed)
        own_facts.extend(
            page.caught(hit.caught.items(), pack.languages[hit.value.language], max(place, card.start), proof)
        )
        if "item" in hit.caught and not items and (item := item_of(hit.caught["item"])):
            items = (item,)
    chosen = pick(own_facts, card.start, card.stop, first)
    parcels: list[str] = []
    cases: list[str] = []
    for name, fact in chosen.items():
        if name in FIELDS:
            fields[name] = fact.value
            evidence.append(fact.evidence)
        elif name == "case":
            cases.append(str(fact.value))
        elif name in ("parcel", "tracking", "package"):
            parcels.append(str(fact.value))
            evidence.append(fact.evidence)
    _settle(kind, fields)
    if items:
        fields["items"] = items
    tracking, packages = marks.sort_parcels(dict.fromkeys(parcels), pack)
    masked = [
        number
        for place, line in enumerate((letter.subject, *page.text.lines))
        if place < card.stop + 1
        for number in marks.masked_in_line(line)
    ]
    orders = marks.merge_orders([subject_orders, card.orders, [number for one in named for number in one.orders]])
    return Notice(
        kind=kind,
        marketplace=pack.marketplace,
        role=_role(lead.value, group, context),
        language=language.code,
        proof=lead.value.proof,
        order_numbers=orders,
        tracking=tuple(dict.fromkeys([*tracking, *(number for one in named for number in one.tracking)])),
        packages=tuple(dict.fromkeys([*packages, *(number for one in named for number in one.packages)])),
        cases=tuple(dict.fromkeys([*cases, *(number for one in named for number in one.cases)])),
        masked=tuple(dict.fromkeys(masked)),
        fields=fields,
        evidence=tuple(dict.fromkeys(reversed(evidence))),
    )


def _settle(kind: Kind, fields: dict[str, FieldValue]) -> None:
    """Small dues of single kinds: a verdict is always stated, an arrival date of money is when the refund is due."""
    if kind is Kind.DISPUTE_JUDGED:
        fields.setdefault("judgement", "unknown")
    if kind is Kind.SHIPMENT_DELIVERED:
        fields.pop("expected_from", None)
        fields.pop("expected_until", None)
    if kind in REFUND_KINDS and "expected_until" in fields:
        fields.setdefault("expected_by", fields["expected_until"])


def _role(saying: Saying, group: str | None, context: Context) -> Role:
    if saying.role is not None:
        return saying.role
    if group == "seller" or (group == "message" and context.role == "seller"):
        return Role.SELLER
    return Role.BUYER


def _near(page: Page) -> tuple[NearMiss, ...]:
    """Phrases that nearly fit the subject or a headline, likeliest first."""
    found: list[NearMiss] = []
    candidates = [("subject", page.subject), *(("headline", line) for line in page.text.lines[:25])]
    known = phrases(page.pack)
    for where, line in candidates:
        folded = fold(line)
        if len(folded) < 6:
            continue
        for phrase, saying in known:
            if saying.where != where:
                continue
            likeness = _likeness(folded, phrase.texts)
            if likeness >= NEAR:
                found.append(
                    NearMiss(
                        kind=saying.kind,
                        phrase=phrase.written,
                        line=line,
                        source=phrase.source,
                        likeness=round(likeness, 2),
                    )
                )
    return tuple(sorted(found, key=lambda miss: -miss.likeness)[:MAX_NEAR])


def _likeness(folded: str, texts: Sequence[str]) -> float:
    """How much of a phrase's own words stands in the line, in order; gaps cost nothing."""
    own = "".join(texts)
    if len(own) < 6 or len(own) > 3 * len(folded):
        return 0.0
    matcher = difflib.SequenceMatcher(None, own, folded, autojunk=False)
    if matcher.real_quick_ratio() == 0:
        return 0.0
    size = sum(block.size for block in matcher.get_matching_blocks() if block.size > 1)
    gaps = len(texts) > 1
    return size / (len(own) if gaps else max(len(own), len(folded)))


def _reading(letter: Letter, outcome: Outcome, reason: str, *, sender: Sender | None = None, **more: object) -> Reading:
    shown = sender.address if sender else letter.senders[0][1] if letter.senders else ""
    return Reading(
        outcome=outcome,
        reason=reason,
        subject=letter.subject,
        sender=shown,
        message_id=letter.message_id,
        thread=letter.thread,
        sent_at=letter.date.astimezone(UTC) if letter.date else None,
        **more,  # type: ignore[arg-type]
    )
