"""What a person reads comes in their language: the catalogues are whole, in step with the program, and
chosen as gettext chooses.
"""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.i18n import choose_language, configured_language, sentence, translations
from tests.catalogue import (
    CLICK,
    FOREIGN,
    SOURCES,
    fresh,
    marked,
    path,
    rendered,
    template,
    untranslated,
)

each = pytest.mark.parametrize("language", FOREIGN)


@each
@pytest.mark.parametrize("domain", SOURCES)
def test_every_message_is_translated(domain: str, language: str):
    assert untranslated(domain, language) == []


@each
@pytest.mark.parametrize("domain", SOURCES)
def test_the_files_are_as_the_program_is(domain: str, language: str):
    file = path(domain, language)
    assert (file.read_bytes(), file.with_suffix(".mo").read_bytes()) == rendered(
        domain, language
    ), "run: python -m tests.catalogue write"


@each
@pytest.mark.parametrize("domain", SOURCES)
def test_a_translation_fills_no_gap_that_the_message_lacks(domain: str, language: str):
    for one in fresh(domain, language):
        ids = [one.id] if isinstance(one.id, str) else list(one.id)
        strings = [one.string] if isinstance(one.string, str) else list(one.string or ())
        if one.id:
            known = {gap for text in ids for gap in _gaps(text)}
            assert {gap for text in strings if text for gap in _gaps(text)} <= known, one.id


def _gaps(text: str) -> set[str]:
    return set(re.findall(r"(?<!\{)\{(\w+)(?:![rs])?\}|%\(\w+\)s", text))


def test_click_still_says_what_is_translated_of_it():
    said = {
        message[0] if isinstance(message, tuple) else message
        for message in marked(Path(click.__file__).parent)
    }
    wanted = {message[0] if isinstance(message, tuple) else message for message in CLICK}
    assert wanted - said == set()


@pytest.mark.parametrize(
    ("configured", "environ", "expected"),
    [
        ("ja", {"LANG": "en_US.UTF-8"}, "ja"),
        ("en", {"LANG": "ja_JP.UTF-8"}, "en"),
        (None, {"LANG": "ja_JP.UTF-8"}, "ja"),
        (None, {"LANG": "ja_JP.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        (None, {"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja"),
        (None, {"LANG": "C.UTF-8", "LANGUAGE": "ja:en"}, "ja"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"LANG": "C"}, "en"),
        (None, {}, "en"),
        ("tlh", {"LANG": "ja_JP"}, "ja"),
    ],
)
def test_the_language_is_the_configured_one_then_that_of_the_environment(
    configured, environ, expected
):
    assert choose_language(configured, environ) == expected


def test_the_language_is_known_of_a_configuration_that_is_wrong_otherwise(tmp_path: Path):
    file = tmp_path / "config.yaml"
    file.write_text("version: 1\nlanguage: ja\nmailboxes: [\n")
    assert configured_language(file) == "ja"
    assert configured_language(tmp_path / "none.yaml") is None


def test_help_and_wrong_calls_are_in_the_language_of_the_terminal():
    said = CliRunner().invoke(main, ["--help"], env={"LANG": "ja_JP.UTF-8"}).output
    assert "注文を、最近動きのあった順に一覧にします。" in said
    assert "List orders" not in said
    wrong = CliRunner().invoke(main, ["orders", "--nope"], env={"LANG": "ja_JP.UTF-8"}).output
    assert "オプション '--nope' はありません。" in wrong
    assert (
        "No such option" in CliRunner().invoke(main, ["orders", "--nope"], env={"LANG": "C"}).output
    )


def test_a_line_of_help_is_no_wider_than_the_terminal():
    from daemon.cli.listing import width

    said = CliRunner().invoke(main, ["note", "--help"], env={"LANG": "ja_JP.UTF-8"}).output
    assert max(map(width, said.splitlines())) <= 80


def test_the_configuration_chooses_before_anything_else_of_it_is_read(tmp_path: Path):
    (tmp_path / "config.yaml").write_text("language: ja\n")
    call = ["--config", str(tmp_path / "config.yaml"), "orders", "--nope"]
    assert "使い方" in CliRunner().invoke(main, call, env={"LANG": "en_US.UTF-8"}).output


def test_a_template_names_its_gaps_by_what_stands_in_them():
    import ast

    node = (
        ast.parse("f'no mailbox {name!r} in {self.path}: {did_you_mean(name, known)}'")
        .body[0]
        .value
    )
    assert template(node) == "no mailbox {name} in {path}: {did_you_mean}"


def test_what_nobody_translated_comes_back_as_it_is():
    assert sentence("no such thing as this 12", "ja") == "no such thing as this 12"
    assert sentence("anything", "en") == "anything"
    assert translations("tlh", "terminal").gettext("no") == "no"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "no mailbox 'mian' in the configuration; did you mean 'main'?",
            "設定にメールボックス 'mian' はありません（もしかして：'main'）",
        ),
        (
            "/tmp/c.yaml: there is no ledger yet; it begins with: orderbell once",
            "/tmp/c.yaml：台帳がまだありません。orderbell once で作られます",
        ),
        (
            "config.yaml:3:5: unknown key 'porrt'; did you mean 'port'?",
            "config.yaml:3:5: キー 'porrt' はありません（もしかして：'port'）",
        ),
        (
            "mailbox main: 127.0.0.1:9 does not answer; check host: and port:, and the network",
            "メールボックス main：127.0.0.1:9 が応答しません。host: と port:、ネットワークを確認してください",
        ),
        (
            "a secret is one of {credential: …} {file: …} {env: …} {command: […]} {keyring: …}",
            "パスワード類は {credential: …} {file: …} {env: …} {command: […]} {keyring: …} のどれか1つで書いてください",
        ),
    ],
)
def test_a_filled_sentence_is_known_by_its_template(said, expected):
    assert sentence(said, "ja") == expected


def test_errors_and_empty_tables_are_in_the_language_of_the_terminal(tmp_path: Path):
    call = ["--config", str(tmp_path / "c.yaml"), "--state", str(tmp_path), "config", "check"]
    answer = CliRunner().invoke(main, call, env={"LANG": "ja_JP.UTF-8"})
    assert (
        answer.stderr == f"{tmp_path / 'c.yaml'}: ファイルがありません。orderbell init で作れます\n"
    )
