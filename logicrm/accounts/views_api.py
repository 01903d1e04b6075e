"""The programs' door: turns an Authorization header into a workspace, or into nothing."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, abort, g, request
from sqlalchemy import update

from logicrm.accounts import api_tokens, sessions
from logicrm.accounts.models import ApiToken
from logicrm.core import access, clock, tenancy, throttle
from logicrm.core.access import Scope

A_MINUTE = timedelta(minutes=1)
CALLS_A_MINUTE = 600
REFUSALS_IN_FIVE_MINUTES = 100


def install(app: Flask) -> None:
    """Register the loader with the access check."""
    access.load_tokens_with(app, admit)


def admit(scope: Scope) -> bool:
    """Enter the token's workspace; False when there is no good token. 403 without the scope, 429 when too many."""
    kind, _blank, secret = request.headers.get("Authorization", "").partition(" ")
    caller = api_tokens.caller(secret.strip()) if kind.lower() == "bearer" else None
    if caller is None:
        if not throttle.hit("api-refused", request.remote_addr or "", limit=REFUSALS_IN_FIVE_MINUTES, per=5 * A_MINUTE):
            abort(429)
        return False
    if not throttle.hit("api", str(caller.token_id), limit=CALLS_A_MINUTE, per=A_MINUTE):
        abort(429)
    if scope not in caller.scopes:
        abort(403)
    tenancy.enter(caller.workspace_id)
    g.api_caller, g.time_zone = caller, caller.time_zone
    now = clock.now()
    if caller.last_used_at is None or now - caller.last_used_at > A_MINUTE:
        sessions.write_in_passing(update(ApiToken).where(ApiToken.id == caller.token_id).values(last_used_at=now))
    return True
