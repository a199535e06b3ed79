import pytest

pytestmark = pytest.mark.dovecot


def test_the_real_server_takes_mail(dovecot):
    user = dovecot.user()
    dovecot.append(user, b"Subject: hello\r\n\r\nyou\r\n")

    with dovecot.client(user) as client:
        assert client.select_folder("INBOX")[b"EXISTS"] == 1
