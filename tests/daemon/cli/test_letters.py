"""`letter` and `letters` on a ledger: shown, copied, noted, taken back; wrong input is a sentence."""

import os
from pathlib import Path

import pytest

from daemon.cli.exits import Exit
from tests.servers import sample_mail

ORDER = "8100000000000001"
FACTS = [
    option
    for fact in ("request=reject", "reason_1=return_long", "reason_2=history", "reason_3=refund")
    for option in ("--fact", fact)
]


@pytest.fixture
def judged(household):
    household.take(sample_mail.judged(ORDER, at=household.now))
    return household


def test_a_letter_is_shown_with_the_mail_behind_each_fact(judged):
    answer = judged.call("letter", ORDER, "appeal", "--language", "ja", *FACTS)

    assert answer.exit_code == Exit.DONE, answer.output
    assert f"I want to appeal the dispute result. Order number: {ORDER}." in answer.stdout
    assert "  紛争の結果に異議を申し立てます。" in answer.stdout
    assert f"  order: {ORDER} – メール" in answer.stdout
    assert judged.rows("undo") == []


def test_a_letter_that_is_used_is_noted_and_the_note_taken_back(judged, tmp_path):
    answer = judged.call("letter", ORDER, "appeal", "--copy", str(tmp_path / "a.txt"), *FACTS)
    [note] = judged.rows("undo")
    before = [step["kind"] for step in judged.rows("order", ORDER)[0]["timeline"]]
    judged.call("undo", "--last")

    assert answer.exit_code == Exit.DONE, answer.output
    assert (tmp_path / "a.txt").read_text().startswith("I want to appeal")
    assert (note["kind"], note["what"]) == ("note", f"Letter made ready, {ORDER}: appeal")
    assert "letter" in before
    assert "letter" not in [step["kind"] for step in judged.rows("order", ORDER)[0]["timeline"]]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((ORDER, "apeal"), Exit.ERROR, "no letter 'apeal'; did you mean 'appeal'?"),
        ((ORDER, "../../etc/passwd"), Exit.ERROR, "no letter '../../etc/passwd'"),
        ((ORDER, "appeal"), Exit.ERROR, "letter 'appeal' needs request ("),
        ((ORDER, "appeal", "--fact", "x"), Exit.USAGE, "--fact 'x': write NAME=TEXT"),
        ((ORDER, "appeal", "--fact", "z=1"), Exit.ERROR, "this letter has no fact 'z'"),
        (("8100000000000009", "appeal"), Exit.ERROR, "no order '8100000000000009'"),
        ((ORDER, "claim-answer"), Exit.ERROR, "letter 'claim-answer' is for amazon, as seller"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(judged, words, code, sentence):
    answer = judged.call("letter", *words)

    assert (answer.exit_code, answer.stdout) == (code, "")
    assert answer.stderr.startswith(sentence)
    assert answer.stderr.count("\n") == 1


def test_a_full_disk_leaves_no_half_letter_and_no_note(judged):
    answer = judged.call("letter", ORDER, "appeal", "--copy", "/dev/full", *FACTS)
    nowhere = judged.call("letter", ORDER, "appeal", "--copy", "/proc/none/a.txt", *FACTS)

    assert (answer.exit_code, nowhere.exit_code) == (Exit.ERROR, Exit.ERROR)
    assert "no such file or directory" in nowhere.stderr
    assert judged.rows("undo") == []


def test_the_letters_are_listed_with_the_users_own(judged):
    own = judged.folder / "letters"
    own.mkdir()
    (own / "mine.yaml").write_text(
        "title: {en: Mine}\nform: aliexpress-message\ntext: [{en: 'Hello {order}'}]\n"
    )
    rows = {row["letter"]: row for row in judged.rows("letters", "list")}

    assert rows["mine"]["yours"]
    assert not rows["appeal"]["yours"]
    assert f"Hello {ORDER}" in judged.call("letter", ORDER, "mine").stdout


def test_a_full_disk_is_a_sentence_and_leaves_neither_file_nor_note(judged, tmp_path, monkeypatch):
    copy = tmp_path / "a.txt"

    def full(number, mode):
        os.close(number)
        return Path("/dev/full").open(mode)

    monkeypatch.setattr("daemon.atomic.os.fdopen", full)
    answer = judged.call("letter", ORDER, "appeal", "--copy", str(copy), *FACTS)

    assert answer.exit_code == Exit.ERROR
    assert "no space left on device" in answer.stderr.lower()
    assert "Traceback" not in answer.output
    assert list(tmp_path.glob("*a.txt*")) == []
    assert judged.rows("undo") == []
