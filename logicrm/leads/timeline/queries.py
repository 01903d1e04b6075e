"""What happened with a lead or contact, newest first; and what is due."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import aliased

from logicrm.accounts.models import User
from logicrm.core import keyset
from logicrm.core.keyset import Cursor, Listing, Page, Segment
from logicrm.customers.models import Contact
from logicrm.extensions import db
from logicrm.leads.models import Lead
from logicrm.leads.timeline.models import Activity, Task

SHOWN = 30


def happened(*, lead_id: uuid.UUID | None = None, contact_id: uuid.UUID | None = None, cursor: Cursor | None) -> Page:
    """One stretch of the timeline, newest first. Rows: id, kind, body, facts, at, author_id, lead_id."""
    params = {"whose": lead_id or contact_id}
    return keyset.read(_of_lead if lead_id else _of_contact, params=params, cursor=cursor, descending=True, size=SHOWN)


_NEWEST = (Segment("", (), (Activity.at, Activity.id)),)
_COLUMNS = (
    Activity.id, Activity.kind, Activity.body, Activity.facts, Activity.at, Activity.author_id, Activity.lead_id
)  # fmt: skip


def _of_lead() -> Listing:
    return Listing(_COLUMNS, _NEWEST, (Activity.lead_id == bindparam("whose"),))


def _of_contact() -> Listing:
    return Listing(_COLUMNS, _NEWEST, (Activity.contact_id == bindparam("whose"),))


def open_tasks(*, lead_id: uuid.UUID | None = None, contact_id: uuid.UUID | None = None) -> list[Task]:
    """What is still to be done with this lead or contact, first due first (at most fifty)."""
    whose = Task.lead_id == lead_id if lead_id else Task.contact_id == contact_id
    return list(
        db.session.scalars(select(Task).where(whose, Task.done_at.is_(None)).order_by(Task.due_at, Task.id).limit(50))
    )


def task(task_id: uuid.UUID) -> Task | None:
    """A task of this workspace, or None."""
    return db.session.scalar(select(Task).where(Task.id == task_id))


def _due() -> Any:
    # The few tasks first, then who they are about: PostgreSQL would join every lead and contact before it sorts.
    few = (
        select(Task)
        .where(Task.assignee_id == bindparam("who"), Task.done_at.is_(None), Task.due_at < bindparam("until"))
        .order_by(Task.due_at, Task.id)
        .limit(bindparam("most"))
        .subquery()
    )
    task = aliased(Task, few)
    return (
        select(
            task.id, task.title, task.due_at, task.lead_id, task.contact_id, Lead.first_name, Lead.last_name,
            Lead.company, Contact.first_name.label("contact_first"), Contact.last_name.label("contact_last"),
        )
        .select_from(task)
        .outerjoin(Lead, Lead.id == task.lead_id)
        .outerjoin(Contact, Contact.id == task.contact_id)
        .order_by(task.due_at, task.id)
    )  # fmt: skip


_DUE = _due()


def due(user_id: uuid.UUID, until: datetime, *, limit: int = 6) -> list[Row[Any]]:
    """A member's open tasks that are due by then, with who they are about: (Task, lead's or contact's name parts)."""
    return list(db.session.execute(_DUE, {"who": user_id, "until": until, "most": limit}))


def authors(ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names of accounts, also of people who left the workspace."""
    if not ids:
        return {}
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: row.name for row in rows}
