"""What shipments show on other areas' pages: Today, a customer's page, the portal."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta

from flask import Flask, url_for

from logicrm.core import portal, today
from logicrm.core.access import May
from logicrm.core.phrases import gettext as _
from logicrm.core.words import show_number, zone
from logicrm.customers import sections as customers
from logicrm.shipments import queries, queries_today, shown

DAYS = 14


def install(app: Flask) -> None:
    """Register the parts."""
    today.today_section(app, 30, May.VIEW_SHIPMENTS, waiting)
    customers.add(app, 10, May.VIEW_SHIPMENTS, of_customer)
    portal.section(app, 20, mine)


def waiting(now: datetime) -> today.Section | None:
    """Exceptions and late ones, what waits longest first; and how many of the last two weeks came on time. Two statements."""
    found = queries_today.standing(now=now, days=_days(now))
    figures = [
        today.Figure(
            _("Shipments to look at"), show_number(found.count), url_for("shipments.index", view="attention"),
            note=_("late, or in trouble") if found.count else "", tone="warn" if found.count else "",
            spark=found.began if any(found.began) else None,
        ),
        today.Figure(
            _("Delivered on time, %(days)s days", days=DAYS),
            f"{found.on_time * 100 // found.promised}%" if found.promised else "–",
            url_for("shipments.index", status="delivered"),
            note=_("of the last %(num)s", num=show_number(found.promised)) if found.promised else _("no promise was due"),
            spark=found.delivered if any(found.delivered) else None,
        ),
    ]  # fmt: skip
    lines = [
        today.Row(
            f"{s.waybill_number} · {s.recipient_company or s.recipient_name}",
            url_for("shipments.show", shipment_id=s.id),
            shown.lateness(s.late_from, now) or shown.pill_of(s.status).text,
            "bad" if shown.pill_of(s.status).tone == "bad" else "warn",
        )
        for s in found.rows
    ]  # fmt: skip
    return today.Section(
        _("Shipments that need attention"), url_for("shipments.index", view="attention"), lines,
        figure=figures, started=found.some, key="shipments",
    )  # fmt: skip


def _days(now: datetime) -> list[datetime]:
    """The midnights that begin each of the last two weeks' days where the workspace is, and the coming one."""
    first = now.astimezone(zone()).date() - timedelta(days=DAYS - 1)
    return [datetime.combine(first + timedelta(days=n), time(), zone()) for n in range(DAYS + 1)]


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
