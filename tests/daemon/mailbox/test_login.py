"""Logging in: every refusal told apart, and no secret on an open line."""

import ssl

import pytest

from daemon import __version__
from daemon.mailbox.errors import MailboxError, MailboxErrorKind
from daemon.mailbox.login import trust
from daemon.mailbox.session import Session
from daemon.settings import Mailbox
from tests.daemon.mailbox.fake import account, drop, everything, idling, news, opened
from tests.servers.certificates import certificate
from tests.servers.fake_imap import PASSWORD, TOKEN, running

REFUSALS = [
    (b"TAG NO [AUTHENTICATIONFAILED] Invalid credentials\r\n", MailboxErrorKind.WRONG_PASSWORD),
    (b"TAG NO [ALERT] Application-specific password required\r\n", MailboxErrorKind.WRONG_PASSWORD),
    (b"TAG NO LOGIN failed.\r\n", MailboxErrorKind.WRONG_PASSWORD),
    (b"TAG NO\r\n", MailboxErrorKind.WRONG_PASSWORD),
    (b"TAG NO [AUTHENTICATIONFAILED] Too bad, try again\r\n", MailboxErrorKind.WRONG_PASSWORD),
    (b"TAG NO [UNAVAILABLE] Temporary authentication failure.\r\n", MailboxErrorKind.TEMPORARY),
    (b"TAG NO [INUSE] Mailbox is locked\r\n", MailboxErrorKind.TEMPORARY),
    (
        b"TAG NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded\r\n",
        MailboxErrorKind.TOO_MANY,
    ),
    (b"TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n", MailboxErrorKind.TOO_MANY),
    (
        b"TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n",
        MailboxErrorKind.TOO_MANY,
    ),
    (b"* BYE Too many connections\r\n", MailboxErrorKind.TOO_MANY),
    (b"* BYE going down\r\n", MailboxErrorKind.UNREACHABLE),
    (
        (
            b"TAG NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure"
            b" connections.\r\n"
        ),
        MailboxErrorKind.TLS,
    ),
]


@pytest.mark.parametrize(("answer", "kind"), REFUSALS)
@pytest.mark.parametrize("command", ["AUTHENTICATE", "LOGIN"])
def test_refused_logins_are_told_apart(server, command, answer, kind):
    server.answers[command] = answer
    if command == "LOGIN":
        server.capabilities = "IMAP4rev1"
    with pytest.raises(MailboxError) as caught:
        opened(server)

    assert caught.value.kind is kind
    assert "127.0.0.1" in caught.value.what
    assert PASSWORD not in str(caught.value)


def test_a_server_that_greets_with_bye_is_told_by_its_reason(server):
    server.greeting = b"* BYE Too many connections from your address\r\n"
    with pytest.raises(MailboxError) as caught:
        opened(server)

    assert caught.value.kind is MailboxErrorKind.TOO_MANY


@pytest.mark.parametrize("capability", ["AUTH=XOAUTH2", "AUTH=OAUTHBEARER"])
def test_a_token_logs_in_and_an_expired_one_is_told_as_such(server, capability):
    server.capabilities = f"IMAP4rev1 {capability}"
    opened(server, TOKEN, token=True).close()
    with pytest.raises(MailboxError) as caught:
        opened(server, "old-token", token=True)

    assert caught.value.kind is MailboxErrorKind.EXPIRED_TOKEN
    assert "old-token" not in str(caught.value)


def test_a_provider_that_takes_no_tokens_is_told(server):
    server.capabilities = "IMAP4rev1 AUTH=PLAIN"
    with pytest.raises(MailboxError) as caught:
        opened(server, TOKEN, token=True)

    assert "it offers PLAIN" in caught.value.what


def test_the_providers_own_advice_is_given(server):
    server.answers["AUTHENTICATE"] = b"TAG NO [AUTHENTICATIONFAILED] no\r\n"
    with pytest.raises(MailboxError) as caught:
        opened(server, provider="gmail")

    assert "app password" in caught.value.try_this


def test_a_password_with_other_letters_needs_authenticate_plain(server):
    server.capabilities = "IMAP4rev1"
    with pytest.raises(MailboxError) as caught:
        opened(server, "鍵")

    assert not any(line.split()[1] == b"LOGIN" for line in server.said)
    assert caught.value.kind is MailboxErrorKind.WRONG_PASSWORD


def test_a_name_with_quotes_and_spaces_cannot_break_out_of_the_login(server):
    server.capabilities = "IMAP4rev1"
    with pytest.raises(MailboxError):
        opened(server, 'x" y\\', user='an "na')

    assert server.said[-1].partition(b" ")[2] == rb'LOGIN "an \"na" "x\" y\\"'


def tls_server(folder, **how):
    cert, key = certificate(folder, **how)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, trust(cert)


def sent_secrets(server):
    return [line for line in server.said if b"AUTHENTICATE" in line or b"LOGIN" in line]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_named_certificate_is_accepted(tmp_path, tls):
    context, believed = tls_server(tmp_path)
    with running(tls=context, implicit=tls == "implicit") as server:
        server.add(news(1))
        got = []
        with opened(server, context=believed, tls=tls) as session:
            session.poll("INBOX", None, None, everything, got.append)

    assert [mail.raw for mail in got] == [news(1)]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize(
    ("how", "known", "advice"),
    [
        ({}, False, "tls_ca_file"),
        ({"days": -1}, True, "run out"),
        ({"names": ["mail.example.org"], "addresses": []}, True, "set host:"),
    ],
    ids=["self-signed", "expired", "wrong name"],
)
def test_a_bad_certificate_is_refused_and_no_login_sent(tmp_path, tls, how, known, advice):
    context, believed = tls_server(tmp_path, **how)
    with running(tls=context, implicit=tls == "implicit") as server:
        with pytest.raises(MailboxError) as caught:
            opened(server, context=believed if known else trust(), tls=tls)

        assert sent_secrets(server) == []
    assert caught.value.kind is MailboxErrorKind.TLS
    assert caught.value.permanent
    assert advice in caught.value.try_this


def test_old_tls_is_refused(tmp_path):
    context, believed = tls_server(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    with running(tls=context, implicit=True) as server, pytest.raises(MailboxError) as caught:
        opened(server, context=believed, tls="implicit")

    assert caught.value.kind is MailboxErrorKind.TLS


def test_starttls_stripped_on_the_way_sends_no_password(server):
    with pytest.raises(MailboxError) as caught:
        opened(server, tls="starttls")

    assert sent_secrets(server) == []
    assert caught.value.kind is MailboxErrorKind.TLS
    assert "offers no STARTTLS" in caught.value.what


def test_a_greeting_that_skips_the_encryption_is_refused(server):
    server.greeting = b"* PREAUTH you are in\r\n"
    with pytest.raises(MailboxError) as caught:
        opened(server, tls="starttls")

    assert caught.value.kind is MailboxErrorKind.TLS


def test_text_slipped_in_behind_starttls_is_refused(tmp_path):
    context, believed = tls_server(tmp_path)
    with running(tls=context) as server:
        server.injected = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"
        with pytest.raises(MailboxError) as caught:
            opened(server, context=believed, tls="starttls")

        assert sent_secrets(server) == []
    assert "injected" in caught.value.what


def test_tls_on_a_plain_port_is_told_with_a_cure(server):
    with pytest.raises(MailboxError) as caught:
        opened(server, tls="implicit")

    assert caught.value.kind is MailboxErrorKind.TLS
    assert "143 with starttls" in caught.value.try_this


def test_no_password_leaves_the_machine_unencrypted(server):
    outside = Mailbox.model_construct(
        **(account(server).model_dump() | {"host": "mail.example.org", "tls": "none"})
    )
    with pytest.raises(MailboxError) as caught:
        Session.open(outside, PASSWORD, trust())

    assert caught.value.kind is MailboxErrorKind.TLS


def test_a_ca_file_that_is_none_is_told(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(MailboxError, match=r"ca\.pem cannot be used"):
        trust(tmp_path / "ca.pem")


def test_idle_over_tls_hears_what_is_already_decrypted(tmp_path, wake):
    context, believed = tls_server(tmp_path)
    with running(tls=context, implicit=True) as server:
        server.with_plus = b"* OK hello\r\n" * 3 + b"* 9 EXISTS\r\n"
        with opened(server, context=believed, tls="implicit") as session:
            session.poll("INBOX", None, None, everything, drop)
            heard, took = idling(session, wake)

    assert heard
    assert took < 1


def introduced(server):
    """163.com, 126.com and yeah.net: no folder is opened for a stranger."""
    server.capabilities += " ID"
    known = []

    def hello(connection, tag, rest):
        known.append(rest)
        connection.ok(tag, before=b'* ID ("name" "Coremail Imap")\r\n')

    def examine(connection, tag, rest):
        if known:
            connection._examine(tag, rest)
        else:
            connection.send(tag + b" NO EXAMINE Unsafe Login. Please contact us\r\n")

    server.answers |= {"ID": hello, "EXAMINE": examine}
    return known


def test_a_server_that_wants_to_know_who_we_are_is_told_after_the_login(server):
    known = introduced(server)
    server.add(news(1))
    got = []
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, got.append)

    assert len(got) == 1
    assert known == [f'ID ("name" "Orderbell" "version" "{__version__}")'.encode()]


@pytest.mark.parametrize(
    "answer", [b"TAG NO no\r\n", b"TAG BAD what\r\n", b"* ID NIL\r\nTAG OK\r\n"]
)
def test_a_server_that_cares_not_who_we_are_is_read_all_the_same(server, answer):
    server.capabilities += " ID"
    server.answers["ID"] = answer
    server.add(news(1))
    got = []
    with opened(server) as session:
        session.poll("INBOX", None, None, everything, got.append)

    assert len(got) == 1
