"""Settings: the people of the workspace, their roles, and open invitations."""

from __future__ import annotations

import uuid

from flask import abort, redirect, url_for
from werkzeug.wrappers import Response

from logicrm.accounts import queries, services, services_account, settings, wording
from logicrm.accounts.forms import InviteForm, RoleForm
from logicrm.accounts.links import prove_first
from logicrm.accounts.views_limits import DAY, count_try, status_of
from logicrm.accounts.views_tabs import settings_page
from logicrm.core import clock
from logicrm.core.access import May, Role, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.shell import flash
from logicrm.extensions import db


def _people_page(form: InviteForm, *, status: int = 200) -> Response:
    return settings_page(
        "people.html", "settings.people", status=status, form=form, members=services.members(),
        invitations=queries.invitations(), roles=wording.ROLES, moment=clock.now(),
    )  # fmt: skip


def _back_after_proof() -> Response:
    """Who has not given the password lately gives it first; nothing was changed yet."""
    flash(_("Nothing was changed yet. Confirm that it is you, then do it again."), "warn")
    return redirect(prove_first(url_for(".people")), 303)


@settings.get("/people")
@needs(May.VIEW_PEOPLE)
def people() -> Response:
    return _people_page(InviteForm(None))


@settings.post("/people")
@needs(May.EDIT_PEOPLE)
def invite() -> Response:
    form, who, status = InviteForm(), principal(), 422
    if not who.fresh:
        return _back_after_proof()
    if form.validate_on_submit():
        try:
            count_try("invite", limit=100, per=DAY)
            invitation = services.invite(
                form.email.data, Role(form.role.data), by=who.user_id, by_name=who.name,
                workspace_name=who.workspace.name, now=clock.now(),
            )  # fmt: skip
            db.session.commit()
            flash(_("An invitation is on its way to %(email)s.", email=invitation.email))
            return redirect(url_for(".people"), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
            status = status_of(refusal)
    return _people_page(form, status=status)


@settings.post("/people/<uuid:user_id>/role")
@needs(May.EDIT_PEOPLE)
def change_role(user_id: uuid.UUID) -> Response:
    form, who = RoleForm(), principal()
    if not who.fresh:
        return _back_after_proof()
    if not form.validate_on_submit():
        abort(422)
    try:
        services.change_role(user_id, Role(form.role.data), by=who.user_id)
    except LookupError:
        abort(404)
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "bad")
        return redirect(url_for(".people"), 303)
    db.session.commit()
    flash(_("The role is changed, from their next click on."))
    still = user_id != who.user_id or form.role.data == Role.OWNER
    return redirect(url_for(".people" if still else ".account"), 303)


@settings.post("/people/<uuid:user_id>/remove")
@needs(May.EDIT_PEOPLE)
def remove(user_id: uuid.UUID) -> Response:
    who = principal()
    if not who.fresh:
        return _back_after_proof()
    try:
        services.remove_member(user_id, by=who.user_id)
    except LookupError:
        abort(404)
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "bad")
        return redirect(url_for(".people"), 303)
    db.session.commit()
    flash(_("They are out: signed out here, and the API tokens they made are dead."))
    return redirect(url_for(".people"), 303)


@settings.post("/people/invitations/<uuid:invitation_id>/cancel")
@needs(May.EDIT_PEOPLE)
def cancel_invitation(invitation_id: uuid.UUID) -> Response:
    try:
        services_account.cancel_invitation(invitation_id, by=principal().user_id)
    except LookupError:
        abort(404)
    db.session.commit()
    flash(_("The invitation is withdrawn; its link opens nothing any more."))
    return redirect(url_for(".people"), 303)


@settings.post("/people/invitations/<uuid:invitation_id>/resend")
@needs(May.EDIT_PEOPLE)
def resend_invitation(invitation_id: uuid.UUID) -> Response:
    who = principal()
    count_try("invite", limit=100, per=DAY)
    try:
        sent = services_account.resend_invitation(
            invitation_id, by=who.user_id, by_name=who.name, workspace_name=who.workspace.name, now=clock.now()
        )
    except LookupError:
        abort(404)
    db.session.commit()
    flash(_("Sent again to %(email)s, with a new link.", email=sent.email))
    return redirect(url_for(".people"), 303)
