"""What happens to a shipment: events, their corrections, and the status that follows. Callers commit."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from logicrm.core import audit
from logicrm.core.errors import Conflict, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.shipments.details import NewEvent
from logicrm.shipments.models import Shipment, TrackingEvent
from logicrm.shipments.state import Fact, Standing, attention_from, standing
from logicrm.shipments.statuses import TERMINAL, Status

#: Clocks of scanners run ahead a little; more than this is a mistake.
FUTURE = timedelta(minutes=15)
OLDEST = timedelta(days=3 * 366)
VOID = "void"


def add_event(
    shipment_id: uuid.UUID, new: NewEvent, *, now: datetime, actor: uuid.UUID | None = None, quiet: bool = False
) -> tuple[TrackingEvent, bool]:
    """Add what happened; the status follows in the same transaction. Returns (event, whether it is new).

    The same message twice (same key, or same status, moment, place and code) is one event. Raises Refused
    for a moment in the future or years ago, for a key that was used for something else, and LookupError
    when there is no such shipment here. `quiet` leaves the audit to the caller.
    """
    shipment = _locked(shipment_id)
    _check_moment(new.occurred_at, now)
    known = _known(shipment_id, new)
    if known is not None:
        return known, False
    event = _write(shipment, new, now=now, actor=actor)
    _settle(shipment)
    if not quiet:
        audit.record("shipment.event", shipment, actor=actor, status=event.status, source=event.source)
    return event, True


def correct_event(
    event_id: uuid.UUID, new: NewEvent, *, now: datetime, actor: uuid.UUID | None = None
) -> TrackingEvent:
    """Put a new event in the place of a wrong one, which stays on record and no longer counts.

    Raises Conflict when somebody corrected it already, LookupError when there is no such event here.
    """
    wrong = db.session.scalar(select(TrackingEvent).where(TrackingEvent.id == event_id))
    if wrong is None:
        raise LookupError("no such event")
    shipment = _locked(wrong.shipment_id)
    _check_moment(new.occurred_at, now)
    if db.session.scalar(select(TrackingEvent.id).where(TrackingEvent.corrects_id == event_id)):
        raise Conflict(_("Somebody corrected this event already."))
    event = _write(shipment, new, now=now, actor=actor, corrects=wrong)
    _settle(shipment)
    audit.record(
        "shipment.event_corrected", shipment, actor=actor, status=event.status, instead_of=wrong.status, code=event.code
    )
    return event


def void_event(event_id: uuid.UUID, *, now: datetime, actor: uuid.UUID | None = None) -> TrackingEvent:
    """Say that an event did not happen: it stays on record and no longer counts."""
    wrong = db.session.scalar(select(TrackingEvent).where(TrackingEvent.id == event_id))
    if wrong is None:
        raise LookupError("no such event")
    new = NewEvent(wrong.occurred_at, Status.UNKNOWN, code=VOID, public=False)
    return correct_event(event_id, new, now=now, actor=actor)


def cancel_shipment(shipment_id: uuid.UUID, *, now: datetime, actor: uuid.UUID | None = None) -> TrackingEvent:
    """Cancel an open shipment. Raises Refused when it is delivered or cancelled. `void_event` takes it back."""
    shipment = _locked(shipment_id)
    if Status(shipment.status) in TERMINAL:
        raise Refused(_("This shipment is closed already; it cannot be cancelled."))
    event, _new = add_event(
        shipment_id, NewEvent(max(now, shipment.status_at), Status.CANCELLED, code="cancelled"), now=now, actor=actor
    )
    return event


def restate(shipment_id: uuid.UUID) -> None:
    """Work the status out again from the events (after an edit of the promise, or a bulk load)."""
    _settle(_locked(shipment_id))


def _locked(shipment_id: uuid.UUID) -> Shipment:
    """The shipment, its row held until the caller commits: two events at once are folded one after the other."""
    shipment = db.session.scalar(
        select(Shipment).where(Shipment.id == shipment_id).with_for_update().execution_options(populate_existing=True)
    )
    if shipment is None:
        raise LookupError("no such shipment")
    return shipment


def _check_moment(occurred_at: datetime, now: datetime) -> None:
    if occurred_at - now > FUTURE:
        raise Refused(_("This moment is in the future."), field="occurred_at")
    if now - occurred_at > OLDEST:
        raise Refused(_("This moment is more than three years ago."), field="occurred_at")


def _known(shipment_id: uuid.UUID, new: NewEvent) -> TrackingEvent | None:
    same: ColumnElement[bool] = (
        (TrackingEvent.status == new.status)
        & (TrackingEvent.occurred_at == new.occurred_at)
        & (TrackingEvent.place == new.place.strip())
    )
    if new.code:  # a code that is missing on one side says nothing; two different ones are two events
        same &= TrackingEvent.code.in_((new.code, ""))
    if new.idempotency_key:
        same = or_(same, TrackingEvent.idempotency_key == new.idempotency_key)
    found = list(
        db.session.scalars(
            select(TrackingEvent).where(TrackingEvent.shipment_id == shipment_id, same).order_by(TrackingEvent.id)
        )
    )
    by_key = next((e for e in found if new.idempotency_key and e.idempotency_key == new.idempotency_key), None)
    if by_key is None:
        return next((e for e in found if e.corrects_id is None), None)
    if (by_key.status, by_key.occurred_at, by_key.place) != (new.status, new.occurred_at, new.place.strip()):
        raise Refused(_("This key was used for another event of this shipment."), field="idempotency_key")
    return by_key


def _write(
    shipment: Shipment, new: NewEvent, *, now: datetime, actor: uuid.UUID | None, corrects: TrackingEvent | None = None
) -> TrackingEvent:
    event = TrackingEvent(id=new_id(), corrects_id=corrects.id if corrects else None, **columns_of(new))
    event.shipment_id, event.received_at, event.actor_id = shipment.id, now, actor
    db.session.add(event)
    db.session.flush()
    return event


def columns_of(new: NewEvent) -> dict[str, object]:
    """The values of an event's row that come from what was said."""
    offset = new.occurred_at.utcoffset() or timedelta()
    new = replace(new, place=new.place.strip(), description=new.description.strip())
    return {
        "occurred_at": new.occurred_at, "offset_minutes": int(offset.total_seconds() // 60), "code": new.code,
        "description": new.description, "status": str(new.status), "reason": new.reason, "must_act": new.must_act,
        "place": new.place, "latitude": new.latitude, "longitude": new.longitude, "source": str(new.source),
        "public": new.public, "idempotency_key": new.idempotency_key, "raw_code": new.raw_code,
        "raw_text": new.raw_text,
    }  # fmt: skip


def ignored_of(shipment: Shipment, events: Iterable[TrackingEvent]) -> frozenset[uuid.UUID]:
    """Ids of the events that do not count: corrected, or after an end. For a page that has loaded them already."""
    facts = [Fact(e.id, e.occurred_at, Status(e.status), e.reason, e.must_act, e.corrects_id) for e in events]
    return standing(facts, registered_at=shipment.created_at).ignored


def standing_of(shipment: Shipment) -> Standing:
    """What the shipment's events add up to now."""
    rows = db.session.execute(
        select(
            TrackingEvent.id, TrackingEvent.occurred_at, TrackingEvent.status, TrackingEvent.reason,
            TrackingEvent.must_act, TrackingEvent.corrects_id,
        ).where(TrackingEvent.shipment_id == shipment.id)
    )  # fmt: skip
    facts = [Fact(r.id, r.occurred_at, Status(r.status), r.reason, r.must_act, r.corrects_id) for r in rows]
    return standing(facts, registered_at=shipment.created_at)


def _settle(shipment: Shipment) -> None:
    """Write the standing, past the flush: the search entry does not depend on it."""
    here = standing_of(shipment)
    is_open = here.status not in TERMINAL
    db.session.execute(
        update(Shipment)
        .where(Shipment.id == shipment.id)
        .values(
            status=str(here.status), status_at=here.since, reason=here.reason, must_act=here.must_act,
            delivered_at=here.delivered_at, late_from=shipment.due_at if is_open else None,
            attention_at=attention_from(here.status, here.since, shipment.due_at),
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    db.session.refresh(shipment)
