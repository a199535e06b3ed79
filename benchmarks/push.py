"""A message leaves: through our sender and Apprise to an HTTP target, beside the same bytes sent
bare.
"""

import http.client
import statistics
import time
from collections.abc import Callable, Iterator

from benchmarks.result import Result
from daemon.push import Delivery, Notifier, SendOutcome
from tests.servers.sink import Sink

MESSAGES = 200
COLD = 5


def run() -> Iterator[Result]:
    with Sink() as sink:
        delivery = Delivery(
            target="phone",
            url=f"json://{sink.host}/hook",
            title="Judged against you",
            body="Order 8100000000000001\nAppeal until Thu 5 Mar",
            severity="critical",
            key="one",
        )
        with Notifier() as sender:
            sender.warm()
            _send(sender, delivery)
            warm = _median(lambda: _send(sender, delivery), MESSAGES)
        body = sink.requests[-1].body
        bare = _median(lambda: _post(sink, body), MESSAGES)
        cold = _median(lambda: _first(delivery), COLD)
    yield Result(
        workload=f"one message to an HTTP target, median of {MESSAGES}",
        measured=warm,
        unit="ms",
        promise="≤ 10 ms",
        kept=warm <= 10,
        floor=bare,
    )
    yield Result(
        workload="the first message after an hour of rest, process started",
        measured=cold,
        unit="ms",
        promise="≤ 1,000 ms",
        kept=cold <= 1_000,
        floor=bare,
    )


def _send(sender: Notifier, delivery: Delivery) -> None:
    answer = sender.send(delivery)
    if answer.outcome is not SendOutcome.SENT:
        raise AssertionError(answer)


def _first(delivery: Delivery) -> None:
    with Notifier() as sender:
        _send(sender, delivery)


def _post(sink: Sink, body: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sink.port)
    connection.request("POST", "/hook", body, {"Content-Type": "application/json"})
    connection.getresponse().read()
    connection.close()


def _median(work: Callable[[], None], times: int) -> float:
    """Milliseconds."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000
