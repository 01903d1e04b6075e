"""Holds on data that would otherwise go, warnings before an unused account goes, and rules let past the brake."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Id, new_id
from logicrm.core.tenancy import InWorkspace, inside
from logicrm.extensions import db

RECORD, SUBJECT, CLASS = "record", "subject", "class"


class LegalHold(InWorkspace, db.Model):
    """An order that something stays for the time being: one record, one person's data, or one class of data.

    It says why, who set it, and until when at the latest. A hold that is over stays as proof.
    """

    __tablename__ = "legal_hold"
    __label__ = _l("Legal holds")
    __table_args__ = (Index("ix_legal_hold_until", "workspace_id", "until"),)
    __retention__ = (Keep("requests", anchor="until", why=_l("proof of why something was kept longer")),)

    scope: Mapped[str] = plain(String(10), why="record, subject or class")
    table_name: Mapped[str] = plain(String(60), default="", why="table of the record")
    record_id: Mapped[uuid.UUID | None] = plain(Id(), why="the record")
    subject_kind: Mapped[str] = plain(String(20), default="", why="account or person")
    subject_id: Mapped[uuid.UUID | None] = plain(Id(), index=True, why="whose data; says nothing once they are erased")
    data_class: Mapped[str] = plain(String(20), default="", why="class of the policy")
    ground: Mapped[str] = plain(String(20), why="a word of HOLD_GROUNDS: claim, authority, audit")
    reason: Mapped[str] = plain(String(300), why="number of the case and our own words; the form asks for no names")
    set_by: Mapped[uuid.UUID | None] = plain(Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who set it")
    set_at: Mapped[datetime] = plain(why="when it was set")
    until: Mapped[date] = plain(why="its last day in the workspace's zone; earlier when it was lifted")
    lifted_at: Mapped[datetime | None] = plain(why="when somebody lifted it")
    lifted_by: Mapped[uuid.UUID | None] = plain(Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who lifted it")
    lift_reason: Mapped[str] = plain(String(300), default="", why="why it was lifted, our own words")


class HeldRow(InWorkspace, db.Model):
    """A row that a hold keeps, and the rows that it cannot be without. `act`: what an erasure left undone."""

    __tablename__ = "held_row"
    __label__ = _l("Records that a legal hold keeps")
    __table_args__ = (
        inside("hold_id", "legal_hold", ondelete="CASCADE"),
        UniqueConstraint("workspace_id", "hold_id", "table_name", "row_id"),
        Index("ix_held_row_row", "table_name", "row_id"),
    )

    hold_id: Mapped[uuid.UUID] = plain(Id(), why="the hold")
    table_name: Mapped[str] = plain(String(60), why="table of the row")
    row_id: Mapped[uuid.UUID] = plain(Id(), why="the row")
    act: Mapped[str] = plain(String(60), default="", why="delete, or blank:PART: done once no hold keeps the row")


class AccountWarning(db.Model):
    """A letter that an account is about to go because nobody uses it. Signing in deletes the row."""

    __tablename__ = "account_warning"
    __label__ = _l("Warnings before an unused account goes")
    __table_args__ = (UniqueConstraint("user_id", "unused_since", "days"),)
    __about__ = (About("account", by="user_id"),)
    __retention__ = (Keep("logs", anchor="sent_at", days=365, why=_l("shows that people were warned")),)

    id: Mapped[uuid.UUID] = plain(primary_key=True, default=new_id, why="names the warning")
    user_id: Mapped[uuid.UUID] = plain(Id(), ForeignKey("user.id", ondelete="CASCADE"), why="whose account")
    unused_since: Mapped[datetime] = personal(
        category="usage", keep="logs", purpose="service", label=_l("Account unused since")
    )
    days: Mapped[int] = plain(Integer, why="how many days before the end")
    sent_at: Mapped[datetime] = personal(category="usage", keep="logs", purpose="service", label=_l("Warned on"))


class RetentionRelease(InWorkspace, db.Model):
    """Somebody looked at a rule that stopped at an unusual volume, and let it run, once."""

    __tablename__ = "retention_release"
    __label__ = _l("Rules that somebody let run")
    __table_args__ = (Index("ix_retention_release_executor", "workspace_id", "executor"),)
    __retention__ = (Keep("requests", anchor="used_at", why=_l("proof of who decided on an unusual removal")),)

    executor: Mapped[str] = plain(String(80), why="the rule")
    due: Mapped[int] = plain(BigInteger, why="rows that were due when they decided; many more stop it again")
    reason: Mapped[str] = plain(String(300), why="why it may run, our own words")
    released_by: Mapped[uuid.UUID | None] = plain(Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who decided")
    released_at: Mapped[datetime] = plain(why="when")
    used_at: Mapped[datetime | None] = plain(why="when the rule ran by it; a second run needs a second decision")
