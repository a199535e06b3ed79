"""The JSON Schema of a rule file, from the same table that checks it, so that editors complete and
explain it.
"""

import json
from collections.abc import Mapping
from typing import Any

from orders.subject import FactSpec, FactType
from rules.fields import ABOUTS, FIELDS
from rules.rulebook import Rulebook, shipped
from rules.rulefile import SPAN, WrittenRule, WrittenRules

FILE = "rules.schema.json"
Schema = dict[str, Any]


def text() -> str:
    """The schema as the file that lies next to the user's rules."""
    return json.dumps(schema(), ensure_ascii=False, separators=(",", ":")) + "\n"


def schema() -> Schema:
    """Facts, values and shipped ids included: what the checks refuse is underlined while it is
    typed.
    """
    book = shipped()
    file = _without_null(WrittenRules.model_json_schema(by_alias=True))
    rule = _without_null(WrittenRule.model_json_schema(by_alias=True))
    known = sorted(one.id for one in (*book.rules, *book.idle))
    definitions: Schema = {
        **rule.pop("$defs", {}),
        **{name: _fact(spec) for name, spec in FIELDS.items()},
    }
    for about in ABOUTS:
        definitions[f"when {about}"] = _when(about, null=False)
        definitions[f"patch {about}"] = _patch(rule, about)
    definitions["times"] = {
        "enum": [name for name, spec in FIELDS.items() if spec.type is FactType.TIME]
    }
    definitions["rule"] = {**rule, "allOf": [_if_about(about) for about in ABOUTS]}
    properties = file["properties"]
    properties["disable"] = {
        "type": "array",
        "items": {"enum": known},
        "description": "ids of shipped rules",
    }
    properties["change"] = _change(book)
    properties["rules"] = {"type": "array", "items": _ref("rule"), "description": "your own rules"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **file,
        "title": "Orderbell rules",
        "$defs": definitions,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name.replace(' ', '%20')}"}


def _without_null(node: Any) -> Any:
    """Optional keys are left out, never null: completion offers no null."""
    if isinstance(node, list):
        return [_without_null(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _without_null(value) for key, value in node.items() if not _noise(key, value)}
    branches = kept.get("anyOf")
    if isinstance(branches, list):
        real = [one for one in branches if one != {"type": "null"}]
        if len(real) == 1:
            kept.pop("anyOf")
            return {**real[0], **kept}
        kept["anyOf"] = real
    return kept


def _noise(key: str, value: Any) -> bool:
    """Pydantic's titles repeat the key, and its defaults are Python's."""
    return key == "default" or (key == "title" and isinstance(value, str))


def _if_about(about: str) -> Schema:
    when = _ref(f"when {about}")
    return {
        "if": {"properties": {"about": {"const": about}}, "required": ["about"]},
        "then": {
            "properties": {
                "when": when,
                "quiet_while": when,
                "raise": {"type": "object", "additionalProperties": when},
            }
        },
    }


def _when(about: str, *, null: bool) -> Schema:
    def one(ref: Schema) -> Schema:
        return {"anyOf": [ref, {"type": "null"}]} if null else ref

    inner = _ref(f"when {about}")
    several = {"type": "array", "items": inner, "minItems": 1}
    return {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            **{name: one(_ref(name)) for name in ABOUTS[about]},
            "all": one(several | {"description": "every one of these"}),
            "any": one(several | {"description": "at least one of these"}),
            "not": one(inner),
        },
    }


def _patch(rule: Mapping[str, Any], about: str) -> Schema:
    """A change of a shipped rule: any key but its id and about, null to take it away."""
    properties = {
        name: {
            "anyOf": [value, {"type": "null"}],
            **{k: v for k, v in value.items() if k == "description"},
        }
        for name, value in rule["properties"].items()
        if name not in ("id", "about")
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties
        | {
            "when": _when(about, null=True),
            "quiet_while": {"anyOf": [_ref(f"when {about}"), {"type": "null"}]},
        },
    }


def _change(book: Rulebook) -> Schema:
    rules = sorted((*book.rules, *book.idle), key=lambda rule: rule.id)
    return {
        "type": "object",
        "description": "changes of shipped rules, by id",
        "additionalProperties": False,
        "properties": {
            rule.id: {**_ref(f"patch {rule.about}"), "description": rule.title.get("en", "")}
            for rule in rules
        },
    }


def _fact(spec: FactSpec) -> Schema:
    return {"description": f"{spec.meaning} ({spec.type.value})", **_test(spec)}


def _test(spec: FactSpec) -> Schema:
    exists = {"type": "boolean", "description": "known or not"}
    match spec.type:
        case FactType.FLAG:
            return {"type": "boolean"}
        case FactType.CHOICE:
            value: Schema = {"enum": list(spec.choices)}
            several = {"type": "array", "items": value, "minItems": 1}
            return {
                "anyOf": [
                    value,
                    several,
                    _map({"not": {"anyOf": [value, several]}, "exists": exists}),
                ]
            }
        case FactType.TEXT:
            value = {"type": ["string", "integer"]}
            several = {"type": "array", "items": value, "minItems": 1}
            return {
                "anyOf": [
                    value,
                    several,
                    _map({"contains": {"anyOf": [value, several]}, "exists": exists}),
                ]
            }
        case FactType.NUMBER:
            value = {"type": "number"}
            return {"anyOf": [value, _map({"at_least": value, "below": value, "exists": exists})]}
        case FactType.MONEY:
            value = {
                "type": "string",
                "pattern": r"^-?\d+(\.\d+)? [A-Z]{3}$",
                "examples": ["3000 JPY", "19.90 EUR"],
            }
            return {"anyOf": [value, _map({"at_least": value, "below": value, "exists": exists})]}
        case FactType.TIME:
            words = {
                "within": "in the future, at most",
                "older_than": "past, at least",
                "newer_than": "past, at most",
            }
            spans = {name: {**SPAN, "description": meaning} for name, meaning in words.items()}
            return _map(
                {
                    **spans,
                    "after": {**_ref("times"), "description": "later than another time"},
                    "exists": exists,
                }
            )


def _map(properties: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": properties,
    }
