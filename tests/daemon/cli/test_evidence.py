"""`evidence` and `dossier --zip` on a ledger; wrong input is one sentence and leaves nothing."""

import hashlib
import json
import zipfile

import pytest
from PIL import Image

from daemon.cli.exits import Exit
from tests.servers import sample_mail

ORDER = "8100000000000001"


@pytest.fixture
def judged(household):
    household.take(sample_mail.judged(ORDER, at=household.now))
    return household


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "label.jpg"
    Image.new("RGB", (600, 400), "blue").save(path)
    return path


def kept(household):
    return [path for path in (household.folder / "state" / "evidence").rglob("*") if path.is_file()]


def test_a_file_is_kept_listed_checked_and_removed(judged, photo):
    added = judged.call("evidence", ORDER, "add", str(photo), "--reason", "damaged")
    [row] = judged.rows("evidence", ORDER, "list")
    check = judged.call("evidence", ORDER, "check", "--reason", "damaged")
    gone = judged.call("evidence", ORDER, "remove", "label.jpg")

    assert added.exit_code == Exit.DONE, added.output
    assert (row["file"], row["item"]) == ("label.jpg", "label")
    assert row["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert "  ☑ label: " in check.stdout
    assert "  ☐ parcel: " in check.stdout
    assert "the form takes 5 MB a photo" in check.stdout
    assert gone.stdout == "removed: label.jpg\n"
    assert kept(judged) == []
    assert judged.rows("evidence", ORDER, "list") == []


def test_undo_takes_back_that_it_was_kept(judged, photo):
    judged.call("evidence", ORDER, "add", str(photo))
    [told] = judged.rows("undo")
    judged.call("undo", "--last")

    assert told["what"] == f"Evidence kept, {ORDER}: label.jpg"
    assert judged.rows("evidence", ORDER, "list") == []


def test_what_was_taken_back_can_be_kept_again(judged, photo):
    judged.call("evidence", ORDER, "add", str(photo))
    judged.call("evidence", ORDER, "remove", "label.jpg")

    assert judged.call("evidence", ORDER, "add", str(photo)).exit_code == Exit.DONE
    assert len(judged.rows("evidence", ORDER, "list")) == 1


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((ORDER, "add"), Exit.USAGE, "add needs a file"),
        ((ORDER, "list", "x"), Exit.USAGE, "list takes no files"),
        ((ORDER, "add", "/none.jpg"), Exit.ERROR, "/none.jpg: no such file or directory"),
        ((ORDER, "remove", "../../config.yaml"), Exit.ERROR, "no evidence '../../config.yaml'"),
        ((ORDER, "check", "--reason", "damage"), Exit.ERROR, "no reason 'damage'; did you mean"),
        ((ORDER, "add", "{photo}", "--item", "lable", "--reason", "damaged"), Exit.ERROR, "no item"),
        (("8100000000000009", "list"), Exit.ERROR, "no order '8100000000000009'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(judged, photo, words, code, sentence):
    answer = judged.call("evidence", *(word.format(photo=photo) for word in words))

    assert answer.exit_code == code
    assert answer.stderr.startswith(sentence)
    assert answer.stderr.count("\n") == 1
    assert kept(judged) == []


def test_the_same_file_or_name_is_kept_once(judged, photo, tmp_path):
    judged.call("evidence", ORDER, "add", str(photo))
    same = judged.call("evidence", ORDER, "add", str(photo))
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "label.jpg"
    Image.new("RGB", (60, 40), "red").save(other)
    double = judged.call("evidence", ORDER, "add", str(other))

    assert "is kept already, as label.jpg" in same.stderr
    assert "another file called 'label.jpg' is kept" in double.stderr
    assert len(kept(judged)) == 2  # the file and its thumbnail


def test_what_the_form_does_not_take_is_told(judged, tmp_path):
    path = tmp_path / "receipt.pdf"
    path.write_bytes(b"x" * 5_100_000)
    answer = judged.call("evidence", ORDER, "add", str(path))

    assert answer.exit_code == Exit.DONE
    assert "receipt.pdf: has 5.1 MB; the form of aliexpress takes 5 MB" in answer.stderr


def test_the_zip_holds_page_mails_evidence_and_what_they_are(judged, photo, tmp_path):
    judged.call("evidence", ORDER, "add", str(photo))
    out = tmp_path / "d.zip"
    answer = judged.call("dossier", ORDER, "--zip", "-o", str(out))

    assert answer.exit_code == Exit.DONE, answer.output
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
        for row in manifest["files"]:
            assert hashlib.sha256(archive.read(row["name"])).hexdigest() == row["sha256"]
    assert names == [
        f"dossier-{ORDER}.html", "mails/mail-1.eml", "evidence/01-label.jpg", "manifest.json",
    ]  # fmt: skip
    assert manifest["order"] == ORDER
    assert [row["name"] for row in manifest["files"]] == names[:-1]


def test_a_zip_that_cannot_be_written_is_one_sentence(judged, tmp_path):
    answer = judged.call("dossier", ORDER, "--zip", "-o", str(tmp_path / "none" / "d.zip"))

    assert answer.exit_code == Exit.ERROR
    assert answer.stderr.count("\n") == 1
    assert list(tmp_path.glob("*.zip*")) == []
