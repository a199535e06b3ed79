"""Mail bytes in, a reading out. Order of evidence: sender, marks that need no language, phrases,
hook.

`read` never raises: for any bytes there is an outcome and one sentence that says why.
"""

import re
from dataclasses import dataclass, fields
from datetime import UTC
from typing import Any, Self

from parsers import (
    authentic,
    forwarded,
    intents,
    limits,
    marks,
    measure,
    renderings,
    signatures,
    stores,
)
from parsers import near as near_misses
from parsers.authentic import Sender
from parsers.frame import Frame
from parsers.gist import gist_of
from parsers.listing import NOISE, dull_phrase, dull_sender, listing_of
from parsers.mail import ParsedMail, parse, parse_header
from parsers.notice import Outcome, Reading, Role, Trust
from parsers.pack import Library, Pack

FORWARD_PREFIX = re.compile(
    r"\s*+(?:fwd?|wg|tr|rv|enc|転送|전달|i|pd|doorst)\s*+[:：]", re.IGNORECASE
)


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
        if refused:
            return _refused(raw, refused, context)
        mail = parse(raw)
        if context.keys:
            mail.signer = signatures.signer(raw, mail, dict(context.keys))
        reading = _read(mail, context)
        too_much = measure.excess(reading.notices)
        return measure.measured(_refused(raw, too_much, context) if too_much else reading)
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
    group = group_of(sender, sender.pack)
    head = stores.letterhead(mail, sender, group)
    return _reading(
        mail,
        Outcome.UNREAD,
        f"Not read: {why}.",
        sender=sender,
        marketplace=sender.pack.marketplace,
        gist=gist_of(mail, head, context.library, role=_gist_role(group, context)),
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
        return _understand(mail, sender, trust, why, context)
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
    own = any(address in context.addresses for _, address in mail.senders)
    if len(mail.senders) != 1 or not (own or _may_be_forward(mail, context)):
        return None
    inner = forwarded.inner_letter(mail, context.library)
    sender = authentic.sender_of(inner, context.library) if inner is not None else None
    if inner is None or sender is None or sender.pack is None:
        return None
    if not authentic.own_forward(mail, context.authserv_ids):
        return _forged(inner, sender.pack, "forwarded by a mail that only pretends to be yours")
    trust = Trust.FORWARDED if own else Trust.UNVERIFIED
    return _understand(inner, sender, trust, "forwarded", context)


def _may_be_forward(mail: ParsedMail, context: Context) -> bool:
    """Whether a stranger's mail looks like a forward, where the user's addresses are not known."""
    return not context.addresses and bool(
        mail.inner or FORWARD_PREFIX.match(mail.subject) or "forwarded" in mail.plain[:2000].lower()
    )


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
    mail: ParsedMail, sender: Sender, trust: Trust, why: str, context: Context
) -> Reading:
    pack = sender.pack
    assert pack is not None  # noqa: S101 - both callers looked
    listing = listing_of(sender, pack)
    group = listing.group if listing else None
    more: dict[str, Any] = {"marketplace": pack.marketplace, "trust": trust, "sender": sender}
    if listing is not None and group == NOISE:
        return _reading(mail, Outcome.NOISE, dull_sender(listing, pack), **more)
    letterhead = stores.letterhead(mail, sender, group)
    read = renderings.read(mail, letterhead, _role(group, context))
    if read.notices:
        heard = tuple(intents.hear(notice, mail) for notice in read.notices)
        near = tuple(miss for page in read.pages for miss in page.refused)[: near_misses.MAX_NEAR]
        reason = _understood(why, _complaint(read))
        return _reading(mail, Outcome.NOTICES, reason, notices=heard, near=near, **more)
    near_misses.refuse_unseen(mail, read.pages[0])
    outcome, reason = _without_notices(group, read)
    if outcome is not Outcome.UNREAD:
        return _reading(mail, outcome, reason, **more)
    gist = gist_of(mail, letterhead, context.library, role=_gist_role(group, context))
    near = near_misses.misses(read.pages[0])
    return _reading(mail, outcome, reason, near=near, gist=gist, **more)


def _understood(why: str, complaint: str) -> str:
    return f"Understood; {why}; {complaint}." if complaint else f"Understood; {why}."


def _without_notices(group: str | None, read: renderings.Read) -> tuple[Outcome, str]:
    """Why a marketplace's mail gives nothing."""
    if read.contradiction:
        return Outcome.UNREAD, f"Its words contradict each other: {read.contradiction}."
    dull = next(filter(None, (page.dull_phrase() for page in read.pages)), None)
    if dull is not None:
        return Outcome.NOISE, dull_phrase(dull)
    return Outcome.UNREAD, _why_unread(group, read)


def _why_unread(group: str | None, read: renderings.Read) -> str:
    """Why nothing was understood."""
    refused = [miss for page in read.pages for miss in page.refused]
    if refused:
        return f"A phrase fits and was not believed: {refused[0].why}."
    if complaint := _complaint(read):
        return f"No phrase of the pack fits it, and {complaint}."
    if group is None:
        return "From an address that the pack does not list, and no phrase fits it."
    return "From a marketplace, and no phrase of the pack fits it."


def _complaint(read: renderings.Read) -> str:
    """That the mail names itself by a code that nobody knows."""
    code = read.pages[0].own_code
    return code.complaint if code else ""


def _role(group: str | None, context: Context) -> Role:
    """Whose mail this sender's is: the account's role decides only for messages, which both sides
    get.
    """
    return (
        Role.SELLER
        if group == "seller" or (group == "message" and context.role == "seller")
        else Role.BUYER
    )


def _gist_role(group: str | None, context: Context) -> Role:
    """As `_role`; an address that no pack knows writes to whom the mailbox belongs."""
    return Role.SELLER if group is None and context.role == "seller" else _role(group, context)


def group_of(sender: Sender, pack: Pack) -> str | None:
    """What this address sends: a group of `packfile.Senders`; None when the pack does not say."""
    listing = listing_of(sender, pack)
    return listing.group if listing else None


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
