import pytest

from tests.daemon.cli.household import Household


@pytest.fixture
def household(tmp_path, monkeypatch):
    monkeypatch.setenv("PHONE", "json://127.0.0.1/")
    return Household(tmp_path)
