"""API tokens: made for one workspace, shown once, of fixed scopes, dead the moment they are revoked."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from logicrm.accounts.models import ApiToken, Workspace
from logicrm.core import audit, crypto, database, tenancy
from logicrm.core.access import Scope
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.extensions import db

PREFIX = "lcrm_"  # so that scanners of leaked secrets know one when they see it
MOST = 50


@dataclass(frozen=True)
class ApiCaller:
    """The program behind a request; views of the API find it in `g.api_caller`."""

    token_id: uuid.UUID
    workspace_id: uuid.UUID
    time_zone: str
    scopes: frozenset[Scope]
    last_used_at: datetime | None


def make(name: str, scopes: list[Scope], *, by: uuid.UUID, now: datetime) -> tuple[ApiToken, str]:
    """Make a token; return its row and the secret, which is never to be seen again. The caller commits."""
    if len(db.session.scalars(select(ApiToken.id).where(ApiToken.workspace_id == tenancy.current())).all()) >= MOST:
        raise Refused(_("There are %(n)s tokens already. Revoke one that is not used.", n=MOST))
    secret = PREFIX + crypto.token()
    row = ApiToken(
        id=new_id(), token_hash=crypto.token_hash(secret), workspace_id=tenancy.current(), name=name,
        scopes=[str(scope) for scope in scopes], created_by=by, created_at=now,
    )  # fmt: skip
    db.session.add(row)
    audit.record("token.made", row, actor=by, scopes=row.scopes)
    return row, secret


def revoke(token_id: uuid.UUID, *, by: uuid.UUID) -> None:
    """Delete a token of this workspace; its next request is refused. LookupError when there is none such here."""
    gone = db.session.execute(
        delete(ApiToken).where(ApiToken.id == token_id, ApiToken.workspace_id == tenancy.current())
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise LookupError(token_id)
    audit.record("token.revoked", actor=by, object_kind="api_token", object_id=token_id)


def caller(secret: str) -> ApiCaller | None:
    """Who a token belongs to, or None. Reads by a connection of its own, before any workspace is entered."""
    if not secret.startswith(PREFIX) or len(secret) > 200:
        return None
    with database.reading(), db.engine.connect() as connection:
        row = connection.execute(
            select(ApiToken.id, ApiToken.workspace_id, ApiToken.scopes, ApiToken.last_used_at, Workspace.time_zone)
            .join(Workspace, Workspace.id == ApiToken.workspace_id)
            .where(ApiToken.token_hash == crypto.token_hash(secret))
        ).one_or_none()
    if row is None:
        return None
    known = {str(scope) for scope in Scope}
    scopes = frozenset(Scope(scope) for scope in row.scopes if scope in known)
    return ApiCaller(row.id, row.workspace_id, row.time_zone, scopes, row.last_used_at)
