"""Settings: what the program is doing (jobs), what it sent (outbox, in demo mode), what people did (audit)."""

from __future__ import annotations

import uuid

from flask import abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.accounts import queries, settings, wording, wording_audit
from logicrm.accounts.views_tabs import settings_page
from logicrm.core import audit as chain
from logicrm.core import jobs as work
from logicrm.core import mail
from logicrm.core.access import May, needs, principal
from logicrm.core.jobs_models import JobState
from logicrm.core.phrases import gettext as _
from logicrm.core.shell import flash
from logicrm.extensions import db


@settings.get("/jobs")
@needs(May.VIEW_JOBS)
def jobs() -> Response:
    state = request.args.get("state", "")
    states = (JobState(state),) if state in set(JobState) else tuple(JobState)
    return settings_page(
        "jobs.html", "settings.jobs", jobs=work.recent(50, states=states), kinds=work.status(), state=state,
        states=wording.JOB_STATES,
    )  # fmt: skip


@settings.post("/jobs/<uuid:job_id>/retry")
@needs(May.EDIT_JOBS)
def retry_job(job_id: uuid.UUID) -> Response:
    return _steered(job_id, work.retry(job_id), "job.retried", _("It will run again now."))


@settings.post("/jobs/<uuid:job_id>/cancel")
@needs(May.EDIT_JOBS)
def cancel_job(job_id: uuid.UUID) -> Response:
    return _steered(job_id, work.cancel(job_id), "job.cancelled", _("Cancelled. What it has done already stays."))


def _steered(job_id: uuid.UUID, moved: bool, action: str, words: str) -> Response:
    if not moved:
        if work.get(job_id) is None:
            abort(404)
        flash(_("The job had moved on already; look at its state."), "warn")
        return redirect(url_for(".jobs"), 303)
    chain.record(action, actor=principal().user_id, object_kind="job", object_id=job_id)
    db.session.commit()
    flash(words)
    return redirect(url_for(".jobs"), 303)


def _demo_only() -> None:
    # Messages hold links that open accounts: outside a demo nobody reads another one's mail.
    if not current_app.config["DEMO"]:
        abort(404)


@settings.get("/outbox")
@needs(May.VIEW_OUTBOX)
def outbox() -> Response:
    _demo_only()
    return settings_page("outbox.html", "settings.outbox", messages=mail.recent(50))


@settings.get("/outbox/<uuid:mail_id>")
@needs(May.VIEW_OUTBOX)
def message(mail_id: uuid.UUID) -> Response:
    _demo_only()
    found = mail.get(mail_id)
    if found is None:
        abort(404)
    return settings_page("outbox_message.html", "settings.outbox", message=found)


@settings.get("/audit")
@needs(May.VIEW_AUDIT)
def audit() -> Response:
    before = request.args.get("before", type=int)
    events, older = queries.audit_page(before)
    return settings_page(
        "audit.html", "settings.audit", events=events, older=older, before=before, said=wording_audit,
        names=queries.names(event.actor for event in events),
    )  # fmt: skip
