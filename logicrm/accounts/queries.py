"""What the accounts area's pages show."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import select

from logicrm.accounts.models import ApiToken, Invitation, Membership, User, Workspace
from logicrm.core import tenancy
from logicrm.core.audit import AuditEvent
from logicrm.extensions import db

AUDIT_PAGE = 50


def user(user_id: uuid.UUID) -> User:
    """The account of a member."""
    return db.session.execute(select(User).where(User.id == user_id)).scalar_one()


def workspace() -> Workspace:
    """The present workspace."""
    return db.session.execute(select(Workspace).where(Workspace.id == tenancy.current())).scalar_one()


def workspaces_of(user_id: uuid.UUID) -> list[tuple[uuid.UUID, str, str]]:
    """(id, name, role) of each workspace in which somebody works, by name."""
    rows = db.session.execute(
        select(Workspace.id, Workspace.name, Membership.role)
        .join(Membership, Membership.workspace_id == Workspace.id)
        .where(Membership.user_id == user_id)
        .order_by(Workspace.name, Workspace.id)
    )
    return [(row.id, row.name, row.role) for row in rows]


def invitations() -> list[Invitation]:
    """Open invitations, the newest first; expired ones are among them until they are forgotten."""
    return list(
        db.session.scalars(
            select(Invitation).where(Invitation.accepted_at.is_(None)).order_by(Invitation.created_at.desc())
        )
    )


def tokens() -> list[tuple[ApiToken, str]]:
    """(token, name of who made it or '') of this workspace, the newest first."""
    rows = db.session.execute(
        select(ApiToken, User.name)
        .outerjoin(User, User.id == ApiToken.created_by)
        .where(ApiToken.workspace_id == tenancy.current())
        .order_by(ApiToken.id.desc())
    )
    return [(token, name or "") for token, name in rows]


def audit_page(before: int | None = None) -> tuple[list[AuditEvent], int | None]:
    """A page of the audit trail, the newest first, and the sequence number that the next page starts before."""
    query = select(AuditEvent).order_by(AuditEvent.sequence.desc()).limit(AUDIT_PAGE + 1)
    if before is not None:
        query = query.where(AuditEvent.sequence < before)
    rows = list(db.session.scalars(query))
    return rows[:AUDIT_PAGE], rows[AUDIT_PAGE - 1].sequence if len(rows) > AUDIT_PAGE else None


def names(user_ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Names of members of this workspace; who left it, or was erased, is not among them."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    rows = db.session.execute(
        select(User.id, User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(User.id.in_(wanted), Membership.workspace_id == tenancy.current())
    )
    return {row.id: row.name for row in rows}
