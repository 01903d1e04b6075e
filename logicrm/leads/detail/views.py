"""One lead: its page, edits in place, and what is noted about it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Conflict, Missing, Refused
from logicrm.core.keyset import Cursor
from logicrm.core.phrases import gettext as _
from logicrm.core.places import country_name
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.leads import bp, queries, services
from logicrm.leads.conversion.services import convert_lead
from logicrm.leads.forms import FACTS, ActivityForm, LeadForm, at_day_end, maybe_id
from logicrm.leads.models import Lead
from logicrm.leads.pipelines import queries as pipelines
from logicrm.leads.timeline import queries as timeline
from logicrm.leads.timeline import services as notes
from logicrm.leads.views import offered

_FIELDS = tuple(name for _label, names in FACTS.values() for name in names)


def _shown(lead_id: uuid.UUID, status: int = 200, form: LeadForm | None = None, **more: Any) -> Response:
    lead = queries.lead(lead_id)
    if lead is None:
        abort(404)
    cursor = Cursor.parse(request.args.get("at"))
    happened = timeline.happened(lead_id=lead_id, cursor=cursor)
    choices = pipelines.choices()
    people = dict(choices.owners)
    # Names of those who left are asked for only when somebody did.
    gone = {row.author_id for row in happened.rows if row.author_id} | ({lead.owner_id} if lead.owner_id else set())
    people |= timeline.authors(gone - set(people))
    typed = {name: services.as_typed(lead, name) for name in _FIELDS}
    if form is None and more.get("editing"):
        given = {**typed, "value_amount": lead.value_amount}
        given["currency"] = lead.currency or principal().workspace.currency
        form = LeadForm(formdata=None, data=given)

    def typed_words(name: str) -> str:
        text = typed[name]
        if name == "stage_id":
            stage = choices.stage(lead.stage_id)
            return stage.name if stage else ""
        return people.get(lead.owner_id, "") if name == "owner_id" and lead.owner_id else text

    return page(
        "leads/show.html", typed_words=typed_words, as_id=maybe_id, country_name=country_name, lead=lead,
        form=form and offered(form, choices), choices=choices, people=people, happened=happened,
        tasks=timeline.open_tasks(lead_id=lead_id), further=queries.addresses(lead_id), typed=typed, FACTS=FACTS,
        may_edit=principal().may(May.EDIT_LEADS) and not lead.restricted, older=_older(lead, happened), status=status,
        first_page=cursor is None, **{"editing": "", "composed": None, "conflict": False, **more},
    )  # fmt: skip


def _older(lead: Lead, happened: Any) -> str:
    return url_for(".show", lead_id=lead.id, at=str(happened.next)) if happened.next else ""


@bp.get("/<uuid:lead_id>")
@needs(May.VIEW_LEADS)
def show(lead_id: uuid.UUID) -> Response:
    """The lead's page."""
    return _shown(lead_id)


@bp.get("/<uuid:lead_id>/edit/<fact>")
@needs(May.EDIT_LEADS)
def edit(lead_id: uuid.UUID, fact: str) -> Response:
    """The page with one line of facts being edited."""
    if fact not in FACTS:
        abort(404)
    return _shown(lead_id, editing=fact)


@bp.post("/<uuid:lead_id>/edit/<fact>")
@needs(May.EDIT_LEADS)
def update(lead_id: uuid.UUID, fact: str) -> Response:
    """Save one line of facts."""
    if fact not in FACTS:
        abort(404)
    if queries.lead(lead_id) is None:
        raise Missing
    names, who = FACTS[fact][1], principal()
    form = offered(LeadForm(), pipelines.choices())
    if not form.check(names):
        return _shown(lead_id, 422, form, editing=fact)
    try:
        act = services.update_lead(
            lead_id, form.values(names), _version(), by=who.user_id, now=clock.now(), country=who.workspace.country,
            was={name: request.form.get(f"was_{name}", "") for name in names},
        )  # fmt: skip
    except Conflict:
        db.session.rollback()
        return _shown(lead_id, 409, form, editing=fact, conflict=True)
    except Refused as refusal:
        db.session.rollback()
        form.show(Refused(refusal.message, field=refusal.field if refusal.field in names else names[0]))
        return _shown(lead_id, 422, form, editing=fact)
    db.session.commit()
    if act is not None:
        flash(_("Saved."), undo_url=url_for(".undo", act_id=act.id))
    return redirect(url_for(".show", lead_id=lead_id), 303)


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@bp.post("/<uuid:lead_id>/activities")
@needs(May.EDIT_LEADS)
def add_activity(lead_id: uuid.UUID) -> Response:
    """Note a call, e-mail, visit or note, or write down a task."""
    lead, form, who, now = services.for_writing(lead_id), ActivityForm(), principal(), clock.now()
    if form.validate_on_submit():
        try:
            if form.kind.data == "task":
                due = at_day_end(form.due.data or clock.today(who.workspace.time_zone), who.workspace.time_zone)
                notes.add_task(
                    form.body.data, due, lead=lead, assignee_id=lead.owner_id or who.user_id, by=who.user_id, now=now
                )
            else:
                notes.add_activity(form.kind.data, form.body.data, lead=lead, by=who.user_id, now=now)
            db.session.commit()
            return redirect(url_for(".show", lead_id=lead_id), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
    return _shown(lead_id, 422, composed=form)


@bp.post("/tasks/<uuid:task_id>/done")
@needs(May.EDIT_LEADS)
def task_done(task_id: uuid.UUID) -> Response:
    """Tick a task off."""
    task = notes.complete_task(task_id, by=principal().user_id, now=clock.now())
    db.session.commit()
    if maybe_id(request.form.get("contact")) == task.contact_id is not None:
        return redirect(url_for("customers.contact", contact_id=task.contact_id), 303)
    return redirect(url_for(".show", lead_id=task.lead_id) if task.lead_id else url_for(".index"), 303)


@bp.post("/<uuid:lead_id>/delete")
@needs(May.EDIT_LEADS)
def delete(lead_id: uuid.UUID) -> Response:
    """Delete one lead; the toast takes it back."""
    lead = services.for_writing(lead_id)
    name = lead.name
    act, _done = services.delete_leads([lead_id], by=principal().user_id, now=clock.now())
    db.session.commit()
    flash(_("%(name)s was deleted.", name=name), undo_url=url_for(".undo", act_id=act.id))
    return redirect(url_for(".index"), 303)


@bp.post("/<uuid:lead_id>/convert")
@needs(May.EDIT_LEADS)
def convert(lead_id: uuid.UUID) -> Response:
    """Make a customer of the lead."""
    done = convert_lead(lead_id, by=principal().user_id, now=clock.now())
    db.session.commit()
    if done.again:
        flash(_("This lead was a customer already."), "info")
    elif done.found:
        flash(_("The lead was linked to a contact that was known already."))
    else:
        flash(_("The lead is a customer now."))
    if principal().may(May.VIEW_CUSTOMERS):
        return redirect(url_for("customers.contact", contact_id=done.contact_id), 303)
    return redirect(url_for(".show", lead_id=lead_id), 303)
