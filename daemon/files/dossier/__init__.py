"""The dossier of an order: one HTML file that holds everything, runs nothing and prints well.

A browser's “print to PDF” makes the PDF: a PDF library that sets Japanese weighs more than the rest
of this program.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from daemon.files.dossier.mails import StoredMail, local, mails_section
from daemon.files.dossier.page import page, tag
from daemon.files.dossier.prep import prep_section, wants_prep
from daemon.files.dossier.sections import (
    amounts_section,
    cases_section,
    deadlines_section,
    facts_section,
    findings_section,
    timeline_section,
    unseen_section,
)
from daemon.files.dossier.words import word
from orders.facts.view import View

__all__ = ["StoredMail", "write"]


def write(
    view: View, mails: Sequence[StoredMail], *, language: str, zone: tzinfo, now: datetime
) -> str:
    """The dossier as one HTML document, in `language` (en, ja), times in `zone`; `now` is aware
    UTC.

    `mails` are those behind the order's events; their text is extracted, their HTML is never shown.
    Never raises for
    any bytes in a mail.
    """
    order = view.order
    title = word(language, "title", number=order.number)
    name = now.astimezone(zone).tzname() or "UTC"
    parts = [
        tag("h1", title),
        tag("p", word(language, "written", when=local(now, zone), zone=name), class_="quiet"),
        prep_section(view, mails, language, zone, now) if wants_prep(view) else None,
        facts_section(order, language, zone),
        amounts_section(view, language, zone),
        cases_section(view, language, zone),
        deadlines_section(view, language, zone),
        findings_section(view, language, zone),
        unseen_section(view, language, zone),
        timeline_section(order, mails, language, zone),
        mails_section(mails, language, zone) if mails else None,
    ]
    return page(title, language, *(part for part in parts if part is not None))
