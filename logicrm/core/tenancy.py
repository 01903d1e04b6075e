"""One workspace at a time, below the queries: no query mentions `workspace_id`.

`enter(workspace_id)` binds the present application context (one request, one job) to a
workspace. From then on every ORM statement that touches a table of `InWorkspace` is
narrowed to it, new rows are stamped, foreign ones refused. A statement that touches such
a table outside a workspace raises. The end customer's portal narrows a second time, to
one person (`enter_portal`): a table that does not say what of it a person may see
(`portal_scope`) cannot be read there at all.

Second fence: every foreign key carries the workspace (`inside`), so a foreign id cannot
even be stored. Third fence, on PostgreSQL: row-level security on the same column, fed by
`app.workspace` per transaction (see migrations).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self
from weakref import WeakKeyDictionary

from flask import Flask, g, has_app_context
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Table,
    bindparam,
    event,
    false,
    text,
)
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, declared_attr, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlalchemy.sql.schema import Column

from logicrm.core.pii import plain
from logicrm.core.schema import Base, Id, new_id

ACROSS = "across_workspaces"


class NoWorkspace(RuntimeError):
    """A tenant's table was touched outside a workspace: a bug, never a user's mistake."""


class ForeignRow(RuntimeError):
    """A row of another workspace was about to be written: a bug, never a user's mistake."""


class InWorkspace:
    """Mixin of every table that belongs to one workspace. Its key is (workspace_id, id)."""

    @declared_attr
    def workspace_id(cls) -> Mapped[uuid.UUID]:
        return plain(
            Id(), ForeignKey("workspace.id"), primary_key=True, sort_order=-20, why="the tenant; part of every key"
        )

    @declared_attr
    def id(cls) -> Mapped[uuid.UUID]:
        return plain(Id(), primary_key=True, default=new_id, sort_order=-19, why="names the row")

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """What of this table the person in the portal may see. Nothing, unless the model says otherwise."""
        return false()


class Person:
    """The end customer in the portal: proven address, and the rows that are theirs by table."""

    def __init__(self, subject_id: uuid.UUID, email: str) -> None:
        self.subject_id = subject_id
        self.email = email

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and other.subject_id == self.subject_id

    def __hash__(self) -> int:
        return hash(self.subject_id)


def inside(column: str, target: str, *, ondelete: str | None = None, name: str | None = None) -> ForeignKeyConstraint:
    """A foreign key that carries the workspace: `inside("lead_id", "lead")`.

    A row of another workspace cannot be referenced, whatever a form sends. `ondelete="CASCADE"`
    is allowed; SET NULL is not (it would null the workspace too), services unlink by hand.
    """
    if ondelete not in (None, "CASCADE", "RESTRICT"):
        raise TypeError("a key with the workspace in it can cascade or restrict, not set NULL")
    return ForeignKeyConstraint(
        ["workspace_id", column], [f"{target}.workspace_id", f"{target}.id"], ondelete=ondelete, name=name
    )


def enter(workspace_id: uuid.UUID) -> None:
    """Bind this application context to a workspace, once. A second workspace is refused:
    rows of the first could still sit in the session's identity map."""
    if not isinstance(workspace_id, uuid.UUID):
        raise TypeError("enter() wants a uuid.UUID")
    bound = g.get("workspace_id")
    if bound is not None and bound != workspace_id:
        raise NoWorkspace("this context already works in another workspace; open a new one")
    if bound is None:
        g.workspace_id = workspace_id
        _tell_database()


def enter_portal(workspace_id: uuid.UUID, person: Person) -> None:
    """Bind this context to a workspace and, within it, to one end customer."""
    enter(workspace_id)
    g.portal_person = person


def current() -> uuid.UUID | None:
    """The workspace of this context, or None."""
    return g.get("workspace_id") if has_app_context() else None


def person() -> Person | None:
    """The end customer of this context, or None outside the portal."""
    return g.get("portal_person") if has_app_context() else None


@contextmanager
def working_in(app: Flask, workspace_id: uuid.UUID | None) -> Iterator[None]:
    """A fresh application context (so a fresh session) in a workspace: for jobs, commands, tests."""
    with app.app_context():
        if workspace_id is not None:
            enter(workspace_id)
        yield


def _tell_database() -> None:
    """Set the row-level-security variable if a transaction is already open on PostgreSQL."""
    from logicrm.extensions import db

    if db.session.registry.has() and db.session().in_transaction() and db.engine.dialect.name == "postgresql":
        _set_local(db.session().connection())


def _set_local(connection: Connection) -> None:
    workspace_id = current()
    if workspace_id is not None:  # said for this transaction only; before it is said, no row is seen
        connection.exec_driver_sql("select set_config('app.workspace', %s, true)", (str(workspace_id),))


def _tenant_tables(statement: Any) -> set[str]:
    """Names of the InWorkspace tables that a statement touches, subqueries included."""
    names = set()
    for element in visitors.iterate(statement):
        if isinstance(element, Table) and is_tenant(element):
            names.add(element.name)
        elif isinstance(element, Column) and isinstance(element.table, Table) and is_tenant(element.table):
            names.add(element.table.name)
    return names


def _table(mapper: Any) -> Table:
    """A mapper's table; SQLAlchemy types it as any selectable."""
    table: Table = mapper.local_table
    return table


def is_tenant(table: Table) -> bool:
    """True for a table whose rows belong to a workspace (its key starts with workspace_id)."""
    column = table.columns.get("workspace_id")
    return column is not None and column.primary_key


def _scope(state: ORMExecuteState) -> None:
    if state.execution_options.get(ACROSS):
        if state.session.get_bind().dialect.name == "postgresql":
            # Row-level security would hide the rows: open it for this one statement.
            connection = state.session.connection()
            connection.execute(text("select set_config('app.across', 'on', true)"))
            state.session.info["across_open"] = True
        return
    if state.session.info.pop("across_open", False):
        state.session.connection().execute(text("select set_config('app.across', '', true)"))
    workspace_id = current()
    if workspace_id is None:
        touched = _touched.get(state.statement)
        if touched is None:
            touched = _tenant_tables(state.statement)
            touched |= {_table(m).name for m in state.all_mappers if is_tenant(_table(m))}
            _touched[state.statement] = touched
        if touched:
            raise NoWorkspace(f"a statement touches {', '.join(sorted(touched))} outside a workspace")
        return
    if state.is_insert:
        _stamp_bulk(state, workspace_id)
        return
    # Every statement, lazy loads and bulk writes included: skipping any of them leaks (docs/house.md).
    scoped = _scoped.get(state.statement)
    if scoped is None:
        scoped = _scoped[state.statement] = state.statement.options(_ONLY_HERE)
    state.statement = scoped
    who = person()
    if who is not None:
        for mapper in _tenant_mappers():
            cls = mapper.class_
            state.statement = state.statement.options(
                with_loader_criteria(cls, cls.portal_scope(who), include_aliases=True)
            )


#: Asked when the statement runs, never when it is built: a statement that is kept must not keep a workspace.
_HERE: BindParameter[uuid.UUID] = bindparam("here_now", callable_=lambda: current(), type_=Id(), unique=True)
_ONLY_HERE = with_loader_criteria(InWorkspace, lambda cls: cls.workspace_id == _HERE, include_aliases=True)
#: Statements that are used again (built once, at import) are narrowed once; the others go with their last user.
_scoped: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
_touched: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def _stamp_bulk(state: ORMExecuteState, workspace_id: uuid.UUID) -> None:
    """A bulk INSERT goes past the flush: stamp its rows here, refuse those of another workspace."""
    if not any(is_tenant(_table(m)) for m in state.all_mappers):
        return
    rows: list[Any] = state.parameters if isinstance(state.parameters, list) else [state.parameters or {}]
    for row in rows:
        if row.setdefault("workspace_id", workspace_id) != workspace_id:
            raise ForeignRow("a bulk insert for another workspace")


def _tenant_mappers() -> list[Any]:
    return [m for m in Base.registry.mappers if issubclass(m.class_, InWorkspace)]


def _stamp(session: Session, *_: Any) -> None:
    workspace_id = current()
    for row in session.new:
        if isinstance(row, InWorkspace):
            if row.workspace_id is None:
                if workspace_id is None:
                    raise NoWorkspace(f"a new {type(row).__name__} outside a workspace")
                row.workspace_id = workspace_id
            elif workspace_id is not None and row.workspace_id != workspace_id:
                raise ForeignRow(f"a new {type(row).__name__} for another workspace")
    for row in [*session.dirty, *session.deleted]:
        if isinstance(row, InWorkspace) and workspace_id is not None and row.workspace_id != workspace_id:
            raise ForeignRow(f"{type(row).__name__} belongs to another workspace")


def _after_begin(session: Session, _transaction: Any, connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        _set_local(connection)


def install(session_class: Any) -> None:
    """Attach the fences to a session factory."""
    event.listen(session_class, "do_orm_execute", _scope)
    event.listen(session_class, "before_flush", _stamp)
    event.listen(session_class, "after_begin", _after_begin)


__all__ = [
    "ACROSS", "ForeignRow", "InWorkspace", "NoWorkspace", "Person", "Self",
    "current", "enter", "enter_portal", "inside", "install", "is_tenant", "person", "working_in",
]  # fmt: skip
