"""The tabs over every page of the settings: only what the role may open."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, url_for
from werkzeug.wrappers import Response

from logicrm.core.access import May, principal
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.render import page

TABS: tuple[tuple[Any, str, May | None], ...] = (
    (_l("My account"), "settings.account", None),
    (_l("Workspace"), "settings.workspace", May.VIEW_WORKSPACE),
    (_l("People"), "settings.people", May.VIEW_PEOPLE),
    (_l("API tokens"), "settings.tokens", May.VIEW_TOKENS),
    (_l("Jobs"), "settings.jobs", May.VIEW_JOBS),
    (_l("Outbox"), "settings.outbox", May.VIEW_OUTBOX),
    (_l("Audit"), "settings.audit", May.VIEW_AUDIT),
)


def tabs(active: str) -> list[dict[str, Any]]:
    """The tabs for whoever is signed in, in the shape that the macro `tabs` takes."""
    who = principal()
    return [
        {"label": label, "url": url_for(endpoint), "active": endpoint == active}
        for label, endpoint, may in TABS
        if (may is None or who.may(may)) and (endpoint != "settings.outbox" or current_app.config["DEMO"])
    ]


def settings_page(template: str, tab: str, *, status: int = 200, **context: Any) -> Response:
    """A page of the settings, under its tabs."""
    return page(f"accounts/{template}", status=status, tabs_here=tabs(tab), path=request.path, **context)
