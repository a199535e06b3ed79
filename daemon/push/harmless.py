"""A subject made fit for strangers' screens before it is put into words: what a mail says can
neither link nor ring.
"""

from dataclasses import replace

from daemon.push.text import foreign
from orders.subject import FactType, FactValue, Subject
from rules.fields import FIELDS

OURS = ("mailbox.", "target.", "pack.", "rules.", "service.", "order.link")
"""Said by the program and its own files, not by a mail."""


def harmless(subject: Subject) -> Subject:
    """The subject with every text that came out of a mail cleaned. For wording only: rules judge
    what was written.
    """
    return replace(
        subject, facts={name: _clean(name, value) for name, value in subject.facts.items()}
    )


def _clean(name: str, value: FactValue) -> FactValue:
    known = FIELDS.get(name)
    choice = known is not None and known.type is FactType.CHOICE
    return (
        value if not isinstance(value, str) or choice or name.startswith(OURS) else foreign(value)
    )
