"""What rules would have sent for the mails the ledger holds: its own history under a virtual
clock.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.replay import Filed
    from daemon.store.ledger import Ledger
    from parsers.frame import Frame
    from rules.difference import Sending


def sendings(places: Paths, rules: Path | None, back: timedelta) -> "list[Sending]":
    """What the rules of the file (None: those in effect) would have sent in the last `back`, oldest
    first.
    """
    from daemon.replay import replay
    from daemon.worker.reading import inline
    from orders.event import Source
    from parsers.frame import Frame
    from rules.alert import Cause, Severity
    from rules.difference import Sending

    now = datetime.now(UTC)
    setup = places.setup(rules=rules)
    settings = places.settings_if_any()
    target = settings.targets[0] if settings and settings.targets else None
    frame = setup.frame(setup.mailboxes[0].id) if setup.mailboxes else Frame(zone=places.zone())
    with places.ledger() as ledger:
        filed = tuple(_stored(ledger, {box.id: setup.frame(box.id) for box in setup.mailboxes}))
        told = [event for event in ledger.all_events() if event.source is not Source.MAIL]
        rung = replay(
            filed, setup, inline(places.packs), frame, orders=told, until=now, target=target
        )
        return [
            Sending(
                at=one.at,
                rule=one.rule,
                subject=",".join(one.orders),
                cause=Cause(one.state),
                severity=Severity(one.severity),
                title=one.title,
            )
            for one in rung
            if one.at >= now - back
        ]


def sent(places: Paths, back: timedelta) -> "list[Sending]":
    """What really reached a target in the last `back`, as the outbox says; titles are not kept
    apart there.
    """
    from rules.difference import Sending

    since = datetime.now(UTC) - back
    with places.ledger() as ledger:
        return [
            Sending(
                at=at,
                rule=row.row.alert.rule,
                subject=",".join(row.row.alert.orders),
                cause=row.cause,
                severity=row.row.alert.severity,
            )
            for row, at in ledger.alerts.sent_since(since)
        ]


def _stored(ledger: "Ledger", frames: "Mapping[str, Frame]") -> "Iterator[Filed]":
    """Every mail with its text, to be read as those of its mailbox are."""
    from daemon.replay import Filed

    for number in ledger.mails.kept():
        row = ledger.mails.get(number)
        load, frame = partial(_raw, ledger, number), frames.get(row.place.mailbox)
        yield Filed(name=str(number), at=row.arrived, load=load, frame=frame)


def _raw(ledger: "Ledger", number: int) -> bytes:
    return ledger.mails.raw(number) or b""
