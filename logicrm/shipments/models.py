"""Shipments, their pieces, what happened to them, and the public way to them."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import LazyString
from sqlalchemy import (
    Boolean,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, MappedColumn

from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, Erase, personal, plain
from logicrm.core.schema import Id
from logicrm.core.tenancy import InWorkspace, Person, inside
from logicrm.customers.models import Contact
from logicrm.extensions import db

#: `due_at` of a shipment without any promise: it sorts last and is never late.
NEVER = datetime(9000, 1, 1, tzinfo=UTC)


def _sender(size: int, category: str, label: LazyString) -> MappedColumn[Any]:
    return personal(
        String(size), default="", category=category, keep="business", part="sender", purpose="service", label=label
    )


def _recipient(size: int, category: str, label: LazyString) -> MappedColumn[Any]:
    return personal(
        String(size), default="", category=category, keep="business", part="recipient", purpose="service", label=label
    )


def _said(kind: Any, category: str, label: LazyString) -> MappedColumn[Any]:
    """Words about the shipment in which somebody may have named a person."""
    return personal(kind, default="", category=category, keep="business", purpose="service", label=label)


class Shipment(InWorkspace, db.Model):
    """What travels from a sender to a recipient under one waybill. Its status is what its events add up to."""

    __tablename__ = "shipment"
    __label__ = _l("Shipments")
    # The business keeps the shipment without the person: figures and the other party's record stay whole.
    __about__ = (
        About("person", by="sender_email", part="sender", rows=Erase.BLANK),
        About("person", by="recipient_email", part="recipient", rows=Erase.BLANK),
        About("person", via=("contact_id", "contact"), rows=Erase.BLANK),
    )
    __search__ = (
        "waybill_number", "references", "recipient_name", "recipient_company", "recipient_email", "recipient_phone",
        "recipient_city", "sender_name", "sender_company", "sender_email",
    )  # fmt: skip
    # One index per offered sort, and per filter with the sorts that go with it (speed: a page is a range of one index).
    __table_args__ = (
        inside("contact_id", "contact"),
        inside("company_id", "company"),
        Index("uq_shipment_number", "workspace_id", "waybill_number", unique=True),
        Index("ix_shipment_created", "workspace_id", "restricted", "id"),
        Index("ix_shipment_due", "workspace_id", "restricted", "due_at", "id"),
        Index("ix_shipment_news", "workspace_id", "restricted", "status_at", "id"),
        Index("ix_shipment_status_created", "workspace_id", "restricted", "status", "id"),
        Index("ix_shipment_status_due", "workspace_id", "restricted", "status", "due_at", "id"),
        Index("ix_shipment_status_news", "workspace_id", "restricted", "status", "status_at", "id"),
        Index("ix_shipment_late", "workspace_id", "restricted", "late_from", "id"),
        Index("ix_shipment_attention", "workspace_id", "restricted", "attention_at", "id"),
        Index("ix_shipment_contact", "workspace_id", "contact_id", "id"),
        Index("ix_shipment_company", "workspace_id", "company_id", "id"),
        Index("ix_shipment_sender_email", "workspace_id", "sender_email"),
        Index("ix_shipment_recipient_email", "workspace_id", "recipient_email"),
        Index("ix_shipment_created_by", "created_by"),
    )

    waybill_number: Mapped[str] = plain(String(30), why="names the shipment on paper, at the scanner, in the search")
    tracking_key: Mapped[str] = plain(String(32), why="secret of the public page: 128 random bits, printed as QR code")
    contact_id: Mapped[uuid.UUID | None] = personal(
        Id(), category="business", keep="business", purpose="service", label=_l("Customer record that it belongs to")
    )
    company_id: Mapped[uuid.UUID | None] = plain(Id(), why="the customer's firm; firms are not data subjects")

    sender_name: Mapped[str] = _sender(200, "identity", _l("Sender"))
    sender_company: Mapped[str] = _sender(200, "identity", _l("Sender's company"))
    sender_street: Mapped[str] = _sender(300, "contact", _l("Sender's street"))
    sender_city: Mapped[str] = _sender(120, "contact", _l("Sender's city"))
    sender_postcode: Mapped[str] = _sender(20, "contact", _l("Sender's postcode"))
    sender_country: Mapped[str] = _sender(2, "contact", _l("Sender's country"))
    sender_phone: Mapped[str] = _sender(40, "contact", _l("Sender's phone"))
    sender_email: Mapped[str] = _sender(254, "contact", _l("Sender's e-mail"))

    recipient_name: Mapped[str] = _recipient(200, "identity", _l("Recipient"))
    recipient_company: Mapped[str] = _recipient(200, "identity", _l("Recipient's company"))
    recipient_street: Mapped[str] = _recipient(300, "contact", _l("Recipient's street"))
    recipient_city: Mapped[str] = _recipient(120, "contact", _l("Recipient's city"))
    recipient_postcode: Mapped[str] = _recipient(20, "contact", _l("Recipient's postcode"))
    recipient_country: Mapped[str] = _recipient(2, "contact", _l("Recipient's country"))
    recipient_phone: Mapped[str] = _recipient(40, "contact", _l("Recipient's phone"))
    recipient_email: Mapped[str] = _recipient(254, "contact", _l("Recipient's e-mail"))

    goods: Mapped[str] = _said(String(500), "business", _l("Description of the goods"))
    service: Mapped[str] = plain(String(60), default="", why="how it travels: express, economy …")
    incoterm: Mapped[str] = plain(String(3), default="", why="who bears cost and risk (Incoterms 2020)")
    references: Mapped[str] = _said(String(200), "business", _l("Customer's references"))
    instructions: Mapped[str] = _said(Text, "communication", _l("Instructions for the driver"))

    promised_on: Mapped[date | None] = plain(why="the day that was promised, in the workspace's zone")
    eta_first: Mapped[datetime | None] = plain(why="the first expected delivery: what the difference is counted from")
    eta_latest: Mapped[datetime | None] = plain(why="the expected delivery as we know it now")
    due_at: Mapped[datetime] = plain(default=NEVER, why="after this moment it is late; sorts the list")
    late_from: Mapped[datetime | None] = plain(why="due_at while it is open, so that late ones are a range of an index")
    attention_at: Mapped[datetime | None] = plain(why="since when somebody should look: an exception, or late")

    status: Mapped[str] = plain(String(20), why="what its events add up to")
    status_at: Mapped[datetime] = plain(why="since when it has this status")
    reason: Mapped[str] = plain(String(20), default="", why="what is behind an exception")
    must_act: Mapped[str] = plain(String(20), default="", why="who has to act next")
    delivered_at: Mapped[datetime | None] = plain(why="when it was delivered, for on-time figures")

    created_by: Mapped[uuid.UUID | None] = plain(Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who made it")
    created_at: Mapped[datetime] = plain(why="when it was registered")
    restricted: Mapped[bool] = plain(Boolean, default=False, why="processing is restricted: hidden from lists")
    total_weight_kg: Mapped[Decimal] = plain(Numeric(10, 3), default=Decimal(0), why="sum of the pieces, in kilograms")
    pieces_count: Mapped[int] = plain(Integer, default=0, why="number of pieces, shown in the list")

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """What they send, what they receive, and what belongs to their customer record."""
        return _own(cls, person)


def _own(shipment: Any, person: Person) -> ColumnElement[bool]:
    """By the parties' addresses, or by the customer record with theirs (read past the ORM: it is narrowed itself)."""
    contact = Contact.__table__.alias()
    records = select(contact.c.id).where(
        contact.c.email == person.email, contact.c.workspace_id == shipment.workspace_id
    )
    return or_(
        shipment.recipient_email == person.email,
        shipment.sender_email == person.email,
        shipment.contact_id.in_(records),
    )


def _theirs(cls: Any, person: Person) -> ColumnElement[bool]:
    """Rows whose shipment is theirs. An alias of the bare table: the criteria must not narrow themselves."""
    s = Shipment.__table__.alias()
    return cls.shipment_id.in_(select(s.c.id).where(_own(s.c, person), s.c.workspace_id == cls.workspace_id))


class ShipmentPiece(InWorkspace, db.Model):
    """One parcel, pallet or drum of a shipment."""

    __tablename__ = "shipment_piece"
    __label__ = _l("Pieces of shipments")
    __table_args__ = (
        inside("shipment_id", "shipment", ondelete="CASCADE"),
        Index("ix_shipment_piece", "workspace_id", "shipment_id", "number"),
    )
    __about__ = (About("person", via=("shipment_id", "shipment"), rows=Erase.BLANK),)

    shipment_id: Mapped[uuid.UUID] = plain(Id(), why="the shipment")
    number: Mapped[int] = plain(Integer, why="1, 2, 3 … as on the label")
    description: Mapped[str] = _said(String(200), "business", _l("What is in the piece"))
    weight_kg: Mapped[Decimal | None] = plain(Numeric(10, 3), why="weight in kilograms")
    length_cm: Mapped[Decimal | None] = plain(Numeric(8, 1), why="length in centimetres")
    width_cm: Mapped[Decimal | None] = plain(Numeric(8, 1), why="width in centimetres")
    height_cm: Mapped[Decimal | None] = plain(Numeric(8, 1), why="height in centimetres")

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """The pieces of their shipments."""
        return _theirs(cls, person)


class TrackingEvent(InWorkspace, db.Model):
    """Something that happened to a shipment. Never changed: a correction is a new event that names the old one."""

    __tablename__ = "tracking_event"
    __label__ = _l("Tracking events")
    __table_args__ = (
        inside("shipment_id", "shipment", ondelete="CASCADE"),
        inside("corrects_id", "tracking_event"),
        Index("ix_tracking_event", "workspace_id", "shipment_id", "occurred_at", "id"),
        Index("uq_tracking_event_key", "workspace_id", "shipment_id", "idempotency_key", unique=True),
        Index("uq_tracking_event_corrects", "workspace_id", "corrects_id", unique=True),
        Index("ix_tracking_event_actor", "actor_id"),
    )
    __about__ = (About("person", via=("shipment_id", "shipment"), rows=Erase.BLANK),)

    shipment_id: Mapped[uuid.UUID] = plain(Id(), why="the shipment")
    occurred_at: Mapped[datetime] = plain(why="when it happened; orders the events")
    offset_minutes: Mapped[int] = plain(Integer, default=0, why="the sender's offset from UTC, as it was said")
    received_at: Mapped[datetime] = plain(why="when we heard of it")
    code: Mapped[str] = plain(String(60), default="", why="the carrier's or our code for it")
    description: Mapped[str] = _said(String(500), "communication", _l("What happened, in words"))
    status: Mapped[str] = plain(String(20), why="what it says about the shipment")
    reason: Mapped[str] = plain(String(20), default="", why="what is behind an exception")
    must_act: Mapped[str] = plain(String(20), default="", why="who has to act next")
    place: Mapped[str] = _said(String(200), "location", _l("Where it happened"))
    latitude: Mapped[Decimal | None] = personal(
        Numeric(9, 6), category="location", keep="location", purpose="service", label=_l("Latitude")
    )
    longitude: Mapped[Decimal | None] = personal(
        Numeric(9, 6), category="location", keep="location", purpose="service", label=_l("Longitude")
    )
    source: Mapped[str] = plain(String(10), why="person, carrier, gps, rfid, image")
    actor_id: Mapped[uuid.UUID | None] = plain(Id(), ForeignKey("user.id", ondelete="SET NULL"), why="who added it")
    public: Mapped[bool] = plain(Boolean, default=True, why="whether recipients may see it")
    idempotency_key: Mapped[str | None] = plain(String(100), why="the same message twice is one event")
    corrects_id: Mapped[uuid.UUID | None] = plain(Id(), why="the event that this one takes the place of")
    raw_code: Mapped[str] = plain(String(100), default="", why="the status or code exactly as the carrier sent it")
    raw_text: Mapped[str] = _said(String(1000), "communication", _l("The carrier's own words"))

    @classmethod
    def portal_scope(cls, person: Person) -> ColumnElement[bool]:
        """Public events of their shipments, and of those only what still stands."""
        return cls.public.is_(True) & _theirs(cls, person)


class TrackingLink(db.Model):
    """Where a tracking key leads. Read before any workspace is entered, so it is not narrowed to one."""

    __tablename__ = "tracking_link"
    __label__ = _l("Tracking pages")
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "shipment_id"], ["shipment.workspace_id", "shipment.id"], ondelete="CASCADE"
        ),
        Index("ix_tracking_link_shipment", "workspace_id", "shipment_id"),
        Index("ix_tracking_link_number", "waybill_number"),
    )

    key_hash: Mapped[str] = plain(String(64), primary_key=True, why="SHA-256 of the tracking key")
    workspace_id: Mapped[uuid.UUID] = plain(Id(), why="whose shipment it is")
    shipment_id: Mapped[uuid.UUID] = plain(Id(), why="the shipment")
    waybill_number: Mapped[str] = plain(String(30), why="the number that people type at the public form")
