import json

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.exits import Exit

CONFIG = """\
version: 1
mailboxes:
  - {{id: main, provider: gmail, user: me@example.org, password: {{env: P}}}}
targets:
  - {{id: phone, url: {{env: PHONE_URL}}, language: {language}}}
"""


@pytest.fixture
def notify(tmp_path, monkeypatch):
    def call(url, *words, language="en"):
        (tmp_path / "c.yaml").write_text(CONFIG.format(language=language))
        monkeypatch.setenv("PHONE_URL", url)
        return CliRunner().invoke(
            main, ["--config", str(tmp_path / "c.yaml"), "notify", "test", *words]
        )

    return call


@pytest.mark.parametrize(("language", "word"), [("en", "test"), ("ja", "テスト")])
def test_a_test_message_arrives_in_the_language_of_its_target(notify, http_sink, language, word):
    answer = notify(f"json://127.0.0.1:{http_sink.port}/", language=language)

    assert (answer.exit_code, answer.stdout) == (Exit.DONE, "phone: sent\n")
    assert word in json.loads(http_sink.requests[0].body)["title"]


def test_a_target_that_refuses_is_told_with_the_delivery_code(notify):
    answer = notify("json://127.0.0.1:9/")

    assert answer.exit_code == Exit.DELIVERY
    assert answer.stderr.startswith("phone: ")


def test_an_url_that_is_none_is_told_without_being_shown(notify):
    answer = notify("hunter2-no-url")

    assert answer.exit_code == Exit.DELIVERY
    assert "hunter2" not in answer.output


def test_a_missing_secret_says_where_it_was_looked_for(notify, monkeypatch):
    answer = notify("")

    assert answer.exit_code == Exit.DELIVERY
    assert "environment variable PHONE_URL is not set" in answer.stderr


def test_a_misspelt_target_gets_a_suggestion(notify):
    answer = notify("json://127.0.0.1:9/", "phnoe")

    assert (answer.exit_code, answer.stderr) == (
        Exit.USAGE,
        "no target 'phnoe' in the configuration; did you mean 'phone'?\n",
    )
