import json

from orders.subject import FactType
from rules.fields import ABOUTS, FIELDS, FLAGS
from rules.rulebook import shipped
from rules.rulefile import WrittenRule
from rules.schema import schema, text

SCHEMA = schema()


def walk(node):
    yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from walk(child)


def test_it_is_one_json_object():
    assert json.loads(text()) == SCHEMA


def test_every_reference_leads_somewhere():
    refs = {node["$ref"] for node in walk(SCHEMA) if isinstance(node, dict) and "$ref" in node}

    assert {ref.removeprefix("#/$defs/").replace("%20", " ") for ref in refs} - set(
        SCHEMA["$defs"]
    ) == set()


def test_each_about_offers_its_own_facts_and_no_others():
    for about, names in ABOUTS.items():
        offered = SCHEMA["$defs"][f"when {about}"]["properties"]
        assert list(offered) == [*names, "all", "any", "not"]


def test_choices_are_offered_with_their_values():
    verdict = SCHEMA["$defs"]["dispute.judgement"]

    assert verdict["anyOf"][0] == {"enum": ["valid", "invalid", "mixed", "unknown"]}


def test_every_key_of_a_rule_is_explained():
    properties = SCHEMA["$defs"]["rule"]["properties"]

    assert set(properties) == {
        spec.alias or name for name, spec in WrittenRule.model_fields.items()
    }
    assert [name for name, spec in properties.items() if "description" not in spec] == []


def test_shipped_ids_are_offered_for_disable_and_change():
    known = sorted(rule.id for rule in (*shipped().rules, *shipped().idle))

    assert SCHEMA["properties"]["disable"]["items"] == {"enum": known}
    assert sorted(SCHEMA["properties"]["change"]["properties"]) == known


def test_null_is_offered_only_where_it_takes_something_away():
    own = {name: node for name, node in SCHEMA["$defs"].items() if not name.startswith("patch ")}

    assert [node for node in walk(own) if node == {"type": "null"}] == []
    assert SCHEMA["$defs"]["patch watch"]["properties"]["repeat"]["anyOf"][-1] == {"type": "null"}


def test_every_fact_has_a_meaning_an_example_and_an_owner():
    for name, spec in FIELDS.items():
        assert spec.meaning
        assert spec.example
        assert name.count(".") == 1
        assert bool(spec.choices) is (spec.type is FactType.CHOICE)


def test_the_yes_no_facts_of_an_about_are_known():
    assert "watch.missed" in FLAGS["watch"]
    assert "order.shipped" in FLAGS["watch"]
    assert FLAGS["rules"] == ("rules.rejected",)
