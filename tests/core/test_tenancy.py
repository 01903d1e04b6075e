"""Nothing of one workspace reaches another: every kind of statement, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, exists, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import aliased

from logicrm.accounts.models import Invitation
from logicrm.core import audit, clock, tenancy
from logicrm.core.audit import AuditEvent
from logicrm.core.history import Change, ChangeSet
from logicrm.core.schema import new_id
from logicrm.extensions import db
from tests.conftest import Cast


@pytest.fixture
def foreign_id(inside: Callable[..., Any], cast: Cast) -> uuid.UUID:
    """An event of Bravo's, and one of Alpha's beside it."""
    with inside(cast.bravo):
        event = audit.record("planted.bravo")
        db.session.commit()
        found = event.id
    with inside(cast.alpha):
        audit.record("planted.alpha")
        db.session.commit()
    return found


STATEMENTS = {
    "select": lambda: [e.action for e in db.session.scalars(select(AuditEvent))],
    "one column": lambda: list(db.session.scalars(select(AuditEvent.action))),
    "count": lambda: ["planted.alpha"] * (db.session.scalar(select(func.count()).select_from(AuditEvent)) or 0),
    "subquery": lambda: list(
        db.session.scalars(select(AuditEvent.action).where(AuditEvent.id.in_(select(AuditEvent.id))))
    ),
    "alias": lambda: [e.action for e in db.session.scalars(select(aliased(AuditEvent)))],
    "legacy query": lambda: [e.action for e in db.session.query(AuditEvent)],
}


@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_read_sees_only_its_workspace(in_workspace: None, kind: str, request: pytest.FixtureRequest) -> None:
    audit.record("planted.alpha")
    db.session.commit()
    assert STATEMENTS[kind]() == ["planted.alpha"]


@pytest.mark.promise("isolation")
@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_read_does_not_see_another_workspace(
    inside: Callable[..., Any], cast: Cast, foreign_id: uuid.UUID, kind: str
) -> None:
    with inside(cast.alpha):
        assert STATEMENTS[kind]() == ["planted.alpha"]


def test_exists_does_not_see_another_workspace(inside: Callable[..., Any], foreign_id: uuid.UUID) -> None:
    with inside():
        assert db.session.scalar(select(exists().where(AuditEvent.action == "planted.bravo"))) is False
        assert db.session.scalar(select(exists().where(AuditEvent.action == "planted.alpha"))) is True


KEPT = select(AuditEvent.action)


def test_a_statement_that_is_kept_keeps_no_workspace(
    inside: Callable[..., Any], cast: Cast, foreign_id: uuid.UUID
) -> None:
    """Statements are built once and narrowed once: who asks is looked up when they run."""
    for _ in range(2):
        for workspace, planted in ((cast.alpha, ["planted.alpha"]), (cast.bravo, ["planted.bravo"])):
            with inside(workspace):
                assert [a for a in db.session.scalars(KEPT) if a.startswith("planted")] == planted
                narrower = KEPT.where(AuditEvent.action == "planted.alpha")
                assert list(db.session.scalars(narrower)) == [a for a in planted if a == "planted.alpha"]


def test_a_foreign_id_is_as_good_as_none(inside: Callable[..., Any], cast: Cast, foreign_id: uuid.UUID) -> None:
    with inside():
        assert db.session.scalar(select(AuditEvent).where(AuditEvent.id == foreign_id)) is None
        assert db.session.get(AuditEvent, (cast.bravo, foreign_id)) is None


def test_bulk_writes_stay_at_home(inside: Callable[..., Any], cast: Cast, foreign_id: uuid.UUID) -> None:
    with inside():
        assert db.session.execute(update(AuditEvent).values(action="changed")).rowcount == 1
        assert db.session.execute(delete(AuditEvent)).rowcount == 1
        db.session.commit()
    with inside(cast.bravo):
        assert db.session.scalars(select(AuditEvent.action)).all() == ["planted.bravo"]


def test_a_join_and_a_joined_load_stay_at_home(inside: Callable[..., Any], cast: Cast) -> None:
    shared = new_id()
    for workspace in (cast.alpha, cast.bravo):
        with inside(workspace):
            db.session.add(ChangeSet(id=shared, kind="edit", made_at=clock.now()))
            db.session.flush()
            db.session.add(Change(change_set_id=shared, row_kind="lead", row_id=new_id(), after={"w": str(workspace)}))
            db.session.commit()
    with inside():
        rows = db.session.scalars(select(Change.after).join(ChangeSet, ChangeSet.id == Change.change_set_id)).all()
        assert rows == [{"w": str(cast.alpha)}]


def test_touching_a_tenant_outside_a_workspace_is_loud(app: Flask, cast: Cast) -> None:
    with app.app_context():
        for statement in (select(AuditEvent), select(func.count()).select_from(AuditEvent), delete(AuditEvent)):
            with pytest.raises(tenancy.NoWorkspace):
                db.session.execute(statement)
        db.session.add(AuditEvent(sequence=1, at=clock.now(), action="x", facts={}, link=""))
        with pytest.raises(tenancy.NoWorkspace):
            db.session.flush()


def test_one_context_enters_one_workspace(app: Flask, cast: Cast) -> None:
    with app.app_context():
        tenancy.enter(cast.alpha)
        tenancy.enter(cast.alpha)
        with pytest.raises(tenancy.NoWorkspace):
            tenancy.enter(cast.bravo)


def test_a_row_for_another_workspace_is_refused(inside: Callable[..., Any], cast: Cast) -> None:
    with inside():
        db.session.add(ChangeSet(workspace_id=cast.bravo, id=new_id(), kind="edit", made_at=clock.now()))
        with pytest.raises(tenancy.ForeignRow):
            db.session.flush()
    with inside(), pytest.raises(tenancy.ForeignRow):
        db.session.execute(
            insert(ChangeSet), [{"workspace_id": cast.bravo, "id": new_id(), "kind": "e", "made_at": clock.now()}]
        )


@pytest.mark.promise("isolation")
def test_a_foreign_id_cannot_even_be_stored(inside: Callable[..., Any], cast: Cast) -> None:
    with inside(cast.bravo):
        theirs = ChangeSet(id=new_id(), kind="edit", made_at=clock.now())
        db.session.add(theirs)
        db.session.commit()
        foreign = theirs.id
    with inside():
        db.session.add(Change(change_set_id=foreign, row_kind="lead", row_id=new_id()))
        with pytest.raises(IntegrityError):
            db.session.flush()


def test_the_portal_sees_nothing_that_a_table_does_not_offer(
    app: Flask, inside: Callable[..., Any], cast: Cast
) -> None:
    with inside():
        db.session.add(
            Invitation(
                email="x@y.example", role="sales", token_hash="h", created_at=clock.now(), expires_at=clock.now()
            )
        )
        db.session.commit()
    with app.app_context():
        tenancy.enter_portal(cast.alpha, tenancy.Person(new_id(), "x@y.example"))
        assert db.session.scalars(select(Invitation)).all() == []


def test_row_level_security_holds_alone(
    app: Flask, inside: Callable[..., Any], cast: Cast, foreign_id: uuid.UUID
) -> None:
    with app.app_context():
        if db.engine.dialect.name != "postgresql":
            pytest.skip("PostgreSQL only: SQLite has no row-level security")
        with db.engine.connect() as connection:
            count = text("select count(*) from audit_event")
            assert connection.execute(count).scalar() == 0, "unset: no rows"
            connection.execute(text("select set_config('app.workspace', :w, true)"), {"w": str(cast.alpha)})
            assert connection.execute(text("select action from audit_event")).scalars().all() == ["planted.alpha"]
            assert connection.execute(text("update audit_event set action = 'x'")).rowcount == 1
            with pytest.raises(ProgrammingError):
                connection.execute(
                    text("insert into change_set (workspace_id, id, kind, made_at) values (:w, :i, 'x', now())"),
                    {"w": cast.bravo, "i": new_id()},
                )


def test_a_pooled_connection_forgets_the_workspace(
    inside: Callable[..., Any], cast: Cast, foreign_id: uuid.UUID
) -> None:
    for _ in range(20):
        for workspace, expected in ((cast.alpha, "planted.alpha"), (cast.bravo, "planted.bravo")):
            with inside(workspace):
                assert db.session.scalars(select(AuditEvent.action)).all() == [expected]


def test_the_open_fence_closes_again(inside: Callable[..., Any], cast: Cast, foreign_id: uuid.UUID) -> None:
    with inside():
        across = select(AuditEvent.action).execution_options(across_workspaces=True)
        assert sorted(db.session.scalars(across)) == ["planted.alpha", "planted.bravo"]
        assert db.session.scalars(select(AuditEvent.action)).all() == ["planted.alpha"]
