"""A line of a mail as a phrase: what changes from mail to mail becomes a gap.

A gap is proposed only where the compiled phrase still is the line, so that nothing proposed here
is news to the reader.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from operator import methodcaller

from parsers import marks
from parsers.body import Page
from parsers.dates import dated_places
from parsers.money import AMOUNT
from parsers.notice import FIELDS, Kind
from parsers.phrase import Phrase, compile_phrase, fold
from parsers.phrasefile import GAPS

QUOTED = re.compile(r"(?<![\w'])[\"“„«「『][^\"”“»」』]{3,}[\"”“»」』]")
COUNT = re.compile(r"(?<![\w.,:/#-])[0-9]{1,3}(?![\w.,:/%#-])")
DIGIT = re.compile("[0-9]")
LEAST_TITLE = 4
"""Letters of an item's title behind a colon."""
DATE_GAPS = {
    Kind.ORDER_PAYMENT_DUE: "pay_by",
    Kind.ORDER_AWAITING_CONFIRMATION: "confirm_by",
    Kind.SHIPMENT_AVAILABLE_FOR_PICKUP: "pickup_by",
    Kind.SHIPMENT_DELIVERED: "delivered_at",
    Kind.SHIPMENT_SHIPPED: "window",
    Kind.SHIPMENT_IN_TRANSIT: "window",
    Kind.SHIPMENT_OUT_FOR_DELIVERY: "window",
    Kind.SHIPMENT_ESTIMATE_CHANGED: "window",
    Kind.ORDER_PLACED: "window",
    Kind.RETURN_AUTHORISED: "return_by",
    Kind.DISPUTE_JUDGED: "appeal_by",
    Kind.REFUND_ANNOUNCED: "expected_until",
}
"""What the date in a phrase of a kind mostly is; of others: by when to answer."""


@dataclass(frozen=True, slots=True, order=True)
class _Span:
    start: int
    stop: int
    gap: str


def gapped(line: str, page: Page, language: str, kind: Kind | None = None) -> str:
    """The line with its changing parts as gaps; without those that would make no phrase of it."""
    line = line.strip()
    spans = list(_apart(_spans(line, page, language, kind)))
    while spans:
        written = _filled(line, spans)
        if is_line(written, line, page, language):
            return written
        spans.pop()
    return line.replace("{", "(").replace("}", ")")


def is_line(written: str, line: str, page: Page, language: str) -> bool:
    """Whether the phrase compiles, and this line of the mail is that phrase."""
    with suppress(ValueError):
        phrase = compiled(written)
        held = phrase.match(line, fold(line))
        return held is not None and page.guard.fits(language, held)
    return False


def compiled(written: str) -> Phrase:
    """Raises ValueError, in words for its writer."""
    return compile_phrase(written, "", (*GAPS, *FIELDS))


def _filled(line: str, spans: list[_Span]) -> str:
    """A gap named once may stand twice only with the same text, so that a second one is `{any}`."""
    out, end = [], 0
    seen: set[str] = set()
    for span in sorted(spans):
        gap = "any" if span.gap in seen else span.gap
        seen.add(span.gap)
        out += [line[end : span.start], f"{{{gap}}}"]
        end = span.stop
    return "".join([*out, line[end:]])


def _apart(spans: Iterator[_Span]) -> Iterator[_Span]:
    """Spans that do not overlap; of two, the one that was found first, which is the surer one."""
    taken: list[_Span] = []
    for span in spans:
        if all(span.stop <= other.start or span.start >= other.stop for other in taken):
            taken.append(span)
            yield span


def _spans(line: str, page: Page, language: str, kind: Kind | None) -> Iterator[_Span]:
    """Surest first."""
    if quoted := QUOTED.search(line):
        yield _Span(*quoted.span(), "item")
    yield from _orders(line, page)
    for match in marks.PARCEL_IN_LINE.finditer(line):
        if marks.is_parcel(match[0]):
            yield _Span(*match.span(), "parcel")
    yield from _title(line, page)
    for match in AMOUNT.finditer(line):
        yield _Span(*match.span(), "amount")
    yield from _dates(line, page, language, kind)
    for match in COUNT.finditer(line):
        yield _Span(*match.span(), "n")


def _orders(line: str, page: Page) -> Iterator[_Span]:
    found = tuple(marks.orders_in_line(line, page.pack)) or tuple(
        match[0] for match in page.pack.order.finditer(line)
    )
    if found:
        stop = line.rfind(found[-1]) + len(found[-1])
        yield _Span(line.find(found[0]), stop, "orders" if len(set(found)) > 1 else "order")


def _dates(line: str, page: Page, language: str, kind: Kind | None) -> Iterator[_Span]:
    """The days that are written in digits: `today` is a word of the phrase."""
    known = page.pack.languages.get(language)
    places = dated_places(line, known.words, page.clock) if known else []
    written = [place for place in places if DIGIT.search(line, place[0], place[1])]
    if written:
        gap = DATE_GAPS.get(kind, "respond_by") if kind else "respond_by"
        yield _Span(written[0][0], written[-1][1], gap)


def _title(line: str, page: Page) -> Iterator[_Span]:
    """What stands behind the last colon, if it was cut or the body prints it on a line of its
    own.
    """
    before, colon, title = line.rpartition(": ")
    bare = title.rstrip(".… ")
    if not colon or len(bare) < LEAST_TITLE:
        return
    folded, whole = fold(bare), fold(line)
    others = filter(whole.__ne__, page.lines.folded)
    if bare != title.rstrip() or any(map(methodcaller("startswith", folded), others)):
        yield _Span(len(before) + len(colon), len(line), "item")
