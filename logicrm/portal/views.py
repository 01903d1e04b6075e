"""The door of the portal: an address in, a code by mail, a session. Strangers get no cookie before they ask for a
code, so these forms carry no token and rest on the Fetch-Metadata check.
"""

from __future__ import annotations

from datetime import timedelta

from email_validator import EmailNotValidError, validate_email
from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from logicrm.core import clock, crypto, throttle
from logicrm.core.access import portal, public
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import _language as language
from logicrm.extensions import csrf, db
from logicrm.portal import bp, codes, sessions
from logicrm.privacy import subjects


@bp.get("/")
@public
def door(slug: str) -> Response:
    if sessions.load():
        return redirect(url_for("portal.home", slug=slug), 303)
    return _door(slug)


def _door(slug: str, *, email: str = "", refusal: str = "", status: int = 200) -> Response:
    business = sessions.business_of(slug)
    return page(
        "portal/door.html", status=status, slug=slug, business=business.facts.name, email=email, refusal=refusal,
        sign_in_url="", home_url=url_for("portal.door", slug=slug),
    )  # fmt: skip


@bp.post("/code")
@csrf.exempt
@public
def ask_code(slug: str) -> Response:
    typed = request.form.get("email", "")
    try:
        email = validate_email(typed.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return _door(slug, email=typed[:254], refusal=_("This is not an e-mail address."), status=422)
    _limit_codes(slug, email)
    business = sessions.business_of(slug)
    browser = crypto.token()
    codes.ask(email, codes.ENTER, browser, workspace_id=business.facts.id, language=language(), now=clock.now())
    db.session.commit()
    return sessions.remember(redirect(url_for("portal.code", slug=slug), 303), browser)


def _limit_codes(slug: str, email: str) -> None:
    """Counted before anything is read: nobody is flooded with letters, and nobody guesses addresses in bulk."""
    allowed = (
        throttle.hit("portal-code", f"{slug}|{email}", limit=5, per=timedelta(minutes=15)),
        throttle.hit("portal-code-address", request.remote_addr or "", limit=20, per=timedelta(minutes=15)),
        throttle.hit("portal-code-all", slug, limit=1000, per=timedelta(minutes=15)),
    )
    if not all(allowed):
        abort(429)


@bp.get("/code")
@public
def code(slug: str) -> Response:
    return _code(slug)


def _code(slug: str, *, refusal: str = "", status: int = 200) -> Response:
    business = sessions.business_of(slug)
    return page(
        "portal/code.html", status=status, slug=slug, business=business.facts.name, refusal=refusal, sign_in_url="",
        home_url=url_for("portal.door", slug=slug),
    )  # fmt: skip


@bp.post("/enter")
@csrf.exempt
@public
def enter(slug: str) -> Response:
    if not throttle.hit("portal-enter", request.remote_addr or "", limit=30, per=timedelta(minutes=5)):
        abort(429)
    business, now = sessions.business_of(slug), clock.now()
    try:
        email = codes.spend(
            request.form.get("code", ""), codes.ENTER, sessions.token_sent(), workspace_id=business.facts.id
        )
    except Refused as refusal:
        db.session.commit()  # the try counts
        return _code(slug, refusal=refusal.message, status=422)
    person = subjects.make_known(email, now=now, language=language())
    token = sessions.begin(person.id, business.facts.id, now=now)
    db.session.commit()
    return sessions.remember(redirect(url_for("portal.home", slug=slug), 303), token)


@bp.post("/leave")
@portal
def leave(slug: str) -> Response:
    sessions.end(sessions.guest().session_id)
    db.session.commit()
    return sessions.forget(redirect(url_for("portal.door", slug=slug), 303))
