"""What the views of the registers share: the policy in force, who may write, one page for every form."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import abort, current_app, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, workspaces
from logicrm.core.access import May, principal
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.workspaces import Business
from logicrm.privacy import profile as profiles
from logicrm.privacy import versions
from logicrm.privacy.profile import Profile


def here() -> Business:
    """The workspace of whoever calls."""
    return workspaces.by_id(principal().workspace.id) or abort(404)


def policy(now: datetime | None = None) -> Profile:
    """The figures that rule this workspace now. Costs no statement: cadences and clocks need no name or address."""
    facts = principal().workspace
    version = versions.ruling(facts, now or clock.now())
    return version.profile if version else profiles.load(facts.profile)


def today() -> date:
    """The day in the workspace's zone."""
    return clock.today(principal().workspace.time_zone)


def zone() -> str:
    return principal().workspace.time_zone


def editor() -> None:
    """Answer 403 to whoever may look and not write."""
    if not principal().may(May.EDIT_REGISTERS):
        abort(403)


def form_page(
    form: Any, *, title: Any, crumb: Any, back: str, button: Any, intro: Any = "", names: tuple[str, ...] = (),
    late: Any = "", status: int = 200, icon: str = "", multipart: bool = False, wide: bool = False,
) -> Response:  # fmt: skip
    """The page of one form. names: which of its fields, in this order; all of them when none is given."""
    return page(
        "privacy/registers/form.html", status=status, form=form, form_title=title, crumb=crumb, back=back,
        button=button, intro=intro, names=names, late=late, button_icon=icon, multipart=multipart, wide=wide,
    )  # fmt: skip


def rooms(active: str) -> list[dict[str, Any]]:
    """The rooms of the officer's desk, as tabs. What another room brings along is shown once it is there."""
    known = [
        ("desk", _("Desk"), "privacy.desk", May.VIEW_REGISTERS),
        ("requests", _("Requests"), "privacy.requests", May.VIEW_REQUESTS),
        ("controls", _("Controls"), "privacy.controls", May.VIEW_REGISTERS),
        ("breaches", _("Breaches"), "privacy.breaches", May.VIEW_REGISTERS),
        ("disclosures", _("Disclosures"), "privacy.disclosures", May.VIEW_REGISTERS),
        ("policy", _("Policy"), "privacy.policy_desk", May.VIEW_PRIVACY),
        ("data", _("Data map"), "privacy.data_map", May.VIEW_PRIVACY),
        ("retention", _("Deletion by age"), "privacy.retention_history", May.VIEW_PRIVACY),
    ]
    return [
        {"label": label, "url": url_for(endpoint), "active": name == active}
        for name, label, endpoint, may in known
        if principal().may(may) and endpoint in current_app.view_functions
    ]
