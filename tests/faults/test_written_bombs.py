"""Row 24: files no person wrote. Each is refused with its place, soon; no text of a user is ever
run as a regex.
"""

import time
from datetime import UTC, datetime

import pytest

from daemon.settings import load as load_settings
from orders.subject import Subject
from parsers.pack import load as load_packs
from parsers.user_yaml import UserFileError
from rules.evaluate import evaluate
from rules.rulebook import load as load_rules

LAUGHS = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
FILES = {
    "aliases, 9 to the 9th": LAUGHS,
    "a map that holds itself": "a: &a {b: *a}\n",
    "merge keys": "a: &a {x: 1}\nb: {<<: *a}\n",
    "5,000 lists in lists": "version: " + "[" * 5000 + "]" * 5000,
    "5,000 maps in maps": "version: " + "{a: " * 5000 + "1" + "}" * 5000,
    "5,000 indents": "".join(" " * depth + "a:\n" for depth in range(1000)),
    "lists never closed": "[" * 900_000,
    "50 MB": "# a comment\n" * 4_200_000,
    "one line of 900 kB": "version: " + "x" * 900_000,
    "70,000 keys": "".join(f"k{number}: 1\n" for number in range(70_000)),
    "two documents": "version: 1\n---\nversion: 1\n",
    "a tag that makes objects": "version: !!python/object/apply:os.system ['true']\n",
    "a binary tag": "version: !!binary aGVsbG8=\n",
    "a number of 100,000 digits": "version: " + "9" * 100_000,
    "a date that does not exist": "version: 2026-99-99\n",
    "NUL": "version: 1\0\n",
    "UTF-16": "version: 1\n".encode("utf-16"),
    "an archive": b"PK\x03\x04" + bytes(range(256)) * 100,
    "the same key 10,000 times": "version: 1\n" * 10_000,
}
LOADERS = {"config": load_settings, "rules": load_rules}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_no_person_wrote_is_refused_soon_with_its_place(
    tmp_path, name, loader, record_property
):
    path = tmp_path / "written.yaml"
    content = FILES[name]
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)
    began = time.process_time()
    with pytest.raises(UserFileError) as refusal:
        LOADERS[loader](path)
    record_property("tried", 1)

    assert time.process_time() - began < 3
    assert all(str(fault).startswith(f"{path}") for fault in refusal.value.faults)
    assert len(str(refusal.value)) < 1_000_000


RULE = """\
version: 1
rules:
  - id: mine
    about: order
    when: {{order.title: {{contains: '{text}'}}}}
    severity: info
    title: Mine
"""


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+$",
        "(a|aa)+$",
        "[" + "a-z" * 3000 + "]",
        "^(.*)*$",
        "a" * 20_000,
        "\\\\" * 5000,
        "%s{0}{{}}",
    ],
)
def test_an_expression_in_a_rule_is_a_text_like_any_other(tmp_path, text, record_property):
    path = tmp_path / "rules.yaml"
    path.write_text(RULE.format(text=text))
    book = load_rules(path)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    titles = {"a" * 100_000 + "!": False, f"before {text} after": True}
    began = time.process_time()
    found = {
        title: any(
            one.holds
            for one in evaluate(
                book, [Subject(about="order", id="x", facts={"order.title": title})], now
            )
            if one.rule.id == "mine"
        )
        for title in titles
    }
    record_property("tried", 1)

    assert time.process_time() - began < 1
    assert found == titles or text == "a" * 20_000


@pytest.mark.parametrize(
    "text",
    ["(a+)+$ {item} (a|aa)+$", "x {item} " + " y {item} " * 300, "[[[[ {item}", "{item} " * 3],
)
def test_an_expression_in_a_phrase_is_a_text_like_any_other(tmp_path, text, record_property):
    folder = tmp_path / "amazon" / "phrases"
    folder.mkdir(parents=True)
    (folder / "en.yaml").write_text(
        f"order.placed:\n- proof: reconstructed\n  subject: ['{text}']\n"
    )
    from parsers.reader import Context, read
    from tests.servers import sample_mail

    began = time.process_time()
    try:
        library = load_packs(tmp_path)
    except UserFileError as refusal:
        refused = str(refusal)
    else:
        refused = None
        raw = sample_mail.amazon("x " + " y a" * 240 + "!")
        read(raw, Context(library=library, authserv_ids=(sample_mail.STAMP,)))
    record_property("tried", 1)

    assert refused is None or "en.yaml:3:" in refused
    assert time.process_time() - began < 5
