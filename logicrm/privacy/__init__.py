"""Privacy: the policy that runs. Copies, deletions, consent, retention and evidence, all read from declarations."""

from __future__ import annotations

from flask import Flask

from logicrm.core.access import Area

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
        jobs,
        jobs_policy,
        promises_engine,
        promises_versions,
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

    if bp.name not in app.blueprints:
        app.register_blueprint(bp)
        app.register_blueprint(views_public.notices)
    app.context_processor(views_consent.banners)
    app.context_processor(views_versions.policy_banner)
    words.install(app)
    views_requests.install(app)
    views_policy_desk.install(app)
    app.cli.add_command(cli.privacy)
