"""What Apprise's log says about a try that did not end well: surely not sent, or sent and no answer
heard.

Apprise tells success from failure and no more; the reason stands in its log alone (2.2.0, read and
tried).
"""

import re
from collections.abc import Iterable

from daemon.push.delivery import SendOutcome, SendResult

HTTP_STATUS = re.compile(r"\berror=(\d{3})\b")
SMTP_STATUS = re.compile(r"\((\d{3}), b['\"]")
DELIVERED = re.compile(r"^Sent\b")
"""Of several recipients of one URL, this one got it."""
NEVER_SENT = {
    # requests and urllib3 give up before a connection stands; smtplib says so with the system's
    # words
    "Connection refused": "nobody listens there (connection refused)",
    "NameResolutionError": "its host name is not known",
    "Name or service not known": "its host name is not known",
    "No address associated with hostname": "its host name is not known",
    "Temporary failure in name resolution": "its host name cannot be looked up now",
    "nodename nor servname provided": "its host name is not known",
    "ConnectTimeoutError": "it did not take the connection in time",
    "No route to host": "there is no way to its host",
    "Network is unreachable": "the network is down",
    "CERTIFICATE_VERIFY_FAILED": "its TLS certificate cannot be trusted",
    "ProxyError": "the proxy does not answer",
    "NewConnectionError": "it cannot be reached",
}
PERMANENT_HTTP = {
    401: "the token or password is not accepted",
    403: "it is not allowed to this token",
    404: "no such topic, channel, hook or user",
    410: "the hook was removed",
}


def classify(messages: Iterable[str]) -> SendResult:
    """The answer for a try that Apprise calls a failure, from its log lines (DEBUG and up)."""
    lines = tuple(messages)
    text = "\n".join(lines)
    if any(DELIVERED.match(line) for line in lines):
        return SendResult(
            outcome=SendOutcome.UNSURE,
            reason="only some of its recipients got it; make each its own target",
        )
    if match := HTTP_STATUS.search(text):
        return _http(int(match[1]))
    if match := SMTP_STATUS.search(text):
        return _smtp(int(match[1]))
    for words, reason in NEVER_SENT.items():
        if words in text:
            return SendResult(outcome=SendOutcome.FAILED, reason=reason)
    if "SSLError(" in text and "EOF" not in text:  # a cut in the middle of an answer reads EOF
        return SendResult(
            outcome=SendOutcome.FAILED, reason="no TLS connection could be made to it"
        )
    if re.search(r"[Cc]onnection error|Socket Exception", text):
        return SendResult(outcome=SendOutcome.UNSURE, reason="the answer was lost after sending")
    return SendResult(outcome=SendOutcome.FAILED, reason="Apprise could not send it")


def _http(status: int) -> SendResult:
    if status in PERMANENT_HTTP:
        reason = f"the service answered {status}: {PERMANENT_HTTP[status]}"
        return SendResult(outcome=SendOutcome.FAILED, reason=reason, permanent=True)
    if 300 <= status < 400:
        reason = (
            f"the service answered {status}, a redirect, which is not followed; write its final"
            " address"
        )
        return SendResult(outcome=SendOutcome.FAILED, reason=reason, permanent=True)
    words = (
        "too many messages"
        if status == 429
        else "a fault of its own"
        if status >= 500
        else "it refuses the message"
    )
    return SendResult(outcome=SendOutcome.FAILED, reason=f"the service answered {status}: {words}")


def _smtp(status: int) -> SendResult:
    words = "the password is not accepted" if status in (530, 534, 535) else "it refuses the mail"
    reason = f"the mail server answered {status}: {words}"
    return SendResult(outcome=SendOutcome.FAILED, reason=reason, permanent=status >= 500)
