"""The register of recipients, and what only the owner knows for the record of processing."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, Integer, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped
from sqlalchemy.sql import ColumnElement

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Erase, personal, plain
from logicrm.core.schema import Id, Json
from logicrm.core.tenancy import InWorkspace, Person
from logicrm.extensions import db


class Recipient(InWorkspace, db.Model):
    """Somebody outside who may receive data: a firm, what it does for us, what protects the data there."""

    __tablename__ = "recipient"
    __label__ = _l("Recipients of data")
    __table_args__ = (Index("ix_recipient_email", "workspace_id", "contact_email"),)
    # The firm stays; somebody whose own address was written down as its mailbox goes out of it.
    __about__ = (About("person", by="contact_email", rows=Erase.BLANK),)

    category: Mapped[str] = plain(String(20), why="which job of the policy: hosting, payments …")
    name: Mapped[str] = plain(String(160), why="name of the firm")
    role: Mapped[str] = plain(String(12), why="processor, joint controller, or one that answers for the data itself")
    country: Mapped[str] = plain(String(2), default="", why="where the data lies then; empty: the home country")
    mechanism: Mapped[str] = plain(String(20), why="what protects data that travels there")
    data: Mapped[list[str]] = plain(Json, default=list, why="which categories of data it receives")
    hosts: Mapped[list[str]] = plain(Json, default=list, why="names of its servers, which the gate lets through")
    contract_on: Mapped[date | None] = plain(why="the day of the contract")
    contract_ends: Mapped[date | None] = plain(why="the day on which it ends; none: until it is given notice")
    contract_file_id: Mapped[uuid.UUID | None] = plain(Id(), why="the stored contract")
    secrecy_on: Mapped[date | None] = plain(why="the day on which it confirmed that it keeps the data secret")
    contact_email: Mapped[str] = personal(
        String(254), default="", category="contact", keep="account", purpose="legal",
        label=_l("Address to which a firm wants to be told of corrections"),
    )  # fmt: skip
    ended_on: Mapped[date | None] = plain(why="since when it receives nothing any more")
    revision: Mapped[int] = plain(Integer, default=1, why="raised by each save; a save over another one's is refused")
    changed_at: Mapped[datetime] = plain(why="when it was edited last")
    changed_by: Mapped[uuid.UUID | None] = plain(Id(), why="id of who edited last; means nothing once they are purged")

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """What the person in the portal does may need a server outside, and the gate must know it."""
        return true()


class ProcessingRecord(InWorkspace, db.Model):
    """What no program can know for the record of processing. At most one row of a workspace."""

    __tablename__ = "processing_record"
    __label__ = _l("Answers for the record of processing")
    __table_args__ = (UniqueConstraint("workspace_id"),)

    texts: Mapped[dict[str, Any]] = plain(
        Json,
        default=dict,
        why="offices and who holds them, which the law wants named (GDPR Art. 30(1)(a)); assessments",
    )
    public_names: Mapped[int] = plain(Integer, default=0, why="1: the policy page names the firms, not only their jobs")
    revision: Mapped[int] = plain(Integer, default=1, why="raised by each save; a save over another one's is refused")
    changed_at: Mapped[datetime] = plain(why="when it was edited last")
    changed_by: Mapped[uuid.UUID | None] = plain(Id(), why="id of who edited last; means nothing once they are purged")
