"""The mails behind an order: chosen headers, the extracted text, the fingerprint. Their HTML is
never rendered.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from daemon.files.dossier.page import Html, facts, section, tag
from daemon.files.dossier.words import word
from parsers import limits
from parsers.mail import ParsedMail, parse

HEADERS = ("From", "To", "Date", "Subject", "Message-ID", "Authentication-Results")
"""Who, to whom, when, about what, which, and whether it was genuine."""
MAX_INNER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """A mail as the ledger keeps it."""

    id: int
    raw: bytes | None
    """None when only its reading was kept."""
    received_at: datetime
    """Aware UTC."""


def mails_section(mails: Sequence[StoredMail], language: str, zone: tzinfo) -> Html:
    return section(
        word(language, "mails"),
        *(
            _mail(mail, language, zone)
            for mail in sorted(mails, key=lambda mail: (mail.received_at, mail.id))
        ),
        name="mails",
    )


def letter_of(raw: bytes) -> ParsedMail | str:
    """The letter, or why it cannot be shown."""
    reason = limits.refuse(raw)
    if reason is not None:
        return reason
    try:
        letter = parse(raw)
        _ = letter.text, letter.rich
    except Exception as error:  # noqa: BLE001 (whatever a hostile mail does to a parser, the dossier is written)
        return f"it cannot be read ({type(error).__name__})"
    return letter


def subject_of(mail: StoredMail) -> str:
    """What the mail calls itself; empty when it cannot be read."""
    letter = letter_of(mail.raw) if mail.raw is not None else ""
    return "" if isinstance(letter, str) else letter.subject


def fingerprint(mail: StoredMail) -> str:
    """sha256 of the raw mail in hex; empty when it is not stored."""
    return hashlib.sha256(mail.raw).hexdigest() if mail.raw is not None else ""


def local(at: datetime, zone: tzinfo) -> str:
    """`2026-03-10 18:00 JST`."""
    there = at.astimezone(zone)
    return f"{there:%Y-%m-%d %H:%M} {there.tzname()}"


def day_or_time(at: datetime, zone: tzinfo) -> str:
    """Of something past: the day alone when no time was stated, which parsers.notice.when_to_utc
    puts at its end.
    """
    there = at.astimezone(zone)
    return f"{there:%Y-%m-%d}" if f"{there:%H:%M:%S}" == "23:59:59" else local(at, zone)


def _mail(mail: StoredMail, language: str, zone: tzinfo) -> Html:
    own = [(word(language, "received"), local(mail.received_at, zone))]
    parts: list[Html] = []
    if mail.raw is None:
        parts.append(tag("p", word(language, "not_stored"), class_="quiet"))
    else:
        own.append((word(language, "size"), word(language, "bytes", n=len(mail.raw))))
        own.append((word(language, "fingerprint"), tag("code", fingerprint(mail))))
        letter = letter_of(mail.raw)
        if isinstance(letter, str):
            parts.append(tag("p", word(language, "not_read", reason=letter), class_="quiet"))
        else:
            own = [*_headers(letter), *own]
            parts += _texts(letter, language)
    heading = tag("h3", word(language, "mail", id=mail.id))
    return tag("article", heading, facts(own), *parts, id=f"mail-{mail.id}", class_="mail")


def _headers(letter: ParsedMail) -> list[tuple[str, str]]:
    decoded = {
        "Subject": (letter.subject,),
        "From": tuple(f"{name} <{address}>" for name, address in letter.senders),
    }
    return [
        (name, value) for name in HEADERS for value in decoded.get(name, letter.all(name.lower()))
    ]


def _texts(letter: ParsedMail, language: str) -> Iterable[Html]:
    lines = (letter.text if letter.has_plain or not letter.html else letter.rich).lines
    if lines:
        yield tag("pre", "\n".join(lines))
    elif not letter.inner:
        yield tag("p", word(language, "no_text"), class_="quiet")
    for inner in letter.inner[:MAX_INNER]:
        yield tag("h3", word(language, "forwarded"))
        yield facts(_headers(inner))
        yield from _texts(inner, language)
