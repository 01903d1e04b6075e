"""Migrations lead to the schema of the models, up and down, with data in it, on each database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, create_engine, inspect, text

from logicrm import create_app
from logicrm.core import clock
from logicrm.core.ddl import fenced_tables, without_samples
from logicrm.core.schema import new_id
from logicrm.extensions import db

MIGRATIONS = str(Path(__file__).resolve().parent.parent / "migrations")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Flask]:
    """An application on a database without tables: a new encrypted file, or a schema of its own in PostgreSQL."""
    url = os.environ.get("TEST_DATABASE_URL", "")
    if url:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        url = f"{url}{'_' + worker if worker else ''}"
        # Before the application connects: its engine asks once which schema is its own.
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("drop schema if exists migrated cascade"))
            connection.execute(text("create schema migrated"))
        engine.dispose()
        url += "?options=-csearch_path%3Dmigrated,public"
    app = create_app({"INSTANCE": tmp_path, "TESTING": True, "DATABASE_URL": url or f"sqlite:///{tmp_path / 'm.db'}"})
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def _connection() -> Any:
    return db.engine.connect()


def _seen(connection: Connection) -> set[str]:
    schema = "migrated" if connection.dialect.name == "postgresql" else None
    return {t for t in inspect(connection).get_table_names(schema=schema) if not t.startswith("search_index")} - {
        "alembic_version"
    }


def _ours(_thing: Any, name: str | None, kind: str, *_: Any) -> bool:
    return not (kind == "table" and (name or "").startswith(("search_index", "alembic_version")))


def test_migrated_is_what_the_models_say(empty: Flask) -> None:
    upgrade(MIGRATIONS)
    with _connection() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": _ours})
        differences = [d for d in compare_metadata(context, db.metadata) if "ix_search_entry_" not in str(d)]
        assert differences == []
        assert _seen(connection) == set(db.metadata.tables)


def test_every_tenant_table_is_fenced_and_the_search_index_is_there(empty: Flask) -> None:
    upgrade(MIGRATIONS)
    with _connection() as connection:
        if connection.dialect.name == "postgresql":
            found = connection.execute(
                text(
                    "select relname from pg_class where relrowsecurity and relforcerowsecurity and relnamespace = 'migrated'::regnamespace"
                )
            ).scalars()
            assert set(found) == {t.name for t in fenced_tables(db.metadata)}
            assert connection.execute(text("select to_regclass('migrated.ix_search_entry_trigram')")).scalar()
        else:
            names = set(connection.execute(text("select name from sqlite_master")).scalars())
            assert {"search_index", "search_entry_added", "search_entry_gone", "search_entry_changed"} <= names
            secure = text("select v from search_index_config where k = 'secure-delete'")
            assert connection.execute(secure).scalar() == 1


def test_postgresql_samples_no_personal_text(empty: Flask) -> None:
    """Its planner keeps common values of a column: copies of names that no erasure reaches."""
    upgrade(MIGRATIONS)
    _put_data()
    with _connection() as connection:
        if connection.dialect.name != "postgresql":
            pytest.skip("about PostgreSQL only")
        assert without_samples(connection, db.metadata) == []
        connection.execute(text("analyze"))
        kept = connection.execute(
            text("select attname from pg_stats where schemaname = 'migrated' and tablename = 'search_entry'")
        ).scalars()
        assert "kind" in (seen := set(kept)) and "body" not in seen
        connection.execute(text("alter table lead alter column email set statistics 100"))
        assert without_samples(connection, db.metadata) == ['ALTER TABLE "lead" ALTER COLUMN "email" SET STATISTICS 0']


def _triggers(connection: Connection, schema: str) -> set[tuple[str, str]]:
    """(name, what it does) of every trigger of ours."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("select name, sql from sqlite_master where type = 'trigger'"))
    else:
        rows = connection.execute(
            text(
                "select t.tgname, p.prosrc from pg_trigger t join pg_proc p on p.oid = t.tgfoid "
                "join pg_class c on c.oid = t.tgrelid where not t.tgisinternal and c.relnamespace = :s ::regnamespace"
            ),
            {"s": schema},
        )
    return {(name, " ".join(body.split())) for name, body in rows}


def test_migrated_triggers_are_those_that_the_models_make(app: Flask, empty: Flask) -> None:
    upgrade(MIGRATIONS)
    with _connection() as connection:
        migrated = _triggers(connection, "migrated")
    with app.app_context(), _connection() as connection:
        assert migrated == _triggers(connection, "public")
    assert any("sum" in name for name, _ in migrated)


def test_each_migration_goes_up_and_down_with_data(empty: Flask) -> None:
    revisions = [r.revision for r in ScriptDirectory(MIGRATIONS).walk_revisions()][::-1]
    for n, revision in enumerate(revisions):
        upgrade(MIGRATIONS, revision=revision)
        _put_data()
        downgrade(MIGRATIONS, revision=revisions[n - 1] if n else "base")
        upgrade(MIGRATIONS, revision=revision)
    before = _workspaces()
    _put_data()
    assert _workspaces() == before + 1


def _workspaces() -> int:
    with _connection() as connection:
        return int(connection.execute(text("select count(*) from workspace")).scalar() or 0)


def test_down_to_nothing_leaves_nothing(empty: Flask) -> None:
    upgrade(MIGRATIONS)
    downgrade(MIGRATIONS, revision="base")
    with _connection() as connection:
        assert _seen(connection) == set()


def _put_data() -> None:
    """A row in every kind of table: global, tenant, searched."""
    now, workspace = clock.now(), new_id()
    tables = db.metadata.tables
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select set_config('app.workspace', :w, true)"), {"w": str(workspace)})
        connection.execute(
            tables["workspace"].insert().values(
                id=workspace, slug=f"m-{workspace}", name="M", size="", industry="", tax_code="", address="", country="RO",
                time_zone="UTC", currency="EUR", language="en", profile="logicrm", privacy_contact="", created_at=now,
                is_demo=False,
            )
        )  # fmt: skip
        connection.execute(
            tables["change_set"].insert().values(workspace_id=workspace, id=new_id(), made_at=now, kind="edit")
        )
        connection.execute(
            tables["search_entry"]
            .insert()
            .values(workspace_id=workspace, kind="lead", ref_id=new_id(), body="anna karlsson", hidden=False)
        )
