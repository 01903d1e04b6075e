"""My account: who I am, my password, where I am signed in."""

from __future__ import annotations

import uuid

from flask import abort, redirect, url_for
from werkzeug.wrappers import Response

from logicrm.accounts import queries, services, services_account, sessions, settings, wording
from logicrm.accounts.forms import ChangePasswordForm, EmailForm, ProfileForm
from logicrm.accounts.views_limits import count_try, status_of
from logicrm.accounts.views_tabs import settings_page
from logicrm.core import clock
from logicrm.core.access import May, principal, signed_in
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.shell import flash
from logicrm.extensions import db


@settings.get("/")
@signed_in
def index() -> Response:
    wanted = "settings.workspace" if principal().may(May.VIEW_WORKSPACE) else "settings.account"
    return redirect(url_for(wanted), 303)


def _account_page(profile: ProfileForm | None = None, *, status: int = 200) -> Response:
    who = principal()
    account = queries.user(who.user_id)
    return settings_page(
        "account.html", "settings.account", status=status, profile=profile or ProfileForm(None, obj=account),
        account=account, sessions=sessions.of(who.user_id), here=who.session_id,
        workspaces=queries.workspaces_of(who.user_id), roles=wording.ROLES,
    )  # fmt: skip


@settings.get("/account")
@signed_in
def account() -> Response:
    return _account_page()


@settings.post("/account")
@signed_in
def change_account() -> Response:
    form = ProfileForm()
    if form.validate_on_submit():
        values = {name: getattr(form, name).data or "" for name in ("name", "job_title", "phone", "language")}
        services_account.change_profile(principal().user_id, values, now=clock.now())
        db.session.commit()
        flash(_("Saved."))
        return redirect(url_for(".account"), 303)
    return _account_page(form, status=422)


@settings.get("/account/password")
@signed_in
def password() -> Response:
    return settings_page("account_password.html", "settings.account", form=ChangePasswordForm(None))


@settings.post("/account/password")
@signed_in
def change_password() -> Response:
    form, who, now, status = ChangePasswordForm(), principal(), clock.now(), 422
    if form.validate_on_submit():
        try:
            count_try("prove", email=who.email)
            user = services_account.change_password(
                who.user_id, current=form.current.data, new=form.password.data, now=now
            )
            sessions.begin(user, who.workspace.id, now=now)  # every browser is signed out; this one anew
            db.session.commit()
            flash(_("Your password is changed. Every other browser is signed out."))
            return redirect(url_for(".account"), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            status = status_of(refusal)
    return settings_page("account_password.html", "settings.account", form=form, status=status)


@settings.get("/account/email")
@signed_in
def email() -> Response:
    return settings_page("account_email.html", "settings.account", form=EmailForm(None), present=principal().email)


@settings.post("/account/email")
@signed_in
def change_email() -> Response:
    form, who, now, status = EmailForm(), principal(), clock.now(), 422
    if form.validate_on_submit():
        try:
            count_try("prove", email=who.email)
            user = services_account.change_email(who.user_id, form.email.data, password=form.password.data)
            sessions.begin(user, who.workspace.id, now=now)
            db.session.commit()
            flash(_("Your address is changed. Every other browser is signed out, and the old address was told."))
            return redirect(url_for(".account"), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            status = status_of(refusal)
    return settings_page("account_email.html", "settings.account", form=form, present=who.email, status=status)


@settings.post("/account/sessions/<uuid:session_id>/end")
@signed_in
def end_session(session_id: uuid.UUID) -> Response:
    if not sessions.revoke(session_id, user_id=principal().user_id):
        abort(404)
    db.session.commit()
    flash(_("That browser is signed out."))
    return redirect(url_for(".account"), 303)


@settings.post("/account/sessions/end-others")
@signed_in
def end_other_sessions() -> Response:
    who = principal()
    ended = services_account.end_other_sessions(who.user_id, who.session_id)
    db.session.commit()
    flash(ngettext("%(num)d other browser is signed out.", "%(num)d other browsers are signed out.", ended))
    return redirect(url_for(".account"), 303)


@settings.post("/account/leave")
@signed_in
def leave() -> Response:
    who = principal()
    try:
        services.remove_member(who.user_id, by=who.user_id)
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "bad")
        return redirect(url_for(".account"), 303)
    db.session.commit()
    return redirect(url_for("accounts.sign_in"), 303)
