"""Undo: what a change replaced, so that it can be put back.

A `ChangeSet` is one act of a person (an edit, a bulk edit, an import); its `Change`s hold the values
before and after of each row. Undoing restores a row only when it still says what the act wrote:
somebody's later edit is never overwritten, it is counted and named instead.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Numeric, String, select, update
from sqlalchemy.orm import Mapped

from logicrm.core import audit
from logicrm.core.errors import Refused
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Base, Id, Json, UtcDateTime, new_id
from logicrm.core.tenancy import InWorkspace, inside
from logicrm.extensions import db


class ChangeSet(InWorkspace, db.Model):
    """One act that can be taken back."""

    __tablename__ = "change_set"
    __label__ = _l("Steps that can be undone")
    __retention__ = (Keep("logs", anchor="made_at", days=365, why=_l("undo reaches back a year")),)

    made_at: Mapped[datetime] = plain(why="when")
    made_by: Mapped[uuid.UUID | None] = plain(Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who did it")
    kind: Mapped[str] = plain(String(40), why="edit, import, delete, stage, convert …")
    undone_at: Mapped[datetime | None] = plain(why="when it was taken back")


class Change(InWorkspace, db.Model):
    """The values of one row before and after. Erasing the row's person deletes this too: undo brings nobody back."""

    __tablename__ = "change"
    __label__ = _l("Changes that can be undone")
    __table_args__ = (
        inside("change_set_id", "change_set", ondelete="CASCADE"),
        Index("ix_change_set", "workspace_id", "change_set_id"),
        Index("ix_change_row", "workspace_id", "row_id"),
        Index("ix_change_email", "workspace_id", "email"),
    )
    # By the row while it is there, and by the address once the row itself was deleted.
    __about__ = (About("person", via=("row_id", "*")), About("person", by="email"))

    change_set_id: Mapped[uuid.UUID] = plain(why="the act")
    row_kind: Mapped[str] = plain(String(40), why="table of the row")
    row_id: Mapped[uuid.UUID] = plain(Id(), why="id of the row")
    email: Mapped[str | None] = personal(
        String(254), category="contact", keep="account", purpose="service", label=_l("Address of whom it was about")
    )
    before: Mapped[dict[str, Any] | None] = personal(
        Json, category="business", keep="account", purpose="service", label=_l("Values before")
    )
    after: Mapped[dict[str, Any] | None] = personal(
        Json, category="business", keep="account", purpose="service", label=_l("Values after")
    )


@dataclass(frozen=True)
class Undone:
    """What an undo did: rows put back, rows left alone because somebody changed them since."""

    restored: int
    left_alone: list[uuid.UUID]


def begin(kind: str, *, by: uuid.UUID | None, now: datetime) -> ChangeSet:
    """Open a change set for one act."""
    change_set = ChangeSet(id=new_id(), kind=kind, made_by=by, made_at=now)
    db.session.add(change_set)
    db.session.flush()  # its changes refer to it
    return change_set


def snapshot(row: Any) -> dict[str, Any]:
    """The row's values as JSON can hold them; `restore` reads them back by the columns' types."""
    return {c.key: _plain(getattr(row, c.key)) for c in row.__mapper__.column_attrs if c.key != "workspace_id"}


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def note(
    change_set: ChangeSet,
    row: Any,
    before: dict[str, Any] | None,
    *,
    deleted: bool = False,
    email: str | None = None,
) -> Change:
    """Remember a row's change: `before` is None for a new row; `deleted` when it is about to go.

    `email`: address of the person it is about, by which erasure finds it; default: the row's own.
    """
    after = None if deleted else snapshot(row)
    if before is not None and after is not None:
        names = [k for k in after if before.get(k) != after[k]]
        before, after = {k: before.get(k) for k in names}, {k: after[k] for k in names}
    change = Change(
        id=new_id(),
        change_set_id=change_set.id,
        row_kind=row.__tablename__,
        row_id=row.id,
        email=email or getattr(row, "email", None),
        before=before,
        after=after,
    )
    db.session.add(change)
    return change


_READERS: dict[Any, Any] = {
    UtcDateTime: datetime.fromisoformat, Date: date.fromisoformat, Numeric: Decimal, Id: uuid.UUID,
}  # fmt: skip


def _restored_value(column: Any, value: Any) -> Any:
    if value is None:
        return None
    for kind, read in _READERS.items():
        if isinstance(column.type, kind):
            return read(value)
    return value


def model_of(kind: str) -> Any:
    """The model of a table's name."""
    for mapper in Base.registry.mappers:
        if mapper.class_.__tablename__ == kind:
            return mapper.class_
    raise KeyError(kind)


def undo(change_set_id: uuid.UUID, *, by: uuid.UUID | None, now: datetime) -> Undone:
    """Take a change set back, in the caller's transaction. Refused when it was taken back already."""
    won = db.session.execute(
        update(ChangeSet).where(ChangeSet.id == change_set_id, ChangeSet.undone_at.is_(None)).values(undone_at=now)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("This was already undone.")
    restored, left_alone = 0, []
    changes = db.session.scalars(select(Change).where(Change.change_set_id == change_set_id).order_by(Change.id.desc()))
    for change in list(changes):
        if _put_back(change):
            restored += 1
        else:
            left_alone.append(change.row_id)
    audit.record(
        "history.undo", object_kind="change_set", object_id=change_set_id, actor=by,
        restored=restored, left_alone=len(left_alone),
    )  # fmt: skip
    return Undone(restored, left_alone)


def _put_back(change: Change) -> bool:
    model = model_of(change.row_kind)
    row = db.session.scalar(select(model).where(model.id == change.row_id))
    columns = {a.key: a.columns[0] for a in model.__mapper__.column_attrs}
    if change.before is None:  # it was made: remove it, unless somebody worked on it since
        if row is None:
            return True
        if change.after is None or any(_plain(getattr(row, k)) != v for k, v in change.after.items() if k in columns):
            return False
        db.session.delete(row)
        db.session.flush()
        return True
    if change.after is None:  # it was deleted: make it again
        if row is not None:
            return False
        values = {k: _restored_value(columns[k], v) for k, v in change.before.items() if k in columns}
        db.session.add(model(**values))
        db.session.flush()
        return True
    return row is not None and put_back(row, change)


def put_back(row: Any, change: Change) -> bool:
    """Give a row the values from before a change; False, and nothing happens, when somebody changed them since."""
    columns = {a.key: a.columns[0] for a in type(row).__mapper__.column_attrs}
    if any(_plain(getattr(row, k)) != v for k, v in (change.after or {}).items() if k in columns):
        return False
    for key, value in (change.before or {}).items():
        if key in columns:
            setattr(row, key, _restored_value(columns[key], value))
    return True
