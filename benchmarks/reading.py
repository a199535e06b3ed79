"""Reading a marketplace mail, bytes to notices, beside the two libraries every such program uses.

Floor: mail-parser on the bytes, then BeautifulSoup with lxml on its HTML, and nothing done with
either. The mails are
the suite's fixtures; one more is blown up to the size of real marketplace mail (about 100 kB),
which fixtures are not.
"""

import email
import gc
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import mailparser
from bs4 import BeautifulSoup

from benchmarks.result import Result
from benchmarks.unavailable import Unavailable
from parsers.notice import Outcome
from parsers.pack import shipped
from parsers.reader import Context, read

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures"
ROUNDS = 7
LIMIT = 1.3
FULL_SIZE = 100 << 10
SAMPLE = 8
"""Full-size mails of each sort, spread over the fixtures."""


def run() -> Iterable[Result]:
    context = Context(library=shipped(), trust_all=True)
    mails = {path.relative_to(FIXTURES).as_posix(): path.read_bytes() for path in _paths()}
    read_ones = {
        name: raw for name, raw in mails.items() if read(raw, context).outcome is Outcome.NOTICES
    }
    if not read_ones:
        raise Unavailable("tests/fixtures holds no mail that gives a notice")
    both = [raw for raw in read_ones.values() if b"text/html" in raw and b"text/plain" in raw]
    html_only = [
        raw for raw in read_ones.values() if b"text/html" in raw and b"text/plain" not in raw
    ]
    yield _compare(
        f"reading {len(read_ones)} marketplace mails, each", list(read_ones.values()), context
    )
    for words, mails_of_kind in (("HTML beside plain text", both), ("HTML alone", html_only)):
        some = mails_of_kind[:: max(1, len(mails_of_kind) // SAMPLE)]
        full = [
            raw for raw in map(_full_size, some) if read(raw, context).outcome is Outcome.NOTICES
        ]
        if full:
            yield _compare(
                f"reading {len(full)} mails of {len(full[0]) >> 10} kB, {words}, each",
                full,
                context,
            )


def _paths() -> Iterable[Path]:
    for folder in ("amazon", "aliexpress"):
        yield from sorted((FIXTURES / folder).rglob("*.eml"))


def _compare(workload: str, mails: list[bytes], context: Context) -> Result:
    """Both in turn, round by round, so that a busy machine is unfair to both alike; the median
    round counts.
    """
    ours, floor = [], []
    _milliseconds(lambda raw: read(raw, context), mails)
    _milliseconds(_floor, mails)
    for _ in range(ROUNDS):
        floor.append(_milliseconds(_floor, mails))
        ours.append(_milliseconds(lambda raw: read(raw, context), mails))
    measured, least = statistics.median(ours), statistics.median(floor)
    return Result(
        workload=workload, measured=measured, unit="ms", floor=least,
        promise=f"≤ {LIMIT} × floor ({measured / least:.2f} ×)", kept=measured <= LIMIT * least,
    )  # fmt: skip


def _milliseconds(work: Callable[[bytes], object], mails: list[bytes]) -> float:
    gc.collect()
    start = time.perf_counter()
    for raw in mails:
        work(raw)
    return (time.perf_counter() - start) * 1000 / len(mails)


def _floor(raw: bytes) -> list[str]:
    mail = mailparser.parse_from_bytes(raw)
    return [BeautifulSoup(html, "lxml").get_text(" ") for html in mail.text_html]


def _full_size(raw: bytes) -> bytes:
    """The mail with the layout tables that real ones carry, so that its HTML is as heavy as
    theirs.
    """
    message = email.message_from_bytes(raw)
    part = next(part for part in message.walk() if part.get_content_type() == "text/html")
    page = part.get_payload(decode=True).decode("utf-8", "replace")
    row = '<table role="presentation" width="100%"><tr><td><span>&nbsp;</span></td></tr></table>\n'
    more = row * ((FULL_SIZE - len(page)) // len(row))
    head, body, tail = page.rpartition("</body>") if "</body>" in page else (page, "", "")
    del part["Content-Transfer-Encoding"]
    part.set_payload(f"{head}{more}{body}{tail}", "utf-8")
    return message.as_bytes()
