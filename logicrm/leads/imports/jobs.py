"""The job that imports and the one that takes back. Both can be killed at any moment and go on exactly there."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from itertools import islice

from sqlalchemy import update

from logicrm.core import clock, database
from logicrm.core.errors import Conflict, Refused
from logicrm.core.jobs import GiveUp, JobContext, LeaseLost, Stopping, job
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.search import SearchEntry
from logicrm.extensions import db
from logicrm.leads.importing.table import Table
from logicrm.leads.imports import looking, queries, services, services_batch, services_undo
from logicrm.leads.imports.models import ImportRun, RunState
from logicrm.leads.imports.rows import Failed, Plan, Ready, prepare
from logicrm.leads.imports.services_batch import BATCH, Moved
from logicrm.leads.models import Lead

MOST_FAULTS = 5
MANY = 1000  # new leads that change what the database should know of its tables
_STARTS = 500  # a killed worker is no fault of the import's


@job("leads.import", title=_l("Import leads"), max_attempts=_STARTS, long=True)
def run_import(job: JobContext) -> None:
    """Import a file, some hundred rows in one transaction."""
    _guarded(job, _import, RunState.RUNNING)


@job("leads.undo_import", title=_l("Undo an import"), max_attempts=_STARTS, long=True)
def undo_import(job: JobContext) -> None:
    """Take an import back, some hundred leads in one transaction."""
    _guarded(job, _undo, RunState.UNDOING)


def _guarded(job: JobContext, work: Callable[[JobContext, uuid.UUID], None], state: RunState) -> None:
    run_id = uuid.UUID(job.args["run"])
    try:
        work(job, run_id)
    except Moved:  # cancelled, or another worker has it: what this one holds counts no more
        db.session.rollback()
    except (LeaseLost, Stopping):
        raise
    except looking.UnreadableFile as unreadable:
        db.session.rollback()
        _fail(job, run_id, [*map(_stored, (unreadable.message, unreadable.hint))])
    except Refused as refusal:
        db.session.rollback()
        _fail(job, run_id, [[refusal.message, {}]])
    except Exception:  # a fault of ours: tried again, and told to the person when it does not go away
        db.session.rollback()
        if _count_fault(run_id) < MOST_FAULTS or state is not RunState.RUNNING:
            raise
        _fail(job, run_id, [["The program failed at these rows again and again. What was done before is kept.", {}]])
        raise GiveUp("The import stopped after five faults.") from None


def _stored(sentence: str) -> list[object]:
    return [getattr(sentence, "template", sentence), getattr(sentence, "params", {})]


def _fail(job: JobContext, run_id: uuid.UUID, failure: list[list[object]]) -> None:
    services.finish(run_id, RunState.FAILED, now=clock.now(), failure=failure)
    job.finish_in_this_transaction()
    db.session.commit()


def _count_fault(run_id: uuid.UUID) -> int:
    db.session.execute(update(ImportRun).where(ImportRun.id == run_id).values(faults=ImportRun.faults + 1))
    run = queries.run(run_id, fresh=True)
    db.session.commit()
    return run.faults if run else MOST_FAULTS


def _commit(job: JobContext) -> None:
    """Commit if the job is still ours, and let go of what was loaded: memory stays flat."""
    job.hold_in_this_transaction()
    db.session.commit()
    db.session.expunge_all()


def _breathe() -> None:
    """Let others write: SQLite has one writer, and who waits for it looks every 100 ms."""
    if db.engine.dialect.name == "sqlite":
        time.sleep(0.11)


def _load(run_id: uuid.UUID, state: RunState) -> ImportRun:
    """The run, outside any transaction, so that nobody waits while a batch is prepared. Raises Moved."""
    with database.reading():
        run = queries.run(run_id, fresh=True)
        if run is not None:
            db.session.expunge(run)
        db.session.rollback()
    if run is None or run.state != state:
        raise Moved
    return run


def _import(job: JobContext, run_id: uuid.UUID) -> None:
    run = _load(run_id, RunState.RUNNING)
    with database.reading():
        content, plan = services.content_of(run), services_batch.plan_of(run)
        db.session.rollback()
    table = looking.opened(content, run.file_name, run.reading)
    if run.total is None:
        run = _count(job, run, table)
    rows = islice(table.rows(), run.next_row, None)
    size = BATCH
    while some := list(islice(rows, size)):
        prepared = [prepare(row, plan) for row in some]
        _write(job, run, prepared, plan)
        before, run = run, _load(run_id, RunState.RUNNING)
        job.progress(run.next_row, run.total)
        size = BATCH
        if run.updated > before.updated:  # changing leads takes longer than adding them
            size = BATCH // 2
            _breathe()
    if run.created > MANY:
        database.count_afresh(db.session, Lead, SearchEntry)
    services.finish(run_id, RunState.DONE, now=clock.now())
    job.finish_in_this_transaction()
    db.session.commit()


def _count(job: JobContext, run: ImportRun, table: Table) -> ImportRun:
    """Read everything once: what would stop the import half-way stops it before the first write."""
    total = table.count_rows()
    db.session.execute(
        update(ImportRun)
        .where(ImportRun.id == run.id, ImportRun.state == RunState.RUNNING)
        .values(total=total)
        .execution_options(synchronize_session=False)
    )
    _commit(job)
    return _load(run.id, RunState.RUNNING)


def _write(job: JobContext, run: ImportRun, prepared: list[Ready | Failed], plan: Plan) -> None:
    for attempt in range(3):
        try:
            services_batch.write(run, prepared, plan)
            _commit(job)
            return
        except Conflict:  # somebody edited one of these leads at the same moment: look again
            db.session.rollback()
            if attempt == 2:
                raise


def _undo(job: JobContext, run_id: uuid.UUID) -> None:
    run = _load(run_id, RunState.UNDOING)
    while run.undo_step == "changes":
        services_undo.put_back_some(run)
        _commit(job)
        run = _load(run_id, RunState.UNDOING)
        job.progress(run.undo_done, run.undo_total)
        _breathe()
    with database.reading():
        ids = services_undo.added(run)
        db.session.rollback()
    for start in range(0, len(ids), services_undo.BATCH):
        services_undo.remove_some(run, ids[start : start + services_undo.BATCH])
        _commit(job)
        run = _load(run_id, RunState.UNDOING)
        job.progress(run.undo_done, run.undo_total)
        _breathe()
    services_undo.end(run)
    job.finish_in_this_transaction()
    db.session.commit()
