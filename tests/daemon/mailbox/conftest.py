import pytest

from daemon.mailbox.wakeup import Wakeup
from tests.servers.fake_imap import running


@pytest.fixture
def server():
    """A server that misbehaves on demand."""
    with running() as fake:
        yield fake


@pytest.fixture
def wake():
    bell = Wakeup()
    yield bell
    bell.close()
