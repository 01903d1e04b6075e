"""The end customer's door: what a business holds about them, and every right, by a code to their own address."""

from __future__ import annotations

from flask import Flask

from logicrm.core.access import Area
from logicrm.core.phrases import lazy_gettext as _l

__label__ = _l("Customer portal")  # what the data map calls the area
bp = Area("portal", __name__, template_folder="templates", url_prefix="/p/<slug>")


def install(app: Flask) -> None:
    """Wire the area: routes, the loader that narrows a request to one person, the job that sends codes."""
    from logicrm.portal import jobs, sessions, views, views_data, views_policy, views_rights  # noqa: F401

    if bp.name not in app.blueprints:
        app.register_blueprint(bp)
    sessions.install(app)
