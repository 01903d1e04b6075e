"""The moves of a job's row, each one conditional UPDATE in a short transaction of its own.

Only the worker calls these. They speak to the engine and not to a session, so that they stay apart
from the handler's transaction.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Engine, Float, bindparam, case, func, or_, select, update

from logicrm.core import database
from logicrm.core.jobs import Handler, JobCancelled, LeaseLost, insert_unless_there
from logicrm.core.jobs_models import EVERY, UNFINISHED, Job, JobState, db_later, freed_key, is_held
from logicrm.core.schema import db_now, new_id

Progress = tuple[int, int | None, str]  # done, total, note
MOST_STARTS = 100  # a job that was cut off so often kills its workers itself


def look(engine: Engine, kinds: Collection[str]) -> tuple[datetime, datetime | None, datetime | None]:
    """Return the database's time, when the next job of `kinds` is due, and when the next lease runs out."""
    first = select(func.min(Job.run_at)).where(Job.state == JobState.WAITING, Job.kind.in_(kinds))
    lease = select(func.min(Job.lease_until)).where(Job.state == JobState.RUNNING)
    with database.reading(), engine.begin() as connection:
        row = connection.execute(select(db_now(), first.scalar_subquery(), lease.scalar_subquery())).one()
    return row[0], row[1], row[2]


def claim(engine: Engine, kinds: Collection[str], lease_s: float) -> Any | None:
    """Take the job of `kinds` that is due longest; None when there is none.

    The row has id, kind, workspace_id, args, attempts, max_attempts and leased_by, the name of this start.
    """
    values = {"kinds": list(kinds), "token": secrets.token_hex(16), "lease_s": float(lease_s)}
    with engine.begin() as connection:
        return connection.execute(_take(engine.dialect.name), values).one_or_none()


@cache
def _take(dialect: str) -> Any:
    """The statement of `claim`, built once: building it took longer than running it."""
    due = (
        select(Job.id)
        .where(
            Job.state == JobState.WAITING,
            Job.run_at <= select(db_now()).scalar_subquery(),  # asked once, so that the index serves
            Job.kind.in_(bindparam("kinds", expanding=True)),
        )
        .order_by(Job.run_at, Job.id)
        .limit(1)
    )
    if dialect == "postgresql":
        due = due.with_for_update(skip_locked=True)
    return (
        update(Job)
        .where(Job.id == due.scalar_subquery(), Job.state == JobState.WAITING)
        .values(
            state=JobState.RUNNING,
            attempts=Job.attempts + 1,
            leased_by=bindparam("token"),
            lease_until=db_later(bindparam("lease_s", type_=Float)),
            started_at=db_now(),
            error="",
        )
        .returning(Job.id, Job.kind, Job.workspace_id, Job.args, Job.attempts, Job.max_attempts, Job.leased_by)
    )


def move(engine: Engine, job_id: Any, token: str, values: dict[Any, Any]) -> bool:
    """Change the job if the start named `token` still has it; True when it had."""
    with engine.begin() as connection:
        return connection.execute(update(Job).where(is_held(job_id, token)).values(values)).rowcount == 1


def state_under(engine: Engine, job_id: Any, token: str) -> str | None:
    """The job's state if the start named `token` was the last to have it, else None."""
    with database.reading(), engine.begin() as connection:
        return connection.scalar(select(Job.state).where(Job.id == job_id, Job.leased_by == token))


def extend(
    engine: Engine, job_id: Any, token: str, lease_s: float, progress: Progress | None
) -> type[LeaseLost] | bool:
    """Prolong the lease and write progress.

    Return True when it is written, False when it cannot be now (the handler's own transaction has the
    row), and what happened when the job is no longer ours.
    """
    values: dict[Any, Any] = {Job.lease_until: db_later(lease_s)}
    if progress is not None:
        values |= {Job.progress_done: progress[0], Job.progress_total: progress[1], Job.progress_note: progress[2]}
    free = select(Job.id).where(is_held(job_id, token))
    if engine.dialect.name == "postgresql":
        free = free.with_for_update(skip_locked=True)
    with engine.begin() as connection:
        if connection.execute(update(Job).where(Job.id == free.scalar_subquery()).values(values)).rowcount == 1:
            return True
    state = state_under(engine, job_id, token)
    if state in (JobState.RUNNING, JobState.DONE):  # done: marked by the handler itself a moment ago
        return False
    return JobCancelled if state == JobState.CANCELLED else LeaseLost


def recover(engine: Engine) -> int:
    """Set jobs whose lease ran out to run again, or to failed after very many starts; return how many.

    That a worker was killed is no fault of the job's: the start is given back, so as many faults are allowed
    as before.
    """
    spent = Job.attempts >= MOST_STARTS
    back = (
        update(Job)
        .where(Job.state == JobState.RUNNING, Job.lease_until < db_now())
        .values(
            state=case((spent, JobState.FAILED), else_=JobState.WAITING),
            finished_at=case((spent, db_now()), else_=None),
            key=case((spent, freed_key()), else_=Job.key),
            error=case((spent, "WorkerLost: the worker was stopped or killed"), else_=""),
            max_attempts=Job.max_attempts + 1,
            run_at=db_now(),
            lease_until=None,
            leased_by=None,
        )
    )
    with engine.begin() as connection:
        return connection.execute(back).rowcount


def plan(engine: Engine, handlers: Iterable[Handler]) -> datetime | None:
    """Ask for the present period's run of each periodic handler; return when the next period begins.

    The period is in the key, which outlives the job: the first worker to ask wins, the others do nothing.
    """
    periodic = [handler for handler in handlers if handler.periodic]
    with database.reading(), engine.begin() as connection:
        now = connection.execute(select(db_now())).scalar_one()
        rows = select(Job.kind, Job.key, Job.state).where(
            Job.key.like(EVERY + "%"),
            or_(Job.state.in_(UNFINISHED), Job.key.in_([_period_key(handler, now) for handler in periodic])),
        )
        asked = {row.kind for row in connection.execute(rows)}
    for handler in periodic:
        if handler.kind in asked:
            continue
        values = {
            "id": new_id(),
            "kind": handler.kind,
            "workspace_id": None,
            "args": {},
            "key": _period_key(handler, now),
            "state": JobState.WAITING,
            "run_at": handler.period(now)[0],
            "max_attempts": handler.max_attempts,
            "created_at": db_now(),
        }
        with engine.begin() as connection:
            connection.execute(insert_unless_there(engine.dialect.name, values))
    return min((handler.period(now)[1] for handler in periodic), default=None)


def _period_key(handler: Handler, now: datetime) -> str:
    return f"{EVERY}{handler.kind}@{handler.period(now)[0]:%Y-%m-%dT%H:%M:%S}"


def backoff(attempt: int, base_s: float) -> float:
    """Seconds to wait after the fault of an attempt (counted from 1): base × 3^(n−1) ± 20 %, six hours at most."""
    return min(6 * 3600.0, base_s * 3.0 ** (attempt - 1)) * random.uniform(0.8, 1.2)  # noqa: S311 - not a secret
