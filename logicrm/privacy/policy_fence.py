"""Triggers that keep a published policy as it is, whoever writes. Migrations run the same statements.

A version may go only when its workspace is gone: a policy that somebody could take back afterwards would prove nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, event, text

REFUSAL = "a published policy is never changed"
_WORKSPACE_STAYS = "EXISTS (SELECT 1 FROM workspace WHERE id = old.workspace_id)"

SQLITE = (
    f"CREATE TRIGGER policy_version_stays BEFORE UPDATE ON policy_version BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    "CREATE TRIGGER policy_version_is_kept BEFORE DELETE ON policy_version "
    f"WHEN {_WORKSPACE_STAYS} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
)
POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION policy_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF TG_OP = 'DELETE' AND NOT {_WORKSPACE_STAYS} THEN RETURN old; END IF; "
    f"RAISE EXCEPTION '{REFUSAL}'; END $$",
    "CREATE TRIGGER policy_version_stays BEFORE UPDATE OR DELETE ON policy_version "
    "FOR EACH ROW EXECUTE FUNCTION policy_version_stays()",
)
POSTGRESQL_GONE = (
    "DROP TRIGGER IF EXISTS policy_version_stays ON policy_version",
    "DROP FUNCTION IF EXISTS policy_version_stays()",
)


def statements(dialect: str) -> tuple[str, ...]:
    """The statements that make the triggers on this database; they need the table."""
    return SQLITE if dialect == "sqlite" else POSTGRESQL


def gone(dialect: str) -> tuple[str, ...]:
    """What a dropped table does not take along: PostgreSQL's function."""
    return () if dialect == "sqlite" else POSTGRESQL_GONE


def install(version: Table) -> None:
    """Make the triggers whenever `create_all` makes the table."""

    def after(_table: Any, connection: Connection, **_: Any) -> None:
        for statement in statements(connection.dialect.name):
            connection.execute(text(statement))

    def before_drop(_table: Any, connection: Connection, **_: Any) -> None:
        for statement in gone(connection.dialect.name):
            connection.execute(text(statement))

    event.listen(version, "after_create", after)
    event.listen(version, "before_drop", before_drop)
