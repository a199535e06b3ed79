"""Mail bytes in, a reading out. Order of evidence: sender, marks that need no language, phrases,
hook.

`read` never raises: for any bytes there is an outcome and one sentence that says why.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, tzinfo
from functools import lru_cache
from typing import Self

from parsers import authentic, forwarded, intents, limits, marks, statements
from parsers.authentic import Sender
from parsers.body import Page
from parsers.dates import Clock
from parsers.frame import Frame
from parsers.mail import ParsedMail, parse, parse_header
from parsers.notice import NearMiss, Notice, Outcome, Reading, Role, Trust
from parsers.pack import Library, Pack, phrases
from parsers.phrase import fold
from parsers.text import VisibleText

FORWARD_PREFIX = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|転送|전달|i|pd|doorst)\s*[:：]", re.IGNORECASE
)
NEAR = 0.72
MAX_NEAR = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Frame):
    """How the mails of a mailbox are read, and by what is known of the marketplaces."""

    library: Library

    @classmethod
    def of(cls, library: Library, frame: Frame) -> Self:
        return cls(library=library, **{one.name: getattr(frame, one.name) for one in fields(Frame)})


def read(raw: bytes, context: Context) -> Reading:
    """What one mail says. Never raises, for any bytes."""
    try:
        refused = limits.refuse(raw)
        return _refused(raw, refused, context) if refused else _read(parse(raw), context)
    except Exception as error:  # noqa: BLE001 - hostile bytes find what no test found; the mail is kept, counted and shown
        return Reading(
            outcome=Outcome.UNREAD,
            reason=f"Could not be read ({type(error).__name__}); please report it.",
        )


def _refused(raw: bytes, why: str, context: Context) -> Reading:
    """A mail that is not parsed: kept and counted when its header says that a marketplace sent it,
    else nobody's.
    """
    header = limits.header_of(raw)
    mail = parse_header(header) if limits.refuse_header(header) is None else ParsedMail(fields=())
    sender = authentic.sender_of(mail, context.library)
    if sender is None or sender.pack is None:
        return _reading(mail, Outcome.FOREIGN, f"Not read: {why}.")
    return _reading(
        mail,
        Outcome.UNREAD,
        f"Not read: {why}.",
        sender=sender,
        marketplace=sender.pack.marketplace,
    )


def interesting(header: bytes, context: Context) -> bool:
    """Whether the body is worth fetching, from the header block alone."""
    try:
        mail = parse_header(header[: limits.MAX_HEADER])
    except Exception:  # noqa: BLE001 - a header nobody can parse is read whole, and refused there if need be
        return True
    sender = authentic.sender_of(mail, context.library)
    if sender is not None and sender.pack is not None:
        return True
    if authentic.claim(mail, context.library):
        return True
    return any(address in context.addresses for _, address in mail.senders) or bool(
        not context.addresses and FORWARD_PREFIX.match(mail.subject)
    )


def _read(mail: ParsedMail, context: Context) -> Reading:
    library = context.library
    sender = authentic.sender_of(mail, library)
    if sender is not None and sender.pack is not None:
        trust, why = authentic.trust_of(
            mail, sender, context.authserv_ids, context.relays, trust_all=context.trust_all
        )
        if trust is Trust.FORGED:
            return _forged(mail, sender.pack, why)
        return _understand(mail, sender, sender.pack, trust, why, context)
    forward = _forwarded(mail, context)
    if forward is not None:
        return forward
    claimed = authentic.claim(mail, library)
    pack = library.pack(claimed) if claimed else None
    if pack is not None:
        shown = mail.senders[0][1] if mail.senders else ""
        return _forged(mail, pack, f"claims {pack.marketplace} and comes from {shown or 'nobody'}")
    return _reading(mail, Outcome.FOREIGN, "Not from a marketplace.")


def _forwarded(mail: ParsedMail, context: Context) -> Reading | None:
    """A mail the user forwarded, read as the innermost marketplace mail in it."""
    own = [address for _, address in mail.senders if address in context.addresses]
    if len(mail.senders) != 1 or (context.addresses and not own):
        return None
    if not own and not (
        mail.inner or FORWARD_PREFIX.match(mail.subject) or "forwarded" in mail.plain[:2000].lower()
    ):
        return None
    inner = forwarded.inner_letter(mail, context.library)
    sender = authentic.sender_of(inner, context.library) if inner is not None else None
    if inner is None or sender is None or sender.pack is None:
        return None
    if not authentic.own_forward(mail, context.authserv_ids):
        return _forged(inner, sender.pack, "forwarded by a mail that only pretends to be yours")
    trust = Trust.FORWARDED if own else Trust.UNVERIFIED
    return _understand(inner, sender, sender.pack, trust, "forwarded", context)


def _forged(mail: ParsedMail, pack: Pack, why: str) -> Reading:
    text = mail.text if mail.has_plain else mail.rich
    lines = [mail.subject, *text.lines]
    claims = [number for line in lines for number in marks.orders_in_line(line, pack)]
    claims += [number for one in marks.in_links(mail.links, pack) for number in one.orders]
    return _reading(
        mail,
        Outcome.FORGED,
        f"Forged: {why}.",
        marketplace=pack.marketplace,
        trust=Trust.FORGED,
        claims=tuple(dict.fromkeys(claims)),
    )


def _understand(
    mail: ParsedMail, sender: Sender, pack: Pack, trust: Trust, why: str, context: Context
) -> Reading:
    group = group_of(sender, pack)
    more = {"marketplace": pack.marketplace, "trust": trust}
    if group == "noise":
        return _reading(
            mail,
            Outcome.NOISE,
            f"{sender.local} sends nothing that matters.",
            sender=sender,
            **more,
        )
    best: tuple[Notice, ...] = ()
    pages: list[Page] = []
    for text in _texts(mail):
        page = _page(mail, sender, pack, text)
        pages.append(page)
        notices = statements.notices(mail, page, _role(group, context), message=group == "message")
        if notices and (not best or _weight(notices) > _weight(best)):
            best = notices
        if best and all(
            notice.order_numbers or notice.tracking or notice.packages for notice in best
        ):
            break
    if best:
        reason = f"Understood; {why}."
        heard = tuple(intents.hear(notice, mail) for notice in best)
        return _reading(mail, Outcome.NOTICES, reason, notices=heard, sender=sender, **more)
    page = pages[0]
    if any(one.is_noise() for one in pages):
        return _reading(mail, Outcome.NOISE, "A mail of the dull kind.", sender=sender, **more)
    if group is None and not _names_an_order(page):
        return _reading(
            mail,
            Outcome.NOISE,
            f"{sender.local} is no sender of order mail, and it names no order.",
            sender=sender,
            **more,
        )
    near = _near(page)
    return _reading(
        mail,
        Outcome.UNREAD,
        "From a marketplace, and no phrase of the pack fits it.",
        near=near,
        sender=sender,
        **more,
    )


def _texts(mail: ParsedMail) -> Iterator[VisibleText]:
    """The renderings worth reading, the cheap one first; HTML is parsed only when somebody asks for
    it.
    """
    if mail.has_plain or not mail.html:
        yield mail.text
    if mail.html:
        yield mail.rich


def _page(mail: ParsedMail, sender: Sender, pack: Pack, text: VisibleText) -> Page:
    store = pack.store(sender.domain)
    zone = pack.zone(sender.domain)
    clock = Clock(today=_today(mail, zone), zone=zone, numeric=store.numeric)
    rich = text is mail.read_rich
    return Page(
        pack=pack,
        subject=mail.subject,
        text=text,
        clock=clock,
        dollar=store.currency or "USD",
        rich=rich,
    )


def _today(mail: ParsedMail, zone: tzinfo | None) -> date | None:
    """The day the mail's words start from: its own, or the store's when Date is told in UTC, which
    says no place.
    """
    if mail.date is None:
        return None
    placeless = zone is not None and not mail.date.utcoffset()
    return (mail.date.astimezone(zone) if placeless else mail.date).date()


def _role(group: str | None, context: Context) -> Role:
    """Whose mail this sender's is: the account's role decides only for messages, which both sides
    get.
    """
    return (
        Role.SELLER
        if group == "seller" or (group == "message" and context.role == "seller")
        else Role.BUYER
    )


def _weight(notices: Sequence[Notice]) -> int:
    return sum(len(notice.fields) + 3 * len(notice.order_numbers) for notice in notices)


def group_of(sender: Sender, pack: Pack) -> str | None:
    """What this address sends: transactional, seller, message or noise; None when the pack does not
    say.
    """
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
    return any(
        True
        for line in (page.subject, *page.text.lines[:200])
        for _ in marks.orders_in_line(line, page.pack)
    )


def _near(page: Page) -> tuple[NearMiss, ...]:
    """Phrases that nearly fit the subject or a headline, likeliest first."""
    found: list[NearMiss] = []
    candidates = [("subject", page.subject), *(("headline", line) for line in page.text.lines[:25])]
    known = phrases(page.pack)
    for where, line in candidates:
        folded = fold(line)
        if len(folded) < 6:
            continue
        signs = Counter(folded)
        matcher = difflib.SequenceMatcher(None, "", folded, autojunk=False)
        for phrase, saying in known:
            if saying.where != where:
                continue
            likeness = _likeness(matcher, signs, phrase.texts)
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


def _likeness(
    matcher: "difflib.SequenceMatcher[str]", signs: Counter[str], texts: Sequence[str]
) -> float:
    """How much of a phrase's own words stands in the line, in order; gaps cost nothing. 0 for what
    is far from NEAR.

    `signs`: how often the matcher's line has each sign. Most phrases share too few of them to be
    worth comparing.
    """
    own = "".join(texts)
    length = signs.total()
    if len(own) < 6 or len(own) > 3 * length:
        return 0.0
    whole = len(own) if len(texts) > 1 else max(len(own), length)
    if sum(min(times, signs[sign]) for sign, times in _signs(own).items()) < NEAR * whole:
        return 0.0
    matcher.set_seq1(own)
    return sum(block.size for block in matcher.get_matching_blocks() if block.size > 1) / whole


@lru_cache(maxsize=10_000)
def _signs(text: str) -> Counter[str]:
    return Counter(text)


def _reading(
    mail: ParsedMail,
    outcome: Outcome,
    reason: str,
    *,
    sender: Sender | None = None,
    **more: object,
) -> Reading:
    shown = sender.address if sender else mail.senders[0][1] if mail.senders else ""
    return Reading(
        outcome=outcome,
        reason=reason,
        subject=mail.subject,
        sender=shown,
        message_id=mail.message_id,
        thread=mail.thread,
        sent_at=mail.date.astimezone(UTC) if mail.date else None,
        **more,  # type: ignore[arg-type]
    )
