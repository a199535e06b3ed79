"""The lines of stored mails that say what was read in them, found by reading the mails again."""

from collections.abc import Iterable, Mapping
from typing import Any

from daemon.pipeline.setup import Setup
from daemon.store.ledger import Ledger
from parsers.frame import Frame
from parsers.reader import Context, read


def evidence(ledger: Ledger, setup: Setup, mails: Iterable[int]) -> list[Mapping[str, Any]]:
    """Per mail its subject, sender and the lines its notices rest on; nothing for a mail whose text
    is not kept.
    """
    return [row for number in mails if (row := _lines(ledger, setup, number)) is not None]


def _lines(ledger: Ledger, setup: Setup, number: int) -> Mapping[str, Any] | None:
    try:
        mail = ledger.mails.get(number)
    except KeyError:
        return None
    raw = ledger.mails.raw(number)
    lines: dict[str, None] = {}
    if raw is not None:
        try:
            frame = setup.frame(mail.place.mailbox)
        except KeyError:  # its mailbox was taken out of the configuration
            frame = Frame(zone=setup.zone)
        reading = read(raw, Context.of(setup.library, frame))
        lines = {
            proof.line.strip(): None for notice in reading.notices for proof in notice.evidence
        }
    return {"mail": number, "subject": mail.subject, "sender": mail.sender, "lines": list(lines)}
