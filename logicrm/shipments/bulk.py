"""Many rows at once, past the flush: for loaders. Search entries and tracking links are written along.

`insert_shipments` fills in what may be left out (id, number, key, due_at …) and returns the ids in order;
`insert_events` takes events with `shipment_id`; `settle_all` then works out every status from the events.
"""

from __future__ import annotations

import secrets
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import bindparam, select, update

from logicrm.core import crypto, search, tenancy
from logicrm.core.many import insert_many
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.shipments import numbers
from logicrm.shipments.models import NEVER, Shipment, ShipmentPiece, TrackingEvent, TrackingLink
from logicrm.shipments.state import Fact, attention_from, standing
from logicrm.shipments.statuses import TERMINAL, Status

BATCH = 2000
_SHIPMENT_TEXT = {c.name: "" for c in Shipment.__table__.columns if c.default is not None and c.default.arg == ""}
_EVENT_TEXT = {c.name: "" for c in TrackingEvent.__table__.columns if c.default is not None and c.default.arg == ""}


def insert_shipments(rows: Iterable[dict[str, Any]], *, prefix: str = "LX") -> list[uuid.UUID]:
    """Insert shipments given as column values, each with `created_at` and optionally `pieces` (a list of dicts).

    Without `waybill_number` one is given out. The caller commits. Returns the ids, in order.
    """
    given = list(rows)
    workspace_id = _workspace()
    last = numbers.take(len(given)) if given else 0
    ids: list[uuid.UUID] = []
    for start in range(0, len(given), BATCH):
        batch, pieces = [], []
        for place, row in enumerate(given[start : start + BATCH], start):
            full = _shipment(row, workspace_id, prefix, last - len(given) + place + 1)
            parts = list(row.get("pieces") or [{}])
            weight = sum((Decimal(p.get("weight_kg") or 0) for p in parts), Decimal(0))
            full |= {"pieces_count": len(parts), "total_weight_kg": weight}
            pieces += [_piece(p, full["id"], workspace_id, number) for number, p in enumerate(parts, 1)]
            batch.append(full)
        insert_many(Shipment, batch)
        insert_many(ShipmentPiece, pieces)
        insert_many(TrackingLink, [_link(s) for s in batch])
        insert_many(search.SearchEntry, [_entry(s) for s in batch])
        ids += [s["id"] for s in batch]
    return ids


def _workspace() -> uuid.UUID:
    workspace_id = tenancy.current()
    if workspace_id is None:
        raise tenancy.NoWorkspace("a bulk insert outside a workspace")
    return workspace_id


def _shipment(row: dict[str, Any], workspace_id: uuid.UUID, prefix: str, running: int) -> dict[str, Any]:
    created_at: datetime = row["created_at"]
    due = row.get("due_at") or row.get("eta_latest") or NEVER
    return {
        **_SHIPMENT_TEXT, "id": new_id(), "contact_id": None, "company_id": None, "promised_on": None,
        "eta_first": row.get("eta_latest"), "eta_latest": None, "delivered_at": None, "created_by": None,
        "restricted": False, "status": str(Status.PENDING), "status_at": created_at,
        "waybill_number": row.get("waybill_number") or numbers.write(prefix, created_at.date(), running),
        "tracking_key": secrets.token_urlsafe(16),
        **{k: v for k, v in row.items() if k != "pieces"},
        "workspace_id": workspace_id, "due_at": due, "late_from": due, "attention_at": due,
    }  # fmt: skip


def _piece(piece: dict[str, Any], shipment_id: uuid.UUID, workspace_id: uuid.UUID, number: int) -> dict[str, Any]:
    return {
        "description": "", "weight_kg": None, "length_cm": None, "width_cm": None, "height_cm": None, **piece,
        "workspace_id": workspace_id, "id": new_id(), "shipment_id": shipment_id, "number": number,
    }  # fmt: skip


def _link(shipment: dict[str, Any]) -> dict[str, Any]:
    return {
        "key_hash": crypto.token_hash(shipment["tracking_key"]), "workspace_id": shipment["workspace_id"],
        "shipment_id": shipment["id"], "waybill_number": shipment["waybill_number"],
    }  # fmt: skip


def _entry(shipment: dict[str, Any]) -> dict[str, Any]:
    row = SimpleNamespace(**shipment, __search__=Shipment.__search__, __tablename__="shipment")
    return search.entry_of(row)


def insert_events(rows: Iterable[dict[str, Any]]) -> int:
    """Insert events given as column values, each with `shipment_id`, `occurred_at` and `status`. Returns how many.

    Statuses do not follow by themselves: call `settle_all` at the end. The caller commits.
    """
    workspace_id, count = _workspace(), 0
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(
            {
                **_EVENT_TEXT, "id": new_id(), "offset_minutes": 0, "received_at": row["occurred_at"],
                "latitude": None, "longitude": None, "source": "carrier", "actor_id": None, "public": True,
                "idempotency_key": None, "corrects_id": None, **row, "workspace_id": workspace_id,
            }
        )  # fmt: skip
        if len(batch) == BATCH:
            insert_many(TrackingEvent, batch)
            count, batch = count + len(batch), []
    insert_many(TrackingEvent, batch)
    return count + len(batch)


def settle_all(shipment_ids: Sequence[uuid.UUID]) -> None:
    """Work out the status of many shipments from their events. The caller commits."""
    for start in range(0, len(shipment_ids), 500):
        ids = shipment_ids[start : start + 500]
        events: dict[uuid.UUID, list[Fact]] = defaultdict(list)
        columns = (
            TrackingEvent.shipment_id, TrackingEvent.id, TrackingEvent.occurred_at, TrackingEvent.status,
            TrackingEvent.reason, TrackingEvent.must_act, TrackingEvent.corrects_id,
        )  # fmt: skip
        for e in db.session.execute(select(*columns).where(TrackingEvent.shipment_id.in_(ids))):
            events[e.shipment_id].append(
                Fact(e.id, e.occurred_at, Status(e.status), e.reason, e.must_act, e.corrects_id)
            )
        values = []
        wanted = select(Shipment.id, Shipment.due_at, Shipment.created_at).where(Shipment.id.in_(ids))
        for s in db.session.execute(wanted):
            here = standing(events[s.id], registered_at=s.created_at)
            values.append(
                {
                    "b_id": s.id, "b_workspace": _workspace(), "status": str(here.status), "status_at": here.since,
                    "reason": here.reason, "must_act": here.must_act, "delivered_at": here.delivered_at,
                    "late_from": None if here.status in TERMINAL else s.due_at,
                    "attention_at": attention_from(here.status, here.since, s.due_at),
                }
            )  # fmt: skip
        table = Shipment.__table__
        names = ("status", "status_at", "reason", "must_act", "delivered_at", "late_from", "attention_at")
        # The bare table: an update by key of many rows at once has no ORM form that the fence could narrow.
        db.session.connection().execute(
            update(table)
            .where(table.c.workspace_id == bindparam("b_workspace"), table.c.id == bindparam("b_id"))
            .values({name: bindparam(name) for name in names}),
            values,
        )
