"""The steps of the ladder by which an event finds its order, and how sure a match must be to
count.
"""

from enum import StrEnum

SURE = 0.9
"""A match of at least this confidence may close; a weaker one only opens (promise 5)."""


class Level(StrEnum):
    """Which step of the ladder matched. The values are stored and shown."""

    TWIN = "L0"
    """Another witness of news that the order has already."""
    NUMBER = "L1"
    """The order's number stands in the mail, or the user gave it."""
    NEW_NUMBER = "L1n"
    """A number that no order mail and no import told of."""
    CASE = "L2"
    """A case or parcel id that another event ties to the order."""
    TRACKING = "L3"
    SHORT_NUMBER = "L4"
    """A number that lost its first digit."""
    LINE_NUMBER = "L4b"
    """A number that may be a line of a known order."""
    THREAD = "L5"
    MASK = "L6"
    SIMILARITY = "L7"
    NONE = "L8"
