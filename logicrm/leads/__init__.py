"""Leads: people whom we may win as customers, from the first word to won or lost."""

from __future__ import annotations

from flask import Flask

from logicrm.core.access import Area, May
from logicrm.core.phrases import lazy_gettext as _l

__label__ = _l("Leads")  # what the data map calls the area
bp = Area("leads", __name__, url_prefix="/leads", template_folder="templates")


def install(app: Flask) -> None:
    """Wire the area: routes, its place on the rail, its part of Today."""
    from logicrm.core import shell
    from logicrm.core.today import today_section
    from logicrm.leads import today, views
    from logicrm.leads.board import views as board
    from logicrm.leads.detail import views as detail
    from logicrm.leads.imports import jobs as import_jobs
    from logicrm.leads.imports import views as imports

    assert views and board and detail and imports and import_jobs  # importing them registers the routes
    app.register_blueprint(bp)
    shell.add_nav(app, shell.Nav(20, _l("Leads"), "lead", "leads.index", May.VIEW_LEADS))
    today_section(app, 10, May.VIEW_LEADS, today.due_tasks)
    today_section(app, 20, May.VIEW_LEADS, today.stale_leads)
