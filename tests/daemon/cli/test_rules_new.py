"""`rules new`: a rule to begin with, in the user's file, and what it would have rung for."""

import stat

import pytest

from tests.servers import sample_mail

AMAZON = "249-0000000-0000001"
KEPT = "# mine\r\nversion: 1\r\ndisable: [unknown-order]   # dull\r\n"


def test_the_rule_is_written_behind_what_stood_there_and_said(household):
    file = household.folder / "rules.yaml"
    file.write_bytes(KEPT.encode())
    file.chmod(0o640)

    said = household.call("rules", "new", "hers", "--about", "shipment", "--severity", "info")

    assert said.exit_code == 0, said.output
    text = file.read_bytes().decode()
    assert text.startswith(KEPT)
    assert text.count("\n") == text.count("\r\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert f"{file}:6: the rule is written; change it there" in said.output
    assert "  about: shipment\n" in said.output
    assert "in the last 90 days it would not have rung" in said.output
    assert household.call("rules", "check").exit_code == 0
    assert [row["severity"] for row in household.rows("rules", "list") if row["id"] == "hers"] == [
        "info"
    ]


def test_it_says_what_it_would_have_rung_for(household):
    household.take(
        sample_mail.amazon("A word about your order", f"Order # {AMAZON}", at=household.now)
    )

    said = household.call("rules", "new", "to-look-at", "--about", "mail")

    assert "in the last 90 days it would have rung 1 times:" in said.output
    assert "A mail to look at: " in said.output


@pytest.mark.parametrize(
    ("before", "name", "code", "sentence"),
    [
        ("", "shipped", 2, "there is already a rule 'shipped' (defaults.yaml:"),
        ("", "Not Good", 2, "an id is small letters, digits and '-'"),
        ("version: 1\nrules: [{id: x}]\n", "mine", 4, "rules.yaml:2:"),
        ("version: 1\ndisabel: []\n", "mine", 4, "did you mean 'disable'?"),
    ],
)
def test_where_it_cannot_be_written_nothing_is(household, before, name, code, sentence):
    file = household.folder / "rules.yaml"
    if before:
        file.write_text(before)

    said = household.call("rules", "new", name)

    assert said.exit_code == code, said.output
    assert sentence in said.stderr
    assert (file.read_text() if file.exists() else "") == before


def test_a_second_one_of_that_name_is_refused_and_the_first_kept(household):
    household.call("rules", "new", "mine", "--about", "refund")
    before = (household.folder / "rules.yaml").read_bytes()

    said = household.call("rules", "new", "mine")

    assert said.exit_code == 2
    assert "there is already a rule 'mine'" in said.stderr
    assert (household.folder / "rules.yaml").read_bytes() == before


def test_it_is_said_in_japanese_too(household):
    config = household.paths.config
    config.write_text(config.read_text() + "language: ja\n")

    said = household.call("rules", "new", "mine")

    assert "ルールを書き込みました" in said.output
    assert "すべて満たすと鳴ります" in (household.folder / "rules.yaml").read_text()
    assert "過去 90 日間では鳴りませんでした" in said.output
