"""What a mail that no phrase fits still tells: held to figures in every language."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from parsers.notice import Gist, Money, StatedDeadline, gist_to_json
from parsers.pack import load, shipped
from parsers.reader import Context, read
from parsers.user_yaml import UserFileError
from tests.gist_score import languages, raw, samples, score, table, told
from tests.golden import FIXTURES


def test_a_gist_is_told_in_its_public_shape():
    gist = Gist(
        orders=("8100000000000001",),
        amounts=(Money(value=Decimal("46.80"), currency="USD"),),
        deadlines=(StatedDeadline(at=date(2026, 12, 5), line="Answer by 5 December"),),
        topics=("dispute",),
        urgent=True,
    )

    assert gist_to_json(gist) == {
        "orders": ["8100000000000001"],
        "parcels": [],
        "amounts": [{"value": "46.80", "currency": "USD"}],
        "deadlines": [{"at": "2026-12-05", "line": "Answer by 5 December"}],
        "topics": ["dispute"],
        "urgent": True,
    }


def test_orders_deadlines_and_topics_are_found_and_hardly_any_wrongly(record_property):
    record_property("summary", "\n".join(table()))
    all_ = sum((score(language) for language in languages()), Counter())

    assert len(languages()) == 10
    assert all_["mails"] >= 150
    assert all_["unread"] == all_["mails"]
    assert all_["orders found"] >= 0.98 * all_["orders"]
    assert all_["deadlines found"] >= 0.90 * all_["deadlines"]
    assert all_["deadlines wrong"] <= 0.01 * all_["deadlines"]
    assert all_["topics found"] >= 0.90 * all_["topics"]


@pytest.mark.parametrize("language", languages())
def test_dull_mail_gives_none(language):
    assert score(language)["dull with a gist"] == 0
    assert len(samples(language)["dull"]) >= 15


def test_adverts_of_the_fixtures_give_none():
    context = Context(library=shipped())
    found = {
        path.name: reading.gist
        for path in sorted((FIXTURES / "ham").rglob("*.eml"))
        if (reading := read(path.read_bytes(), context)).gist
        and (reading.gist.topics or reading.gist.deadlines)
    }

    assert found == {}


def test_an_understood_mail_has_no_gist():
    sample = {
        "from": "shipment-tracking@amazon.com",
        "subject": 'Shipped: "Folding kitchen knife..."',
        "body": ["Your package was shipped!", "Order # 111-0000000-0000001"],
    }
    reading = read(raw(sample), Context(library=shipped()))

    assert (reading.outcome.value, reading.gist) == ("notices", None)


def test_a_deadline_is_told_with_the_line_it_stands_in():
    sample = {
        "from": "dispute@notice.aliexpress.com",
        "subject": "Something about 8100000000000001",
        "body": ["It is about your dispute.", "Send us your evidence by 5 June 2026, please."],
    }
    gist = told(sample)[1]

    assert gist["deadlines"] == [
        {"at": "2026-06-05", "line": "Send us your evidence by 5 June 2026, please."}
    ]
    assert gist["urgent"] is True


def test_a_cue_in_two_topics_is_refused_with_its_place(tmp_path):
    folder = tmp_path / "languages"
    folder.mkdir()
    (folder / "en.yaml").write_text(
        "months: {}\ngist:\n  topics:\n    refund: ['parcel shower']\n    claim: ['parcel shower']\n"
    )

    with pytest.raises(UserFileError, match="parcel shower"):
        load(tmp_path)
