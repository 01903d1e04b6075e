"""Closing a workspace: what it means, the copy to take along, closing, reopening; and the banner on every page."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, has_request_context, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import access, clock, files, tenancy
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.privacy import bp, certificate, export, versions
from logicrm.privacy.retaining import closing


@bp.get("/closing", endpoint="closing")
@needs(May.VIEW_WORKSPACE)
def closing_page() -> Response:
    return _page()


def _page(refusal: Refused | None = None, *, status: int = 200) -> Response:
    here = principal().workspace.id
    subject, scheduled = closing.subject_of(here), closing.of(here)
    copy = export.latest_export(subject)
    return page(
        "privacy/closing.html", status=status, business=subject.name, scheduled=scheduled, copy=copy,
        terms=versions.of_workspace(here, clock.now()).termination, refusal=refusal, typed=request.form,
        progress=export.progress_of(copy) if copy else None,
        certificate_url=certificate.url_of(scheduled) if scheduled else "",
    )  # fmt: skip


def _not_proven() -> Response | None:
    if principal().fresh:
        return None
    flash(_("Nothing was done yet. Confirm that it is you, then do it again."), "warn")
    return redirect(url_for("accounts.prove_form", next=url_for(".closing")), 303)


@bp.post("/closing/close", endpoint="close_workspace")
@needs(May.EDIT_WORKSPACE)
def close_workspace() -> Response:
    asked = _not_proven()
    if asked is not None:
        return asked
    try:
        closing.close(principal().workspace.id, typed=request.form.get("typed", ""), by=principal().user_id)
    except Refused as refusal:
        db.session.rollback()
        return _page(refusal, status=422)
    db.session.commit()
    flash(_("The workspace is closed. Until the last day you can open it again."))
    return redirect(url_for(".closing"), 303)


@bp.post("/closing/reopen", endpoint="reopen_workspace")
@needs(May.EDIT_WORKSPACE, closing=True)
def reopen_workspace() -> Response:
    asked = _not_proven()
    if asked is not None:
        return asked
    try:
        closing.reopen(principal().workspace.id, by=principal().user_id)
    except Refused as refusal:
        db.session.rollback()
        return _page(refusal, status=409)
    db.session.commit()
    flash(_("The workspace is open again. Everything is as it was."))
    return redirect(url_for(".closing"), 303)


@bp.post("/closing/copy", endpoint="ask_workspace_copy")
@needs(May.EDIT_WORKSPACE, closing=True)
def ask_copy() -> Response:
    asked = _not_proven()
    if asked is not None:
        return asked
    export.request_export(closing.subject_of(principal().workspace.id))
    db.session.commit()
    flash(_("The copy is being made. You can stay here or come back later."))
    return redirect(url_for(".closing"), 303)


@bp.post("/closing/copy/<uuid:export_id>", endpoint="take_workspace_copy")
@needs(May.EDIT_WORKSPACE, closing=True)
def take_copy(export_id: uuid.UUID) -> Any:
    asked = _not_proven()
    if asked is not None:
        return asked
    file = export.take(closing.subject_of(principal().workspace.id), export_id, "zip") or abort(404)
    answer = files.send_stored(file)
    db.session.commit()
    return answer


def closing_banner() -> dict[str, Any]:
    """What base.html shows to members of a workspace that is closed. Costs no statement."""
    if not has_request_context():
        return {"closes_at": None}
    who = access.principal_or_none()
    if who is None or tenancy.person() is not None or tenancy.current() != who.workspace.id:
        return {"closes_at": None}
    return {"closes_at": who.workspace.closes_at}
