"""What the tests against a misbehaving server share."""

import time

from daemon.mailbox.login import trust
from daemon.mailbox.session import Session
from daemon.mailbox.transport import Limits
from daemon.settings import Mailbox, Secret
from tests.servers.fake_imap import PASSWORD, USER

QUICK = Limits(connect=2, read=1, command=2, bodies=2, done=1)


def news(number):
    return b"Subject: news %d\r\n\r\nbody %d\r\n" % (number, number)


def account(server, **changes):
    settings = {
        "id": "main",
        "host": server.host,
        "port": server.port,
        "tls": "none",
        "user": USER,
        "password": Secret(value="x"),
    }
    return Mailbox(**(settings | changes))


def opened(server, secret=PASSWORD, context=None, *, token=False, limits=QUICK, **changes):
    return Session.open(
        account(server, **changes), secret, context or trust(), token=token, limits=limits
    )


def everything(_header):
    return True


def drop(_mail):
    pass


def session_length(server):
    """Bytes the server sends in one whole session."""
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
    return max(connection.sent for connection in server._connections)


def idling(session, wake, seconds=5.0):
    """What was heard, and seconds it took."""
    began = time.monotonic()
    return session.idle(seconds, wake), time.monotonic() - began
