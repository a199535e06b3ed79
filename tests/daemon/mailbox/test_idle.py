"""Waiting for mail: nothing is missed, and nobody waits for ever."""

import threading
import time

import pytest

from daemon.mailbox.errors import MailboxError, MailboxErrorKind
from tests.daemon.mailbox.fake import drop, everything, idling, news, opened
from tests.servers.fake_imap import Faults


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("place", ["before_plus", "with_plus", "after_done"])
def test_mail_told_around_the_plus_is_heard(server, wake, place, split):
    setattr(server, place, b"* 7 EXISTS\r\n")
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        server.faults = Faults(split=split)
        heard, took = idling(session, wake, 0.5)

    assert heard
    assert took < 1


def test_a_line_split_over_packets_is_heard_once_it_is_whole(server, wake):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        pieces = [b"* 7 EXI", b"STS", b"\r", b"\n"]
        timers = [
            threading.Timer(0.1 * n, server.tell, (piece,)) for n, piece in enumerate(pieces, 1)
        ]
        for timer in timers:
            timer.start()
        heard, took = idling(session, wake)
        for timer in timers:
            timer.join()

    assert heard
    assert 0.3 < took < 2


def test_news_that_are_no_mail_do_not_end_an_idle(server, wake):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        timer = threading.Timer(
            0.1, server.tell, (b"* OK still here\r\n* 3 EXPUNGE\r\n* 2 FETCH (FLAGS (\\Seen))\r\n",)
        )
        timer.start()
        heard, took = idling(session, wake, 0.6)
        timer.join()

    assert not heard
    assert took > 0.5


def test_a_flag_set_elsewhere_ends_an_idle(server, wake):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        timer = threading.Timer(0.1, server.tell, (b"* 2 FETCH (FLAGS (\\Seen \\Flagged))\r\n",))
        timer.start()
        heard, took = idling(session, wake)
        timer.join()

    assert heard
    assert took < 2


@pytest.mark.parametrize("line", [b"* BYE bored\r\n", b"IDLE1 OK that is all\r\n", b"nonsense\r\n"])
def test_a_server_that_ends_an_idle_is_left(server, wake, line):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        timer = threading.Timer(0.1, server.tell, (line,))
        timer.start()
        with pytest.raises(MailboxError):
            idling(session, wake)
        timer.join()


def test_a_server_that_hangs_up_while_idling_is_noticed_at_once(server, wake):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        timer = threading.Timer(0.2, server.hang_up)
        timer.start()
        began = time.monotonic()
        with pytest.raises(MailboxError) as caught:
            session.idle(20, wake)
        timer.join()

    assert time.monotonic() - began < 2
    assert caught.value.kind is MailboxErrorKind.UNREACHABLE


def test_a_dead_link_is_noticed_at_the_end_of_the_idle(server, wake):
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        server.faults = Faults(
            stall_at=max(connection.sent for connection in server._connections) + 10
        )
        began = time.monotonic()
        with pytest.raises(MailboxError):
            session.idle(0.5, wake)

    assert time.monotonic() - began < 3


def test_a_server_that_refuses_idle_is_polled(server, wake):
    server.answers["IDLE"] = b"TAG NO not here\r\n"
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        refused = session.idle(5, wake)
        began = time.monotonic()
        waited = session.idle(0.3, wake)

        assert (refused, waited) == (True, True)
        assert 0.2 < time.monotonic() - began < 2
        assert not session.can_idle
        session.poll("INBOX", None, None, everything, drop)


def test_mail_told_during_another_command_ends_the_next_idle_at_once(server, wake):
    server.add(news(1))

    def noisy(connection, tag, rest):
        connection.send(b"* 2 EXISTS\r\n")
        connection._uid_fetch(tag, rest)

    server.answers["UID FETCH"] = noisy
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, drop)
        heard, took = idling(session, wake)

    assert heard
    assert took < 1
