"""Waybill and labels, to be printed."""

from __future__ import annotations

import uuid

from flask import make_response
from werkzeug.wrappers import Response

from logicrm.core.access import May, needs, principal
from logicrm.shipments import bp, papers, queries
from logicrm.shipments.views import one_or_404


@bp.get("/<uuid:shipment_id>/waybill.pdf")
@needs(May.VIEW_SHIPMENTS)
def waybill(shipment_id: uuid.UUID) -> Response:
    """The waybill as PDF."""
    shipment = one_or_404(shipment_id)
    pdf = papers.waybill(shipment, queries.pieces_of(shipment_id), principal().workspace)
    return _pdf(pdf, f"waybill-{shipment.waybill_number}.pdf")


@bp.get("/<uuid:shipment_id>/labels.pdf")
@needs(May.VIEW_SHIPMENTS)
def labels(shipment_id: uuid.UUID) -> Response:
    """One label per piece as PDF."""
    shipment = one_or_404(shipment_id)
    pdf = papers.labels(shipment, queries.pieces_of(shipment_id), principal().workspace)
    return _pdf(pdf, f"labels-{shipment.waybill_number}.pdf")


def _pdf(body: bytes, name: str) -> Response:
    response = make_response(body)
    response.headers["Content-Type"] = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
