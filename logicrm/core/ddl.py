"""What SQLAlchemy cannot say about tables: the full-text index, row-level security, PostgreSQL's extension, and which
columns its planner takes no samples of.

Tests that build the schema straight from the models and migrations use the same statements.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import JSON, Connection, MetaData, String, Table, event, text

from logicrm.core.pii import personal_columns
from logicrm.core.search import SQLITE_INDEX, SQLITE_INDEX_GONE
from logicrm.core.tenancy import is_tenant


def row_security(table: str) -> list[str]:
    """Statements that let PostgreSQL itself narrow a table to `app.workspace`. Unset means no rows."""
    # In brackets of their own, the settings are read once per statement, not once per row.
    here = "workspace_id = (SELECT nullif(current_setting('app.workspace', true), '')::uuid)"
    everywhere = "(SELECT current_setting('app.across', true)) = 'on'"
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY in_workspace ON "{table}" USING ({here} OR {everywhere}) WITH CHECK ({here} OR {everywhere})',
    ]


def row_security_gone(table: str) -> list[str]:
    """The way back."""
    return [
        f'DROP POLICY IF EXISTS in_workspace ON "{table}"',
        f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
    ]


def without_samples(connection: Connection, metadata: MetaData) -> list[str]:
    """Statements after which PostgreSQL samples no personal text for its planner (`SET STATISTICS 0`).

    It would copy common names and addresses to `pg_statistic`, where no erasure looks. Dates, amounts and ids are
    sampled: they name nobody. Only what is not so yet is returned, so that a second call changes nothing.
    """
    if connection.dialect.name != "postgresql":
        return []
    sampled = connection.execute(
        text(
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget IS DISTINCT FROM 0 "
            "AND c.relnamespace = current_schema()::regnamespace"
        )
    )
    there = {(table, column) for table, column in sampled}
    return [
        f'ALTER TABLE "{table.name}" ALTER COLUMN "{column.name}" SET STATISTICS 0'
        for table in metadata.sorted_tables
        for column, _mark in personal_columns(table)
        if isinstance(column.type, String | JSON) and (table.name, column.name) in there
    ]


def fenced_tables(metadata: MetaData) -> list[Table]:
    """Tables under row-level security, in a stable order."""
    return sorted((t for t in metadata.tables.values() if is_tenant(t)), key=lambda t: t.name)


def before_first_tables(dialect: str) -> list[str]:
    """What the tables need to be there: PostgreSQL's trigram extension (a trusted one: no superuser needed)."""
    return ["CREATE EXTENSION IF NOT EXISTS pg_trgm"] if dialect == "postgresql" else []


def after_first_tables(dialect: str, fenced: Iterable[str]) -> list[str]:
    """The full-text index of SQLite, or the fences of PostgreSQL around the tables named."""
    if dialect == "sqlite":
        return list(SQLITE_INDEX)
    return [statement for table in fenced for statement in row_security(table)]


def tables_gone(dialect: str, fenced: Iterable[str]) -> list[str]:
    """The way back, before the tables are dropped."""
    if dialect == "sqlite":
        return list(SQLITE_INDEX_GONE)
    return [statement for table in fenced for statement in row_security_gone(table)]


def install(metadata: MetaData) -> None:
    """Run the statements whenever `create_all` builds the schema."""

    def before(_target: Any, connection: Connection, **_: Any) -> None:
        for statement in before_first_tables(connection.dialect.name):
            connection.execute(text(statement))

    def after(_target: Any, connection: Connection, **_: Any) -> None:
        for statement in after_first_tables(connection.dialect.name, [t.name for t in fenced_tables(metadata)]):
            connection.execute(text(statement))
        for statement in without_samples(connection, metadata):
            connection.execute(text(statement))

    event.listen(metadata, "before_create", before)
    event.listen(metadata, "after_create", after)
