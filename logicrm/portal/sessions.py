"""The portal's sessions: a random token in an essential cookie, its hash in the database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, abort, current_app, g, request
from sqlalchemy import delete, select, update
from werkzeug.wrappers import Response

from logicrm.accounts.sessions import write_in_passing
from logicrm.core import access, clock, crypto, languages, tenancy, workspaces
from logicrm.core.schema import new_id
from logicrm.core.subjects import Subject
from logicrm.core.workspaces import Business
from logicrm.extensions import db
from logicrm.portal.models import PortalSession
from logicrm.privacy import cookies_registry, subjects, telling
from logicrm.privacy.models import DataSubject

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=8)
SEEN_EVERY = timedelta(seconds=60)
COOKIE = cookies_registry.PORTAL


@dataclass(frozen=True)
class Guest:
    """The person in the portal in this request."""

    session_id: uuid.UUID
    subject_id: uuid.UUID
    email: str
    business: Business
    deletion_due_at: datetime | None

    @property
    def in_grace(self) -> bool:
        """Deletion is scheduled: copy, objection and taking it back remain."""
        return self.deletion_due_at is not None


def install(app: Flask) -> None:
    """Tell the core who is in the portal, and the privacy half how to end it."""
    access.load_portal_with(app, load)
    if end_of not in subjects.ENDS_SESSIONS:
        subjects.ENDS_SESSIONS.append(end_of)


def business_of(slug: str) -> Business:
    """The business of the address, or 404; the request works in its workspace from here on."""
    business = workspaces.by_slug(slug) or abort(404)
    tenancy.enter(business.facts.id)
    g.time_zone = business.facts.time_zone
    languages.at_home(business.facts.language)
    return business


def load() -> bool:
    """Narrow the request to the person whose browser this is; False when it is nobody's (any more)."""
    business = business_of((request.view_args or {})["slug"])
    now = clock.now()
    token = token_sent()
    if not token:
        return False
    row = db.session.execute(
        select(PortalSession, DataSubject.email, DataSubject.language, DataSubject.deletion_due_at)
        .join(DataSubject, DataSubject.id == PortalSession.subject_id)
        .where(PortalSession.token_hash == crypto.token_hash(token))
    ).first()
    if row is None:
        return False
    held, email, language, due_at = row
    # The join reaches this workspace's people only; the comparison says so a second time.
    if held.workspace_id != business.facts.id or now >= held.expires_at or now - held.seen_at > IDLE:
        return False
    if now - held.seen_at > SEEN_EVERY:
        table = PortalSession.__table__
        write_in_passing(update(table).where(table.c.id == held.id).values(seen_at=now))
    tenancy.enter_portal(business.facts.id, tenancy.Person(held.subject_id, email))
    g.guest = Guest(held.id, held.subject_id, email, business, due_at)
    if language:
        g.language = language
    return True


def guest() -> Guest:
    """Who is in the portal; for views of the portal only."""
    found: Guest = g.guest
    return found


def subject() -> Subject:
    """The guest as what export and deletion work on."""
    found = subjects.PersonSubject().load(guest().subject_id)
    return found or abort(404)


def begin(subject_id: uuid.UUID, workspace_id: uuid.UUID, *, now: datetime) -> str:
    """Open the portal in this browser under a token that nobody has seen before. The caller commits."""
    token = crypto.token()
    db.session.add(
        PortalSession(
            id=new_id(),
            token_hash=crypto.token_hash(token),
            workspace_id=workspace_id,
            subject_id=subject_id,
            created_at=now,
            seen_at=now,
            expires_at=now + ABSOLUTE,
        )
    )
    business = workspaces.by_id(workspace_id)
    if business is not None:
        telling.accepted(business, how=telling.USE, subject_id=subject_id, now=now)
    return token


def end(session_id: uuid.UUID) -> None:
    """Close the portal in one browser. The caller commits."""
    db.session.execute(delete(PortalSession).where(PortalSession.id == session_id))


def end_of(subject: Subject, but: uuid.UUID | None) -> None:
    """End every session of a person, save one."""
    gone = delete(PortalSession).where(PortalSession.subject_id == subject.id)
    if but is not None:
        gone = gone.where(PortalSession.id != but)
    db.session.execute(gone.execution_options(synchronize_session=False))


# The cookie --------------------------------------------------------------------------------------


def token_sent() -> str:
    """The secret that this browser holds, or ""."""
    return request.cookies.get(COOKIE.sent_as(bool(current_app.config["HTTPS"])), "")[:200]


def remember(response: Response, token: str) -> Response:
    """Put a secret into the browser."""
    cookies_registry.put(response, COOKIE, token, allowed=())
    return response


def forget(response: Response) -> Response:
    """Take the secret out of the browser, and with it what the browser kept of the pages."""
    https = bool(current_app.config["HTTPS"])
    response.delete_cookie(COOKIE.sent_as(https), path="/", secure=https, httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
