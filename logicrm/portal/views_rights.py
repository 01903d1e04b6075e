"""The portal's pages on the two acts that ask for a fresh code: a copy of everything, and deletion."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, files, throttle
from logicrm.core.access import portal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.shell import _language as language
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.portal import bp, codes, sessions
from logicrm.portal.views_data import show, site
from logicrm.privacy import contact, deletion, export

PAGES = {codes.EXPORT: "portal.copy", codes.DELETE: "portal.delete"}


@bp.post("/prove/<any(export, delete):purpose>")
@portal
def prove(slug: str, purpose: str) -> Response:
    """Send a fresh code to the person's own address, for one act, for this browser."""
    guest = sessions.guest()
    db.session.rollback()  # the throttle counts on a connection of its own, which must not wait for ours
    if not throttle.hit("portal-prove", str(guest.subject_id), limit=10, per=timedelta(hours=1)):
        abort(429)
    codes.ask(
        guest.email, purpose, sessions.token_sent(), workspace_id=guest.business.facts.id, language=language(),
        now=clock.now(),
    )  # fmt: skip
    db.session.commit()
    flash(_("A code is on its way to %(email)s.", email=guest.email))
    return redirect(url_for(PAGES[purpose], slug=slug), 303)


def _spend(purpose: str) -> None:
    """Spend the fresh code, and nobody else's: it was sent to the address that is in the portal."""
    try:
        codes.spend(
            request.form.get("code", ""), purpose, sessions.token_sent(),
            workspace_id=sessions.guest().business.facts.id,
        )  # fmt: skip
    except Refused:
        db.session.commit()  # the try counts
        raise


# A copy ------------------------------------------------------------------------------------------


@bp.get("/copy", endpoint="copy")
@portal
def copy_page(slug: str) -> Response:
    return _copy()


def _copy(**refused: Any) -> Response:
    made = export.latest_export(sessions.subject())
    return show(
        "portal/copy.html", "copy", status=422 if refused else 200, export=made,
        progress=export.progress_of(made) if made else None,
        code_waiting=codes.waiting(codes.EXPORT, sessions.token_sent(), now=clock.now()),
        code_refusal=refused.get("code", ""), refusal=refused.get("other", ""),
    )  # fmt: skip


@bp.post("/copy")
@portal
def ask_copy(slug: str) -> Response:
    try:
        _spend(codes.EXPORT)
        export.request_export(sessions.subject())
    except Refused as refusal:
        return _copy(**{"code" if refusal.field == "code" else "other": refusal.message})
    db.session.commit()
    flash(_("Your copy is being made."))
    return redirect(url_for("portal.copy", slug=slug), 303)


@bp.post("/copy/<uuid:export_id>/<any(json, pdf, zip):kind>")
@portal
def download(slug: str, export_id: uuid.UUID, kind: str) -> Response:
    """A POST, because it counts; the files never leave by a link that a mailbox could open."""
    stored = export.take(sessions.subject(), export_id, kind)
    if stored is None:
        abort(404)
    answer = files.send_stored(stored)
    db.session.commit()
    return answer


# Deletion ----------------------------------------------------------------------------------------


def phrase() -> str:
    """What one types before a deletion without waiting."""
    return _("delete my data")


@bp.get("/delete", endpoint="delete")
@portal
def delete_page(slug: str) -> Response:
    return _delete()


def _delete(**refused: Any) -> Response:
    subject, terms = sessions.subject(), site().profile.deletion
    now = clock.now()
    return show(
        "portal/delete.html", "delete", status=422 if refused else 200, plan=deletion.plan(subject),
        deletion=deletion.open_deletion(subject), terms=terms, due=now + timedelta(days=terms.grace_days),
        code_waiting=codes.waiting(codes.DELETE, sessions.token_sent(), now=now), phrase=phrase(),
        code_refusal=refused.get("code", ""), typed_refusal=refused.get("typed", ""), refusal=refused.get("other", ""),
    )  # fmt: skip


@bp.post("/delete")
@portal
def schedule_deletion(slug: str) -> Response:
    guest = sessions.guest()
    try:
        _spend(codes.DELETE)
        deletion.schedule(sessions.subject(), session_id=guest.session_id)
        contact.withdraw(guest.subject_id, how="deletion", now=clock.now())
    except Refused as refusal:
        return _refused(refusal)
    db.session.commit()
    flash(_("Deletion is scheduled. We wrote to you with a link that takes it back."))
    return redirect(url_for("portal.delete", slug=slug), 303)


@bp.post("/delete/now")
@portal
def delete_now(slug: str) -> Response:
    guest = sessions.guest()
    if request.form.get("typed", "").strip().casefold() != phrase().casefold():
        return _delete(typed=_("Type the words exactly, so that nothing is deleted by a slip."))
    try:
        _spend(codes.DELETE)
        made = deletion.delete_now(sessions.subject(), session_id=guest.session_id)
    except Refused as refusal:
        return _refused(refusal)
    reference = made.reference
    db.session.commit()
    return show("portal/deleting.html", "", reference=reference)


@bp.post("/delete/back")
@portal
def cancel_deletion(slug: str) -> Response:
    guest = sessions.guest()
    scheduled = deletion.open_deletion(sessions.subject())
    if scheduled is None or not deletion.cancel(scheduled.id, session_id=guest.session_id):
        raise Refused(_("There is no deletion to take back (any more)."))
    db.session.commit()
    flash(_("Your data stays. Nothing was deleted."))
    return redirect(url_for("portal.home", slug=slug), 303)


def _refused(refusal: Refused) -> Response:
    return _delete(**{"code" if refusal.field == "code" else "other": refusal.message})
