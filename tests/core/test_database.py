"""What each connection is told, and how transactions end."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, text

from logicrm.accounts.models import User
from logicrm.core import database
from logicrm.customers.models import Company
from logicrm.extensions import db
from tests.core.test_many import company


@pytest.fixture
def postgresql(app: Any) -> None:
    with app.app_context():
        if db.engine.dialect.name != "postgresql":
            pytest.skip("about PostgreSQL only")


def _prepared() -> int:
    return int(db.session.connection().exec_driver_sql("select count(*) from pg_prepared_statements").scalar() or 0)


def test_statements_of_reading_pages_stay_prepared(postgresql: None, in_workspace: None) -> None:
    db.session.rollback()
    for _ in range(12):
        db.session.scalar(select(func.count()).select_from(Company))
        db.session.rollback()  # as the end of each request does
    assert _prepared() >= 1


@pytest.mark.parametrize("how", ["flush", "bulk", "savepoint"])
def test_what_was_written_is_rolled_back_all_the_same(inside: Any, how: str) -> None:
    """The end of a reading transaction is a COMMIT on PostgreSQL: never of one that wrote."""
    with inside():
        db.session.scalar(select(func.count()).select_from(Company))
        db.session.rollback()
        if how == "flush":
            db.session.add(Company(**company()))
            db.session.flush()
        elif how == "bulk":
            db.session.execute(Company.__table__.insert(), [{**company(), "workspace_id": _here(), "id": _id()}])
        else:
            with db.session.begin_nested():
                db.session.add(Company(**company()))
            db.session.scalar(select(func.count()).select_from(Company))
        db.session.rollback()
    with inside():
        assert db.session.scalar(select(func.count()).select_from(Company)) == 0


def test_a_write_before_a_commit_is_no_excuse_for_the_next_transaction(inside: Any) -> None:
    with inside():
        db.session.add(Company(**company()))
        db.session.commit()
        db.session.scalar(select(func.count()).select_from(Company))
        db.session.rollback()
        db.session.add(Company(**company(name="second")))
        db.session.flush()
        db.session.rollback()
        assert db.session.scalars(select(Company.name)).all() == [company()["name"]]


def test_a_dead_connection_is_replaced_after_a_pause(postgresql: None, app: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(database, "PAUSE", -1.0)
    with app.app_context():
        pid = db.session.scalar(text("select pg_backend_pid()"))
        db.session.remove()
        with db.engine.connect() as other:
            if other.scalar(text("select pg_backend_pid()")) == pid:
                with db.engine.connect() as third:
                    third.execute(text("select pg_terminate_backend(:p)"), {"p": pid})
                other.invalidate()
            else:
                other.execute(text("select pg_terminate_backend(:p)"), {"p": pid})
        assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_a_loader_gets_a_wider_cache_and_gives_it_back(app: Any) -> None:
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("about SQLite only")

        def size() -> int:
            value = db.session.connection().exec_driver_sql("PRAGMA cache_size").scalar()
            db.session.rollback()
            return int(value or 0)

        assert size() == -database.CACHE_KIB
        with database.bulk():
            assert size() == -database.BULK_CACHE_KIB
        assert size() == -database.CACHE_KIB


def _here() -> Any:
    from logicrm.core import tenancy

    return tenancy.current()


def _id() -> Any:
    from logicrm.core.schema import new_id

    return new_id()
