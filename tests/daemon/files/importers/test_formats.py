"""Each format's made file becomes exactly the events that lie beside it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from daemon.files.importers import read
from daemon.files.importers.formats import FORMATS
from orders.event import Source
from parsers.notice import Trust, fields_to_json

FOLDER = Path(__file__).parents[3] / "fixtures" / "imports"
FILES = sorted(path for path in FOLDER.iterdir() if not path.name.endswith(".expected.json"))
SEEN = datetime(2026, 6, 1, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


def told(path):
    imported = read(path, seen=SEEN, zone=TOKYO)
    return {
        "format": imported.format,
        "rows": imported.rows,
        "skipped": [line.replace(f"{path.parent}/", "") for line in imported.skipped],
        "events": [
            {
                "origin": event.origin,
                "kind": event.kind,
                "at": event.at.isoformat(),
                "orders": list(event.order_numbers),
                "tracking": list(event.tracking),
                "fields": fields_to_json(event.fields),
            }
            for event in imported.events
        ],
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_made_file_becomes_the_events_beside_it(path):
    expected = json.loads((FOLDER / f"{path.name}.expected.json").read_text(encoding="utf-8"))

    assert expected == told(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_made_files_have_no_faults(path):
    assert read(path, seen=SEEN, zone=TOKYO).faults == ()


def test_every_format_has_a_made_file():
    read_ones = {title for path in FILES for title in told(path)["format"].split(", Amazon “")[:1]}

    assert {one.title for one in FORMATS} - read_ones == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_second_import_gives_the_same_origins(path):
    first = read(path, seen=SEEN, zone=TOKYO).events
    later = read(path, seen=datetime(2026, 9, 1, tzinfo=UTC), zone=TOKYO).events

    assert [event.origin for event in first] == [event.origin for event in later]
    assert len({event.origin for event in first}) == len(first)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_person_card_phone_or_address_is_kept(path):
    private = (
        "Taro",
        "Hanako",
        "山田",
        "千代田",
        "Chiyoda",
        "100-0001",
        "090-0000",
        "4242",
        "@",
        "Happy birthday",
    )
    kept = repr(read(path, seen=SEEN, zone=TOKYO).events)

    assert [word for word in private if word in kept] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_a_file_says_is_marked_as_imported_and_never_lies_in_the_future(path):
    events = read(path, seen=SEEN, zone=TOKYO).events

    assert {Source.IMPORT} == {event.source for event in events}
    assert {Trust.VERIFIED} == {event.trust for event in events}
    assert all(event.at <= event.seen for event in events)


def test_the_same_order_from_two_exports_is_one_event():
    from_csv = {
        event.origin
        for event in read(FOLDER / "aliexpress-inventory.csv", seen=SEEN, zone=TOKYO).events
    }
    from_json = {
        event.origin
        for event in read(FOLDER / "aliexpress-inventory.json", seen=SEEN, zone=TOKYO).events
    }

    assert "import:aliexpress:buyer:8100000000000001#placed" in from_csv & from_json
