"""Triggers that keep a published policy as it is, whoever writes. Migrations run the same statements.

A version may go only when its workspace is gone, or when its closing days are over: a policy that somebody could take back afterwards would prove nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, event, text

REFUSAL = "a published policy is never changed"

#: Is its workspace there to stay? The second form knows of workspaces whose closing days are over (migration 0008).
_THERE = "EXISTS (SELECT 1 FROM workspace WHERE id = old.workspace_id{but})"
_OPEN = {
    "sqlite": " AND (closes_at IS NULL OR closes_at > strftime('%Y-%m-%d %H:%M:%f', 'now'))",
    "postgresql": " AND (closes_at IS NULL OR closes_at > clock_timestamp())",
}


def _stays(dialect: str, closing: bool) -> str:
    return _THERE.format(but=_OPEN[dialect] if closing else "")


def _sqlite(closing: bool) -> tuple[str, ...]:
    return (
        "CREATE TRIGGER policy_version_stays BEFORE UPDATE ON policy_version "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
        "CREATE TRIGGER policy_version_is_kept BEFORE DELETE ON policy_version "
        f"WHEN {_stays('sqlite', closing)} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    )


def _postgresql(closing: bool) -> tuple[str, ...]:
    return (
        "CREATE OR REPLACE FUNCTION policy_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'DELETE' AND NOT {_stays('postgresql', closing)} THEN RETURN old; END IF; "
        f"RAISE EXCEPTION '{REFUSAL}'; END $$",
        "CREATE TRIGGER policy_version_stays BEFORE UPDATE OR DELETE ON policy_version "
        "FOR EACH ROW EXECUTE FUNCTION policy_version_stays()",
    )


SQLITE_GONE = ("DROP TRIGGER policy_version_stays", "DROP TRIGGER policy_version_is_kept")
POSTGRESQL_GONE = (
    "DROP TRIGGER IF EXISTS policy_version_stays ON policy_version",
    "DROP FUNCTION IF EXISTS policy_version_stays()",
)


def statements(dialect: str, *, closing: bool = True) -> tuple[str, ...]:
    """The statements that make the triggers on this database; they need the table. `closing=False`: as they were
    before a workspace could close."""
    return _sqlite(closing) if dialect == "sqlite" else _postgresql(closing)


def anew(dialect: str, *, closing: bool) -> tuple[str, ...]:
    """The statements that replace the triggers."""
    return (*(SQLITE_GONE if dialect == "sqlite" else POSTGRESQL_GONE), *statements(dialect, closing=closing))


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
