"""Where a command finds its files: the configuration folder, and the state folder with the
ledger.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import say

if TYPE_CHECKING:
    from daemon.pipeline.commands import Commands
    from daemon.pipeline.setup import Setup
    from daemon.service.files import Files
    from daemon.settings import Mailbox, Settings
    from daemon.store.ledger import Ledger
    from daemon.store.store import Store
    from orders.deadlines.policy import Policy
    from orders.facts.stake import Worth
    from orders.facts.view import View
    from parsers.frame import Frame
    from parsers.pack import Library
    from parsers.reader import Context
    from parsers.user_yaml import Fault
    from rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The files of one call; `given_*` are what the command line said."""

    given_config: Path | None
    given_state: Path | None

    @property
    def config(self) -> Path:
        return (
            self.given_config or _base("XDG_CONFIG_HOME", ".config") / "orderbell" / "config.yaml"
        )

    @property
    def folder(self) -> Path:
        """Rules and packs lie beside the configuration."""
        return self.config.parent

    @property
    def rules(self) -> Path | None:
        return _if_there(self.folder / "rules.yaml")

    @property
    def packs(self) -> Path | None:
        return _if_there(self.folder / "packs")

    @property
    def state(self) -> Path:
        under_systemd = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
        if self.given_state:
            return self.given_state
        return (
            Path(under_systemd)
            if under_systemd
            else _base("XDG_STATE_HOME", ".local/state") / "orderbell"
        )

    def settings(self) -> "Settings":
        """The configuration. Raises UserFileError when it is wrong, or not there."""
        from daemon.settings import load

        return load(self.config)

    def settings_if_any(self) -> "Settings | None":
        """As `settings`, but None when no file was named and none lies at the usual place."""
        return self.settings() if self.given_config or self.config.exists() else None

    def files(self) -> "Files":
        """What a running service lives by."""
        from daemon.service.files import Files

        return Files(
            config=self.config,
            rules=self.folder / "rules.yaml",
            packs=self.folder / "packs",
            state=self.state,
        )

    def zone(self) -> tzinfo:
        """The user's time zone: of the configuration, else of this machine."""
        settings = self.settings_if_any()
        here = datetime.now().astimezone().tzinfo
        return settings.timezone if settings else here or ZoneInfo("UTC")

    def language(self) -> str:
        """The language of this terminal; where neither configuration nor environment names one,
        that of the first target.
        """
        from daemon.i18n import spoken_here

        settings = self.settings_if_any()
        if settings is None:
            return spoken_here(os.environ) or "en"
        of_target = settings.targets[0].language if settings.targets else "en"
        return settings.language or spoken_here(os.environ) or of_target

    @contextmanager
    def ledger(self) -> "Iterator[Ledger]":
        """The ledger, to be read; reading makes no files. Raises ExitError when there is none."""
        from daemon.store.store import FILE, Store

        path = self.state / FILE
        if not path.exists():
            raise ExitError(
                Exit.LEDGER, f"{path}: there is no ledger yet; it begins with: orderbell once"
            )
        with Store.open(path) as store, store.read() as ledger:
            yield ledger

    @contextmanager
    def store(self) -> "Iterator[Store]":
        """The ledger, to be written beside a running service; made when there is none."""
        from daemon.store.store import FILE, Store

        with Store.open(self.state / FILE) as store:
            yield store

    @contextmanager
    def commands(self) -> "Iterator[Commands]":
        """What a person may do to the ledger, beside a running service, which hears of it from the
        rows.
        """
        from daemon.pipeline.commands import Commands

        setup = self.setup()
        with self.store() as store:
            yield Commands(store, setup)

    def setup(self, rules: Path | None = None) -> "Setup":
        """Configuration, rules (the user's, or those of the file `rules`), packs and deadlines
        together; a pack with a fault is left out, and told on stderr.

        Raises UserFileError, and ExitError for wrong rules.
        """
        from daemon.pipeline.setup import bare, build
        from parsers.user_yaml import UserFileError

        settings = self.settings_if_any()
        try:
            if settings is None:
                setup = bare(rules=rules or self.rules, packs=self.packs, zone=self.zone())
            else:
                setup = build(settings, rules=rules or self.rules, packs=self.packs)
        except UserFileError as error:
            raise ExitError(Exit.RULES, *error.sentences) from error
        tell_left_out(setup.left_out)
        return setup

    def rulebook(self, file: Path | None = None) -> "Rulebook":
        """The shipped rules with the user's file laid over. Raises ExitError with every fault."""
        from parsers.user_yaml import UserFileError
        from rules.rulebook import load

        try:
            settings = self.settings_if_any()
        except UserFileError:
            settings = None  # its faults are another command's to tell; any notify group passes
        try:
            return load(file or self.rules, None if settings is None else settings.notify)
        except UserFileError as error:
            raise ExitError(Exit.RULES, *error.sentences) from error

    def policy(self) -> "Policy":
        """The deadlines, with the user's own of the configuration."""
        from orders.deadlines.policy import load

        settings = self.settings_if_any()
        return load(settings.policy if settings else {})

    def worth(self) -> "Worth":
        """What money is worth to the user."""
        from daemon.pipeline.setup import worth_of
        from orders.facts.stake import Worth

        settings = self.settings_if_any()
        return worth_of(settings) if settings else Worth()

    def view(self, key: str, ledger: "Ledger") -> "View":
        """One order as it stands, folded from its events."""
        from orders.facts.view import view

        return view(key, ledger, self.policy(), self.zone())

    def library(self) -> "Library":
        """The shipped packs with the user's own laid over; one with a fault is left out, and told
        on stderr.
        """
        from parsers.pack import load_the_right

        library, left_out = load_the_right(self.packs)
        tell_left_out(left_out)
        return library

    def check_packs(self) -> None:
        """Raises UserFileError with every fault of the user's packs."""
        from parsers.pack import load

        load(self.packs)

    def context(self, mailbox: str | None) -> "Context":
        """How a mail from a file is read: as the mailbox called so, else the first; unconfigured,
        nobody is trusted.
        """
        from parsers.reader import Context

        frame = self.frame(mailbox)
        return Context.of(self.library(), frame)

    def frame(self, mailbox: str | None) -> "Frame":
        """As `context`, without what is known of the marketplaces."""
        from parsers.frame import Frame

        settings = self.settings_if_any()
        if settings is None:
            if mailbox:
                raise ExitError(
                    Exit.CONFIGURATION,
                    f"--mailbox {mailbox} needs a configuration; {self.config}: no such file",
                )
            return Frame()
        box = mailbox_of(settings, mailbox)
        return replace(box.frame(settings.timezone, settings.mailboxes), trust_all=False)


def tell_left_out(faults: "Iterable[Fault]") -> None:
    """Say on stderr what is wrong with packs, since a command goes on without them."""
    for fault in faults:
        say(str(fault), err=True)


def mailbox_of(settings: "Settings", name: str | None) -> "Mailbox":
    """The mailbox called `name`, else the first. Raises ExitError with a suggestion."""
    from parsers.user_yaml import did_you_mean

    known = [box.id for box in settings.mailboxes]
    if name is not None and name not in known:
        raise ExitError(
            Exit.USAGE, f"no mailbox {name!r} in the configuration{did_you_mean(name, known)}"
        )
    return settings.mailbox(name)


def _base(variable: str, usual: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / usual)


def _if_there(path: Path) -> Path | None:
    return path if path.exists() else None
