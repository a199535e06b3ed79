"""A server that cuts, splits, drips, spoils and refuses its answers."""

import random
import resource
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from daemon.mailbox.arrived import Cursor
from daemon.mailbox.errors import MailboxError, MailboxErrorKind
from daemon.mailbox.poll import PollOptions
from tests.daemon.mailbox.fake import QUICK, drop, everything, news, opened, session_length
from tests.servers.fake_imap import Faults, running


def read_all(server, cursor=None):
    """Poll until it works, as the loop does: every mail given to the sink moves the cursor. Returns
    (mails, tries).
    """
    got, tries = [], 0
    while True:
        tries += 1
        try:
            with opened(server) as session:

                def sink(mail):
                    nonlocal cursor
                    got.append(mail)
                    cursor = Cursor(uidvalidity=mail.uidvalidity, last_uid=mail.uid)

                session.poll("INBOX", cursor, None, everything, sink, PollOptions(unfinished=True))
                return got, tries
        except MailboxError as error:
            if error.permanent:
                raise
            server.faults = Faults()


def test_the_fake_server_is_read_like_a_real_one(server):
    server.add(*(news(n) for n in range(1, 4)))
    got, tries = read_all(server)

    assert [mail.raw for mail in got] == [news(1), news(2), news(3)]
    assert tries == 1
    assert not any(
        b"STORE" in line or b"SELECT" in line or b"BODY[" in line for line in server.said
    )


def test_nothing_is_ever_said_that_could_change_a_mailbox(server, wake):
    server.add(*(news(n) for n in range(1, 4)))
    with opened(server) as session:
        polled = session.poll("INBOX", None, None, everything, drop)
        session.rescan("INBOX", polled.cursor, lambda first, last: (), None, everything, drop)
        session.fetch("INBOX", 1, [1, 2], drop)
        session.flags("INBOX", 1, [1])
        session.stamps("INBOX")
        session.folders()
        session.idle(0.1, wake)

    commands = {b" ".join(line.split()[1:3]) for line in server.said if len(line.split()) > 1}
    assert commands == {
        b"CAPABILITY",
        b"AUTHENTICATE PLAIN",
        b'EXAMINE "INBOX"',
        b"UID SEARCH",
        b"UID FETCH",
        b'LIST ""',
        b"IDLE",
        b"LOGOUT",
    }
    assert not any(
        b"BODY[" in line or b"RFC822)" in line or b"RFC822.TEXT" in line for line in server.said
    )


@pytest.mark.parametrize("answer", [b"TAG NO Session expired\r\n", b"TAG BAD not now\r\n"])
def test_a_folder_that_is_there_and_does_not_open_is_tried_again(server, answer):
    server.answers["EXAMINE"] = answer
    with opened(server) as session, pytest.raises(MailboxError) as caught:
        session.poll("INBOX", None, None, everything, drop)

    assert caught.value.kind is MailboxErrorKind.TEMPORARY
    assert "INBOX" in caught.value.what


def test_a_session_cut_at_any_byte_loses_no_mail_and_repeats_none(record_property):
    with running() as server:
        server.add(*(news(n) for n in range(1, 4)))
        length = session_length(server)
        counts = []
        for offset in range(length):
            server.faults = Faults(cut_at=offset)
            got, tries = read_all(server)
            counts.append(tries)

            assert [mail.raw for mail in got] == [news(1), news(2), news(3)], offset

    record_property("tried", len(counts))
    assert length > 500
    assert set(counts) <= {1, 2}


def test_answers_split_at_every_byte_are_understood(server):
    server.add(*(news(n) for n in range(1, 4)))
    server.faults = Faults(split=True)

    assert [mail.raw for mail in read_all(server)[0]] == [news(1), news(2), news(3)]


def unusual():
    """Commands, and what is said to them instead of the right thing."""
    answers = {
        "no": b"TAG NO not today\r\n",
        "bad": b"TAG BAD what?\r\n",
        "bye": b"* BYE closing for a while\r\n",
        "ok with nothing": b"TAG OK done\r\n",
        "ok without text": b"TAG OK\r\n",
        "garbage": b"\x00\xff\xfe garbage\r\n",
        "unknown tag": b"zz9 OK done\r\n",
        "a plus": b"+ go ahead\r\nTAG OK done\r\n",
        "silence": b"",
        "no line end": b"* OK and then",
    }
    for command in ("CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID SEARCH", "UID FETCH"):
        for name, answer in answers.items():
            yield pytest.param(command, answer, id=f"{command}: {name}")
    yield pytest.param(
        "UID SEARCH", b"* SEARCH 1\r\n* SEARCH 2 3\r\nTAG OK done\r\n", id="SEARCH: two lines"
    )
    yield pytest.param(
        "UID SEARCH", b"* SEARCH 1 2 3 (MODSEQ 917)\r\nTAG OK done\r\n", id="SEARCH: modseq"
    )
    yield pytest.param("UID SEARCH", b"* SEARCH one two\r\nTAG OK done\r\n", id="SEARCH: words")
    yield pytest.param(
        "UID FETCH", b"* 1 FETCH (UID 1 BODY[] NIL)\r\nTAG OK done\r\n", id="FETCH: NIL"
    )
    yield pytest.param(
        "UID FETCH",
        b"* 1 FETCH (UID 1 BODY[] {9}\r\nshort)\r\nTAG OK\r\n",
        id="FETCH: short literal",
    )
    yield pytest.param("UID FETCH", b"* 1 FETCH (UID one)\r\nTAG OK done\r\n", id="FETCH: odd uid")
    yield pytest.param(
        "UID FETCH", b"* 1 FETCH " + b"(" * 3000 + b"\r\nTAG OK done\r\n", id="FETCH: deep"
    )
    yield pytest.param(
        "EXAMINE", b"* x EXISTS\r\n* OK [UIDNEXT soon]\r\nTAG OK done\r\n", id="EXAMINE: words"
    )


@pytest.mark.parametrize(("command", "answer"), list(unusual()))
def test_an_odd_answer_once_is_a_mailbox_error_at_most_and_loses_nothing(server, command, answer):
    server.add(*(news(n) for n in range(1, 4)))
    server.answers[command] = [answer]
    got, cursor, errors = {}, None, []

    def keep(mail):
        got[mail.uid] = mail

    for _ in range(4):
        try:
            with opened(server, limits=replace(QUICK, read=0.4)) as session:
                cursor = session.poll("INBOX", cursor, None, everything, keep).cursor
                session.rescan(
                    "INBOX", cursor, lambda first, last: tuple(got), None, everything, keep
                )
                session.fetch(
                    "INBOX", cursor.uidvalidity, [uid for uid in got if got[uid].missing], keep
                )
        except MailboxError as error:
            errors.append(error)

    assert {uid: mail.raw for uid, mail in got.items()} == {n: news(n) for n in (1, 2, 3)}
    assert len(errors) <= 1
    assert all("127.0.0.1" in error.what for error in errors)


@pytest.mark.parametrize("seed", range(80))
def test_an_answer_with_spoiled_bytes_is_a_mailbox_error_at_most(server, seed):
    dice = random.Random(seed)
    server.add(*(news(n) for n in range(1, 3)))
    spoiled = dice.choice(["EXAMINE", "UID SEARCH", "UID FETCH", "CAPABILITY", "AUTHENTICATE"])

    def spoil(connection, tag, rest):
        whole = []
        send, connection.send = connection.send, whole.append
        try:
            getattr(connection, f"_{spoiled.replace(' ', '_').lower()}")(tag, rest)
        finally:
            connection.send = send
        answer = bytearray(b"".join(whole))
        for _ in range(dice.randrange(1, 6)):
            answer[dice.randrange(len(answer))] = dice.choice(
                b'\0 (){}[]"\\*+%NIL0123456789\r\n\xe6'
            )
        connection.send(bytes(answer))

    server.answers[spoiled] = spoil
    with (
        suppress(MailboxError),
        opened(server, limits=replace(QUICK, read=0.2, command=0.5)) as session,
    ):
        polled = session.poll("INBOX", None, None, everything, drop)
        session.rescan("INBOX", polled.cursor, lambda first, last: (), None, everything, drop)


def test_a_dripping_server_is_cut_off_by_the_deadline_of_the_command(server):
    server.add(news(1))
    server.faults = Faults(split=True, pause=0)
    with opened(server) as session:
        server.faults = Faults(split=True, pause=0.1)
        began = time.monotonic()
        with pytest.raises(MailboxError) as caught:
            session.poll("INBOX", None, None, everything, drop)

    assert time.monotonic() - began < 4
    assert caught.value.kind is MailboxErrorKind.UNREACHABLE


def test_a_silent_server_is_given_up(server):
    server.add(news(1))
    with opened(server) as session:
        server.faults = Faults(stall_at=0)
        with pytest.raises(MailboxError) as caught:
            session.poll("INBOX", None, None, everything, drop)

    assert "stopped answering during EXAMINE" in caught.value.what


def test_a_server_that_never_greets_is_given_up(server):
    server.greeting = b""
    with pytest.raises(MailboxError) as caught:
        opened(server)

    assert caught.value.kind is MailboxErrorKind.UNREACHABLE


def test_a_literal_of_four_gigabytes_is_refused_without_taking_memory(server):
    server.add(news(1))
    server.answers["UID FETCH"] = b"* 1 FETCH (UID 1 BODY[] {4294967295}\r\nabc"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with opened(server) as session, pytest.raises(MailboxError) as caught:
        session.poll("INBOX", None, None, everything, drop)

    assert caught.value.kind is MailboxErrorKind.PROTOCOL
    assert "4294967295" in caught.value.what
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_a_line_of_two_megabytes_is_read_and_one_of_seventeen_refused(server):
    server.add(news(1))
    numbers = b"* SEARCH " + b" ".join(b"%d" % n for n in range(1, 300_000)) + b"\r\n"
    server.answers["UID SEARCH"] = [numbers + b"TAG OK done\r\n", b"* SEARCH " + b"1 " * (9 << 20)]
    got = []
    with opened(server) as session:
        polled = session.poll("INBOX", None, None, everything, got.append)
        with pytest.raises(MailboxError) as caught:
            session.poll("INBOX", None, None, everything, got.append)

    assert polled.seen == len(got) == 1
    assert caught.value.kind is MailboxErrorKind.PROTOCOL
