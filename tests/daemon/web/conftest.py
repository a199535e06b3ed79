import os
from datetime import UTC, datetime

import pytest

from daemon.demo.play import names
from daemon.demo.samples import age, sample_mail
from tests.daemon.cli import household as home
from tests.daemon.cli.household import Household
from tests.daemon.web.visits import Visits

CONFIG = home.CONFIG.replace(home.sample_mail.STAMP, "mx.demo.example").replace(
    "user: me", "user: kei@demo.example"
)


os.environ.setdefault("PHONE", "json://127.0.0.1/")


def told(folder, config=CONFIG) -> Household:
    """A household to which everything of the demo has happened."""
    household = Household(folder, config)
    now = datetime.now(UTC)
    ordered = sorted(names(), key=lambda name: age(name, now))
    household.take(*(sample_mail(name, now) for name in ordered))
    return household


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Read by many tests: what one does to it, it undoes."""
    visits = Visits(told(tmp_path_factory.mktemp("sample")))
    yield visits
    visits.close()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """An empty ledger."""
    visits = Visits(Household(tmp_path_factory.mktemp("fresh"), CONFIG))
    yield visits
    visits.close()
