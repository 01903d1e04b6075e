"""The register of breaches: what happened, what is left of the time, who was told."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, files
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.privacy import bp
from logicrm.privacy.registers import breach_clock, breaches, members, shared, views_files
from logicrm.privacy.registers.breaches import Facts
from logicrm.privacy.registers.forms import BreachForm, DecisionForm, TriageForm, at, typed
from logicrm.privacy.registers.models_breach import (
    AUDIENCES,
    AUTHORITY,
    DATA_KINDS,
    PEOPLE_KINDS,
    PHASES,
    RISK_WORDS,
    RISKS,
    STATE_WORDS,
    WAYS,
    Breach,
    BreachState,
)

TELL = {AUTHORITY: _l("Authority"), "people": _l("People")}


def words(now: datetime) -> dict[str, Any]:
    """What templates need to speak of breaches."""
    return {
        "breach_words": STATE_WORDS, "risk_words": RISK_WORDS, "audiences": AUDIENCES, "phases": PHASES, "ways": WAYS,
        "tell": TELL, "hours": lambda due_at: breach_clock.left_words(due_at, now),
    }  # fmt: skip


@bp.get("/breaches", endpoint="breaches")
@needs(May.VIEW_REGISTERS)
def breach_list() -> Response:
    done = request.args.get("show") == "closed"
    rows = breaches.listed(closed=done)
    told = breaches.first_notices(row.id for row in rows)
    views = [
        {"label": _("Open"), "url": url_for(".breaches"), "active": not done},
        {"label": _("Closed"), "url": url_for(".breaches", show="closed"), "active": done},
    ]
    clocks = {row.id: breaches.running(row, [n for (own, _a), n in told.items() if own == row.id]) for row in rows}
    return page(
        "privacy/registers/breaches.html", rows=rows, views=views, done=done, clocks=clocks,
        rooms=shared.rooms("breaches"), files=views_files.downloads("breaches"), **words(clock.now()),
    )  # fmt: skip


def found(breach_id: uuid.UUID) -> Breach:
    """One breach, or 404."""
    return breaches.get(breach_id) or abort(404)


def back_to(breach_id: uuid.UUID) -> Response:
    return redirect(url_for(".breach", breach_id=breach_id), 303)


# Opening one, and what is known of it -------------------------------------------------------------


def _offer(form: BreachForm) -> BreachForm:
    form.data_kinds.choices = [(name, said) for name, said in DATA_KINDS.items()]
    form.people_kinds.choices = [(name, said) for name, said in PEOPLE_KINDS.items()]
    return form


def _facts(form: BreachForm, now: datetime) -> Facts:
    zone = shared.zone()
    return Facts(
        form.title.data or "", form.happened.data or "", tuple(form.data_kinds.data or ()),
        tuple(form.people_kinds.data or ()), form.people_count.data, form.record_count.data,
        at(form.began_at, zone, now), at(form.ended_at, zone, now),
    )  # fmt: skip


@bp.get("/breaches/new", endpoint="new_breach")
@needs(May.VIEW_REGISTERS)
def new_breach() -> Response:
    shared.editor()
    return _new(_offer(BreachForm(formdata=None, detected_at=typed(clock.now(), shared.zone()))))


def _new(form: BreachForm, status: int = 200) -> Response:
    return shared.form_page(
        form, title=_("Record a breach"), crumb=_("Breaches"), back=url_for(".breaches"), button=_("Start the clocks"),
        intro=_("What is not known yet can follow. From the moment you save, the page shows the hours that are left."),
        status=status,
    )  # fmt: skip


@bp.post("/breaches/new", endpoint="record_breach")
@needs(May.EDIT_REGISTERS)
def record_breach() -> Response:
    form, now, zone = _offer(BreachForm()), clock.now(), shared.zone()
    if form.validate_on_submit():
        detected = at(form.detected_at, zone, now) or now
        try:
            made = breaches.record(
                shared.here(), _facts(form, now), detected_at=detected, aware_at=at(form.aware_at, zone, now),
                is_exercise=form.is_exercise.data, by=principal().user_id, now=now,
            )  # fmt: skip
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
        else:
            own = made.id
            db.session.commit()
            return back_to(own)
    return _new(form, 422)


@bp.get("/breaches/<uuid:breach_id>", endpoint="breach")
@needs(May.VIEW_REGISTERS)
def show_breach(breach_id: uuid.UUID) -> Response:
    row, now = found(breach_id), clock.now()
    told = breaches.notices(breach_id)
    people = breaches.people_count(breach_id)
    return page(
        "privacy/registers/breach.html", row=row, told=told, running=breaches.running(row, told),
        missing=breaches.missing_notices(row, told), affected=people,
        letters=breaches.told_count(breach_id) if people else 0, risks=RISKS,
        names=members.names(members.all_members()), data_kinds=DATA_KINDS, people_kinds=PEOPLE_KINDS,
        state=BreachState, **words(now),
    )  # fmt: skip


@bp.get("/breaches/<uuid:breach_id>/facts", endpoint="breach_facts")
@needs(May.VIEW_REGISTERS)
def facts_form(breach_id: uuid.UUID) -> Response:
    shared.editor()
    row, zone = found(breach_id), shared.zone()
    form = BreachForm(formdata=None, obj=row, began_at=typed(row.began_at, zone), ended_at=typed(row.ended_at, zone))
    return _facts_page(row, _offer(form))


def _facts_page(row: Breach, form: BreachForm, status: int = 200) -> Response:
    names = ("title", "happened", "began_at", "ended_at", "data_kinds", "people_kinds", "people_count", "record_count")
    return shared.form_page(
        form, title=_("What is known"), crumb=row.title, back=url_for(".breach", breach_id=row.id), button=_("Save"),
        names=names, status=status,
    )  # fmt: skip


@bp.post("/breaches/<uuid:breach_id>/facts", endpoint="change_breach")
@needs(May.EDIT_REGISTERS)
def change_breach(breach_id: uuid.UUID) -> Response:
    row, form = found(breach_id), _offer(BreachForm())
    del form.detected_at  # the clocks run from them: they stand as they were recorded
    del form.aware_at
    if form.validate_on_submit():
        try:
            breaches.change(breach_id, _facts(form, clock.now()), by=principal().user_id)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            row = found(breach_id)
        else:
            db.session.commit()
            flash(_("Saved."))
            return back_to(breach_id)
    return _facts_page(row, form, 422)


# Looking into it, deciding, closing ---------------------------------------------------------------


@bp.get("/breaches/<uuid:breach_id>/triage", endpoint="triage_form")
@needs(May.VIEW_REGISTERS)
def triage_form(breach_id: uuid.UUID) -> Response:
    shared.editor()
    return _triage_page(found(breach_id), TriageForm(formdata=None, at=typed(clock.now(), shared.zone())))


def _triage_page(row: Breach, form: TriageForm, status: int = 200) -> Response:
    return shared.form_page(
        form, title=_("Looked into"), crumb=row.title, back=url_for(".breach", breach_id=row.id), button=_("Save"),
        intro=_("Is it a breach, does it go on, what stops it? Say what was done at once."), status=status,
    )  # fmt: skip


@bp.post("/breaches/<uuid:breach_id>/triage", endpoint="triage_breach")
@needs(May.EDIT_REGISTERS)
def triage_breach(breach_id: uuid.UUID) -> Response:
    row, form, now = found(breach_id), TriageForm(), clock.now()
    if form.validate_on_submit():
        moment = at(form.at, shared.zone(), now) or now
        try:
            breaches.triage(breach_id, at=moment, measures=form.measures.data, by=principal().user_id, now=now)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            row = found(breach_id)
        else:
            db.session.commit()
            return back_to(breach_id)
    return _triage_page(row, form, 422)


@bp.get("/breaches/<uuid:breach_id>/decide", endpoint="decide_form")
@needs(May.VIEW_REGISTERS)
def decide_form(breach_id: uuid.UUID) -> Response:
    shared.editor()
    row = found(breach_id)
    return _decide_page(row, DecisionForm(formdata=None, obj=row))


def _decide_page(row: Breach, form: DecisionForm, status: int = 200) -> Response:
    form.risk.choices = [(name, said) for name, said in RISKS.items()]
    return shared.form_page(
        form, title=_("How high is the risk?"), crumb=row.title, back=url_for(".breach", breach_id=row.id),
        button=_("Decide"), status=status,
        intro=_("The decision says who is told. It stays in the register with its reasons, and may be made anew when "
                "something else becomes known."),
    )  # fmt: skip


@bp.post("/breaches/<uuid:breach_id>/decide", endpoint="decide_breach")
@needs(May.EDIT_REGISTERS)
def decide_breach(breach_id: uuid.UUID) -> Response:
    row, form = found(breach_id), DecisionForm()
    form.risk.choices = [(name, said) for name, said in RISKS.items()]
    if form.validate_on_submit():
        try:
            breaches.decide(
                breach_id, risk=form.risk.data or "", reasons=form.reasons.data, consequences=form.consequences.data,
                measures=form.measures.data, by=principal().user_id, now=clock.now(),
            )  # fmt: skip
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            row = found(breach_id)
        else:
            db.session.commit()
            return back_to(breach_id)
    return _decide_page(row, form, 422)


@bp.post("/breaches/<uuid:breach_id>/close", endpoint="close_breach")
@needs(May.EDIT_REGISTERS)
def close_breach(breach_id: uuid.UUID) -> Response:
    found(breach_id)
    try:
        breaches.close(breach_id, by=principal().user_id, now=clock.now())
        db.session.commit()
        flash(_("Closed. It stays in the register."))
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "bad")
    return back_to(breach_id)


@bp.post("/breaches/<uuid:breach_id>/reopen", endpoint="reopen_breach")
@needs(May.EDIT_REGISTERS)
def reopen_breach(breach_id: uuid.UUID) -> Response:
    found(breach_id)
    try:
        breaches.reopen(breach_id, by=principal().user_id)
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "bad")
    return back_to(breach_id)


@bp.get("/breaches/notices/<uuid:notice_id>.pdf", endpoint="notice_letter")
@needs(May.VIEW_REGISTERS)
def notice_letter(notice_id: uuid.UUID) -> Response:
    """The letter as it went."""
    notice = breaches.notice(notice_id)
    file = (
        db.session.get(files.StoredFile, (notice.workspace_id, notice.file_id)) if notice and notice.file_id else None
    )
    return files.send_stored(file or abort(404))
