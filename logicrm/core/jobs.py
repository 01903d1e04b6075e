"""Work that happens outside the request: rows in the application's own database.

`enqueue` writes the row in the caller's transaction, so a rollback un-asks it; the worker
(`core.jobs_worker`) takes it by a lease and finds it again after a crash.

    @job("leads.import", title=_l("Import leads"))
    def run(job: JobContext) -> None:
        lead_import = db.session.get(Import, ...)          # in the job's workspace
        ...
        job.finish_in_this_transaction()
        db.session.commit()                                # effect and "done" together: exactly once

The contract of a handler. It commits itself (a job is an edge) and may be started again from
any of its commits: a killed worker's job is run again once its lease has run out. Without
`finish_in_this_transaction` the effect comes at least once, with it exactly once, because a
worker that lost its lease (a long pause, a jumping clock) cannot commit either. Work in several
transactions keeps its place in its own rows and puts `hold_in_this_transaction` before each commit
but the last. What leaves the database (mail, files) carries a stable name, so that doing it twice
has the effect of once.

All comparisons of time use the database's clock. Arguments are ids and enums, never personal data.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from flask_babel import LazyString
from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from logicrm.core import tenancy
from logicrm.core.jobs_models import EVERY, UNFINISHED, Job, JobState, done_values, freed_key, is_held
from logicrm.core.schema import db_now, new_id
from logicrm.extensions import db

LONGEST_ARGUMENT = 64
_CURRENT: Final[Any] = object()
_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")


class LeaseLost(Exception):
    """The job is no longer this worker's: roll back and leave it to the one who has it."""


class JobCancelled(LeaseLost):
    """Somebody cancelled the job while it ran."""


class Stopping(Exception):
    """The worker shuts down: the job goes back to the queue and this start is not counted."""


class GiveUp(Exception):
    """Trying again will not help. The message is shown to the owner: our own words, no personal data."""


# ---------------------------------------------------------------------------------- handlers


@dataclass(frozen=True)
class Handler:
    """A registered handler. `long` jobs never take the last thread, so that mail passes an import."""

    kind: str
    run: Callable[[JobContext], None]
    title: str | LazyString
    max_attempts: int
    long: bool
    seconds: int | None = None  # periodic: every so many seconds …
    at_hour: int | None = None  # … or daily at this hour, UTC

    @property
    def periodic(self) -> bool:
        return self.seconds is not None or self.at_hour is not None

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the start of the period that `now` is in and the start of the next one, both in UTC."""
        if self.seconds is not None:
            start = datetime.fromtimestamp(int(now.timestamp()) // self.seconds * self.seconds, UTC)
            return start, start + timedelta(seconds=self.seconds)
        start = now.astimezone(UTC).replace(hour=self.at_hour or 0, minute=0, second=0, microsecond=0)
        if start > now:
            start -= timedelta(days=1)
        return start, start + timedelta(days=1)


HANDLERS: dict[str, Handler] = {}
Run = Callable[["JobContext"], None]


def job(kind: str, *, max_attempts: int = 8, title: str | LazyString = "", long: bool = False) -> Callable[[Run], Run]:
    """Register the handler of a kind of job ("area.verb"). `long=True` for work of more than some seconds."""

    def register(run: Run) -> Run:
        return _register(Handler(kind, run, title or kind, max_attempts, long))

    return register


def every(
    kind: str,
    *,
    seconds: int | None = None,
    at_hour: int | None = None,
    max_attempts: int = 3,
    title: str | LazyString = "",
    long: bool = False,
) -> Callable[[Run], Run]:
    """Register a periodic handler: one run per period whatever the number of workers, outside any workspace.

    Periods are aligned to the epoch (`seconds`) or start daily at `at_hour` UTC. Periods missed
    while no worker ran are not made up for, save the present one; a period that starts while the
    last run is unfinished is left out.
    """
    if (seconds is None) == (at_hour is None):
        raise TypeError("every() wants exactly one of seconds= and at_hour=")

    def register(run: Run) -> Run:
        return _register(Handler(kind, run, title or kind, max_attempts, long, seconds, at_hour))

    return register


def _register(handler: Handler) -> Run:
    known = HANDLERS.get(handler.kind)
    if known is not None and known.run.__qualname__ != handler.run.__qualname__:
        raise ValueError(f"two handlers for {handler.kind!r}")
    if not _KIND.fullmatch(handler.kind):
        raise ValueError(f"kind {handler.kind!r} is not of the form area.verb")
    HANDLERS[handler.kind] = handler
    return handler.run


@dataclass
class JobContext:
    """What a handler gets. `attempt` counts from 1."""

    id: uuid.UUID
    kind: str
    workspace_id: uuid.UUID | None
    args: Mapping[str, Any]
    attempt: int
    max_attempts: int
    token: str
    report: Callable[[JobContext, int, int | None, str], None]
    finishing: bool = field(default=False, init=False)
    lost: type[LeaseLost] | None = field(default=None, init=False)

    @property
    def faults(self) -> int:
        """How many starts before this one ended with a fault; those whose worker was killed do not count."""
        given_back = max(0, self.max_attempts - HANDLERS[self.kind].max_attempts)
        return max(0, self.attempt - 1 - given_back)

    @property
    def last_attempt(self) -> bool:
        """True when a fault now is final."""
        return self.attempt >= self.max_attempts

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Show how far the job is, and extend its lease, in a short transaction of its own.

        Cheap enough for every row: written four times a second at most, and later by the heartbeat
        when the handler's transaction is open (SQLite has one writer). Between two of the handler's
        commits is the place to call it, for it raises JobCancelled when somebody cancelled,
        LeaseLost when the job is another worker's, and Stopping when the worker shuts down (the job
        goes back unharmed).
        """
        _refuse_personal("note", note, longest=200)
        self.report(self, done, total, note)

    def finish_in_this_transaction(self) -> None:
        """Mark the job done in the handler's own session, to be committed together with the effect.

        Raises LeaseLost, or JobCancelled, when the job is no longer ours: roll back.
        """
        self._fence(done_values())
        self.finishing = True

    def hold_in_this_transaction(self) -> None:
        """For work in several transactions: let this one commit only if the job is still ours.

        Raises like `finish_in_this_transaction`. The job's row stays locked until the commit.
        """
        self._fence({Job.leased_by: Job.leased_by})

    def _fence(self, values: dict[Any, Any]) -> None:
        ours = update(Job).where(is_held(self.id, self.token)).values(values)
        if not _moved(ours):
            state = db.session.scalar(select(Job.state).where(Job.id == self.id))
            raise JobCancelled if state == JobState.CANCELLED else LeaseLost


# ---------------------------------------------------------------------------------- asking


def enqueue(
    kind: str,
    *,
    args: Mapping[str, Any] | None = None,
    run_at: datetime | None = None,
    key: str | None = None,
    workspace_id: uuid.UUID | None = _CURRENT,
    created_by: uuid.UUID | None = None,
) -> Job:
    """Ask for work in the caller's transaction; the caller commits.

    `args`: ids, enums, numbers, dates; text that could be about a person is refused (ValueError).
    `run_at`: aware; None is at once. `key`: while a job with this key is unfinished, that one is
    returned instead (also when it is running already: put what must not be missed in the key).
    `workspace_id`: the present one unless given; None works in no workspace. LookupError for an
    unknown kind.
    """
    handler = HANDLERS.get(kind)
    if handler is None:
        raise LookupError(f"no handler for jobs of kind {kind!r}")
    values = {
        "id": new_id(),
        "kind": kind,
        "workspace_id": tenancy.current() if workspace_id is _CURRENT else workspace_id,
        "args": {name: _argument(name, value) for name, value in (args or {}).items()},
        "key": key,
        "state": JobState.WAITING,
        "run_at": run_at if run_at is not None else db_now(),
        "max_attempts": handler.max_attempts,
        "created_at": db_now(),
        "created_by": created_by,
    }
    if key is None:
        row = Job(**values)
        db.session.add(row)
        return row
    _refuse_personal("key", key, longest=120)
    if key.startswith(EVERY):
        raise ValueError(f"keys that start with {EVERY!r} belong to periodic jobs")
    for _ in range(5):
        there = db.session.scalar(select(Job).where(Job.key == key, Job.state.in_(UNFINISHED)))
        if there is not None:
            return there
        db.session.execute(insert_unless_there(db.engine.dialect.name, values))
    raise RuntimeError("the job's key keeps changing hands")  # pragma: no cover - five lost races in a row


def insert_unless_there(dialect: str, values: Mapping[str, Any]) -> Any:
    """INSERT of a job row that does nothing when its key is taken."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row = {"attempts": 0, "progress_done": 0, "progress_note": "", "error": "", **values}
    return insert(Job).values(**row).on_conflict_do_nothing(index_elements=["key"])


def _argument(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, uuid.UUID | date):
        return str(value)
    if isinstance(value, str):
        _refuse_personal(name, value, longest=LONGEST_ARGUMENT)
        return str(value)
    if isinstance(value, list | tuple):
        return [_argument(name, one) for one in value]
    raise TypeError(f"a job's argument {name!r} is an id, an enum, a number or a date, not {type(value).__name__}")


def _refuse_personal(name: str, text: str, *, longest: int) -> None:
    # The value is not in the message: it may be the very thing that must not reach a log.
    if "@" in text or len(text) > longest or any(c in text for c in "\r\n"):
        raise ValueError(f"{name!r} looks like personal data: pass an id (at most {longest} characters, no @)")


# ---------------------------------------------------------------------------------- looking and steering


def _mine() -> ColumnElement[bool]:
    """Jobs that this context may see: its workspace's; all of them outside a workspace (command line)."""
    workspace_id = tenancy.current()
    return Job.workspace_id == workspace_id if workspace_id is not None else Job.id.is_not(None)


def get(job_id: uuid.UUID) -> Job | None:
    """The job with this id in the present workspace, or None."""
    return db.session.scalar(select(Job).where(Job.id == job_id, _mine()))


def recent(limit: int = 50, *, states: tuple[JobState, ...] = tuple(JobState)) -> list[Job]:
    """The newest jobs of the present workspace, newest first."""
    query = select(Job).where(_mine(), Job.state.in_(states)).order_by(Job.id.desc()).limit(limit)
    return list(db.session.scalars(query))


def cancel(job_id: uuid.UUID) -> bool:
    """Cancel a waiting or running job; True when this call did it. The caller commits.

    A running handler learns of it at its next `progress` or at its end; what it has committed stays.
    """
    stop = update(Job).where(Job.id == job_id, _mine(), Job.state.in_(UNFINISHED))
    return _moved(stop.values(state=JobState.CANCELLED, finished_at=db_now(), lease_until=None, key=freed_key()))


def retry(job_id: uuid.UUID) -> bool:
    """Set a failed or cancelled job to run again now, with all its attempts; True when this call did it."""
    job = get(job_id)
    if job is None:
        return False
    handler = HANDLERS.get(job.kind)
    again = update(Job).where(Job.id == job_id, _mine(), Job.state.in_([JobState.FAILED, JobState.CANCELLED]))
    return _moved(
        again.values(
            state=JobState.WAITING,
            run_at=db_now(),
            attempts=0,
            leased_by=None,
            finished_at=None,
            progress_done=0,
            max_attempts=handler.max_attempts if handler else job.max_attempts,
        )
    )


def _moved(statement: Any) -> bool:
    """Run a conditional UPDATE of one row; True when it met it. Loaded rows are read again when next used."""
    moved = db.session.execute(statement, execution_options={"synchronize_session": False})
    for row in db.session.identity_map.values():
        if isinstance(row, Job):
            db.session.expire(row)
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class KindStatus:
    """How one kind of job is doing. `oldest_waiting_s`: seconds since the longest-waiting one was due, or None."""

    kind: str
    waiting: int
    running: int
    failed: int
    oldest_waiting_s: float | None
    handled: bool  # False: this version has no handler for it, the jobs stay


def status() -> list[KindStatus]:
    """Unfinished and failed jobs by kind, in the present workspace or, outside one, everywhere."""
    counted = {state: func.sum(case((Job.state == state, 1), else_=0)) for state in (*UNFINISHED, JobState.FAILED)}
    due = func.min(case((and_(Job.state == JobState.WAITING, Job.run_at <= db_now()), Job.run_at)))
    query = (
        select(Job.kind, *counted.values(), due, db_now())
        .where(_mine(), or_(Job.state.in_(UNFINISHED), Job.state == JobState.FAILED))
        .group_by(Job.kind)
        .order_by(Job.kind)
    )
    return [
        KindStatus(
            kind=kind,
            waiting=int(waiting),
            running=int(running),
            failed=int(failed),
            oldest_waiting_s=round((now - oldest).total_seconds(), 1) if oldest else None,
            handled=kind in HANDLERS,
        )
        for kind, waiting, running, failed, oldest, now in db.session.execute(query)
    ]


__all__ = [
    "HANDLERS", "GiveUp", "Handler", "Job", "JobCancelled", "JobContext", "JobState", "KindStatus", "LeaseLost",
    "Stopping", "cancel", "enqueue", "every", "get", "insert_unless_there", "job", "recent", "retry", "status",
]  # fmt: skip
