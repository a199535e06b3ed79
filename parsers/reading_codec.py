"""Readings as JSON and back, by the types of their fields: what leaves the process that reads.

What comes back is checked as what a stranger says: a field of another name or type, a number or a
text beyond all measure is a ValueError.
"""

import re
import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from parsers import measure
from parsers.notice import Gist, Reading, fields_from_json, fields_to_json

MAX_TEXT = 1 << 18
"""Characters in one text: a subject of the longest header allowed."""


def reading_to_wire(reading: Reading) -> Any:
    """Everything of a reading, as JSON can hold it."""
    return _out(reading)


def reading_from_wire(row: Any) -> Reading:
    """The inverse of `reading_to_wire`. Raises ValueError for anything else."""
    try:
        reading: Reading = _in(Reading, row)
    except (TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ValueError(type(error).__name__) from None
    if too_much := measure.excess(reading.notices):
        raise ValueError(too_much)
    return measure.measured(reading)


def gist_to_wire(gist: Gist) -> Any:
    """Everything of a gist, as JSON can hold it."""
    return _out(gist)


def gist_from_wire(row: Any) -> Gist:
    """The inverse of `gist_to_wire`. Raises ValueError for anything else."""
    try:
        gist: Gist = _in(Gist, row)
    except (TypeError, LookupError, AttributeError) as error:
        raise ValueError(type(error).__name__) from None
    return gist


def _out(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: _out(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [_out(one) for one in value]
    if isinstance(value, Mapping):
        return fields_to_json(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def _in(hint: Any, value: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _one_of(get_args(hint), value)
    if origin is tuple:
        return tuple(_in(get_args(hint)[0], one) for one in _is(list, value))
    if origin is Mapping:
        return fields_from_json(_is(dict, value))
    if is_dataclass(hint):
        return _record(hint, value)
    if issubclass(hint, Enum):
        return hint(value)
    if issubclass(hint, date):
        return hint.fromisoformat(_is(str, value))
    if hint is Decimal:
        return _number(_is(str, value))
    return _is(hint, value)


def _number(text: str) -> Decimal:
    if not re.fullmatch(r"-?\d{1,30}(?:\.\d{1,10})?", text):
        raise ValueError(f"a number cannot be {text[:40]!r}")
    return Decimal(text)


def _one_of(hints: Sequence[Any], value: Any) -> Any:
    if value is None and type(None) in hints:
        return None
    for hint in hints[:-1]:
        with suppress(ValueError, TypeError):
            return _in(hint, value)
    return _in(hints[-1], value)


def _record(made: Any, value: Any) -> Any:
    kinds = _hints(made)
    return made(**{name: _in(kinds[name], one) for name, one in _is(dict, value).items()})


@cache
def _hints(made: type) -> dict[str, Any]:
    return get_type_hints(made)


def _is(kind: Any, value: Any) -> Any:
    wrong = type(value) is not kind and not (kind is float and type(value) is int)
    if wrong or (kind is str and len(value) > MAX_TEXT):
        raise ValueError(f"a {kind.__name__} cannot be {str(value)[:40]!r}")
    return value
