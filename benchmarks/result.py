"""What a benchmark says: one measured thing beside its floor, and whether it keeps what is
promised.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    workload: str
    """What was done, with its size: `poll, 100,000 mails, nothing new`."""
    measured: float
    unit: str
    """ms, kB, MB, % …"""
    promise: str
    """The promise in words: `≤ 3 ms`."""
    kept: bool
    floor: float | None = None
    """The same input and output with nothing of ours, in the same run and unit."""
