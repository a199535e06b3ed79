"""`teach`: a template that changed is taught by its mail, and taken back."""

import json

import pytest

from daemon.cli.exits import Exit
from tests.servers import sample_mail
from tests.servers.chat_model import KEY, chat_model

FIRST, SECOND, THIRD = (f"111-0000000-000000{number}" for number in (1, 2, 3))
PHRASE = "Handed over: {item}"


def handed_over(order, item, at):
    return sample_mail.amazon(f'Handed over: "{item}"', "Good day", f"Order # {order}", at=at)


@pytest.fixture
def shop(household):
    """Two mails of a template that changed, and one that begins like them and says the contrary."""
    household.take(
        sample_mail.placed(FIRST, at=household.now),
        handed_over(FIRST, "USB cable", household.now),
        handed_over(SECOND, "Blue kettle", household.now),
        sample_mail.amazon(
            "Handed over: Lamp could not be delivered", f"Order # {THIRD}", at=household.now
        ),
    )
    return household


@pytest.fixture
def pack(shop):
    return shop.folder / "packs" / "amazon" / "phrases" / "en.yaml"


def kinds(shop, order):
    [row] = shop.rows("order", order)
    return [step["kind"] for step in row["timeline"] if step["kind"] != "order.placed"]


def unread(shop):
    return sorted(row["mail"] for row in shop.rows("mails", "unread"))


def test_a_changed_template_is_taught_by_answers_and_every_mail_of_it_is_read(shop, pack):
    pack.parent.mkdir(parents=True)
    pack.write_text("# my own\nshipment.delivered:\n- subject: ['Left with Ann: {item}']  # hers\n")
    answer = shop.call("teach", "2", typed="1\nshipment.shiped\nshipment.shipped\n\ny\n")

    assert answer.exit_code == Exit.DONE
    assert "did you mean 'shipment.shipped'?" in answer.output
    assert (
        "of 4 kept mails 2 would be read otherwise\n  2 × unread → shipment.shipped"
        in answer.output
    )
    assert "it fits mail 4 too and would not be believed there: the gap {item}" in answer.output
    assert pack.read_text().startswith(
        "# my own\nshipment.delivered:\n- subject: ['Left with Ann: {item}']  # hers\n"
        f"shipment.shipped:\n- subject: ['{PHRASE}']  # taught 20"
    )
    assert (kinds(shop, FIRST), kinds(shop, SECOND)) == (["shipment.shipped"],) * 2
    assert unread(shop) == [4]


def test_what_was_taught_is_taken_back_and_another_kind_can_be_taught(shop, pack):
    shop.call("teach", "2", "--kind", "shipment.delivered", "--yes")
    taught = kinds(shop, FIRST)
    [undone] = shop.rows("teach", "--undo")
    after = kinds(shop, FIRST), unread(shop), pack.exists()
    shop.call("teach", "2", "--kind", "shipment.shipped", "--yes")

    assert taught == ["shipment.delivered"]
    assert (undone["kind"], undone["phrase"], undone["mails"]) == (
        "shipment.delivered",
        PHRASE,
        [2, 3],
    )
    assert after == (["mail.gist"], [2, 3, 4], False)
    assert kinds(shop, FIRST) == ["shipment.shipped"]


REFUSED = [
    (["4", "--kind", "shipment.delivered"], Exit.ERROR, "this is not written: it holds a negation"),
    (
        ["2", "--kind", "shipment.shipped", "--phrase", "Handed on"],
        Exit.ERROR,
        "this is not written: no line of",
    ),
    (["2"], Exit.USAGE, "say what the line means with --kind"),
    (["2", "--kind", "shipment.shipped", "--line", "9"], Exit.USAGE, "there are 2 lines"),
    (["1", "--kind", "shipment.shipped"], Exit.ERROR, "this mail is understood already"),
    (["99", "--kind", "shipment.shipped"], Exit.ERROR, "no mail has the number 99"),
    (["none.eml", "--kind", "shipment.shipped"], Exit.ERROR, "none.eml: no such file"),
    (["2", "--language", "xx"], Exit.ERROR, "the language 'xx' is not known"),
    (["2", "--ask"], Exit.CONFIGURATION, "no model is configured"),
    (["--undo"], Exit.ERROR, "nothing that was taught stands in "),
    (["2", "--undo"], Exit.USAGE, "say a mail or --undo, not both"),
    ([], Exit.USAGE, "say which mail"),
]


def test_a_wrong_call_is_one_sentence_and_changes_nothing(shop, pack):
    for words, code, told in REFUSED:
        answer = shop.call("teach", *words, "--yes")

        assert (answer.exit_code, answer.stderr[: len(told)]) == (code, told)
        assert answer.stderr.count("\n") == 1
    assert unread(shop) == [2, 3, 4]
    assert not pack.exists()


def test_a_phrase_that_reads_an_understood_mail_otherwise_is_refused_with_its_number(shop, pack):
    shop.take(
        sample_mail.amazon(
            'Handed over: "Lamp"', "Your package was shipped!", f"Order # {THIRD}", at=shop.now
        )
    )
    answer = shop.call("teach", "2", "--kind", "shipment.delivered", "--yes", "--json")
    row = json.loads(answer.stdout)

    assert answer.exit_code == Exit.ERROR
    assert row["refused"] == ["mail 5 says shipment.shipped and would say unread"]
    assert [change["mail"] for change in row["effect"]["changes"]] == [2, 3, 5]
    assert not pack.exists()


def test_a_file_is_taught_without_a_ledger_and_a_model_may_propose(
    household, tmp_path, monkeypatch
):
    (tmp_path / "a.eml").write_bytes(handed_over(FIRST, "Cat tree", household.now))
    monkeypatch.setenv("MODEL_KEY", KEY)
    config = household.paths.config
    with chat_model() as model:
        config.write_text(
            config.read_text()
            + f"teach: {{endpoint: '{model.endpoint}', model: small, key: {{env: MODEL_KEY}}}}\n"
        )
        model.content = json.dumps({"line": 1, "kind": "shipment.shipped", "phrase": PHRASE})
        model.status = 503
        failed = household.call("teach", str(tmp_path / "a.eml"), "--ask", "--yes")
        model.status = 200
        [row] = household.rows("teach", str(tmp_path / "a.eml"), "--ask", "--yes")

    assert (row["phrase"], row["kind"], row["written"]) == (PHRASE, "shipment.shipped", True)
    assert row["reads"]["notices"][0]["order_numbers"] == [FIRST]
    assert (failed.exit_code, failed.stderr) == (
        Exit.ERROR,
        f"the model at 127.0.0.1:{model.server_port} answered 503\n",
    )
