"""Settings: the workspace's facts, and the tokens of programs."""

from __future__ import annotations

import uuid

from flask import abort, redirect, url_for
from werkzeug.wrappers import Response

from logicrm.accounts import api_tokens, queries, services_account, settings, wording
from logicrm.accounts.forms import TokenForm, WorkspaceForm
from logicrm.accounts.links import prove_first
from logicrm.accounts.views_tabs import settings_page
from logicrm.core import clock
from logicrm.core.access import May, needs, principal
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.shell import flash
from logicrm.extensions import db


def _workspace_page(form: WorkspaceForm, *, status: int = 200) -> Response:
    return settings_page("workspace.html", "settings.workspace", form=form, status=status)


@settings.get("/workspace")
@needs(May.VIEW_WORKSPACE)
def workspace() -> Response:
    held = queries.workspace()
    return _workspace_page(WorkspaceForm(None, obj=held, workspace=held.name))


@settings.post("/workspace")
@needs(May.EDIT_WORKSPACE)
def change_workspace() -> Response:
    form = WorkspaceForm()
    if form.validate_on_submit():
        try:
            services_account.change_workspace(form.facts(), by=principal().user_id)
            db.session.commit()
            flash(_("Saved."))
            return redirect(url_for(".workspace"), 303)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
    return _workspace_page(form, status=422)


def _tokens_page(form: TokenForm, *, secret: str = "", status: int = 200) -> Response:
    return settings_page(
        "tokens.html", "settings.tokens", form=form, tokens=queries.tokens(), scopes=wording.SCOPES, secret=secret,
        status=status,
    )  # fmt: skip


@settings.get("/tokens")
@needs(May.VIEW_TOKENS)
def tokens() -> Response:
    return _tokens_page(TokenForm(None))


@settings.post("/tokens")
@needs(May.EDIT_TOKENS)
def make_token() -> Response:
    form, who = TokenForm(), principal()
    if not who.fresh:
        flash(_("Nothing was changed yet. Confirm that it is you, then do it again."), "warn")
        return redirect(prove_first(url_for(".tokens")), 303)
    if form.validate_on_submit():
        try:
            _row, secret = api_tokens.make(form.name.data, form.granted(), by=who.user_id, now=clock.now())
            db.session.commit()
            # No redirect: the secret is in this one answer and nowhere else.
            return _tokens_page(TokenForm(None), secret=secret)
        except Refused as refusal:
            db.session.rollback()
            form.show(refusal)
    return _tokens_page(form, status=422)


@settings.post("/tokens/<uuid:token_id>/revoke")
@needs(May.EDIT_TOKENS)
def revoke_token(token_id: uuid.UUID) -> Response:
    try:
        api_tokens.revoke(token_id, by=principal().user_id)
    except LookupError:
        abort(404)
    db.session.commit()
    flash(_("The token is revoked; its next request is refused."))
    return redirect(url_for(".tokens"), 303)
