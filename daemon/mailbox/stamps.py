"""Who stamps Authentication-Results on the mails of a mailbox: shown once, so that the user can
name them.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

FIELD = re.compile(rb"^(?P<name>[!-9;-~]+)[ \t]*:(?P<value>.*(?:\r?\n[ \t].*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """What the last mails of a folder show."""

    counts: tuple[tuple[str, int], ...]
    """authserv-ids, the most frequent first."""
    silent: tuple[int, ...]
    """UIDs of mails that are there, and whose header the server does not give."""


def stamps(headers: Iterable[bytes]) -> tuple[tuple[str, int], ...]:
    """The authserv-ids (RFC 8601) found where the account's own provider writes them, the most
    frequent first.

    That place is the topmost trace block: above the first Received field, or right below it. An
    empty id is one of
    a provider that names none (Outlook.com).
    """
    found = Counter(name for header in headers for name in _ids(header))
    return tuple(found.most_common())


def _ids(header: bytes) -> set[str]:
    ids: set[str] = set()
    received = 0
    fields = re.split(rb"\r?\n\r?\n", header, maxsplit=1)[0]
    for field in FIELD.finditer(fields):
        name = field["name"].lower()
        if name == b"authentication-results":
            ids.add(_id(field["value"]))
        elif name == b"received":
            received += 1
            if received == 2:  # below stands what others wrote
                break
    return ids


def _id(value: bytes) -> str:
    text = re.sub(r"\([^()]*\)", " ", " ".join(value.decode("ascii", "replace").split()))
    first = text.partition(";")[0].strip()
    # Without an id the first statement stands there: “spf=pass (…) smtp.mailfrom=…”.
    return "" if "=" in first else first.partition(" ")[0].strip('"').lower()
