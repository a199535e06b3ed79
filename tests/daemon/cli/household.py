"""A configuration and a ledger in a folder, mail taken in as the service would, commands on it."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.paths import Paths
from daemon.mailbox.arrived import Arrived
from daemon.pipeline.deliver import send_next
from daemon.pipeline.pipeline import Pipeline
from daemon.push.delivery import SendOutcome, SendResult
from daemon.worker.reading import inline
from tests.servers import sample_mail

CONFIG = f"""\
version: 1
mailboxes:
  - {{id: main, host: imap.example.org, user: me, password: {{env: X}}, authserv_ids: [{sample_mail.STAMP}]}}
targets: [{{id: phone, url: {{env: PHONE}}}}]
notify: {{all: [phone]}}
alerts: {{critical: {{notify: [all]}}, warning: {{notify: [all]}}, info: {{notify: [all], group: now}}}}
group_wait: 1s
timezone: Asia/Tokyo
"""


@cache
def reads(packs: Path | None = None):
    return inline(packs)


class Household:
    """One mailbox past its first run, one target."""

    def __init__(self, folder: Path, config: str = CONFIG):
        self.folder, self.now = folder, datetime.now(UTC).replace(microsecond=0)
        self.sent = []
        (folder / "config.yaml").write_text(config)
        (folder / "config.yaml").chmod(0o600)
        self.paths = Paths(given_config=folder / "config.yaml", given_state=folder / "state")
        self._uids = itertools.count(1)
        self.take()

    def take(self, *mails: bytes) -> None:
        """The mails arrive now, and what they ring is pushed."""
        with self.paths.store() as store:
            pipeline = Pipeline(
                store, self.paths.setup(), reads(self.paths.packs), clock=lambda: self.now
            )
            poll = pipeline.begin_poll("main", backfill=timedelta(days=90))
            for raw in mails:
                pipeline.take(poll, self._arrived(raw))
            pipeline.end_poll(poll, self.now)
            pipeline.sweep()
            self._push(store)

    def later(self, span: timedelta) -> None:
        """The clock goes on, and what comes due is pushed."""
        self.now += span
        with self.paths.store() as store:
            pipeline = Pipeline(
                store, self.paths.setup(), reads(self.paths.packs), clock=lambda: self.now
            )
            pipeline.sweep()
            self._push(store)

    def call(self, *words: str, typed: str | None = None):
        options = ["--config", str(self.paths.config), "--state", str(self.paths.state)]
        return CliRunner().invoke(main, [*options, *words], input=typed, catch_exceptions=False)

    def rows(self, *words: str):
        answer = self.call(*words, "--json")
        assert answer.exit_code == 0, answer.output
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def ask(self, question):
        with self.paths.ledger() as ledger:
            return question(ledger)

    def _push(self, store) -> None:
        def send(delivery):
            self.sent.append(delivery)
            return SendResult(outcome=SendOutcome.SENT)

        while send_next(store, self.paths.setup(), send, "phone", lambda: self.now):
            pass

    def _arrived(self, raw: bytes) -> Arrived:
        return Arrived(
            mailbox="main",
            folder="INBOX",
            uidvalidity=1,
            uid=next(self._uids),
            internal_date=self.now,
            size=len(raw),
            raw=raw,
            header=b"",
        )
