"""The Today page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, Principal, needs, principal
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.render import page
from logicrm.core.today import Section, sections
from logicrm.today import bp


@dataclass(frozen=True)
class Step:
    """One step to the first value. `key` is that of the section which ends it; `endpoints`: the first that exists."""

    key: str
    may: May
    icon: str
    title: Any
    text: Any
    button: Any
    endpoints: tuple[str, ...]


FIGURES = 4  # at the top of the page; the areas that come first have the first word

STEPS = (
    Step("leads", May.IMPORT_LEADS, "upload", _l("Import your leads"),
         _l("A CSV, Excel or vCard file from any other program. You see a preview first, and can take it back."),
         _l("Import leads"), ("leads.import_index", "leads.new")),
    Step("shipments", May.EDIT_SHIPMENTS, "shipment", _l("Create a shipment"),
         _l("It gets a waybill with a barcode, and a page on which the recipient follows it."),
         _l("Create shipment"), ("shipments.new",)),
    Step("policy", May.EDIT_PRIVACY, "shield", _l("Publish your privacy policy"),
         _l("Add your contact; the program keeps what the policy says, and shows the evidence."),
         _l("Publish policy"), ("privacy.publish_form", "privacy.publishing")),
    # Where a policy is public from the first day there is nothing to publish, but something to read.
    Step("policy", May.EDIT_PRIVACY, "shield", _l("Read your privacy policy"),
         _l("It is public from the first day, and the program keeps what it says. See that the contact is yours."),
         _l("Open the policy"), ("privacy.policy",)),
)  # fmt: skip


@bp.get("/")
@needs(May.VIEW_TODAY)
def index() -> Response:
    who, now = principal(), clock.now()
    shown = sections(who, now)
    keyed = [section for section in shown if section.key]  # who sees none of them cannot begin anything either
    started = not keyed or any(section.started for section in keyed) or any(section.rows for section in shown)
    return page(
        "today/index.html", today=clock.today(who.workspace.time_zone), started=started,
        steps=first_steps(who, shown, started=started), sections=[s for s in shown if s.rows],
        figures=[figure for s in shown for figure in s.figures][:FIGURES],
    )  # fmt: skip


def first_steps(who: Principal, shown: list[Section], *, started: bool) -> list[dict[str, Any]]:
    """The steps that this member may take, done or not; none once all are done.

    A workspace that has started is reminded only of what an area can say is done or not.
    """
    said = {section.key: section.started for section in shown if section.key}
    steps: dict[str, dict[str, Any]] = {}
    for step in STEPS:
        endpoint = next((e for e in step.endpoints if _opens(e)), None)
        if endpoint is None or not who.may(step.may) or (started and step.key not in said):
            continue
        steps.setdefault(step.key, {"step": step, "url": url_for(endpoint), "done": said.get(step.key, False)})
    return list(steps.values()) if any(not s["done"] for s in steps.values()) else []


def _opens(endpoint: str) -> bool:
    """True when there is a page of that name that a link can open without arguments."""
    if endpoint not in current_app.view_functions:
        return False
    rules = current_app.url_map.iter_rules(endpoint)
    return any("GET" in (rule.methods or ()) and not rule.arguments for rule in rules)
