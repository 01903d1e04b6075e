"""What the pages of this room share: where one is, the policy in force, the tabs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import abort, url_for

from logicrm.core import clock, workspaces
from logicrm.core.access import principal
from logicrm.core.phrases import gettext as _
from logicrm.core.workspaces import Business
from logicrm.privacy import versions
from logicrm.privacy.profile import Profile


def here() -> Business:
    """The workspace of whoever calls."""
    return workspaces.by_id(principal().workspace.id) or abort(404)


def policy(business: Business, now: datetime) -> Profile:
    """The policy that rules it."""
    return versions.policy_in_force(business, now)


def today() -> date:
    """The day in the workspace's zone."""
    return clock.today(principal().workspace.time_zone)


def tabs(active: str) -> list[dict[str, Any]]:
    """The pages of this room."""
    known = (
        ("data_map", _("Data map"), "privacy.data_map"),
        ("record", _("Record of processing"), "privacy.record"),
        ("recipients", _("Recipients"), "privacy.recipients"),
    )
    return [{"label": label, "url": url_for(endpoint), "active": name == active} for name, label, endpoint in known]
