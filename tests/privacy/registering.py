"""Entries of the register of recipients for tests."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from logicrm.core import tenancy
from logicrm.extensions import db
from logicrm.privacy import versions
from logicrm.privacy.datamap import register
from logicrm.privacy.profile import Profile

HOST = "smtp.postbird.example"
SIGNED = date(2025, 3, 1)


def values(**others: Any) -> dict[str, Any]:
    """The columns of an entry that is in order everywhere in the European Economic Area."""
    return {
        "category": "hosting", "name": "Postbird", "role": "processor", "country": "DE", "mechanism": "home",
        "data": ["contact", "communication"], "hosts": HOST, "contract_on": SIGNED, "contract_ends": None,
        "secrecy_on": SIGNED, "contact_email": "", "ended_on": None, **others,
    }  # fmt: skip


def policy() -> Profile:
    """The policy of the present workspace."""
    place = tenancy.current()
    assert place is not None
    return versions.of_workspace(place, datetime.now(UTC))


def add(by: uuid.UUID, recipient_id: uuid.UUID | None = None, *, revision: int = 0, **others: Any) -> uuid.UUID:
    """Save an entry in the present workspace, as the page does; the caller commits."""
    now = datetime.now(UTC)
    return register.save(
        recipient_id, values(**others), policy=policy(), revision=revision, by=by, now=now, today=now.date()
    )


def run_under(workspace_id: uuid.UUID, profile: str, country: str = "RO") -> None:
    """Let a workspace run another profile, at home in a country."""
    table = db.metadata.tables["workspace"]
    db.session.execute(table.update().where(table.c.id == workspace_id).values(profile=profile, country=country))
    db.session.commit()


def days(number: int) -> date:
    """So many days from today."""
    return datetime.now(UTC).date() + timedelta(days=number)
