"""Row 26: 24 hours with random faults. Nothing lost, the ledger right, repeats only where an answer
was lost.
"""

import gc
import hashlib
import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.pipeline.deliver import NO_LONGER, PERHAPS
from daemon.store.outbox import OutboxState
from tests.faults.simulated_day import Day

MARK = PERHAPS["en"]
OURS = ("order", "dispute", "shipment", "case", "watch", "finding")


DAY = re.compile(r"\d{4}-\d\d-\d\d")


def named(text: str) -> str:
    """An id without its day: a mail of the bad day may be written minutes away, and past
    midnight.
    """
    return DAY.sub("day", text)


def outcome(day: Day) -> dict[str, object]:
    """What must be the same on a good and on a bad day."""
    with day.store.read() as ledger:
        return {
            "events": sorted(event.origin for event in ledger.all_events()),
            "orders": sorted((row.key, row.status, row.title) for row in ledger.orders.listed()),
            "watches": sorted(
                (row.order_key, named(row.id), row.state)
                for row in ledger.orders.watches(open_only=False)
            ),
            "findings": sorted((row.order_key, named(row.id)) for row in ledger.orders.findings()),
            "alerts": sorted(
                (row.alert.rule, named(row.alert.subject))
                for row in ledger.alerts.all_live()
                if row.alert.about in OURS
            ),
        }


def lost(day: Day) -> list[str]:
    """Mails without an end, messages that reached nobody, news that were never told."""
    with day.store.read() as ledger:
        rows = ledger.mails.listed(limit=100_000)
        digests = {row.digest for row in rows}
        found = [f"mail {row.place} is {row.state}" for row in rows if row.state == "new"]
        outbox = ledger.outbox.listed(limit=100_000)
        untold = [
            row
            for row in ledger.alerts.all_live()
            if row.alert.about in OURS and row.alert.told_at is None
        ]
    private = sum(b"friend@example.net" in raw for raw in day.shown)
    ours = [raw for raw in day.shown if b"friend@example.net" not in raw]
    found += [
        f"no row for a mail of {raw[:600]!r}"
        for raw in ours
        if hashlib.sha256(raw).hexdigest() not in digests
    ]
    if sum(row.digest is None for row in rows) < private:
        found.append("private mails without a row")
    found += [
        f"never told: {row.alert.rule} {row.alert.subject}"
        for row in untold
        if row.alert.state == "firing"
    ]
    for row in outbox:
        got = {key for key, _ in day.targets[row.target].got}
        if row.state is OutboxState.DEAD and row.error == NO_LONGER:
            continue
        if row.state not in (OutboxState.SENT, OutboxState.FOLDED):
            found.append(f"message {row.key} for {row.target} is {row.state}: {row.error}")
        elif row.state is OutboxState.SENT and row.key not in got:
            found.append(f"message {row.key} never came to {row.target}")
    return found


def wrongly_doubled(day: Day) -> list[str]:
    found = []
    for name, target in day.targets.items():
        for key, times in target.doubled().items():
            texts = [text for one, text in target.got if one == key]
            if times > target.answers_lost[key]:
                found.append(
                    f"{name} got {key} {times} times too often, {target.answers_lost[key]} answers"
                    " were lost"
                )
            found += [
                f"{name}: a repeat without a mark: {text[:80]}"
                for text in texts[1:]
                if MARK not in text
            ]
    return found


def resident() -> int:
    """Kilobytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("hours", "seed"),
    [
        (3, 0),
        *(
            pytest.param(24, seed, marks=[pytest.mark.soak, pytest.mark.timeout(600)])
            for seed in (1, 2, 3)
        ),
    ],
)
def test_a_bad_day_ends_like_a_good_one(tmp_path, hours, seed, record_property):
    days = []
    for name, evil in (("good", 0.0), ("bad", 1.0)):
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        days.append(Day(folder, seed, evil))
    good, bad = days
    for day in days:
        day.run(timedelta(hours=hours))
        day.settle()
    latest = max(day.now for day in days)  # the bad day's clock may have gone ahead
    for day in days:
        day.now = latest
        day.run(timedelta(hours=1))
    doubled = sum(target.doubled().total() for target in bad.targets.values())
    record_property("tried", bad.faults.total())
    record_property("lost", len(lost(bad)))
    record_property("doubled", doubled)

    assert (lost(good), wrongly_doubled(good)) == ([], [])
    assert lost(bad) == []
    assert wrongly_doubled(bad) == []
    assert outcome(bad) == outcome(good)
    assert bad.faults.total() > 10 * hours
    for day in days:
        day.close()


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_bad_day_leaves_nothing_behind(tmp_path, record_property):
    tmp_path.chmod(0o700)
    day = Day(tmp_path, 7, 1.0)
    day.run(timedelta(hours=6))
    gc.collect()
    before = resident(), descriptors(), threading.active_count()
    day.run(timedelta(hours=18))
    gc.collect()
    after = resident(), descriptors(), threading.active_count()
    day.close()
    for name, value in (
        ("memory_before_kb", before[0]),
        ("memory_after_kb", after[0]),
        ("descriptors", after[1]),
    ):
        record_property(name, value)
    record_property("tried", day.faults.total())

    assert after[0] - before[0] < 10_000
    assert after[1:] == before[1:]
