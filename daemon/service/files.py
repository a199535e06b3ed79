"""The files a running service lives by, and whether a person has changed them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.pipeline.setup import Setup, build
from daemon.settings import Settings, load
from daemon.store.backups import SIDES
from daemon.store.store import FILE
from parsers import marketplaces
from parsers.user_yaml import UserFileError
from rules import ruletests


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    config: Path
    rules: Path
    """May be missing: then the shipped rules hold."""
    packs: Path
    """A folder that may be missing: the user's corrections to the packs."""
    state: Path
    """A folder of our own."""

    @property
    def tests(self) -> Path:
        """The user's tests of the rules, beside them; may be missing."""
        return self.rules.with_suffix(".tests.yaml")

    @property
    def own_packs(self) -> Path | None:
        return self.packs if self.packs.is_dir() else None

    @property
    def ledger(self) -> Path:
        return self.state / FILE

    def token(self, mailbox: str) -> Path:
        """Where `orderbell login` keeps the refresh token of the mailbox."""
        return self.state / "tokens" / f"{mailbox}.json"

    def read(self) -> tuple[Settings, Setup]:
        """What the files say now. Raises UserFileError with every fault of the first file that has
        some.

        The user's own tests of the rules must pass too.
        """
        settings, setup = self.begin()
        if setup.left_out:
            raise UserFileError(setup.left_out)
        return settings, setup

    def begin(self) -> tuple[Settings, Setup]:
        """As `read`, but packs with a fault are left out and told in the set-up: nothing was in
        force before, and the other marketplaces must be read.
        """
        marketplaces.use(self.own_packs)
        settings = load(self.config, self._ours())
        rules = self.rules if self.rules.exists() else None
        setup = build(settings, rules=rules, packs=self.own_packs)
        if self.tests.exists():
            ruletests.verify(self.tests, setup.rulebook)
        return settings, setup

    def _ours(self) -> Iterator[Path]:
        """Files that the configuration may not have overwritten."""
        yield from (self.rules, self.tests, *self._pack_files())
        yield from (self.ledger.with_name(FILE + side) for side in SIDES)

    def _pack_files(self) -> list[Path]:
        try:
            return sorted(self.packs.rglob("*.yaml"))
        except OSError:  # a folder in it that we may not look into
            return []

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Changes when one of the files does: name, time of change in ns, size."""
        found = []
        for path in (self.config, self.rules, self.tests, *self._pack_files()):
            try:
                state = path.stat()
            except OSError:
                continue
            found.append((str(path), state.st_mtime_ns, state.st_size))
        return tuple(found)
