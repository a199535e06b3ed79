"""The lines of stored mails that say what was read in them, found by reading the mails again."""

from collections.abc import Iterable, Mapping
from typing import Any

from daemon.pipeline.setup import Setup
from daemon.store.ledger import Ledger
from daemon.store.mails import MailRow
from daemon.worker.reading import ReadingError, Reads
from parsers.frame import Frame
from parsers.notice import Reading


def evidence(
    ledger: Ledger, setup: Setup, reads: Reads, mails: Iterable[int]
) -> list[Mapping[str, Any]]:
    """Per mail its subject, sender and the lines its notices rest on; no lines for a mail whose
    text is not kept or cannot be read any more.
    """
    return [row for number in mails if (row := _lines(ledger, setup, reads, number)) is not None]


def read_again(ledger: Ledger, setup: Setup, reads: Reads, mail: MailRow) -> Reading | None:
    """What is read in a stored mail today; None when its text is not kept, or cannot be read."""
    raw = ledger.mails.raw(mail.id)
    if raw is None:
        return None
    try:
        frame = setup.frame(mail.place.mailbox)
    except KeyError:  # its mailbox was taken out of the configuration
        frame = Frame(zone=setup.zone)
    try:
        return reads(raw, frame)
    except ReadingError:
        return None


def lines_of(reading: Reading | None) -> list[str]:
    """The lines its notices rest on, each once."""
    notices = reading.notices if reading else ()
    return list(dict.fromkeys(one.line.strip() for notice in notices for one in notice.evidence))


def _lines(ledger: Ledger, setup: Setup, reads: Reads, number: int) -> Mapping[str, Any] | None:
    try:
        mail = ledger.mails.get(number)
    except KeyError:
        return None
    lines = lines_of(read_again(ledger, setup, reads, mail))
    return {"mail": number, "subject": mail.subject, "sender": mail.sender, "lines": lines}
