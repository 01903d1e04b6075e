"""What the Today page asks of shipments, in two statements whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from sqlalchemy import and_, bindparam, case, func, select, true

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
_LONGEST = select(Shipment).where(*_WAITING).order_by(Shipment.attention_at, Shipment.id).limit(bindparam("most"))


@lru_cache
def _numbers(days: int) -> Any:
    """One statement, one row: what waits, whether there is anything, and how the newest fell on `days` days (d0, d1 …)."""
    moments = [bindparam(f"d{n}", type_=Shipment.status_at.type) for n in range(days + 1)]
    count = select(func.count()).select_from(select(Shipment.id).where(*_WAITING).limit(keyset.CAP + 1).subquery())
    some = select(func.count()).select_from(select(Shipment.id).where(_SHOWN).limit(1).subquery())
    wait = (
        select(Shipment.attention_at.label("at"))
        .where(*_WAITING, Shipment.attention_at >= moments[0])
        .order_by(Shipment.attention_at.desc()).limit(MOST + 1).subquery()
    )  # fmt: skip
    done = (
        select(Shipment.status_at.label("at"), Shipment.delivered_at.label("done"), Shipment.due_at.label("due"))
        .where(_SHOWN, Shipment.status == str(Status.DELIVERED), Shipment.status_at >= moments[0])
        .order_by(Shipment.status_at.desc()).limit(MOST + 1).subquery()
    )  # fmt: skip
    newest = select(done).order_by(done.c.at.desc()).limit(MOST).subquery()
    kept = select(
        func.coalesce(func.sum(_one(newest.c.due < NEVER)), 0).label("promised"),
        func.coalesce(func.sum(_one(and_(newest.c.due < NEVER, newest.c.done <= newest.c.due))), 0).label("on_time"),
    ).subquery()  # fmt: skip
    began, ended = _by_day("wait", wait, moments), _by_day("done", done, moments)
    return select(
        count.scalar_subquery().label("waiting"), some.scalar_subquery().label("some"),
        *began.columns, *ended.columns, *kept.columns,
    ).select_from(began.join(ended, true()).join(kept, true()))  # fmt: skip


def _one(condition: Any) -> Any:
    return case((condition, 1), else_=0)


def _by_day(name: str, found: Any, moments: list[Any]) -> Any:
    """One row: how many there are, and how many between each moment and the next."""
    spans = [
        func.coalesce(func.sum(_one(and_(found.c.at >= since, found.c.at < until))), 0).label(f"{name}_{n}")
        for n, (since, until) in enumerate(pairwise(moments))
    ]
    return select(func.count().label(f"{name}_all"), *spans).select_from(found).subquery()


def standing(*, now: datetime, days: Sequence[datetime], limit: int = 6) -> Standing:
    """How it stands at `now`. `days`: the moments at which each day begins, and the last one's end; aware. Two statements."""
    rows = db.session.scalars(_LONGEST, {"now": now, "most": limit}).all()
    spans = len(days) - 1
    held = {"now": now, **{f"d{n}": day for n, day in enumerate(days)}}
    found = db.session.execute(_numbers(spans), held).one()._mapping

    def fell(name: str) -> list[int]:
        # A part would look like a rise.
        return [] if found[f"{name}_all"] > MOST else [int(found[f"{name}_{n}"]) for n in range(spans)]

    return Standing(
        rows, count=found["waiting"], began=fell("wait"), delivered=fell("done"), promised=int(found["promised"]),
        on_time=int(found["on_time"]), some=bool(found["some"]),
    )  # fmt: skip


__all__ = ["MOST", "Standing", "standing"]
