"""Raised by a workload that needs what this machine lacks."""


class Unavailable(Exception):  # noqa: N818 - it says why, it is no defect
    """The text says what is missing and how to get it."""
