"""Shipments: what travels, for whom, where it is, and the papers that go with it."""

from __future__ import annotations

from flask import Flask

from logicrm.core import shell
from logicrm.core.access import Area, May
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.places import country_name
from logicrm.extensions import csrf

__label__ = _l("Shipments")  # what the data map calls the area
bp = Area("shipments", __name__, url_prefix="/shipments", template_folder="templates")
scan = Area("scan", __name__, url_prefix="/scan", template_folder="templates")
tracking = Area("tracking", __name__, template_folder="templates")
api = Area("shipments_api", __name__, url_prefix="/api/v1")


def install(app: Flask) -> None:
    """Wire the area: the desk, the phone page, the public page, the programs' door."""
    from logicrm.shipments import (  # noqa: F401 - importing views registers the routes
        sections,
        shown,
        views,
        views_api,
        views_events,
        views_papers,
        views_scan,
        views_tracking,
    )

    for blueprint in (bp, scan, tracking, api):
        app.register_blueprint(blueprint)
    # Programs bring a token and no cookie. The public forms change nothing, and a token of theirs would
    # mean a cookie for everybody who only looks where a parcel is; Fetch-Metadata still refuses other sites.
    csrf.exempt(api)
    csrf.exempt(tracking)
    for name in ("pill_of", "reason_word", "must_act_word", "source_word", "days_of", "clock_of", "difference",
                 "lateness", "offset_of"):  # fmt: skip
        app.jinja_env.globals[f"shipment_{name}"] = getattr(shown, name)
    app.jinja_env.globals["shipment_country"] = country_name
    sections.install(app)
    shell.add_nav(
        app,
        shell.Nav(40, _l("Shipments"), "shipment", "shipments.index", May.VIEW_SHIPMENTS),
        shell.Nav(45, _l("Scan"), "barcode", "scan.find", May.SCAN_SHIPMENTS),
    )
