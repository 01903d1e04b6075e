"""The leads' part of Today: what is due, and whom nobody spoke to for too long."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from logicrm.core.access import principal
from logicrm.core.today import Figure, Row, Section
from logicrm.core.words import show_date, show_number, zone
from logicrm.leads import queries
from logicrm.leads.models import display_name
from logicrm.leads.pipelines.queries import stale_days
from logicrm.leads.timeline import queries as timeline


def due_tasks(now: datetime) -> Section | None:
    """My open tasks that are due today or were before. One statement."""
    local = now.astimezone(zone())
    tonight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    rows = []
    for task in timeline.due(principal().user_id, tonight):
        if task.lead_id:
            url = url_for("leads.show", lead_id=task.lead_id)
            whom = display_name(task.first_name or "", task.last_name or "", task.company or "", None)
        else:
            url = (
                url_for("customers.contact", contact_id=task.contact_id) if task.contact_id else url_for("leads.index")
            )
            whom = display_name(task.contact_first or "", task.contact_last or "", "", None)
        late = (local.date() - task.due_at.astimezone(zone()).date()).days
        words = ngettext("%(num)d day late", "%(num)d days late", late) if late > 0 else _("today")
        rows.append(Row(f"{task.title} · {whom}", url, words, "bad" if late > 0 else "warn"))
    return Section(_("Tasks"), url_for("leads.index"), rows)


def stale_leads(now: datetime) -> Section | None:
    """Open leads without contact for longer than their stage allows. Two statements."""
    open_stages, total = stale_days()
    found = queries.stale({key: now - timedelta(days=days) for key, days in open_stages.items()})
    rows = [
        Row(
            display_name(r.first_name, r.last_name, r.company, r.email), url_for("leads.show", lead_id=r.id),
            _("last contact %(day)s", day=show_date(r.last_contact_at)), "warn",
        )
        for r in sorted(found, key=lambda r: r.last_contact_at)
    ]  # fmt: skip
    figure = Figure(_("Leads"), show_number(total), url_for("leads.index"))
    return Section(_("Waiting for a word"), url_for("leads.index", sort="contacted"), rows, figure, total > 0, "leads")


__all__ = ["due_tasks", "stale_leads"]
