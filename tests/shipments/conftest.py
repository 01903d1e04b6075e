"""A shipment to play with, and the words by which its people are known."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from logicrm.core import clock
from logicrm.extensions import db
from logicrm.shipments import services, services_events
from logicrm.shipments.details import Details, NewEvent, Party, Piece
from logicrm.shipments.models import Shipment, TrackingEvent

SENDER = Party(
    "Ion Ionescu", "Ionescu Mobilă SRL", "Strada Fabricii 4", "Cluj-Napoca", "400620", "RO", "+40 264 555 010",
    "ion@ionescu.example",
)  # fmt: skip
RECIPIENT = Party("Maria Popescu", "", "Strada Lalelelor 12", "Timișoara", "300001", "RO", "+40 722 123 456",
                  "maria@popescu.example")  # fmt: skip
DETAILS = Details(
    SENDER, RECIPIENT, (Piece("Chair", Decimal("12.5"), Decimal(60), Decimal(60), Decimal(110)), Piece("Table")),
    goods="Furniture", service="Express", references="PO-7781", instructions="Ring twice",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """What tests need of a shipment outside of a context."""

    id: uuid.UUID
    number: str
    key: str

    @property
    def url(self) -> str:
        return f"/shipments/{self.id}"


@pytest.fixture
def make(inside: Callable[..., Any]) -> Callable[..., Made]:
    """make(), make(promised_on=…), make(workspace_id=cast.bravo): register a shipment and commit."""

    def made(workspace_id: uuid.UUID | None = None, days_ago: int = 3, **changes: Any) -> Made:
        with inside(workspace_id):
            one = services.create_shipment(
                replace(DETAILS, **changes), prefix="AF", zone="Europe/Bucharest",
                now=clock.now() - timedelta(days=days_ago),
            )  # fmt: skip
            db.session.commit()
            return Made(one.id, one.waybill_number, one.tracking_key)

    return made


@pytest.fixture
def shipment(make: Callable[..., Made]) -> Made:
    return make()


@pytest.fixture
def happened(inside: Callable[..., Any]) -> Callable[..., uuid.UUID]:
    """happened(shipment, "delivered", hours_ago=1): an event; returns its id."""

    def add(one: Made, status: str, hours_ago: float = 1, **more: Any) -> uuid.UUID:
        with inside():
            now = clock.now()
            event, _new = services_events.add_event(
                one.id, NewEvent(now - timedelta(hours=hours_ago), status, **more), now=now
            )
            db.session.commit()
            return event.id

    return add


@pytest.fixture
def look(inside: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """look(shipment): the row as it is now."""

    def read(one: Made) -> dict[str, Any]:
        with inside():
            row = db.session.scalar(select(Shipment).where(Shipment.id == one.id))
            return {c.key: getattr(row, c.key) for c in Shipment.__mapper__.column_attrs}

    return read


@pytest.fixture
def events_of(inside: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    def read(one: Made) -> list[dict[str, Any]]:
        with inside():
            rows = db.session.scalars(
                select(TrackingEvent).where(TrackingEvent.shipment_id == one.id).order_by(TrackingEvent.id)
            )
            return [{c.key: getattr(r, c.key) for c in TrackingEvent.__mapper__.column_attrs} for r in rows]

    return read


NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
A_DAY = date(2026, 3, 5)
