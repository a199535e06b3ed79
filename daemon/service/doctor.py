"""Everything that must be right for the service to do its work, each finding with its cure."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from importlib.metadata import packages_distributions
from pathlib import Path

from daemon import __file__ as package
from daemon import dns
from daemon.backup import last_backup, newest_copy
from daemon.push.notifier import Notifier
from daemon.push.trial import address_of, send_test
from daemon.queries.stamps import StampShare, stamp_shares
from daemon.queries.status import Area
from daemon.secrets import SecretError
from daemon.service.account import inspect
from daemon.service.files import Files
from daemon.settings import Mailbox, Mqtt, Settings, load
from daemon.store.store import Store
from daemon.units import shipped, unit_path
from daemon.worker.budget import MAIL_CPU
from daemon.worker.reading import MEMORY, ReadingChild
from parsers import codes, pack
from parsers.errors import OrderbellError, os_error_text
from parsers.user_yaml import UserFileError, did_you_mean
from rules import rulebook, schema

PACKAGES = ("daemon", "orders", "parsers", "rules")
"""Names so plain that another distribution in the same environment may claim them."""
OLD_BACKUP = timedelta(days=35)
CONTAINER = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files by which container engines mark what runs in them."""
CODES_OF = timedelta(days=30)
MOST_CODES = 8
FREE_BYTES = 200 << 20
"""Of the disk; with fewer a ledger soon stops taking mail."""


class CheckResult(StrEnum):
    GOOD = "ok"
    DOUBTFUL = "look"
    BAD = "BAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at. `error` is what made it bad, where something was raised."""

    result: CheckResult
    area: Area
    what: str
    name: str = ""
    """Of the mailbox or target."""
    error: Exception | None = None

    @property
    def said(self) -> str:
        """What a foreign program complained of, veiled."""
        errors = (self.error, self.error and self.error.__cause__)
        return next((error.said for error in errors if isinstance(error, SecretError)), "")

    @property
    def about(self) -> str:
        return f"{self.area} {self.name}".rstrip()


def examine(files: Files, *, message: bool) -> Iterator[Check]:
    """Every check, one after another, so that a slow server does not hide the rest. `message`: each
    target gets a test message.
    """
    yield from _program()
    yield from _clock(datetime.now(UTC))
    settings: Settings | None = None
    try:
        settings = load(files.config)
        yield _good(Area.CONFIGURATION, f"{files.config} is right")
    except (OrderbellError, OSError) as error:
        yield from _failed(Area.CONFIGURATION, "", error)
    yield from _tried(Area.PACKS, partial(_packs, files))
    yield from _tried(Area.PACKS, partial(unlisted_codes, files, datetime.now(UTC)))
    yield from _tried(Area.READING, partial(_reading, files))
    yield from _tried(Area.RULES, partial(_rules, files, settings))
    yield from _tried(Area.LEDGER, partial(_ledger, files))
    yield from _tried(Area.BACKUP, partial(_backup, files, datetime.now(UTC)))
    if settings:
        for box in settings.mailboxes:
            yield from _tried(Area.MAILBOX, partial(_mailbox, box, files), box.id)
        yield from _targets(settings, message=message)
        if settings.mqtt:
            yield from _tried(Area.MQTT, partial(_broker, settings.mqtt))
    yield from _unit()


def _program() -> Iterator[Check]:
    owners = packages_distributions()
    others = {
        name: sorted({owner for owner in owners.get(name, []) if owner.lower() != "orderbell"})
        for name in PACKAGES
    }
    clashes = [f"{name} (of {', '.join(found)})" for name, found in others.items() if found]
    if clashes:
        cure = "give Orderbell an environment of its own: pipx install orderbell"
        yield _bad(Area.PROGRAM, f"others claim {', '.join(clashes)}; {cure}")
    else:
        what = f"Python {sys.version.split()[0]}, no other package claims its names"
        yield _good(Area.PROGRAM, what)


def _clock(now: datetime) -> Iterator[Check]:
    built = datetime.fromtimestamp(Path(package).stat().st_mtime, UTC)
    if now < built - timedelta(days=1):
        what = (
            f"it says {now:%Y-%m-%d %H:%M} UTC, which is before this program was installed; set the"
            " clock"
        )
        yield _bad(Area.CLOCK, what)
    elif shutil.which("timedatectl") and _network_time() == "no":
        what = (
            "it is not set over the network; deadlines are only as right as it is: timedatectl"
            " set-ntp true"
        )
        yield _doubtful(Area.CLOCK, what)
    else:
        yield _good(Area.CLOCK, f"{now:%Y-%m-%d %H:%M} UTC")


def _network_time() -> str:
    """What the system says of it: yes or no, nothing when it does not answer."""
    words = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    try:
        return subprocess.run(  # noqa: S603
            words, capture_output=True, text=True, check=False, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _packs(files: Files) -> Iterator[Check]:
    own = files.own_packs
    library, left_out = pack.load_the_right(own)
    more = f", with yours of {own}" if own else ""
    yield _good(Area.PACKS, f"{', '.join(library.marketplaces)}{more}")
    if left_out:
        yield from _failed(Area.PACKS, "", UserFileError(left_out))


def unlisted_codes(files: Files, now: datetime) -> Iterator[Check]:
    """Codes by which mails name themselves and that no pack knows."""
    if not files.ledger.exists():
        return
    with Store.open(files.ledger) as store, store.read() as ledger:
        reasons = ledger.mails.reasons(codes.UNLISTED, now - CODES_OF)
    found = Counter(map(codes.unlisted_in, reasons))
    if found:
        told = ", ".join(f"{name} ({times})" for name, times in found.most_common(MOST_CODES))
        what = (
            f"mails of the last {CODES_OF.days} days name themselves by codes that no pack lists:"
            f" {told}; what they are is said by their words alone: orderbell mails unread"
        )
        yield _doubtful(Area.PACKS, what)


def _rules(files: Files, settings: Settings | None) -> Iterator[Check]:
    """Without a configuration any notify group passes; its faults are told elsewhere."""
    own = files.rules if files.rules.exists() else None
    book = rulebook.load(own, settings.notify if settings else None)
    more = f", with yours of {own}" if own else ""
    yield _good(Area.RULES, f"{len(book.rules)} in effect{more}")
    written = files.rules.with_name(schema.FILE)
    if written.exists() and written.read_text(encoding="utf-8") != schema.text():
        what = (
            f"{written} is of another version, so editors complete wrongly:"
            f" orderbell rules schema > {written}"
        )
        yield _doubtful(Area.RULES, what)


def _ledger(files: Files) -> Iterator[Check]:
    path = files.ledger
    if path.exists():
        with Store.open(path) as store, store.read() as ledger:
            yield _good(Area.LEDGER, f"{path}: sound, {ledger.orders.count()} orders")
        if path.stat().st_mode & 0o077:
            what = f"others can read your orders and mails; try: chmod 600 {path}"
            yield _doubtful(Area.LEDGER, what)
    else:
        yield _good(Area.LEDGER, f"none yet; it will be made in {files.state}")
    folder = next(one for one in (files.state, *files.state.parents) if one.exists())
    if not os.access(folder, os.W_OK):
        what = f"{folder} cannot be written; choose another folder with --state DIR"
        yield _bad(Area.LEDGER, what)
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES:
        what = f"only {free >> 20} MiB are free at {folder}; when the disk is full no mail is taken"
        yield _doubtful(Area.DISK, what)


def _backup(files: Files, now: datetime) -> Iterator[Check]:
    """When there was a last backup, and whether the newest daily copy opens."""
    if not files.ledger.exists():
        return
    if any(mark.exists() for mark in CONTAINER) and _same_disk(files.state, Path("/")):
        what = f"{files.state} lies in the container itself and goes with it; mount a volume there"
        yield _doubtful(Area.LEDGER, what)
    copy = newest_copy(files.ledger)
    if copy and not copy[1]:
        yield _bad(Area.BACKUP, f"the newest daily copy, {copy[0]}, does not open; remove it")
    made = last_backup(files.ledger)
    kept = "the newest daily copy opens" if copy else "there is no daily copy yet"
    if made is None:
        yield _doubtful(Area.BACKUP, f"none was made yet; {kept}; try: orderbell backup FILE")
    elif now - made[0] > OLD_BACKUP:
        what = f"the last was made {made[0]:%Y-%m-%d}, {(now - made[0]).days} days ago; {kept}"
        yield _doubtful(Area.BACKUP, what)
    else:
        yield _good(Area.BACKUP, f"{made[1]}, made {made[0]:%Y-%m-%d %H:%M} UTC; {kept}")


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def _broker(settings: Mqtt) -> Iterator[Check]:
    from daemon.mqtt.broker import try_broker  # noqa: PLC0415 - an extra that most do without

    try_broker(settings)
    yield _good(Area.MQTT, f"{settings.host}:{settings.broker_port} takes our login and our topics")


def _mailbox(box: Mailbox, files: Files) -> Iterator[Check]:
    account = inspect(box, files)
    news = (
        "tells of new mail at once (IDLE)"
        if account.idle
        else "has no IDLE, so new mail is seen at the next poll"
    )
    what = f"{box.user} is logged in at {box.server}, which {news}"
    yield _good(Area.MAILBOX, what, box.id)
    if account.missing:
        hints = [f"{name!r}{did_you_mean(name, account.folders)}" for name in account.missing]
        what = f"no folder {', '.join(hints)}; there are {', '.join(account.folders[:12])}"
        yield _bad(Area.MAILBOX, what, box.id)
    if account.silent:
        what = (
            f"{box.server} does not give the mail with UID {', '.join(map(str, account.silent))} in"
            f" {box.folders[0]}; the others are read, this one is asked for again for 30 days: open"
            " it in another mail program, or delete it there"
        )
        yield _doubtful(Area.MAILBOX, what, box.id)
    shares = _shares(box, files)
    yield from (
        _shown_shares(box, shares) if shares and not box.dkim else _stamps(box, account.stamps)
    )


def _shares(box: Mailbox, files: Files) -> tuple[StampShare, ...]:
    if not files.ledger.exists():
        return ()
    library, _ = pack.load_the_right(files.own_packs)
    with Store.open(files.ledger) as store, store.read() as ledger:
        return stamp_shares(ledger, library, box.id)


def _shown_shares(box: Mailbox, shares: tuple[StampShare, ...]) -> Iterator[Check]:
    """By the marketplaces' mails that are stored: each stamp with its share, and a better one."""
    best, told = shares[0], "; ".join(map(str, shares))
    named = [share for share in shares if share.name in box.stamps]
    verified = max((share.verified for share in named), default=0)
    if not best.verified:
        what = f"stamps on the last {best.mails} marketplace mails: {told}; none vouches for them"
        yield _doubtful(Area.MAILBOX, what, box.id)
    elif verified < best.verified:
        said = f"authserv_ids names {', '.join(box.stamps)}" if box.stamps else "it is not set"
        what = (
            f"stamps on the last {best.mails} marketplace mails: {told}; {said}, so {verified} of"
            f" them are verified. Write authserv_ids: [{best.name}], then orderbell mails reread"
            " --all"
        )
        yield _doubtful(Area.MAILBOX, what, box.id)
    else:
        what = f"stamps on the last {best.mails} marketplace mails: {told}"
        yield _good(Area.MAILBOX, what, box.id)


def _reading(files: Files) -> Iterator[Check]:
    """How well the process that meets strangers' words is shut in on this machine."""
    with ReadingChild(files.own_packs) as child:
        holds = child.confinement()
    taken = {"landlock": "no files but Python's own", "seccomp": "no network, no other programs"}
    missing = [f"no {name}" for name in taken if name not in holds]
    always = f"{MEMORY >> 20} MB, {MAIL_CPU:g} s of processor time a mail, nothing written"
    shut = ", ".join([*(words for name, words in taken.items() if name in holds), always])
    if missing:
        what = f"it is confined by {shut}; this system has {' and '.join(missing)} to take more"
        yield _doubtful(Area.READING, what)
    else:
        yield _good(Area.READING, f"it is confined: {shut}")


def _own_check(box: Mailbox) -> Check:
    if dns.available():
        return _good(Area.MAILBOX, "signatures are checked here, by keys from your DNS", box.id)
    what = "dkim: true needs the extra of that name: pipx inject orderbell dkimpy dnspython"
    return _bad(Area.MAILBOX, what, box.id)


def _stamps(box: Mailbox, found: tuple[tuple[str, int], ...]) -> Iterator[Check]:
    """By the last mails of the mailbox, whoever sent them."""
    if box.dkim:
        yield _own_check(box)
        return
    names = [name for name, _ in found if name]
    if not box.stamps:
        hint = (
            f"most of your mail is stamped by {names[0]}: authserv_ids: [{names[0]}]"
            if names
            else "no mail here has a stamp yet"
        )
        what = f"authserv_ids is not set, so no sender is verified; {hint}"
        yield _doubtful(Area.MAILBOX, what, box.id)
    elif names and not {name for name, _ in found} & set(box.stamps):
        what = (
            f"no mail is stamped by {', '.join(box.stamps)}; the last were by"
            f" {', '.join(names[:3])}: see authserv_ids"
        )
        yield _doubtful(Area.MAILBOX, what, box.id)


def _targets(settings: Settings, *, message: bool) -> Iterator[Check]:
    if not settings.targets:
        yield _doubtful(Area.TARGETS, "there are none, so nothing is pushed to anybody")
        return
    good = "a test message was sent" if message else "its URL is one Apprise can use"
    with Notifier() as notifier:
        for target in settings.targets:
            why = send_test(target, notifier) if message else address_of(target, notifier)[1]
            if why:
                yield _bad(Area.TARGET, why, target.id)
            else:
                yield _good(Area.TARGET, good, target.id)


def _unit() -> Iterator[Check]:
    paths = {user: unit_path(user=user) for user in (False, True)}
    if not any(path.exists() for path in paths.values()):
        what = "no systemd unit is installed; orderbell service install --user makes one"
        yield _doubtful(Area.SERVICE, what)
    for user, path in paths.items():
        if not path.exists():
            continue
        lines = shipped(user=user).splitlines()
        ours = [line for line in lines if line and not line.startswith(("ExecStart=", "#"))]
        theirs = set(path.read_text().splitlines())
        old = [line for line in ours if line not in theirs]
        if old:
            what = (
                f"{path} is not as this version ships it ({len(old)} lines differ); see: orderbell"
                " service print"
            )
            yield _doubtful(Area.SERVICE, what)
        else:
            yield _good(Area.SERVICE, f"{path} is in place")


def _tried(area: Area, look: Callable[[], Iterator[Check]], name: str = "") -> Iterator[Check]:
    """Every part is looked at even when another is broken; a mistake of ours is raised as it
    is.
    """
    try:
        yield from look()
    except (OrderbellError, OSError) as error:
        yield from _failed(area, name, error)


def _failed(area: Area, name: str, error: OrderbellError | OSError) -> Iterator[Check]:
    told = error.sentences if isinstance(error, OrderbellError) else (os_error_text(error),)
    for sentence in told:
        yield Check(result=CheckResult.BAD, area=area, name=name, what=sentence, error=error)


def _good(area: Area, what: str, name: str = "") -> Check:
    return Check(result=CheckResult.GOOD, area=area, what=what, name=name)


def _doubtful(area: Area, what: str, name: str = "") -> Check:
    return Check(result=CheckResult.DOUBTFUL, area=area, what=what, name=name)


def _bad(area: Area, what: str, name: str = "") -> Check:
    return Check(result=CheckResult.BAD, area=area, what=what, name=name)
