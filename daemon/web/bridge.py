"""The page of a running service, if its configuration has one. Imports the rest only then."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from daemon.settings import Web
from parsers.errors import OrderbellError

if TYPE_CHECKING:
    from daemon.web.server import PageServer
    from daemon.web.site import Site

log = logging.getLogger("orderbell.web")

EXTRA = "the page needs the extra web: pipx install 'orderbell[web]'"


class ServedPage:
    """Opened, replaced and closed with the service's configuration; never raises into it."""

    def __init__(self) -> None:
        self._server: PageServer | None = None
        self._web: Web | None = None

    def use(self, web: Web | None, site: "Callable[[], Site]") -> str:
        """Go by this configuration from now on; why it cannot be, in a sentence, or nothing.

        `site` is asked for only when a page is wanted.
        """
        if web == self._web and (self._server is not None or web is None):
            return ""
        self.close()
        if web is None:
            return ""
        try:
            server = opened(site)
        except (OrderbellError, OSError) as error:
            log.warning("page not opened: %s", error)
            return str(error)
        server.start()
        self._server, self._web = server, web
        log.info("page served at=%s", server.address)
        return ""

    @property
    def address(self) -> str:
        """Where it is; empty for nowhere."""
        return self._server.address if self._server else ""

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = self._web = None


def opened(site: "Callable[[], Site]") -> "PageServer":
    """The server, not yet started. Raises OrderbellError without the extra, PortError."""
    try:
        from daemon.web.server import PageServer  # noqa: PLC0415 - an extra that most do without
    except ImportError as error:
        raise OrderbellError(EXTRA) from error
    return PageServer(site())
