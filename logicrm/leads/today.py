"""The leads' part of Today: what is due, and whom nobody spoke to for too long."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import url_for

from logicrm.core.access import principal
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.today import Figure, Row, Section
from logicrm.core.words import show_date, show_money, show_number, zone
from logicrm.leads import queries
from logicrm.leads.models import display_name
from logicrm.leads.pipelines.queries import StageStanding, standing
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
    stages = standing()
    at_work = [s for s in stages if s.kind == "open"]
    found = queries.stale({s.id: now - timedelta(days=s.stale_after_days) for s in at_work if s.stale_after_days})
    rows = [
        Row(
            display_name(r.first_name, r.last_name, r.company, r.email), url_for("leads.show", lead_id=r.id),
            _("last contact %(day)s", day=show_date(r.last_contact_at)), "warn",
        )
        for r in sorted(found, key=lambda r: r.last_contact_at)
    ]  # fmt: skip
    total = sum(s.leads for s in stages)
    figures = _figures(at_work, total) if total else []
    return Section(_("Waiting for a word"), url_for("leads.index", sort="contacted"), rows, figures, total > 0, "leads")


def _figures(at_work: list[StageStanding], total: int) -> list[Figure]:
    """Open leads and what they are worth, stage by stage, from the kept sums."""
    own, board = principal().workspace.currency, url_for("leads.board")
    worth: dict[str, int] = {}
    for stage in at_work:
        for currency, hundredths in stage.hundredths.items():
            worth[currency or own] = worth.get(currency or own, 0) + hundredths
    others = [show_money(sum_ // 100, currency) for currency, sum_ in sorted(worth.items()) if currency != own]
    return [
        Figure(
            _("Open leads"), show_number(sum(s.leads for s in at_work)), board,
            note=_("of %(total)s in all", total=show_number(total)), bars=[(s.name, s.leads) for s in at_work],
        ),
        Figure(
            _("Open value"), show_money(worth.get(own, 0) // 100, own), board,
            note=_("and %(sums)s", sums=", ".join(others)) if others else "",
            bars=[(s.name, (s.hundredths.get(own, 0) + s.hundredths.get("", 0)) // 100) for s in at_work],
        ),
    ]  # fmt: skip


__all__ = ["due_tasks", "stale_leads"]
