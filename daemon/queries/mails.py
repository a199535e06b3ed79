"""Mails that were not understood, as rows."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from daemon.queries.times import iso
from daemon.store.ledger import Ledger
from daemon.store.mails import MailRow, MailState
from parsers.notice import Outcome, gist_to_json


def unread_mails(ledger: Ledger, zone: tzinfo, *, limit: int = 200) -> list[Mapping[str, Any]]:
    """Marketplace mails that were not understood, and those set aside; the newest first."""
    found = [
        *ledger.mails.listed(outcomes=[Outcome.UNREAD], limit=limit),
        *ledger.mails.listed(states=[MailState.QUARANTINE], limit=limit),
    ]
    newest = sorted(found, key=lambda row: row.id, reverse=True)
    return [_row(mail, zone) for mail in newest[:limit]]


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
