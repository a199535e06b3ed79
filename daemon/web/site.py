"""What the page stands on: one ledger, the files in force, and the commands a person gives it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from daemon.pipeline.commands import Commands
from daemon.pipeline.compose import Message
from daemon.pipeline.setup import Setup
from daemon.queries.alerts import Teller
from daemon.queries.folded import FoldedOrders
from daemon.settings import Settings, Target, Web
from daemon.store.store import Store
from daemon.web.access import Access, PasswordCheck, Throttle
from daemon.worker.reading import Reads

CHANNEL = "page"
"""By what the list of what was told says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What the files say now."""

    settings: Settings | None
    """None: nothing is configured."""
    setup: Setup
    web: Web | None = None
    """Said on the command line, in place of the configured."""


@dataclass(slots=True, kw_only=True)
class Site:
    store: Store
    state: Path
    """Folder of the ledger; its lock tells whether a service runs."""
    files: Callable[[], InForce]
    reads: Reads
    """Reads a stored mail again, in a process of its own."""
    metrics: Callable[[], str]
    """Prometheus' text."""
    clock: Callable[[], datetime]
    tries: Callable[[Target], str | None]
    """Sends a test message; why it did not arrive, in a sentence, or None."""
    said: Callable[[Message], None] = lambda _message: None
    """Hears what a command made the service say."""
    access: Access = field(init=False)
    throttle: Throttle = field(init=False)
    passwords: PasswordCheck = field(default_factory=PasswordCheck)
    tried: dict[str, datetime] = field(default_factory=dict)
    """When a target was last sent a test from the page."""
    _folded: tuple[Setup, FoldedOrders] | None = None

    def __post_init__(self) -> None:
        self.access = Access(self.store, self.clock)
        self.throttle = Throttle(self.clock)

    @property
    def setup(self) -> Setup:
        return self.files().setup

    @property
    def settings(self) -> Settings | None:
        return self.files().settings

    @property
    def web(self) -> Web:
        """As said or configured, else on loopback."""
        now = self.files()
        return now.web or (now.settings and now.settings.web) or Web()

    @property
    def folded(self) -> FoldedOrders:
        setup = self.setup
        known = self._folded
        if known is None or known[0] is not setup:
            known = (setup, FoldedOrders(setup.policy, setup.zone))
            self._folded = known
        return known[1]

    @property
    def commands(self) -> Commands:
        return Commands(self.store, self.setup, clock=self.clock, said=self.said, channel=CHANNEL)

    def teller(self, language: str) -> Teller:
        setup = self.setup
        return Teller(
            book=setup.rulebook,
            language=language,
            zone=setup.zone,
            now=self.clock(),
            contact=setup.contact,
            worth=setup.plan.worth,
            policy=setup.policy,
        )
