"""Four stories played on the real thing: a mail server, the service with its page, and a phone that
it rings.
"""

import importlib.util
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from daemon.demo import phone as phones
from daemon.demo import postbox as servers
from daemon.demo.phone import Phone, Push
from daemon.demo.postbox import Postbox
from daemon.demo.samples import age, sample_mail
from daemon.demo.visit import PageLink
from daemon.service.files import Files
from daemon.service.service import Service
from daemon.store.outbox import OutboxState
from daemon.store.store import Store
from daemon.web.access import Access

USER, PASSWORD = "kei@demo.example", "demo"
STAMP = "mx.demo.example"
"""Who writes Authentication-Results on the sample mails."""
CONFIG = """\
version: 1
mailboxes:
  - id: demo
    host: {host}
    port: {port}
    tls: none                 # loopback only
    user: {user}
    password: {{value: {password}}}
    authserv_ids: [{stamp}]
targets:
  - {{id: phone, url: {{value: "{url}"}}, language: {language}}}
notify: {{everyone: [phone]}}
alerts:
  critical: {{notify: [everyone], quiet_hours: ignore}}
  warning: {{notify: [everyone]}}
  info: {{notify: [everyone], group: digest}}
timezone: {zone}
poll: 15s                     # new mail is told by IDLE long before
group_wait: 0s
"""
PAGE = """\
web: {listen: "127.0.0.1:0"}  # any free port
"""
FIRST_PUSH_WITHIN = 25.0
PUSH_WITHIN = 20.0
"""Seconds, on a machine that is busy with other things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One mail that arrives while everything runs, and what must come of it."""

    name: str
    mail: str
    order: str
    rule: str
    changes: bool = True
    """A forged mail rings and changes nothing."""


STORIES = (
    Story(
        name="a dispute judged Invalid",
        mail="knife-judged",
        order="8100000000000001",
        rule="dispute-judged-invalid",
    ),
    Story(
        name="a dispute judged Valid",
        mail="lamp-judged",
        order="8100000000000002",
        rule="dispute-judged-valid",
    ),
    Story(
        name="cancelled, and shipped all the same",
        mail="charger-shipped",
        order="249-0000000-0000001",
        rule="cancelled-order-moving",
    ),
    Story(
        name="a forged refund mail",
        mail="charger-forged",
        order="249-0000000-0000001",
        rule="suspicious-mail",
        changes=False,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    postbox: Postbox
    mails: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    story: Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Rang:
    push: Push
    after: float | None
    """Seconds after the mail was put into the mailbox; None for what concerns no single mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    story: Story
    failure: str | None
    """Why the story was not really seen."""


Event = Started | Delivered | Rang | Ended


@contextmanager
def stage(folder: Path, *, language: str, zone: str) -> Iterator["Stage"]:
    """Everything running, its files in `folder` (empty, ours alone). Raises PostboxError."""
    with servers.running(USER, PASSWORD) as postbox, phones.running() as phone:
        config = folder / "config.yaml"
        config.touch(mode=0o600)
        config.write_text(
            CONFIG.format(
                host=servers.HOST,
                port=postbox.port,
                user=USER,
                password=PASSWORD,
                stamp=STAMP,
                url=phone.url,
                language=language,
                zone=zone,
            )
            + (PAGE if has_page() else "")
        )
        files = Files(
            config=config,
            rules=folder / "rules.yaml",
            packs=folder / "packs",
            state=folder / "state",
        )
        now = datetime.now(UTC)
        later = {story.mail for story in STORIES}
        old = sorted(
            (name for name in names() if name not in later), key=lambda name: age(name, now)
        )
        for name in old:
            postbox.deliver(sample_mail(name, now), age(name, now))
        with Service(files) as service:
            service.start()
            guard = threading.Thread(target=service.run, name="demo-service", daemon=True)
            guard.start()
            try:
                yield Stage(postbox, phone, service, len(old))
            finally:
                service.stop()
                guard.join(20)


def has_page() -> bool:
    """Whether the extra `web` is installed."""
    needed = ("argon2", "babel", "jinja2", "starlette", "uvicorn")
    return all(importlib.util.find_spec(name) is not None for name in needed)


def names() -> tuple[str, ...]:
    """The sample mails that are shipped."""
    from importlib.resources import files  # noqa: PLC0415 - one use

    inside = files("daemon.demo").joinpath("mails").iterdir()
    return tuple(
        sorted(one.name.removesuffix(".eml") for one in inside if one.name.endswith(".eml"))
    )


class Stage:
    """The running demo: mails go in, pushes come out."""

    def __init__(self, postbox: Postbox, phone: Phone, service: Service, mails: int) -> None:
        self.postbox = postbox
        self._phone = phone
        self._service = service
        self._store: Store = service.store
        self._mails = mails
        self._titles: set[str] = set()

    def play(self, tell: Callable[[Event], None]) -> bool:
        """Play all stories; True when each was really seen."""
        tell(Started(postbox=self.postbox, mails=self._mails))
        first = self._next(FIRST_PUSH_WITHIN)
        if first is not None:
            tell(Rang(push=first, after=None))
        failures = 0
        for story in STORIES:
            time.sleep(1.0)  # so that IDLE is under way again, and an eye can follow
            failures += self._story(story, tell)
        return first is not None and not failures

    def page(self) -> PageLink | None:
        """The page over what was played; None where the extra is not installed."""
        address = self._service.page.address
        if not address:
            return None
        access = Access(self._store, lambda: datetime.now(UTC))
        return PageLink(address=address, invitation=access.invite())

    def rest(self, tell: Callable[[Event], None]) -> None:
        """Go on showing what rings, until interrupted."""
        while True:
            push = self._next(3600.0)
            if push is not None:
                tell(Rang(push=push, after=None))

    def _story(self, story: Story, tell: Callable[[Event], None]) -> bool:
        before = self._shape(story.order)
        tell(Delivered(story=story))
        put, now = time.monotonic(), datetime.now(UTC)
        self.postbox.deliver(sample_mail(story.mail, now), now)
        failure: str | None = f"no push within {PUSH_WITHIN:.0f} s"
        while failure and (push := self._next(put + PUSH_WITHIN - time.monotonic())):
            tell(Rang(push=push, after=push.at - put))
            failure = None if self._rang(story) else f"it did not ring by {story.rule}"
        changed = self._shape(story.order) != before
        if not failure and changed != story.changes:
            failure = "the order changed" if changed else "the order did not change"
        tell(Ended(story=story, failure=failure))
        return failure is not None

    def _next(self, seconds: float) -> Push | None:
        try:
            push = self._phone.pushes.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        self._titles.add(push.title)
        return push

    def _rang(self, story: Story) -> bool:
        """Whether the phone has a message that the ledger sent for this rule and order."""
        with self._store.read() as ledger:
            rows = ledger.outbox.listed(states=(OutboxState.SENT, OutboxState.SENDING))
            return any(
                said.alert.rule == story.rule and story.order in said.alert.orders
                for row in rows
                if row.title in self._titles
                for said in ledger.alerts.said_with(row.message)
            )

    def _shape(self, number: str) -> object:
        """All that a mail could change of an order."""
        with self._store.read() as ledger:
            return [
                (row, ledger.orders.watches(key=row.key, open_only=False))
                for row in ledger.orders.find(number)
            ]
