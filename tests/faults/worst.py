"""What the worst mail of each class of attack costs: processor time of the reading process and of
the service, memory of the reading process.

    python -m tests.faults.worst
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from daemon.worker.reading import ReadingChild, ReadingError
from tests.faults import test_bombs_in_front as headers
from tests.faults import test_hostile_mail as bodies
from tests.faults import test_spoofs as spoofs
from tests.parsers import test_measure as measured
from tests.servers import sample_mail

Mails = Mapping[str, Callable[[], bytes]]


def ready(mails: Mapping[str, bytes]) -> Mails:
    return {name: lambda raw=raw: raw for name, raw in mails.items()}


CLASSES: Mapping[str, Mails] = {
    "headers, forwards, scripts": ready(headers.BOMBS),
    "HTML, parts, size, archives": bodies.BOMBS,
    "charsets": ready(bodies.CHARSETS),
    "forged senders": ready(
        {name: head + spoofs.REST for name, head in (spoofs.FORGED | spoofs.UNPROVED).items()}
    ),
    "more than a mail can say": ready(
        {
            "5,000 items": measured.structured(
                acceptedOffer=measured.offers(*map(str, range(5000)))
            ),
            "5,000 orders": sample_mail.amazon(
                "Your package was shipped!", *(f"Order # {one}" for one in measured.numbers(5000))
            ),
        }
    ),
}


def worst(mails: Mails) -> Iterator[tuple[float, float, int, str]]:
    """Seconds in the child, seconds here, megabytes of the child, and which mail."""
    with ReadingChild(None) as child:
        child(sample_mail.private(), bodies.FRAME)
        for name, make in mails.items():
            raw, before, own = make(), bodies.work(child), time.process_time()
            reader = child._worker.process.pid
            with suppress(ReadingError):  # it was ended at its budget
                child(raw, bodies.FRAME)
            spent = bodies.work(child)
            spent -= before if child._worker.process.pid == reader else 0
            yield spent, time.process_time() - own, bodies.memory(child), name


def main() -> None:
    print(f"{'class':30} {'mails':>5} {'child s':>8} {'here s':>7} {'MB':>4}  worst")
    for title, mails in CLASSES.items():
        costs = list(worst(mails))
        slowest = max(costs)
        here, memory = max(cost[1] for cost in costs), max(cost[2] for cost in costs)
        print(f"{title:30} {len(costs):5} {slowest[0]:8.2f} {here:7.2f} {memory:4}  {slowest[3]}")


if __name__ == "__main__":
    main()
