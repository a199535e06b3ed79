"""From nothing to a connection that is logged in, and never a secret on an open line."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from daemon.mailbox.errors import MailboxError, MailboxErrorKind, while_connecting, while_logging_in
from daemon.mailbox.transport import ByteCounter, Client, Limits
from daemon.settings import Mailbox

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@cache
def trust(ca_file: Path | None = None) -> ssl.SSLContext:
    """The certificates that are believed; one for all connections, since each costs 0.9 MB and 30
    ms to make.

    With `ca_file`, that file alone is believed, be it an authority or the very certificate of the
    server.
    Raises MailboxError when the file cannot be used.
    """
    if ca_file is None:
        return ssl.create_default_context()
    try:
        context = ssl.create_default_context(cafile=str(ca_file.expanduser()))
    except (OSError, ssl.SSLError) as error:
        what = f"tls_ca_file {ca_file} cannot be used: {error.strerror or error}"
        raise MailboxError(
            MailboxErrorKind.TLS, what, "give a readable PEM file of certificates"
        ) from None
    # Python 3.13 refuses home-made certificates for form alone; the user named this one.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def connect(
    account: Mailbox,
    secret: str,
    context: ssl.SSLContext,
    *,
    token: bool,
    limits: Limits,
    meter: ByteCounter,
) -> Client:
    """Make a connection and log in. `secret` is a password, or with `token` an OAuth2 access token.

    Raises MailboxError, whose kind tells a wrong password from a server that is busy.
    """
    try:
        client = _secured(account, context, limits, meter)
    except Exception as error:  # noqa: BLE001 – imaplib lets anything through
        raise while_connecting(error, account) from None
    try:
        if client.wire.state == "NONAUTH":  # a tunnel may greet with PREAUTH
            with client.wire.within(limits.command):
                _log_in(client, account, secret, token=token)
    except Exception as error:  # noqa: BLE001 – imaplib lets anything through
        with suppress(OSError):
            client.shutdown()
        raise while_logging_in(error, account, token=token) from None
    return client


def _secured(
    account: Mailbox, context: ssl.SSLContext, limits: Limits, meter: ByteCounter
) -> Client:
    if account.tls == "none" and account.server not in LOOPBACK:
        raise MailboxError(
            MailboxErrorKind.TLS, "tls: none is for loopback only", "set tls: implicit or starttls"
        )
    client = Client(
        account.server, account.port, context if account.tls == "implicit" else None, limits, meter
    )
    if account.tls == "starttls":
        try:
            _start_tls(client, account, context)
        except BaseException:
            with suppress(OSError):
                client.shutdown()
            raise
    return client


def _start_tls(client: Client, account: Mailbox, context: ssl.SSLContext) -> None:
    # PREAUTH here would mean that someone in between has logged us in to skip the encryption.
    if client.wire.state != "NONAUTH" or not client.has_capability("STARTTLS"):
        what = f"{account.server}:{account.port} offers no STARTTLS, so no password was sent"
        raise MailboxError(MailboxErrorKind.TLS, what, "set tls: implicit and port: 993")
    client.starttls(context)


def _log_in(client: Client, account: Mailbox, secret: str, *, token: bool) -> None:
    offered = {name.decode("ascii", "replace").upper() for name in client.capabilities()}
    if token:
        _log_in_with_token(client, account, secret, offered)
    elif "AUTH=PLAIN" in offered:
        # Takes any letters, which LOGIN does not. imapclient's own would turn a lost link into a
        # refused password.
        client.wire.authenticate("PLAIN", lambda _challenge: f"\0{account.user}\0{secret}".encode())
    elif "LOGINDISABLED" in offered:
        what = f"{account.server} takes no password here ({_mechanisms(offered)})"
        raise MailboxError(
            MailboxErrorKind.TLS,
            what,
            "set tls: implicit or starttls; else the provider wants a token_command",
        )
    elif not (account.user + secret).isascii() or not (account.user + secret).isprintable():
        what = f"{account.server} takes only plain letters in passwords, and this one has others"
        raise MailboxError(
            MailboxErrorKind.WRONG_PASSWORD,
            what,
            "change the password to letters and digits, or use an app password",
        )
    else:
        client.wire.login(_quoted(account.user), secret)  # imaplib quotes the second word alone


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _log_in_with_token(client: Client, account: Mailbox, token: str, offered: set[str]) -> None:
    if "AUTH=XOAUTH2" in offered:
        answer = _once(f"user={account.user}\1auth=Bearer {token}\1\1", b"")
        client.wire.authenticate("XOAUTH2", answer)
    elif "AUTH=OAUTHBEARER" in offered:
        name = account.user.replace("=", "=3D").replace(",", "=2C")
        answer = _once(f"n,a={name},\1auth=Bearer {token}\1\1", b"\1")
        client.wire.authenticate("OAUTHBEARER", answer)
    else:
        what = f"{account.server} takes no OAuth2 tokens ({_mechanisms(offered)})"
        raise MailboxError(
            MailboxErrorKind.EXPIRED_TOKEN, what, "use password: instead of token_command or login:"
        )


def _once(first: str, then: bytes) -> Callable[[bytes], bytes]:
    """Answer the first challenge with the token; a second one tells why it was refused and only
    wants a nod.
    """
    answers = iter([first.encode()])
    return lambda _challenge: next(answers, then)


def _mechanisms(offered: set[str]) -> str:
    names = sorted(name.removeprefix("AUTH=") for name in offered if name.startswith("AUTH="))
    return f"it offers {', '.join(names)}" if names else "it offers no mechanism"
