"""Column types that mean the same on every database: instants, yes/no, JSON and small compressed
bytes.
"""

import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator

from rules.alert import Scope

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WHOLE = BigInteger().with_variant(Integer, "sqlite")
"""Row numbers and instants; STRICT tables of SQLite know INTEGER only."""


class Instant(TypeDecorator[datetime]):
    """An aware datetime as microseconds since 1970 UTC: sorts, compares and survives SQLite, which
    knows no zones.
    """

    impl = WHOLE
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else EPOCH + value * MICROSECOND


class Flag(TypeDecorator[bool]):
    """Yes or no as 1 or 0."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else int(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        del dialect
        return None if value is None else bool(value)


class Json(TypeDecorator[Any]):
    """A JSON value as text; lone surrogates of broken mail become U+FFFD, so that the file stays
    valid UTF-8.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        del dialect
        return (
            None
            if value is None
            else clean(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        )

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        del dialect
        return None if value is None else json.loads(value)


class Words(TypeDecorator[str]):
    """Text from a mail: valid UTF-8 without NUL, whatever the mail held."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else clean(value)


class ScopeText(TypeDecorator[Scope]):
    """A scope as its text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Scope | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else clean(str(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> Scope | None:
        del dialect
        return None if value is None else Scope.parse(value)


class Packed(TypeDecorator[bytes]):
    """Bytes, deflated on their way in: a mail of 44 kB takes about 9 kB."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        del dialect
        return None if value is None else zlib.compress(value, 6)

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        del dialect
        return None if value is None else zlib.decompress(value)


def clean(text: str) -> str:
    """`text` as valid UTF-8 without NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")
