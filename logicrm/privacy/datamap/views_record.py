"""The record of processing: the page, its files, and the form with what only the owner knows."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Conflict, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import _language as language
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.privacy import bp, versions
from logicrm.privacy.datamap import desk, owner, papers, record
from logicrm.privacy.datamap.forms import AnswersForm
from logicrm.privacy.datamap.record import Record, State
from logicrm.privacy.datamap.views_map import FORMS


def _made() -> Record:
    business, now, known = desk.here(), clock.now(), owner.known()
    ruling = versions.ruling(business.facts, now)
    return record.made(
        record.facts(
            business, desk.policy(business, now), lang=language(), now=now, today=desk.today(), texts=known.texts,
            policy_since=ruling.last_updated if ruling else None, changed_at=known.changed_at,
        )
    )  # fmt: skip


@bp.get("/desk/record", endpoint="record")
@needs(May.VIEW_PRIVACY)
def record_page() -> Response:
    made = _made()
    counts = {state: sum(one.state is state for one in made.answers) for state in State}
    return page(
        "privacy/datamap/record.html", record=made, counts=counts, states=record.STATE_WORDS, rooms=desk.tabs("record"),
        files=[
            (_("PDF"), url_for(".record_file", form="pdf")), (_("CSV, what we decide"), url_for(".record_file", form="csv")),
            (_("CSV, what we do for others"), url_for(".record_file", form="csv", part="processor")),
            (_("JSON"), url_for(".record_file", form="json")),
        ],
    )  # fmt: skip


@bp.get(f"/desk/record.<{FORMS}:form>", endpoint="record_file")
@needs(May.VIEW_PRIVACY)
def record_file(form: str) -> Response:
    business, now, made = desk.here(), clock.now(), _made()
    processor = request.args.get("part") == "processor"
    title = _("Record of processing activities of %(business)s", business=business.facts.name)
    lead = _("Kept under GDPR Art. 30, with what the forms of the French, Irish and British authorities ask.")
    return papers.answer(
        form, f"record-{'processor-' if processor else ''}{business.facts.slug}", lang=language(),
        rows=record.rows_processor_csv(made) if processor else record.rows_csv(made), plain=record.as_json(made),
        paper=papers.paper(title, lead, business.facts.name, record.sections(made), now),
    )  # fmt: skip


@bp.get("/desk/record/answers", endpoint="record_answers")
@needs(May.VIEW_PRIVACY)
def record_answers() -> Response:
    known = owner.known()
    return _form(AnswersForm(formdata=None, data=dict(known.texts)), known.revision)


def _form(form: AnswersForm, revision: int, **more: Any) -> Response:
    return page("privacy/datamap/answers.html", form=form, revision=revision, **more)


@bp.post("/desk/record/answers", endpoint="save_record_answers")
@needs(May.EDIT_PRIVACY)
def save_record_answers() -> Response:
    form, text = AnswersForm(), request.form.get("revision", "")
    revision = int(text) if text.isdigit() and len(text) < 9 else 0
    if form.validate_on_submit():
        try:
            owner.save(form.values(), revision=revision, by=principal().user_id, now=clock.now())
        except Conflict as conflict:
            db.session.rollback()
            # The next press saves over the newer answers: the person has been told, and nothing typed is lost.
            return _form(form, owner.known().revision, conflict=conflict.message, status=409)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
        else:
            db.session.commit()
            flash(_("Saved. The record says it from now on."))
            return redirect(url_for(".record"), 303)
    return _form(form, revision, status=422)
