"""The end of a workspace: its owner closes it, for the days of the policy it can be read, taken along and reopened, and
then everything goes, with ledger and certificate like any other erasure (`deletion.py`). The callers commit.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import func, select

from logicrm.core import audit, subjects, tenancy, watermarks
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.core.subjects import WORKSPACE, Subject
from logicrm.extensions import db
from logicrm.privacy import deletion
from logicrm.privacy.models import Deletion, DeletionState

LATE = timedelta(hours=1)


def subject_of(workspace_id: uuid.UUID) -> Subject:
    """The workspace as what is erased. Raises LookupError when there is none."""
    found = subjects.load(WORKSPACE, workspace_id)
    if found is None:
        raise LookupError(workspace_id)
    return found


def of(workspace_id: uuid.UUID) -> Deletion | None:
    """The open closing of a workspace, or None."""
    return db.session.scalar(
        select(Deletion).where(
            Deletion.subject_kind == WORKSPACE, Deletion.subject_id == workspace_id,
            Deletion.state.in_((DeletionState.SCHEDULED, DeletionState.PURGING)),
        )
    )  # fmt: skip


@promise("termination")
def close(workspace_id: uuid.UUID, *, typed: str, by: uuid.UUID) -> Deletion:
    """Close a workspace, given its name. From now on it is only read; after the policy's days everything goes."""
    subject = subject_of(workspace_id)
    if " ".join(typed.split()) != subject.name:
        raise Refused(_("Type the name of the business exactly as it stands above the box."), field="typed")
    made = deletion.schedule(subject)
    audit.record("workspace.closed", actor=by, object_kind="workspace", object_id=workspace_id)
    return made


@promise("termination")
def reopen(workspace_id: uuid.UUID, *, by: uuid.UUID) -> None:
    """Take the closing back. Refused once the deletion has begun."""
    scheduled = of(workspace_id)
    if scheduled is None or not deletion.cancel(scheduled.id):
        raise Refused(_("There is no closing that could be taken back."))
    audit.record("workspace.reopened", actor=by, object_kind="workspace", object_id=workspace_id)


@promise("termination")
def end_accounts(workspace_id: uuid.UUID) -> int:
    """Delete the accounts that worked nowhere but here; return how many. Each gets its own certificate."""
    user, member = db.metadata.tables["user"], db.metadata.tables["membership"]
    left = select(user.c.id).where(
        user.c.ended_in == workspace_id, user.c.deletion_due_at.is_(None),
        ~select(member.c.id).where(member.c.user_id == user.c.id).exists(),
    ).order_by(user.c.id)  # fmt: skip
    done = 0
    for own in db.session.scalars(left).all():
        subject = subjects.load("account", own)
        if subject is not None:
            deletion.schedule(subject, at_once=True)
            done += 1
    return done


def shell_of(workspace_id: uuid.UUID) -> uuid.UUID | None:
    """The finished purge of a workspace that is there only for what holds keep, else None."""
    purged = select(Deletion.id).where(
        Deletion.subject_kind == WORKSPACE, Deletion.subject_id == workspace_id,
        Deletion.state == DeletionState.PURGED,
    )  # fmt: skip
    return db.session.scalar(purged.limit(1))


def counts(now: datetime) -> tuple[int, int]:
    """(workspaces that were closed and purged, those that are late or were early) in the installation."""
    closing = select(func.count()).select_from(Deletion).where(Deletion.subject_kind == WORKSPACE)
    purged = db.session.scalar(closing.where(Deletion.state == DeletionState.PURGED)) or 0
    late = db.session.scalar(
        closing.where(
            Deletion.state.in_((DeletionState.SCHEDULED, DeletionState.PURGING)), Deletion.due_at <= now - LATE
        )
    )
    early = db.session.scalar(closing.where(Deletion.begun_at < Deletion.due_at))
    return purged, (late or 0) + (early or 0)


def leave_watermark(*, now: datetime) -> None:
    """What became of closed workspaces of this installation. None was purged yet: nothing is left, so no evidence."""
    purged, wrong = counts(now)
    if purged and tenancy.current() is not None:
        watermarks.leave_watermark(
            "termination", ran_at=now, rows_considered=purged + wrong, rows_acted=purged, rows_overdue=wrong
        )
