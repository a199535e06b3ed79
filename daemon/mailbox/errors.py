"""What goes wrong with a mailbox, told apart: who has to act, what to try, and when we try
again.
"""

import imaplib
import re
import socket
import ssl
from datetime import timedelta
from enum import StrEnum

from imapclient.exceptions import IMAPClientError, ProtocolError

from daemon.settings import PROVIDERS, Mailbox
from parsers.errors import OrderbellError


class MailboxErrorKind(StrEnum):
    WRONG_PASSWORD = "wrong_password"  # noqa: S105
    EXPIRED_TOKEN = "expired_token"  # noqa: S105
    SECRET = "secret"  # noqa: S105
    """The password or token cannot be had from where it lies; the server was not asked."""
    TEMPORARY = "temporary"
    """The server says: not now."""
    TOO_MANY = "too_many"
    """Connections, or bytes of the day."""
    UNREACHABLE = "unreachable"
    TLS = "tls"
    FOLDER = "folder"
    PROTOCOL = "protocol"
    """The server said what no server may say."""


STEPS: dict[MailboxErrorKind, tuple[int, ...]] = {
    MailboxErrorKind.WRONG_PASSWORD: (15 * 60, 3600),  # more than four tries an hour lock accounts
    MailboxErrorKind.EXPIRED_TOKEN: (
        15,
        15 * 60,
        3600,
    ),  # at once with a fresh token, then as with a password
    MailboxErrorKind.SECRET: (15, 60, 300),  # no server counts these tries
    MailboxErrorKind.TEMPORARY: (15, 60, 120, 300),
    MailboxErrorKind.TOO_MANY: (120, 300, 900),
    MailboxErrorKind.UNREACHABLE: (2, 5, 15, 30, 60),  # back within a minute of the server's return
    MailboxErrorKind.TLS: (60, 300, 900),
    MailboxErrorKind.FOLDER: (300,),
    MailboxErrorKind.PROTOCOL: (2, 15, 60, 300),
}
"""Seconds before the next try, by the number of failures in a row; the last step stays."""

PERMANENT = frozenset(
    {
        MailboxErrorKind.WRONG_PASSWORD,
        MailboxErrorKind.EXPIRED_TOKEN,
        MailboxErrorKind.SECRET,
        MailboxErrorKind.TLS,
        MailboxErrorKind.FOLDER,
    }
)
"""Kinds that a person has to end."""


class MailboxError(OrderbellError):
    """A mailbox cannot be read now. `what` and `try_this` are sentences for the person who owns it.

    After any kind but `folder` the connection is closed: open a new session.
    """

    def __init__(self, kind: MailboxErrorKind, what: str, try_this: str) -> None:
        self.kind = kind
        self.permanent = kind in PERMANENT
        super().__init__(what, try_this)


def next_try(kind: MailboxErrorKind, failures: int, chance: float) -> timedelta:
    """How long to wait after so many failures in a row (1 or more). `chance` in 0…1 spreads many
    mailboxes by ±10 %.
    """
    steps = STEPS[kind]
    return timedelta(seconds=steps[min(max(failures, 1), len(steps)) - 1] * (0.9 + 0.2 * chance))


TOO_MANY = re.compile(
    r"too many|maximum number of connections|simultaneous|overquota|bandwidth|throttl",
    re.IGNORECASE,
)
NOT_NOW = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|ALREADYEXISTS|EXPUNGEISSUED|THROTTLED|SYS[^\]]*)\]"
    r"|unavailable|temporar|try again|internal error|timed? ?out|shutting down|server busy",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"\[(?:AUTHENTICATIONFAILED|EXPIRED|AUTHORIZATIONFAILED|CONTACTADMIN)\]", re.IGNORECASE
)
PLAINTEXT = re.compile(
    r"\[PRIVACYREQUIRED\]|LOGINDISABLED|secure connection|plaintext authentication", re.IGNORECASE
)
AGAINST_THE_RULES = re.compile(
    r"unexpected|unterminated|announced a literal|a line of more|without an end|injected"
)
"""What the wire and imaplib say of a server that no longer makes sense."""


def said(error: BaseException | bytes | str) -> str:
    """What the server said, fit to be shown: one line, no control characters, at most 200 of
    them.
    """
    text = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
    for prefix in (r"^b(?=['\"])", r"^command: \w+ => ", r"^\w+ (?:failed|command error): "):
        text = re.sub(prefix, "", text)
    return " ".join("".join(c if c.isprintable() else " " for c in text).strip("'\" ").split())[
        :200
    ]


def while_connecting(error: Exception, account: Mailbox) -> MailboxError:
    """Why no connection was made, or none that may be used."""
    place = f"{account.server}:{account.port}"
    match error:
        case MailboxError():
            return error
        case ssl.SSLCertVerificationError():
            return _certificate(error, account)
        case ssl.SSLError():
            try_this = "check port and tls: (993 with implicit, 143 with starttls)"
            return MailboxError(
                MailboxErrorKind.TLS, f"no TLS with {place}: {_reason(error)}", try_this
            )
        case socket.gaierror():
            try_this = "check host: in the configuration, and the network's name server"
            return MailboxError(
                MailboxErrorKind.UNREACHABLE, f"the name {account.server} is not known", try_this
            )
        case TimeoutError():
            return MailboxError(
                MailboxErrorKind.UNREACHABLE,
                f"{place} does not answer",
                "check host: and port:, and the network",
            )
        case imaplib.IMAP4.error():
            return while_talking(error, account, "the greeting")
        case OSError():
            what = f"no connection to {place}: {_reason(error)}"
            return MailboxError(
                MailboxErrorKind.UNREACHABLE, what, "check host: and port:, and the network"
            )
    return while_talking(error, account, "the greeting")


def while_logging_in(error: Exception, account: Mailbox, *, token: bool) -> MailboxError:
    """Which of the many reasons for a refused login this is.

    A reason not understood counts as a wrong password: to try again fast would lock the account,
    which is worse than
    to try again late.
    """
    if isinstance(error, MailboxError) or not isinstance(
        error, imaplib.IMAP4.error | IMAPClientError
    ):
        return while_talking(error, account, "the login")
    text = said(error)
    if TOO_MANY.search(text):
        return _too_many(text, account)
    if _link_lost(error):
        return while_talking(error, account, "the login")
    if PLAINTEXT.search(text):
        what = f"{account.server} takes no password without TLS: “{text}”"
        return MailboxError(
            MailboxErrorKind.TLS, what, "set tls: implicit (port 993) or starttls (port 143)"
        )
    if NOT_NOW.search(text) and not REFUSED.search(text):
        what = f"{account.server} cannot log {account.user} in now: “{text}”"
        return MailboxError(
            MailboxErrorKind.TEMPORARY, what, "nothing to do yet; it is tried again"
        )
    help_text = PROVIDERS[account.provider].help if account.provider else ""
    if token:
        what = f"{account.server} refused the token for {account.user}: “{text}”"
        return MailboxError(
            MailboxErrorKind.EXPIRED_TOKEN,
            what,
            help_text or f"sign in again: orderbell login {account.id}",
        )
    what = f"{account.server} refused the password for {account.user}: “{text}”"
    return MailboxError(
        MailboxErrorKind.WRONG_PASSWORD,
        what,
        help_text or "check it; many providers want an app password",
    )


def while_talking(error: Exception, account: Mailbox, doing: str) -> MailboxError:
    """What broke a conversation that had begun. `doing` is a noun: the login, a search."""
    place = account.server
    if isinstance(error, MailboxError):
        return error
    text = said(error)
    if isinstance(error, TimeoutError):
        return MailboxError(
            MailboxErrorKind.UNREACHABLE,
            f"{place} stopped answering during {doing}",
            "it is tried again by itself",
        )
    if isinstance(error, imaplib.IMAP4.error | IMAPClientError) and not isinstance(
        error, ProtocolError
    ):
        if TOO_MANY.search(text):
            return _too_many(text, account)
        if not _link_lost(error):
            return MailboxError(
                MailboxErrorKind.TEMPORARY,
                f"{place} refused {doing}: “{text}”",
                "it is tried again by itself",
            )
        if AGAINST_THE_RULES.search(text):
            return MailboxError(
                MailboxErrorKind.PROTOCOL,
                f"{place} broke the rules during {doing}: {text}",
                "it is tried again",
            )
        return MailboxError(
            MailboxErrorKind.UNREACHABLE,
            f"{place} hung up during {doing}: “{text}”",
            "it is tried again by itself",
        )
    if isinstance(error, OSError):
        what = f"the connection to {place} broke during {doing}: {_reason(error)}"
        return MailboxError(MailboxErrorKind.UNREACHABLE, what, "it is tried again by itself")
    # imapclient answers odd lines with ValueError, KeyError, RecursionError and its like
    what = f"the answer of {place} to {doing} cannot be understood ({type(error).__name__}: {text})"
    return MailboxError(
        MailboxErrorKind.PROTOCOL, what, "it is tried again; if it stays, please report it"
    )


def _link_lost(error: Exception) -> bool:
    return isinstance(error, imaplib.IMAP4.abort)


def _too_many(text: str, account: Mailbox) -> MailboxError:
    what = f"{account.server} limits {account.user}: “{text}”"
    return MailboxError(
        MailboxErrorKind.TOO_MANY,
        what,
        "close other mail programs on this account, or set a longer poll:",
    )


def _certificate(error: ssl.SSLCertVerificationError, account: Mailbox) -> MailboxError:
    what = (
        f"the certificate of {account.server} is not accepted:"
        f" {error.verify_message or _reason(error)}"
    )
    match error.verify_code:
        case 10:  # X509_V_ERR_CERT_HAS_EXPIRED
            try_this = (
                "it has run out: the server's owner must renew it; check this machine's clock too"
            )
        case 62 | 64:  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
            try_this = "set host: to a name that the certificate holds"
        case _:
            try_this = (
                "if the server is yours, set tls_ca_file: to the certificate of its authority"
            )
    return MailboxError(MailboxErrorKind.TLS, what, try_this)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    return error.strerror or str(error)
