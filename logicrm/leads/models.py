"""Leads: people whom we may win as customers, and how to reach them."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Boolean, ForeignKey, Index, Integer, Numeric, String, Text
from sqlalchemy.orm import Mapped

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Id, Json
from logicrm.core.tenancy import InWorkspace, inside
from logicrm.extensions import db
from logicrm.leads.pipelines import sums
from logicrm.leads.pipelines.models import Pipeline, Stage, StageSum

#: Sorts after every real key: leads without a company come last.
LAST = "\uffff"


class Lead(InWorkspace, db.Model):
    """Somebody who may become a customer."""

    __tablename__ = "lead"
    __label__ = _l("Leads")
    __about__ = (About("person", by="email"),)
    __retention__ = (Keep("leads", anchor="cold_from"),)
    __search__ = ("first_name", "last_name", "company", "email", "phone", "mobile", "city", "tags")
    # One index per offered sort (key, id), and per filter with the sorts that go with it. Each page is a range of
    # one of them, whatever its depth (restricted people are left out by the index itself); `position` is the order
    # inside a column of the board.
    __table_args__ = (
        inside("stage_id", "stage"),
        inside("contact_id", "contact", ondelete="CASCADE"),
        inside("company_id", "company"),
        Index("ix_lead_name", "workspace_id", "restricted", "name_key", "id"),
        Index("ix_lead_company", "workspace_id", "restricted", "company_key", "id"),
        Index("ix_lead_value", "workspace_id", "restricted", "value_amount", "id"),
        Index("ix_lead_created", "workspace_id", "restricted", "created_at", "id"),
        Index("ix_lead_contacted", "workspace_id", "restricted", "last_contact_at", "id"),
        Index("ix_lead_board", "workspace_id", "restricted", "stage_id", "position", "id"),
        Index("ix_lead_board_owner", "workspace_id", "restricted", "owner_id", "stage_id", "position", "id"),
        Index("ix_lead_stage_name", "workspace_id", "restricted", "stage_id", "name_key", "id"),
        Index("ix_lead_stage_value", "workspace_id", "restricted", "stage_id", "value_amount", "id"),
        Index("ix_lead_stage_created", "workspace_id", "restricted", "stage_id", "created_at", "id"),
        Index("ix_lead_stage_contacted", "workspace_id", "restricted", "stage_id", "last_contact_at", "id"),
        Index("ix_lead_owner_name", "workspace_id", "restricted", "owner_id", "name_key", "id"),
        Index("ix_lead_owner_value", "workspace_id", "restricted", "owner_id", "value_amount", "id"),
        Index("ix_lead_owner_created", "workspace_id", "restricted", "owner_id", "created_at", "id"),
        Index("ix_lead_source_created", "workspace_id", "restricted", "source", "created_at", "id"),
        Index("ix_lead_email", "workspace_id", "email"),
        Index("ix_lead_phone", "workspace_id", "phone"),
        Index("ix_lead_mobile", "workspace_id", "mobile"),
        Index("ix_lead_external", "workspace_id", "external_id"),
        Index("ix_lead_contact", "workspace_id", "contact_id"),
        Index("ix_lead_customer", "workspace_id", "company_id"),
        Index("ix_lead_import", "workspace_id", "import_run_id"),
        Index("ix_lead_cold", "workspace_id", "cold_from", "id"),
        Index("ix_lead_owner", "owner_id"),
    )

    first_name: Mapped[str] = personal(
        String(100), default="", category="identity", keep="leads", purpose="service", label=_l("First name")
    )
    last_name: Mapped[str] = personal(
        String(100), default="", category="identity", keep="leads", purpose="service", label=_l("Last name")
    )
    company: Mapped[str] = personal(
        String(200), default="", category="identity", keep="leads", purpose="service", label=_l("Company")
    )
    job_title: Mapped[str] = personal(
        String(120), default="", category="identity", keep="leads", purpose="service", label=_l("Job title")
    )
    email: Mapped[str | None] = personal(
        String(254), category="contact", keep="leads", purpose="service", label=_l("E-mail")
    )
    phone: Mapped[str | None] = personal(
        String(40), category="contact", keep="leads", purpose="service", label=_l("Phone")
    )
    phone_typed: Mapped[str] = personal(
        String(60), default="", category="contact", keep="leads", purpose="service", label=_l("Phone as it was written")
    )
    mobile: Mapped[str | None] = personal(
        String(40), category="contact", keep="leads", purpose="service", label=_l("Mobile")
    )
    website: Mapped[str] = personal(
        String(300), default="", category="contact", keep="leads", purpose="service", label=_l("Website")
    )
    street: Mapped[str] = personal(
        String(300), default="", category="contact", keep="leads", purpose="service", label=_l("Street")
    )
    city: Mapped[str] = personal(
        String(120), default="", category="contact", keep="leads", purpose="service", label=_l("City")
    )
    region: Mapped[str] = personal(
        String(120), default="", category="contact", keep="leads", purpose="service", label=_l("Region")
    )
    postcode: Mapped[str] = personal(
        String(20), default="", category="contact", keep="leads", purpose="service", label=_l("Postcode")
    )
    country: Mapped[str] = personal(
        String(2), default="", category="contact", keep="leads", purpose="service", label=_l("Country")
    )
    source: Mapped[str] = personal(
        String(60),
        default="",
        category="business",
        keep="leads",
        purpose="service",
        label=_l("Where the lead came from"),
    )
    industry: Mapped[str] = personal(
        String(80), default="", category="business", keep="leads", purpose="service", label=_l("Industry")
    )
    company_size: Mapped[str] = personal(
        String(40), default="", category="business", keep="leads", purpose="service", label=_l("Size of the company")
    )
    tax_code: Mapped[str] = personal(
        String(40), default="", category="business", keep="leads", purpose="service", label=_l("Tax code")
    )
    value_amount: Mapped[Decimal | None] = personal(
        Numeric(14, 2), category="business", keep="leads", purpose="service", label=_l("Expected value")
    )
    currency: Mapped[str] = plain(String(3), default="", why="ISO 4217 of the value")
    note: Mapped[str] = personal(
        Text, default="", category="communication", keep="leads", purpose="service", label=_l("Note")
    )
    tags: Mapped[list[str]] = personal(
        Json, default=list, category="business", keep="leads", purpose="service", label=_l("Tags")
    )
    external_id: Mapped[str | None] = personal(
        String(120), category="business", keep="leads", purpose="service", label=_l("Number in another program")
    )
    next_step: Mapped[str] = personal(
        String(200), default="", category="business", keep="leads", purpose="service", label=_l("Next step")
    )
    next_task_at: Mapped[datetime | None] = plain(why="when the first open task is due")
    last_contact_at: Mapped[datetime] = personal(
        category="communication", keep="leads", purpose="service", label=_l("Last contact")
    )
    created_at: Mapped[datetime] = personal(category="usage", keep="leads", purpose="service", label=_l("Added"))
    converted_at: Mapped[datetime | None] = personal(
        category="business", keep="leads", purpose="service", label=_l("Became a customer")
    )

    stage_id: Mapped[uuid.UUID] = plain(Id(), why="where in the pipeline it is")
    stage_since: Mapped[datetime] = plain(why="time in the stage")
    position: Mapped[str] = plain(
        String(80).with_variant(String(80, collation="C"), "postgresql"),
        why="order inside the stage: between any two keys there is another (board/ranks.py)",
    )
    owner_id: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who looks after it"
    )
    score: Mapped[int | None] = plain(Integer, why="no scoring yet; off where the profile forbids profiling")
    contact_id: Mapped[uuid.UUID | None] = plain(Id(), why="the customer that it became")
    company_id: Mapped[uuid.UUID | None] = plain(Id(), why="the customer's company")
    name_key: Mapped[str] = personal(
        String(120).with_variant(String(120, collation="C"), "postgresql"),
        category="identity", keep="leads", purpose="service", export=False, label=_l("Name as it is sorted"),
    )  # fmt: skip
    company_key: Mapped[str] = personal(
        String(120).with_variant(String(120, collation="C"), "postgresql"), default=LAST,
        category="identity", keep="leads", purpose="service", export=False, label=_l("Company as it is sorted"),
    )  # fmt: skip
    source_kind: Mapped[str] = personal(
        String(10), default="you", category="business", keep="leads", purpose="legal",
        label=_l("How we got it: typed in, imported, or sent by the person"),
    )  # fmt: skip
    import_run_id: Mapped[uuid.UUID | None] = plain(Id(), why="the import that brought it; a run may be gone already")
    restricted: Mapped[bool] = plain(
        Boolean, default=False, why="processing is restricted: hidden from lists and search"
    )
    cold_from: Mapped[datetime | None] = plain(
        why="starts the retention clock of leads: the last contact; empty once converted, the contact's clock counts"
    )
    version: Mapped[int] = plain(Integer, default=1, why="raised by each edit: two editors notice each other")

    __mapper_args__ = {"version_id_col": version}

    @property
    def name(self) -> str:
        """How the lead is called on pages: the person's name, else the company, else the address."""
        return display_name(self.first_name, self.last_name, self.company, self.email)


class LeadAddress(InWorkspace, db.Model):
    """A further e-mail address or phone of a lead. A table, so that duplicates and erasure find it by index."""

    __tablename__ = "lead_address"
    __label__ = _l("Further addresses of leads")
    __table_args__ = (
        inside("lead_id", "lead", ondelete="CASCADE"),
        Index("ix_lead_address_value", "workspace_id", "kind", "value"),
        Index("ix_lead_address_lead", "workspace_id", "lead_id"),
    )
    __about__ = (About("person", via=("lead_id", "lead")),)

    lead_id: Mapped[uuid.UUID] = plain(Id(), why="whose")
    kind: Mapped[str] = plain(String(5), why="email or phone")
    value: Mapped[str] = personal(
        String(254), category="contact", keep="leads", purpose="service", label=_l("Further e-mail or phone")
    )


def display_name(first_name: str, last_name: str, company: str, email: str | None) -> str:
    """'Ana Pop', else the company, else the e-mail address, else a dash."""
    return f"{first_name} {last_name}".strip() or company or email or "–"


sums.install(Lead.__table__)  # type: ignore[arg-type]

__all__ = ["LAST", "Lead", "LeadAddress", "Pipeline", "Stage", "StageSum", "display_name"]
