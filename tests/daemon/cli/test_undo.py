"""`undo`, and `mails reread --all` after a stamp was mended."""

import pytest

from daemon.cli.exits import Exit
from tests.servers import sample_mail

ORDER = "8100000000000001"


@pytest.fixture
def told(household):
    """A note, then an acknowledged alert."""
    household.take(sample_mail.judged(ORDER, at=household.now))
    household.call("note", ORDER, "promise", "--text", "a new one comes")
    [alert, *_] = household.rows("alerts")
    household.call("ack", str(alert["alert"]))
    return household


def test_what_was_told_is_listed_newest_first(told):
    ack, note = told.rows("undo")

    assert (ack["kind"], note["kind"]) == ("ack", "note")
    assert ack["what"].startswith("acknowledged: alert ")
    assert note["what"] == f"Promise, {ORDER}: a new one comes"
    assert (note["by"], note["orders"]) == ("terminal", [ORDER])


def test_the_last_is_taken_back(told):
    answer = told.call("undo", "--last")

    assert (answer.exit_code, answer.stdout.split(":")[0]) == (Exit.DONE, "taken back")
    assert [row["kind"] for row in told.rows("undo")] == ["note"]
    assert "acked" not in [row["state"] for row in told.rows("alerts")]


def test_one_is_chosen_by_its_number(told):
    number = told.rows("undo")[1]["number"]
    [row] = told.rows("undo", str(number))
    [order] = told.rows("order", ORDER)

    assert (row["number"], row["changed"]) == (number, [ORDER])
    assert [step["kind"] for step in order["timeline"]] == ["dispute.judged"]


def test_a_number_that_is_not_in_the_list_is_told(told):
    answer = told.call("undo", "4711")

    assert (answer.exit_code, answer.stderr) == (
        Exit.ERROR,
        "nothing that was told has the number 4711; orderbell undo lists it\n",
    )


def test_nothing_to_take_back_is_told(household):
    household.take(sample_mail.judged(ORDER, at=household.now))

    assert household.call("undo").stderr == "you have told nothing that could be taken back\n"
    assert household.call("undo", "--last").exit_code == Exit.ERROR


def test_a_number_and_last_are_not_said_together(told):
    assert told.call("undo", "1", "--last").exit_code == Exit.USAGE


def test_an_import_is_listed_with_its_file_and_taken_back(household, tmp_path):
    (tmp_path / "mine.csv").write_text(
        "Order ID,Order Date,Title,Qty,Store,Status,Product ID\r\n"
        f"{ORDER},2026-03-02,Blue kettle,1,Kettles,Completed,1005\r\n"
    )
    household.call("import", str(tmp_path / "mine.csv"))
    [row] = household.rows("undo")
    household.call("undo", str(row["number"]))

    assert row["what"] == "mine.csv: 2 entries of 1 orders"
    assert household.rows("orders", "--all") == []


def test_trust_is_judged_anew_from_stored_headers(household):
    config = household.paths.config
    right = config.read_text()
    config.write_text(right.replace(sample_mail.STAMP, "mx.stranger.example"))
    household.take(sample_mail.judged(ORDER, at=household.now))
    config.write_text(right)
    answer = household.call("mails", "reread", "--all")
    [order] = household.rows("order", ORDER)

    assert "mail 1: notices (verified, was unverified)" in answer.stdout
    assert [step["trust"] for step in order["timeline"]] == ["verified"]
    assert household.call("mails", "reread", "--all").stdout == ""
