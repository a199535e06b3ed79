"""What values of one fact a test lets through, so that tests which exclude each other are found
before they run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The values of one fact that a test lets through; two spans of one fact can be laid over each
    other.

    Times count as their distance from now (future positive), so a span does not move.
    """

    present: bool | None = None
    values: frozenset[str] | None = None
    barred: frozenset[str] = frozenset()
    above: Decimal | timedelta | None = None
    above_open: bool = False
    """True when `above` itself is not let through."""
    upto: Decimal | timedelta | None = None
    upto_open: bool = False
    currency: str | None = None


def lay_over(spans: Sequence[Span]) -> tuple[Span, str]:
    """All spans of one fact at once, and, when nothing passes them all, a remark on why (else an
    empty string).
    """
    present, values, barred, currency = None, None, frozenset[str](), None
    above, above_open, upto, upto_open = None, False, None, False
    for span in spans:
        if None not in (present, span.present) and present is not span.present:
            return span, "; a fact is known or it is not"
        if None not in (currency, span.currency) and currency != span.currency:
            return span, "; an amount has one currency"
        present = span.present if present is None else present
        currency = currency or span.currency
        values = (
            span.values
            if values is None
            else values
            if span.values is None
            else values & span.values
        )
        barred |= span.barred
        if span.above is not None and (
            above is None or (span.above, span.above_open) > (above, above_open)
        ):
            above, above_open = span.above, span.above_open
        if span.upto is not None and (
            upto is None or (span.upto, not span.upto_open) < (upto, not upto_open)
        ):
            upto, upto_open = span.upto, span.upto_open
    laid = Span(
        present=present,
        values=values,
        barred=barred,
        above=above,
        above_open=above_open,
        upto=upto,
        upto_open=upto_open,
        currency=currency,
    )
    if values is not None and not values - barred:
        return laid, "; no value passes them all"
    if above is not None and upto is not None:
        empty = upto < above or (upto == above and (above_open or upto_open))  # type: ignore[operator]
        if empty:
            return laid, "; they exclude each other"
    return laid, ""
