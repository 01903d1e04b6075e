"""Leads for tests: `add(first_name="Ana", …)` returns the id of a lead of Alpha's."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from logicrm.extensions import db
from logicrm.leads import services
from logicrm.leads.models import Lead, Stage

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def add(inside: Any) -> Callable[..., uuid.UUID]:
    """Add a lead in Alpha (or `where`) and commit."""

    def make(where: uuid.UUID | None = None, at: datetime = NOON, **values: Any) -> uuid.UUID:
        with inside(where):
            lead = services.add_lead(values or {"last_name": "Pop"}, by=None, now=at, country="RO")
            db.session.commit()
            return lead.id

    return make


@pytest.fixture
def row(inside: Any) -> Callable[..., dict[str, Any]]:
    """What the database holds of a lead, or {} when it is gone."""

    def read(lead_id: uuid.UUID, where: uuid.UUID | None = None) -> dict[str, Any]:
        with inside(where):
            found = db.session.execute(select(*Lead.__table__.columns).where(Lead.id == lead_id)).mappings().first()
            return dict(found) if found else {}

    return read


@pytest.fixture
def stages(inside: Any) -> Callable[[], dict[str, uuid.UUID]]:
    """{"New": id, …} of Alpha's pipeline, made when missing."""

    def read() -> dict[str, uuid.UUID]:
        from logicrm.leads.pipelines.services import ensure_pipeline

        with inside():
            ensure_pipeline(NOON)
            db.session.commit()
            return {name: key for key, name in db.session.execute(select(Stage.id, Stage.name))}

    return read
