"""The papers of a shipment as HTML and PDF: the waybill, and one label per piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask import current_app, render_template, url_for
from flask_babel import get_locale

from logicrm.core import words
from logicrm.core.barcodes import code128_svg, qr_svg
from logicrm.core.pdf import paper_css, render_pdf
from logicrm.core.phrases import gettext as _
from logicrm.core.places import country_name
from logicrm.shipments import services
from logicrm.shipments.details import Party
from logicrm.shipments.models import Shipment, ShipmentPiece


def tracking_url(shipment: Shipment) -> str:
    """The address of the public page, as it stands on paper."""
    path = url_for("tracking.show", tracking_key=shipment.tracking_key)
    return f"{current_app.config['BASE_URL']}{path}"


def _number(value: Decimal | None) -> str:
    """'12.5' in the reader's language; '' for None."""
    return "" if value is None else words.show_number(value.normalize() + 0)


def _party(shipment: Shipment, part: str) -> Party:
    """Who sends or receives, with the country by its name, as it stands on paper."""
    party = services.party_of(shipment, part)
    return replace(party, country=country_name(party.country))


def _context(shipment: Shipment, pieces: Sequence[ShipmentPiece], workspace: Any) -> dict[str, Any]:
    url = tracking_url(shipment)
    return {
        "lang": str(get_locale() or "en"), "workspace": workspace, "waybill_number": shipment.waybill_number,
        "created_on": words.show_date(shipment.created_at), "service": shipment.service,
        "incoterm": shipment.incoterm, "references": shipment.references, "instructions": shipment.instructions,
        "promised_on": words.show_date(shipment.promised_on),
        "sender": _party(shipment, "sender"), "recipient": _party(shipment, "recipient"),
        "goods": shipment.goods, "tracking_url": url, "qr_svg": qr_svg(url),
        "total_weight_kg": _number(shipment.total_weight_kg),
        "pieces": [
            {
                "number": p.number, "description": p.description, "weight_kg": _number(p.weight_kg),
                "length_cm": _number(p.length_cm), "width_cm": _number(p.width_cm), "height_cm": _number(p.height_cm),
            }
            for p in pieces
        ],
    }  # fmt: skip


def waybill(shipment: Shipment, pieces: Sequence[ShipmentPiece], workspace: Any) -> bytes:
    """The waybill as PDF. `workspace` has name and, if known, address, phone, email. Raises PdfFailed."""
    context = _context(shipment, pieces, workspace)
    context["barcode_svg"] = code128_svg(shipment.waybill_number, height_mm=16)
    html = render_template("paper/waybill.html", **context)
    title = _("Waybill %(number)s", number=shipment.waybill_number)
    return render_pdf(html, css=[paper_css()], title=title, lang=context["lang"], archival=False)


def labels(shipment: Shipment, pieces: Sequence[ShipmentPiece], workspace: Any) -> bytes:
    """Labels of 100 × 150 mm, one page per piece, as PDF. Raises PdfFailed."""
    context = _context(shipment, pieces, workspace)
    number = shipment.waybill_number
    context["labels"] = [
        {
            **piece, "piece": piece["number"], "pieces": len(pieces), "barcode_text": number,
            "barcode_svg": code128_svg(number, height_mm=32),
        }
        for piece in context["pieces"]
    ]  # fmt: skip
    html = render_template("paper/label.html", **context)
    title = _("Labels for %(number)s", number=number)
    return render_pdf(html, css=[paper_css()], title=title, lang=context["lang"], archival=False)
