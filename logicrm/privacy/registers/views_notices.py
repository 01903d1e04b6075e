"""Telling: the authority by a letter on paper, the people by mail; and finding out who the people are."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.pdf import PdfFailed
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.render import page
from logicrm.core.shell import _language as language
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.privacy import authorities, bp, versions
from logicrm.privacy.registers import affected, breach_letters, breaches, shared
from logicrm.privacy.registers.forms import AffectedForm, AuthorityForm, PeopleForm, at, typed
from logicrm.privacy.registers.models_breach import AUTHORITY, FIRST, FURTHER, WAYS, Breach
from logicrm.privacy.registers.views_breaches import back_to, found


def _told(row: Breach) -> bool:
    return any(one.audience == AUTHORITY for one in breaches.notices(row.id))


# The authority ------------------------------------------------------------------------------------


@bp.get("/breaches/<uuid:breach_id>/letter.pdf", endpoint="breach_letter")
@needs(May.VIEW_REGISTERS)
def breach_letter(breach_id: uuid.UUID) -> Response:
    """The letter to the authority with what is known now, to be sent."""
    row, now = found(breach_id), clock.now()
    try:
        content = breach_letters.to_authority(
            shared.here(),
            row,
            phase=FURTHER if _told(row) else FIRST,
            extra="",
            late_reason="",
            lang=language(),
            now=now,
        )
    except PdfFailed as fault:
        flash(str(fault), "bad")
        return back_to(breach_id)
    answer = Response(content, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="breach-{row.number}.pdf"'
    return answer


@bp.get("/breaches/<uuid:breach_id>/authority", endpoint="authority_form")
@needs(May.VIEW_REGISTERS)
def authority_form(breach_id: uuid.UUID) -> Response:
    shared.editor()
    return _authority_page(found(breach_id), AuthorityForm(formdata=None, sent_at=typed(clock.now(), shared.zone())))


def _authority_page(row: Breach, form: AuthorityForm, status: int = 200) -> Response:
    form.way.choices = [(name, said) for name, said in WAYS.items()]
    known = authorities.authority_for(versions.policy_in_force(shared.here(), row.detected_at).identity.country)
    further = _told(row)
    return shared.form_page(
        form, title=_("Further notice to the authority") if further else _("First notice to the authority"),
        crumb=row.title, back=url_for(".breach", breach_id=row.id), button=_("Write it down"), status=status,
        intro=_("%(name)s, %(web)s. Take the letter from the page of the breach, send it, then say here when and how. "
                "The letter is kept as it went.", name=known.name, web=known.web),
        late=_is_late(None if further else row.authority_due_at),
    )  # fmt: skip


def _is_late(due_at: datetime | None) -> str:
    late = due_at is not None and clock.now() > due_at
    return _("The time is up. Say why it is late: the law asks for the reasons of the delay.") if late else ""


@bp.post("/breaches/<uuid:breach_id>/authority", endpoint="tell_authority")
@needs(May.EDIT_REGISTERS)
def tell_authority(breach_id: uuid.UUID) -> Response:
    row, form, now = found(breach_id), AuthorityForm(), clock.now()
    form.way.choices = [(name, said) for name, said in WAYS.items()]
    if form.validate_on_submit():
        try:
            made = breaches.tell_authority(
                breach_id, way=form.way.data or "", reference=form.reference.data or "",
                sent_at=at(form.sent_at, shared.zone(), now) or now, late_reason=form.late_reason.data or "",
                words=form.words.data or "", by=principal().user_id, now=now,
            )  # fmt: skip
            pdf = breach_letters.to_authority(
                shared.here(), found(breach_id), phase=made.phase, extra=made.words, late_reason=made.late_reason,
                lang=language(), now=made.sent_at,
            )  # fmt: skip
            breach_letters.keep(pdf, made, row.number)
        except (Refused, PdfFailed) as fault:
            db.session.rollback()
            form.show(fault if isinstance(fault, Refused) else Refused(str(fault)))
            row = found(breach_id)
        else:
            db.session.commit()
            flash(_("Written down. The letter is kept as it went."))
            return back_to(breach_id)
    return _authority_page(row, form, 422)


# The people ---------------------------------------------------------------------------------------


@bp.get("/breaches/<uuid:breach_id>/affected", endpoint="affected")
@needs(May.VIEW_REGISTERS)
def affected_page(breach_id: uuid.UUID) -> Response:
    """Where to look and how many are there; nothing is listed yet."""
    row = found(breach_id)
    form = _scope(request.args, row)
    counts, everybody = [], 0
    if form.kinds.data and form.validate():
        since, until = _range(form)
        counts = affected.count(form.kinds.data, since, until)
        everybody = affected.people(form.kinds.data, since, until)
    return page(
        "privacy/registers/affected.html", row=row, form=form, counts=counts, everybody=everybody,
        listed=breaches.people_count(breach_id), asked=request.args,
    )  # fmt: skip


def _scope(values: Any, row: Breach) -> AffectedForm:
    form = AffectedForm(
        formdata=MultiDict(values) if "kinds" in values else None, until=typed(row.ended_at, shared.zone())
    )
    form.kinds.choices = [(kind.name, kind.label) for kind in affected.kinds()]
    return form


def _range(form: AffectedForm) -> tuple[datetime | None, datetime | None]:
    now, zone = clock.now(), shared.zone()
    return at(form.since, zone, now), at(form.until, zone, now)


@bp.post("/breaches/<uuid:breach_id>/affected", endpoint="list_affected")
@needs(May.EDIT_REGISTERS)
def list_affected(breach_id: uuid.UUID) -> Response:
    row = found(breach_id)
    form = _scope(request.form, row)
    if row.is_exercise:
        flash(_("In an exercise nobody is listed: the counts are enough."), "warn")
    elif form.kinds.data and form.validate():
        since, until = _range(form)
        added = affected.put_on_list(breach_id, form.kinds.data, since, until, now=clock.now())
        db.session.commit()
        flash(ngettext("%(num)d person was added to the list.", "%(num)d people were added to the list.", added))
    return redirect(url_for(".breach", breach_id=breach_id), 303)


@bp.post("/breaches/<uuid:breach_id>/affected/empty", endpoint="empty_affected")
@needs(May.EDIT_REGISTERS)
def empty_affected(breach_id: uuid.UUID) -> Response:
    """Begin the list anew; whoever was written to stays on it."""
    found(breach_id)
    gone = affected.empty(breach_id)
    db.session.commit()
    flash(ngettext("%(num)d person was taken off the list.", "%(num)d people were taken off the list.", gone))
    return redirect(url_for(".affected", breach_id=breach_id), 303)


@bp.get("/breaches/<uuid:breach_id>/people", endpoint="people_form")
@needs(May.VIEW_REGISTERS)
def people_form(breach_id: uuid.UUID) -> Response:
    shared.editor()
    return _people_page(found(breach_id), PeopleForm(formdata=None))


def _people_page(row: Breach, form: PeopleForm, status: int = 200) -> Response:
    count = breaches.people_count(row.id)
    told = any(one.audience != AUTHORITY for one in breaches.notices(row.id))
    return shared.form_page(
        form, title=_("Letter to the people affected"), crumb=row.title, back=url_for(".breach", breach_id=row.id),
        button=ngettext("Write to %(num)d person", "Write to %(num)d people", count), icon="mail", status=status,
        intro=_("Everybody on the list gets the letter once, whatever they chose about messages: the law asks for it."),
        late=_is_late(None if told else row.people_due_at),
    )  # fmt: skip


@bp.post("/breaches/<uuid:breach_id>/people", endpoint="tell_people")
@needs(May.EDIT_REGISTERS)
def tell_people(breach_id: uuid.UUID) -> Response:
    row, form = found(breach_id), PeopleForm()
    if form.validate_on_submit():
        try:
            breaches.tell_people(
                breach_id, words=form.words.data, late_reason=form.late_reason.data or "", by=principal().user_id,
                now=clock.now(),
            )  # fmt: skip
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            row = found(breach_id)
        else:
            db.session.commit()
            flash(_("The letters are on their way."))
            return back_to(breach_id)
    return _people_page(row, form, 422)
