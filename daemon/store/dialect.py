"""The one place where databases differ: whose `insert` knows ON CONFLICT.

Statements are made once for each table and set of columns, since making one costs more than running
it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection,
    table: Table,
    values: Mapping[str, Any],
    *,
    by: Sequence[str] = (),
    returning: str = "",
) -> Any:
    """Write the row over the one with the same `by` (default: the primary key); the value of
    `returning`, if any.
    """
    keys = tuple(by) or tuple(column.name for column in table.primary_key)
    statement = _statement(connection.dialect.name, table, tuple(values), keys, returning)
    result = connection.execute(statement, dict(values))
    return result.scalar_one() if returning else None


def add(
    connection: Connection, table: Table, values: Mapping[str, Any], *, returning: str = ""
) -> Any:
    """Write the row unless one like it is there; the value of `returning`, or None when it was
    there.
    """
    statement = _statement(connection.dialect.name, table, tuple(values), None, returning)
    result = connection.execute(statement, dict(values))
    return result.scalar_one_or_none() if returning else None


def add_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of the same columns, except those that are there."""
    if rows:
        statement = _statement(connection.dialect.name, table, tuple(rows[0]), None, "")
        connection.execute(statement, [dict(row) for row in rows])


@cache
def _statement(
    dialect: str,
    table: Table,
    columns: tuple[str, ...],
    keys: tuple[str, ...] | None,
    returning: str,
) -> Any:
    made: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    rest = [name for name in columns if name not in keys] if keys else []
    if keys and rest:
        made = made.on_conflict_do_update(
            index_elements=list(keys), set_={name: made.excluded[name] for name in rest}
        )
    else:
        made = made.on_conflict_do_nothing()
    return made.returning(table.c[returning]) if returning else made


def insert(connection: Connection, table: Table) -> Any:
    """An INSERT with `on_conflict_do_nothing` and `on_conflict_do_update`, for what the others
    cannot say.
    """
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
