"""Reading shipments: the list, one of them, and who could be the customer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from logicrm.accounts.models import User
from logicrm.core import keyset, search
from logicrm.customers.models import Company, Contact
from logicrm.extensions import db
from logicrm.shipments import numbers
from logicrm.shipments.models import Shipment, ShipmentPiece, TrackingEvent
from logicrm.shipments.statuses import Status

SORTS = ("created", "due", "news")
FOUND_AT_MOST = 500
COLUMNS = (
    Shipment.id, Shipment.waybill_number, Shipment.recipient_name, Shipment.recipient_company, Shipment.recipient_city,
    Shipment.recipient_country, Shipment.sender_name, Shipment.sender_company, Shipment.sender_city, Shipment.status,
    Shipment.status_at, Shipment.reason, Shipment.must_act, Shipment.promised_on, Shipment.eta_latest, Shipment.due_at,
    Shipment.late_from, Shipment.pieces_count, Shipment.total_weight_kg, Shipment.references, Shipment.created_at,
    Contact.first_name.label("contact_first"), Contact.last_name.label("contact_last"),
    Company.name.label("company_name"),
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What of the list somebody asked for. `view`: "", "attention" or "late" (each has its own order)."""

    words: str = ""
    view: str = ""
    status: Status | None = None
    contact_id: uuid.UUID | None = None
    company_id: uuid.UUID | None = None
    sort: str = "created"
    descending: bool = True
    cursor: keyset.Cursor | None = None


def list_shipments(wanted: Wanted, *, now: datetime) -> keyset.Page:
    """One page of shipments (rows of COLUMNS): one statement, whatever the depth."""
    words = wanted.words.strip()
    searched = search.among(Shipment, "shipment", words, limit=FOUND_AT_MOST) if words else (Shipment, {})
    if searched is None:
        return keyset.Page([], 0, None, None)
    shipment, params = searched
    values = {name: getattr(wanted, name) for name in FILTERS if getattr(wanted, name)}
    if wanted.status is not None:
        values["status"] = str(wanted.status)
    descending = wanted.descending and wanted.view not in ("attention", "late")  # what waits longest comes first
    return keyset.read(
        _listing, shipment, tuple(values), wanted.view, wanted.sort, params=params | values | {"now": now},
        cursor=wanted.cursor, descending=descending, counted=True,
    )  # fmt: skip


#: Filters of the list that compare one column, called the same in Wanted.
FILTERS = ("status", "contact_id", "company_id")


def _listing(shipment: Any, active: tuple[str, ...], view: str, sort: str) -> keyset.Listing:
    """The list in one order; each order has its index."""
    where = [shipment.restricted.is_(False), *(getattr(shipment, n) == bindparam(n) for n in active)]
    due = {"attention": shipment.attention_at, "late": shipment.late_from}.get(view)
    keys: dict[str, tuple[Any, ...]] = {
        "due": (shipment.due_at, shipment.id),
        "news": (shipment.status_at, shipment.id),
    }
    if due is not None:
        where.append(due < bindparam("now"))
    return keyset.Listing(
        COLUMNS,
        (keyset.Segment(view or sort, (), keys.get(sort, (shipment.id,)) if due is None else (due, shipment.id)),),
        tuple(where),
        ((Contact, Contact.id == Shipment.contact_id), (Company, Company.id == Shipment.company_id)),
    )


def customer_name(contact_id: uuid.UUID | None, company_id: uuid.UUID | None) -> str:
    """The customer's name for a filter's chip; '' when there is none here."""
    if contact_id is not None:
        person = db.session.scalar(select(Contact).where(Contact.id == contact_id))
        return person.name if person else ""
    if company_id is not None:
        return db.session.scalar(select(Company.name).where(Company.id == company_id)) or ""
    return ""


# Statements of one shipment's page, built once.
_ONE = select(Shipment).where(Shipment.id == bindparam("id"))
_CUSTOMER = (
    select(Contact, Company)
    .select_from(Shipment)
    .outerjoin(Contact, Contact.id == Shipment.contact_id)
    .outerjoin(Company, Company.id == Shipment.company_id)
    .where(Shipment.id == bindparam("id"))
)
_PIECES = select(ShipmentPiece).where(ShipmentPiece.shipment_id == bindparam("id")).order_by(ShipmentPiece.number)
_EVENTS = (
    select(TrackingEvent, User.name.label("who"))
    .outerjoin(User, User.id == TrackingEvent.actor_id)
    .where(TrackingEvent.shipment_id == bindparam("id"))
    .order_by(TrackingEvent.occurred_at.desc(), TrackingEvent.id.desc())
)
_PUBLIC_EVENTS = _EVENTS.where(TrackingEvent.public.is_(True))


def shipment(shipment_id: uuid.UUID) -> Shipment | None:
    """One shipment of this workspace, or None."""
    return db.session.scalar(_ONE, {"id": shipment_id})


def by_number(text: str) -> Shipment | None:
    """The shipment of a whole waybill number as somebody typed or scanned it, or None."""
    number = numbers.clean(text)
    return db.session.scalar(select(Shipment).where(Shipment.waybill_number == number)) if number else None


def customer_of(one: Shipment) -> tuple[Contact | None, Company | None]:
    """The shipment's contact and company, in one statement."""
    if one.contact_id is None and one.company_id is None:
        return None, None
    row = db.session.execute(_CUSTOMER, {"id": one.id}).first()
    return (row[0], row[1]) if row else (None, None)


def pieces_of(shipment_id: uuid.UUID) -> Sequence[ShipmentPiece]:
    """The pieces in the order of their numbers."""
    return db.session.scalars(_PIECES, {"id": shipment_id}).all()


def events_of(shipment_id: uuid.UUID, *, public_only: bool = False) -> list[tuple[TrackingEvent, str | None]]:
    """Events with the name of whoever added them, newest first: rows of (TrackingEvent, who)."""
    found = db.session.execute(_PUBLIC_EVENTS if public_only else _EVENTS, {"id": shipment_id})
    return [(event, who) for event, who in found]


def event(event_id: uuid.UUID) -> TrackingEvent | None:
    """One event of this workspace, or None."""
    return db.session.scalar(select(TrackingEvent).where(TrackingEvent.id == event_id))


@dataclass(frozen=True)
class Candidate:
    """A customer who may be chosen: `value` is what the form sends ("contact:<id>", "company:<id>")."""

    value: str
    name: str
    more: str


def customers_named(words: str, *, limit: int = 12) -> list[Candidate]:
    """Contacts and companies that match the words."""
    found = search.find(words, kinds=("contact", "company"), limit=limit)
    return _candidates([i for k, i in found if k == "contact"], [i for k, i in found if k == "company"])


def candidate(value: str) -> Candidate | None:
    """The customer behind a form's value, if it is one of this workspace."""
    contact_id, company_id = chosen(value)
    found = _candidates([contact_id] if contact_id else [], [company_id] if company_id else [])
    return found[0] if found else None


def chosen(value: str) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """(contact id, company id) of "contact:<id>" or "company:<id>"; nothing for anything else."""
    kind, _colon, key = value.partition(":")
    try:
        found = uuid.UUID(key)
    except ValueError:
        return None, None
    return (found, None) if kind == "contact" else (None, found) if kind == "company" else (None, None)


def _candidates(contact_ids: list[uuid.UUID], company_ids: list[uuid.UUID]) -> list[Candidate]:
    found = []
    if company_ids:
        for firm in db.session.scalars(select(Company).where(Company.id.in_(company_ids)).order_by(Company.name)):
            found.append(Candidate(f"company:{firm.id}", firm.name, firm.city))
    if contact_ids:
        people = select(Contact, Company.name).outerjoin(Company, Company.id == Contact.company_id)
        for person, firm_name in db.session.execute(people.where(Contact.id.in_(contact_ids))):
            more = ", ".join(x for x in (firm_name, person.email, person.city) if x)
            found.append(Candidate(f"contact:{person.id}", person.name, more))
    return found


def company_of_contact(contact_id: uuid.UUID) -> uuid.UUID | None:
    """Where a contact works."""
    return db.session.scalar(select(Contact.company_id).where(Contact.id == contact_id))


def of_customer(
    *, contact_id: uuid.UUID | None = None, company_id: uuid.UUID | None = None, limit: int = 10
) -> Sequence[Shipment]:
    """The newest shipments of a customer."""
    statement = select(Shipment).where(Shipment.restricted.is_(False)).order_by(Shipment.id.desc()).limit(limit)
    if contact_id is not None:
        statement = statement.where(Shipment.contact_id == contact_id)
    if company_id is not None:
        statement = statement.where(Shipment.company_id == company_id)
    return db.session.scalars(statement).all()
