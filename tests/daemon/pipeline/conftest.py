from collections.abc import Iterator

import pytest

from daemon.store.store import Store


@pytest.fixture(autouse=True)
def every_ledger_in_memory_is_closed_with_its_test(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Python 3.13 complains of each that is not, in whatever test happens to run then."""
    opened: list[Store] = []
    make = Store.memory

    def memory() -> Store:
        opened.append(make())
        return opened[-1]

    monkeypatch.setattr(Store, "memory", memory)
    yield
    for store in opened:
        store.close()
