"""Customers: the companies that ship with us, and the people in them."""

from __future__ import annotations

from flask import Flask

from logicrm.core.access import Area, May
from logicrm.core.phrases import lazy_gettext as _l

__label__ = _l("Customers")  # what the data map calls the area
bp = Area("customers", __name__, url_prefix="/customers", template_folder="templates")


def install(app: Flask) -> None:
    """Wire the area: routes and its place on the rail."""
    from logicrm.core import portal, shell
    from logicrm.customers import portal_facts, views

    assert views  # importing it registers the routes
    app.register_blueprint(bp)
    portal.facts(app, portal_facts.ContactFacts())
    shell.add_nav(app, shell.Nav(30, _l("Customers"), "customer", "customers.contacts", May.VIEW_CUSTOMERS))
