"""What people write in packs: every fault with its place, and a user's folder laid over the shipped
one.
"""

import pytest

from parsers import user_yaml
from parsers.bundled_yaml import read_bundled
from parsers.notice import Outcome
from parsers.pack import HERE, load, shipped
from parsers.reader import Context, read
from parsers.user_yaml import UserFileError

MAIL = (
    b"From: Amazon <order-update@amazon.com>\r\nSubject: %s\r\n\r\nOrder # 111-0000000-0000001\r\n"
)


def write(folder, text, name="amazon/phrases/en.yaml"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (
            "shipment.delivered:\n- subject: [Delivered at last]\n",
            ":2:13:",
            "a phrase stands in single quotes: 'Delivered at last'",
        ),
        (
            'shipment.delivered:\n- subject: ["Delivered at last"]\n',
            ":2:13:",
            "a phrase stands in single quotes",
        ),
        (
            "shipment.deliverd:\n- subject: ['Here it is']\n",
            ":1:1:",
            "unknown kind 'shipment.deliverd'; did you mean 'shipment.delivered'?",
        ),
        (
            "shipment.delivered:\n- subject: ['Here is {itm}']\n",
            ":2:13:",
            "unknown gap {itm} in 'Here is {itm}'; known gaps:",
        ),
        (
            "shipment.delivered: ['Here it is']\n",
            ":1:22:",
            "expected a block with subject: or headline:, such as - subject: ['Delivered: {item}']",
        ),
        (
            "shipment.delivered: Here it is\n",
            ":1:21:",
            "expected a block with subject: or headline:",
        ),
        ("shipment.delivered:\n", ":1:1:", "expected a block with subject: or headline:"),
        ("shipment.delivered:\n- subjekt: ['Here it is']\n", ":2:3:", "unknown key 'subjekt'"),
        (
            "shipment.delivered:\n- set: {stag: at_customs}\n  subject: ['Here it is']\n",
            ":2:9:",
            "unknown field 'stag'; did you mean 'stage'?",
        ),
        (
            "shipment.in_transit:\n- set: {stage: at_custom}\n  subject: ['Here it is']\n",
            ":2:16:",
            "is not one of picked_up",
        ),
        (
            "shipment.delivered:\n- proof: sure\n  subject: ['Here it is']\n",
            ":2:10:",
            "'sure' is not one of",
        ),
        ("labels:\n  totl: ['Sum']\n", ":2:3:", "unknown field 'totl'; did you mean 'total'?"),
        (
            "words:\n  judgement: {valide: ['Ok']}\n",
            ":2:15:",
            "'valide' is not one of valid, invalid, mixed, unknown; did you mean 'valid'?",
        ),
        ("words:\n  amount: {x: ['Ok']}\n", ":2:3:", "'amount' is no field with a choice of words"),
        (
            "guess:\n  refund.fails:\n  - subject: ['Oh no']\n",
            ":2:3:",
            "unknown kind 'refund.fails'",
        ),
        ("lines: 'one'\n", ":1:8:", "expected a list of phrases"),
        ("noise: ['x']\n", ":1:8:", "expected subject: with a list of phrases"),
        ("- a\n", ":1:1:", "expected kinds such as shipment.delivered"),
        ("shipment.delivered:\n- subject: ['{item}']\n", ":2:13:", "would match almost any line"),
        ("a: &x ['b']\nb: *x\n", ":1:4:", "anchors and aliases"),
    ],
)
def test_a_fault_is_told_with_file_line_and_column(tmp_path, text, place, words):
    path = write(tmp_path, text)

    with pytest.raises(UserFileError) as caught:
        load(tmp_path)

    assert [
        str(fault)
        for fault in caught.value.faults
        if str(fault).startswith(f"{path}{place}") and words in str(fault)
    ]


def test_all_faults_of_all_files_are_told_at_once(tmp_path):
    write(
        tmp_path,
        "shipment.deliverd:\n- subject: ['a b c']\nshipment.shipped:\n- subject: [unquoted]\n",
    )
    write(tmp_path, "shipment.shipped:\n- subject: ['{oder} here']\n", "aliexpress/phrases/ja.yaml")

    with pytest.raises(UserFileError) as caught:
        load(tmp_path)

    assert len(caught.value.faults) == 3


def test_a_users_phrase_is_read_the_same_evening(tmp_path):
    path = write(tmp_path, "shipment.delivered:\n- subject: ['At your door: {item}']\n")
    mine = Context(library=load(tmp_path))
    raw = MAIL % b"At your door: Lantern"

    reading = read(raw, mine)

    assert read(raw, Context(library=shipped())).outcome is Outcome.UNREAD
    assert [notice.kind.value for notice in reading.notices] == ["shipment.delivered"]
    assert reading.notices[0].evidence[0].source == f"{path}:2"


def test_a_users_phrase_replaces_the_shipped_one_under_another_kind(tmp_path):
    write(tmp_path, "shipment.out_for_delivery:\n- subject: ['Shipped: {item}']\n")

    reading = read(MAIL % b"Shipped: Lantern", Context(library=load(tmp_path)))

    assert [notice.kind.value for notice in reading.notices] == ["shipment.out_for_delivery"]


def test_a_user_may_bring_a_language_and_a_marketplace_of_his_own(tmp_path):
    write(
        tmp_path, "shipment.delivered:\n- subject: ['Leveret: {item}']\n", "amazon/phrases/da.yaml"
    )
    write(tmp_path, "months: {maj: 5}\nnumeric: dmy\n", "languages/da.yaml")
    write(
        tmp_path,
        "marketplace: lanternshop\nstores:\n  lantern.example.com: {currency: USD}\nbrand:"
        " ['lanternshop']\nsenders: {transactional: ['orders']}\norder: ['L#*6']\norder_alone:"
        " true\n",
        "lanternshop/pack.yaml",
    )
    write(
        tmp_path,
        "order.placed:\n- subject: ['We packed your light']\n",
        "lanternshop/phrases/en.yaml",
    )
    mine = Context(library=load(tmp_path))

    danish = read(MAIL % b"Leveret: Lampe", mine)
    own = read(
        b"From: orders@lantern.example.com\r\nSubject: We packed your light\r\n\r\nL123456\r\n",
        mine,
    )

    assert danish.notices[0].language == "da"
    assert (own.marketplace, own.notices[0].kind.value, own.notices[0].order_numbers) == (
        "lanternshop",
        "order.placed",
        ("L123456",),
    )


@pytest.mark.parametrize(
    "path", sorted(HERE.rglob("*.yaml")), ids=lambda path: str(path.relative_to(HERE))
)
def test_both_yaml_readers_agree_on_every_file_of_the_package(path):
    ours, theirs = read_bundled(path), user_yaml.read(path)

    assert ours.tree == user_yaml.plain(theirs.tree)
    for key in ours.tree:
        assert ours.fault([key], "") == theirs.fault([key], "")
        assert ours.fault([key], "", at_key=True) == theirs.fault([key], "", at_key=True)


def test_an_absent_folder_is_the_shipped_packs(tmp_path):
    assert (
        load(tmp_path / "nothing").marketplaces
        == shipped().marketplaces
        == ("aliexpress", "amazon")
    )


def test_a_pack_without_its_pack_file_says_so(tmp_path):
    write(tmp_path, "order.placed:\n- subject: ['Hello there']\n", "newshop/phrases/en.yaml")

    with pytest.raises(UserFileError, match=r"a pack needs its pack\.yaml"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("where", "phrase", "sentence"),
    [
        ("subject", "Delivered {any}", "Delivered Item cancelled: Garden Hose"),
        ("subject", "{any} was delivered", "Item cancelled: Garden Hose was delivered"),
        ("headline", "Your {any}", "Your Item cancelled: Garden Hose"),
        ("headline", "{any} is here", "Item cancelled: Garden Hose is here"),
        ("subject", "Item {item}", "Item cancelled: Garden Hose"),
        ("subject", "Return {item}", "which is return."),
    ],
)
def test_a_phrase_that_would_swallow_a_sentence_is_refused_with_its_place_and_that_sentence(
    tmp_path, where, phrase, sentence
):
    path = write(tmp_path, f"shipment.delivered:\n- {where}: ['{phrase}']\n")

    with pytest.raises(UserFileError) as error:
        load(tmp_path)

    told = [str(fault) for fault in error.value.faults if "would swallow" in str(fault)]
    assert all(line.startswith(f"{path}:2:") for line in told)
    assert any(sentence in line for line in told)


@pytest.mark.parametrize(
    "phrase", ["Handed over: {item}", "Freshly arrived: {item}", 'Your "{item}" is on the mat']
)
def test_a_phrase_that_swallows_nothing_is_taken(tmp_path, phrase):
    write(tmp_path, f"shipment.delivered:\n- subject: ['{phrase}']\n")

    load(tmp_path)


@pytest.mark.parametrize(
    ("topics", "line", "words"),
    [
        (
            "    refund: ['cash round']\n    return:\n    - 'cash round'\n",
            5,
            "'cash round' stands under refund and return; a word tells one topic",
        ),
        (
            "    claim:\n    - 'Refund'\n",
            4,
            "'Refund' stands under refund and claim; a word tells one topic",
        ),
        ("    refunds: ['cash round']\n", 3, "'refunds' is no topic; did you mean 'refund'?"),
    ],
)
def test_a_cue_in_two_topics_is_refused_where_it_stands(tmp_path, topics, line, words):
    path = write(tmp_path, f"gist:\n  topics:\n{topics}", "languages/en.yaml")

    with pytest.raises(UserFileError) as caught:
        load(tmp_path)

    (fault,) = map(str, caught.value.faults)
    assert fault.startswith(f"{path}:{line}:")
    assert words in fault
