"""What shipments show on other areas' pages: Today, a customer's page, the portal."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import Flask, url_for
from flask_babel import gettext as _

from logicrm.core import portal, today
from logicrm.core.access import May
from logicrm.customers import sections as customers
from logicrm.shipments import queries, shown


def install(app: Flask) -> None:
    """Register the parts."""
    today.today_section(app, 30, May.VIEW_SHIPMENTS, waiting)
    customers.add(app, 10, May.VIEW_SHIPMENTS, of_customer)
    portal.section(app, 20, mine)


def waiting(now: datetime) -> today.Section | None:
    """Exceptions and late ones, what waits longest first. Two statements."""
    rows, count, any_at_all = queries.need_attention(now=now)
    figure = today.Figure(
        _("Shipments to look at"), f"{count:,}", url_for("shipments.index", view="attention"),
        tone="warn" if count else "neutral",
    )  # fmt: skip
    lines = [
        today.Row(
            f"{s.waybill_number} · {s.recipient_company or s.recipient_name}",
            url_for("shipments.show", shipment_id=s.id),
            shown.lateness(s.late_from, now) or shown.pill_of(s.status).text,
            "bad" if shown.pill_of(s.status).tone == "bad" else "warn",
        )
        for s in rows
    ]  # fmt: skip
    return today.Section(
        _("Shipments that need attention"), url_for("shipments.index", view="attention"), lines,
        figure=figure, started=any_at_all, key="shipments",
    )  # fmt: skip


def of_customer(*, contact_id: uuid.UUID | None, company_id: uuid.UUID | None) -> customers.Section | None:
    """The newest shipments of a customer. One statement."""
    rows = queries.of_customer(contact_id=contact_id, company_id=company_id)
    value = f"contact:{contact_id}" if contact_id else f"company:{company_id}"
    lines = []
    for s in rows:
        pill = shown.pill_of(s.status)
        title = f"{s.waybill_number} · {s.recipient_city}" if s.recipient_city else s.waybill_number
        lines.append(customers.Row(title, url_for("shipments.show", shipment_id=s.id), pill.text, pill.tone))
    return customers.Section(
        _("Shipments"), lines, url=url_for("shipments.index", customer=value) if rows else "",
        add_url=url_for("shipments.new", customer=value), add_label=_("New shipment"),
        empty=_("Nothing was shipped for this customer yet."),
    )  # fmt: skip


def mine(email: str, now: datetime) -> portal.Section | None:
    """A person's own shipments in the portal; the scope leaves them no others. One statement."""
    lines = []
    for s in queries.of_customer(limit=20):
        pill = shown.pill_of(s.status)
        url = url_for("tracking.show", tracking_key=s.tracking_key)
        lines.append(portal.Row(s.waybill_number, url, pill.text, pill.tone))
    return portal.Section(_("Shipments"), url_for("tracking.door"), lines) if lines else None


__all__ = ["install", "mine", "of_customer", "waiting"]
