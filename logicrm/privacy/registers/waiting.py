"""What waits at the officer's desk, for the Today page: one statement for requests, breaches and controls together."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from flask import g
from sqlalchemy import Date, case, cast, func, literal, null, select, union_all

from logicrm.core.schema import Id, UtcDateTime
from logicrm.extensions import db
from logicrm.privacy.registers.models import Control, ControlEvidence
from logicrm.privacy.registers.models_breach import AUTHORITY, FIRST, OPEN, PEOPLE, Breach, BreachNotice
from logicrm.privacy.request_models import UNANSWERED, PrivacyRequest

MOST = 100


@dataclass(frozen=True)
class Waiting:
    """requests: (id, kind, due on), the most urgent first; breaches: (id, title, what is left until, or None);
    controls: (key, began on, newest evidence or None)."""

    requests: list[tuple[uuid.UUID, str, date]]
    breaches: list[tuple[uuid.UUID, str, datetime | None]]
    controls: list[tuple[str, date, date | None]]


def waiting(*, registers: bool = True) -> Waiting:
    """Everything in one statement, asked once in a request. Without `registers` the requests only."""
    held: dict[bool, Waiting] = g.setdefault("privacy_waiting", {})
    if registers not in held:
        found = db.session.execute(_statement(registers)).all()
        asked = [(row.own, row.name, row.first) for row in found if row.what == "request"]
        held[registers] = Waiting(
            sorted(asked, key=lambda one: (one[2], one[0])),
            [(row.own, row.name, row.due_at) for row in found if row.what == "breach"],
            [(row.name, row.first, row.last) for row in found if row.what == "control"],
        )
    return held[registers]


@lru_cache
def _statement(registers: bool) -> Any:
    return union_all(_requests(), *([_controls(), _breaches()] if registers else []))


def _part(what: str, name: Any, first: Any, last: Any, own: Any, due_at: Any) -> Any:
    return select(
        literal(what).label("what"), name.label("name"), first.label("first"), last.label("last"), own.label("own"),
        due_at.label("due_at"),
    )  # fmt: skip


def _no(kind: Any) -> Any:
    return cast(null(), kind)


def _requests() -> Any:
    asked = PrivacyRequest
    wanted = _part("request", asked.kind, asked.due_on, _no(Date()), asked.id, _no(UtcDateTime()))
    wanted = wanted.where(asked.state.in_(UNANSWERED)).order_by(asked.due_on, asked.id).limit(MOST)
    return select(wanted.subquery())


def _controls() -> Any:
    wanted = _part(
        "control", Control.key, Control.began_on, func.max(ControlEvidence.done_on), _no(Id()), _no(UtcDateTime())
    )
    return wanted.outerjoin(ControlEvidence, ControlEvidence.control_id == Control.id).group_by(
        Control.key, Control.began_on
    )


def _breaches() -> Any:
    """Open ones, with the earlier of the clocks that still run."""

    def told(audience: str) -> Any:
        return select(BreachNotice.breach_id).where(BreachNotice.audience == audience, BreachNotice.phase == FIRST)

    authority = case((Breach.id.in_(told(AUTHORITY)), null()), else_=Breach.authority_due_at)
    people = case((Breach.id.in_(told(PEOPLE)), null()), else_=Breach.people_due_at)
    first = case((people < authority, people), else_=func.coalesce(authority, people))
    left = case((Breach.risk == "none", null()), else_=first)
    return _part("breach", Breach.title, _no(Date()), _no(Date()), Breach.id, left).where(Breach.state.in_(OPEN))
