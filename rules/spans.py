"""What values of one fact a test lets through, so that tests which exclude each other are found
before they run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any


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
    laid = Span()
    for span in spans:
        why = _exclude(laid, span)
        if why:
            return span, why
        laid = _over(laid, span)
    if laid.values is not None and not laid.values - laid.barred:
        return laid, "; no value passes them all"
    return laid, "; they exclude each other" if _is_empty(laid) else ""


def _exclude(laid: Span, span: Span) -> str:
    """Why the two have nothing in common, whatever their values."""
    if laid.present is not None and span.present not in (None, laid.present):
        return "; a fact is known or it is not"
    if laid.currency and span.currency not in (None, laid.currency):
        return "; an amount has one currency"
    return ""


def _narrowest(one: Span, other: Span) -> tuple[Span, Span]:
    """Whose lower and whose upper bound hold when both must."""
    both = (one, other)
    return (
        max((span for span in both if span.above is not None), key=_start, default=one),
        min((span for span in both if span.upto is not None), key=_end, default=one),
    )


def _over(one: Span, other: Span) -> Span:
    lower, upper = _narrowest(one, other)
    return Span(
        present=other.present if one.present is None else one.present,
        values=_common(one.values, other.values),
        barred=one.barred | other.barred,
        above=lower.above,
        above_open=lower.above_open,
        upto=upper.upto,
        upto_open=upper.upto_open,
        currency=one.currency or other.currency,
    )


def _common(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _start(span: Span) -> tuple[Any, bool]:
    """Sorts lower ends: of equal ones the one that lets less through is later."""
    return (span.above, span.above_open)


def _end(span: Span) -> tuple[Any, bool]:
    return (span.upto, not span.upto_open)


def _is_empty(span: Span) -> bool:
    above: Any = span.above
    upto: Any = span.upto
    if above is None or upto is None:
        return False
    return bool(upto < above or (upto == above and (span.above_open or span.upto_open)))
