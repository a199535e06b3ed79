import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.push import sanitize

WHATEVER = st.text(alphabet=st.characters(codec=None), max_size=300)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Mug, blue", "Mug, blue"),
        ("Mug\r\nSubject: yours\0", "Mug Subject: yours"),
        ("Mug\u202egum\u2069\u200b!", "Muggum!"),
        ("see https://evil.example/x?y=1 now", "see [link] now"),
        ("www.evil.example", "[link]"),
        ("mailto:me@evil.example", "[link]"),
        ("javascript:alert(1)", "[link]"),
        ("from evil.example", "from evil\u2024example"),
        ("USB 3.0 cable 1.5m", "USB 3.0 cable 1.5m"),
        ("@everyone buy", "@\u200beveryone buy"),
        ("me@example", "me@example"),
        ("<!channel>", "<\u200b!channel>"),
        ("<@U1>", "<\u200b@\u200bU1>"),
        ("[click](x)", "[click]\u200b(x)"),
        ("注文した商品", "注文した商品"),
        ("か\u3099", "が"),
    ],
)
def test_text_of_a_mail_is_made_harmless_and_stays_readable(written, shown):
    assert sanitize.foreign(written) == shown


def test_a_title_is_one_line_of_120_characters():
    title = sanitize.title("注文\r\n" * 10_000)

    assert len(title) == 120
    assert "\n" not in title
    assert title.endswith("…")


def test_what_marks_a_title_is_never_cut():
    title = sanitize.title("注文" * 100, before="🔴 ", behind="（再送の可能性あり）")

    assert title.startswith("🔴 注文")
    assert title.endswith("…（再送の可能性あり）")
    assert len(title) == 120


def test_a_body_keeps_its_lines_and_our_own_links_and_is_cut_at_1000():
    assert (
        sanitize.body("a  b\r\nc\n\n\n\nd https://www.amazon.com/x")
        == "a b\nc\n\nd https://www.amazon.com/x"
    )
    assert len(sanitize.body("長" * 5_000)) == 1_000


@settings(max_examples=100)
@given(WHATEVER)
def test_whatever_a_mail_says_a_title_is_one_clean_line(written):
    title = sanitize.title(written)

    assert len(title) <= 126, "120 and what breaks mentions"
    assert not [
        char
        for char in title.replace("\u200b", "")
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co")
    ]
    assert title.encode().decode() == title


@settings(max_examples=100)
@given(WHATEVER)
def test_cleaning_twice_is_cleaning_once(written):
    assert sanitize.body(sanitize.body(written)) == sanitize.body(written)
    assert sanitize.foreign(sanitize.foreign(written)) == sanitize.foreign(written)


@settings(max_examples=100)
@given(st.text(alphabet="@<>![]()ehv eryon.:/htps\u200b\u202e", max_size=80))
def test_no_mention_link_or_command_survives(written):
    shown = sanitize.body(sanitize.foreign(written))

    assert "@everyone" not in shown
    assert "<!" not in shown
    assert "](" not in shown
    assert "http://" not in shown
