"""The officer's registers: controls, breaches, disclosures; and the desk on which all of it stands."""

from __future__ import annotations

from flask import Flask


def install(app: Flask) -> None:
    """Wire the registers: routes, jobs, checks, evidence. Views register their routes when they are imported."""
    from logicrm.privacy.registers import (  # noqa: F401
        checks_registers,
        jobs,
        promises_registers,
        views_breaches,
        views_controls,
        views_desk,
        views_disclosures,
        views_files,
        views_notices,
    )

    views_desk.install(app)
