"""What shows that something is wrong, by reason, and what a marketplace takes: data of
`checklists.yaml`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from orders.facts.view import View
from orders.order import Order
from parsers.bundled_yaml import read_bundled
from parsers.notice import Kind, Role

BROKEN = re.compile(r"\b(broken|damaged|cracked)\b|壊れ|破損|割れ", re.IGNORECASE)
"""In what the user noted, or the seller wrote."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ItemText(_Part):
    en: str
    ja: str

    def said(self, language: str) -> str:
        return self.ja if language == "ja" else self.en


class Checklist(_Part):
    """What shows one reason."""

    title: ItemText
    items: dict[str, ItemText]


class UploadLimit(_Part):
    """What a marketplace takes."""

    megabytes: int
    video_megabytes: int
    days: int
    """For handing in, from when it is asked for."""
    basis: str


class Checklists(_Part):
    reasons: dict[str, Checklist]
    limits: dict[str, UploadLimit]


CAME = frozenset({Kind.RETURN_AUTHORISED, Kind.RETURN_SHIPPED, Kind.RETURN_RECEIVED})
"""What is sent back was received."""


@cache
def checklists() -> Checklists:
    path = Path(__file__).parent / "checklists.yaml"
    return Checklists.model_validate(read_bundled(path).tree)


def reason_of(view: View) -> str:
    """The likeliest reason, from what the ledger knows."""
    order = view.order
    findings = {finding.kind for finding in view.findings}
    if order.role is Role.SELLER:
        return "seller"
    if any(BROKEN.search(str(event.fields.get("text", ""))) for event in order.events):
        return "damaged"
    if Kind.WRONG_ITEM in order.kinds:
        return "wrong_item"
    if "partial_delivery" in findings:
        return "missing"
    if Kind.PARCEL_NOT_HERE in order.kinds or not _is_here(order):
        return "not_received"
    return "not_as_described"


def _is_here(order: Order) -> bool:
    """Whether the goods came: they were delivered, or are to go back."""
    back = any(case.outcome == "return_refund" for case in order.cases)
    return back or order.delivered_at is not None or bool(CAME & order.kinds)


def item_of(name: str, checklist: Checklist) -> str:
    """The item a file's name says it shows; empty when it says none."""
    words = name.casefold()
    return next((item for item in checklist.items if item in words), "")


def ticked(checklist: Checklist, items: Iterable[str]) -> Mapping[str, bool]:
    have = set(items)
    return {item: item in have for item in checklist.items}
