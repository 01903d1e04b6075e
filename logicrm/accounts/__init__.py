"""Accounts: workspaces, the people who work in them, and every way in."""

from __future__ import annotations

from flask import Flask, url_for

from logicrm.core.access import Area, principal_or_none
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.shell import Nav, add_nav

__label__ = _l("Team and sign-in")  # what the data map calls the area
bp = Area("accounts", __name__, template_folder="templates")
settings = Area("settings", __name__, template_folder="templates", url_prefix="/settings")


def install(app: Flask) -> None:
    """Wire the area: routes, the session loader, the programs' door, commands."""
    from logicrm.accounts import checks, cli, promises, sessions, subject, views, views_api  # noqa: F401 - importing registers

    app.register_blueprint(bp)
    app.register_blueprint(settings)
    sessions.install(app)
    views_api.install(app)
    cli.install(app)
    add_nav(app, Nav(100, _l("Settings"), "settings", "settings.index"))
    app.context_processor(_frame)


def _frame() -> dict[str, str]:
    """Addresses that the frame of every page leads to."""
    who = principal_or_none()
    if who is None:
        return {"home_url": url_for("accounts.index"), "sign_in_url": url_for("accounts.sign_in")}
    return {
        "home_url": url_for("accounts.index"),
        "account_url": "" if who.in_grace else url_for("settings.account"),
        "sign_out_url": url_for("accounts.sign_out"),
    }
