"""What is said of a shipment before it is one: plain values, without a database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

PARTY_FIELDS = ("name", "company", "street", "city", "postcode", "country", "phone", "email")


@dataclass(frozen=True)
class Party:
    """Who sends or receives. `country` is ISO 3166-1 alpha-2; the e-mail in small letters."""

    name: str = ""
    company: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class Piece:
    """One parcel, pallet or drum. Kilograms and centimetres; None means not measured."""

    description: str = ""
    weight_kg: Decimal | None = None
    length_cm: Decimal | None = None
    width_cm: Decimal | None = None
    height_cm: Decimal | None = None


@dataclass(frozen=True)
class Details:
    """All that a person fills in. `eta` is the moment by which it should be there, `promised_on` the promised day."""

    sender: Party = Party()
    recipient: Party = Party()
    pieces: tuple[Piece, ...] = ()
    goods: str = ""
    service: str = ""
    incoterm: str = ""
    references: str = ""
    instructions: str = ""
    promised_on: date | None = None
    eta: datetime | None = None
    contact_id: uuid.UUID | None = None
    company_id: uuid.UUID | None = None
    waybill_number: str = ""


@dataclass(frozen=True)
class NewEvent:
    """Something that happened. `occurred_at` is aware; its offset is kept as it was said."""

    occurred_at: datetime
    status: str
    code: str = ""
    description: str = ""
    reason: str = ""
    must_act: str = ""
    place: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    source: str = "person"
    public: bool = True
    idempotency_key: str | None = None
    raw_code: str = ""
    raw_text: str = ""
    extra: dict[str, str] = field(default_factory=dict, compare=False)
