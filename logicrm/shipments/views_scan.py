"""The driver's page: scan or type a number, say what happened. Made for one thumb."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.shipments import numbers, queries, scan, services_events
from logicrm.shipments.details import NewEvent
from logicrm.shipments.statuses import ICONS, WORDS, Reason, Status

#: What a driver says at the door, in the order of a day.
AT_THE_DOOR = (Status.PICKED_UP, Status.IN_TRANSIT, Status.OUT_FOR_DELIVERY, Status.DELIVERED, Status.ATTEMPT_FAILED,
               Status.EXCEPTION)  # fmt: skip


@scan.get("/")
@needs(May.SCAN_SHIPMENTS)
def find() -> Response:
    """The field for the number; with a number, the shipment and what can be said of it."""
    return _scan_page(request.args.get("number", "")[:60])


def _scan_page(number: str, *, error: str = "", status: int = 200) -> Response:
    shipment = queries.by_number(number) if number else None
    if number and shipment is None and not error:
        error, status = _("No shipment of ours has this number. Check it, or scan again."), 404
    choices = [(str(s), WORDS[s], ICONS[s]) for s in AT_THE_DOOR]
    return page("shipments/scan.html", status=status, shipment=shipment, number=number, error=error, choices=choices)


@scan.post("/")
@needs(May.ADD_EVENTS)
def add() -> Response:
    """Note what happened, now."""
    number, said, who, now = request.form.get("number", "")[:60], request.form, principal(), clock.now()
    shipment = queries.by_number(number)
    if shipment is None or said.get("status") not in {str(s) for s in AT_THE_DOOR}:
        return _scan_page(number, status=422)
    try:
        event = NewEvent(
            now.astimezone(ZoneInfo(who.workspace.time_zone)), said["status"], place=said.get("place", "")[:200],
            description=said.get("description", "")[:500],
            reason=said.get("reason", "") if said.get("reason") in set(Reason) else "",
        )  # fmt: skip
        services_events.add_event(shipment.id, event, now=now, actor=who.user_id)
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        return _scan_page(number, error=refusal.message, status=422)
    words = WORDS[Status(said["status"])]
    flash(_("%(number)s: %(status)s. Scan the next one.", number=numbers.clean(number), status=words))
    return redirect(url_for(".find"), 303)
