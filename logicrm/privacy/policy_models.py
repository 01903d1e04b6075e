"""Published policies: the draft that is being edited, the versions that never change, and who knows of which."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, true
from sqlalchemy.orm import Mapped
from sqlalchemy.sql import ColumnElement

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, personal, plain
from logicrm.core.schema import Id, Json
from logicrm.core.tenancy import InWorkspace, Person, inside
from logicrm.extensions import db
from logicrm.privacy import policy_fence


class PolicyDraft(InWorkspace, db.Model):
    """The values that an owner edits: at most one of a workspace. What is published leaves no draft behind."""

    __tablename__ = "policy_draft"
    __label__ = _l("Draft of the policy")
    __table_args__ = (UniqueConstraint("workspace_id"),)

    document: Mapped[dict[str, Any]] = plain(Json, default=dict, why="the tables of a profile, with what was edited")
    revision: Mapped[int] = plain(Integer, default=1, why="raised by each save; a save over another one's is refused")
    changed_at: Mapped[datetime] = plain(why="when it was edited last")
    changed_by: Mapped[uuid.UUID | None] = plain(Id(), why="id of who edited last; means nothing once they are purged")


class PolicyVersion(InWorkspace, db.Model):
    """One published policy. The database refuses to change it (`policy_fence`); it goes with its workspace only.

    The highest number whose time has come rules, so a later version also replaces one that has not begun yet.
    """

    __tablename__ = "policy_version"
    __label__ = _l("Published policies")
    __table_args__ = (UniqueConstraint("workspace_id", "number"),)

    number: Mapped[int] = plain(Integer, why="counts from 1, without gaps")
    profile: Mapped[str] = plain(
        String(40), why="name of the profile that it was written from: which promises it makes"
    )
    document: Mapped[dict[str, Any]] = plain(Json, why="everything that it says")
    hash: Mapped[str] = plain(String(64), why="SHA-256 of the document in canonical form")
    last_updated: Mapped[date] = plain(why="the day of publishing, in the workspace's zone")
    effective_at: Mapped[datetime] = plain(why="the instant from which its figures rule")
    published_at: Mapped[datetime] = plain(why="when it became public")
    published_by: Mapped[uuid.UUID | None] = plain(Id(), why="id of who published; means nothing once they are purged")
    material: Mapped[bool] = plain(Boolean, why="people were written to because of it")
    summary: Mapped[str] = plain(Text, default="", why="what changed, in the words of the business")

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """Public: everybody may read every version."""
        return true()


class PolicyReading(InWorkspace, db.Model):
    """What one person has to do with one version: when they were written to, when they said that they had seen it,
    and when they accepted the terms. Accepting is never a consent: those are in `consent_models.py`.
    """

    __tablename__ = "policy_reading"
    __label__ = _l("Who has seen which policy")
    __table_args__ = (
        inside("version_id", "policy_version"),
        inside("subject_id", "data_subject", ondelete="CASCADE"),
        Index("uq_policy_reading_account", "workspace_id", "version_id", "account_id", unique=True),
        Index("uq_policy_reading_subject", "workspace_id", "version_id", "subject_id", unique=True),
        Index("ix_policy_reading_of_subject", "workspace_id", "subject_id"),
    )
    __about__ = (About("account", by="account_id"), About("person", by="subject_id"))

    version_id: Mapped[uuid.UUID] = plain(Id(), why="the version")
    account_id: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="CASCADE"), index=True, why="the member; none for an end customer"
    )
    subject_id: Mapped[uuid.UUID | None] = plain(Id(), why="the end customer; none for a member")
    told_at: Mapped[datetime | None] = personal(
        category="consent", keep="consent", purpose="legal", label=_l("We wrote to you about a new privacy policy")
    )
    seen_at: Mapped[datetime | None] = personal(
        category="consent", keep="consent", purpose="legal", label=_l("You said that you had read a privacy policy")
    )
    accepted_at: Mapped[datetime | None] = personal(
        category="consent", keep="consent", purpose="legal", label=_l("Terms accepted (this is no consent)")
    )
    accepted_how: Mapped[str] = personal(
        String(12),
        default="",
        category="consent",
        keep="consent",
        purpose="legal",
        label=_l("How the terms were accepted"),
    )  # sign_up, use

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """Their own."""
        return cls.subject_id == person.subject_id


policy_fence.install(PolicyVersion.__table__)  # type: ignore[arg-type]
