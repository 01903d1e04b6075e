"""What the Today page asks of shipments, in two statements whatever their number."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, cast, func, literal, null, select, union_all

from logicrm.core import keyset
from logicrm.extensions import db
from logicrm.shipments.models import NEVER, Shipment
from logicrm.shipments.statuses import Status

MOST = 200  # of those that wait, and of deliveries, so many of the newest are looked at one by one


@dataclass(frozen=True)
class Standing:
    """How it stands now.

    rows:       the shipments that wait longest for somebody to look
    count:      how many wait, up to keyset.CAP and one
    began:      of those, how many began to wait on each of the days asked for; [] when there are more than MOST
    delivered:  how many deliveries fell on each of those days; [] when there are more than MOST
    promised:   of the newest deliveries those that had a promise; `on_time`: those that kept it
    some:       there are any shipments at all
    """

    rows: Sequence[Shipment]
    count: int
    began: list[int]
    delivered: list[int]
    promised: int
    on_time: int
    some: bool


_SHOWN = Shipment.restricted.is_(False)
_WAITING = (_SHOWN, Shipment.attention_at < bindparam("now"))
_SINCE = bindparam("since", type_=Shipment.status_at.type)
_LONGEST = select(Shipment).where(*_WAITING).order_by(Shipment.attention_at, Shipment.id).limit(bindparam("most"))


def _numbers() -> Any:
    """One statement: a row with the counts, then the newest that wait ("wait"), then the newest deliveries ("done")."""
    moment = Shipment.status_at.type
    count = select(func.count()).select_from(select(Shipment.id).where(*_WAITING).limit(keyset.CAP + 1).subquery())
    some = select(func.count()).select_from(select(Shipment.id).where(_SHOWN).limit(1).subquery())
    nothing = cast(null(), moment)
    wait = (
        select(literal("wait"), literal(0), literal(0), Shipment.attention_at, nothing, nothing)
        .where(*_WAITING, Shipment.attention_at >= _SINCE).order_by(Shipment.attention_at.desc()).limit(MOST + 1)
    )  # fmt: skip
    done = (
        select(literal("done"), literal(0), literal(0), Shipment.status_at, Shipment.delivered_at, Shipment.due_at)
        .where(_SHOWN, Shipment.status == str(Status.DELIVERED), Shipment.status_at >= _SINCE)
        .order_by(Shipment.status_at.desc()).limit(MOST + 1)
    )  # fmt: skip
    counts = select(
        literal("counts").label("what"), count.scalar_subquery().label("waiting"), some.scalar_subquery().label("some"),
        nothing.label("at"), nothing.label("done"), nothing.label("due"),
    )  # fmt: skip
    return union_all(counts, select(wait.subquery()), select(done.subquery()))


_NUMBERS = _numbers()


def standing(*, now: datetime, days: Sequence[datetime], limit: int = 6) -> Standing:
    """How it stands at `now`. `days`: the moments at which each day begins, and the last one's end; aware. Two statements."""
    rows = db.session.scalars(_LONGEST, {"now": now, "most": limit}).all()
    found = list(db.session.execute(_NUMBERS, {"now": now, "since": days[0]}))
    counts = next(r for r in found if r.what == "counts")
    done = [r for r in found if r.what == "done"]
    promised = [r for r in done[:MOST] if r.due < NEVER]
    return Standing(
        rows, count=counts.waiting, began=_by_day([r.at for r in found if r.what == "wait"], days),
        delivered=_by_day([r.at for r in done], days), promised=len(promised),
        on_time=sum(r.done is not None and r.done <= r.due for r in promised), some=bool(counts.some),
    )  # fmt: skip


def _by_day(moments: list[datetime], days: Sequence[datetime]) -> list[int]:
    if len(moments) > MOST:  # a part would look like a rise
        return []
    fell = Counter(bisect_right(days, moment) for moment in moments)
    return [fell[n] for n in range(1, len(days))]


__all__ = ["MOST", "Standing", "standing"]
