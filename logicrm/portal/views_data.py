"""The portal's pages on data: what is held, correcting it, consent and objection, and asking a person."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock
from logicrm.core import portal as registry
from logicrm.core.access import portal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import _language as language
from logicrm.core.shell import flash
from logicrm.core.words import show_date
from logicrm.extensions import db
from logicrm.portal import bp, services, sessions
from logicrm.privacy import asked_anew, clocks, contact, held, receipts, requests, sites, vocabulary
from logicrm.privacy.request_models import DENIALS, KIND_WORDS, STATE_WORDS, UNANSWERED
from logicrm.privacy.sites import Site


def show(template: str, tab: str, *, status: int = 200, **values: Any) -> Response:
    """A page of the portal, with what its frame needs."""
    guest = sessions.guest()
    return page(
        template, status=status, guest=guest, tab=tab, business=guest.business.facts.name, sign_in_url="",
        home_url=url_for("portal.home", slug=guest.business.facts.slug), **values,
    )  # fmt: skip


def site() -> Site:
    """The policy that counts here."""
    return sites.of_business(sessions.guest().business)


def not_in_grace() -> None:
    """Refuse what is not offered while a deletion is scheduled."""
    if sessions.guest().in_grace:
        raise Refused(_("Your data is about to be deleted. Take the deletion back first."))


@bp.get("/home")
@portal
def home(slug: str) -> Response:
    guest, now = sessions.guest(), clock.now()
    known = site().profile
    waiting = [one for one in requests.of_subject(guest.subject_id) if one.state in UNANSWERED]
    return show(
        "portal/home.html", "home", sections=registry.sections(guest.email, now), open_requests=waiting,
        categories=held.held(sessions.subject(), known, language()), recipients=held.recipients(known, language()),
        states=STATE_WORDS, kinds=KIND_WORDS,
    )  # fmt: skip


@bp.get("/details")
@portal
def details(slug: str) -> Response:
    return show("portal/details.html", "details", groups=services.facts(sessions.guest().email), typed={}, refusal=None)


@bp.post("/details")
@portal
def correct(slug: str) -> Response:
    not_in_grace()
    email = sessions.guest().email
    try:
        changed = services.correct(email, request.form, now=clock.now())
    except Refused as refusal:
        db.session.rollback()
        return show(
            "portal/details.html",
            "details",
            status=422,
            groups=services.facts(email),
            typed=request.form,
            refusal=refusal,
        )
    db.session.commit()
    flash(_("Saved. Thank you.") if changed else _("Nothing was changed."))
    return redirect(url_for("portal.details", slug=slug), 303)


@bp.get("/choices")
@portal
def choices(slug: str) -> Response:
    guest, here, now = sessions.guest(), site(), clock.now()
    history = contact.history(guest.subject_id)
    return show(
        "portal/choices.html", "choices", words=vocabulary.PURPOSES, history=history,
        options=contact.options(here.profile, here.name, contact.current(guest.subject_id, now)),
        objected_at=contact.objected_at(guest.email), anew=asked_anew.lapsed(history, guest.business, now),
    )  # fmt: skip


@bp.post("/choices")
@portal
def save_choices(slug: str) -> Response:
    not_in_grace()
    guest, here = sessions.guest(), site()
    services.choose(
        guest.subject_id, set(request.form.getlist("allow")), site=here, language=language(),
        session_id=guest.session_id, now=clock.now(),
    )  # fmt: skip
    db.session.commit()
    flash(_("Saved. It counts from now on."))
    return redirect(url_for("portal.choices", slug=slug), 303)


@bp.post("/object", endpoint="object")
@portal
def object_to_all(slug: str) -> Response:
    guest = sessions.guest()
    contact.object_to_marketing(guest.subject_id, guest.email, how="portal", now=clock.now())
    db.session.commit()
    flash(_("All advertising to you has stopped."))
    return redirect(url_for("portal.choices", slug=slug), 303)


@bp.get("/receipts/<uuid:consent_id>.json")
@portal
def receipt(slug: str, consent_id: uuid.UUID) -> Response:
    mine = {row.id: row for row in contact.history(sessions.guest().subject_id)}
    content = receipts.as_file(receipts.of_consent(mine.get(consent_id) or abort(404), site()))
    response = Response(content, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="consent-{consent_id}.json"'
    return response


@bp.get("/requests", endpoint="requests")
@portal
def request_list(slug: str) -> Response:
    return _requests()


def _requests(refusal: Refused | None = None) -> Response:
    facts = sessions.guest().business.facts
    day = clock.today(facts.time_zone)
    answer_by = clocks.due(site().profile, day, facts.country).on
    return show(
        "portal/requests.html", "requests", status=422 if refusal else 200,
        asked=requests.of_subject(sessions.guest().subject_id), kinds=KIND_WORDS, states=STATE_WORDS, denials=DENIALS,
        kind=request.values.get("kind", ""), words=request.form.get("words", ""), refusal=refusal, answer_by=answer_by,
        left=lambda one: requests.left_words(requests.days_left(one, day))[0],
    )  # fmt: skip


@bp.post("/requests")
@portal
def file_request(slug: str) -> Response:
    not_in_grace()
    guest = sessions.guest()
    facts = guest.business.facts
    try:
        made = requests.file(
            guest.subject_id, request.form.get("kind", ""), request.form.get("words", ""), profile=site().profile,
            country=facts.country, time_zone=facts.time_zone, language=language(), now=clock.now(),
        )  # fmt: skip
    except Refused as refusal:
        db.session.rollback()
        return _requests(refusal)
    due = made.due_on
    db.session.commit()
    flash(_("Your request is filed. You get an answer by %(day)s.", day=show_date(due)))
    return redirect(url_for("portal.requests", slug=slug), 303)


@bp.post("/requests/<uuid:request_id>/back")
@portal
def take_back(slug: str, request_id: uuid.UUID) -> Response:
    if request_id not in {one.id for one in requests.of_subject(sessions.guest().subject_id)}:
        abort(404)
    requests.take_back(request_id, now=clock.now())
    db.session.commit()
    flash(_("Your request is taken back."))
    return redirect(url_for("portal.requests", slug=slug), 303)
