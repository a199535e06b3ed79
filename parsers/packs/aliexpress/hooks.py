"""What AliExpress mail needs that data cannot say."""

from collections.abc import Sequence


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
