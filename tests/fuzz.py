"""Mails with wounds, read: what goes wrong is kept as a fixture.

    python -m tests.fuzz --minutes 5    # or: make fuzz MINUTES=5

The seed corpus is every golden mail. What is found is made as small as it gets and written to
tests/fixtures/broken, where the golden tests hold it (`make golden` writes down what must be read).
"""

import argparse
import base64
import hashlib
import json
import logging
import os
import random
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon.worker.reading import ReadingError
from daemon.worker.reading import inline as reads_inline
from parsers.frame import Frame
from parsers.notice import Outcome, Trust, reading_to_json
from tests.golden import FIXTURES, mails
from tests.servers import sample_mail

FRAME = Frame(
    authserv_ids=(sample_mail.STAMP,),
    addresses=("me@example.org",),
    zone=ZoneInfo("Asia/Tokyo"),
    role="both",
)
PATIENCE = 10.0
"""Seconds of work for one mail, whatever else the machine does meanwhile."""
CHUNK = 500
SIGNS = b'\0\r\n\t =?<>"(),;:/\\-_.@%&#\x1b\x7f\x80\xc3\xe3\xff'
WORDS = (
    b"\r\n\r\n",
    b"--",
    b"=?utf-8?b?",
    b"=?iso-2022-jp?q?\x1b$B",
    b"?=",
    b"=\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"; charset=utf-7",
    b"; charset*=x''%00",
    b'charset="\0"',
    b"<table>" * 50,
    b"</div>" * 50,
    b"<!--",
    b"<![CDATA[",
    b"&#0;&#xD800;&#1114112;",
    "①㈱髙\u202e\ufeff".encode(),
    "①㈱髙".encode("cp932"),
    b"9" * 400,
    b"99/99/9999 99:99",
    b"Order # 249-0000000-0000001\r\n",
    b"From: x@example.net\r\n",
    b"Date: Tue, 99 Foo 0000 25:61:61 +9999\r\n",
)


def mutant(dice: random.Random, samples: list[bytes]) -> bytes:
    """One of our mails with one to eight wounds."""
    raw = bytearray(dice.choice(samples))
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(raw) + 1)
        to = min(len(raw), at + dice.randint(1, 80))
        match dice.randrange(8):
            case 0:
                raw[at : at + 1] = bytes([dice.choice(SIGNS)])
            case 1:
                raw[at:at] = dice.choice(WORDS)
            case 2:
                del raw[at:to]
            case 3:
                raw[at:at] = raw[at:to] * dice.randint(1, 30)
            case 4:
                other = dice.choice(samples)
                start = dice.randrange(len(other))
                raw[at:to] = other[start : start + dice.randint(1, 300)]
            case 5:
                raw = raw[:at] if at > 200 else raw
            case 6:
                raw[at:to] = dice.randbytes(to - at)
            case _:
                raw[at:to] = bytes(reversed(raw[at:to]))
    return bytes(raw)


class Heard(logging.Handler):
    """What is logged at all."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def wrong(reading, seconds: float) -> str | None:
    """What is not as promised about this reading."""
    if reading.outcome not in Outcome or reading.trust not in Trust:
        return "no typed result"
    if reading.reason.startswith("Could not be read"):
        return reading.reason
    if seconds > PATIENCE:
        return f"took {seconds:.1f} s"
    try:
        json.dumps(reading_to_json(reading), ensure_ascii=False).encode()
    except (UnicodeEncodeError, TypeError, ValueError) as error:
        return f"no valid JSON: {error}"
    return None


def found_in(seed: int, reads: Callable | None = None) -> Iterator[tuple[str, bytes]]:
    """Read CHUNK mutants, with the real reader unless another is given: what went wrong, and the
    mutant.
    """
    dice = random.Random(seed)
    samples = [raw for path in mails() if (raw := path.read_bytes())]
    reads, heard = reads or reads_inline(None), Heard()
    logging.getLogger().addHandler(heard)
    try:
        for _ in range(CHUNK):
            raw = mutant(dice, samples)
            if trouble := trouble_with(reads, raw, heard):
                yield trouble, raw
    finally:
        logging.getLogger().removeHandler(heard)


def trouble_with(reads: Callable, raw: bytes, heard: Heard) -> str | None:
    """What is not as promised when this mail is read."""
    heard.lines.clear()
    began = time.process_time()
    try:
        reading = reads(raw, FRAME)
    except ReadingError:
        return None  # refused, and told
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return f"raised {type(error).__name__}"
    return wrong(reading, time.process_time() - began) or (
        f"logged: {heard.lines[0][:200]}" if heard.lines else None
    )


def fuzz(seed: int) -> list[str]:
    """What went wrong, with the mutant's bytes so that it can be kept."""
    return [
        f"seed {seed}: {trouble}: {base64.b64encode(zlib.compress(raw)).decode()}"
        for trouble, raw in found_in(seed)
    ]


def smaller(raw: bytes, is_bad: Callable[[bytes], bool]) -> bytes:
    """The mail without whatever it does not need to be bad."""
    step = len(raw) // 2
    while step:
        start = 0
        while start < len(raw):
            less = raw[:start] + raw[start + step :]
            if is_bad(less):
                raw = less
            else:
                start += step
        step //= 2
    return raw


def kept(
    seed: int, reads: Callable | None = None, folder: Path = FIXTURES / "broken"
) -> list[tuple[str, str]]:
    """What went wrong, and the fixture it became."""
    found, reads, heard = [], reads or reads_inline(None), Heard()
    for trouble, raw in found_in(seed, reads):
        kind = trouble[:40]

        def is_bad(less: bytes, kind: str = kind) -> bool:
            return (trouble_with(reads, less, heard) or "")[:40] == kind

        least = smaller(raw, is_bad)
        name = f"fuzz-{hashlib.sha256(least).hexdigest()[:12]}.eml"
        (folder / name).write_bytes(least)
        found.append((trouble, name))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1_000_000)
    chosen = parser.parse_args()
    until, first, tried, found = time.monotonic() + 60 * chosen.minutes, chosen.seed, 0, 0
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        while time.monotonic() < until:
            seeds = range(first, first := first + 2 * (os.cpu_count() or 1))
            for part in pool.map(kept, seeds):
                tried += CHUNK
                for trouble, name in part:
                    found += 1
                    print(f"{trouble}\n  kept as {Path('tests/fixtures/broken') / name}")
    print(f"{tried} mails in {chosen.minutes:g} minutes from seed {chosen.seed}: {found} found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
