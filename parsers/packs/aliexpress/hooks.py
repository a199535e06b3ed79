"""What AliExpress mail needs that data cannot say."""

import re
from collections.abc import Sequence

RETURNED_TOO_LATE = re.compile(r"時間内に.{0,12}返[品送].{0,14}(?:ません|なかった|ない|ず)")
RELEASED = re.compile(r"(?:売り手|販売者|セラー)に.{0,6}支払いが?.{0,4}(?:リリース|解放)")
JUDGED = re.compile(r"\bjudge?ments?\b|\b(?:in)?valid\b|判定", re.IGNORECASE)
FINAL = re.compile(r"再処理(?:する)?ことはできません")


def unglue(numbers: Sequence[str], sure: Sequence[str]) -> dict[str, str]:
    """Order numbers glued to their running number: a merged confirmation prints both without a
    space.

    `numbers` are the labelled ones in their order, `sure` those of subject and links. Returns glued
    -> right; nothing
    unless every number carries its place and either there are several or one is known from
    elsewhere.
    """
    right = {
        number: number.removeprefix(str(place))
        for place, number in enumerate(numbers, start=1)
        if number.startswith(str(place))
        and len(number) == 16 + len(str(place))
        and number not in sure
    }
    known = len(numbers) > 1 or any(number in sure for number in right.values())
    return right if known and len(right) == len(numbers) else {}


def tell(subject: str, lines: Sequence[str]) -> tuple[int, str, str, dict[str, str]] | None:
    """What stands behind the two titles that AliExpress gives its disputes and appeals: line, kind,
    language, fields.

    A mail titled `AliExpress Dispute Order` that speaks of a judgement has judged, even where its
    label is missing. The
    result of an appeal in Japanese is translated by a machine, anew each time: words stay,
    sentences do not.
    """
    if subject.lower().startswith("aliexpress dispute order"):
        place = next((place for place, line in enumerate(lines) if JUDGED.search(line)), None)
        return None if place is None else (place, "dispute.judged", "en", {"judgement": "unknown"})
    place = next(
        (place for place, line in enumerate(lines) if "異議申し立て" in line and "解決策" in line),
        None,
    )
    if place is None:
        return None
    text = "".join(lines)
    for pattern, reason in (
        (RETURNED_TOO_LATE, "return_missed"),
        (RELEASED, "payment_released"),
        (FINAL, "cannot_reprocess"),
    ):
        if pattern.search(text):
            return place, "appeal.decided", "ja", {"outcome": "rejected", "reason": reason}
    return place, "appeal.decided", "ja", {"outcome": "unknown"}
