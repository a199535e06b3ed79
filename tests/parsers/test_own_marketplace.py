"""A folder that should be a marketplace: what is wrong with it, and that the others go on."""

import pytest

from parsers import marketplaces
from parsers.pack import load, load_the_right
from parsers.reader import Context, read
from parsers.shapes import compiled, meeting, sample
from parsers.user_yaml import UserFileError
from tests import packs_page
from tests.servers import sample_mail

SENDERS = """\
senders:
  transactional: ['orders', 'case']
  seller: ['shop']
  message: ['post.*']
  noise: ['news']
"""
WRONG = [
    ("pack", SENDERS, "", "'senders' is missing; write senders: …"),
    ("pack", SENDERS, "senders: {}\n", "no sender; write what stands before the @"),
    ("pack", "'case']", "'orders@minatoya.invalid']", "minatoya.invalid is none of the stores"),
    ("pack", "'MN-####-######'", "'#*16'", "'#*16' also fits order numbers of AliExpress"),
    ("pack", "'MN-####-######'", "'#*12'", "'#*12' is a number like any other"),
    ("pack", "'MN-####-######'", "", "no shape of its order numbers"),
    ("pack", "'MN-####-######'", "'MN {n}'", "'MN {n}' is no shape of a number"),
    ("pack", "'MN-####-######'", "'M#*9-1000'", "a run of 9-1000 digits"),
    ("pack", "'MN-####-######'", "'M#*2-9N#*2-9O#*2-9'", "takes too long to look for"),
    ("pack", "MN-2026-000001", "MN-1", "'MN-1' has none of the shapes of order:"),
    ("pack", "marketplace: minatoya", "marketplace: minato", "the folder is called 'minatoya'"),
    ("pack", "marketplace: minatoya", "marketplace: Mina", "'Mina' is no name of a marketplace"),
    ("pack", "'promo'", "'promos'", "'promos' is no kind; did you mean 'promo'?"),
    ("pack", "stores:", "store:", "unknown key 'store'; did you mean 'stores'?"),
    ("pack", "minatoya.example: {", "Minatoya: {", "'Minatoya' is no domain"),
    ("pack", "minatoya.example: {", "amazon.com: {", "amazon.com sends the mail of Amazon already"),
    ("pack", "Asia/Tokyo", "Asia/Tokio", "no time zone 'Asia/Tokio'"),
    ("pack", "currency: JPY", "currency: JPX", "no currency 'JPX'"),
    ("pack", "'https://www", "'http://www", "is no page of an order; write https://…"),
    ("en", "order.cancelled:", "order.canceled:", "did you mean 'order.cancelled'?"),
    ("en", "- 'We send it", "- '" + "a {n} " * 13 + "'\n- 'We send it", "is too slow to look for"),
    ("en", "- 'We send it", "- '" + "long " * 201 + "'\n- 'We send it", "is too slow to look for"),
    ("en", "subject: ['You may", "sentence: ['a … b … c … d', 'You may", "is too slow"),
]
AMAZON = sample_mail.placed("249-0000000-0000001")


@pytest.mark.parametrize(("file", "old", "new", "words"), WRONG)
def test_a_wrong_folder_is_told_with_its_place_and_the_others_are_read_on(
    tmp_path, file, old, new, words
):
    folder = packs_page.write(tmp_path, **{file: (old, new)})
    library, faults = load_the_right(tmp_path)

    [fault] = [one for one in faults if words in one.what]
    assert fault.file.startswith(str(folder))
    assert fault.line
    assert fault.column
    assert "\n" not in fault.what
    assert library.marketplaces == ("aliexpress", "amazon")
    assert read(AMAZON, Context(library=library)).notices[0].kind.value == "order.placed"
    with pytest.raises(UserFileError):
        load(tmp_path)


def test_two_own_folders_may_not_claim_the_same_numbers(tmp_path):
    packs_page.write(tmp_path)
    other = tmp_path / "zakkaya"
    other.mkdir()
    text = (tmp_path / "minatoya" / "pack.yaml").read_text().replace("minatoya", "zakkaya")
    text = text.replace("MN-####-######", "@@-####-######")
    (other / "pack.yaml").write_text(text)

    library, faults = load_the_right(tmp_path)

    assert [one.file for one in faults] == [str(other / "pack.yaml")]
    assert "also fits order numbers of Minatoya" in faults[0].what
    assert library.marketplaces == ("aliexpress", "amazon", "minatoya")


def test_a_wrong_correction_of_a_shipped_pack_leaves_the_shipped_one(tmp_path):
    packs_page.write(tmp_path)
    phrases = tmp_path / "amazon" / "phrases"
    phrases.mkdir(parents=True)
    (phrases / "en.yaml").write_text("order.plced:\n- subject: ['Ordered at last']\n")

    library, faults = load_the_right(tmp_path)

    assert [one.line for one in faults] == [1]
    assert library.marketplaces == ("aliexpress", "amazon", "minatoya")
    assert read(AMAZON, Context(library=library)).notices


@pytest.mark.parametrize(
    ("one", "two", "meet"),
    [
        ("MN-####", "MN-####", True),
        ("@@-####", "MN-####", True),
        ("MN-####", "MN-#####", False),
        ("#*10-15", "#*14-19", True),
        ("#*10-13", "#*14-19", False),
        ("1#*3-9#", "#*14-19", False),
        ("1#*3-19", "#*14-19", True),
        ("a#", "@#", False),
        ("#", "@", False),
    ],
)
def test_shapes_meet_when_one_number_can_have_both(one, two, meet):
    assert (meeting([one], [two]) is not None) is meet
    assert (meeting([two], [one]) is not None) is meet
    assert compiled([one]).fullmatch(sample([one]))


def test_who_is_asked_of_a_marketplace_whose_pack_is_gone_knows_nothing_of_it():
    gone = marketplaces.of("minatoya")

    assert (gone.title, gone.page("MN-2026-000001", None, seller=False)) == ("minatoya", None)
    assert (gone.contact("en"), gone.country("minatoya.example")) == (None, None)
    assert not gone.is_whole("8100000000000001")
