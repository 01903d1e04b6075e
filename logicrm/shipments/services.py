"""Registering shipments and changing what is said of them. Callers commit."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update

from logicrm.core import audit, crypto, history
from logicrm.core.errors import Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.shipments import numbers
from logicrm.shipments.details import PARTY_FIELDS, Details, NewEvent, Party, Piece
from logicrm.shipments.models import NEVER, Shipment, ShipmentPiece, TrackingLink
from logicrm.shipments.services_events import add_event, restate
from logicrm.shipments.statuses import Source, Status

MAX_PIECES = 200
DESCRIBED = (
    "goods", "service", "incoterm", "references", "instructions", "contact_id", "company_id", "promised_on",
)  # fmt: skip
#: They follow from the rest; undo works them out again instead of putting them back.
DERIVED = frozenset(
    {"due_at", "late_from", "attention_at", "status", "status_at", "reason", "must_act", "delivered_at"}
)


def create_shipment(
    details: Details, *, prefix: str, zone: str, now: datetime, created_by: uuid.UUID | None = None
) -> Shipment:
    """Register a shipment: number, tracking key, pieces, and its first event.

    `prefix` (two letters) begins the waybill number unless `details` brings one; `zone` is the IANA zone in
    which a promised day ends. Raises Refused for a number that is taken or unusable, or for foreign customers.
    """
    _check_customer(details)
    number = numbers.clean(details.waybill_number)
    if number:
        if not numbers.is_number(number):
            raise Refused(_("A waybill number has 6 to 30 letters, digits or hyphens."), field="waybill_number")
        if db.session.scalar(select(Shipment.id).where(Shipment.waybill_number == number)):
            raise Refused(_("There is a shipment with this number already."), field="waybill_number")
    else:
        number = _free_number(prefix, now.astimezone(ZoneInfo(zone)).date())
    shipment = Shipment(
        id=new_id(), waybill_number=number, tracking_key=secrets.token_urlsafe(16), created_by=created_by,
        created_at=now, status=Status.PENDING, status_at=now,
    )  # fmt: skip
    _describe(shipment, details, zone)
    db.session.add(shipment)
    db.session.flush()
    _put_pieces(shipment, details.pieces)
    db.session.add(
        TrackingLink(
            key_hash=crypto.token_hash(shipment.tracking_key), workspace_id=shipment.workspace_id,
            shipment_id=shipment.id, waybill_number=number,
        )
    )  # fmt: skip
    add_event(
        shipment.id, NewEvent(now.astimezone(ZoneInfo(zone)), Status.PENDING, code="registered", source=Source.PERSON),
        now=now, actor=created_by, quiet=True,
    )  # fmt: skip
    audit.record("shipment.added", shipment, actor=created_by, pieces=len(details.pieces))
    return shipment


def _free_number(prefix: str, on: date) -> str:
    while True:
        number = numbers.write(prefix, on, numbers.take(1))
        # Somebody may have typed this very number by hand.
        if not db.session.scalar(select(Shipment.id).where(Shipment.waybill_number == number)):
            return number


def _check_customer(details: Details) -> None:
    from logicrm.customers.models import Company, Contact

    for model, given in ((Contact, details.contact_id), (Company, details.company_id)):
        if given is not None and db.session.scalar(select(model.id).where(model.id == given)) is None:
            raise Refused(_("This customer does not exist (any more). Choose another."), field="customer")


def _describe(shipment: Shipment, details: Details, zone: str) -> None:
    for part, party in (("sender", details.sender), ("recipient", details.recipient)):
        for name in PARTY_FIELDS:
            value = getattr(party, name).strip()
            if name == "email":
                value = value.lower()
            if name == "country":
                value = value.upper()
            setattr(shipment, f"{part}_{name}", value)
    for name in DESCRIBED:
        setattr(shipment, name, getattr(details, name))
    # UTC and whole scales, as the database gives them back: undo compares what was written with what is there.
    shipment.eta_latest = details.eta.astimezone(UTC) if details.eta else None
    shipment.eta_first = shipment.eta_first or shipment.eta_latest
    shipment.due_at = due_at(details.promised_on, details.eta, zone)
    if shipment.status not in (Status.DELIVERED, Status.CANCELLED):
        shipment.late_from = shipment.attention_at = shipment.due_at


def due_at(promised_on: date | None, eta: datetime | None, zone: str) -> datetime:
    """The moment after which a shipment is late: the promised day's end, else the expected delivery, else never.

    The promise counts before the expectation: a new expectation does not make a late shipment punctual.
    """
    if promised_on is not None:
        return datetime.combine(promised_on + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)
    return eta or NEVER


def _put_pieces(shipment: Shipment, pieces: tuple[Piece, ...]) -> list[ShipmentPiece]:
    if not pieces:
        pieces = (Piece(),)
    if len(pieces) > MAX_PIECES:
        raise Refused(_("A shipment has at most %(most)s pieces.", most=MAX_PIECES), field="pieces")
    rows = [
        ShipmentPiece(
            id=new_id(), shipment_id=shipment.id, number=i, description=p.description.strip(),
            weight_kg=_scaled(p.weight_kg, 3), length_cm=_scaled(p.length_cm, 1), width_cm=_scaled(p.width_cm, 1),
            height_cm=_scaled(p.height_cm, 1),
        )
        for i, p in enumerate(pieces, 1)
    ]  # fmt: skip
    db.session.add_all(rows)
    shipment.pieces_count = len(rows)
    shipment.total_weight_kg = sum((p.weight_kg or Decimal(0) for p in rows), Decimal("0.000"))
    return rows


def _scaled(value: Decimal | None, places: int) -> Decimal | None:
    return None if value is None else value.quantize(Decimal(1).scaleb(-places))


def edit_shipment(
    shipment: Shipment, details: Details, *, zone: str, now: datetime, by: uuid.UUID | None
) -> history.ChangeSet:
    """Replace what is said of a shipment and its pieces. Returns the change set that undoes it.

    Raises Refused while the processing of its people is restricted.
    """
    if shipment.restricted:
        raise Refused(_("The processing of this shipment's personal data is restricted; it cannot be changed now."))
    _check_customer(details)
    act = history.begin("shipment.edit", by=by, now=now)
    before = history.snapshot(shipment)
    _describe(shipment, details, zone)
    old = list(db.session.scalars(select(ShipmentPiece).where(ShipmentPiece.shipment_id == shipment.id)))
    if tuple(_piece_of(p) for p in sorted(old, key=lambda p: p.number)) != (details.pieces or (Piece(),)):
        for piece in old:
            history.note(act, piece, history.snapshot(piece), deleted=True)
        db.session.execute(delete(ShipmentPiece).where(ShipmentPiece.shipment_id == shipment.id))
        for piece in _put_pieces(shipment, details.pieces):
            history.note(act, piece, None)
    change = history.note(act, shipment, before)
    for values in (change.before, change.after):
        for name in DERIVED & set(values or {}):
            (values or {}).pop(name)
    db.session.flush()
    restate(shipment.id)
    audit.record("shipment.changed", shipment, actor=by, fields=sorted(change.after or {}))
    return act


def _piece_of(row: ShipmentPiece) -> Piece:
    return Piece(row.description, row.weight_kg, row.length_cm, row.width_cm, row.height_cm)


def undo_edit(change_set_id: uuid.UUID, *, zone: str, by: uuid.UUID | None, now: datetime) -> history.Undone:
    """Take an edit back and work out again what follows from it. Raises Refused for acts of other areas."""
    act = db.session.scalar(select(history.ChangeSet).where(history.ChangeSet.id == change_set_id))
    if act is None or act.kind != "shipment.edit":
        raise Refused(_("There is nothing to undo here."))
    undone = history.undo(change_set_id, by=by, now=now)
    touched = select(history.Change.row_id).where(
        history.Change.change_set_id == change_set_id, history.Change.row_kind == "shipment"
    )
    for shipment in db.session.scalars(select(Shipment).where(Shipment.id.in_(touched))):
        shipment.due_at = due_at(shipment.promised_on, shipment.eta_latest, zone)
        db.session.flush()
        restate(shipment.id)
    return undone


def customer_of_party(party: Party, *, by: uuid.UUID | None, now: datetime, country: str) -> uuid.UUID:
    """The contact for a sender or recipient: the known one with this e-mail, else a new one. Returns its id.

    Raises Refused when the party has neither name nor e-mail nor phone.
    """
    from logicrm.customers import services as customers

    email = party.email.strip().lower()
    known = customers.find_contact_by_email(email) if email else None
    if known is not None:
        return known.id
    first, _space, last = party.name.strip().rpartition(" ")
    company_id = _company_of_party(party, by=by, now=now)
    values = {
        "first_name": first, "last_name": last, "email": email, "phone": party.phone, "street": party.street,
        "city": party.city, "postcode": party.postcode, "country": party.country, "company_id": company_id,
    }  # fmt: skip
    return customers.add_contact(values, by=by, now=now, country=country).id


def _company_of_party(party: Party, *, by: uuid.UUID | None, now: datetime) -> uuid.UUID | None:
    from logicrm.customers import queries as customers_queries
    from logicrm.customers import services as customers

    if not party.company.strip():
        return None
    known = customers_queries.company_named(party.company.strip())
    if known is not None:
        return known.id
    place = {name: getattr(party, name) for name in ("street", "city", "postcode", "country")}
    company = customers.add_company({"name": party.company, **place}, by=by, now=now)
    db.session.flush()
    return company.id


def party_of(shipment: Shipment, part: str) -> Party:
    """The shipment's "sender" or "recipient"."""
    return Party(**{name: getattr(shipment, f"{part}_{name}") for name in PARTY_FIELDS})


def count_of_customer(contact_id: uuid.UUID) -> int:
    """How many shipments belong to a contact."""
    return db.session.scalar(select(func.count()).where(Shipment.contact_id == contact_id)) or 0


def unlink_customer(*, contact_id: uuid.UUID | None = None, company_id: uuid.UUID | None = None) -> int:
    """Take a customer's record off its shipments (it is about to go). Returns how many there were."""
    column: Any = Shipment.contact_id if contact_id else Shipment.company_id
    done = db.session.execute(update(Shipment).where(column == (contact_id or company_id)).values({column: None}))
    return int(done.rowcount)  # type: ignore[attr-defined]


__all__ = [
    "count_of_customer", "create_shipment", "customer_of_party", "due_at", "edit_shipment", "party_of", "undo_edit",
    "unlink_customer",
]  # fmt: skip
