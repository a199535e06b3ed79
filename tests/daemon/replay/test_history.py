"""`rules replay` over a ledger of two mailboxes."""

import json
from datetime import UTC, datetime, timedelta

from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.paths import Paths
from daemon.history import would_send
from daemon.mailbox.arrived import Arrived
from daemon.pipeline.deliver import send_next
from daemon.pipeline.pipeline import Pipeline
from daemon.push import Notifier
from daemon.worker import reading
from parsers.pack import shipped
from tests.servers import sample_mail

BOXES = f"""\
version: 1
mailboxes:
  - {{id: bought, host: imap.example.org, user: me, password: {{env: X}}, authserv_ids: [{sample_mail.STAMP}]}}
  - {{id: sold, host: imap.example.org, user: you, password: {{env: X}}, authserv_ids: [{sample_mail.STAMP}], role: seller}}
"""


def test_each_mail_is_read_as_those_of_its_own_mailbox(tmp_path):
    (tmp_path / "config.yaml").write_text(BOXES)
    paths = Paths(given_config=tmp_path / "config.yaml", given_state=tmp_path / "state")
    now, reads, roles = datetime.now(UTC), reading.inline(None), []
    with paths.store() as store:
        pipeline = Pipeline(store, paths.setup(), reads)
        for uid, mailbox in enumerate(("bought", "sold"), start=1):
            raw = sample_mail.judged(f"810000000000000{uid}", at=now - timedelta(days=1))
            pipeline.take(
                pipeline.begin_poll(mailbox, backfill=timedelta(days=9)),
                arrived(mailbox, uid, raw, now),
            )

    class Noting(reading.InlineReader):
        def __call__(self, raw: bytes, frame: reading.Frame):
            roles.append(frame.role)
            return super().__call__(raw, frame)

    noting = Noting(shipped())
    with paths.ledger() as ledger:
        would_send(ledger, paths.setup(), noting, since=now - timedelta(days=9), until=now)

    assert sorted(roles) == ["buyer", "seller"]


def test_what_was_really_sent_stands_beside(tmp_path, http_sink):
    (tmp_path / "config.yaml").write_text(
        BOXES
        + f"targets: [{{id: phone, url: {{value: 'json://{http_sink.host}/'}}}}]\n"
        + "notify: {all: [phone]}\nalerts: {critical: {notify: [all]}}\n"
    )
    (tmp_path / "config.yaml").chmod(0o600)
    (tmp_path / "candidate.yaml").write_text("version: 1\ndisable: [dispute-judged-invalid]\n")
    paths = Paths(given_config=tmp_path / "config.yaml", given_state=tmp_path / "state")
    now = datetime.now(UTC)
    with paths.store() as store, Notifier() as sender:
        pipeline = Pipeline(store, paths.setup(), reading.inline(None))
        for mailbox in ("bought", "sold"):
            poll = pipeline.begin_poll(mailbox, backfill=timedelta(0))
            pipeline.end_poll(poll, now)
        raw = sample_mail.judged("8100000000000001", at=now)
        pipeline.take(
            pipeline.begin_poll("bought", backfill=timedelta(0)), arrived("bought", 1, raw, now)
        )
        pipeline.sweep()
        while send_next(store, paths.setup(), sender.send, "phone", lambda: datetime.now(UTC)):
            pass
    words = [
        "--config",
        str(paths.config),
        "--state",
        str(paths.state),
        "rules",
        "replay",
        "--json",
    ]

    answer = CliRunner().invoke(
        main, [*words, "--rules", str(tmp_path / "candidate.yaml")], catch_exceptions=False
    )

    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    (judged,) = (row for row in rows if row["rule"] == "dispute-judged-invalid")
    assert judged["sent_by"] == "rules in effect"
    assert judged["sent_at"][:10] == now.astimezone(paths.zone()).isoformat()[:10]


def arrived(mailbox, uid, raw, now):
    return Arrived(
        mailbox=mailbox,
        folder="INBOX",
        uidvalidity=1,
        uid=uid,
        internal_date=now,
        size=len(raw),
        raw=raw,
        header=b"",
    )
