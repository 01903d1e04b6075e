"""What members do with their own account, and owners with the workspace's facts. The callers commit."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import delete, select, update

from logicrm.accounts import passwords, services, sessions
from logicrm.accounts.models import Invitation, Membership, User, UserSession, Workspace
from logicrm.core import audit, mail, tenancy
from logicrm.core.access import Role
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.core.watermarks import leave_watermark
from logicrm.extensions import db


def _user(user_id: uuid.UUID) -> User:
    return db.session.execute(select(User).where(User.id == user_id)).scalar_one()


def _changes(row: Any, values: dict[str, Any]) -> list[str]:
    """Set what differs; return the names of the changed fields, for the audit trail (never the values)."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return sorted(changed)


def check_password(user_id: uuid.UUID, password: str, *, field: str = "password") -> User:
    """Return the user if this is their password, else refuse."""
    user = _user(user_id)
    if not passwords.verify(user.password_hash, password):
        raise Refused(_("This is not your password."), field=field)
    return user


@promise("account.edit")
def change_profile(user_id: uuid.UUID, values: dict[str, str], *, now: datetime) -> list[str]:
    """Change name, job title, phone, language; return the names of what changed."""
    changed = _changes(_user(user_id), values)
    if changed:
        audit.record("account.changed", actor=user_id, object_kind="user", object_id=user_id, fields=changed)
        leave_watermark("account.changed", ran_at=now, rows_considered=1, rows_acted=len(changed))
    return changed


def change_email(user_id: uuid.UUID, email: str, *, password: str) -> User:
    """Move an account to another address, given its password. Ends every session and link; the old address is told."""
    user = check_password(user_id, password)
    email = services.normal_email(email)
    if email == user.email:
        raise Refused(_("This is your address already."), field="email")
    if db.session.scalar(select(User.id).where(User.email == email)):
        raise Refused(_("This address cannot be used."), field="email")
    mail.send(
        user.email, "email_changed", mail_class="transactional", purpose="security", name=user.name,
        subject_kind="account", subject_id=user.id,
    )  # fmt: skip
    user.email = email
    user.security_epoch += 1
    sessions.end_all(user.id)
    audit.record("account.email", actor=user_id, object_kind="user", object_id=user_id)
    return user


def change_password(user_id: uuid.UUID, *, current: str, new: str, now: datetime) -> User:
    """Change one's own password, given the present one. Ends every session and link."""
    user = check_password(user_id, current, field="current")
    services.set_password(user, new, now=now)
    audit.record("account.password", actor=user_id, object_kind="user", object_id=user_id)
    return user


def end_other_sessions(user_id: uuid.UUID, session_id: uuid.UUID) -> int:
    """Sign out everywhere but here; return in how many browsers."""
    return sessions.end_all(user_id, but=session_id)


def switch_workspace(session_id: uuid.UUID, user_id: uuid.UUID, workspace_id: uuid.UUID) -> None:
    """Work in another of one's workspaces. LookupError when one is no member there."""
    member = select(Membership.id).where(Membership.user_id == user_id, Membership.workspace_id == workspace_id)
    moved = db.session.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.user_id == user_id, member.exists())
        .values(workspace_id=workspace_id)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise LookupError(workspace_id)


def change_workspace(values: dict[str, str], *, by: uuid.UUID) -> list[str]:
    """Change the present workspace's facts; return the names of what changed."""
    if values["time_zone"] not in available_timezones():
        raise Refused(_("Choose a time zone from the list."), field="time_zone")
    if values["privacy_contact"]:
        contact = services.normal_email(values["privacy_contact"], field="privacy_contact")
        values = {**values, "privacy_contact": contact}
    workspace = db.session.execute(select(Workspace).where(Workspace.id == tenancy.current())).scalar_one()
    changed = _changes(workspace, values)
    if changed:
        audit.record("workspace.changed", workspace, actor=by, fields=changed)
    return changed


def cancel_invitation(invitation_id: uuid.UUID, *, by: uuid.UUID) -> None:
    """Withdraw an open invitation: its link dies. LookupError when there is none such here."""
    gone = db.session.execute(
        delete(Invitation).where(Invitation.id == invitation_id, Invitation.accepted_at.is_(None))
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise LookupError(invitation_id)
    audit.record("member.uninvited", actor=by, object_kind="invitation", object_id=invitation_id)


def resend_invitation(
    invitation_id: uuid.UUID, *, by: uuid.UUID, by_name: str, workspace_name: str, now: datetime
) -> Invitation:
    """Send an open invitation again, with a new link; the old link dies. LookupError when there is none such here."""
    old = db.session.scalar(select(Invitation).where(Invitation.id == invitation_id, Invitation.accepted_at.is_(None)))
    if old is None:
        raise LookupError(invitation_id)
    return services.invite(old.email, Role(old.role), by=by, by_name=by_name, workspace_name=workspace_name, now=now)
