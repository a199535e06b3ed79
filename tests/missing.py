"""What to do where a real server or program is missing: say so loudly here, fail in CI."""

import os

import pytest


def without(reason: str) -> None:
    """Skip the test with `reason`; where CI is set nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
