"""Everything about an order on one page, with the mails it rests on."""

from datetime import datetime, tzinfo

from daemon.files.dossier import StoredMail, write
from daemon.store.ledger import Ledger
from orders.facts.view import View


def dossier(
    ledger: Ledger,
    shown: View,
    *,
    language: str,
    zone: tzinfo,
    now: datetime,
    with_mails: bool = True,
) -> str:
    """The page as HTML, whole in itself. `with_mails`: with their text, which is taken apart in
    this process.
    """
    numbers = sorted(
        {event.mail for event in shown.order.events if with_mails and event.mail is not None}
    )
    mails = [
        StoredMail(
            id=number, raw=ledger.mails.raw(number), received_at=ledger.mails.get(number).arrived
        )
        for number in numbers
    ]
    return write(shown, mails, language=language, zone=zone, now=now)
