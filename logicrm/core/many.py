"""Many new rows at once, for imports and loaders: past the ORM's objects, not past the fence around the workspace.

On PostgreSQL a batch is one statement over arrays. Sent row by row, each row would run the statement triggers by
itself (the kept sums of the board) and leave a version of the sum behind that later rows have to walk past.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, Insert, String, Table, Text, bindparam, func, insert, select

from logicrm.core import tenancy
from logicrm.extensions import db


def insert_many(model: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all name the same columns (attribute names); defaults and the workspace are filled in.

    Raises ForeignRow for a row of another workspace. Listeners of the session's flush do not run: search entries are
    the caller's. The caller commits.
    """
    if not rows:
        return
    table: Table = model.__table__
    rows = [*map(_filled(table), rows)]
    names = tuple(rows[0])
    if db.engine.dialect.name == "postgresql":
        values = {name: [row[name] for row in rows] for name in names}
        db.session.execute(_over_arrays(table, names), values)
    else:
        db.session.execute(insert(table), rows)


def _filled(table: Table) -> Any:
    """What completes a row of this table: its workspace and the values that nobody named."""
    here, stamped = tenancy.current(), tenancy.is_tenant(table)
    if stamped and here is None:
        raise tenancy.NoWorkspace(f"new rows of {table.name} outside a workspace")
    constants = {c.name: c.default.arg for c in table.columns if c.default is not None and c.default.is_scalar}  # type: ignore[attr-defined]
    makers = {c.name: c.default.arg for c in table.columns if c.default is not None and c.default.is_callable}  # type: ignore[attr-defined]

    def fill(row: dict[str, Any]) -> dict[str, Any]:
        full = {**constants, **{name: make(None) for name, make in makers.items() if name not in row}, **row}
        if stamped and full.setdefault("workspace_id", here) != here:
            raise tenancy.ForeignRow(f"a new row of {table.name} for another workspace")
        return full

    return fill


@lru_cache(maxsize=64)
def _over_arrays(table: Table, names: tuple[str, ...]) -> Insert:
    arrays = [bindparam(name, type_=ARRAY(_uncut(table.columns[name].type), dimensions=1)) for name in names]
    given = func.unnest(*arrays).table_valued(*names).render_derived(name="given")
    return insert(table).from_select(names, select(*(given.columns[name] for name in names)))


def _uncut(kind: Any) -> Any:
    # A cast to VARCHAR(80) would cut a longer text without a word; the column itself refuses it.
    return Text() if isinstance(kind, String) else kind
