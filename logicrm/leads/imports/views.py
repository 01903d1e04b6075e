"""Pages of an import: send a file, look at it, map it, watch it, take it back."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

from flask import current_app, redirect, request, stream_with_context, url_for
from werkzeug.wrappers import Response

from logicrm.accounts import queries as accounts
from logicrm.core import clock, files, jobs
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Missing, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.places import countries
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.leads import bp
from logicrm.leads.importing.problems import error_lines
from logicrm.leads.imports import looking, queries, services
from logicrm.leads.imports.forms import FIELDS, ReadForm, StartForm, UploadForm, columns_from
from logicrm.leads.imports.looking import UnreadableFile
from logicrm.leads.imports.models import KEEP_PROBLEMS_DAYS, Duplicates, ImportRun, RunState
from logicrm.leads.pipelines import queries as pipelines


@bp.context_processor
def _links() -> dict[str, str]:
    return {"import_url": url_for("leads.import_index")}


@bp.app_template_filter("said")
def _said(stored: list[Any]) -> str:
    """A stored sentence (template and parameters) in the reader's language."""
    return str(_(stored[0])) % stored[1] if stored[1] else str(_(stored[0])).replace("%%", "%")


def _words(sentence: str) -> str:
    return _said([getattr(sentence, "template", sentence), getattr(sentence, "params", {})])


def _refusal(unreadable: UnreadableFile) -> Refused:
    return Refused(f"{_words(unreadable.message)} {_words(unreadable.hint)}", field="file")


def _run(run_id: uuid.UUID) -> ImportRun:
    run = queries.run(run_id)
    if run is None:
        raise Missing
    return run


@bp.get("/import")
@needs(May.VIEW_LEADS)
def import_index() -> Response:
    """Where a file is sent, and the imports so far."""
    return _index_page(UploadForm(None))


def _index_page(form: UploadForm, *, status: int = 200) -> Response:
    runs = queries.recent()
    names = accounts.names(run.created_by for run in runs)
    return page("leads/import_index.html", status=status, form=form, runs=runs, names=names, RunState=RunState)


@bp.post("/import")
@needs(May.IMPORT_LEADS)
def import_upload() -> Response:
    """Take a file, if it can be read."""
    form, who = UploadForm(), principal()
    if form.validate_on_submit():
        try:
            content, name = form.file.data.read(), form.file.data.filename or ""
            db.session.commit()  # a POST holds the writer's lock: let it go while the file is looked at
            run = services.receive(content, name, looking.look(content, name), by=who.user_id, now=clock.now())
            db.session.commit()
            return redirect(url_for(".import_show", run_id=run.id), 303)
        except UnreadableFile as unreadable:
            form.show(_refusal(unreadable))
        except Refused as refusal:
            db.session.rollback()
            form.show(Refused(refusal.message, field="file"))
    return _index_page(form, status=422)


@bp.get("/import/<uuid:run_id>")
@needs(May.VIEW_LEADS)
def import_show(run_id: uuid.UUID) -> Response:
    """The file before it is imported; how far the import is; what came of it."""
    run = _run(run_id)
    if run.state == RunState.READY:
        return _preview_page(run)
    job = jobs.get(run.job_id) if run.job_id else None
    at_work = run.state in (RunState.RUNNING, RunState.UNDOING)
    return page(
        "leads/import_run.html", run=run, at_work=at_work, RunState=RunState, keep_days=KEEP_PROBLEMS_DAYS,
        stuck=at_work and (job is None or job.state not in services.jobs_at_work()),
        waiting=job is not None and job.state == jobs.JobState.WAITING, left=_seconds_left(run, clock.now()),
        problems=queries.first_problems(run_id) if run.failed and not at_work else [],
    )  # fmt: skip


def _seconds_left(run: ImportRun, now: datetime) -> int | None:
    """How long the import will still take, at its pace so far; None until that can be told."""
    if run.state != RunState.RUNNING or run.started_at is None or not run.total or run.next_row < 500:
        return None
    spent = max((now - run.started_at).total_seconds(), 0.1)
    return round(spent / run.next_row * (run.total - run.next_row))


def _preview_page(run: ImportRun, form: StartForm | None = None, *, status: int = 200, **more: Any) -> Response:
    offered, who = pipelines.choices(), principal()
    first = next((stage for stage in offered.stages if stage.kind == "open"), None)
    if form is None:
        form = StartForm(
            None, country=who.workspace.country, owner=str(who.user_id), stage=str(first.id) if first else "",
        )  # fmt: skip
    form.offer([(s.id, s.name) for s in offered.stages], offered.owners, countries())
    shown = {"chosen": {}, "errors": {}, "read_form": None, **more}
    shown["read_form"] = (shown["read_form"] or ReadForm(None)).offer(run.reading)
    return page(
        "leads/import_preview.html", status=status, run=run, form=form, fields=FIELDS,
        shape=looking.headings_hash(run.headings), rows=run.sample[: looking.SHOWN_ROWS], **shown,
    )  # fmt: skip


@bp.post("/import/<uuid:run_id>/read")
@needs(May.IMPORT_LEADS)
def import_read(run_id: uuid.UUID) -> Response:
    """Read the file in another way."""
    run, form = _run(run_id), ReadForm()
    form.offer(run.reading)
    try:
        content, name = services.content_of(run), run.file_name
        db.session.commit()  # let the writer's lock go while the file is looked at
        services.read_again(run_id, looking.look(content, name, form.reading()))
        db.session.commit()
        return redirect(url_for(".import_show", run_id=run_id), 303)
    except UnreadableFile as unreadable:
        message = _refusal(unreadable).message
    except (Refused, ValueError) as refusal:
        db.session.rollback()
        message = refusal.message if isinstance(refusal, Refused) else _("This cannot be used to read a file.")
    form.encoding.errors = [message]
    run = _run(run_id)
    if run.state != RunState.READY:
        return redirect(url_for(".import_show", run_id=run_id), 303)
    return _preview_page(run, status=422, read_form=form)


@bp.post("/import/<uuid:run_id>/start")
@needs(May.IMPORT_LEADS)
def import_start(run_id: uuid.UUID) -> Response:
    """Begin the import."""
    run, form, offered = _run(run_id), StartForm(), pipelines.choices()
    form.offer([(s.id, s.name) for s in offered.stages], offered.owners, countries())
    chosen, errors = columns_from(request.form), {}
    if run.state != RunState.READY or form.validate_on_submit():
        try:
            choices = services.Choices(Duplicates(form.duplicates.data or "update"), **form.facts())
            shape = request.form.get("shape", "")
            services.start(run_id, chosen, choices, shape=shape, by=principal().user_id, now=clock.now())
            db.session.commit()
            return redirect(url_for(".import_show", run_id=run_id), 303)
        except Refused as refusal:
            db.session.rollback()
            errors = {refusal.field or "mapping": refusal.message}
            form.show(refusal) if refusal.field in form else None
    return _preview_page(_run(run_id), form, status=422, chosen=chosen, errors=errors)


@bp.post("/import/<uuid:run_id>/cancel")
@needs(May.IMPORT_LEADS)
def import_cancel(run_id: uuid.UUID) -> Response:
    """Stop an import; what is done stays."""
    run = services.cancel(_run(run_id).id, now=clock.now())
    db.session.commit()
    return redirect(url_for(".import_show", run_id=run.id), 303)


@bp.post("/import/<uuid:run_id>/resume")
@needs(May.IMPORT_LEADS)
def import_resume(run_id: uuid.UUID) -> Response:
    """Go on with what stopped."""
    services.resume(_run(run_id).id, by=principal().user_id)
    db.session.commit()
    return redirect(url_for(".import_show", run_id=run_id), 303)


@bp.post("/import/<uuid:run_id>/discard")
@needs(May.IMPORT_LEADS)
def import_discard(run_id: uuid.UUID) -> Response:
    """Forget a file that was not imported."""
    try:
        services.discard(_run(run_id).id, by=principal().user_id)
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "warn")
        return redirect(url_for(".import_show", run_id=run_id), 303)
    flash(_("The file is deleted. Nothing was imported."))
    return redirect(url_for(".import_index"), 303)


@bp.post("/import/<uuid:run_id>/undo")
@needs(May.IMPORT_LEADS)
def import_undo(run_id: uuid.UUID) -> Response:
    """Take an import back."""
    services.start_undo(_run(run_id).id, by=principal().user_id, now=clock.now())
    db.session.commit()
    return redirect(url_for(".import_show", run_id=run_id), 303)


@bp.get("/import/<uuid:run_id>/problems.csv")
@needs(May.VIEW_LEADS)
def import_problems(run_id: uuid.UUID) -> Response:
    """The rows that failed, with what was wrong, to be mended and sent again."""
    run = _run(run_id)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    problems = queries.problems(app, principal().workspace.id, run.id)
    failed = ((cells, [_words(sentence) for sentence in sentences]) for cells, sentences in problems)
    lines = error_lines(list(run.headings), failed, separator=run.reading.get("separator") or ",")
    answer = Response(stream_with_context(lines), content_type="text/csv; charset=utf-8")
    stem = re.sub(r"\.[^.]*$", "", run.file_name) or "import"
    answer.headers["Content-Disposition"] = files.disposition(f"{stem}-problems.csv")
    answer.headers["Cache-Control"] = "no-store"
    return answer
