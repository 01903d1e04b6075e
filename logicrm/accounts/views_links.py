"""Links that do one thing once, and the proof that it is you. Opening one spends nothing: mail scanners open links."""

from __future__ import annotations

import uuid

from flask import abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from logicrm.accounts import bp, services, services_account, services_door, sessions
from logicrm.accounts.forms import AskResetForm, JoinForm, NewPasswordForm, ProveForm
from logicrm.accounts.links import home, next_page
from logicrm.accounts.models import Invitation
from logicrm.accounts.views import demo_mode
from logicrm.accounts.views_limits import DAY, count_try, status_of
from logicrm.core import clock, throttle
from logicrm.core.access import in_grace, principal, public
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.render import page
from logicrm.core.shell import flash
from logicrm.extensions import db

# ------------------------------------------------------------------ a forgotten password


@bp.get("/reset")
@public
def ask_reset_form() -> Response:
    return page("accounts/reset_ask.html", form=AskResetForm(None))


@bp.post("/reset")
@public
def ask_reset() -> Response:
    form = AskResetForm()
    if form.validate_on_submit():
        try:
            count_try("reset")
            # Past the day's limit nothing is sent, and the answer is still the same.
            if throttle.hit("reset:e-mail", form.email.data.lower(), limit=5, per=DAY):
                services.ask_reset(form.email.data, now=clock.now())
            db.session.commit()
            return redirect(url_for(".reset_asked"), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            return page("accounts/reset_ask.html", form=form, status=status_of(refusal))
    return page("accounts/reset_ask.html", form=form, status=422)


@bp.get("/reset/asked")
@public
def reset_asked() -> Response:
    return page("accounts/reset_asked.html", demo=demo_mode())


def _spent(status: int = 404) -> Response:
    return page("accounts/link_spent.html", status=status)


@bp.get("/reset/<secret>")
@public
def new_password_form(secret: str) -> Response:
    if not services.link_is_good(secret, "reset", now=clock.now()):
        return _spent()
    return page("accounts/reset_new.html", form=NewPasswordForm(None))


@bp.post("/reset/<secret>")
@public
def new_password(secret: str) -> Response:
    form, now = NewPasswordForm(), clock.now()
    if not services.link_is_good(secret, "reset", now=now):
        return _spent()
    if form.validate_on_submit():
        try:
            services.reset_password(secret, form.password.data, now=now)
            db.session.commit()
            flash(_("Your password is changed. Sign in with the new one."))
            return redirect(url_for(".sign_in"), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
    return page("accounts/reset_new.html", form=form, status=422)


# ------------------------------------------------------------------ an invitation


def _join_page(invitation: Invitation, form: JoinForm, status: int = 200) -> Response:
    who = current_user._get_current_object() if current_user.is_authenticated else None
    return page(
        "accounts/join.html", form=form, status=status, invitation=invitation, here=request.path,
        workspace=services_door.workspace_of(invitation), known=services_door.account_exists(invitation.email),
        mine=who is not None and who.email == invitation.email, other=who is not None and who.email != invitation.email,
    )  # fmt: skip


def _join_form(invitation: Invitation) -> JoinForm:
    return JoinForm(minimum_age=services_door.terms(invitation.workspace_id).minimum_age)


@bp.get("/join/<secret>")
@public
def join_form(secret: str) -> Response:
    invitation = services.open_invitation(secret, now=clock.now())
    return _join_page(invitation, _join_form(invitation)) if invitation else _spent()


@bp.post("/join/<secret>")
@public
def join(secret: str) -> Response:
    count_try("join")
    now = clock.now()
    invitation = services.open_invitation(secret, now=now)
    if invitation is None:
        return _spent()
    form = _join_form(invitation)
    try:
        if current_user.is_authenticated:
            user, workspace_id = services_door.accept_as_member(invitation, current_user.user_id, now=now)
        elif form.validate_on_submit():
            user, workspace_id = services_door.accept_as_new(
                invitation, name=form.name.data, password=form.password.data, of_age=form.of_age.data == "yes", now=now
            )
        else:
            return _join_page(invitation, form, 422)
        sessions.begin(user, workspace_id, now=now)
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        form.show(refusal)
        invitation = services.open_invitation(secret, now=now)
        return _join_page(invitation, form, 422) if invitation else _spent()
    return redirect(url_for("today.index"), 303)


# ------------------------------------------------------------------ the demo


@bp.get("/demo/<secret>")
@public
def demo_form(secret: str) -> Response:
    if not demo_mode():
        abort(404)
    return page("accounts/demo.html") if services.link_is_good(secret, "demo", now=clock.now()) else _spent()


@bp.post("/demo/<secret>")
@public
def demo_sign_in(secret: str) -> Response:
    if not demo_mode():
        abort(404)
    now = clock.now()
    try:
        user, workspace_id = services_door.use_demo_link(secret, now=now)
        sessions.begin(user, workspace_id, now=now)
        db.session.commit()
    except Refused:
        db.session.rollback()
        return _spent()
    return redirect(home(user.id, workspace_id), 303)


# ------------------------------------------------------------------ it is you


@bp.get("/confirm")
@in_grace
def prove_form() -> Response:
    if principal().fresh:
        return redirect(next_page(), 303)
    return page("accounts/prove.html", form=ProveForm(None), next=next_page())


@bp.post("/confirm")
@in_grace
def prove() -> Response:
    form, who, status = ProveForm(), principal(), 422
    if form.validate_on_submit():
        try:
            count_try("prove", email=who.email)
            services_account.check_password(who.user_id, form.password.data)
            sessions.prove(who.session_id, now=clock.now())
            db.session.commit()
            return redirect(next_page(), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            status = status_of(refusal)
    return page("accounts/prove.html", form=form, next=next_page(), status=status)


# ------------------------------------------------------------------ several workspaces


@bp.post("/workspaces/<uuid:workspace_id>/open")
@in_grace
def switch(workspace_id: uuid.UUID) -> Response:
    who = principal()
    try:
        services_account.switch_workspace(who.session_id, who.user_id, workspace_id)
    except LookupError:
        abort(404)
    db.session.commit()
    return redirect(url_for("today.index"), 303)
