"""The data map: what is held, why, how long, from whom, for whom. A page with a filter, and files."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, needs
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import _language as language
from logicrm.privacy import bp
from logicrm.privacy.datamap import desk, inventory, papers, words
from logicrm.privacy.datamap.inventory import Filter

FORMS = "any(json, csv, pdf)"
LONGEST = 80


def _wanted() -> Filter:
    asked = request.args
    return Filter(
        asked.get("area", "")[:LONGEST], asked.get("category", "")[:LONGEST], asked.get("subject", "")[:LONGEST],
        " ".join(asked.get("q", "").split())[:LONGEST],
    )  # fmt: skip


@bp.get("/desk/data-map", endpoint="data_map")
@needs(May.VIEW_PRIVACY)
def data_map() -> Response:
    business, now, wanted = desk.here(), clock.now(), _wanted()
    policy = desk.policy(business, now)
    areas = inventory.made(policy, lang=language(), today=desk.today(), wanted=wanted)
    asked: dict[str, Any] = {
        name: value for name, value in request.args.items() if name in ("area", "category", "subject", "q")
    }
    return page(
        "privacy/datamap/map.html", areas=areas, wanted=wanted, rooms=desk.tabs("data_map"), policy=policy,
        all_areas=_all_areas(), categories=list(words.KINDS.items()),
        subjects=list(words.SUBJECTS.items()), rest=inventory.without_personal_data(),
        columns=sum(len(table.columns) for area in areas for table in area.tables),
        tables=sum(len(area.tables) for area in areas), filtered=wanted != Filter(),
        files=[(form, url_for(".data_map_file", form=form, **asked)) for form in ("pdf", "csv", "json")],
    )  # fmt: skip


def _all_areas() -> list[tuple[str, str]]:
    keys = dict.fromkeys(inventory.area_of(model) for model in inventory.models() if inventory.is_personal(model))
    return [(key, inventory.area_label(key)) for key in keys]


@bp.get(f"/desk/data-map.<{FORMS}:form>", endpoint="data_map_file")
@needs(May.VIEW_PRIVACY)
def data_map_file(form: str) -> Response:
    business, now, lang = desk.here(), clock.now(), language()
    policy = desk.policy(business, now)
    areas = inventory.made(policy, lang=lang, today=desk.today(), wanted=_wanted())
    name, title = business.facts.name, _("Data map of %(business)s", business=business.facts.name)
    lead = _("What is held about people, why, where it comes from, how long it stays, and who receives it.")
    return papers.answer(
        form, f"data-map-{business.facts.slug}", lang=lang, rows=inventory.rows_csv(areas),
        plain=inventory.as_json(areas, policy=policy, business=name, at=now.isoformat(timespec="seconds"), lang=lang),
        paper=papers.paper(title, lead, name, inventory.sections(areas), now),
    )  # fmt: skip
