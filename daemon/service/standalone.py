"""The page in a process of its own, beside a running service or without one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from daemon.pipeline.setup import Setup, bare
from daemon.service.files import Files
from daemon.service.health import measure
from daemon.service.metrics import Metrics
from daemon.settings import Settings, Target, Web, check_web
from daemon.store.errors import StoreError
from daemon.store.store import Store
from daemon.web.bridge import opened
from daemon.worker.reading import ReadingChild, Reads
from parsers.user_yaml import UserFileError

if TYPE_CHECKING:
    from daemon.web.server import PageServer
    from daemon.web.site import InForce, Site

LOOK = 2.0
"""Seconds between two looks whether a file was changed."""


class _FilesNow:
    """The files, read again when one changed; with a fault in them the last good ones hold."""

    def __init__(self, files: Files, web: Web | None) -> None:
        self._files, self._web = files, web
        self._stamp = files.stamp()
        self._looked = time.monotonic()
        self._now = self._read()

    def __call__(self) -> "InForce":
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            if (stamp := self._files.stamp()) != self._stamp:
                self._stamp = stamp
                with suppress(UserFileError):  # the service tells of it
                    self._now = self._read()
        return self._now

    def _read(self) -> "InForce":
        from daemon.web.site import InForce  # noqa: PLC0415 - an extra that most do without

        settings, setup = self._settled()
        return InForce(settings=settings, setup=setup, web=self._web)

    def _settled(self) -> tuple[Settings | None, Setup]:
        if self._files.config.exists():
            return self._files.begin()
        rules = self._files.rules if self._files.rules.exists() else None
        return None, bare(rules=rules, packs=self._files.own_packs)


@contextmanager
def serving(files: Files, listen: str | None) -> "Iterator[PageServer]":
    """The page served, on `listen` or as configured. Raises UserFileError, StoreError, PortError,
    and OrderbellError without the extra.
    """
    with Store.open(files.ledger) as store, ReadingChild(files.own_packs) as child:
        server = opened(lambda: page_site(files, store, child, listen))
        server.start()
        try:
            yield server
        finally:
            server.close()


def page_site(files: Files, store: Store, reads: Reads, listen: str | None = None) -> "Site":
    """The page of these files over this ledger, `listen`: on another address than the configured.
    Raises UserFileError.
    """
    from daemon.web.site import Site  # noqa: PLC0415

    configured = _FilesNow(files, None)
    own = check_web(configured().settings, listen) if listen else None
    meter = Metrics()

    def metrics() -> str:
        try:
            with store.read() as ledger:
                measure(meter, ledger)
        except StoreError:
            return ""
        return meter.text()

    return Site(
        store=store,
        state=files.state,
        files=_FilesNow(files, own) if own else configured,
        reads=reads,
        metrics=metrics,
        clock=lambda: datetime.now(UTC),
        tries=_tried,
    )


def _tried(target: Target) -> str | None:
    """A test message by a child of its own: a page alone seldom sends any."""
    from daemon.push.notifier import Notifier  # noqa: PLC0415
    from daemon.push.trial import send_test  # noqa: PLC0415

    with Notifier() as notifier:
        return send_test(target, notifier)
