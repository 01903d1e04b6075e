"""The programs' door: read a shipment, add what happened. JSON in, JSON out, a token in the header."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import Scope, token
from logicrm.core.errors import Refused
from logicrm.extensions import db
from logicrm.shipments import api, papers, queries, services_events
from logicrm.shipments.api_body import MAX_BYTES, FieldError, NotValid, parse
from logicrm.shipments.models import Shipment, TrackingEvent


def _found(waybill_number: str) -> Shipment:
    shipment = queries.by_number(waybill_number[:60])
    if shipment is None:
        raise NotFound
    return shipment


@api.get("/shipments/<waybill_number>")
@token(Scope.READ_SHIPMENTS)
def show(waybill_number: str) -> Response:
    """One shipment with its events."""
    shipment = _found(waybill_number)
    rows = queries.events_of(shipment.id)
    return jsonify({**_shipment(shipment), "events": [_event(e) for e, _who in rows]})


@api.get("/shipments/<waybill_number>/events")
@token(Scope.READ_SHIPMENTS)
def events(waybill_number: str) -> Response:
    """The events of a shipment, newest first."""
    rows = queries.events_of(_found(waybill_number).id)
    return jsonify({"events": [_event(e) for e, _who in rows]})


@api.post("/shipments/<waybill_number>/events")
@token(Scope.WRITE_EVENTS)
def add_event(waybill_number: str) -> Response:
    """Add an event: 201 when it is new, 200 with the known one when it was sent before, 422 with each field's error."""
    if request.content_length is not None and request.content_length > MAX_BYTES:
        return _errors(413, FieldError("", f"the body is larger than {MAX_BYTES:,} bytes"))
    if request.mimetype != "application/json":
        return _errors(415, FieldError("", "send Content-Type: application/json"))
    shipment = _found(waybill_number)
    try:
        new = parse(request.get_data(cache=False), request.headers.get("Idempotency-Key", ""))
        event, is_new = services_events.add_event(shipment.id, new, now=clock.now())
        db.session.commit()
    except NotValid as not_valid:
        return _errors(422, *not_valid.errors)
    except Refused as refusal:
        db.session.rollback()
        return _errors(422, FieldError(refusal.field or "", refusal.message))
    response = jsonify({"event": _event(event), "shipment": _shipment(shipment)})
    response.status_code = 201 if is_new else 200
    return response


def _errors(status: int, *errors: FieldError) -> Response:
    response = jsonify({"errors": [{"field": e.field, "message": e.message} for e in errors]})
    response.status_code = status
    return response


def _shipment(shipment: Shipment) -> dict[str, Any]:
    """What programs see of a shipment: no names, no addresses; a token for tracking needs none."""
    return {
        "waybill_number": shipment.waybill_number, "status": shipment.status,
        "status_at": shipment.status_at.isoformat(), "reason": shipment.reason or None,
        "must_act": shipment.must_act or None,
        "promised_on": shipment.promised_on.isoformat() if shipment.promised_on else None,
        "eta_first": shipment.eta_first.isoformat() if shipment.eta_first else None,
        "eta_latest": shipment.eta_latest.isoformat() if shipment.eta_latest else None,
        "delivered_at": shipment.delivered_at.isoformat() if shipment.delivered_at else None,
        "references": shipment.references or None, "pieces": shipment.pieces_count,
        "total_weight_kg": float(shipment.total_weight_kg), "tracking_url": papers.tracking_url(shipment),
    }  # fmt: skip


def _event(event: TrackingEvent) -> dict[str, Any]:
    return {
        "id": str(event.id), "status": event.status, "occurred_at": _said_at(event),
        "received_at": event.received_at.isoformat(), "code": event.code or None,
        "description": event.description or None, "place": event.place or None,
        "latitude": None if event.latitude is None else float(event.latitude),
        "longitude": None if event.longitude is None else float(event.longitude),
        "reason": event.reason or None, "must_act": event.must_act or None, "source": event.source,
        "public": event.public, "idempotency_key": event.idempotency_key,
        "corrects": str(event.corrects_id) if event.corrects_id else None, "raw_code": event.raw_code or None,
    }  # fmt: skip


def _said_at(event: TrackingEvent) -> str:
    """The moment in the offset in which it was said."""
    from datetime import timedelta, timezone

    return event.occurred_at.astimezone(timezone(timedelta(minutes=event.offset_minutes))).isoformat()
