"""What the public page reads: from a secret key or a number to one shipment, without knowing the workspace."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import Flask, current_app, g
from sqlalchemy import select

from logicrm.core import crypto, languages, search, tenancy, workspaces
from logicrm.extensions import db
from logicrm.shipments import numbers, queries
from logicrm.shipments.models import Shipment, TrackingEvent, TrackingLink
from logicrm.shipments.state import Fact, Standing, Step, standing, steps
from logicrm.shipments.statuses import Status

#: Two firms may use the same number; more than a handful is somebody guessing.
SAME_NUMBER = 5


@dataclass(frozen=True)
class Tracked:
    """A shipment as its public page shows it. Nothing here comes from a private event."""

    shipment: Shipment
    business: workspaces.Business
    events: Sequence[TrackingEvent]
    standing: Standing
    steps: Sequence[Step]

    @property
    def rows(self) -> list[tuple[TrackingEvent]]:
        """The events as one-tuples, as the timeline's grouping takes them."""
        return [(event,) for event in self.events]


def hash_of(key: str) -> str:
    """What the table holds of a key."""
    return crypto.token_hash(key[:64])


def track(key: str) -> Tracked | None:
    """Enter the workspace of a key and read what may be seen; None for a key of nothing."""
    link = db.session.scalar(select(TrackingLink).where(TrackingLink.key_hash == hash_of(key)))
    if link is None:
        return None
    business = workspaces.by_id(link.workspace_id)
    tenancy.enter(link.workspace_id)
    shipment = queries.shipment(link.shipment_id)
    if shipment is None or business is None:
        return None
    g.time_zone = business.facts.time_zone
    languages.at_home(business.facts.language)
    return _tracked(shipment, business)


def _tracked(shipment: Shipment, business: workspaces.Business) -> Tracked:
    events = [event for event, _who in queries.events_of(shipment.id)]
    # A private correction still takes its event away; a private event itself says nothing here.
    corrected = {e.corrects_id for e in events if e.corrects_id}
    shown = [e for e in events if e.public and e.id not in corrected]
    facts = [Fact(e.id, e.occurred_at, Status(e.status), e.reason, e.must_act) for e in shown]
    here = standing(facts, registered_at=shipment.created_at)
    shown = [e for e in shown if e.id not in here.ignored]
    seen = [Status(e.status) for e in shown]
    return Tracked(shipment, business, shown, here, steps(here.status, seen))


def proves(shipment: Shipment, answer: str) -> bool:
    """True when somebody knows the e-mail, phone or postcode of the recipient or the sender. Empty proves nothing."""
    mail, phone, code = answer.strip().lower(), search.digits(answer), re.sub(r"[^a-z0-9]", "", answer.lower())
    for part in ("recipient", "sender"):
        if mail and "@" in mail and crypto.same(mail, getattr(shipment, f"{part}_email")):
            return True
        theirs = search.digits(getattr(shipment, f"{part}_phone"))
        if len(phone) >= 7 and not re.search("[a-z@]", mail) and len(theirs) >= 7 and crypto.same(phone, theirs):
            return True
        postcode = re.sub(r"[^a-z0-9]", "", getattr(shipment, f"{part}_postcode").lower())
        if len(code) >= 3 and code == postcode:
            return True
    return False


def key_of_number(text: str, answer: str) -> str | None:
    """The tracking key of a number (and of the answer, when one is given); None when none or several fit."""
    number = numbers.clean(text)
    links = db.session.execute(
        select(TrackingLink.workspace_id, TrackingLink.shipment_id)
        .where(TrackingLink.waybill_number == number)
        .limit(SAME_NUMBER)
    ).all()
    # A context works in one workspace: each candidate is looked at in one of its own, and this one lets the lock go.
    db.session.rollback()
    keys = [key for link in links if (key := _key_in(link.workspace_id, link.shipment_id, answer))]
    return keys[0] if len(keys) == 1 else None


def _key_in(workspace_id: uuid.UUID, shipment_id: uuid.UUID, answer: str) -> str | None:
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
    with tenancy.working_in(app, workspace_id):
        shipment = queries.shipment(shipment_id)
        fits = shipment is not None and (not answer.strip() or proves(shipment, answer))
        return shipment.tracking_key if shipment is not None and fits else None


def place_of(shipment: Shipment, event: TrackingEvent) -> str:
    """Where it happened; '' when that is somebody's door."""
    place = search.fold(event.place)
    for part in ("recipient", "sender"):
        for name in ("street", "name", "company"):
            theirs = search.fold(getattr(shipment, f"{part}_{name}"))
            if len(theirs) > 3 and (theirs in place or (len(place) > 3 and name == "street" and place in theirs)):
                return ""
    return event.place


def stale(moment: datetime, now: datetime) -> bool:
    """True when nothing was heard for 30 days."""
    return (now - moment).days >= 30
