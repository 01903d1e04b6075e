"""My data: what is held about me, a copy of it, and the deletion of my account."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from flask import abort, jsonify, request, send_file, url_for
from flask import redirect as flask_redirect
from werkzeug.wrappers import Response

from logicrm.core import clock, files, subjects, tenancy
from logicrm.core.access import in_grace, principal, public
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import bp, deletion, export, export_document, signing, versions
from logicrm.privacy import certificate as papers
from logicrm.privacy import mine as held
from logicrm.privacy.models import Deletion, DeletionState


def redirect(endpoint: str, **values: Any) -> Any:
    """303: the next page is fetched with GET."""
    return flask_redirect(url_for(endpoint, **values), 303)


def me() -> Subject:
    """Who is signed in, as a data subject."""
    return subjects.load("account", principal().user_id) or abort(404)


def proven(view: Callable[..., Any]) -> Callable[..., Any]:
    """The password was given in the last minutes; otherwise it is asked for, and My data follows."""

    @wraps(view)
    def checked(*args: Any, **values: Any) -> Any:
        if not principal().fresh:
            return redirect("accounts.prove_form", next=url_for("privacy.mine"))
        return view(*args, **values)

    return checked


@bp.get("/mine")
@in_grace
def mine() -> Response:
    subject = me()
    copy = export.latest_export(subject)
    scheduled = deletion.open_deletion(subject)
    return page(
        "privacy/mine.html",
        copy=copy,
        progress=export.progress_of(copy) if copy else None,
        scheduled=scheduled,
        certificate_url=papers.url_of(scheduled) if scheduled else "",
        categories=held.categories(subject, versions.of_subject(subject, clock.now())),
    )


@bp.get("/mine/records")
@in_grace
def my_records() -> Response:
    subject = me()
    return page("privacy/mine_records.html", tables=held.held(subject, versions.of_subject(subject, clock.now())))


# A copy ----------------------------------------------------------------------------------------------


@bp.post("/mine/copy")
@in_grace
@proven
def ask_copy() -> Any:
    export.request_export(me())
    db.session.commit()
    flash(_("We are preparing your copy. You can stay here or come back later."))
    return redirect(".mine")


@bp.post("/mine/copy/<uuid:export_id>/<any(json, pdf, zip):kind>")
@in_grace
@proven
def take_copy(export_id: uuid.UUID, kind: str) -> Any:
    # POST: a download is counted, and a link in somebody's history must not hand out the data.
    file = export.take(me(), export_id, kind)
    if file is None:
        abort(404)
    answer = files.send_stored(file)
    db.session.commit()
    return answer


# Deletion --------------------------------------------------------------------------------------------


@bp.get("/mine/delete")
@in_grace
def delete_form() -> Response:
    return _delete_page(me())


def _delete_page(subject: Subject, *, error: str = "", typed_error: str = "", status: int = 200) -> Response:
    return page(
        "privacy/mine_delete.html",
        plan=deletion.plan(subject),
        subject=subject,
        scheduled=deletion.open_deletion(subject),
        terms=versions.of_subject(subject, clock.now()).deletion,
        error=error,
        typed_error=typed_error,
        status=status,
    )


def _refused(subject: Subject, **why: str) -> Response:
    db.session.rollback()
    return _delete_page(subject, status=422, **why)


@bp.post("/mine/delete")
@in_grace
@proven
def schedule_deletion() -> Any:
    subject = me()
    try:
        deletion.schedule(subject, session_id=principal().session_id)
    except Refused as refusal:
        return _refused(subject, error=refusal.message)
    db.session.commit()
    flash(
        _("Deletion is scheduled. You can take it back at any time until then."), undo_url=url_for(".cancel_deletion")
    )
    return redirect(".mine")


@bp.post("/mine/delete/now")
@in_grace
@proven
def delete_now() -> Any:
    subject = me()
    if request.form.get("typed", "").strip() != subject.name.strip():
        return _refused(subject, typed_error=_("Type your name exactly as it stands above the box."))
    try:
        row = deletion.delete_now(subject)
    except Refused as refusal:
        return _refused(subject, error=refusal.message)
    db.session.commit()
    return redirect(".certificate", secret=papers.secret_of(row))


@bp.post("/mine/delete/cancel")
@in_grace
def cancel_deletion() -> Any:
    row = deletion.open_deletion(me())
    if row is not None and deletion.cancel(row.id, session_id=principal().session_id):
        db.session.commit()
        flash(_("The deletion is taken back. Everything is as it was."))
    else:
        db.session.rollback()
        flash(_("There is no deletion that could be taken back."), "warn")
    return redirect(".mine")


# Links in letters ------------------------------------------------------------------------------------


@bp.get("/cancel/<secret>")
@public
def cancel_by_link(secret: str) -> Response:
    row = deletion.by_cancel_link(secret)
    return page("privacy/mine_cancel.html", row=row, secret=secret, done=False, status=200 if row else 410)


@bp.post("/cancel/<secret>")
@public
def cancel_by_link_post(secret: str) -> Response:
    row = deletion.by_cancel_link(secret)
    if row is None:
        return page("privacy/mine_cancel.html", row=None, secret=secret, done=False, status=410)
    done = _in_its_workspace(row, lambda: deletion.cancel(row.id))
    db.session.commit()
    return page("privacy/mine_cancel.html", row=row if done else None, secret=secret, done=done)


def _in_its_workspace(row: Deletion, act: Callable[[], bool]) -> bool:
    if row.workspace_id is not None:
        tenancy.enter(row.workspace_id)
    return act()


@bp.get("/certificate/<secret>")
@public
def certificate(secret: str) -> Response:
    row = deletion.by_certificate_link(secret)
    if row is None or row.state == DeletionState.CANCELLED:
        return _certificate_page(None, status=404)
    return _certificate_page(row, secret=secret)


def _certificate_page(
    row: Deletion | None, *, secret: str = "", genuine: bool | None = None, status: int = 200
) -> Response:
    tallies = [papers.read_tally(one) for one in row.facts.get("classes", [])] if row else []
    until = row.certificate.get("backups_until") if row else None
    return page(
        "privacy/mine_certificate.html",
        row=row,
        tallies=tallies,
        genuine=genuine,
        secret=secret,
        backups_until=date.fromisoformat(until) if until else None,
        status=status,
    )


@bp.get("/certificate/<secret>/paper.pdf")
@public
def certificate_pdf(secret: str) -> Any:
    row = deletion.by_certificate_link(secret)
    if row is None or row.state != DeletionState.PURGED:
        abort(404)
    return send_file(io.BytesIO(papers.pdf(row)), "application/pdf", as_attachment=True,
                     download_name=f"certificate-{row.reference}.pdf")  # fmt: skip


@bp.get("/certificates/<reference>")
@public
def check_certificate(reference: str) -> Response:
    row = deletion.by_reference(reference.upper())
    if row is None:
        return _certificate_page(None, status=404)
    return _certificate_page(row, genuine=signing.holds(row.certificate, row.signature))


# For programs ----------------------------------------------------------------------------------------


@bp.get("/export-schema.json")
@public
def export_schema() -> Response:
    return jsonify(export_document.SCHEMA)


@bp.get("/signing-key.json")
@public
def signing_key() -> Response:
    return jsonify({"algorithm": signing.ALGORITHM, "public_key": signing.public_key()})
