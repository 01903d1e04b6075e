"""What the events of a shipment add up to. Pure: the order in which they arrived does not matter.

Events count in the order in which they *happened*. A corrected event does not count; its correction
does. After a delivery or a cancellation only what can really follow counts, so neither a late message
nor a straggling scan moves a delivered shipment back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from logicrm.shipments.statuses import AFTER_TERMINAL, TROUBLE, Status

#: They say something, but not where the shipment stands; they never replace a status that does.
SILENT = frozenset({Status.UNKNOWN, Status.PENDING})
_RANK = {status: place for place, status in enumerate(Status)}


@dataclass(frozen=True)
class Fact:
    """What of an event counts."""

    id: uuid.UUID
    occurred_at: datetime
    status: Status
    reason: str = ""
    must_act: str = ""
    corrects_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Standing:
    """Where a shipment stands, since when, and why."""

    status: Status
    since: datetime
    reason: str = ""
    must_act: str = ""
    delivered_at: datetime | None = None
    ignored: frozenset[uuid.UUID] = field(default=frozenset(), compare=False)


def standing(events: Iterable[Fact], *, registered_at: datetime) -> Standing:
    """Fold the events into the present standing; without any, the shipment is pending since it was registered.

    `ignored` names the events that did not count: corrected ones, and those after an end.
    """
    events = list(events)
    corrected = {e.corrects_id for e in events if e.corrects_id}
    ignored = {e.id for e in events if e.id in corrected}
    now_at = Standing(Status.PENDING, registered_at)
    for event in sorted((e for e in events if e.id not in corrected), key=_order):
        may_follow = AFTER_TERMINAL.get(now_at.status)
        if may_follow is not None and event.status not in may_follow:
            if event.status not in SILENT:
                ignored.add(event.id)
            continue
        if event.status in SILENT:
            if now_at.status is Status.PENDING and event.status is Status.PENDING:
                now_at = Standing(Status.PENDING, event.occurred_at, event.reason, event.must_act)
            continue
        if event.status is now_at.status and event.status in AFTER_TERMINAL:
            continue  # delivered twice: the first one counts
        delivered = event.occurred_at if event.status is Status.DELIVERED else None
        now_at = Standing(event.status, event.occurred_at, event.reason, event.must_act, delivered)
    return Standing(
        now_at.status, now_at.since, now_at.reason, now_at.must_act, now_at.delivered_at, frozenset(ignored)
    )


def _order(event: Fact) -> tuple[datetime, int, str, str]:
    # Equal moments: the one further on counts as later, whichever arrived first.
    return event.occurred_at, _RANK[event.status], event.reason, event.must_act


@dataclass(frozen=True)
class Step:
    """One step of the progress line: done, now, or to come."""

    status: Status
    state: str  # "done", "now", ""


_ROAD = (Status.PENDING, Status.PICKED_UP, Status.IN_TRANSIT, Status.OUT_FOR_DELIVERY, Status.DELIVERED)


def steps(status: Status, seen: Sequence[Status]) -> list[Step]:
    """The way of a shipment as people see it. Every status has its place, troubles too.

    `seen` are the statuses of the events that counted, in any order.
    """
    reached = max((_ROAD.index(s) for s in {*seen, status} if s in _ROAD), default=0)
    if status in _ROAD:
        here = _ROAD.index(status)
        return [Step(s, "done" if i < here or status is Status.DELIVERED else "now" if i == here else "")
                for i, s in enumerate(_ROAD)]  # fmt: skip
    if reached == len(_ROAD) - 1:  # trouble after a delivery
        return [*(Step(s, "done") for s in _ROAD), Step(status, "now")]
    done = [Step(s, "done") for s in _ROAD[: reached + 1]]
    if status in (Status.CANCELLED, Status.RETURN_TO_SENDER):
        return [*done, Step(status, "now")]  # the rest of the road is not taken
    rest = _ROAD[reached + 1 :]
    if status is Status.READY_FOR_PICKUP:
        rest = (Status.DELIVERED,)
    return [*done, Step(status, "now"), *(Step(s, "") for s in rest)]


def attention_from(status: Status, since: datetime, due_at: datetime) -> datetime | None:
    """The instant from which somebody should look at it; None when it is closed."""
    if status in AFTER_TERMINAL:
        return None
    return min(since, due_at) if status in TROUBLE else due_at
