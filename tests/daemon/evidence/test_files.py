"""Evidence is copied whole or not at all, and nothing hostile is unpacked."""

import hashlib
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from daemon.evidence.checklist import checklists, item_of, reason_of
from daemon.evidence.files import EvidenceError, EvidenceFolder
from tests.orders.events import AZ, said, seen, sold

KEY = "aliexpress:buyer:8100000000000001"


@pytest.fixture
def folder(tmp_path):
    return EvidenceFolder(tmp_path / "state", KEY)


def left(folder):
    return sorted(path.name for path in folder.root.rglob("*") if path.is_file())


def photo(path: Path, size=(800, 600), **more):
    Image.new("RGB", size, "red").save(path, **more)
    return path


def bomb(path: Path, side):
    """A PNG of a few bytes that would unpack to gigabytes."""

    def chunk(kind, body):
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    return path


def test_a_photo_is_kept_as_it_is_with_a_thumbnail(folder, tmp_path):
    source = photo(tmp_path / "label.jpg")
    kept = folder.keep(source)

    assert kept.path.read_bytes() == source.read_bytes()
    assert kept.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert kept.path.stat().st_mode & 0o777 == 0o600
    with Image.open(folder.thumbnail_of(kept.sha256)) as small:
        assert small.size == (320, 240)


def test_a_thumbnail_tells_no_place(folder, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "at home"
    kept = folder.keep(photo(tmp_path / "a.jpg", exif=exif))

    with Image.open(folder.thumbnail_of(kept.sha256)) as small:
        assert not small.getexif()


@pytest.mark.parametrize("name", ["receipt.pdf", "unboxing.mp4", "ohne"])
def test_what_is_no_image_is_kept_without_one(folder, tmp_path, name):
    (tmp_path / name).write_bytes(b"%PDF-1.4")
    kept = folder.keep(tmp_path / name)

    assert not kept.thumbnail
    assert len(left(folder)) == 1


@pytest.mark.parametrize("side", [11_000, 60_000])
def test_an_image_bomb_is_refused_and_nothing_is_left(folder, tmp_path, side):
    with pytest.raises(EvidenceError, match="would unpack to more than 100 million pixels"):
        folder.keep(bomb(tmp_path / "b.png", side))
    assert left(folder) == []


def test_two_gigabytes_are_refused_before_a_byte_is_read(folder, tmp_path):
    with (tmp_path / "film.mp4").open("wb") as file:
        file.truncate(2_000_000_000)

    with pytest.raises(EvidenceError, match=r"has 2000\.0 MB; at most 500\.0 MB are kept"):
        folder.keep(tmp_path / "film.mp4")
    assert left(folder) == []


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda path: path.write_bytes(b"no picture"), "is no picture that can be opened"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.mkdir(), "is no file"),
        (os.mkfifo, "is no file"),
    ],
)
def test_what_is_no_picture_is_refused(folder, tmp_path, make, fault):
    make(tmp_path / "a.png")

    with pytest.raises(EvidenceError, match=fault):
        folder.keep(tmp_path / "a.png")
    assert left(folder) == []


def test_a_truncated_photo_is_refused(folder, tmp_path):
    source = photo(tmp_path / "a.jpg")
    source.write_bytes(source.read_bytes()[:400])

    with pytest.raises(EvidenceError, match="is no picture"):
        folder.keep(source)


def test_a_full_disk_leaves_nothing(folder, tmp_path, monkeypatch):
    def full(_number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        folder.keep(photo(tmp_path / "a.jpg"))
    assert left(folder) == []


def test_a_file_larger_than_what_is_free_is_refused(folder, tmp_path, monkeypatch):
    free = type("Usage", (), {"free": 10})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: free)

    with pytest.raises(EvidenceError, match=r"0\.0 MB are free"):
        folder.keep(photo(tmp_path / "a.jpg"))


def test_names_are_no_paths(tmp_path):
    folder = EvidenceFolder(tmp_path, "amazon:buyer:../../249")

    assert folder.folder.parent == tmp_path
    with pytest.raises(EvidenceError, match="is no SHA-256"):
        folder.drop("../../../etc/passwd", "x")


def test_a_changed_or_lost_file_is_noticed(folder, tmp_path):
    kept = folder.keep(photo(tmp_path / "a.jpg"))
    assert folder.changed(kept.sha256, "a.jpg") == ""
    kept.path.write_bytes(b"other")
    assert "was changed" in folder.changed(kept.sha256, "a.jpg")
    folder.drop(kept.sha256, "a.jpg")
    assert "is gone" in folder.changed(kept.sha256, "a.jpg")
    assert left(folder) == []


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([said("order.placed", 0), said("contacted_seller", 9, text="the lamp is broken")], "damaged"),
        ([said("order.placed", 0), said("wrong_item", 9)], "wrong_item"),
        ([said("order.placed", 0), said("parcel_not_here", 9)], "not_received"),
        ([said("order.placed", 0), said("shipment.shipped", 2)], "not_received"),
        ([said("order.placed", 0)], "not_received"),
        ([said("order.placed", 0), said("shipment.delivered", 9)], "not_as_described"),
        ([said("order.placed", 0), said("return.shipped", 9)], "not_as_described"),
    ],
)  # fmt: skip
def test_the_likeliest_reason_is_offered(events, reason):
    assert reason_of(seen(*events)) == reason


def test_a_seller_has_a_list_of_his_own():
    assert reason_of(seen(sold("order.placed", 0), number=AZ)) == "seller"


def test_a_name_says_what_a_file_shows():
    damaged = checklists().reasons["damaged"]

    assert item_of("Label-2.JPG", damaged) == "label"
    assert item_of("IMG_0001.jpg", damaged) == ""
    assert all(one.said("ja") for lists in checklists().reasons.values() for one in lists.items.values())  # fmt: skip
