"""How the privacy half writes its figures in templates."""

from __future__ import annotations

from flask import Flask
from flask_babel import get_locale

from logicrm.privacy.clocks import Duration
from logicrm.privacy.policy import Show
from logicrm.privacy.sites import installation


def period(value: Duration) -> str:
    """'6 months', '30 days' in the reader's language."""
    return Show(installation().profile, str(get_locale() or "en")).duration(value)


def install(app: Flask) -> None:
    """Register the filter."""
    app.add_template_filter(period, "period")
