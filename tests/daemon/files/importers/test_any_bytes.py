"""Whatever a file holds: events and faults, or one refusal. Never a traceback, never an event from
the future.
"""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.files.importers import read
from parsers.user_yaml import UserFileError

FOLDER = Path(__file__).parents[3] / "fixtures" / "imports"
FILES = sorted(path for path in FOLDER.iterdir() if not path.name.endswith(".expected.json"))
SEEN = datetime(2026, 6, 1, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
RELAXED = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def survives(path, raw):
    path.write_bytes(raw)
    try:
        imported = read(path, seen=SEEN, zone=TOKYO)
    except UserFileError as error:
        sentences = str(error).splitlines()
        assert len(sentences) == 1, sentences
        return
    assert all(event.at <= SEEN for event in imported.events)
    assert len({event.origin for event in imported.events}) == len(imported.events)


@RELAXED
@given(raw=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_refused_or_read(tmp_path, raw):
    survives(tmp_path / "any", raw)


@RELAXED
@given(data=st.data())
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_damaged_export_is_refused_or_read_without_its_bad_rows(tmp_path, path, data):
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        cut = data.draw(st.integers(0, 12))
        raw[at : at + cut] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"\t", b",", b'"', b"\n", b"9" * 40])
        )
    survives(tmp_path / path.name, bytes(raw))
