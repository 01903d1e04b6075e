"""LogiCRM: the CRM of a small logistics business whose privacy policy runs.

`create_app` is the map of the system: mechanisms first, then one line per area.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from logicrm import config
from logicrm.core import (
    access,
    cli_jobs,
    crypto,
    database,
    ddl,
    doctor,
    egress,
    errors_pages,
    languages,
    logs,
    render,
    search,
    security,
    shell,
    tenancy,
    words,
)
from logicrm.extensions import babel, compress, csrf, db, htmx, login, migrate


def create_app(settings: dict[str, Any] | None = None) -> Flask:
    """Return the application. `settings` replaces the environment's values (tests use it)."""
    app = Flask(__name__)
    app.jinja_environment = render.Templates  # type: ignore[assignment]
    app.config.update(config.from_environment())
    app.config.update(settings or {})
    _keys(app)
    logs.install(app)
    egress.install(app)
    _extensions(app)
    access.install(app)
    security.install(app)
    words.install(app)
    shell.install(app)
    languages.install(app)
    errors_pages.install(app)
    doctor.install(app)
    app.cli.add_command(cli_jobs.group)
    _areas(app)
    return app


def _keys(app: Flask) -> None:
    """Load or make the keys; the session's signing key is derived, so there is nothing else to keep."""
    folder = app.config["INSTANCE"] / "keys"
    app.config["DATABASE_KEY_BYTES"] = crypto.load_key(folder, "database", app.config["DATABASE_KEY"])
    app.config["MASTER_KEY_BYTES"] = crypto.load_key(folder, "master", app.config["MASTER_KEY"])
    with app.app_context():
        app.config["SECRET_KEY"] = crypto.derive("session").hex()


def _extensions(app: Flask) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = app.config["DATABASE_URL"]
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(app.config["DATABASE_URL"])
    db.init_app(app)
    database.install(app, db)
    _fence_once()
    migrate.init_app(app, db, directory="migrations", compare_type=True, include_object=_in_migrations)
    csrf.init_app(app)
    login.init_app(app)
    babel.init_app(app, locale_selector=languages.selected)
    htmx.init_app(app)
    compress.init_app(app)


_fenced = False


def _fence_once() -> None:
    """The session class is shared by all applications of the process: attach its listeners once."""
    global _fenced
    if not _fenced:
        tenancy.install(db.session)
        search.install(db.session)
        ddl.install(db.metadata)
        _fenced = True


def _in_migrations(_thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Alembic leaves the full-text index alone: it is made by hand in a migration."""
    return not (kind == "table" and (name or "").startswith("search_index"))


def _areas(app: Flask) -> None:
    """One line per area. The order is that of the rail."""
    from logicrm import accounts, customers, demo, leads, portal, privacy, shipments, today

    accounts.install(app)
    today.install(app)
    leads.install(app)
    customers.install(app)
    shipments.install(app)
    privacy.install(app)
    portal.install(app)
    demo.install(app)


__all__ = ["create_app"]
