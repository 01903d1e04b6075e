"""The business behind an address, for pages that strangers open: read from its table by name, so that neither
the core nor the privacy half imports the area that owns it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import g
from sqlalchemy import select

from logicrm.core import clock
from logicrm.core.access import WorkspaceFacts
from logicrm.extensions import db


@dataclass(frozen=True)
class Business:
    """A workspace as its public pages name it."""

    facts: WorkspaceFacts
    address: str
    privacy_contact: str


def by_slug(slug: str) -> Business | None:
    """The business of an address such as /p/alpha-freight, or None. One whose closing days are over has no pages."""
    found = _first(_table().c.slug == slug)
    closes_at = found.facts.closes_at if found else None
    return None if closes_at is not None and closes_at <= clock.now() else found


def by_id(workspace_id: uuid.UUID) -> Business | None:
    """The business with this id, or None."""
    return _first(_table().c.id == workspace_id)


def met(workspace_id: uuid.UUID) -> Business | None:
    """The business with this id if this request has looked it up already, else None: no statement is sent."""
    businesses: dict[uuid.UUID, Business] = g.get("businesses", {})
    return businesses.get(workspace_id)


def _table() -> Any:
    return db.metadata.tables["workspace"]


def _first(condition: Any) -> Business | None:
    row = db.session.execute(select(_table()).where(condition)).first()
    if row is None:
        return None
    facts = WorkspaceFacts(
        row.id, row.name, row.slug, row.time_zone, row.currency, row.language, row.country, row.profile,
        row.policy_number, row.closes_at,
    )  # fmt: skip
    found = Business(facts, row.address, row.privacy_contact)
    g.businesses = {**g.get("businesses", {}), facts.id: found}
    return found


__all__ = ["Business", "by_id", "by_slug", "met"]
