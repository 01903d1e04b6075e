"""Today: what waits for whoever is signed in, gathered from the areas; the first page of the day."""

from __future__ import annotations

from flask import Flask

from logicrm.core.access import Area, May
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.shell import Nav, add_nav

bp = Area("today", __name__, template_folder="templates", url_prefix="/today")


def install(app: Flask) -> None:
    """Wire the area. The other areas bring the content by `core.today.today_section`."""
    from logicrm.today import views  # noqa: F401 - importing it registers the routes

    app.register_blueprint(bp)
    add_nav(app, Nav(10, _l("Today"), "today", "today.index", May.VIEW_TODAY))
