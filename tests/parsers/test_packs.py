"""Guards of the packs: proved or said to be a guess, no theft between kinds, no branches, hooks of
at most a screen.
"""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

import parsers
from parsers import mail as mime
from parsers.body import Page
from parsers.dates import Clock
from parsers.notice import Proof
from parsers.pack import phrases, shipped
from parsers.phrase import fold
from tests.coverage_table import carried
from tests.golden import FIXTURES, actual, expected, mails

PACKS = Path(parsers.__file__).parent / "packs"


@cache
def met():
    """For every golden mail of a marketplace: its expected kinds, and the phrases that it meets."""
    rows = []
    for mail in mails():
        wanted = expected(mail)
        pack = shipped().pack(wanted.get("marketplace", ""))
        if pack is None or wanted["trust"] in ("forged", "forwarded"):
            continue
        letter = mime.parse(mail.read_bytes())
        sayings = []
        for text in (letter.text, letter.rich):
            page = Page(
                pack=pack,
                subject=letter.subject,
                text=text,
                clock=Clock(
                    today=letter.date.date() if letter.date else None, zone=None, numeric=None
                ),
                dollar="USD",
            )
            sayings += [(hit.phrase, hit.value) for hit in page.subjects]
            sayings += [(hit.phrase, hit.value) for _, hit in page.headlines]
        rows.append((mail, {notice["kind"] for notice in wanted.get("notices", [])}, sayings))
    return rows


def test_every_phrase_is_proved_by_a_golden_mail_or_said_to_be_a_guess():
    proved = {phrase.source + phrase.written for _, _, sayings in met() for phrase, _ in sayings}

    unproved = [
        f"{phrase.source}: {phrase.written!r} ({saying.kind.value}) needs a golden mail, or guess:"
        for pack in shipped().packs
        for phrase, saying in phrases(pack)
        if saying.proof is not Proof.GUESS and phrase.source + phrase.written not in proved
    ]

    assert unproved == []


def test_no_phrase_claims_another_kinds_golden_mail():
    thefts = [
        f"{phrase.source}: {phrase.written!r} claims {mail.name} for {saying.kind.value}"
        for mail, kinds, sayings in met()
        for phrase, saying in sayings
        if saying.where == "subject" and not saying.vague and saying.kind.value not in kinds
    ]

    assert thefts == []


def test_no_two_kinds_share_a_subject_unless_the_senders_role_tells_them_apart():
    kinds = defaultdict(set)
    for pack in shipped().packs:
        for phrase, saying in phrases(pack):
            if saying.where == "subject" and not saying.vague:
                kinds[
                    pack.marketplace, fold(re.sub(r"\{\w+\}", "{}", phrase.written)), saying.role
                ].add(saying.kind.value)

    assert {key: found for key, found in kinds.items() if len(found) > 1} == {}


def test_every_kind_of_marketplace_mail_has_phrases_in_english_and_japanese():
    missing = []
    for pack in shipped().packs:
        have = {(saying.kind.value, saying.language) for _, saying in phrases(pack)}
        for kind in carried(pack.marketplace):
            missing += [
                (pack.marketplace, kind, code) for code in ("en", "ja") if (kind, code) not in have
            ]

    assert missing == []


@pytest.mark.parametrize(
    "path", sorted(PACKS.rglob("*.yaml")), ids=lambda path: str(path.relative_to(PACKS))
)
def test_a_pack_file_cannot_branch(path):
    words = re.findall(
        r"^\s*-?\s*(if|when|unless|else|for|each|include|extends|inherit|merge|pattern|regex)\s*:",
        path.read_text("utf-8"),
        re.MULTILINE,
    )

    assert words == []


def test_a_hook_fits_on_a_screen():
    functions = [
        (path, node.name, node.end_lineno - node.lineno + 1)
        for path in sorted(PACKS.rglob("hooks.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]

    assert functions
    assert [function for function in functions if function[2] > 40] == []


@pytest.mark.parametrize(
    "mail", sorted((FIXTURES / "ham").glob("*.eml")), ids=lambda mail: mail.stem
)
def test_nothing_fires_on_ham(mail):
    wanted = expected(mail)

    assert "notices" not in actual(mail, wanted)


def test_an_unknown_wording_is_unread_and_never_a_wrong_kind():
    unknown = [mail for mail in mails() if mail.name.startswith("unread-")]

    assert len(unknown) >= 10
    assert {actual(mail, expected(mail))["outcome"] for mail in unknown} == {"unread"}
