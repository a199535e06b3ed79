"""Which numbers are whose: the parts of a mail by parcel and by order, and the ids of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from parsers import marks
from parsers.blocks import Block, Head
from parsers.body import Page
from parsers.evidence import DISPUTE_KINDS, Recognised
from parsers.fields import Content, Section
from parsers.mail import ParsedMail
from parsers.marks import Named
from parsers.notice import Kind, Notice

TOLD_BY: Mapping[str, Kind | None] = {
    "expected_until": None,
    "judgement": Kind.DISPUTE_JUDGED,
}
"""Labels that may stand at the top of a block -> the kind they say by themselves."""
PARCEL_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("shipment."))


def parts(whole: Section, mail: ParsedMail) -> tuple[Section, ...]:
    """The parts of a mail, one a notice."""
    return _by_parcel(whole, mail) or _by_order(whole)


def _by_parcel(whole: Section, mail: ParsedMail) -> tuple[Section, ...]:
    """One part a parcel, when a mail of several parcels names each with its orders in a link of its
    own.
    """
    page = whole.page
    if whole.recognised.kind not in PARCEL_KINDS or not page.pack.file.one_parcel:
        return ()
    if len(marks.by_parcel(whole.named)) < 2:
        return ()
    if mail.html and all(named.line < 0 for named in whole.named):
        page = replace(page, text=mail.rich)
    links = marks.by_parcel(marks.in_links(page.text.links, page.pack))
    starts = sorted((min(named.line for named in group), number) for number, group in links.items())
    stops = [*(start for start, _ in starts[1:]), len(page.text.lines)]
    return tuple(
        _parcel(whole, page, Block(start=start, stop=stop, orders=()), links[number])
        for (start, number), stop in zip(starts, stops, strict=True)
    )


def _parcel(whole: Section, page: Page, block: Block, named: tuple[Named, ...]) -> Section:
    here = tuple((place, hit) for place, hit in page.headlines if block.holds(place))
    lead = here[0][1] if here and not whole.recognised.sure else whole.recognised.lead
    return replace(
        whole,
        page=page,
        block=block,
        head=0,
        recognised=replace(whole.recognised, lead=lead, headlines=here),
        facts=(),
        named=named,
        subject_orders=(),
    )


def _by_order(whole: Section) -> tuple[Section, ...]:
    """One part a block with its own order number; one for all where they are one parcel."""
    page, said = whole.page, whole.recognised
    heads = [
        Head(place=place, what=hit.phrase.written, kind=None if hit.value.vague else hit.value.kind)
        for place, hit in said.headlines
    ]
    heads += [
        Head(place=fact.line, what=fact.name, kind=TOLD_BY.get(fact.name))
        for fact in whole.facts
        if fact.name in TOLD_BY
    ]
    found = _unglued(page.blocks(heads, said.kind), whole)
    if page.pack.file.one_parcel and said.kind in PARCEL_KINDS and not _several(said, found):
        orders = tuple(number for block in found for number in block.orders)
        found = (replace(whole.block, orders=orders),)
    found = tuple(part for block in found for part in _by_news(block, whole))
    if len(found) == 1:
        return (replace(whole, block=replace(whole.block, orders=found[0].orders)),)
    return tuple(_order(whole, found, index) for index in range(len(found)))


def _several(said: Recognised, found: Sequence[Block]) -> bool:
    """Whether the blocks say different things: what a block does not say, the title does."""
    kinds = {
        frozenset(hit.value.kind for place, hit in said.news if block.holds(place))
        or frozenset((said.kind,))
        for block in found
    }
    return len(kinds) > 1


def _by_news(block: Block, whole: Section) -> tuple[Block, ...]:
    """The block, cut above every headline that says something else than the one before."""
    said, page = whole.recognised, whole.page
    starts: list[int] = []
    last: Kind | None = None
    for place, hit in said.news:
        if block.holds(place) and hit.value.kind is not last:
            starts.append(place)
            last = hit.value.kind
    news = {hit.value.kind for place, hit in said.news if block.holds(place)}
    if len(starts) < 2 or news <= DISPUTE_KINDS:  # a dispute's labels are read together
        return (block,)
    starts[0] = block.start
    bounds = list(zip(starts, [*starts[1:], block.stop], strict=True))
    own = [page.orders_between(start, stop) for start, stop in bounds]
    orders = _shared(own, block.orders, elsewhere=_is_named(whole))
    return tuple(
        Block(start=start, stop=stop, orders=numbers)
        for (start, stop), numbers in zip(bounds, orders, strict=True)
    )


def _is_named(whole: Section) -> bool:
    """Whether the subject says which order or parcel it speaks of."""
    caught = {gap for hit in whole.recognised.subjects for gap in hit.caught}
    return bool(whole.subject_orders or caught & {"parcel", "tracking", "package"})


def _shared(
    own: Sequence[tuple[str, ...]], whole: tuple[str, ...], *, elsewhere: bool
) -> list[tuple[str, ...]]:
    """The numbers of each piece of news: its own, else those of the news above; the first without
    any has the subject's, where that names one `elsewhere`, else those below.
    """
    out: list[tuple[str, ...]] = []
    for numbers in own:
        above = out[-1] if out else () if elsewhere else next(filter(None, own), whole)
        out.append(numbers or above)
    return out


def _order(whole: Section, found: Sequence[Block], index: int) -> Section:
    """The part of one block; the first one also gets what stands above all blocks."""
    block, head = found[index], found[0].start
    others = {number for other in found if other is not block for number in other.orders}
    named = tuple(one for one in whole.named if _belongs(one, block, others, first=index == 0))
    orders = tuple(
        number
        for number in whole.subject_orders
        if number in block.orders or (index == 0 and number not in others)
    )
    return replace(
        whole,
        block=block,
        head=head,
        recognised=_said_in(whole.recognised, block, head, first=index == 0),
        named=named,
        subject_orders=orders,
    )


def _said_in(said: Recognised, block: Block, head: int, *, first: bool) -> Recognised:
    own = [hit for place, hit in said.news if block.holds(place)]
    subjects = tuple(hit for hit in said.subjects if first or "item" not in hit.caught)
    return replace(
        said,
        lead=own[0] if own and own[0].value.kind is not said.kind else said.lead,
        subjects=subjects,
        headlines=tuple(
            (place, hit)
            for place, hit in said.headlines
            if block.holds(place) or (place < head and not own)
        ),
    )


def _unglued(found: tuple[Block, ...], whole: Section) -> tuple[Block, ...]:
    """Blocks whose order numbers a hook of the pack has put right."""
    hooks = whole.page.pack.hooks
    if hooks is None or not hasattr(hooks, "unglue"):
        return found
    sure = [*whole.subject_orders, *(number for one in whole.named for number in one.orders)]
    right = hooks.unglue([number for block in found for number in block.orders], sure)
    return tuple(
        replace(block, orders=tuple(right.get(number, number) for number in block.orders))
        for block in found
    )


def _belongs(named: Named, block: Block, others: set[str], *, first: bool) -> bool:
    """Whether a link speaks of this block: by its order number, else by where it stands."""
    numbers = set(named.orders)
    if numbers & set(block.orders):
        return True
    if numbers & others:
        return False
    return block.holds(named.line) or (named.line < 0 and first)


def notice(part: Section, content: Content) -> Notice:
    """The notice of a part: what it states, under the numbers it is about."""
    page, lead, named = part.page, part.recognised.lead, part.named
    tracking, packages = marks.sort_parcels(dict.fromkeys(content.parcels), page.pack)
    lines = (page.subject, *page.text.lines[: part.block.stop])
    linked = [number for one in named for number in one.orders]
    return Notice(
        kind=part.recognised.kind,
        marketplace=page.pack.marketplace,
        role=lead.value.role or part.role,
        language=lead.value.language,
        proof=lead.value.proof,
        order_numbers=marks.merge_orders([part.subject_orders, part.block.orders, linked]),
        tracking=_each((tracking, *(one.tracking for one in named))),
        packages=_each((packages, *(one.packages for one in named))),
        cases=_each((content.cases, *(one.cases for one in named))),
        masked=_each(marks.masked_in_line(line) for line in lines),
        fields=content.fields,
        evidence=tuple(dict.fromkeys(content.evidence)),
    )


def _each(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Every number once, in order."""
    return tuple(dict.fromkeys(number for group in groups for number in group))
