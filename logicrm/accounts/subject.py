"""Accounts as data subjects: what export and erasure need to know of somebody who signs in."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import delete, select, update

from logicrm.accounts.models import ApiToken, Membership, OneTimeLink, User, UserSession, Workspace
from logicrm.core import subjects
from logicrm.core.access import Role
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import db_now
from logicrm.core.subjects import Subject
from logicrm.extensions import db


class AccountSubject:
    """The adapter of kind "account"."""

    kind = "account"

    def load(self, subject_id: uuid.UUID) -> Subject | None:
        """The account, with the profile and country of the workspace that it joined first."""
        rows = db.session.execute(
            select(User, Membership.workspace_id, Workspace.profile, Workspace.country)
            .outerjoin(Membership, Membership.user_id == User.id)
            .outerjoin(Workspace, Workspace.id == Membership.workspace_id)
            .where(User.id == subject_id)
            .order_by(Membership.joined_at, Membership.id)
        ).all()
        if not rows:
            return None
        user, _first, profile, country = rows[0]
        return Subject(
            kind=self.kind, id=user.id, name=user.name, emails=(user.email,), language=user.language,
            profile=profile or "logicrm", country=country or "",
            workspaces=tuple(row[1] for row in rows if row[1] is not None) or _left(user),
            deletion_due_at=user.deletion_due_at,
        )  # fmt: skip

    def refusals(self, subject: Subject) -> list[str]:
        """The last owner of a workspace first makes somebody else owner, or closes the workspace."""
        owned = select(Membership.workspace_id).where(Membership.user_id == subject.id, Membership.role == Role.OWNER)
        # The rows are locked: two owners who leave at the same moment must not both be "not the last".
        owners = db.session.execute(
            select(Membership.workspace_id, Membership.user_id, User.deletion_due_at, Workspace.name)
            .join(User, User.id == Membership.user_id)
            .join(Workspace, Workspace.id == Membership.workspace_id)
            .where(Membership.workspace_id.in_(owned), Membership.role == Role.OWNER)
            .with_for_update(of=Membership)
        ).all()
        names = {row.workspace_id: row.name for row in owners}
        others = {r.workspace_id for r in owners if r.user_id != subject.id and r.deletion_due_at is None}
        return [
            _(
                "You are the last owner of %(name)s. Make somebody else owner first, or close the workspace.",
                name=names[workspace_id],
            )
            for workspace_id in names
            if workspace_id not in others
        ]

    def mark(self, subject: Subject, due_at: datetime | None, *, but: uuid.UUID | None = None) -> None:
        """Note the due instant; end every other session and every open link."""
        epoch = db.session.execute(
            update(User)
            .where(User.id == subject.id)
            .values(deletion_due_at=due_at, security_epoch=User.security_epoch + 1)
            .returning(User.security_epoch)
            .execution_options(synchronize_session=False)
        ).scalar_one_or_none()
        ended = delete(UserSession).where(UserSession.user_id == subject.id)
        if but is not None:
            ended = ended.where(UserSession.id != but)
            db.session.execute(update(UserSession).where(UserSession.id == but).values(epoch=epoch))
        db.session.execute(ended.execution_options(synchronize_session=False))
        db.session.expire_all()

    def lock(self, subject: Subject) -> None:
        """No session, no password, no link: from here on nobody is this account."""
        self.mark(subject, subject.deletion_due_at)
        db.session.execute(
            update(User)
            .where(User.id == subject.id)
            .values(password_hash="")
            .execution_options(synchronize_session=False)
        )
        db.session.execute(
            delete(OneTimeLink).where(OneTimeLink.user_id == subject.id).execution_options(synchronize_session=False)
        )
        db.session.expire_all()


def _left(user: User) -> tuple[uuid.UUID, ...]:
    """Who has left the last workspace is still ruled by its policy."""
    return (user.ended_in,) if user.ended_in else ()


class WorkspaceSubject:
    """The adapter of kind "workspace": a business that its owner closes. Its letters go to its owners."""

    kind = subjects.WORKSPACE

    def load(self, subject_id: uuid.UUID) -> Subject | None:
        """The business, with the addresses of its owners."""
        held = db.session.get(Workspace, subject_id, populate_existing=True)
        if held is None:
            return None
        owners = db.session.scalars(
            select(User.email)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.workspace_id == subject_id, Membership.role == Role.OWNER)
            .order_by(User.id)
        ).all()
        return Subject(
            kind=self.kind, id=held.id, name=held.name, emails=tuple(owners), language=held.language,
            workspace_id=held.id, profile=held.profile, country=held.country, deletion_due_at=held.closes_at,
        )  # fmt: skip

    def refusals(self, subject: Subject) -> list[str]:
        """A business may always go; who may decide that is the view's matter."""
        return []

    def mark(self, subject: Subject, due_at: datetime | None, *, but: uuid.UUID | None = None) -> None:
        """From now on it is only read (None: everything as before). Nobody is signed out."""
        db.session.execute(
            update(Workspace)
            .where(Workspace.id == subject.id)
            .values(closes_at=due_at)
            .execution_options(synchronize_session=False)
        )
        db.session.expire_all()

    def lock(self, subject: Subject) -> None:
        """Nobody works here any more: no member, no session, no token. Who works nowhere else has ended here."""
        members = select(Membership.user_id).where(Membership.workspace_id == subject.id)
        elsewhere = select(Membership.id).where(Membership.user_id == User.id, Membership.workspace_id != subject.id)
        ended = update(User).where(User.id.in_(members), ~elsewhere.exists())
        for statement in (
            ended.values(ended_at=db_now(), ended_in=subject.id, security_epoch=User.security_epoch + 1),
            delete(UserSession).where(UserSession.workspace_id == subject.id),
            delete(OneTimeLink).where(OneTimeLink.workspace_id == subject.id),
            delete(ApiToken).where(ApiToken.workspace_id == subject.id),
            delete(Membership).where(Membership.workspace_id == subject.id),
        ):
            db.session.execute(statement.execution_options(synchronize_session=False))
        db.session.expire_all()


subjects.register(WorkspaceSubject())
subjects.register(AccountSubject())
