"""Privacy: the policy that runs. Copies, deletions, consent, retention and evidence, all read from declarations."""

from __future__ import annotations

from flask import Flask

from logicrm.core.access import Area
from logicrm.core.phrases import lazy_gettext as _l

__label__ = _l("Privacy")  # what the data map calls the area
bp = Area("privacy", __name__, template_folder="templates", url_prefix="/privacy")


def install(app: Flask) -> None:
    """Wire the area: routes, jobs, commands. Views register their routes when they are imported."""
    from logicrm.privacy import (  # noqa: F401
        checks_consent,
        checks_data,
        checks_safety,
        checks_site,
        cli,
        cli_engine,
        datamap,
        jobs,
        jobs_policy,
        promises_engine,
        promises_versions,
        registers,
        retention,
        subjects,
        views_consent,
        views_mine,
        views_policy_desk,
        views_public,
        views_requests,
        views_versions,
        words,
    )
    from logicrm.privacy.retaining import views as views_retaining  # noqa: F401
    from logicrm.privacy.retaining import views_closing

    registers.install(app)
    datamap.install(app)
    if bp.name not in app.blueprints:
        app.register_blueprint(bp)
        app.register_blueprint(views_public.notices)
    app.context_processor(views_consent.banners)
    app.context_processor(views_versions.policy_banner)
    app.context_processor(views_closing.closing_banner)
    words.install(app)
    views_requests.install(app)
    views_policy_desk.install(app)
    app.cli.add_command(cli.privacy)
