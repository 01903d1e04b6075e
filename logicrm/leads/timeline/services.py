"""Noting what happened, and what is to be done."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import update

from logicrm.core import audit
from logicrm.core.errors import Missing, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.customers.models import Contact
from logicrm.extensions import db
from logicrm.leads import services as leads
from logicrm.leads.models import Lead
from logicrm.leads.timeline import queries
from logicrm.leads.timeline.models import Activity, Task

BY_HAND = ("note", "call", "email", "visit")
CONTACTS = ("call", "email", "visit")  # these count as contact with the person; a note does not
MAX_BODY = 20_000


def add_activity(
    kind: str,
    body: str,
    *,
    lead: Lead | None = None,
    contact: Contact | None = None,
    by: uuid.UUID | None,
    now: datetime,
    at: datetime | None = None,
    facts: dict[str, Any] | None = None,
) -> Activity:
    """Note what happened with a lead or a contact at `at` (now, unless said). The caller commits.

    A call, e-mail or visit starts the retention clock anew.
    """
    body = body.strip()
    if kind in BY_HAND and not body:
        raise Refused(_("Write what happened."), field="body")
    if len(body) > MAX_BODY:
        raise Refused(_("This is longer than a note can be (%(max)s characters).", max=MAX_BODY), field="body")
    _not_restricted(lead, contact)
    at = min(at or now, now)
    activity = Activity(
        id=new_id(), kind=kind, body=body, at=at, author_id=by, facts=facts or {},
        lead_id=lead.id if lead else None, contact_id=contact.id if contact else (lead.contact_id if lead else None),
    )  # fmt: skip
    db.session.add(activity)
    if kind in CONTACTS:
        _touch(lead, contact, at)
    audit.record("activity.added", activity, actor=by, kind=kind)
    return activity


def _not_restricted(lead: Lead | None, contact: Contact | None) -> None:
    if (lead is not None and lead.restricted) or (contact is not None and contact.restricted):
        raise Refused(
            _("The processing of this person's data is restricted. Nothing may be added until that is lifted.")
        )


def _touch(lead: Lead | None, contact: Contact | None, at: datetime) -> None:
    # Past the ORM's version: a call is no edit, and must not make somebody's open form a conflict.
    if lead is not None:
        moved = update(Lead).where(Lead.id == lead.id, Lead.last_contact_at < at)
        db.session.execute(moved.values(last_contact_at=at))
        db.session.execute(update(Lead).where(Lead.id == lead.id, Lead.cold_from < at).values(cold_from=at))
    contact_id = contact.id if contact else (lead.contact_id if lead else None)
    if contact_id is not None:
        touched = update(Contact).where(Contact.id == contact_id, Contact.last_contact_at < at)
        db.session.execute(touched.values(last_contact_at=at))


def add_task(
    title: str,
    due_at: datetime,
    *,
    lead: Lead | None = None,
    contact: Contact | None = None,
    assignee_id: uuid.UUID | None,
    by: uuid.UUID | None,
    now: datetime,
) -> Task:
    """Write down something to be done. The caller commits."""
    title = " ".join(title.split())
    if not title:
        raise Refused(_("Write what is to be done."), field="body")
    if len(title) > 200:
        raise Refused(_("A task has at most 200 characters. Put the rest into a note."), field="body")
    _not_restricted(lead, contact)
    task = Task(
        id=new_id(), title=title, due_at=due_at, assignee_id=assignee_id, created_by=by, created_at=now,
        lead_id=lead.id if lead else None, contact_id=contact.id if contact else (lead.contact_id if lead else None),
    )  # fmt: skip
    db.session.add(task)
    db.session.flush()
    if lead is not None:
        leads.set_next_task(lead.id)
    audit.record("task.added", task, actor=by)
    return task


def complete_task(task_id: uuid.UUID, *, by: uuid.UUID | None, now: datetime) -> Task:
    """Tick a task off; it becomes part of the timeline. The caller commits. Doing it twice has the effect of once.

    Missing when there is none.
    """
    task = queries.task(task_id)
    if task is None:
        raise Missing(task_id)
    won = db.session.execute(
        update(Task).where(Task.id == task_id, Task.done_at.is_(None)).values(done_at=now, done_by=by)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return task
    db.session.add(
        Activity(
            id=new_id(), kind="task", body=task.title, at=now, author_id=by, facts={"task": str(task.id)},
            lead_id=task.lead_id, contact_id=task.contact_id,
        )
    )  # fmt: skip
    if task.lead_id is not None:
        leads.set_next_task(task.lead_id)
    audit.record("task.done", task, actor=by)
    return task
