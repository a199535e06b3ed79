"""Both renderings of a mail, text and HTML: the better one is read, and where a notice judges,
closes, pays or cancels, each is held against the other.
"""

import html as entities
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from parsers import statements
from parsers.body import Page
from parsers.mail import ParsedMail
from parsers.notice import (
    FIELDS,
    Evidence,
    FieldType,
    FieldValue,
    Kind,
    Notice,
    Role,
    field_to_json,
)
from parsers.stores import Letterhead

WEIGHTY = frozenset(
    {
        Kind.ORDER_CANCELLED,
        Kind.ORDER_COMPLETED,
        Kind.ORDER_PAYMENT_CONFIRMED,
        Kind.ORDER_PAYMENT_FAILED,
        Kind.CANCEL_REJECTED,
        Kind.SHIPMENT_DELIVERED,
        Kind.DISPUTE_JUDGED,
        Kind.DISPUTE_PROPOSAL,
        Kind.DISPUTE_CLOSED,
        Kind.APPEAL_DECIDED,
        Kind.RETURN_AUTHORISED,
        Kind.RETURN_RECEIVED,
        Kind.RETURN_REJECTED,
        Kind.REFUND_ANNOUNCED,
        Kind.REFUND_COMPLETED,
        Kind.REFUND_FAILED,
        Kind.CLAIM_DECIDED,
        Kind.CHARGEBACK_OPENED,
        Kind.CHARGEBACK_DECIDED,
        Kind.PAYOUT_SENT,
        Kind.PAYOUT_HELD,
        Kind.ACCOUNT_RESTRICTED,
    }
)
"""Kinds that judge, close, pay or cancel."""
TAG = re.compile(r"<[^>]*(?:>|\Z)")
COMPARED = frozenset(
    {FieldType.CHOICE, FieldType.MONEY, FieldType.WHEN, FieldType.FLAG, FieldType.NUMBER}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the renderings of a mail give."""

    pages: tuple[Page, ...]
    notices: tuple[Notice, ...] = ()
    contradiction: str = ""
    """What stood against what, where the mail speaks against itself."""


def read(mail: ParsedMail, head: Letterhead, role: Role) -> Read:
    """The cheap rendering first; HTML is parsed only when somebody asks for it."""
    if not mail.has_plain and mail.html:
        page = head.page(mail.rich, rich=True)
        return _only(page, statements.notices(mail, page, role))
    page = head.page(mail.text, rich=False)
    plain = statements.notices(mail, page, role)
    enough = _is_whole(plain) and not _is_weighty(plain) and _is_shown(page, mail.html)
    if not mail.html or enough or (page.contradiction and not plain):
        return _only(page, plain)
    shown = head.page(mail.rich, rich=True)
    rich = statements.notices(mail, shown, role)
    if shown.contradiction and not rich:
        return Read(pages=(page, shown), contradiction=shown.contradiction)
    if _is_weighty(plain) or _is_weighty(rich):
        return _compared(plain, rich, (page, shown))
    best = rich if not plain or _weight(rich) > _weight(plain) else plain
    return Read(pages=(page, shown), notices=best)


def _only(page: Page, notices: tuple[Notice, ...]) -> Read:
    """What one rendering gives, where the other is not asked."""
    return Read(pages=(page,), notices=notices, contradiction="" if notices else page.contradiction)


def _is_whole(notices: Sequence[Notice]) -> bool:
    """Whether each says what it is about, so that HTML can add little."""
    return bool(notices) and all(
        notice.order_numbers or notice.tracking or notice.packages for notice in notices
    )


def _is_shown(page: Page, html: str) -> bool:
    """Whether the headlines of the text stand in the HTML too, as far as that can be told without
    parsing it.
    """
    headlines = [page.lines.printed[place] for place, _ in page.headlines]
    headlines = [line for line in headlines if line not in html]
    if not headlines:
        return True
    shown = _squeezed(entities.unescape(TAG.sub("", html)))
    return all(_squeezed(line) in shown for line in headlines)


def _squeezed(text: str) -> str:
    """The letters of a text alone."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text))).lower()


def _is_weighty(notices: Sequence[Notice]) -> bool:
    return any(notice.kind in WEIGHTY for notice in notices)


def _weight(notices: Sequence[Notice]) -> int:
    return sum(len(notice.fields) + 3 * len(notice.order_numbers) for notice in notices)


def _compared(plain: tuple[Notice, ...], rich: tuple[Notice, ...], pages: tuple[Page, ...]) -> Read:
    """The notices that both renderings give, without what they say differently."""
    if not plain or not rich:
        only = plain or rich
        silent = pages[1] if plain else pages[0]
        if len(silent.text.lines) <= FEW_LINES:
            return Read(pages=pages, notices=only)
        return Read(pages=pages, contradiction=_against(plain, rich))
    if sorted(one.kind.value for one in plain) != sorted(one.kind.value for one in rich):
        return Read(pages=pages, contradiction=_against(plain, rich))
    better, other = (rich, plain) if _weight(rich) > _weight(plain) else (plain, rich)
    left = list(other)
    out = []
    for notice in better:
        match = max(left, key=lambda one: _alike(notice, one))
        left.remove(match)
        out.append(_agreed(notice, match))
    return Read(pages=pages, notices=tuple(out))


FEW_LINES = 3
"""A rendering with no more lines says nothing, and so nothing else."""


def _against(plain: Sequence[Notice], rich: Sequence[Notice]) -> str:
    said = [
        ", ".join(sorted({one.kind.value for one in notices})) or "nothing of it"
        for notices in (plain, rich)
    ]
    return f"the text says {said[0]}, the HTML {said[1]}"


def _alike(notice: Notice, other: Notice) -> tuple[bool, int]:
    return (
        notice.kind is other.kind,
        len(set(notice.order_numbers) & set(other.order_numbers)),
    )


def _agreed(notice: Notice, other: Notice) -> Notice:
    """The notice without the fields that the other rendering states otherwise."""
    if notice.kind not in WEIGHTY:
        return notice
    fields: dict[str, FieldValue] = dict(notice.fields)
    proofs: list[Evidence] = []
    for name in _differing(notice, other):
        fields.pop(name)
        if FIELDS[name].type is FieldType.CHOICE and "unknown" in FIELDS[name].choices:
            fields[name] = "unknown"
        proofs.append(
            Evidence(
                where="renderings",
                phrase="",
                line=f"{name}: {_spoken(notice, name)} / {_spoken(other, name)}",
                source="text and HTML, which differ",
            )
        )
    lines = [one for one in other.evidence if proofs and one not in notice.evidence]
    return replace(notice, fields=fields, evidence=(*notice.evidence, *lines, *proofs))


def _differing(notice: Notice, other: Notice) -> Iterator[str]:
    for name, value in notice.fields.items():
        if FIELDS[name].type in COMPARED and other.fields.get(name, value) != value:
            yield name


def _spoken(notice: Notice, name: str) -> str:
    value = field_to_json(notice.fields[name])
    return f"{value['value']} {value['currency']}" if isinstance(value, dict) else str(value)
