"""Every mail under tests/fixtures is read as the file beside it says."""

import pytest

from tests.golden import FIXTURES, actual, expected, mails


@pytest.mark.parametrize("mail", list(mails()), ids=lambda mail: str(mail.relative_to(FIXTURES)))
def test_a_golden_mail_is_read_as_its_file_says(mail):
    wanted = expected(mail)

    assert wanted, (
        f"{mail.name} has no .yaml beside it; run python -m tests.golden add and read what it wrote"
    )
    assert actual(mail, wanted) == wanted


def test_no_golden_mail_proves_a_guess():
    guessed = [
        str(mail.relative_to(FIXTURES))
        for mail in mails()
        if any(notice["proof"] == "guess" for notice in expected(mail).get("notices", []))
    ]

    assert guessed == [], "a phrase that a mail was seen with stands outside guess:"
