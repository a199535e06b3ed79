"""`rules replay` over a ledger of two mailboxes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from daemon import child
from daemon.cli.history import sendings
from daemon.cli.places import Places
from daemon.mailbox.arrived import Arrived
from daemon.pipeline.pipeline import Pipeline
from tests.servers import letters

BOXES = f"""\
version: 1
mailboxes:
  - {{id: bought, host: imap.example.org, user: me, password: {{env: X}}, authserv_ids: [{letters.STAMP}]}}
  - {{id: sold, host: imap.example.org, user: you, password: {{env: X}}, authserv_ids: [{letters.STAMP}], role: seller}}
"""


def test_each_mail_is_read_as_those_of_its_own_mailbox(tmp_path, monkeypatch):
    (tmp_path / "config.yaml").write_text(BOXES)
    places = Places(given_config=tmp_path / "config.yaml", given_state=tmp_path / "state")
    now, reads, roles = datetime.now(UTC), child.inline(None), []
    with places.store() as store:
        pipeline = Pipeline(store, places.setup(), reads)
        for uid, mailbox in enumerate(("bought", "sold"), start=1):
            raw = letters.judged(f"810000000000000{uid}", at=now - timedelta(days=1))
            pipeline.take(pipeline.begin_poll(mailbox, backfill=timedelta(days=9)), arrived(mailbox, uid, raw, now))

    def noted(packs: Path | None) -> child.Reads:
        def read(raw: bytes, frame: child.Frame):
            roles.append(frame.role)
            return reads(raw, frame)

        return read

    monkeypatch.setattr(child, "inline", noted)
    sendings(places, None, timedelta(days=9))

    assert sorted(roles) == ["buyer", "seller"]


def arrived(mailbox, uid, raw, now):
    return Arrived(
        mailbox=mailbox, folder="INBOX", uidvalidity=1, uid=uid, internal_date=now, size=len(raw), raw=raw, header=b""
    )
