"""Geometry of the pictures, which the templates draw as SVG: an order's way through time, bars."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

WIDTH = 640
LANE = 46
LEFT, RIGHT = 12, 628
LANES = 6
"""More cases and parcels than that are told by the list below the picture."""
CASE_KINDS = ("dispute", "appeal", "return", "refund", "claim", "chargeback", "cancel")

Step = tuple[datetime, str]
"""When something happened, and the kind of its event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneMark:
    x: float
    kind: str
    """order, parcel, case, money or due: its colour and shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    table: str
    """What `name` is of: watch, case … or empty for a name of its own."""
    name: str
    start: float
    end: float
    open: bool
    marks: tuple[LaneMark, ...] = ()
    y: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    height: int
    now: float
    lanes: tuple[Lane, ...] = field(default=())


def way(order: Mapping[str, Any], now: datetime) -> Picture | None:
    """The way of an order (a row of `whole_order`); None when nothing happened yet."""
    steps = [(_at(one["at"]), one["kind"]) for one in order["timeline"]]
    if not steps:
        return None
    waits = [one for one in order["watches"] if one["state"] == "open"]
    times = [*(at for at, _ in steps), *(_at(one["due_at"]) for one in waits), now]
    scale = _Scale(min(times), max(times))
    lanes = [_own_lane(order, steps, scale)]
    lanes += [_case_lane(case, steps, scale, now) for case in order["cases"]]
    lanes += [_wait_lane(watch, scale, now) for watch in waits]
    placed = [replace(lane, y=index * LANE) for index, lane in enumerate(lanes[:LANES])]
    return Picture(height=len(placed) * LANE + 24, now=scale(now), lanes=tuple(placed))


def _own_lane(order: Mapping[str, Any], steps: Sequence[Step], scale: "_Scale") -> Lane:
    own = [(at, kind) for at, kind in steps if _kind(kind) != "case"]
    return Lane(
        table="",
        name="order",
        start=scale(min(at for at, _ in steps)),
        end=scale(max(at for at, _ in steps)),
        open=order["status"] not in ("completed", "cancelled", "returned"),
        marks=tuple(LaneMark(x=scale(at), kind=_kind(kind)) for at, kind in own),
    )


def _case_lane(
    case: Mapping[str, Any], steps: Sequence[Step], scale: "_Scale", now: datetime
) -> Lane:
    over, family = case["closed_at"], case["kind"][:6]
    return Lane(
        table="case",
        name=case["kind"],
        start=scale(_at(case["opened_at"])),
        end=scale(_at(over) if over else now),
        open=over is None,
        marks=tuple(
            LaneMark(x=scale(at), kind="case") for at, kind in steps if kind.startswith(family)
        ),
    )


def _wait_lane(watch: Mapping[str, Any], scale: "_Scale", now: datetime) -> Lane:
    until, here = scale(_at(watch["due_at"])), scale(now)
    return Lane(
        table="watch",
        name=watch["kind"],
        start=min(here, until),
        end=max(here, until),
        open=True,
        marks=(LaneMark(x=until, kind="due"),),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    first: datetime
    last: datetime

    def __call__(self, at: datetime) -> float:
        span = max(self.last - self.first, timedelta(hours=1))
        return round(LEFT + (RIGHT - LEFT) * ((at - self.first) / span), 1)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _kind(event: str) -> str:
    family = event.partition(".")[0]
    if family == "shipment":
        return "parcel"
    if family == "refund":
        return "money"
    return "case" if family in CASE_KINDS else "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    label: str
    value: float
    share: float
    """Of the longest, 0 to 100."""


def bars(values: Iterable[tuple[str, float]]) -> Sequence[Bar]:
    pairs = list(values)
    longest = max((value for _, value in pairs), default=0) or 1
    return [
        Bar(label=label, value=value, share=round(100 * value / longest, 1))
        for label, value in pairs
    ]
