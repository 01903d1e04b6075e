"""What happened with a lead or contact, and what is to be done."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, personal, plain
from logicrm.core.schema import Id, Json
from logicrm.core.tenancy import InWorkspace, inside
from logicrm.extensions import db


class Activity(InWorkspace, db.Model):
    """One thing that happened: a note, call, e-mail or visit, or what the program noted (stage, task, conversion)."""

    __tablename__ = "activity"
    __label__ = _l("Notes, calls and messages")
    __table_args__ = (
        inside("lead_id", "lead", ondelete="CASCADE"),
        inside("contact_id", "contact", ondelete="CASCADE"),
        Index("ix_activity_lead", "workspace_id", "lead_id", "at", "id"),
        Index("ix_activity_contact", "workspace_id", "contact_id", "at", "id"),
        Index("ix_activity_author", "author_id"),
    )
    __about__ = (About("person", via=("lead_id", "lead")), About("person", via=("contact_id", "contact")))

    lead_id: Mapped[uuid.UUID | None] = plain(Id(), why="with which lead")
    contact_id: Mapped[uuid.UUID | None] = plain(Id(), why="with which customer; a converted lead's history has both")
    kind: Mapped[str] = plain(String(10), why="note, call, email, visit; stage, task, convert are noted by the program")
    body: Mapped[str] = personal(
        Text, default="", category="communication", keep="leads", purpose="service", label=_l("What was said or done")
    )
    facts: Mapped[dict[str, Any]] = plain(Json, default=dict, why="ids of the stages of a move; never a value")
    at: Mapped[datetime] = personal(category="communication", keep="leads", purpose="service", label=_l("When"))
    author_id: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who did it; empty once the account is purged"
    )


class Task(InWorkspace, db.Model):
    """Something to be done, with a day."""

    __tablename__ = "task"
    __label__ = _l("Tasks")
    __table_args__ = (
        inside("lead_id", "lead", ondelete="CASCADE"),
        inside("contact_id", "contact", ondelete="CASCADE"),
        Index("ix_task_lead", "workspace_id", "lead_id", "done_at", "due_at", "id"),
        Index("ix_task_contact", "workspace_id", "contact_id", "done_at", "due_at", "id"),
        Index("ix_task_assignee", "workspace_id", "assignee_id", "done_at", "due_at", "id"),
        Index("ix_task_due", "workspace_id", "done_at", "due_at", "id"),
        Index("ix_task_assignee_user", "assignee_id"),
    )
    __about__ = (About("person", via=("lead_id", "lead")), About("person", via=("contact_id", "contact")))

    lead_id: Mapped[uuid.UUID | None] = plain(Id(), why="about which lead")
    contact_id: Mapped[uuid.UUID | None] = plain(Id(), why="about which customer")
    title: Mapped[str] = personal(
        String(200), category="communication", keep="leads", purpose="service", label=_l("What is to be done")
    )
    due_at: Mapped[datetime] = plain(why="when it is due")
    done_at: Mapped[datetime | None] = plain(why="when it was done")
    done_by: Mapped[uuid.UUID | None] = plain(Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who did it")
    assignee_id: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who is to do it"
    )
    created_by: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who asked for it"
    )
    created_at: Mapped[datetime] = plain(why="when it was written down")
