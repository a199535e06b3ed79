import pytest

from daemon.push.classify import classify
from daemon.push.delivery import SendOutcome


@pytest.mark.parametrize(
    ("line", "outcome", "permanent"),
    [
        ("Failed to send ntfy notification: Unauthorized, error=401.", SendOutcome.FAILED, True),
        ("Failed to send ntfy notification: error=403.", SendOutcome.FAILED, True),
        ("Failed to send x: error=404.", SendOutcome.FAILED, True),
        ("Failed to send x: error=410.", SendOutcome.FAILED, True),
        ("Failed to send x: error=307.", SendOutcome.FAILED, True),
        ("Failed to send x: error=400.", SendOutcome.FAILED, False),
        ("Failed to send x: error=429.", SendOutcome.FAILED, False),
        ("Failed to send x: error=503.", SendOutcome.FAILED, False),
        ("Socket Exception: (535, b'5.7.8 no')", SendOutcome.FAILED, True),
        ("Socket Exception: (451, b'later')", SendOutcome.FAILED, False),
        ("Socket Exception: [Errno 113] No route to host", SendOutcome.FAILED, False),
        (
            (
                "Socket Exception: Max retries exceeded (Caused by SSLError(1,"
                " 'WRONG_VERSION_NUMBER'))"
            ),
            SendOutcome.FAILED,
            False,
        ),
        (
            "Socket Exception: (Caused by SSLError(SSLEOFError(8, 'EOF occurred')))",
            SendOutcome.UNSURE,
            False,
        ),
        (
            "Socket Exception: HTTPConnectionPool: Read timed out. (read timeout=20)",
            SendOutcome.UNSURE,
            False,
        ),
        (
            "Socket Exception: ('Connection aborted.', ConnectionResetError(104))",
            SendOutcome.UNSURE,
            False,
        ),
        ("Something new that no one has seen", SendOutcome.FAILED, False),
    ],
)
def test_the_log_tells_what_was_surely_not_sent_from_what_may_have_been(line, outcome, permanent):
    answer = classify([line])

    assert (answer.outcome, answer.permanent) == (outcome, permanent)
    assert answer.reason


def test_a_url_with_several_recipients_of_whom_one_got_it_is_unsure():
    assert (
        classify(["Sent ntfy notification.", "Failed to send: error=500."]).outcome
        is SendOutcome.UNSURE
    )
