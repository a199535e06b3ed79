"""Mails that were not understood, and those that are dull, as rows."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from daemon.pipeline.setup import Setup
from daemon.queries.evidence import lines_of, read_again
from daemon.queries.times import iso
from daemon.store.ledger import Ledger
from daemon.store.mails import MailRow, MailState
from daemon.worker.reading import Reads
from parsers.errors import OrderbellError
from parsers.listing import entry_of
from parsers.notice import Outcome, gist_to_json


class UnknownMailError(OrderbellError):
    """No mail has that number."""


def unread_mails(ledger: Ledger, zone: tzinfo, *, limit: int = 200) -> list[Mapping[str, Any]]:
    """Marketplace mails that were not understood, and those set aside; the newest first."""
    found = [
        *ledger.mails.listed(outcomes=[Outcome.UNREAD], limit=limit),
        *ledger.mails.listed(states=[MailState.QUARANTINE], limit=limit),
    ]
    newest = sorted(found, key=lambda row: row.id, reverse=True)
    return [_row(mail, zone) for mail in newest[:limit]]


def dull_mails(ledger: Ledger, zone: tzinfo, *, limit: int = 200) -> list[Mapping[str, Any]]:
    """What was left out as dull, counted by address and by the entry of the pack that lists it."""
    return [
        {
            "sender": row.sender,
            "marketplace": row.marketplace,
            "mails": row.mails,
            "first": iso(row.first, zone),
            "last": iso(row.last, zone),
            "entry": entry_of(row.reason),
        }
        for row in ledger.mails.dull(limit=limit)
    ]


def dull_mails_from(
    ledger: Ledger, zone: tzinfo, sender: str, *, limit: int = 200
) -> list[Mapping[str, Any]]:
    """Each dull mail of one address, the newest first."""
    found = ledger.mails.listed(outcomes=[Outcome.NOISE], sender=sender.lower(), limit=limit)
    return [{**_row(mail, zone), "entry": entry_of(mail.reason)} for mail in found]


def mail_of(ledger: Ledger, number: int) -> MailRow:
    """The stored mail with that number. Raises UnknownMailError."""
    try:
        return ledger.mails.get(number)
    except KeyError:
        raise UnknownMailError(
            f"no mail has the number {number}", "orderbell mails unread"
        ) from None


def mail_row(ledger: Ledger, setup: Setup, reads: Reads, number: int) -> Mapping[str, Any]:
    """One mail: what is known of it, and what is read in its text today: the lines that were
    understood, else the gist and the phrases that nearly fit. Raises UnknownMailError.
    """
    mail = mail_of(ledger, number)
    reading = read_again(ledger, setup, reads, mail)
    gist = reading.gist if reading else None
    events = ledger.events_of_mail(mail.same_as or number)
    orders = {number for event in events for number in event.order_numbers}
    return {
        **_row(mail, setup.zone),
        "outcome": mail.outcome,
        "trust": mail.trust,
        "orders": sorted(orders),
        "assignable": bool(events),
        "text_kept": reading is not None,
        "lines": lines_of(reading),
        "gist": gist
        and {
            "orders": list(gist.orders),
            "parcels": list(gist.parcels),
            "amounts": [str(one) for one in gist.amounts],
            "deadlines": [{"at": one.at.isoformat(), "line": one.line} for one in gist.deadlines],
            "topics": list(gist.topics),
        },
        "near": [
            {"kind": one.kind.value, "line": one.line, "likeness": one.likeness, "why": one.why}
            for one in (reading.near if reading else ())
        ],
    }


def _row(mail: MailRow, zone: tzinfo) -> Mapping[str, Any]:
    return {
        "mail": mail.id,
        "arrived": iso(mail.arrived, zone),
        "mailbox": mail.place.mailbox,
        "folder": mail.place.folder,
        "uid": mail.place.uid,
        "marketplace": mail.marketplace,
        "state": mail.state.value,
        "sender": mail.sender,
        "subject": mail.subject,
        "reason": mail.reason,
        "gist": gist_to_json(mail.gist) if mail.gist else None,
    }
