"""One look at a mailbox as its user would have it looked at: login, folders, who stamps its
mail.
"""

import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address

from daemon.mailbox.errors import MailboxError, MailboxErrorKind
from daemon.mailbox.stamps import Stamps
from daemon.mailbox.transport import ByteCounter
from daemon.service.files import Files
from daemon.service.watcher import open_session
from daemon.settings import Mailbox

RECONNECTS = 4
"""How often a broken connection is made anew: one mail breaks it at most that often."""


CONNECT_SECONDS = 5.0
"""For one port to answer; a firewall that is silent must not hold a newcomer for minutes."""
Way = tuple[int, str]
"""A port, and how TLS is spoken there, as config.yaml says it."""
WAYS: tuple[Way, ...] = ((993, "implicit"), (143, "starttls"), (1143, "starttls"))
"""What mail servers use; 1143 is Proton Mail Bridge's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What an open mailbox shows."""

    idle: bool
    folders: tuple[str, ...]
    missing: tuple[str, ...]
    """Configured folders the server does not have."""
    stamps: tuple[tuple[str, int], ...]
    """authserv-ids on the last mails of the first folder that is there, with their counts."""
    silent: tuple[int, ...]
    """UIDs in that folder whose mail the server does not give."""


def ways(host: str, port: int | None, tls: str | None) -> tuple[Way, ...]:
    """Port and TLS to be tried, the safest first; what is given is taken as given. Without TLS only
    on loopback, where nobody listens between.
    """
    plain = (((port or 143, "none"),) + (() if port else ((1143, "none"),))) * is_loopback(host)
    known = tuple((port, way) for way in ("implicit", "starttls")) if port else WAYS
    return tuple(way for way in known + plain if tls in (None, way[1])) or (
        (port or 143, str(tls)),
    )


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def answers_at(host: str, port: int) -> bool:
    """Whether anything takes a connection there."""
    try:
        with closing(socket.create_connection((host, port), timeout=CONNECT_SECONDS)):
            return True
    except (OSError, ValueError):
        return False


def reach(
    box: Mailbox,
    tried: Sequence[Way],
    look: Callable[[Mailbox], Account],
    open_at: Callable[[str, int], bool] = answers_at,
) -> tuple[Mailbox, Account]:
    """The mailbox by the first way that leads to a login, and what is found there. Raises the
    MailboxError of the way that came nearest.
    """
    found: MailboxError | None = None
    heard = {port: open_at(box.server, port) for port in dict.fromkeys(port for port, _ in tried)}
    for port, tls in [way for way in tried if heard[way[0]]] or tried[:1]:
        here = box.model_copy(update={"port": port, "tls": tls})
        try:
            return here, look(here)
        except MailboxError as error:
            if error.kind not in NO_WAY:
                raise
            found = found if found and found.kind is MailboxErrorKind.TLS else error
    raise found or MailboxError(MailboxErrorKind.UNREACHABLE, f"{box.server}: no port to try", "")


NO_WAY = (MailboxErrorKind.UNREACHABLE, MailboxErrorKind.TLS, MailboxErrorKind.PROTOCOL)
"""Faults of a way rather than of a login: another may lead there."""


def inspect(box: Mailbox, files: Files) -> Account:
    """Log in as the service would, and look around; nothing is changed. Raises MailboxError."""
    meter = ByteCounter()
    for _ in range(RECONNECTS):
        try:
            return _look(box, files, meter)
        except MailboxError as error:
            # A mail the connection does not survive is asked for alone, and then no more.
            if error.kind is not MailboxErrorKind.UNREACHABLE or not meter.poison:
                raise
    return _look(box, files, meter)


def _look(box: Mailbox, files: Files, meter: ByteCounter) -> Account:
    with open_session(box, files, meter) as session:
        folders = session.folders()
        present = [name for name in box.folders if name in folders or name.upper() == "INBOX"]
        missing = tuple(name for name in box.folders if name not in present)
        seen = session.stamps(present[0]) if present else Stamps(counts=(), silent=())
        return Account(
            idle=session.can_idle,
            folders=folders,
            missing=missing,
            stamps=seen.counts,
            silent=seen.silent,
        )
