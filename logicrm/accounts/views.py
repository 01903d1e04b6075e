"""The front door: the first page, set-up, sign-up, signing in and out."""

from __future__ import annotations

import logging

from flask import abort, current_app, make_response, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from logicrm.accounts import bp, places, services, services_door, sessions
from logicrm.accounts.forms import SignInForm, SignUpForm
from logicrm.accounts.links import home, next_page
from logicrm.accounts.views_limits import HOUR, count_try, status_of
from logicrm.core import clock, shell
from logicrm.core.access import in_grace, public
from logicrm.core.errors import Refused
from logicrm.core.languages import LANGUAGES
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db

log = logging.getLogger("logicrm")


@bp.get("/")
@public
def index() -> Response:
    if current_user.is_authenticated:
        return redirect(shell.home_of(current_user.role), 303)
    return redirect(url_for(".sign_in" if services.any_workspace() else ".set_up"), 303)


def _sign_up_page(form: SignUpForm, *, first: bool, status: int = 200) -> Response:
    return page("accounts/sign_up.html", form=form, first=first, status=status)


def _new_form() -> SignUpForm:
    """An empty form, or one whose zone, currency and language follow the country that was just chosen."""
    languages = [tag for tag, _quality in request.accept_languages]
    country = request.args.get("country") or places.guessed_country(languages)
    return SignUpForm(
        None, minimum_age=services_door.terms().minimum_age, country=country, time_zone=places.zone_of(country),
        currency=places.currency_of(country), language=places.language_of(country, tuple(LANGUAGES)),
    )  # fmt: skip


@bp.get("/set-up")
@public
def set_up() -> Response:
    if services.any_workspace():
        abort(404)
    return _sign_up_page(_new_form(), first=True)


@bp.post("/set-up")
@public
def make_first() -> Response:
    if services.any_workspace():
        abort(404)
    return _sign_up(first=True)


@bp.get("/sign-up")
@public
def sign_up() -> Response:
    return _sign_up_page(_new_form(), first=False)


@bp.post("/sign-up")
@public
def make() -> Response:
    return _sign_up(first=False)


def _sign_up(*, first: bool) -> Response:
    form, now = SignUpForm(minimum_age=services_door.terms().minimum_age), clock.now()
    status = 422
    if form.validate_on_submit():
        try:
            count_try("sign-up", limit=20, per=HOUR)
            user, workspace = services_door.sign_up(
                form.facts(), name=form.name.data, email=form.email.data, password=form.password.data,
                of_age=form.of_age.data == "yes", now=now,
            )  # fmt: skip
            sessions.begin(user, workspace.id, now=now)
            db.session.commit()
            return redirect(url_for("today.index"), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            status = status_of(refusal)
    return _sign_up_page(form, first=first, status=status)


@bp.get("/sign-in")
@public
def sign_in() -> Response:
    if current_user.is_authenticated:
        return redirect(next_page(shell.home_of(current_user.role)), 303)
    return page("accounts/sign_in.html", form=SignInForm(None), next=next_page(""))


@bp.post("/sign-in")
@public
def begin_session() -> Response:
    form, now, status = SignInForm(), clock.now(), 422
    if form.validate_on_submit():
        try:
            count_try("sign-in", email=form.email.data)
            user, workspace_id = services.authenticate(form.email.data, form.password.data, now=now)
            sessions.begin(user, workspace_id, now=now)
            db.session.commit()
            log.info("signed in", extra={"actor": user.id, "workspace": workspace_id})
            return redirect(next_page(home(user.id, workspace_id)), 303)
        except Refused as refusal:
            db.session.rollback()
            log.warning("sign-in refused")
            form.show(refusal)
            status = status_of(refusal)
    return page("accounts/sign_in.html", form=form, next=next_page(""), status=status)


@bp.post("/sign-out")
@in_grace
def sign_out() -> Response:
    sessions.end(current_user.session_id)
    db.session.commit()
    flash(_("You are signed out."))
    response = make_response(redirect(url_for(".sign_in"), 303))
    # Pages and what the browser kept of them. Not "cookies": the theme and the cookie choice are the person's own.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def demo_mode() -> bool:
    """True when demo data and one-time demo sign-ins are allowed."""
    return bool(current_app.config["DEMO"])


# Importing them registers their routes.
from logicrm.accounts import (  # noqa: E402
    views_account,
    views_api,
    views_health,
    views_links,
    views_people,
    views_settings,
    views_work,
)

__all__ = [
    "views_account", "views_api", "views_health", "views_links", "views_people", "views_settings", "views_work",
]  # fmt: skip
