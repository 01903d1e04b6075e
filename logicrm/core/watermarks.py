"""What an executor leaves behind when it ran: the only thing that evidence may be drawn from.

A watermark says what was done, never what the policy wants. It is written in the executor's own
transaction, so a run that was rolled back left none.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Integer, String, UniqueConstraint, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped
from sqlalchemy.sql import ColumnElement

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import plain
from logicrm.core.schema import Id, new_id
from logicrm.core.tenancy import InWorkspace, Person
from logicrm.extensions import db


class Watermark(InWorkspace, db.Model):
    """The latest run of one executor in one workspace."""

    __tablename__ = "watermark"
    __label__ = _l("Runs of the program")
    __table_args__ = (UniqueConstraint("workspace_id", "executor"),)

    executor: Mapped[str] = plain(String(80), why="which code ran, such as retention:support")
    ran_at: Mapped[datetime] = plain(why="when it ended")
    rows_considered: Mapped[int] = plain(Integer, default=0, why="rows that it looked at")
    rows_acted: Mapped[int] = plain(Integer, default=0, why="rows that it deleted, sent, checked …")
    rows_overdue: Mapped[int] = plain(Integer, default=0, why="rows that it should have dealt with and could not")
    oldest_left: Mapped[datetime | None] = plain(why="oldest anchor that it left, rows under a hold not counted")
    run_id: Mapped[uuid.UUID] = plain(Id(), why="the run, for its log and its rows")

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """Counts and times only: the end customer may see that promises are kept."""
        return true()


def leave_watermark(
    executor: str,
    *,
    ran_at: datetime,
    rows_considered: int = 0,
    rows_acted: int = 0,
    rows_overdue: int = 0,
    oldest_left: datetime | None = None,
    run_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Record that an executor ran in this workspace, and return the run's id. The caller commits.

    A run that ended earlier than the one already recorded changes nothing.
    """
    run_id = run_id or new_id()
    values: dict[str, Any] = {
        "ran_at": ran_at, "rows_considered": rows_considered, "rows_acted": rows_acted,
        "rows_overdue": rows_overdue, "oldest_left": oldest_left, "run_id": run_id,
    }  # fmt: skip
    if not _advance(executor, values) and latest_watermark(executor) is None:
        try:
            with db.session.begin_nested():
                db.session.add(Watermark(executor=executor, **values))
        except IntegrityError:  # another worker's first run was faster
            _advance(executor, values)
    return run_id


def _advance(executor: str, values: dict[str, Any]) -> bool:
    moved = db.session.execute(
        update(Watermark).where(Watermark.executor == executor, Watermark.ran_at <= values["ran_at"]).values(values)
    )
    return cast("CursorResult[Any]", moved).rowcount > 0


def latest_watermark(executor: str) -> Watermark | None:
    """The last run of an executor in this workspace, or None when it never ran."""
    return db.session.scalar(
        select(Watermark).where(Watermark.executor == executor).execution_options(populate_existing=True)
    )
