"""Phrases that nearly fit a mail that nobody understood, so that a person can mend a pack."""

import difflib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

from parsers.body import Page
from parsers.mail import ParsedMail
from parsers.notice import NearMiss
from parsers.pack import phrases
from parsers.phrase import fold
from parsers.text import clean

NEAR = 0.72
MAX_NEAR = 5
MOST = 400
"""Lines, and texts of an HTML part, that are looked through for what nobody sees."""
BELOW = "it stands below the news: in an earlier mail, help or adverts"
HIDDEN = "nobody sees this line"


def misses(page: Page) -> tuple[NearMiss, ...]:
    """Phrases that fit and were not believed, then those that nearly fit the subject or a headline,
    likeliest first.
    """
    found: list[NearMiss] = []
    candidates = [("subject", page.subject), *(("headline", line) for line in page.text.lines[:25])]
    known = phrases(page.pack)
    for where, line in candidates:
        folded = fold(line)
        if len(folded) < 6:
            continue
        signs = Counter(folded)
        matcher = difflib.SequenceMatcher(None, "", folded, autojunk=False)
        for phrase, saying in known:
            if saying.where != where:
                continue
            likeness = _likeness(matcher, signs, phrase.texts)
            if likeness >= NEAR:
                found.append(
                    NearMiss(
                        kind=saying.kind,
                        phrase=phrase.written,
                        line=line,
                        source=phrase.source,
                        likeness=round(likeness, 2),
                    )
                )
    refused = page.refused[:MAX_NEAR]
    known_lines = {(miss.phrase, miss.line) for miss in refused}
    found = [miss for miss in found if (miss.phrase, miss.line) not in known_lines]
    best = sorted(found, key=lambda miss: -miss.likeness)[: MAX_NEAR - len(refused)]
    return (*refused, *best)


def refuse_unseen(mail: ParsedMail, page: Page) -> None:
    """Notes the phrases that the mail holds where nobody reads them as its news."""
    lines = [(line, BELOW) for line in page.below[:MOST]]
    if mail.html:
        seen = frozenset(mail.rich.lines)
        texts = (clean(text) for text in islice(mail.html_texts, MOST))
        lines += [(line, HIDDEN) for line in texts if line and line not in seen]
    for line, why in lines:
        folded = fold(line.lstrip("> "))
        for hit in page.pack.headlines.find(line.lstrip("> "), folded, page.fits):
            page.refuse(line, hit.phrase, hit.value.kind, why)


def _likeness(
    matcher: "difflib.SequenceMatcher[str]", signs: Counter[str], texts: Sequence[str]
) -> float:
    """How much of a phrase's own words stands in the line, in order; gaps cost nothing. 0 for what
    is far from NEAR.

    `signs`: how often the matcher's line has each sign. Most phrases share too few of them to be
    worth comparing.
    """
    own = "".join(texts)
    length = signs.total()
    if len(own) < 6 or len(own) > 3 * length:
        return 0.0
    whole = len(own) if len(texts) > 1 else max(len(own), length)
    if sum(min(times, signs[sign]) for sign, times in _signs(own).items()) < NEAR * whole:
        return 0.0
    matcher.set_seq1(own)
    return sum(block.size for block in matcher.get_matching_blocks() if block.size > 1) / whole


@lru_cache(maxsize=10_000)
def _signs(text: str) -> Counter[str]:
    return Counter(text)
