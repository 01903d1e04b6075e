"""What happens to a shipment, said by a person: add, correct, void, cancel."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo

from flask import abort, redirect, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.shipments import bp, queries, services_events
from logicrm.shipments.forms import EventForm
from logicrm.shipments.models import TrackingEvent
from logicrm.shipments.views import one_or_404, show_page


@bp.post("/<uuid:shipment_id>/events")
@needs(May.ADD_EVENTS)
def add_event(shipment_id: uuid.UUID) -> Response:
    """Add an event from the desk."""
    shipment, form, who = one_or_404(shipment_id), EventForm(), principal()
    if form.validate_on_submit():
        try:
            event = form.event(who.workspace.time_zone, now=clock.now())
            _event, is_new = services_events.add_event(shipment_id, event, now=clock.now(), actor=who.user_id)
            db.session.commit()
            flash(_("Added.") if is_new else _("This was known already."), "good" if is_new else "info")
            return redirect(url_for(".show", shipment_id=shipment_id), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            shipment = one_or_404(shipment_id)
    return show_page(shipment, form, status=422)


def _event_or_404(shipment_id: uuid.UUID, event_id: uuid.UUID) -> TrackingEvent:
    event = queries.event(event_id)
    if event is None or event.shipment_id != shipment_id:
        abort(404)
    return event


@bp.get("/<uuid:shipment_id>/events/<uuid:event_id>/correct")
@needs(May.VIEW_SHIPMENTS)
def correct_form(shipment_id: uuid.UUID, event_id: uuid.UUID) -> Response:
    """The form that corrects an event, filled in with what it said."""
    if not principal().may(May.ADD_EVENTS):
        abort(403)
    event = _event_or_404(shipment_id, event_id)
    zone = ZoneInfo(principal().workspace.time_zone)
    form = EventForm(
        formdata=None, status=event.status, place=event.place, description=event.description, reason=event.reason,
        must_act=event.must_act, public=event.public,
        occurred_at=event.occurred_at.astimezone(zone).replace(tzinfo=None, microsecond=0),
    )  # fmt: skip
    return _correct_page(form, event)


def _correct_page(form: EventForm, event: TrackingEvent, status: int = 200) -> Response:
    return page("shipments/correct.html", status=status, form=form, event=event, shipment=one_or_404(event.shipment_id))


@bp.post("/<uuid:shipment_id>/events/<uuid:event_id>/correct")
@needs(May.ADD_EVENTS)
def correct(shipment_id: uuid.UUID, event_id: uuid.UUID) -> Response:
    """Put a right event in the place of a wrong one."""
    event, form, who = _event_or_404(shipment_id, event_id), EventForm(), principal()
    if form.validate_on_submit():
        try:
            said = form.event(who.workspace.time_zone, now=clock.now())
            services_events.correct_event(event_id, said, now=clock.now(), actor=who.user_id)
            db.session.commit()
            flash(_("Corrected. The wrong event stays on record and no longer counts."))
            return redirect(url_for(".show", shipment_id=shipment_id), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            event = _event_or_404(shipment_id, event_id)
    return _correct_page(form, event, status=422)


@bp.post("/<uuid:shipment_id>/events/<uuid:event_id>/void")
@needs(May.ADD_EVENTS)
def void(shipment_id: uuid.UUID, event_id: uuid.UUID) -> Response:
    """Say that an event did not happen; also what takes a cancellation back."""
    _event_or_404(shipment_id, event_id)
    try:
        services_events.void_event(event_id, now=clock.now(), actor=principal().user_id)
        db.session.commit()
        flash(_("Taken back. The event stays on record and no longer counts."))
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "bad")
    return redirect(url_for(".show", shipment_id=shipment_id), 303)


@bp.post("/<uuid:shipment_id>/cancel")
@needs(May.EDIT_SHIPMENTS)
def cancel(shipment_id: uuid.UUID) -> Response:
    """Cancel an open shipment; the toast takes it back."""
    one_or_404(shipment_id)
    try:
        event = services_events.cancel_shipment(shipment_id, now=clock.now(), actor=principal().user_id)
        db.session.commit()
        undo = url_for(".void", shipment_id=shipment_id, event_id=event.id)
        flash(_("The shipment is cancelled."), undo_url=undo)
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "bad")
    return redirect(url_for(".show", shipment_id=shipment_id), 303)
