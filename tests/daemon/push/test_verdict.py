import pytest

from daemon.push.parcel import Outcome
from daemon.push.verdict import judge


@pytest.mark.parametrize(
    ("line", "outcome", "permanent"),
    [
        ("Failed to send ntfy notification: Unauthorized, error=401.", Outcome.FAILED, True),
        ("Failed to send ntfy notification: error=403.", Outcome.FAILED, True),
        ("Failed to send x: error=404.", Outcome.FAILED, True),
        ("Failed to send x: error=410.", Outcome.FAILED, True),
        ("Failed to send x: error=307.", Outcome.FAILED, True),
        ("Failed to send x: error=400.", Outcome.FAILED, False),
        ("Failed to send x: error=429.", Outcome.FAILED, False),
        ("Failed to send x: error=503.", Outcome.FAILED, False),
        ("Socket Exception: (535, b'5.7.8 no')", Outcome.FAILED, True),
        ("Socket Exception: (451, b'later')", Outcome.FAILED, False),
        ("Socket Exception: [Errno 113] No route to host", Outcome.FAILED, False),
        (
            (
                "Socket Exception: Max retries exceeded (Caused by SSLError(1,"
                " 'WRONG_VERSION_NUMBER'))"
            ),
            Outcome.FAILED,
            False,
        ),
        (
            "Socket Exception: (Caused by SSLError(SSLEOFError(8, 'EOF occurred')))",
            Outcome.UNSURE,
            False,
        ),
        (
            "Socket Exception: HTTPConnectionPool: Read timed out. (read timeout=20)",
            Outcome.UNSURE,
            False,
        ),
        (
            "Socket Exception: ('Connection aborted.', ConnectionResetError(104))",
            Outcome.UNSURE,
            False,
        ),
        ("Something new that no one has seen", Outcome.FAILED, False),
    ],
)
def test_the_log_tells_what_was_surely_not_sent_from_what_may_have_been(line, outcome, permanent):
    answer = judge([line])

    assert (answer.outcome, answer.permanent) == (outcome, permanent)
    assert answer.reason


def test_a_url_with_several_recipients_of_whom_one_got_it_is_unsure():
    assert (
        judge(["Sent ntfy notification.", "Failed to send: error=500."]).outcome is Outcome.UNSURE
    )
