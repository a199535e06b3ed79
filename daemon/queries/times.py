"""Times as rows show them."""

from datetime import datetime, tzinfo


def iso(at: datetime | None, zone: tzinfo) -> str | None:
    """In the user's zone, to the second."""
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")
