"""Who works here, read from the tables of accounts by name: this half imports no area."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from logicrm.core import tenancy
from logicrm.core.access import GRANTS, May, Role
from logicrm.extensions import db

OFFICERS = (Role.DPO, Role.OWNER)


@dataclass(frozen=True)
class Member:
    """Somebody who works in this workspace."""

    id: uuid.UUID
    name: str = field(repr=False)
    email: str = field(repr=False)
    language: str
    role: str

    def may(self, permission: May) -> bool:
        """True when their role grants it."""
        return permission in GRANTS[Role(self.role)]


def all_members() -> list[Member]:
    """Everybody of this workspace whose account is not about to be deleted, by name."""
    member, user = db.metadata.tables["membership"], db.metadata.tables["user"]
    wanted = (
        select(user.c.id, user.c.name, user.c.email, user.c.language, member.c.role)
        .join(member, member.c.user_id == user.c.id)
        .where(member.c.workspace_id == tenancy.current(), user.c.deletion_due_at.is_(None))
        .order_by(user.c.name, user.c.id)
    )
    return [Member(*row) for row in db.session.execute(wanted)]


def names(everybody: list[Member]) -> dict[Any, str]:
    """Names by id."""
    return {one.id: one.name for one in everybody}


def who_is_reminded(everybody: list[Member], owner_id: uuid.UUID | None) -> list[Member]:
    """The owner of a control; where nobody (any more) owns it, the officer; where there is none, the owners."""
    owner = [one for one in everybody if one.id == owner_id]
    return owner or next((found for role in OFFICERS if (found := [one for one in everybody if one.role == role])), [])
