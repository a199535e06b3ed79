"""`doctor`: everything that must be right, looked at once, each finding with its cure."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError, foreseen
from daemon.cli.listing import as_json, print_json
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.service.files import Files
    from daemon.settings import Mailbox, Settings

PACKAGES = ("daemon", "orders", "parsers", "rules")
"""Names so plain that another distribution in the same environment may claim them."""
ROOM = 200 << 20
"""Bytes of free disk under which a ledger soon stops taking mail."""


class CheckResult(StrEnum):
    GOOD = "ok"
    DOUBTFUL = "look"
    BAD = "BAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One thing looked at. `code` is the exit code when it is bad."""

    verdict: CheckResult
    about: str
    what: str
    code: Exit = Exit.ERROR
    said: str = ""
    """What a foreign program complained of, veiled."""


@click.command(short_help="Look at everything that must be right, with the cures.")
@click.option("--no-message", is_flag=True, help="Send no test message to the targets.")
@click.option(
    "--verbose", is_flag=True, help="Show what a command for a secret complained of, veiled."
)
@as_json
@click.pass_obj
def doctor(places: Paths, no_message: bool, verbose: bool, as_json: bool) -> None:
    """Look at everything that must be right: files, logins, folders, clock, ledger, targets,
    unit.
    """
    bad: list[Probe] = []
    for sign in examine(places, message=not no_message):
        what = f"{sign.what} (it said: {sign.said})" if sign.said and verbose else sign.what
        if as_json:
            print_json({"verdict": sign.verdict.value, "about": sign.about, "what": what})
        else:
            click.echo(f"{sign.verdict.value:<5} {sign.about}: {what}")
        bad += [sign] if sign.verdict is CheckResult.BAD else []
    if bad:
        raise ExitError(bad[0].code, f"{len(bad)} thing{'s' * (len(bad) > 1)} to mend, see above")


def examine(places: Paths, *, message: bool) -> Iterator[Probe]:
    """Every sign, one after another, so that a slow server does not hide the rest."""
    yield from _packages()
    yield from _clock(datetime.now(UTC))
    settings: Settings | None = None
    try:
        settings = places.settings()
        yield _good("configuration", f"{places.config} is right")
    except Exception as error:  # noqa: BLE001 - every part is looked at even when another is broken
        yield from _bad("configuration", error)
    yield from _tried("packs", partial(_packs, places))
    yield from _tried("rules", partial(_rules, places))
    yield from _tried("ledger", partial(_ledger, places))
    if settings:
        for box in settings.mailboxes:
            yield from _tried(f"mailbox {box.id}", partial(_mailbox, box, places.files()))
        yield from _targets(settings, message=message)
    yield from _unit()


def _packages() -> Iterator[Probe]:
    from importlib.metadata import packages_distributions

    owners = packages_distributions()
    others = {
        name: sorted(
            {one for one in owners.get(name, []) if one.lower() != "orderbell"} - {"orderbell"}
        )
        for name in PACKAGES
    }
    clashes = [f"{name} (of {', '.join(found)})" for name, found in others.items() if found]
    if clashes:
        cure = "give Orderbell an environment of its own: pipx install orderbell"
        yield Probe(
            verdict=CheckResult.BAD,
            about="program",
            what=f"others claim {', '.join(clashes)}; {cure}",
        )
    else:
        yield _good(
            "program", f"Python {sys.version.split()[0]}, no other package claims its names"
        )


def _clock(now: datetime) -> Iterator[Probe]:
    from daemon import __file__ as here

    built = datetime.fromtimestamp(Path(here).stat().st_mtime, UTC)
    if now < built - timedelta(days=1):
        what = (
            f"it says {now:%Y-%m-%d %H:%M} UTC, which is before this program was installed; set the"
            " clock"
        )
        yield Probe(verdict=CheckResult.BAD, about="clock", what=what)
        return
    if shutil.which("timedatectl"):
        words = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
        if _said(words) == "no":
            what = (
                "it is not set over the network; deadlines are only as right as it is: timedatectl"
                " set-ntp true"
            )
            yield Probe(verdict=CheckResult.DOUBTFUL, about="clock", what=what)
            return
    yield _good("clock", f"{now:%Y-%m-%d %H:%M} UTC")


def _said(words: list[str]) -> str:
    """What a command of the system says, nothing when it does not answer."""
    try:
        return subprocess.run(  # noqa: S603
            words, capture_output=True, text=True, check=False, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _packs(places: Paths) -> Iterator[Probe]:
    library = places.library()
    more = f", with yours of {places.packs}" if places.packs else ""
    yield _good("packs", f"{', '.join(library.marketplaces)}{more}")


def _rules(places: Paths) -> Iterator[Probe]:
    from daemon.cli.rules import rulebook

    book = rulebook(places, None)
    yield _good(
        "rules",
        f"{len(book.rules)} in effect"
        + (f", with yours of {places.rules}" if places.rules else ""),
    )
    from rules.schema import FILE, text

    schema = places.folder / FILE
    if schema.exists() and schema.read_text(encoding="utf-8") != text():
        what = (
            f"{schema} is of another version, so editors complete wrongly: orderbell rules schema >"
            f" {schema}"
        )
        yield Probe(verdict=CheckResult.DOUBTFUL, about="rules", what=what)


def _ledger(places: Paths) -> Iterator[Probe]:
    from daemon.store.store import FILE

    folder = places.state
    if (folder / FILE).exists():
        with places.ledger() as ledger:
            yield _good("ledger", f"{folder / FILE}: sound, {ledger.orders.count()} orders")
        if (folder / FILE).stat().st_mode & 0o077:
            what = f"others can read your orders and mails; try: chmod 600 {folder / FILE}"
            yield Probe(verdict=CheckResult.DOUBTFUL, about="ledger", what=what)
    else:
        yield _good("ledger", f"none yet; it will be made in {folder}")
    parent = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(parent, os.W_OK):
        what = f"{parent} cannot be written; choose another folder with --state DIR"
        yield Probe(verdict=CheckResult.BAD, about="ledger", what=what, code=Exit.LEDGER)
    free = shutil.disk_usage(parent).free
    if free < ROOM:
        what = f"only {free >> 20} MiB are free at {parent}; when the disk is full no mail is taken"
        yield Probe(verdict=CheckResult.DOUBTFUL, about="disk", what=what)


def _mailbox(box: "Mailbox", files: "Files") -> Iterator[Probe]:
    from daemon.cli.account import look

    about = f"mailbox {box.id}"
    seen = look(box, files)
    waits = (
        "tells of new mail at once (IDLE)"
        if seen.idle
        else "has no IDLE, so new mail is seen at the next poll"
    )
    yield _good(about, f"{box.user} is logged in at {box.server}, which {waits}")
    if seen.missing:
        from parsers.user_yaml import did_you_mean

        hints = [f"{name!r}{did_you_mean(name, seen.folders)}" for name in seen.missing]
        what = f"no folder {', '.join(hints)}; there are {', '.join(seen.folders[:12])}"
        yield Probe(verdict=CheckResult.BAD, about=about, what=what, code=Exit.MAILBOX)
    if seen.silent:
        what = (
            f"{box.server} does not give the mail with UID {', '.join(map(str, seen.silent))} in"
            f" {box.folders[0]}; the others are read, this one is asked for again for 30 days: open"
            " it in another mail program, or delete it there"
        )
        yield Probe(verdict=CheckResult.DOUBTFUL, about=about, what=what)
    yield from _stamps(about, box, seen.stamps)


def _stamps(about: str, box: "Mailbox", found: tuple[tuple[str, int], ...]) -> Iterator[Probe]:
    names = [name for name, _ in found if name]
    if not box.stamps:
        hint = (
            f"most of your mail is stamped by {names[0]}: authserv_ids: [{names[0]}]"
            if names
            else ""
        )
        what = (
            "authserv_ids is not set, so no sender is verified;"
            f" {hint or 'no mail here has a stamp yet'}"
        )
        yield Probe(verdict=CheckResult.DOUBTFUL, about=about, what=what)
    elif names and not {name for name, _ in found} & set(box.stamps):
        what = (
            f"no mail is stamped by {', '.join(box.stamps)}; the last were by"
            f" {', '.join(names[:3])}: see authserv_ids"
        )
        yield Probe(verdict=CheckResult.DOUBTFUL, about=about, what=what)


def _targets(settings: "Settings", *, message: bool) -> Iterator[Probe]:
    from daemon.cli.notify import address_of, sender, try_target

    if not settings.targets:
        yield Probe(
            verdict=CheckResult.DOUBTFUL,
            about="targets",
            what="there are none, so nothing is pushed to anybody",
        )
        return
    with sender() as post:
        for one in settings.targets:
            why = try_target(one, post) if message else address_of(one, post)[1]
            about = f"target {one.id}"
            if why:
                yield Probe(verdict=CheckResult.BAD, about=about, what=why, code=Exit.DELIVERY)
            else:
                yield _good(
                    about,
                    "a test message was sent" if message else "its URL is one Apprise can use",
                )


def _unit() -> Iterator[Probe]:
    from daemon.units import place, shipped

    units = [(user, place(user=user)) for user in (False, True) if place(user=user).exists()]
    if not units:
        what = "no systemd unit is installed; orderbell service install --user makes one"
        yield Probe(verdict=CheckResult.DOUBTFUL, about="service", what=what)
    for user, path in units:
        ours = [
            line
            for line in shipped(user=user).splitlines()
            if not line.startswith(("ExecStart=", "#"))
        ]
        theirs = path.read_text().splitlines()
        old = [line for line in ours if line and line not in theirs]
        if old:
            what = (
                f"{path} is not as this version ships it ({len(old)} lines differ); see: orderbell"
                " service print"
            )
            yield Probe(verdict=CheckResult.DOUBTFUL, about="service", what=what)
        else:
            yield _good("service", f"{path} is in place")


def _tried(about: str, look: Callable[[], Iterator[Probe]]) -> Iterator[Probe]:
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001 - every part is looked at even when another is broken
        yield from _bad(about, error)


def _bad(about: str, error: Exception) -> Iterator[Probe]:
    """What is foreseen becomes signs; a mistake of ours is raised as it is."""
    from daemon.secrets import SecretError

    stop = foreseen(error)
    if stop is None:
        raise error
    said = next((one.said for one in (error, error.__cause__) if isinstance(one, SecretError)), "")
    for sentence in stop.sentences:
        yield Probe(verdict=CheckResult.BAD, about=about, what=sentence, code=stop.code, said=said)


def _good(about: str, what: str) -> Probe:
    return Probe(verdict=CheckResult.GOOD, about=about, what=what)
