"""The data map: what is held and why, the record of processing made from it, and who outside may receive something."""

from __future__ import annotations

from flask import Flask

from logicrm.config import BadSetting
from logicrm.core import egress
from logicrm.privacy import vocabulary


def install(app: Flask) -> None:
    """Wire pages, checks and the gate of outgoing connections; refuse a setting that lists somebody impossible."""
    from logicrm.privacy.datamap import (  # noqa: F401 - importing registers
        checks,
        gate,
        views_map,
        views_recipients,
        views_record,
    )

    views_recipients.install(app)
    with app.app_context():
        for one in egress.listed():
            _check(one)


def _check(one: egress.Listed) -> None:
    if one.job not in vocabulary.RECIPIENTS:
        raise BadSetting(f"LOGICRM_RECIPIENTS: {one.job!r} is no job; use one of {', '.join(vocabulary.RECIPIENTS)}")
    if one.safeguard in vocabulary.VOID_MECHANISMS:
        why = vocabulary.VOID_MECHANISMS[one.safeguard]
        raise BadSetting(f"LOGICRM_RECIPIENTS: {one.safeguard!r} protects nothing: {why}; use scc or adequacy")
    if one.safeguard not in vocabulary.MECHANISMS:
        known = ", ".join(vocabulary.MECHANISMS)
        raise BadSetting(f"LOGICRM_RECIPIENTS: {one.safeguard!r} is no safeguard; use one of {known}")
