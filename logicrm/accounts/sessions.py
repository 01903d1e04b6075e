"""Server-side sessions: a random token in the cookie, its hash in the database, gone when the row is gone."""

from __future__ import annotations

import logging
import re
import uuid
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, request, session
from flask_login import login_user, logout_user
from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.exc import OperationalError

from logicrm.accounts.models import Membership, User, UserSession, Workspace
from logicrm.core import clock, crypto, tenancy, workspaces
from logicrm.core.access import Principal, Role, WorkspaceFacts
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.core.shell import flash
from logicrm.extensions import db, login
from logicrm.privacy import telling
from logicrm.privacy.retaining import accounts as unused

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
FRESH = timedelta(minutes=10)
SEEN_EVERY = timedelta(seconds=60)  # a read page writes at most once a minute
log = logging.getLogger("logicrm")


def install(app: Flask) -> None:
    """Tell Flask-Login how a token becomes a principal."""
    login.user_loader(load)


_FACTS = (
    Workspace.id, Workspace.name, Workspace.slug, Workspace.time_zone, Workspace.currency, Workspace.language,
    Workspace.country, Workspace.profile, Workspace.policy_number, Workspace.closes_at,
)  # fmt: skip
# Asked by every page, so built once, and columns only: whole rows of the three tables took twice as long.
_BY_TOKEN = (
    select(
        UserSession.id, UserSession.epoch, UserSession.expires_at, UserSession.seen_at, UserSession.proven_at,
        User.id.label("user_id"), User.name, User.email, User.security_epoch, User.deletion_due_at, User.language,
        Membership.role, *(column.label(f"workspace_{column.key}") for column in _FACTS),
    )
    .join(User, User.id == UserSession.user_id)
    .join(Workspace, Workspace.id == UserSession.workspace_id)
    .join(
        Membership,
        (Membership.user_id == UserSession.user_id) & (Membership.workspace_id == UserSession.workspace_id),
    )
    .where(UserSession.token_hash == bindparam("token_hash"))
)  # fmt: skip


def load(token: str) -> Principal | None:
    """Return who a session token belongs to, or None. One query, whatever page."""
    now = clock.now()
    row = db.session.execute(_BY_TOKEN, {"token_hash": crypto.token_hash(token)}).first()
    if row is None:
        return None
    if row.epoch != row.security_epoch or now >= row.expires_at or now - row.seen_at > IDLE:
        return None
    if now - row.seen_at > SEEN_EVERY:
        _touch(row.id, row.user_id, now)
    held: Any = row[-len(_FACTS) :]
    return Principal(
        user_id=row.user_id, session_id=row.id, name=row.name, email=row.email, role=Role(row.role), token=token,
        workspace=WorkspaceFacts(*held), in_grace=row.deletion_due_at is not None,
        fresh=now - row.proven_at < FRESH, language=row.language,
    )  # fmt: skip


def facts(workspace: Workspace) -> WorkspaceFacts:
    """What pages need of a workspace, as values."""
    return WorkspaceFacts(*(getattr(workspace, column.key) for column in _FACTS))


def _touch(session_id: uuid.UUID, user_id: uuid.UUID, now: datetime) -> None:
    write_in_passing(
        update(UserSession.__table__).where(UserSession.__table__.c.id == session_id).values(seen_at=now),
        update(User.__table__).where(User.__table__.c.id == user_id).values(last_seen_at=now),
    )


def write_in_passing(*statements: Any) -> None:
    """Write something small that no page depends on, such as "last seen".

    A request that writes takes it along in its own transaction: on SQLite it holds the one write lock already,
    so a second connection would wait for itself. A reading request uses a connection of its own, and gives up
    at once when somebody else is writing: the next request will try again.
    """
    if request.method not in ("GET", "HEAD"):
        for statement in statements:
            db.session.execute(statement)
        return
    try:
        with db.engine.connect() as connection:
            _wait(connection, 100)
            try:
                for statement in statements:
                    connection.execute(statement)
                connection.commit()
            finally:
                connection.rollback()
                _wait(connection, None)
    except OperationalError:
        log.info("left out a write in passing: the database is busy")


def _wait(connection: Connection, milliseconds: int | None) -> None:
    # Not inside a transaction, where SQLite would ignore it; None = back to the connection's own figure.
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.execute(f"PRAGMA busy_timeout = {5000 if milliseconds is None else milliseconds}").fetchall()


def begin(user: User, workspace_id: uuid.UUID, *, now: datetime) -> UserSession:
    """Sign a browser in, with a new token (an old one is never reused). The caller commits."""
    session.clear()  # with it goes the CSRF secret and whatever a stranger could have planted
    token = crypto.token()
    held = UserSession(
        id=new_id(), token_hash=crypto.token_hash(token), user_id=user.id, workspace_id=workspace_id,
        epoch=user.security_epoch, created_at=now, seen_at=now, proven_at=now, expires_at=now + ABSOLUTE,
        browser=_browser(request.user_agent.string), address=shortened(request.remote_addr or ""),
    )  # fmt: skip
    db.session.add(held)
    user.last_seen_at = now
    if unused.stopped(user.id):
        flash(_("Your account was about to be deleted, because nobody had used it for so long. Now it stays."))
    login_user(_Token(token))
    tenancy.enter(workspace_id)
    business = workspaces.by_id(workspace_id)
    if business is not None:  # signing in is using the service: its terms are accepted, and nothing else
        telling.accepted(business, how=telling.USE, account_id=user.id, now=now)
    return held


class _Token:
    """The least that Flask-Login wants when it writes the cookie."""

    is_active = is_authenticated = True
    is_anonymous = False

    def __init__(self, token: str) -> None:
        self.token = token

    def get_id(self) -> str:
        return self.token


def end(session_id: uuid.UUID) -> None:
    """Sign out one browser. The caller commits."""
    db.session.execute(delete(UserSession).where(UserSession.id == session_id))
    logout_user()
    session.clear()


def end_all(user_id: uuid.UUID, *, but: uuid.UUID | None = None) -> int:
    """Sign a user out of every browser, save one. The caller commits. Returns how many were ended."""
    wanted = delete(UserSession).where(UserSession.user_id == user_id)
    if but is not None:
        wanted = wanted.where(UserSession.id != but)
    result = db.session.execute(wanted)
    return int(result.rowcount)  # type: ignore[attr-defined]


def prove(session_id: uuid.UUID, *, now: datetime) -> None:
    """Remember that the password was given again just now, under a new token. The caller commits."""
    token = crypto.token()
    db.session.execute(
        update(UserSession)
        .where(UserSession.id == session_id)
        .values(proven_at=now, token_hash=crypto.token_hash(token))
    )
    login_user(_Token(token))


def of(user_id: uuid.UUID) -> list[UserSession]:
    """Where somebody is signed in, the most recently used first."""
    query = select(UserSession).where(UserSession.user_id == user_id).order_by(UserSession.seen_at.desc())
    return list(db.session.scalars(query))


def revoke(session_id: uuid.UUID, *, user_id: uuid.UUID) -> bool:
    """Sign out one of somebody's own browsers; False when there is none such. The caller commits."""
    gone = db.session.execute(delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id))
    return bool(gone.rowcount == 1)  # type: ignore[attr-defined]


def shortened(address: str) -> str:
    """An address without its last part: 192.0.2.0, 2001:db8::. Enough to recognise a place, not a person."""
    if ":" in address:
        return ":".join(address.split(":")[:3]) + "::"
    return ".".join([*address.split(".")[:3], "0"]) if address.count(".") == 3 else ""


def _browser(agent: str) -> str:
    """'Firefox on Linux': the family only, no version that would single somebody out."""
    families = [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")]
    systems = [
        ("Android", "Android"), ("iPhone|iPad", "iOS"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"),
    ]  # fmt: skip
    family = next((name for mark, name in families if mark in agent), "")
    system = next((name for mark, name in systems if re.search(mark, agent)), "")
    return " on ".join(p for p in (family, system) if p)
