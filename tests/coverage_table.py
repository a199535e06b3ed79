"""What is read, counted: marketplace × kind × language with the best proof, and how many holes are
left.

`tests.docs` puts these tables into docs/coverage.md, and the suite checks that the page is as the
packs are.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from parsers.gistwords import GistWords
from parsers.notice import Kind, Proof
from parsers.pack import Library, Pack, phrases, shipped
from parsers.packfile import TOPICS
from tests.gist_score import samples, told
from tests.golden import FIXTURES

SIGNS: Mapping[Proof, str] = {Proof.REAL: "●", Proof.RECONSTRUCTED: "◐", Proof.GUESS: "○"}
"""Best first."""
NO_MAIL = frozenset({"import.row", "promo", "unparsed", "suspicious", "mail.gist"})
"""Kinds that are another outcome of reading, or come from a file."""
BY_HAND = frozenset(
    {
        "promise",
        "evidence",
        "parcel_not_here",
        "wrong_item",
        "goods_checked",
        "withdrawal",
        "contacted_seller",
        "letter",
        "evidence_file",
        "assignment",
        "correction",
    }
)
"""Kinds that only the user states."""
ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "aliexpress": (
        *("claim.", "chargeback.", "account.", "fee.", "payout."),
        *("message.sent", "message.undelivered"),
    ),
    "amazon": ("dispute.", "appeal.", "order.awaiting_confirmation"),
}
"""Kinds that leave no mail on one marketplace."""


def carried(marketplace: str) -> tuple[str, ...]:
    """Every kind that a mail of this marketplace can carry, sorted."""
    kinds = {kind.value for kind in Kind} - NO_MAIL - BY_HAND
    return tuple(
        sorted(kind for kind in kinds if not kind.startswith(ELSEWHERE.get(marketplace, ())))
    )


def best(pack: Pack) -> dict[tuple[str, str], Proof]:
    """(kind, language) -> the best proof that any phrase of it has."""
    order = list(SIGNS)
    found: dict[tuple[str, str], Proof] = {}
    for _, saying in phrases(pack):
        cell = (saying.kind.value, saying.language)
        found[cell] = min(found.get(cell, Proof.GUESS), saying.proof, key=order.index)
    return found


def mails(marketplace: str, language: str) -> int:
    """How many golden mails of this language there are."""
    return sum(1 for _ in (FIXTURES / marketplace / language).glob("*.eml"))


def lines(library: Library | None = None) -> Iterator[str]:
    """The tables, as lines of Markdown."""
    for pack in (library or shipped()).packs:
        yield from _of(pack)


def _of(pack: Pack) -> Iterator[str]:
    cells = best(pack)
    languages = sorted(pack.languages)
    kinds = sorted({*carried(pack.marketplace), *(kind for kind, _ in cells)})
    total = Counter(cells.values())
    holes = len(kinds) * len(languages) - len(cells)
    counts = " · ".join(f"{sign} {total[proof]}" for proof, sign in SIGNS.items())
    yield (
        f"**{pack.marketplace}**: {len(kinds)} kinds in {len(languages)} languages: {counts} ·"
        f" {holes} holes"
    )
    yield ""
    yield f"| Kind | {' | '.join(languages)} |"
    yield f"| --- |{' :-: |' * len(languages)}"
    for kind in kinds:
        yield _row(
            f"`{kind}`",
            (SIGNS[cells[kind, one]] if (kind, one) in cells else "" for one in languages),
        )
    for proof, sign in SIGNS.items():
        yield _row(
            f"{sign} {proof.value}",
            (sum(cells.get((kind, one)) is proof for kind in kinds) for one in languages),
        )
    yield _row("holes", (sum((kind, one) not in cells for kind in kinds) for one in languages))
    yield _row("golden mails", (mails(pack.marketplace, one) for one in languages))
    yield ""


def _row(head: str, cells: Iterator[str] | Iterator[int]) -> str:
    return f"| {head} | {' | '.join(str(cell) for cell in cells)} |"


def gist_lines() -> Iterator[str]:
    """Topic × language: how many words are listened for, and how many of our unread mails about it
    are heard.
    """
    words = shipped().gist_words
    languages = sorted(words)
    yield f"| Topic | {' | '.join(languages)} |"
    yield f"| --- |{' :-: |' * len(languages)}"
    heard = {code: _heard(code) for code in languages}
    for topic in TOPICS:
        yield _row(f"`{topic}`", (_told(words[code], topic, heard[code]) for code in languages))
    yield _row("unread mails", (len(samples(code)["unread"]) for code in languages))


def _told(words: GistWords, topic: str, heard: Counter[tuple[str, bool]]) -> str:
    listed = sum(family == topic for family in words.topic_words.values())
    mails = heard[topic, True] + heard[topic, False]
    return f"{listed} · {heard[topic, True]}/{mails}" if mails else f"{listed}"


def _heard(language: str) -> Counter[tuple[str, bool]]:
    """(topic, whether it was told) of our unread mails that are about it."""
    found: Counter[tuple[str, bool]] = Counter()
    for sample in samples(language)["unread"]:
        gist = told(sample)[1]
        found.update((topic, topic in gist["topics"]) for topic in sample["gist"]["topics"])
    return found
