"""From one rendering of a mail to its notices."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from parsers import agreement, evidence, fields, marks, parcels, structured
from parsers.blocks import Block
from parsers.body import Page
from parsers.fields import Section
from parsers.mail import ParsedMail
from parsers.notice import Evidence, FieldValue, Kind, Notice, Proof, Role
from parsers.phrase import Hit
from parsers.template import Template
from parsers.text import Link

MESSAGE = "message"
"""The group of senders that relay people's own words."""


def notices(mail: ParsedMail, page: Page, role: Role) -> tuple[Notice, ...]:
    """What the page states."""
    stated = () if page.group == MESSAGE else structured.read(mail, page)
    said = evidence.recognise(page)
    if said is None:
        return _without_phrase(mail, page, role, stated)
    if said.lead.value.where == "code" and said.kind is Kind.MESSAGE_RECEIVED:
        return (_message(mail, page, _empty(page, said.lead.value.role or role)),)
    whole = Section(
        page=page,
        role=role,
        recognised=said,
        block=Block(start=0, stop=len(page.text.lines), orders=()),
        head=0,
        facts=(),
        named=marks.in_links(_links(mail, page), page.pack),
        subject_orders=tuple(_subject_orders(page, said.subjects)),
    )
    facts = tuple(page.facts(whole.codes))
    whole = replace(whole, facts=facts, recognised=said.judged(facts))
    found = tuple(one for part in parcels.parts(whole, mail) if (one := _notice(part)) is not None)
    return tuple(_with_structure(notice, stated) for notice in found)


def _notice(part: Section) -> Notice | None:
    """The notice of a part; None when something in it stands against it."""
    content = fields.read(part)
    why = agreement.objection(part, content)
    if why is None:
        _without_verdict(part, content)
        return parcels.notice(part, content)
    lead = part.recognised.lead
    part.page.refuse(part.page.subject, lead.phrase, part.recognised.kind, why)
    part.page.contradiction = why
    return None


def _without_verdict(part: Section, content: fields.Content) -> None:
    """Notes for `why` that a verdict is unknown, and by which rule."""
    if content.fields.get("judgement") != "unknown":
        return
    label = next((one for one in content.evidence if one.where == "label"), None)
    if label is not None:
        what = f"no single verdict stands in the place of the label “{label.phrase}”"
        part.page.refuse(label.line, part.recognised.lead.phrase, part.recognised.kind, what)


def _links(mail: ParsedMail, page: Page) -> list[Link]:
    """Every link of the mail; those of this rendering with the line they stand on."""
    placed = {link.url for link in page.text.links}
    others = mail.text.links if page.rich else mail.links
    return [*page.text.links, *(link for link in others if link.url not in placed)]


def _subject_orders(page: Page, subjects: Iterable[Hit[Template]]) -> list[str]:
    caught = [
        hit.caught[gap] for hit in subjects for gap in ("order", "orders") if gap in hit.caught
    ]
    return [number for text in caught for number in page.values.orders_in(text)] + list(
        marks.orders_in_line(page.subject, page.pack)
    )


def _without_phrase(
    mail: ParsedMail,
    page: Page,
    role: Role,
    stated: Sequence[structured.Stated],
) -> tuple[Notice, ...]:
    """Structured data, or the fact that somebody wrote, where no phrase fits."""
    if page.contradiction:
        return ()
    empty = _empty(page, role)
    known = [one for one in stated if one.kind is not None and page.allows(one.kind)]
    why = next((why for one in known if one.kind and (why := agreement.denied(page, one.kind))), "")
    if why:  # what nobody sees says nothing against what everybody does
        page.contradiction = why
        return ()
    if known:
        return tuple(
            _with_structure(replace(empty, kind=one.kind or empty.kind), [one]) for one in known
        )
    return (_message(mail, page, empty),) if page.group == MESSAGE else ()


def _empty(page: Page, role: Role) -> Notice:
    return Notice(
        kind=Kind.UNPARSED,
        marketplace=page.pack.marketplace,
        role=role,
        language="en",
        proof=Proof.REAL,
    )


def _message(mail: ParsedMail, page: Page, empty: Notice) -> Notice:
    """That somebody wrote, whatever the subject says."""
    orders = marks.merge_orders(
        [
            marks.orders_in_line(page.subject, page.pack),
            (
                number
                for line in page.text.lines
                for number in marks.orders_in_line(line, page.pack)
            ),
            (number for one in marks.in_links(mail.links, page.pack) for number in one.orders),
        ]
    )
    text = " ".join(page.text.lines)[:500]
    said = Evidence(
        where="subject", phrase="", line=page.subject, source="pack.yaml senders: message"
    )
    proof = Proof.RECONSTRUCTED
    code = page.own_code
    if code is not None and code.means and Kind.MESSAGE_RECEIVED in code.kinds:
        said, proof = code.evidence, Proof(code.means.proof)
    content: dict[str, FieldValue] = {"intent": "other", **({"text": text} if text else {})}
    return replace(
        empty,
        kind=Kind.MESSAGE_RECEIVED,
        proof=proof,
        order_numbers=orders,
        fields=content,
        evidence=(said,),
    )


def _with_structure(notice: Notice, stated: Sequence[structured.Stated]) -> Notice:
    """A notice with what the mail's structured data says of the same order. It knows numbers and
    values best; what happened is for the words that people see.
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
        order_numbers=marks.merge_orders([one.orders, notice.order_numbers]),
        tracking=tuple(dict.fromkeys([*one.tracking, *notice.tracking])),
        fields={**notice.fields, **one.fields},
        evidence=(*one.evidence, *notice.evidence),
    )
