"""One user's folders beside the scripted IMAP server and the HTTP sink: all between the two is the
real thing.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from daemon.service.files import Files
from daemon.service.once import once
from daemon.service.service import Service
from daemon.store.store import Store
from tests.servers import sample_mail
from tests.servers.fake_imap import PASSWORD, USER

ORDERS = ("249-0000000-0000001", "249-0000000-0000002")
DISPUTE = "8100000000000001"
MARKED = " (maybe a repeat)"


class Home:
    """`mail` and `sink` may be replaced or told to misbehave at any time."""

    def __init__(self, folder, mail, sink) -> None:
        self.folder, self.mail, self.sink = folder, mail, sink
        self.files = files_in(folder)
        for name, text in (("password", PASSWORD), ("url", f"json://{sink.host}/")):
            secret = folder / name
            secret.touch(mode=0o600)
            secret.write_text(text)
        self.configure()

    def configure(self, more: str = "", *, poll: str = "5m") -> None:
        self.files.config.write_text(
            f"""\
version: 1
mailboxes:
  - id: main
    host: 127.0.0.1
    port: {self.mail.port}
    tls: none
    user: {USER}
    password: {{file: {self.folder}/password}}
    authserv_ids: [{sample_mail.STAMP}]
    addresses: [me@example.org]
targets:
  - id: phone
    url: {{file: {self.folder}/url}}
notify: {{all: [phone]}}
alerts:
  critical: {{notify: [all]}}
  warning: {{notify: [all]}}
  info: {{notify: [all], group: now}}
group_wait: 0s
rate_limit: 1000
poll: {poll}
{more}
"""
        )

    def once(self, **more):
        return once(self.files, **more)

    def hurry(self) -> None:
        """Whatever waits for its next try need not wait."""
        with Store.open(self.files.ledger) as store, store.write() as ledger:
            ledger.outbox.hurry("phone", datetime.now(UTC))

    @contextmanager
    def running(self, **more) -> Iterator[Service]:
        """The service in threads of this process."""
        with Service(self.files, **more) as service:
            service.start()
            guard = threading.Thread(target=service.run)
            guard.start()
            try:
                yield service
            finally:
                service.stop()
                guard.join()

    def told(self) -> Counter[str]:
        """How often the phone heard each piece of news, in whatever message: numbers of mails are
        no news.
        """
        return Counter(title.removesuffix(MARKED) for _, title in self.pushes())

    def pushes(self) -> list[tuple[str, str]]:
        """Key and title of every push, in order."""
        return [
            (request.headers["idempotency-key"], request.json["title"])
            for request in self.sink.requests
        ]

    def ledger(self) -> dict[str, object]:
        """What must be the same however often we died, and wherever the server has put the
        mails.
        """
        with Store.open(self.files.ledger) as store, store.read() as ledger:
            return {
                "events": sorted(event.origin for event in ledger.all_events()),
                "orders": sorted((row.key, row.status) for row in ledger.orders.listed()),
                "watches": sorted(
                    (row.order_key, row.id) for row in ledger.orders.watches(open_only=False)
                ),
                "findings": sorted((row.order_key, row.id) for row in ledger.orders.findings()),
                "alerts": sorted(
                    (row.alert.rule, _named(row.alert.subject), row.alert.state.value)
                    for row in ledger.alerts.all_live()
                ),
                "waiting": ledger.outbox.waiting("phone"),
            }


def _named(subject: str) -> str:
    """Mails are numbered as they come, and come again under another number where the server
    renumbers them.
    """
    return "a mail" if subject.isdigit() else subject


def files_in(folder) -> Files:
    return Files(
        config=folder / "config.yaml",
        rules=folder / "rules.yaml",
        packs=folder / "packs",
        state=folder / "state",
    )


def wait_until(
    condition, seconds: float = 20.0, what: str = "it did not come to that in time"
) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def idling(mail) -> bool:
    return any(connection.idling for connection in mail._connections)
