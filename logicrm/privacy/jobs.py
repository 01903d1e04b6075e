"""What the privacy half does outside requests: purge, remind, build copies, retain. Edges: they commit."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import Flask, current_app

from logicrm.core import audit, crypto, database, files, jobs, mail, subjects, tenancy, watermarks
from logicrm.core.pdf import PdfFailed, PdfUnavailable
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.promises import promise
from logicrm.core.subjects import WORKSPACE, Subject
from logicrm.extensions import db
from logicrm.privacy import (
    certificate,
    deletion,
    export,
    ledger,
    letters,
    profile,
    purge,
    retention,
    signing,
    versions,
)
from logicrm.privacy.models import Deletion, DeletionState, Export
from logicrm.privacy.retaining import accounts, closing, emptying, takeout

NOTICE_TRIES_FOR = timedelta(days=3)  # then the sealed address goes, whether the notice went out or not
SWEEP_S = 60

#: A step does first what belongs to no transaction, then takes the row, which moves the deletion on to this step
#: or says that another start of the purge has done so, and does the rest in that transaction.
Take = Callable[[], Deletion]
Step = Callable[[uuid.UUID, Take], None]
STEPS: dict[str, Step] = {}


def _step(run: Step) -> Step:
    STEPS[run.__name__.removeprefix("_")] = run
    return run


@jobs.job("privacy.purge", max_attempts=20, title=_l("Erase a person's data"), long=True)
def purge_job(job: jobs.JobContext) -> None:
    """Carry a due deletion out, from the step at which the last start stopped."""
    run_purge(uuid.UUID(job.args["deletion"]), lambda done: job.progress(done, len(STEPS)))


@promise("erasure")
def run_purge(deletion_id: uuid.UUID, progress: Callable[[int], None] = lambda done: None) -> bool:
    """Begin if it is due, then do the steps that are left, each once and in a transaction. True when it ran."""
    found = db.session.get(Deletion, deletion_id)
    if found is None or found.state == DeletionState.CANCELLED:
        db.session.rollback()
        return False
    if found.state == DeletionState.SCHEDULED:
        began = purge.begin(deletion_id)
        db.session.commit()
        if not began:
            return False
    db.session.rollback()
    names = list(STEPS)
    step = purge.get(deletion_id).step
    db.session.rollback()
    for number, name in enumerate(names[names.index(step) + 1 if step in names else 0 :], start=1):
        progress(number)
        try:
            STEPS[name](deletion_id, partial(purge.take, deletion_id, after=step, to=name))
        except purge.Moved:  # another worker is at the same purge, and ahead
            db.session.rollback()
            return True
        db.session.commit()
        step = name
    return True


@_step
def _files(_deletion_id: uuid.UUID, take: Take) -> None:
    row = take()
    if row.subject_kind == WORKSPACE:  # its files go with their rows; its people get a deletion of their own
        row.facts = row.facts | {"accounts": closing.end_accounts(row.subject_id)}
        return
    removed = purge.erase_files(row)
    row.facts = row.facts | {"files": row.facts.get("files", 0) + removed}


@_step
def _rows(deletion_id: uuid.UUID, take: Take) -> None:
    found, at = _look_at(deletion_id)
    if found.subject_kind == WORKSPACE:
        emptying.empty(found.subject_id, deletion_id, now=at, commit=_settle)
        take()
        return
    row = take()
    now = purge.db_time()
    terms = deletion.policy_of(row, now)

    def tally(plans: Any, subject: Subject) -> list[dict[str, Any]]:
        return [one.as_json() for one in certificate.tally(plans, subject, terms, now=now)]

    purge.erase_rows(row, tally)


@_step
def _mail(_deletion_id: uuid.UUID, take: Take) -> None:
    """Written copies of messages, and rows that a job in mid-send left behind."""
    row = take()
    if row.subject_kind == WORKSPACE:  # its letters went with its rows; its owners may have others
        return
    addresses = purge.sealed_addresses(row)
    copies = len(mail.files_of(addresses))
    mail.forget_addresses(addresses)
    row.facts = row.facts | {"mail": row.facts.get("mail", 0) + copies}


@_step
def _pages(_deletion_id: uuid.UUID, take: Take) -> None:
    how = purge.clean_pages()  # the checkpoint wants no open transaction of ours
    row = take()
    row.facts = row.facts | {"pages": how}


@_step
def _proof(_deletion_id: uuid.UUID, take: Take) -> None:
    row = take()
    row.purged_at = purge.db_time()
    terms = deletion.policy_of(row, row.purged_at)
    row.state = DeletionState.PURGED
    row.certificate = certificate.contents(
        row,
        controller=_controller(row, terms.identity.controller),
        backups_until=certificate.backups_end(terms, row.purged_at),
    )
    row.signature = signing.sign(row.certificate)
    ledger.append(ledger.DONE, deletion=str(row.id), kind=row.subject_kind, key=_key(row), at=row.purged_at)


@_step
def _notice(deletion_id: uuid.UUID, take: Take) -> None:
    """Send the last notice from memory, then empty the seal. The talk with the mail server holds no write lock."""
    found, now = _look_at(deletion_id)
    at, sent = found.purged_at or now, []
    for number, address in enumerate(purge.sealed_addresses(found)):
        try:
            sent.append(letters.last_notice(found, address, number, certificate_url=certificate.url_of(found), at=at))
        except Exception:  # whatever mail does: the deletion is done, and is not held up for its notice
            if now - at < NOTICE_TRIES_FOR:
                raise
    row = take()
    row.sealed = None
    db.session.add_all(sent)


@_step
def _evidence(deletion_id: uuid.UUID, take: Take) -> None:
    """Tell each workspace that held something: an event and a watermark, in each one's own context."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    found, _now = _look_at(deletion_id)
    for place in found.facts.get("workspaces", []):
        with tenancy.working_in(app, uuid.UUID(place)):
            _tell(deletion_id, place)
            db.session.commit()
    # Bytes of the notice and of the steps since are pages as well.
    purge.clean_pages()
    take()


def _tell(deletion_id: uuid.UUID, place: str) -> None:
    """Record the deletion in the present workspace, once: that it is told stands in the same transaction."""
    row = purge.get(deletion_id, locked=True)
    told = row.facts.get("told", [])
    if place in told:
        return
    row.facts = row.facts | {"told": [*told, place]}
    acted = sum(one["deleted"] + one["anonymised"] for one in row.facts.get("classes", []))
    audit.record("deletion.purged", object_kind="deletion", object_id=row.id, kind=row.subject_kind, rows=acted)
    watermarks.leave_watermark(
        "erasure", ran_at=row.purged_at or purge.db_time(), rows_considered=acted, rows_acted=acted,
        rows_overdue=row.facts.get("left", 0),
    )  # fmt: skip


def _look_at(deletion_id: uuid.UUID) -> tuple[Deletion, datetime]:
    """The deletion as it is now, and the database's time; no transaction stays open."""
    with database.reading():
        row, now = purge.get(deletion_id), purge.db_time()
        db.session.expunge(row)
        db.session.rollback()
    return row, now


def _key(row: Deletion) -> str:
    """The subject's key, as Subject.key makes it."""
    return crypto.keyed_hash("erasure", f"{row.subject_kind}|{row.workspace_id or ''}|{row.subject_id}")


def _controller(row: Deletion, fallback: str) -> str:
    places = row.facts.get("workspaces", [])
    if row.facts.get("controller"):
        return str(row.facts["controller"])
    return _place_name(uuid.UUID(places[0])) if places else fallback


def _place_name(workspace_id: uuid.UUID | None) -> str:
    """A workspace's name, read from the table by name: this half imports no area."""
    table = db.metadata.tables["workspace"]
    return db.session.scalar(db.select(table.c.name).where(table.c.id == workspace_id)) or "LogiCRM"


@jobs.job("privacy.remind", title=_l("Remind of a deletion"))
def remind_job(job: jobs.JobContext) -> None:
    """Checked against the deletion's state when it runs, not when it was planned."""
    deletion.remind(uuid.UUID(job.args["deletion"]), int(job.args["days"]))
    job.finish_in_this_transaction()
    db.session.commit()


@jobs.every("privacy.sweep", seconds=SWEEP_S, title=_l("Find deletions that are due"))
def sweep_job(job: jobs.JobContext) -> None:
    """Ask for the purge of what is due or stopped half way, should its own job have been lost; and say so to
    whoever waits for a copy whose job is no more."""
    for row in deletion.due_and_stuck(purge.db_time()):
        deletion.ask_for_purge(row)
    export.fail_lost()
    db.session.commit()


@jobs.job("privacy.export", max_attempts=4, title=_l("Build a copy of somebody's data"), long=True)
def export_job(job: jobs.JobContext) -> None:
    """Build a copy. What fails four times says why and can be asked for again."""
    export_id = uuid.UUID(job.args["export"])
    files.drop_unsaved(export_id)  # of a start that was killed
    if not export.start(export_id):
        db.session.rollback()
        return
    row = db.session.get_one(Export, export_id)
    kind, subject_id = row.subject_kind, row.subject_id
    db.session.commit()
    try:
        with database.reading():
            subject = subjects.load(kind, subject_id)
            controller = _place_name(row.workspace_id)
            db.session.rollback()
        if subject is None:
            raise jobs.GiveUp("the person is no longer known")
        if kind == WORKSPACE:
            takeout.build(export_id, subject, progress=job.progress)
        else:
            export.build(export_id, subject, controller=controller, progress=job.progress)
        job.finish_in_this_transaction()
        db.session.commit()
    except (jobs.LeaseLost, jobs.Stopping):
        raise
    except Exception as fault:
        db.session.rollback()
        if job.last_attempt or isinstance(fault, jobs.GiveUp | PdfUnavailable):
            export.fail(export_id, _why(fault))
            db.session.commit()
            raise jobs.GiveUp(_why(fault)) from fault
        raise


def _why(fault: Exception) -> str:
    if isinstance(fault, jobs.GiveUp | PdfFailed):
        return str(fault)
    return f"The copy could not be built ({type(fault).__name__})."


@jobs.every("privacy.expire_exports", seconds=3600, title=_l("Remove old copies"))
def expire_job(job: jobs.JobContext) -> None:
    """The files go by their own last day (core.files); here the rows learn of it."""
    export.expire()
    db.session.commit()


@jobs.every("privacy.retain", at_hour=2, title=_l("Carry out the times of keeping"), long=True)
def retain_job(job: jobs.JobContext) -> None:
    """Once a day. A rule that stopped for a human fails the job, where the owner sees it."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    stopped = sum(one.braked for _where, some in retain_everywhere(app, now=purge.db_time()) for one in some)
    db.session.rollback()
    if stopped:
        raise jobs.GiveUp(f"{stopped} rules found far more than usual and stopped; run flask privacy retain --dry-run")


@jobs.job("privacy.retain_here", title=_l("Carry out a rule that somebody let run"), long=True)
def retain_here_job(job: jobs.JobContext) -> None:
    """The run of one workspace, with what was decided for it (`RetentionRelease`) and no more."""
    del job
    place, now = tenancy.current(), purge.db_time()
    if place is None:
        raise jobs.GiveUp("no workspace")
    db.session.rollback()
    terms = versions.of_workspace(place, now)
    outcomes = retention.run(terms, now=now, tenant=True, commit=_settle)
    retention.leave_watermarks(outcomes + accounts.run(terms, now=now, commit=_settle), now=now)
    db.session.commit()


def retain_everywhere(
    app: Flask, *, now: datetime, dry: bool = False, force: bool = False
) -> Iterator[tuple[str, list[retention.Outcome]]]:
    """Run retention on the global tables once, then in each workspace by its own policy."""
    table = db.metadata.tables["workspace"]
    places = db.session.execute(db.select(table.c.id, table.c.slug).order_by(table.c.id)).all()
    db.session.rollback()
    own = profile.load(app.config["PROFILE"])
    everywhere = retention.run(own, now=now, tenant=False, dry=dry, force=force, commit=_settle)
    db.session.rollback()  # a transaction of ours would lock the embedded database against the next context's
    yield "everywhere", everywhere
    for place in places:
        with tenancy.working_in(app, place.id):
            terms = versions.of_workspace(place.id, now)
            outcomes = retention.run(terms, now=now, tenant=True, dry=dry, force=force, commit=_settle)
            outcomes += accounts.run(terms, now=now, dry=dry, force=force, commit=_settle)
            if not dry:
                retention.leave_watermarks(outcomes, now=now, everywhere=everywhere)
                closing.leave_watermark(now=now)
                if shell := closing.shell_of(place.id):
                    emptying.empty(place.id, shell, now=now, commit=_settle)
            db.session.commit()
        yield place.slug, outcomes


def _settle() -> None:
    db.session.commit()
