"""Customers: companies, and the people in them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Boolean, ColumnElement, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Keep, personal, plain
from logicrm.core.schema import Id, Json
from logicrm.core.tenancy import InWorkspace, Person, inside
from logicrm.extensions import db

_SORTED = String(120).with_variant(String(120, collation="C"), "postgresql")


class Company(InWorkspace, db.Model):
    """A firm that ships with us, or did. Firms are not data subjects; the people in them are contacts."""

    __tablename__ = "company"
    __label__ = _l("Companies")
    __search__ = ("name", "tax_code", "email", "phone", "city")
    __table_args__ = (
        Index("ix_company_name", "workspace_id", "name_key", "id"),
        Index("ix_company_created", "workspace_id", "created_at", "id"),
        Index("ix_company_tax_code", "workspace_id", "tax_code"),
        Index("ix_company_owner", "owner_id"),
    )

    name: Mapped[str] = plain(String(200), why="names the firm")
    name_key: Mapped[str] = plain(_SORTED, why="the name as it is sorted and found again")
    tax_code: Mapped[str] = plain(String(40), default="", why="printed on invoices")
    email: Mapped[str] = plain(String(254), default="", why="the firm's own address")
    phone: Mapped[str] = plain(String(40), default="", why="the firm's switchboard")
    website: Mapped[str] = plain(String(300), default="", why="the firm's site")
    street: Mapped[str] = plain(String(300), default="", why="the firm's address")
    city: Mapped[str] = plain(String(120), default="", why="the firm's address")
    region: Mapped[str] = plain(String(120), default="", why="the firm's address")
    postcode: Mapped[str] = plain(String(20), default="", why="the firm's address")
    country: Mapped[str] = plain(String(2), default="", why="the firm's address, ISO 3166-1")
    industry: Mapped[str] = plain(String(80), default="", why="what the firm does")
    size: Mapped[str] = plain(String(40), default="", why="how large the firm is")
    note: Mapped[str] = plain(Text, default="", why="about the firm; people are written about at their own page")
    owner_id: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who looks after it"
    )
    created_at: Mapped[datetime] = plain(why="when it was added")
    version: Mapped[int] = plain(Integer, default=1, why="raised by each edit: two editors notice each other")

    __mapper_args__ = {"version_id_col": version}


class Contact(InWorkspace, db.Model):
    """A person at a customer; may open the portal."""

    __tablename__ = "contact"
    __label__ = _l("Customers")
    __about__ = (About("person", by="email"),)
    __retention__ = (Keep("business", anchor="relationship_ended_at"),)
    __search__ = ("first_name", "last_name", "email", "phone", "mobile", "city")
    __table_args__ = (
        inside("company_id", "company"),
        Index("ix_contact_name", "workspace_id", "restricted", "name_key", "id"),
        Index("ix_contact_created", "workspace_id", "restricted", "created_at", "id"),
        Index("ix_contact_company", "workspace_id", "restricted", "company_id", "name_key", "id"),
        Index("ix_contact_email", "workspace_id", "email"),
        Index("ix_contact_phone", "workspace_id", "phone"),
        Index("ix_contact_ended", "workspace_id", "relationship_ended_at", "id"),
        Index("ix_contact_owner", "owner_id"),
    )

    first_name: Mapped[str] = personal(
        String(100), default="", category="identity", keep="business", purpose="service", label=_l("First name")
    )
    last_name: Mapped[str] = personal(
        String(100), default="", category="identity", keep="business", purpose="service", label=_l("Last name")
    )
    job_title: Mapped[str] = personal(
        String(120), default="", category="identity", keep="business", purpose="service", label=_l("Job title")
    )
    email: Mapped[str | None] = personal(
        String(254), category="contact", keep="business", purpose="service", label=_l("E-mail")
    )
    phone: Mapped[str | None] = personal(
        String(40), category="contact", keep="business", purpose="service", label=_l("Phone")
    )
    phone_typed: Mapped[str] = personal(
        String(60),
        default="",
        category="contact",
        keep="business",
        purpose="service",
        label=_l("Phone as it was written"),
    )
    mobile: Mapped[str | None] = personal(
        String(40), category="contact", keep="business", purpose="service", label=_l("Mobile")
    )
    street: Mapped[str] = personal(
        String(300), default="", category="contact", keep="business", purpose="service", label=_l("Street")
    )
    city: Mapped[str] = personal(
        String(120), default="", category="contact", keep="business", purpose="service", label=_l("City")
    )
    region: Mapped[str] = personal(
        String(120), default="", category="contact", keep="business", purpose="service", label=_l("Region")
    )
    postcode: Mapped[str] = personal(
        String(20), default="", category="contact", keep="business", purpose="service", label=_l("Postcode")
    )
    country: Mapped[str] = personal(
        String(2), default="", category="contact", keep="business", purpose="service", label=_l("Country")
    )
    language: Mapped[str] = personal(
        String(5), default="", category="contact", keep="business", purpose="service", label=_l("Language")
    )
    note: Mapped[str] = personal(
        Text, default="", category="communication", keep="business", purpose="service", label=_l("Note")
    )
    tags: Mapped[list[str]] = personal(
        Json, default=list, category="business", keep="business", purpose="service", label=_l("Tags")
    )
    created_at: Mapped[datetime] = personal(category="usage", keep="business", purpose="service", label=_l("Added"))
    last_contact_at: Mapped[datetime] = personal(
        category="communication", keep="business", purpose="service", label=_l("Last contact")
    )
    relationship_ended_at: Mapped[datetime | None] = personal(
        category="business", keep="business", purpose="legal", label=_l("When the business with us ended")
    )
    source_kind: Mapped[str] = personal(
        String(10), default="you", category="business", keep="business", purpose="legal",
        label=_l("How we got it: typed in, imported, or sent by the person"),
    )  # fmt: skip
    import_run_id: Mapped[uuid.UUID | None] = plain(Id(), why="the import that brought it; a run may be gone already")
    company_id: Mapped[uuid.UUID | None] = plain(Id(), why="where the person works")
    owner_id: Mapped[uuid.UUID | None] = plain(
        Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who looks after them"
    )
    name_key: Mapped[str] = personal(
        _SORTED, category="identity", keep="business", purpose="service", export=False, label=_l("Name as it is sorted")
    )
    restricted: Mapped[bool] = plain(
        Boolean, default=False, why="processing is restricted: hidden from lists and search"
    )
    version: Mapped[int] = plain(Integer, default=1, why="raised by each edit: two editors notice each other")

    __mapper_args__ = {"version_id_col": version}

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """Their own record."""
        return cls.email == person.email

    @property
    def name(self) -> str:
        """'Ana Pop', else the e-mail address."""
        return f"{self.first_name} {self.last_name}".strip() or self.email or self.phone_typed or "–"
