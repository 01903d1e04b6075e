"""The table of jobs, and the words in which its rows are moved."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Index, String, and_, case
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped
from sqlalchemy.sql.functions import FunctionElement

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Erase, Keep, personal, plain
from logicrm.core.schema import Id, UtcDateTime, db_now, new_id
from logicrm.extensions import db

EVERY = "every:"  # keys of periodic jobs: they outlive the job, so that a period has one


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (JobState.WAITING, JobState.RUNNING)


class db_later(FunctionElement[datetime]):
    """The database's clock plus a number of seconds, in SQL: `db_later(30)`."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, seconds: float | BindParameter[float]) -> None:
        super().__init__(seconds if isinstance(seconds, BindParameter) else float(seconds))


@compiles(db_later, "sqlite")
def _db_later_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', {seconds} || ' seconds') || '000')"


@compiles(db_later, "postgresql")
def _db_later_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"


class Job(db.Model):
    """One piece of work. A global table: the worker takes from all workspaces."""

    __tablename__ = "job"
    __label__ = _l("Background work")
    __table_args__ = (Index(None, "state", "run_at", "id"), Index(None, "workspace_id", "id"))
    __about__ = (About("account", by="created_by", rows=Erase.BLANK),)
    __retention__ = (Keep("logs", anchor="finished_at", days=30, why=_l("finished work is only looked at for faults")),)

    id: Mapped[uuid.UUID] = plain(Id(), primary_key=True, default=new_id, why="names the job")
    kind: Mapped[str] = plain(String(60), why="which handler runs it")
    workspace_id: Mapped[uuid.UUID | None] = plain(Id(), why="the tenant it works in; none for the whole installation")
    args: Mapped[dict[str, Any]] = plain(default=dict, why="ids and enums that the handler starts from")
    key: Mapped[str | None] = plain(String(120), unique=True, why="asking twice has the effect of once")
    state: Mapped[str] = plain(String(10), default=JobState.WAITING, why="moves by conditional updates only")
    run_at: Mapped[datetime] = plain(why="not before this instant of the database's clock")
    attempts: Mapped[int] = plain(BigInteger, default=0, why="how often it was started")
    max_attempts: Mapped[int] = plain(
        BigInteger, default=8, why="when to give up; one more for each start that a killed worker cost"
    )
    lease_until: Mapped[datetime | None] = plain(why="until when its worker has it")
    leased_by: Mapped[str | None] = plain(String(32), why="random name of this start; fences a worker that lost it")
    progress_done: Mapped[int] = plain(BigInteger, default=0, why="shown while it runs")
    progress_total: Mapped[int | None] = plain(BigInteger, why="shown while it runs")
    progress_note: Mapped[str] = plain(String(200), default="", why="our own words, shown while it runs")
    error: Mapped[str] = plain(String(300), default="", why="class and place of the last fault, our own words")
    created_at: Mapped[datetime] = plain(why="when it was asked for")
    started_at: Mapped[datetime | None] = plain(why="when it was last started")
    finished_at: Mapped[datetime | None] = plain(why="starts the retention clock")
    created_by: Mapped[uuid.UUID | None] = personal(
        Id(), category="usage", keep="logs", erase=Erase.BLANK, label=_l("Who asked for it")
    )

    @property
    def title(self) -> str:
        """The handler's name for people, or the kind when this version no longer knows it."""
        from logicrm.core.jobs import HANDLERS

        return str(HANDLERS[self.kind].title) if self.kind in HANDLERS else self.kind


def is_held(job_id: uuid.UUID, token: str) -> ColumnElement[bool]:
    """The fence: true of the job's row while the start named `token` still has it."""
    return and_(Job.id == job_id, Job.leased_by == token, Job.state == JobState.RUNNING)


def done_values() -> dict[Any, Any]:
    """What "done" sets. The token stays, so that the worker can tell its own mark from another's."""
    return {Job.state: JobState.DONE, Job.finished_at: db_now(), Job.lease_until: None, Job.key: freed_key()}


def freed_key() -> ColumnElement[Any]:
    """A finished job gives its key back; a period keeps it."""
    return case((Job.key.like(EVERY + "%"), Job.key), else_=None)
