"""People known by address, copies of their data, deletions and their proof, and runs of the retention engine.

The consent builder's tables are in `consent_models.py`. Exports and deletions are global tables, like jobs:
an account belongs to several workspaces. They are asked for by their subject's id, which is unique everywhere.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped
from sqlalchemy.sql import ColumnElement

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Erase, Keep, personal, plain
from logicrm.core.schema import Id, Json, new_id
from logicrm.core.tenancy import InWorkspace, Person
from logicrm.extensions import db

PROOF_LAW = "accountability"  # a word of vocabulary.GROUNDS: why requests and proofs are kept


class DataSubject(InWorkspace, db.Model):
    """An end customer or lead who entered the portal, chose something, or asked for something."""

    __tablename__ = "data_subject"
    __label__ = _l("People of the customer portal")
    __table_args__ = (
        UniqueConstraint("workspace_id", "key_hash"),
        Index("ix_data_subject_email", "workspace_id", "email"),
    )
    __about__ = (About("person", by="email"),)
    __retention__ = (
        Keep("requests", anchor="last_seen_at", why=_l("who has not come back for so long has no open request")),
    )

    email: Mapped[str] = personal(
        String(254), category="contact", keep="requests", purpose="legal", label=_l("Address that you proved")
    )
    key_hash: Mapped[str] = plain(String(64), why="keyed hash of the address, to find the row again")
    language: Mapped[str] = personal(
        String(5), default="", category="contact", keep="requests", purpose="legal", label=_l("Language of our letters")
    )
    created_at: Mapped[datetime] = personal(category="usage", keep="requests", purpose="legal", label=_l("First seen"))
    last_seen_at: Mapped[datetime] = personal(category="usage", keep="requests", purpose="legal", label=_l("Last seen"))
    deletion_due_at: Mapped[datetime | None] = personal(
        category="consent", keep="requests", purpose="legal", label=_l("Deletion scheduled for")
    )

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """Their own row."""
        return cls.id == person.subject_id


class ExportState(StrEnum):
    ASKED = "asked"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"  # its files are gone


class Export(db.Model):
    """One copy of somebody's data: asked for, built by a job, gone after the profile's days."""

    __tablename__ = "privacy_export"
    __label__ = _l("Copies of data")
    __table_args__ = (Index("ix_privacy_export_subject", "subject_kind", "subject_id", "asked_at"),)
    __about__ = (About("account", by="subject_id"), About("person", by="subject_id"))
    __retention__ = (Keep("requests", anchor="asked_at", why=_l("proof that a request for a copy was answered")),)

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the export")
    subject_kind: Mapped[str] = plain(String(20), why="account or person")
    subject_id: Mapped[uuid.UUID] = plain(Id(), why="whose data")
    workspace_id: Mapped[uuid.UUID | None] = plain(Id(), why="the tenant of a person; none for accounts")
    state: Mapped[str] = plain(String(10), default=ExportState.ASKED, why="moves by conditional updates only")
    asked_at: Mapped[datetime] = personal(category="usage", keep="requests", purpose="legal", label=_l("Asked for"))
    ready_at: Mapped[datetime | None] = personal(
        category="usage", keep="requests", purpose="legal", label=_l("Ready since")
    )
    expires_at: Mapped[datetime | None] = plain(why="when the files go")
    downloads: Mapped[int] = personal(
        Integer, default=0, category="usage", keep="requests", purpose="legal", label=_l("Downloads")
    )
    records: Mapped[int] = plain(BigInteger, default=0, why="rows inside, shown to the person")
    fault: Mapped[str] = plain(String(200), default="", why="why it failed, in our own words")
    job_id: Mapped[uuid.UUID | None] = plain(Id(), why="the job that builds it, for its progress")
    files: Mapped[dict[str, Any]] = plain(
        Json, default=dict, why="for json, pdf and zip: id of the stored file, bytes, SHA-256"
    )


class DeletionState(StrEnum):
    SCHEDULED = "scheduled"
    PURGING = "purging"
    PURGED = "purged"
    CANCELLED = "cancelled"


OPEN = (DeletionState.SCHEDULED, DeletionState.PURGING)


class Deletion(db.Model):
    """One deletion: scheduled → purging → purged, or scheduled → cancelled. After the purge it is the proof."""

    __tablename__ = "deletion"
    __label__ = _l("Deletions")
    __table_args__ = (
        # Two open deletions of one subject would race for the same rows.
        Index(
            "uq_deletion_open", "subject_kind", "subject_id", unique=True,
            sqlite_where=db.text("state in ('scheduled', 'purging')"),
            postgresql_where=db.text("state in ('scheduled', 'purging')"),
        ),
        Index("ix_deletion_due", "state", "due_at"),
        Index("ix_deletion_subject", "subject_kind", "subject_id", "asked_at"),
    )  # fmt: skip
    __about__ = (
        About("account", by="subject_id", rows=Erase.KEEP, law=PROOF_LAW),
        About("person", by="subject_id", rows=Erase.KEEP, law=PROOF_LAW),
    )
    __retention__ = (
        Keep("requests", anchor="purged_at", why=_l("proof that the deletion was carried out")),
        Keep("requests", anchor="cancelled_at", why=_l("proof that it was asked for and taken back")),
    )

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the deletion")
    reference: Mapped[str] = plain(String(20), unique=True, why="random code that the person has; on the certificate")
    subject_kind: Mapped[str] = plain(String(20), why="account or person")
    subject_id: Mapped[uuid.UUID] = plain(Id(), why="names a row that is gone once purged")
    workspace_id: Mapped[uuid.UUID | None] = plain(Id(), why="the tenant of a person; none for accounts")
    state: Mapped[str] = plain(String(10), default=DeletionState.SCHEDULED, why="moves by conditional updates only")
    asked_at: Mapped[datetime] = personal(
        category="consent", keep="requests", purpose="legal", erase=Erase.KEEP, label=_l("Deletion asked for")
    )
    due_at: Mapped[datetime] = personal(
        category="consent", keep="requests", purpose="legal", erase=Erase.KEEP, label=_l("Deletion due")
    )
    at_once: Mapped[bool] = plain(Boolean, default=False, why="without grace: asked so, or a minor")
    cancelled_at: Mapped[datetime | None] = personal(
        category="consent", keep="requests", purpose="legal", erase=Erase.KEEP, label=_l("Deletion taken back")
    )
    begun_at: Mapped[datetime | None] = plain(why="when the purge began: from here on nobody reads or writes")
    purged_at: Mapped[datetime | None] = plain(why="when the purge was complete; starts the retention clock")
    step: Mapped[str] = plain(String(20), default="", why="the last step of the purge that is done")
    profile: Mapped[str] = plain(String(40), default="logicrm", why="the policy under which it was asked for")
    language: Mapped[str] = plain(String(5), default="", why="language of the certificate")
    facts: Mapped[dict[str, Any]] = plain(
        Json, default=dict, why="counts by class of data, ids of workspaces, end dates"
    )
    sealed: Mapped[bytes | None] = plain(
        LargeBinary, why="AES-256-GCM: addresses for the last notice while the purge runs; emptied once it is sent"
    )
    certificate_hash: Mapped[str] = plain(String(64), default="", index=True, why="SHA-256 of the certificate's link")
    signature: Mapped[str] = plain(String(128), default="", why="Ed25519 over the certificate's data")
    certificate: Mapped[dict[str, Any]] = plain(Json, default=dict, why="what was certified: counts, times, codes")


class DeletionLink(db.Model):
    """A link in a letter that takes a deletion back: one for each known address. Only its hash is kept."""

    __tablename__ = "deletion_link"
    __label__ = _l("Links to take a deletion back")
    __about__ = (
        About("account", via=("deletion_id", "deletion")),
        About("person", via=("deletion_id", "deletion")),
    )
    __retention__ = (Keep("logs", anchor="expires_at", days=1, why=_l("an expired link opens nothing")),)

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the row")
    deletion_id: Mapped[uuid.UUID] = plain(
        Id(), ForeignKey("deletion.id", ondelete="CASCADE"), index=True, why="the deletion"
    )
    token_hash: Mapped[str] = plain(String(64), unique=True, why="SHA-256 of the link's secret")
    expires_at: Mapped[datetime] = personal(
        category="security", keep="logs", purpose="security", label=_l("Link expires")
    )


class RetentionRun(db.Model):
    """One table of one run of the retention engine: what it removed, or why it stopped."""

    __tablename__ = "retention_run"
    __label__ = _l("Runs of deletion by age")
    __table_args__ = (Index("ix_retention_run_executor", "executor", "ran_at"),)
    __retention__ = (
        Keep("logs", anchor="ran_at", days=730, why=_l("shows that rules were carried out, and the usual volume")),
    )

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the line")
    run_id: Mapped[uuid.UUID] = plain(Id(), index=True, why="the run")
    workspace_id: Mapped[uuid.UUID | None] = plain(Id(), why="the tenant; none for global tables")
    executor: Mapped[str] = plain(String(80), why="table and anchor, such as user_session.expires_at")
    data_class: Mapped[str] = plain(String(20), why="class of the profile")
    cutoff: Mapped[datetime] = plain(why="rows with an anchor at or before this were due")
    due: Mapped[int] = plain(BigInteger, default=0, why="rows that were due")
    acted: Mapped[int] = plain(BigInteger, default=0, why="rows deleted or blanked")
    braked: Mapped[bool] = plain(Boolean, default=False, why="stopped: unusually many were due, a human decides")
    action: Mapped[str] = plain(String(10), server_default="delete", why="delete, anonymise or restrict")
    held: Mapped[int] = plain(BigInteger, server_default="0", why="rows that were due and that a hold keeps")
    considered: Mapped[int] = plain(BigInteger, server_default="0", why="rows in the table when it ran")
    oldest_left: Mapped[datetime | None] = plain(why="oldest anchor that stayed, rows under a hold not counted")
    ran_at: Mapped[datetime] = plain(why="when")
