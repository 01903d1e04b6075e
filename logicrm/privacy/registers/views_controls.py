"""The register of controls: what people do, who sees to it, and the evidence."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, redirect, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, files
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.privacy import bp
from logicrm.privacy.registers import controls, members, shared, views_files
from logicrm.privacy.registers.controls import Row
from logicrm.privacy.registers.forms import EvidenceForm, OwnerForm


@bp.get("/controls", endpoint="controls")
@needs(May.VIEW_REGISTERS)
def control_list() -> Response:
    day = shared.today()
    rows = controls.register(shared.policy(), day)
    return page(
        "privacy/registers/controls.html", rows=rows, people=members.names(members.all_members()), rooms=shared.rooms("controls"), files=views_files.downloads("controls"),
        **words(day),
    )  # fmt: skip


def words(day: Any) -> dict[str, Any]:
    """What templates need to speak of controls."""
    return {"control_words": controls.STATE_WORDS, "left": lambda row: left(row, day)}


def left(row: Row, day: Any) -> tuple[str, str]:
    """("12 days left", tone) until the next evidence is due."""
    days = row.days_left(day)
    if days < 0:
        return ngettext("%(num)d day late", "%(num)d days late", -days), "bad"
    if days == 0:
        return _("Due today"), "warn"
    return ngettext("%(num)d day left", "%(num)d days left", days), "warn" if days <= 14 else "neutral"


def _found(name: str) -> Row:
    return controls.one(shared.policy(), name, shared.today()) or abort(404)


@bp.get("/controls/<name>", endpoint="control")
@needs(May.VIEW_REGISTERS)
def show_control(name: str) -> Response:
    return _show(name)


def _show(
    name: str, owner: OwnerForm | None = None, evidence: EvidenceForm | None = None, status: int = 200
) -> Response:
    row, day, everybody = _found(name), shared.today(), members.all_members()
    owner = owner or OwnerForm(
        formdata=None, prefix="o-", owner_id=str(row.control.owner_id or "") if row.control else ""
    )
    _offer(owner, everybody)
    past = controls.history(row.control)
    return page(
        "privacy/registers/control.html", status=status, row=row, owner_form=owner, past=past,
        evidence_form=evidence or EvidenceForm(formdata=None, prefix="e-", done_on=day),
        people=members.names(everybody), **words(day),
    )  # fmt: skip


def _offer(form: OwnerForm, everybody: list[members.Member]) -> None:
    form.owner_id.choices = [
        ("", _("Nobody: the officer is reminded")),
        *((str(one.id), one.name) for one in controls.possible_owners(everybody)),
    ]


@bp.post("/controls/<name>/owner", endpoint="own_control")
@needs(May.EDIT_REGISTERS)
def own_control(name: str) -> Response:
    _found(name)
    form = OwnerForm(prefix="o-")
    try:
        controls.set_owner(name, _id(form.owner_id.data), by=principal().user_id, today=shared.today())
    except Refused as refusal:
        db.session.rollback()
        form.owner_id.errors = [refusal.message]
        return _show(name, owner=form, status=422)
    db.session.commit()
    flash(_("Saved."))
    return redirect(url_for(".control", name=name), 303)


def _id(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise Refused(_("Choose somebody who works here and may open the register."), field="owner_id") from None


@bp.post("/controls/<name>/evidence", endpoint="show_evidence")
@needs(May.EDIT_REGISTERS)
def add_evidence(name: str) -> Response:
    _found(name)
    form = EvidenceForm(prefix="e-")
    if form.validate_on_submit():
        upload = form.document.data
        try:
            controls.add_evidence(
                name, done_on=form.done_on.data, words=form.words.data or "",
                upload=upload if upload and upload.filename else None, by=principal().user_id, today=shared.today(),
                now=clock.now(),
            )  # fmt: skip
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal if refusal.field else Refused(refusal.message, field="document"))
        else:
            db.session.commit()
            flash(_("Added to the register."))
            return redirect(url_for(".control", name=name), 303)
    return _show(name, evidence=form, status=422)


@bp.get("/controls/evidence/<uuid:evidence_id>/document", endpoint="evidence_document")
@needs(May.VIEW_REGISTERS)
def evidence_document(evidence_id: uuid.UUID) -> Response:
    return files.send_stored(controls.document(evidence_id) or abort(404))
