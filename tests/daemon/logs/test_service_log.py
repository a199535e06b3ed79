"""A day of the real service in its own log: nothing private stands there."""

import io
import json
import logging
import re
import sys
import threading
from datetime import timedelta

import pytest

from daemon import logs
from tests.daemon.service.test_service import AMAZON, Home, first_run_over, now, wait_until
from tests.servers import sample_mail
from tests.servers.sink import Reply

pytestmark = pytest.mark.dovecot


@pytest.fixture
def written():
    """The log as JSON, everything above DEBUG; logging is handed back as it was."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    before, handlers = root.level, list(root.handlers)
    stream = io.StringIO()
    logs.start("json", stream=stream)
    yield stream
    root.setLevel(before)
    root.handlers[:] = handlers
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)


def test_the_log_of_a_service_names_no_person_order_secret_or_word_of_a_mail(
    tmp_path, dovecot, http_sink, written
):
    home = Home(tmp_path, dovecot, http_sink)
    http_sink.plan.extend([Reply(status=500), Reply(cut=True)])
    home.receive(
        sample_mail.placed(AMAZON, at=now() - timedelta(days=3)), sample_mail.private(at=now())
    )
    with home.running() as service:
        wait_until(lambda: first_run_over(service))
        home.receive(
            sample_mail.cancel_requested(AMAZON, at=now()), sample_mail.shipped(AMAZON, at=now())
        )
        home.pushed(2)
        home.files.config.write_text("version: 2\n")
        service.reload()
    text = written.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]

    assert [line["message"] for line in lines if line["level"] in ("error", "critical")] == []
    assert "push target=phone outcome=failed" in text
    assert "polled mailbox=main" in text
    assert "files rejected" in text
    assert home.dovecot.password not in text
    assert http_sink.host not in text
    assert "@" not in text
    assert not re.search(r"\d{3}-\d{7}-\d{7}", text)
    assert "Subject" not in text
