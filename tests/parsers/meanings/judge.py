"""Which changed mails are still read as before: `python -m tests.parsers.meanings.judge [PATH]`
writes them down by kind, with examples.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import pytest

from parsers import near, reader
from parsers.notice import Notice
from tests.parsers.meanings.changes import KINDS, Change, changes
from tests.parsers.meanings.sheet import Base, bases, statements


def chosen(base: Base, one_in: int) -> Iterator[Change]:
    """The changes of this mail, or every n-th of them: the same ones whatever else is added."""
    for change in changes(base):
        mark = f"{base.name} {change.kind} {change.how}".encode()
        if crc32(mark) % one_in == 0:
            yield change


def kept(base: Base, change: Change) -> frozenset[tuple[object, ...]]:
    """What the old mail claimed and the changed one is still read to claim."""
    notices: Sequence[Notice] = reader.read(change.sheet.raw(), base.context).notices
    if change.other:
        notices = [one for one in notices if change.other in one.order_numbers]
    return statements(base.notices) & statements(notices)


@contextmanager
def without_hints() -> Iterator[None]:
    """Which phrases nearly fitted takes five sixths of the time of an unread mail, and nobody looks
    at them here.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near, "misses", lambda page: ())
        patch.setattr(near, "refuse_unseen", lambda mail, page: None)
        yield


def all_of(one_in: int) -> Iterator[tuple[Base, Change]]:
    """Every n-th change of every mail."""
    for base in bases():
        for change in chosen(base, one_in):
            yield base, change


def judged(one_in: int = 1) -> tuple[Counter[str], dict[str, list[str]]]:
    """Changed mails counted by kind, and those that kept the old reading, in words."""
    tried: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
    failed: dict[str, list[str]] = defaultdict(list)
    with without_hints():
        for base, change in all_of(one_in):
            tried[change.kind] += 1
            if claims := kept(base, change):
                failed[change.kind].append(_told(base, change, claims))
    return tried, failed


def table(tried: Counter[str], failed: dict[str, list[str]]) -> Iterator[str]:
    yield f"{sum(tried.values())} changes of meaning       tried   kept"
    for kind, count in tried.items():
        yield f"{kind:<32}{count:>6}{len(failed.get(kind, [])):>7}"


def _told(base: Base, change: Change, claims: Iterable[tuple[object, ...]]) -> str:
    said = "; ".join(" ".join(map(str, claim)) for claim in claims)
    lines = [change.sheet.subject, *change.sheet.lines]
    stated = [line for line in lines if line not in base.sheet.lines][:3]
    return f"{base.name} | {change.how} | still {said} | {' / '.join(stated)}"


def main(words: list[str]) -> int:
    tried, failed = judged()
    shown = "\n".join(table(tried, failed))
    print(shown)
    if words:
        parts = [
            f"## {kind}: {len(told)} of {tried[kind]}\n\n" + "\n".join(f"- {one}" for one in told)
            for kind, told in failed.items()
        ]
        Path(words[0]).write_text(
            f"```\n{shown}\n```\n\n" + "\n\n".join(parts) + "\n", encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
