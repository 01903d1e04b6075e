"""Privacy: the policy that runs. Copies, deletions, consent, retention and evidence, all read from declarations."""

from __future__ import annotations

from flask import Flask

from logicrm.core.access import Area

bp = Area("privacy", __name__, template_folder="templates", url_prefix="/privacy")


def install(app: Flask) -> None:
    """Wire the area: routes, jobs, commands. Views register their routes when they are imported."""
    from logicrm.privacy import (  # noqa: F401
        cli,
        cli_engine,
        jobs,
        promises_engine,
        retention,
        subjects,
        views_consent,
        views_mine,
        views_public,
        views_requests,
        words,
    )

    if bp.name not in app.blueprints:
        app.register_blueprint(bp)
        app.register_blueprint(views_public.notices)
    app.context_processor(views_consent.banners)
    words.install(app)
    views_requests.install(app)
    app.cli.add_command(cli.privacy)
