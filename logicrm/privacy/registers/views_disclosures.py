"""The register of what authorities asked for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, files
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db
from logicrm.privacy import bp, vocabulary
from logicrm.privacy.registers import disclosures, members, shared, views_files
from logicrm.privacy.registers.disclosures import Asked
from logicrm.privacy.registers.forms import DecideForm, DisclosureForm, GiveForm, NotToldForm, TellForm, at, typed
from logicrm.privacy.registers.models import DISCLOSURE_WORDS, NOT_TOLD, Disclosure

WORDS: dict[str, Any] = {"disclosure_words": DISCLOSURE_WORDS, "grounds": vocabulary.DISCLOSURES, "not_told": NOT_TOLD}


@bp.get("/disclosures", endpoint="disclosures")
@needs(May.VIEW_REGISTERS)
def disclosure_list() -> Response:
    done = request.args.get("show") == "closed"
    views = [
        {"label": _("Waiting"), "url": url_for(".disclosures"), "active": not done},
        {"label": _("Decided"), "url": url_for(".disclosures", show="closed"), "active": done},
    ]
    return page(
        "privacy/registers/disclosures.html", rows=disclosures.listed(done=done), views=views, done=done,
        tally=disclosures.tally(clock.now()), rooms=shared.rooms("disclosures"), files=views_files.downloads("disclosures"), **WORDS,
    )  # fmt: skip


@bp.get("/disclosures/new", endpoint="new_disclosure")
@needs(May.VIEW_REGISTERS)
def new_disclosure() -> Response:
    shared.editor()
    return _new(_offer(DisclosureForm(formdata=None, asked_at=typed(clock.now(), shared.zone()))))


def _offer(form: DisclosureForm) -> DisclosureForm:
    form.ground.choices = list(disclosures.grounds(shared.policy()).items())
    return form


def _new(form: DisclosureForm, status: int = 200) -> Response:
    return shared.form_page(
        form, title=_("Record what an authority asks for"), crumb=_("Disclosures"), back=url_for(".disclosures"),
        button=_("Put it into the register"), status=status, multipart=True,
        intro=_("Only the grounds that your privacy policy names can be chosen. Somebody else approves it before "
                "anything is given."),
    )  # fmt: skip


@bp.post("/disclosures/new", endpoint="record_disclosure")
@needs(May.EDIT_REGISTERS)
def record_disclosure() -> Response:
    form, now = _offer(DisclosureForm()), clock.now()
    if form.validate_on_submit():
        upload = form.document.data
        asked = Asked(
            form.authority.data, form.ground.data or "", form.wanted.data, form.whose.data or "",
            form.people_count.data or 1, at(form.asked_at, shared.zone(), now) or now, form.reference.data or "",
            form.law.data or "",
        )  # fmt: skip
        try:
            made = disclosures.record(
                shared.policy(), asked, upload=upload if upload and upload.filename else None, by=principal().user_id,
                now=now,
            )  # fmt: skip
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal if refusal.field else Refused(refusal.message, field="document"))
        else:
            own = made.id
            db.session.commit()
            return _back(own)
    return _new(form, 422)


def _found(disclosure_id: uuid.UUID) -> Disclosure:
    return disclosures.get(disclosure_id) or abort(404)


def _back(disclosure_id: uuid.UUID) -> Response:
    return redirect(url_for(".disclosure", disclosure_id=disclosure_id), 303)


@bp.get("/disclosures/<uuid:disclosure_id>", endpoint="disclosure")
@needs(May.VIEW_REGISTERS)
def show_disclosure(disclosure_id: uuid.UUID) -> Response:
    return _show(disclosure_id)


def _show(disclosure_id: uuid.UUID, *typed_in: Any, status: int = 200) -> Response:
    row = _found(disclosure_id)
    given = {form.kind: form for form in typed_in}
    not_told = given.get("not_told") or NotToldForm(formdata=None, prefix="n-")
    not_told.not_told.choices = list(NOT_TOLD.items())
    return page(
        "privacy/registers/disclosure.html", status=status, row=row, told=disclosures.people(disclosure_id),
        names=members.names(members.all_members()), mine=row.recorded_by == principal().user_id,
        decide_form=given.get("decide") or DecideForm(formdata=None, prefix="d-"),
        give_form=given.get("give") or GiveForm(formdata=None, prefix="g-", at=typed(clock.now(), shared.zone())),
        tell_form=given.get("tell") or TellForm(formdata=None, prefix="t-"), not_told_form=not_told, **WORDS,
    )  # fmt: skip


def _do(disclosure_id: uuid.UUID, kind: str, form: Any, act: Callable[[], str]) -> Response:
    """Validate, act, commit and go back; or show the page with the form as it was typed."""
    _found(disclosure_id)
    form.kind = kind
    if form.validate_on_submit():
        try:
            said = act()
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
        else:
            db.session.commit()
            flash(said)
            return _back(disclosure_id)
    return _show(disclosure_id, form, status=422)


@bp.post("/disclosures/<uuid:disclosure_id>/approve", endpoint="approve_disclosure")
@needs(May.EDIT_REGISTERS)
def approve_disclosure(disclosure_id: uuid.UUID) -> Response:
    form = DecideForm(prefix="d-")

    def act() -> str:
        disclosures.approve(
            disclosure_id, reason=form.reason.data, profile=shared.policy(), by=principal().user_id, now=clock.now()
        )
        return _("Approved. It may be given now.")

    return _do(disclosure_id, "decide", form, act)


@bp.post("/disclosures/<uuid:disclosure_id>/refuse", endpoint="refuse_disclosure")
@needs(May.EDIT_REGISTERS)
def refuse_disclosure(disclosure_id: uuid.UUID) -> Response:
    form = DecideForm(prefix="d-")

    def act() -> str:
        disclosures.refuse(disclosure_id, reason=form.reason.data, by=principal().user_id, now=clock.now())
        return _("Refused. Nothing is given.")

    return _do(disclosure_id, "decide", form, act)


@bp.post("/disclosures/<uuid:disclosure_id>/give", endpoint="give_disclosure")
@needs(May.EDIT_REGISTERS)
def give_disclosure(disclosure_id: uuid.UUID) -> Response:
    form, now = GiveForm(prefix="g-"), clock.now()

    def act() -> str:
        moment = at(form.at, shared.zone(), now) or now
        disclosures.give(disclosure_id, given=form.given.data, at=moment, by=principal().user_id, now=now)
        return _("Written down. Now say whether the people were told.")

    return _do(disclosure_id, "give", form, act)


@bp.post("/disclosures/<uuid:disclosure_id>/tell", endpoint="tell_disclosure")
@needs(May.EDIT_REGISTERS)
def tell_disclosure(disclosure_id: uuid.UUID) -> Response:
    form = TellForm(prefix="t-")

    def act() -> str:
        sent = disclosures.tell(
            disclosure_id, emails=form.emails.data, business=shared.here(), by=principal().user_id, now=clock.now()
        )
        return ngettext("%(num)d letter is on its way.", "%(num)d letters are on their way.", sent)

    return _do(disclosure_id, "tell", form, act)


@bp.post("/disclosures/<uuid:disclosure_id>/not-told", endpoint="do_not_tell_disclosure")
@needs(May.EDIT_REGISTERS)
def do_not_tell_disclosure(disclosure_id: uuid.UUID) -> Response:
    form = NotToldForm(prefix="n-")
    form.not_told.choices = list(NOT_TOLD.items())

    def act() -> str:
        disclosures.do_not_tell(disclosure_id, code=form.not_told.data or "", why=form.why.data, by=principal().user_id)
        return _("Written down.")

    return _do(disclosure_id, "not_told", form, act)


@bp.get("/disclosures/<uuid:disclosure_id>/document", endpoint="disclosure_document")
@needs(May.VIEW_REGISTERS)
def disclosure_document(disclosure_id: uuid.UUID) -> Response:
    return files.send_stored(disclosures.document(disclosure_id) or abort(404))
