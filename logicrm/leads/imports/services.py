"""What can be done with an import, up to the moment when the job takes over and after it let go."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from logicrm.core import audit, files, history, jobs
from logicrm.core.errors import Refused
from logicrm.core.history import Change, ChangeSet
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.leads.importing.headings import FIELDS, SEVERAL, map_by_hand
from logicrm.leads.imports import looking, queries
from logicrm.leads.imports.looking import Looked
from logicrm.leads.imports.models import ENDED, KEEP_FILE_DAYS, Duplicates, ImportMapping, ImportRun, RunState
from logicrm.leads.pipelines import queries as pipelines
from logicrm.leads.pipelines.services import ensure_pipeline


@dataclass(frozen=True)
class Choices:
    """What somebody chose for a whole import."""

    duplicates: Duplicates
    country: str = ""
    owner_id: uuid.UUID | None = None
    stage_id: uuid.UUID | None = None
    source: str = ""
    tag: str = ""

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "duplicates": str(self.duplicates), "country": self.country, "source": self.source, "tag": self.tag,
            "owner_id": str(self.owner_id) if self.owner_id else None,
            "stage_id": str(self.stage_id) if self.stage_id else None,
        }  # fmt: skip


def receive(content: bytes, name: str, looked: Looked, *, by: uuid.UUID, now: datetime) -> ImportRun:
    """Keep a file that could be read, encrypted, until it is imported or a week is over. The caller commits."""
    ensure_pipeline(now)
    run = ImportRun(
        id=new_id(), file_name=files.clean_name(name), kind=looked.kind, created_by=by, created_at=now,
        draft_until=now + timedelta(days=KEEP_FILE_DAYS),
    )  # fmt: skip
    file = files.save(
        content, name=name, kind="import", max_bytes=looking.MAX_BYTES, entity="import_run", entity_id=run.id,
        expires_at=run.draft_until,
    )  # fmt: skip
    run.file_id = file.id
    _show(run, looked)
    db.session.add(run)
    audit.record("import.received", run, actor=by, kind=looked.kind, rows=looked.rows)
    return run


def _file_of(run: ImportRun) -> files.StoredFile:
    file = queries.file_of(run)
    if file is None:
        raise Refused(_("The file is not kept any more: it is deleted after seven days. Please send it again."))
    return file


def content_of(run: ImportRun) -> bytes:
    """The file of an import. Refused when it is not there any more."""
    try:
        return files.read(_file_of(run))
    except files.MissingFile as gone:
        raise Refused(_("The file cannot be found in the store. Please send it again.")) from gone


def read_again(run_id: uuid.UUID, looked: Looked) -> ImportRun:
    """Show the file as it was read anew. The caller commits. LookupError; Refused once the import has begun."""
    run = _mine(run_id)
    if run.state != RunState.READY:
        raise Refused(_("This import has begun already."))
    _show(run, looked)
    return run


def _show(run: ImportRun, looked: Looked) -> None:
    run.kind, run.reading, run.headings, run.sample = looked.kind, looked.reading, looked.headings, looked.sample
    run.columns, run.about_total, run.notes = looked.columns, looked.rows, looked.notes
    known = queries.remembered(looking.headings_hash(looked.headings)) if looked.reading.get("header") else None
    if known is not None:
        run.columns = looking.as_remembered(looked, known.fields)


def _mine(run_id: uuid.UUID) -> ImportRun:
    run = queries.run(run_id)
    if run is None:
        raise LookupError(run_id)
    return run


def chosen_columns(run: ImportRun, chosen: dict[int, str]) -> list[dict[str, Any]]:
    """The mapping that somebody chose, checked. Refused with the field `col-N` or `mapping`."""
    used: dict[str, int] = {}
    for column, name in chosen.items():
        if not name:
            continue
        if name not in FIELDS or column >= len(run.headings):
            raise Refused(_("Choose one of the list."), field=f"col-{column}")
        if name in used and name not in SEVERAL:
            other = run.headings[used[name]]
            raise Refused(_("The column “%(name)s” fills this field already.", name=other), field=f"col-{column}")
        used[name] = column
    if not set(used) & looking.IDENTIFYING:
        raise Refused(
            _("Say which column holds a name, a company, an e-mail address or a phone number."), field="mapping"
        )
    guessed = {n: one["field"].rstrip("0123456789") for n, one in enumerate(run.columns)}
    if guessed == {n: chosen.get(n, "") for n in guessed}:
        return run.columns  # the guess stands, with its numbering and its reasons
    mapping = map_by_hand(run.headings, {n: name or None for n, name in chosen.items()}, run.sample)
    return [looking.as_stored(one) for one in mapping]


def start(
    run_id: uuid.UUID, chosen: dict[int, str], choices: Choices, *, shape: str, by: uuid.UUID, now: datetime
) -> ImportRun:
    """Begin the import: once, whoever asks how often. The caller commits.

    `shape` is the hash of the headings that were shown. LookupError; Refused with the field.
    """
    run = _mine(run_id)
    if run.state != RunState.READY:
        return run  # the second click
    if shape != looking.headings_hash(run.headings):
        raise Refused(_("The file was read in another way meanwhile. Check the columns again."), field="mapping")
    columns = chosen_columns(run, chosen)
    offered = pipelines.choices()
    if offered.stage(choices.stage_id) is None:
        raise Refused(_("Choose a stage."), field="stage")
    if choices.owner_id is not None and not offered.owner(choices.owner_id):
        raise Refused(_("Choose somebody of this workspace."), field="owner")
    _file_of(run)  # refused here rather than by the job
    won = db.session.execute(
        update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.state == RunState.READY)
        .values(
            state=RunState.RUNNING, columns=columns, choices=choices.stored(), started_at=now, draft_until=None,
            sample=[],
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return run
    job = jobs.enqueue("leads.import", args={"run": run_id}, key=f"import:{run_id}", created_by=by)
    db.session.flush()
    db.session.refresh(run)
    run.job_id, run.change_set_id = job.id, history.begin("import", by=by, now=now).id
    if run.reading.get("header"):
        _remember(run, now)
    audit.record("import.started", run, actor=by, rows=run.about_total, duplicates=str(choices.duplicates))
    return run


def _remember(run: ImportRun, now: datetime) -> None:
    shape = looking.headings_hash(run.headings)
    known = queries.remembered(shape)
    fields = looking.to_remember(run.headings, run.columns)
    if known is None:
        db.session.add(ImportMapping(id=new_id(), headings_hash=shape, fields=fields, used_at=now))
    else:
        known.fields, known.used_at = fields, now


def finish(run_id: uuid.UUID, state: RunState, *, now: datetime, failure: list[Any] | None = None) -> bool:
    """Move a running import to its end and delete its file; True when this call did it. The caller commits."""
    won = db.session.execute(
        update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.state == RunState.RUNNING)
        .values(state=state, finished_at=now, failure=failure)
        .execution_options(synchronize_session=False)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return False
    run = queries.run(run_id, fresh=True)
    assert run is not None
    _drop_file(run)
    audit.record(
        f"import.{state}", run, created=run.created, updated=run.updated, skipped=run.skipped, failed=run.failed
    )
    return True


def _drop_file(run: ImportRun) -> None:
    file = queries.file_of(run)
    if file is not None:
        files.delete(file)
    run.file_id = None


def cancel(run_id: uuid.UUID, *, now: datetime) -> ImportRun:
    """Stop a running import; the rows that are done stay. The caller commits. LookupError."""
    run = _mine(run_id)
    if finish(run_id, RunState.CANCELLED, now=now) and run.job_id is not None:
        jobs.cancel(run.job_id)
    return run


def resume(run_id: uuid.UUID, *, by: uuid.UUID) -> ImportRun:
    """Go on with an import or an undo whose job gave up. The caller commits. LookupError."""
    run = _mine(run_id)
    job = jobs.get(run.job_id) if run.job_id else None
    if run.state in (RunState.RUNNING, RunState.UNDOING) and (job is None or job.state not in jobs_at_work()):
        kind = "leads.import" if run.state == RunState.RUNNING else "leads.undo_import"
        key = f"{'import' if run.state == RunState.RUNNING else 'undo-import'}:{run_id}"
        run.job_id = jobs.enqueue(kind, args={"run": run_id}, key=key, created_by=by).id
    return run


def jobs_at_work() -> tuple[str, ...]:
    """States of a job that will go on by itself."""
    return (jobs.JobState.WAITING, jobs.JobState.RUNNING)


def discard(run_id: uuid.UUID, *, by: uuid.UUID) -> None:
    """Forget a file that was sent and not imported. The caller commits. LookupError; Refused once it has begun."""
    run = _mine(run_id)
    if run.state != RunState.READY:
        raise Refused(_("This import has begun already."))
    _drop_file(run)
    audit.record("import.discarded", run, actor=by)
    db.session.delete(run)


def start_undo(run_id: uuid.UUID, *, by: uuid.UUID, now: datetime) -> ImportRun:
    """Begin to take an import back, once. The caller commits. LookupError."""
    run = _mine(run_id)
    changes = select(func.count()).select_from(Change).where(Change.change_set_id == run.change_set_id)
    won = db.session.execute(
        update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.state.in_(ENDED), (ImportRun.created > 0) | (ImportRun.updated > 0))
        .values(state=RunState.UNDOING, undo_step="changes", undo_after=None, undo_done=0)
        .execution_options(synchronize_session=False)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return run
    db.session.refresh(run)
    run.undo_total = run.created + (db.session.scalar(changes) or 0)
    db.session.execute(update(ChangeSet).where(ChangeSet.id == run.change_set_id).values(undone_at=now))
    run.job_id = jobs.enqueue("leads.undo_import", args={"run": run_id}, key=f"undo-import:{run_id}", created_by=by).id
    audit.record("import.undo", run, actor=by)
    return run
